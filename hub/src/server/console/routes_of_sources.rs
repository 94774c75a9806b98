//! The pages and forms about sources.

use crate::people::Right;
use crate::server::console::pages::{source, sources};
use crate::server::console::route::{FORM, ONE, PAGE, Route, get, post};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/console/sources",
            may(Right::SeeCampaigns),
            PAGE,
            "where content comes from by itself",
            sources::list,
        ),
        post(
            "/console/sources",
            may(Right::ChangeCampaigns),
            &[201, 303, 403, 422],
            "adds a source",
            sources::add,
        ),
        get(
            "/console/sources/{source}",
            may(Right::SeeCampaigns),
            ONE,
            "one source and its items",
            source::show,
        ),
        post(
            "/console/sources/{source}/approve",
            may(Right::ChangeCampaigns),
            FORM,
            "lets items air",
            source::approve,
        ),
        post(
            "/console/sources/{source}/take-down",
            may(Right::ChangeCampaigns),
            FORM,
            "takes items off all screens, for good",
            source::take_down,
        ),
        post(
            "/console/sources/{source}/fetch",
            may(Right::ChangeCampaigns),
            FORM,
            "has a source fetched at once",
            source::fetch,
        ),
        post(
            "/console/sources/{source}/rules",
            may(Right::ChangeCampaigns),
            FORM,
            "changes which of its items air, and how they look",
            source::change,
        ),
        post(
            "/console/sources/{source}/pause",
            may(Right::ChangeCampaigns),
            FORM,
            "has it fetched no more for now, or again",
            source::pause,
        ),
        post(
            "/console/sources/{source}/remove",
            may(Right::ChangeCampaigns),
            FORM,
            "removes a source and takes all of it off the screens",
            source::remove,
        ),
    ]
}
