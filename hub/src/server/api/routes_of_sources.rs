//! The calls about sources.

use crate::people::Right::{ChangeCampaigns, SeeCampaigns};
use crate::server::api::calls::sources;
use crate::server::api::route::{PAGES, QueryField, Route, delete, get, post};
use crate::server::api::schema::Holds;
use crate::server::console::rule::Rule;

const LIMIT: &[QueryField] = &[("limit", Holds::Whole, "how many rows, at most 200")];

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/sources",
            may(SeeCampaigns),
            &[200, 422],
            "where content comes from by itself, by name",
            "Sources",
            sources::list,
        )
        .with_query(&PAGES, "?after=NAME&limit=N"),
        post(
            "/sources",
            ChangeCampaigns,
            &[201, 400, 404, 409, 422],
            "adds a source; its secret, where a program sends its items, is answered this once",
            (Some("SourceRule"), "NewSource"),
            sources::add,
        )
        .with_secret(),
        get(
            "/sources/{source}",
            may(SeeCampaigns),
            &[200, 404],
            "one source",
            "Source",
            sources::show,
        ),
        post(
            "/sources/{source}",
            ChangeCampaigns,
            &[200, 400, 404, 422],
            "changes its rules; what is missing stays as it is",
            (Some("SourceChange"), "Source"),
            sources::change,
        ),
        delete(
            "/sources/{source}",
            may(ChangeCampaigns),
            "removes a source and takes all of it off the screens",
            sources::remove,
        ),
        get(
            "/sources/{source}/items",
            may(SeeCampaigns),
            &[200, 404],
            "its items, the newest first",
            "SourceItems",
            sources::items,
        )
        .with_query(LIMIT, "?limit=N"),
        post(
            "/sources/{source}/approve",
            ChangeCampaigns,
            &[200, 400, 404, 409, 422],
            "lets items air",
            (Some("WhichItems"), "ItemNumbers"),
            sources::approve,
        ),
        post(
            "/sources/{source}/take-down",
            ChangeCampaigns,
            &[200, 400, 404, 409, 422],
            "takes items off all screens, for good",
            (Some("WhichItems"), "ItemNumbers"),
            sources::take_down,
        ),
        post(
            "/sources/{source}/fetch",
            ChangeCampaigns,
            &[200, 404],
            "has a source fetched at once",
            (None, "Source"),
            sources::fetch,
        ),
        post(
            "/sources/{source}/pause",
            ChangeCampaigns,
            &[200, 400, 404],
            "has it fetched no more for now, or again",
            (Some("Pausing"), "Source"),
            sources::pause,
        ),
    ]
}
