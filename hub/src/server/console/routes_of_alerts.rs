//! The pages and forms about alerts, mail and emergencies.

use crate::people::Right;
use crate::server::console::pages::{alert, alerts, emergency, mail};
use crate::server::console::route::{FORM, ONE, PAGE, Route, get, post};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/console/alerts",
            may(Right::ChangeAlerts),
            PAGE,
            "what is wrong now, who is told, and what was told",
            alerts::show,
        ),
        post(
            "/console/alerts",
            may(Right::ChangeAlerts),
            &[303, 422],
            "adds a rule for who is told",
            alerts::add,
        ),
        get(
            "/console/alerts/{alert}",
            may(Right::ChangeAlerts),
            ONE,
            "one rule",
            alert::show,
        ),
        post(
            "/console/alerts/{alert}",
            may(Right::ChangeAlerts),
            FORM,
            "changes a rule",
            alert::change,
        ),
        post(
            "/console/alerts/{alert}/test",
            may(Right::ChangeAlerts),
            &[303, 404],
            "sends a test to all whom a rule tells",
            alert::test,
        ),
        post(
            "/console/alerts/{alert}/remove",
            may(Right::ChangeAlerts),
            &[303, 404],
            "removes a rule",
            alert::remove,
        ),
        get(
            "/console/emergency",
            may(Right::RaiseEmergency),
            PAGE,
            "asks for an emergency message and its screens",
            emergency::show,
        ),
        post(
            "/console/emergency/check",
            may(Right::RaiseEmergency),
            &[200, 422],
            "shows it once more, with its screens by name",
            emergency::check,
        ),
        post(
            "/console/emergency",
            may(Right::RaiseEmergency),
            &[303, 422],
            "covers the screens with it",
            emergency::begin,
        ),
        post(
            "/console/emergency/{emergency}/end",
            may(Right::RaiseEmergency),
            &[303, 404],
            "takes it off",
            emergency::end,
        ),
        get(
            "/console/mail",
            may(Right::ChangeSettings),
            PAGE,
            "the server that takes the hub's mail",
            mail::show,
        ),
        post(
            "/console/mail",
            may(Right::ChangeSettings),
            &[303, 422],
            "sets it",
            mail::change,
        ),
        post(
            "/console/mail/remove",
            may(Right::ChangeSettings),
            &[303],
            "forgets it",
            mail::remove,
        ),
    ]
}
