//! Every page and form of the console, with who may make the call: the one table of which the
//! router, the reference and the test of rights are made.

use crate::people::Right;
use crate::server::console::layout;
use crate::server::console::pages::{
    account, account_step, audit, campaigns, chains, join, moments, overview, pair, people, person,
    preview, report, screen, screen_frame, screens, sign_in, times,
};
use crate::server::console::route::{FORM, ONE, PAGE, Route, get, post};
use crate::server::console::rule::Rule;
use crate::server::console::{
    routes_of_alerts, routes_of_conversions, routes_of_drafts, routes_of_followers,
    routes_of_hooks, routes_of_slots, routes_of_sources, routes_of_voices,
};

/// All of them.
pub(crate) fn all() -> Vec<Route> {
    let mut all = of_hub();
    all.extend(routes_of_drafts::all());
    all.extend(routes_of_slots::all());
    all.extend(routes_of_sources::all());
    all.extend(routes_of_alerts::all());
    all.extend(routes_of_voices::all());
    all.extend(routes_of_followers::all());
    all.extend(routes_of_conversions::all());
    all.extend(routes_of_hooks::all());
    all
}

/// Those of screens, campaigns, reports and people, and the ways in.
fn of_hub() -> Vec<Route> {
    let may = Rule::May;
    let (open, own) = (Rule::Open, Rule::SignedIn);
    vec![
        get(
            "/console/style.css",
            open,
            PAGE,
            "the style of all pages",
            layout::style,
        ),
        post(
            "/console/language",
            open,
            &[303],
            "chooses the language",
            sign_in::language,
        ),
        get(
            "/console/sign-in",
            open,
            PAGE,
            "asks for name and password",
            sign_in::show,
        ),
        post(
            "/console/sign-in",
            open,
            &[303, 403, 429],
            "signs in",
            sign_in::sign_in,
        ),
        post(
            "/console/sign-out",
            open,
            &[303],
            "signs out",
            sign_in::sign_out,
        ),
        get(
            "/console/join/{link}",
            open,
            &[200, 410],
            "a link that works once: asks for a name and a password",
            join::show,
        ),
        post(
            "/console/join/{link}",
            open,
            &[303, 410, 422],
            "uses the link",
            join::join,
        ),
        get(
            "/console/second-step",
            Rule::HalfSignedIn,
            PAGE,
            "asks for the second step",
            sign_in::second_step,
        ),
        post(
            "/console/second-step",
            Rule::HalfSignedIn,
            &[303, 422],
            "takes the second step",
            sign_in::take_second_step,
        ),
        get(
            "/console",
            own,
            PAGE,
            "what needs somebody, and what is next",
            overview::show,
        ),
        get(
            "/console/screens",
            may(Right::SeeScreens),
            PAGE,
            "screens by name, state, group and tag",
            screens::show,
        ),
        get(
            "/console/times",
            may(Right::SeeScreens),
            PAGE,
            "what may air on all screens, on a day",
            times::show,
        ),
        get(
            "/console/screens/{screen}",
            may(Right::SeeScreens),
            ONE,
            "one screen",
            screen::show,
        ),
        post(
            "/console/screens/{screen}",
            may(Right::ChangeScreens),
            FORM,
            "names and groups a screen",
            screen::change,
        ),
        get(
            "/console/screens/{screen}/frame.jpg",
            may(Right::SeeScreens),
            ONE,
            "the last picture of a screen",
            screen_frame::picture,
        ),
        post(
            "/console/screens/{screen}/frame",
            may(Right::SeeScreens),
            &[303, 404],
            "asks a screen for a new one",
            screen_frame::ask,
        ),
        post(
            "/console/screens/{screen}/revoke",
            may(Right::ChangeScreens),
            FORM,
            "takes a screen out of service",
            screen::revoke,
        ),
        post(
            "/console/screens/{screen}/renew",
            may(Right::ChangeScreens),
            &[200, 404, 422],
            "makes a token for another terminal",
            screen::renew,
        ),
        get(
            "/console/pair",
            may(Right::ChangeScreens),
            PAGE,
            "asks for a pairing code",
            pair::show,
        ),
        post(
            "/console/pair",
            may(Right::ChangeScreens),
            &[303, 422],
            "pairs the screen that shows the code",
            pair::pair,
        ),
        get(
            "/console/campaigns",
            may(Right::SeeCampaigns),
            PAGE,
            "campaigns by title and group",
            campaigns::list,
        ),
        get(
            "/console/campaigns/{campaign}",
            may(Right::SeeCampaigns),
            ONE,
            "one campaign",
            campaigns::show,
        ),
        post(
            "/console/campaigns/{campaign}",
            may(Right::ChangeCampaigns),
            FORM,
            "groups a campaign",
            campaigns::change,
        ),
        post(
            "/console/campaigns/{campaign}/take-off",
            may(Right::ChangeCampaigns),
            FORM,
            "takes a campaign off the screens",
            campaigns::take_off,
        ),
        get(
            "/console/campaigns/{campaign}/moments",
            may(Right::SeeCampaigns),
            ONE,
            "what people typed when they passed the campaign on",
            moments::list,
        ),
        post(
            "/console/campaigns/{campaign}/moments",
            may(Right::ChangeCampaigns),
            FORM,
            "takes a sentence down",
            moments::remove,
        ),
        get(
            "/console/campaigns/{campaign}/preview/{placement}",
            may(Right::SeeCampaigns),
            ONE,
            "what a screen would show of a placement",
            preview::show,
        ),
        get(
            "/console/campaigns/{campaign}/preview/{placement}/picture.png",
            may(Right::SeeCampaigns),
            &[200, 404, 503],
            "the picture of it",
            preview::picture,
        ),
        get(
            "/console/report",
            may(Right::SeeReports),
            &[200, 404, 422],
            "plays, scans and what came of them",
            report::show,
        ),
        get(
            "/console/report.csv",
            may(Right::SeeReports),
            ONE,
            "the same as CSV",
            report::csv,
        ),
        get(
            "/console/report/chains",
            may(Right::SeeReports),
            &[200, 404, 422],
            "what became of the shares of a campaign or of a screen",
            chains::show,
        ),
        get(
            "/console/report/chains.csv",
            may(Right::SeeReports),
            ONE,
            "the same as CSV",
            chains::csv,
        ),
        get(
            "/console/people",
            may(Right::ChangePeople),
            PAGE,
            "people and invitations",
            people::show,
        ),
        post(
            "/console/people",
            may(Right::ChangePeople),
            &[201, 422],
            "invites somebody",
            people::invite,
        ),
        post(
            "/console/people/links/{link}/withdraw",
            may(Right::ChangePeople),
            &[303, 404],
            "takes a link back",
            people::withdraw,
        ),
        get(
            "/console/people/{person}",
            may(Right::ChangePeople),
            ONE,
            "one of the people",
            person::show,
        ),
        post(
            "/console/people/{person}",
            may(Right::ChangePeople),
            FORM,
            "changes what somebody may do",
            person::change,
        ),
        post(
            "/console/people/{person}/reset",
            may(Right::ChangePeople),
            &[201, 404],
            "makes a link for a new password",
            person::reset,
        ),
        post(
            "/console/people/{person}/remove",
            may(Right::ChangePeople),
            FORM,
            "takes somebody out",
            person::remove,
        ),
        get(
            "/console/audit",
            may(Right::SeeAudit),
            PAGE,
            "who did what",
            audit::show,
        ),
        get(
            "/console/audit.csv",
            may(Right::SeeAudit),
            PAGE,
            "the same as CSV",
            audit::csv,
        ),
        get(
            "/console/audit.jsonl",
            may(Right::SeeAudit),
            PAGE,
            "the same as JSON, one row a line",
            audit::json_lines,
        ),
        get(
            "/console/account",
            own,
            PAGE,
            "one's own password, sessions and tokens",
            account::show,
        ),
        post(
            "/console/account/password",
            own,
            &[303, 422],
            "changes one's password",
            account::change_password,
        ),
        get(
            "/console/account/second-step",
            own,
            PAGE,
            "shows the key of the second step",
            account_step::show,
        ),
        post(
            "/console/account/second-step",
            own,
            &[200, 422],
            "turns the second step on",
            account_step::begin,
        ),
        post(
            "/console/account/second-step/end",
            own,
            &[303, 422],
            "turns it off",
            account_step::end,
        ),
        post(
            "/console/account/sessions/end",
            own,
            &[303],
            "ends all other sessions",
            account::end_sessions,
        ),
        post(
            "/console/account/tokens",
            own,
            &[201, 422],
            "makes a token",
            account::make_token,
        ),
        post(
            "/console/account/tokens/{token}/end",
            own,
            &[303, 404],
            "ends a token",
            account::end_token,
        ),
    ]
}
