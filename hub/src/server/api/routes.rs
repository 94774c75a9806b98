//! Every call for programs, with who may make it, what it takes and what it answers: the one table
//! of which the router, the description, the reference and the test of rights are made.

use axum::Json;
use serde_json::Value;

use crate::people::Right;
use crate::server::api::calls::{campaigns, log, me, people, previews, reports, screens};
use crate::server::api::route::{
    OF_PREVIEWS, PAGES, PICTURE, PREVIEW_QUERY, QueryField, Route, delete, get, post,
};
use crate::server::api::schema::{BY, Holds};
use crate::server::api::{
    openapi, routes_of_alerts, routes_of_chains, routes_of_conversions, routes_of_drafts,
    routes_of_followers, routes_of_hooks, routes_of_quotas, routes_of_slots, routes_of_sources,
    routes_of_times, routes_of_voices,
};
use crate::server::console::rule::Rule;

const OF_SCREENS: &[QueryField] = &[
    ("q", Holds::Text, "a part of the name, or the number"),
    ("group", Holds::Text, "of this group"),
    ("tag", Holds::Text, "with this tag"),
    (
        "state",
        Holds::Word(&["in-touch", "silent", "waiting", "revoked"]),
        "in this state",
    ),
    PAGES[0],
    PAGES[1],
];
const OF_CAMPAIGNS: &[QueryField] = &[
    ("q", Holds::Text, "a part of the title or the folder"),
    ("group", Holds::Text, "of this group"),
    PAGES[0],
    PAGES[1],
];
const OF_REPORTS: &[QueryField] = &[
    ("by", BY, "what rows are by; days otherwise"),
    ("from", Holds::Text, "the first day, such as 2026-12-01"),
    ("until", Holds::Text, "the last day"),
    ("campaign", Holds::Text, "of this campaign"),
    ("screen", Holds::Whole, "of this screen"),
    PAGES[0],
    PAGES[1],
];
const OF_LOG: &[QueryField] = &[
    ("q", Holds::Text, "a part of who, what or to what"),
    ("before", Holds::Whole, "before which row to begin"),
    PAGES[1],
];

/// `GET /api/v1/openapi.json`.
async fn describe() -> Json<Value> {
    Json(openapi::document(&all()))
}

/// All of them.
pub(crate) fn all() -> Vec<Route> {
    let mut all = of_hub();
    all.extend(routes_of_drafts::all());
    all.extend(routes_of_sources::all());
    all.extend(routes_of_alerts::all());
    all.extend(routes_of_chains::all());
    all.extend(routes_of_conversions::all());
    all.extend(routes_of_hooks::all());
    all.extend(routes_of_times::all());
    all.extend(routes_of_voices::all());
    all.extend(routes_of_slots::all());
    all.extend(routes_of_followers::all());
    all.extend(routes_of_quotas::all());
    all
}

