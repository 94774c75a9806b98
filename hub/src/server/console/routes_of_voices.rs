//! The pages and forms about what passers-by said, and about what is kept of people.

use crate::people::Right;
use crate::server::console::pages::{privacy, voices};
use crate::server::console::route::{FORM, ONE, PAGE, Route, get, post};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/console/campaigns/{campaign}/voices",
            may(Right::ChangeCampaigns),
            ONE,
            "what passers-by said to the publisher",
            voices::list,
        ),
        post(
            "/console/campaigns/{campaign}/voices",
            may(Right::ChangeCampaigns),
            FORM,
            "reads, answers, approves or takes down a voice, or takes no more of its writer's today",
            voices::change,
        ),
        get(
            "/console/campaigns/{campaign}/voices/{voice}/picture.jpg",
            may(Right::ChangeCampaigns),
            ONE,
            "the picture of a voice",
            voices::picture,
        ),
        get(
            "/console/privacy",
            may(Right::SeeCampaigns),
            PAGE,
            "what is kept of people, and by whom",
            privacy::show,
        ),
        post(
            "/console/privacy",
            may(Right::ChangeSettings),
            &[303, 422],
            "says who runs the hub",
            privacy::change,
        ),
    ]
}
