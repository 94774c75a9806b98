//! The pages and forms about web hooks that are told of what happens.

use crate::people::Right::ChangeCampaigns;
use crate::server::console::pages::hooks;
use crate::server::console::route::{FORM, ONE, PAGE, Route, get, post};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/console/hooks",
            may(ChangeCampaigns),
            PAGE,
            "web hooks that are told of conversions and shares",
            hooks::list,
        ),
        post(
            "/console/hooks",
            may(ChangeCampaigns),
            &[303, 404, 422],
            "adds one",
            hooks::add,
        ),
        get(
            "/console/hooks/{hook}",
            may(ChangeCampaigns),
            ONE,
            "one web hook, with what was given up of it",
            hooks::show,
        ),
        post(
            "/console/hooks/{hook}/test",
            may(ChangeCampaigns),
            &[200, 404, 422],
            "sends it a test, and says what came of it",
            hooks::test,
        ),
        post(
            "/console/hooks/{hook}/pause",
            may(ChangeCampaigns),
            FORM,
            "has it told nothing for now",
            hooks::pause,
        ),
        post(
            "/console/hooks/{hook}/resume",
            may(ChangeCampaigns),
            FORM,
            "has it told again",
            hooks::resume,
        ),
        post(
            "/console/hooks/{hook}/again",
            may(ChangeCampaigns),
            FORM,
            "sends again what was given up: one message, or all",
            hooks::again,
        ),
        post(
            "/console/hooks/{hook}/remove",
            may(ChangeCampaigns),
            FORM,
            "removes it, with all that is on its way to it",
            hooks::remove,
        ),
    ]
}
