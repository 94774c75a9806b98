//! The pages and forms about what shops report.

use crate::people::Right;
use crate::server::console::pages::conversions;
use crate::server::console::route::{FORM, ONE, Route, get, post};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/console/campaigns/{campaign}/conversions",
            may(Right::SeeReports),
            ONE,
            "what shops reported for a campaign, and their keys",
            conversions::show,
        ),
        post(
            "/console/campaigns/{campaign}/conversions/keys",
            may(Right::ChangeCampaigns),
            &[201, 404, 422],
            "makes a key for a shop",
            conversions::add_key,
        ),
        post(
            "/console/campaigns/{campaign}/conversions/keys/{key}/revoke",
            may(Right::ChangeCampaigns),
            FORM,
            "revokes it",
            conversions::revoke_key,
        ),
    ]
}
