//! Every call for programs, with who may make it, what it takes and what it answers: the one table
//! of which the router, the description, the reference and the test of rights are made.

use axum::Json;
use axum::handler::Handler;
use passerby_protocol::http_call::HttpCall;
use serde_json::Value;

use crate::people::Right;
use crate::server::Shared;
use crate::server::api::calls::{campaigns, drafts, log, me, people, reports, screens};
use crate::server::api::openapi;
use crate::server::api::route::{ARCHIVE, QueryField, Route};
use crate::server::api::schema::{BY, Holds};
use crate::server::console::rule::Rule;

const PAGES: [QueryField; 2] = [
    ("after", Holds::Text, "behind which row to begin"),
    ("limit", Holds::Whole, "how many rows, at most 500"),
];
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
];
const OF_LOG: &[QueryField] = &[
    ("q", Holds::Text, "a part of who, what or to what"),
    ("before", Holds::Whole, "before which row to begin"),
    PAGES[1],
];

const OF_DRAFTS: &[QueryField] = &[
    (
        "state",
        Holds::Word(&["draft", "submitted"]),
        "in this state",
    ),
    PAGES[0],
    PAGES[1],
];
const OF_FILE: &[QueryField] = &[
    ("name", Holds::Text, "what to call the file"),
    (
        "replace",
        Holds::Word(&["yes"]),
        "takes the place of the file of that name",
    ),
];
const OF_IMPORT: &[QueryField] = &[
    (
        "name",
        Holds::Text,
        "the name of the archive, which the campaign gets if it has no folder in it",
    ),
    ("group", Holds::Text, "the group of a new campaign"),
    (
        "replace",
        Holds::Word(&["yes"]),
        "takes the place of all that the draft of its name has",
    ),
];

fn get<H, T>(
    path: &'static str,
    rule: Rule,
    statuses: &'static [u16],
    does: &'static str,
    answers: &'static str,
    handler: H,
) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Route {
        call: HttpCall::get(path, statuses, does),
        rule,
        query: &[],
        takes: None,
        answers,
        answers_secret: false,
        handler: axum::routing::get(handler),
    }
}

fn post<H, T>(
    path: &'static str,
    right: Right,
    statuses: &'static [u16],
    does: &'static str,
    forms: (Option<&'static str>, &'static str),
    handler: H,
) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Route {
        call: HttpCall::post(path, statuses, does),
        rule: Rule::May(right),
        query: &[],
        takes: forms.0,
        answers: forms.1,
        answers_secret: false,
        handler: axum::routing::post(handler),
    }
}

fn delete<H, T>(path: &'static str, rule: Rule, does: &'static str, handler: H) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Route {
        call: HttpCall::delete(path, &[200, 404, 409], does),
        rule,
        query: &[],
        takes: None,
        answers: "Nothing",
        answers_secret: false,
        handler: axum::routing::delete(handler),
    }
}

/// `GET /api/v1/openapi.json`.
async fn describe() -> Json<Value> {
    Json(openapi::document(&all()))
}