/// Those of screens, campaigns, reports and people.
fn of_hub() -> Vec<Route> {
    use Right::{
        ChangeCampaigns, ChangePeople, ChangeScreens, SeeAudit, SeeCampaigns, SeeReports,
        SeeScreens,
    };
    let may = Rule::May;
    vec![
        get(
            "/openapi.json",
            Rule::Open,
            &[200],
            "the description of these calls, OpenAPI 3.1",
            "Nothing",
            describe,
        ),
        get(
            "/screens",
            may(SeeScreens),
            &[200, 422],
            "screens, by number",
            "Screens",
            screens::list,
        )
        .with_query(
            OF_SCREENS,
            "?q=TEXT&group=GROUP&tag=TAG&state=STATE&after=N&limit=N",
        ),
        get(
            "/screens/{screen}",
            may(SeeScreens),
            &[200, 404],
            "one screen",
            "ScreenFacts",
            screens::show,
        ),
        post(
            "/screens/{screen}",
            ChangeScreens,
            &[200, 400, 404, 422],
            "names and groups a screen",
            (Some("ScreenChange"), "Screen"),
            screens::change,
        ),
        get(
            "/screens/{screen}/frame",
            may(SeeScreens),
            &[200, 404],
            "the last picture of a screen, a JPEG",
            PICTURE,
            screens::frame,
        ),
        post(
            "/screens/{screen}/frame",
            SeeScreens,
            &[200, 404],
            "asks a screen for a new one, which comes within seconds if it is in touch",
            (None, "LastFrame"),
            screens::ask_for_frame,
        ),
        post(
            "/screens/{screen}/revoke",
            ChangeScreens,
            &[200, 404, 409],
            "takes a screen out of service",
            (Some("Revocation"), "Revoked"),
            screens::revoke,
        ),
        post(
            "/screens/{screen}/renew",
            ChangeScreens,
            &[201, 404, 409],
            "makes a token for another terminal",
            (None, "EnrolmentToken"),
            screens::renew,
        )
        .with_secret(),
        post(
            "/pairings",
            ChangeScreens,
            &[201, 400, 404, 409, 422],
            "pairs the screen that shows a code",
            (Some("Pairing"), "Paired"),
            screens::pair,
        ),
        get(
            "/campaigns",
            may(SeeCampaigns),
            &[200],
            "campaigns, by folder",
            "Campaigns",
            campaigns::list,
        )
        .with_query(OF_CAMPAIGNS, "?q=TEXT&group=GROUP&after=CAMPAIGN&limit=N"),
        get(
            "/campaigns/{campaign}",
            may(SeeCampaigns),
            &[200, 404],
            "one campaign",
            "CampaignFacts",
            campaigns::show,
        ),
        post(
            "/campaigns/{campaign}",
            ChangeCampaigns,
            &[200, 400, 404, 422],
            "groups a campaign",
            (Some("Grouping"), "Campaign"),
            campaigns::change,
        ),
        post(
            "/campaigns/{campaign}/take-off",
            ChangeCampaigns,
            &[200, 404],
            "takes a campaign off the screens",
            (None, "TakenOff"),
            campaigns::take_off,
        ),
        get(
            "/campaigns/{campaign}/placements/{placement}/preview",
            may(SeeCampaigns),
            &[200, 404, 409, 422, 503],
            "what a screen would show of a placement, counted from 1",
            "Preview",
            previews::show,
        )
        .with_query(OF_PREVIEWS, PREVIEW_QUERY),
        get(
            "/campaigns/{campaign}/placements/{placement}/preview.png",
            may(SeeCampaigns),
            &[200, 404, 409, 422, 503],
            "the picture of it, a PNG, pixel by pixel as the screen shows it",
            "Nothing",
            previews::picture,
        )
        .with_query(OF_PREVIEWS, PREVIEW_QUERY),
        get(
            "/report",
            may(SeeReports),
            &[200, 400, 404, 422],
            "plays, scans and what came of them",
            "Report",
            reports::show,
        )
        .with_query(
            OF_REPORTS,
            "?by=WHAT&from=DAY&until=DAY&campaign=CAMPAIGN&screen=N&after=KEY&limit=N",
        ),
        get(
            "/people",
            may(ChangePeople),
            &[200, 422],
            "all people",
            "People",
            people::list,
        )
        .with_query(&PAGES, "?after=N&limit=N"),
        get(
            "/people/{person}",
            may(ChangePeople),
            &[200, 404],
            "one of the people",
            "Person",
            people::show,
        ),
        post(
            "/people/{person}",
            ChangePeople,
            &[200, 400, 404, 409, 422],
            "changes what somebody may do",
            (Some("Rights"), "Person"),
            people::change,
        ),
        delete(
            "/people/{person}",
            may(ChangePeople),
            "takes somebody out",
            people::remove,
        ),
        post(
            "/people/{person}/reset",
            ChangePeople,
            &[201, 404, 409],
            "makes a link for a new password",
            (None, "Link"),
            people::reset,
        )
        .with_secret(),
        get(
            "/invitations",
            may(ChangePeople),
            &[200],
            "links that wait",
            "Links",
            people::links,
        ),
        post(
            "/invitations",
            ChangePeople,
            &[201, 400, 409, 422],
            "makes a link for somebody new",
            (Some("Rights"), "Link"),
            people::invite,
        )
        .with_secret(),
        delete(
            "/invitations/{id}",
            may(ChangePeople),
            "takes a link back",
            people::withdraw,
        ),
        get(
            "/audit",
            may(SeeAudit),
            &[200],
            "who did what, newest first",
            "Log",
            log::list,
        )
        .with_query(OF_LOG, "?q=TEXT&before=N&limit=N"),
        get(
            "/me",
            Rule::SignedIn,
            &[200],
            "whose token this is",
            "Me",
            me::show,
        ),
        get(
            "/me/tokens",
            Rule::SignedIn,
            &[200],
            "one's own tokens",
            "Tokens",
            me::tokens,
        ),
        delete(
            "/me/tokens/{id}",
            Rule::SignedIn,
            "ends a token of one's own",
            me::end_token,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::api::openapi::forms;

    #[test]
    fn every_form_that_is_named_is_described() {
        let text = openapi::document(&all()).to_string();
        let named = text.split("#/components/schemas/").skip(1);
        let mut seen = 0;
        for name in named.map(|rest| rest.split('"').next().unwrap()) {
            assert!(
                name == "Problem" || forms().any(|(known, _)| *known == name),
                "{name}"
            );
            seen += 1;
        }
        assert!(seen > 50, "{seen}");
        for (name, _) in forms() {
            assert!(
                text.contains(&format!("schemas/{name}\"")),
                "nobody answers {name}"
            );
        }
    }
}
