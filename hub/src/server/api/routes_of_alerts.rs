//! The calls about alerts, mail and emergencies.

use crate::people::Right::{ChangeAlerts, ChangeSettings, RaiseEmergency};
use crate::server::api::calls::{alerts, emergencies, mail};
use crate::server::api::route::{Route, delete, get, post};
use crate::server::console::rule::Rule;

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/alerts",
            may(ChangeAlerts),
            &[200],
            "who is told when a screen needs somebody",
            "Alerts",
            alerts::list,
        ),
        post(
            "/alerts",
            ChangeAlerts,
            &[201, 400, 404, 409, 422],
            "adds a rule for who is told",
            (Some("AlertRule"), "Alert"),
            alerts::add,
        ),
        get(
            "/alerts/{alert}",
            may(ChangeAlerts),
            &[200, 404],
            "one rule, with what it told lately",
            "AlertFacts",
            alerts::show,
        ),
        post(
            "/alerts/{alert}",
            ChangeAlerts,
            &[200, 400, 404, 422],
            "changes a rule: what is not named is as in a new one, but for its web hook, which stays where its `kind` alone is named",
            (Some("AlertRule"), "Alert"),
            alerts::change,
        ),
        delete(
            "/alerts/{alert}",
            may(ChangeAlerts),
            "removes a rule",
            alerts::remove,
        ),
        post(
            "/alerts/{alert}/test",
            ChangeAlerts,
            &[200, 404],
            "sends a test to all whom a rule tells",
            (None, "AlertTest"),
            alerts::test,
        ),
        get(
            "/emergencies",
            may(RaiseEmergency),
            &[200],
            "emergency messages that cover screens now",
            "Emergencies",
            emergencies::list,
        ),
        post(
            "/emergencies/check",
            RaiseEmergency,
            &[200, 400, 422],
            "names the screens that a message would cover",
            (Some("EmergencyRule"), "EmergencyScreens"),
            emergencies::check,
        ),
        post(
            "/emergencies",
            RaiseEmergency,
            &[201, 400, 409, 422],
            "covers screens with a message, in place of those that they have",
            (Some("EmergencyRule"), "EmergencyBegun"),
            emergencies::begin,
        ),
        delete(
            "/emergencies/{emergency}",
            may(RaiseEmergency),
            "takes a message off its screens",
            emergencies::end,
        ),
        get(
            "/mail",
            may(ChangeSettings),
            &[200],
            "the server that takes the hub's mail, if there is one",
            "Mail",
            mail::show,
        ),
        post(
            "/mail",
            ChangeSettings,
            &[200, 400, 422],
            "sets it",
            (Some("MailServer"), "Mail"),
            mail::change,
        ),
        delete("/mail", may(ChangeSettings), "forgets it", mail::remove),
    ]
}
