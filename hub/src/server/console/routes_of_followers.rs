//! The pages and forms about people who follow campaigns, and news for them.

use crate::people::Right;
use crate::server::console::pages::{followers, news};
use crate::server::console::route::{FORM, ONE, Route, get, post};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/console/campaigns/{campaign}/followers",
            may(Right::SeeReports),
            ONE,
            "how many follow a campaign and how they come; for those who run it, whom they write to",
            followers::list,
        ),
        get(
            "/console/campaigns/{campaign}/followers.csv",
            may(Right::ChangeCampaigns),
            ONE,
            "the addresses of those who follow, taken out",
            followers::export,
        ),
        post(
            "/console/campaigns/{campaign}/followers/erase",
            may(Right::ChangeCampaigns),
            FORM,
            "erases one who follows",
            followers::erase,
        ),
        post(
            "/console/campaigns/{campaign}/followers/word",
            may(Right::ChangeCampaigns),
            &[200, 404],
            "makes a new word by which a shop's staff redeems codes",
            followers::word,
        ),
        post(
            "/console/campaigns/{campaign}/followers/redeem",
            may(Right::ChangeCampaigns),
            &[200, 404, 422],
            "redeems the code of one who follows",
            followers::redeem,
        ),
        get(
            "/console/campaigns/{campaign}/news",
            may(Right::ChangeCampaigns),
            ONE,
            "the news of a campaign, and the form for more",
            news::list,
        ),
        post(
            "/console/campaigns/{campaign}/news",
            may(Right::ChangeCampaigns),
            FORM,
            "keeps a draft of news",
            news::write,
        ),
        get(
            "/console/campaigns/{campaign}/news/{news}",
            may(Right::ChangeCampaigns),
            ONE,
            "one piece of news as its mail, and what became of it",
            news::show,
        ),
        post(
            "/console/campaigns/{campaign}/news/{news}",
            may(Right::ChangeCampaigns),
            FORM,
            "changes a draft",
            news::change,
        ),
        post(
            "/console/campaigns/{campaign}/news/{news}/send",
            may(Right::ChangeCampaigns),
            FORM,
            "sends it to all who follow now, once",
            news::send,
        ),
        post(
            "/console/campaigns/{campaign}/news/{news}/stop",
            may(Right::ChangeCampaigns),
            FORM,
            "deletes a draft, or has what is going out go no further",
            news::stop,
        ),
    ]
}
