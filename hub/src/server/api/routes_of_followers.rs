//! The calls about people who follow campaigns, and news for them.

use crate::people::Right::{ChangeCampaigns, SeeReports};
use crate::server::api::calls::followers;
use crate::server::api::route::{Route, get, post};
use crate::server::api::schema::{Field, Form, Holds, field, maybe};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/campaigns/{campaign}/followers",
            may(SeeReports),
            &[200, 404],
            "how many follow a campaign, and how they come",
            "Followers",
            followers::show,
        ),
        post(
            "/campaigns/{campaign}/followers/erase",
            ChangeCampaigns,
            &[200, 400, 404],
            "erases one who follows, by their address",
            (Some("FollowerToErase"), "Erased"),
            followers::erase,
        ),
        get(
            "/campaigns/{campaign}/news",
            may(ChangeCampaigns),
            &[200, 404],
            "the newest 50 pieces of news of a campaign, drafts too",
            "NewsList",
            followers::news,
        ),
        post(
            "/campaigns/{campaign}/news",
            ChangeCampaigns,
            &[201, 400, 404, 409, 422],
            "keeps a draft of news; it goes to nobody yet",
            (Some("NewsDraft"), "News"),
            followers::write,
        ),
        get(
            "/campaigns/{campaign}/news/{news}",
            may(ChangeCampaigns),
            &[200, 404],
            "one piece of news, and what became of it",
            "News",
            followers::show_news,
        ),
        post(
            "/campaigns/{campaign}/news/{news}/send",
            ChangeCampaigns,
            &[200, 404, 409],
            "sends it to all who follow now, once",
            (None, "News"),
            followers::send,
        ),
        post(
            "/campaigns/{campaign}/news/{news}/stop",
            ChangeCampaigns,
            &[200, 404],
            "deletes a draft, or has what is going out go no further",
            (None, "Stopped"),
            followers::stop,
        ),
    ]
}

const SUBJECT: Field = field("subject", Holds::Text, "at most 120 characters");
const BODY: Field = field("body", Holds::Text, "its text, at most 5,000 characters");
const LINK: Field = maybe("link", Holds::Text, "where it leads, if anywhere");

const RETURNS: Field = field(
    "returns",
    Holds::Whole,
    "how often those who follow came back, on phones that know them",
);

/// Their forms.
pub(super) const FORMS: &[Form] = &[
    (
        "Followers",
        &[
            field("total", Holds::Whole, "who follow now"),
            field("new", Holds::Whole, "who began within 30 days"),
            field("gone", Holds::Whole, "who left within 30 days"),
            field("once", Holds::Whole, "here once, within 90 days"),
            field("returning", Holds::Whole, "here again, within 90 days"),
            field("sleeping", Holds::Whole, "not here for 90 days"),
            field("remembered", Holds::Whole, "of them, remembered on a phone"),
            field(
                "unconfirmed",
                Holds::Whole,
                "asked to confirm, and not among the others",
            ),
            field("redeemed", Holds::Whole, "codes that were used"),
            maybe(
                "problem",
                Holds::Text,
                "what keeps people from following by mail",
            ),
        ],
    ),
    (
        "FanCounts",
        &[
            field("total", Holds::Whole, "who follow at the end of the time"),
            field("new", Holds::Whole, "who began within it"),
            field("gone", Holds::Whole, "who left within it"),
            RETURNS,
        ],
    ),
    (
        "FanMoves",
        &[
            field("new", Holds::Whole, "who began to follow"),
            field("gone", Holds::Whole, "who left"),
            RETURNS,
        ],
    ),
    (
        "FollowerToErase",
        &[field("address", Holds::Text, "their address for mail")],
    ),
    (
        "Erased",
        &[field("erased", Holds::Truth, "whether there was anybody")],
    ),
    (
        "NewsList",
        &[field("news", Holds::Many("News"), "the newest first")],
    ),
    ("NewsDraft", &[SUBJECT, BODY, LINK]),
    (
        "News",
        &[
            field("news", Holds::Whole, "its number"),
            SUBJECT,
            BODY,
            LINK,
            field(
                "state",
                Holds::Word(&["draft", "going-out", "sent"]),
                "how far it is",
            ),
            field("made_by", Holds::Text, "who wrote it"),
            field("made_ms", Holds::Moment, "when"),
            maybe("begun_ms", Holds::Moment, "when it was sent"),
            field("total", Holds::Whole, "for how many it is"),
            field("sent", Holds::Whole, "how many the mail server has taken"),
            field("failed", Holds::Whole, "how many it has not"),
            field("waiting", Holds::Whole, "how many wait for their turn"),
            field(
                "uncertain",
                Holds::Whole,
                "of how many nobody knows; they are not sent again",
            ),
        ],
    ),
    ("Stopped", &[field("stopped", Holds::Truth, "true")]),
];