/// All of them.
pub(crate) fn all() -> Vec<Route> {
    use Right::{
        ChangeCampaigns, ChangeDrafts, ChangePeople, ChangeScreens, SeeAudit, SeeCampaigns,
        SeeReports, SeeScreens,
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
            &[200],
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
            "/drafts",
            may(ChangeDrafts),
            &[200],
            "drafts, by folder",
            "Drafts",
            drafts::list,
        )
        .with_query(OF_DRAFTS, "?state=STATE&after=CAMPAIGN&limit=N"),
        post(
            "/drafts",
            ChangeDrafts,
            &[201, 400, 404, 409, 422],
            "begins a draft, empty or with a template",
            (Some("Beginning"), "DraftFacts"),
            drafts::begin,
        ),
        post(
            "/imports",
            ChangeDrafts,
            &[201, 404, 409, 413, 422, 429],
            "takes in a campaign folder as a zip archive, which is the body",
            (None, "Imported"),
            drafts::import,
        )
        .with_upload()
        .with_query(OF_IMPORT, "?name=NAME&group=GROUP&replace=yes"),
        get(
            "/drafts/{campaign}",
            may(ChangeDrafts),
            &[200, 404],
            "one draft, and what was found in it",
            "DraftFacts",
            drafts::show,
        ),
        post(
            "/drafts/{campaign}",
            ChangeDrafts,
            &[200, 400, 404, 409, 412, 422],
            "changes a draft; with If-Match only if it has that revision",
            (Some("DraftChange"), "DraftFacts"),
            drafts::change,
        ),
        delete(
            "/drafts/{campaign}",
            may(ChangeDrafts),
            "deletes a draft",
            drafts::delete,
        ),
        post(
            "/drafts/{campaign}/files",
            ChangeDrafts,
            &[200, 404, 409, 412, 413, 422, 429],
            "adds a file, which is the body",
            (None, "Added"),
            drafts::add_file,
        )
        .with_upload()
        .with_query(OF_FILE, "?name=NAME&replace=yes"),
        get(
            "/drafts/{campaign}/archive",
            may(ChangeDrafts),
            &[200, 404],
            "its folder as a zip archive",
            ARCHIVE,
            drafts::export,
        ),
        post(
            "/drafts/{campaign}/submit",
            ChangeDrafts,
            &[200, 400, 404, 412],
            "hands a draft in; with If-Match only if it has that revision",
            (Some("Note"), "DraftFacts"),
            drafts::submit,
        ),
        post(
            "/drafts/{campaign}/return",
            ChangeCampaigns,
            &[200, 400, 404, 409],
            "sends back a draft that was handed in",
            (Some("Note"), "DraftFacts"),
            drafts::send_back,
        ),
        post(
            "/drafts/{campaign}/publish",
            ChangeCampaigns,
            &[200, 400, 404, 409, 412, 422],
            "publishes a draft; with If-Match only if it has that revision",
            (None, "Published"),
            drafts::publish,
        ),
        post(
            "/drafts/{campaign}/copy",
            ChangeDrafts,
            &[201, 400, 404, 409, 422],
            "makes another draft like it",
            (Some("Copy"), "DraftFacts"),
            drafts::copy,
        ),
        post(
            "/drafts/{campaign}/begin",
            ChangeDrafts,
            &[200, 404, 409],
            "makes a draft of what is published of a campaign, unless there is one",
            (None, "DraftFacts"),
            drafts::of_published,
        ),
        get(
            "/drafts/{campaign}/versions",
            may(ChangeDrafts),
            &[200, 404],
            "what was published of a campaign, newest first",
            "Versions",
            drafts::versions,
        ),
        post(
            "/drafts/{campaign}/versions/{number}",
            ChangeDrafts,
            &[200, 404],
            "has a draft be what a version was",
            (None, "DraftFacts"),
            drafts::take_version,
        ),
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
            "?by=WHAT&from=DAY&until=DAY&campaign=CAMPAIGN&screen=N",
        ),
        get(
            "/people",
            may(ChangePeople),
            &[200],
            "all people",
            "People",
            people::list,
        ),
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
    use crate::server::api::schema::FORMS;

    #[test]
    fn every_form_that_is_named_is_described() {
        let text = openapi::document(&all()).to_string();
        let named = text.split("#/components/schemas/").skip(1);
        let mut seen = 0;
        for name in named.map(|rest| rest.split('"').next().unwrap()) {
            assert!(
                name == "Problem" || FORMS.iter().any(|(known, _)| *known == name),
                "{name}"
            );
            seen += 1;
        }
        assert!(seen > 50, "{seen}");
        for (name, _) in FORMS {
            assert!(
                text.contains(&format!("schemas/{name}\"")),
                "nobody answers {name}"
            );
        }
    }
}
