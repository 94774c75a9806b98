//! The calls about what may air when.

use crate::people::Right::{ChangeDrafts, SeeCampaigns, SeeScreens};
use crate::server::api::calls::times;
use crate::server::api::route::{PAGES, QueryField, Route, get};
use crate::server::api::schema::Holds;
use crate::server::console::rule::Rule;

const OF_DAYS: &[QueryField] = &[
    (
        "from",
        Holds::Text,
        "the first day, such as 2026-12-01; today otherwise",
    ),
    ("days", Holds::Whole, "how many days, at most 31"),
];
const OF_SCREENS: &[QueryField] = &[
    OF_DAYS[0],
    OF_DAYS[1],
    ("group", Holds::Text, "of screens of this group"),
    PAGES[0],
    PAGES[1],
];
const DAYS_SAID: &str = "?from=DAY&days=N";

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/times",
            may(SeeScreens),
            &[200, 422],
            "what may air on all screens, by their numbers, for a day unless it is asked for more; at most 50 screens at a time, and fewer where an answer would be larger than 90 kB",
            "TimesOfScreens",
            times::of_screens,
        )
        .with_query(OF_SCREENS, "?from=DAY&days=N&group=GROUP&after=N&limit=N"),
        get(
            "/screens/{screen}/times",
            may(SeeScreens),
            &[200, 404],
            "what may air on a screen, by dates and hours",
            "TimesOfScreen",
            times::of_one_screen,
        )
        .with_query(OF_DAYS, DAYS_SAID),
        get(
            "/campaigns/{campaign}/times",
            may(SeeCampaigns),
            &[200, 404],
            "when a campaign may air, by its dates and hours",
            "TimesOfCampaign",
            times::of_campaign,
        )
        .with_query(OF_DAYS, DAYS_SAID),
        get(
            "/drafts/{campaign}/conflicts",
            may(ChangeDrafts),
            &[200, 404],
            "what of a draft can never air, and what is in conflict with others, before it is published",
            "Conflicts",
            times::of_draft,
        ),
    ]
}
