//! What may air when: on pages, for programs and on the command line, the same.

use std::collections::BTreeSet;

use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::store::{EmergencyTargets, ScreenChange};
use passerby_protocol::manifest::ManifestNotice;
use serde_json::Value;

use crate::console::{Visitor, token};
use crate::stand::Stand;

/// One that was, one that is on every evening, and one that is to come.
const JAZZ: &str = "title = \"Jazz <night>\"\ntarget = \"https://shop.example\"
[[phase]]
name = \"past\"
until = 2026-11-30
[[phase]]
name = \"now\"
from = 2026-12-01
until = 2026-12-24
[[placement]]
creative = \"0.png\"
phases = [\"past\"]
[[placement]]
creative = \"1.png\"
phases = [\"now\"]
dayparts = [\"17:00-19:00\"]
";

fn begin(stand: &Stand) {
    stand.terminal("Exit B");
    stand.publish(&stand.campaign("jazz", JAZZ, &[[200, 40, 10], [20, 60, 160]]));
}

fn api(stand: &Stand, token: &str, path: &str) -> Value {
    let address = stand.address(&format!("/api/v1{path}"));
    let answer = stand.client.get(address).bearer_auth(token).send().unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    serde_json::from_slice(&answer.bytes().unwrap()).unwrap()
}

#[test]
fn pages_calls_and_the_command_say_the_same_of_when_something_airs() {
    let stand = Stand::start();
    begin(&stand);
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let days = "from=2026-11-28&days=7";
    let page = ada
        .get(&format!("/console/screens/1?{days}"))
        .text()
        .unwrap();
    assert!(page.contains("What airs when") && page.contains("Jazz &lt;night&gt;"));
    assert!(!page.contains("Jazz <night>"));
    // One bar: the days of the past and the evenings of the first days after them.
    let drawn = page.matches("class=\"bar-of\"").count();
    assert_eq!(drawn, 5, "{page}");
    assert!(page.contains("12-01 17:00 – 12-01 19:00"), "{page}");
    let page = ada
        .get(&format!("/console/campaigns/jazz?{days}"))
        .text()
        .unwrap();
    assert!(page.contains("2. 1.png") && page.contains("12-02 17:00 – 12-02 19:00"));
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let of_campaign = api(&stand, &bearer, &format!("/campaigns/jazz/times?{days}"));
    let of_screen = api(&stand, &bearer, &format!("/screens/1/times?{days}"));
    let told = stand.json(&[
        "times",
        "--campaign",
        "jazz",
        "--from",
        "2026-11-28",
        "--days",
        "7",
    ]);
    for other in [&of_screen["campaigns"][0], &told["campaigns"][0]] {
        assert_eq!(of_campaign["times"]["spans"], other["spans"]);
        for at in 0..2 {
            let spans = |times: &Value| times["placements"][at]["spans"].clone();
            assert_eq!(spans(&of_campaign["times"]), spans(other));
        }
    }
    let spans = of_campaign["times"]["placements"][1]["spans"]
        .as_array()
        .unwrap();
    assert_eq!(spans.len(), 4);
    for span in spans {
        let length = span["until_ms"].as_i64().unwrap() - span["from_ms"].as_i64().unwrap();
        assert_eq!(length, 2 * 3_600_000);
    }
    let text = stand.command(&["times", "--screen", "1", "--from", "2026-12-01"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("  2026-12-01 17:00 – 2026-12-01 19:00"),
        "{text}"
    );
}

#[test]
fn an_emergency_stands_above_what_airs_until_somebody_ends_it() {
    let stand = Stand::start();
    begin(&stand);
    let store = stand.hub().store;
    let now_ms = passerby_hub::system::clock::now_ms();
    let everywhere = EmergencyTargets {
        everywhere: true,
        ..EmergencyTargets::default()
    };
    let notice = ManifestNotice::new("Leave now", "").unwrap();
    store
        .begin_emergency(&Actor::COMMAND_LINE, &notice, &everywhere, None, now_ms)
        .unwrap();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    for path in [
        "/console/screens/1",
        "/console/campaigns/jazz",
        "/console/times",
    ] {
        let page = ada.get(path).text().unwrap();
        assert!(page.contains("Emergency: Leave now"), "{path}: {page}");
        assert!(page.contains("class=\"alarm-of\""), "{path}");
    }
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let told = api(&stand, &bearer, "/times?days=2");
    assert_eq!(told["screens"][0]["emergency"], "Leave now");
}

#[test]
fn all_screens_come_in_pages_and_only_those_of_ones_own_groups() {
    let stand = Stand::start();
    begin(&stand);
    let store = stand.hub().store;
    for number in 2..=25 {
        let (screen, _) = store
            .add_screen(&Actor::COMMAND_LINE, &format!("s{number}"), 1)
            .unwrap();
        let change = ScreenChange {
            group: Some((number > 23).then(|| "north".to_owned())),
            ..ScreenChange::default()
        };
        store
            .change_screen(&Actor::COMMAND_LINE, screen, &change, 1)
            .unwrap();
    }
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let first = ada.get("/console/times?from=2026-12-02").text().unwrap();
    assert_eq!(first.matches("#times\">").count(), 24, "{first}");
    assert!(first.contains("after=20"), "{first}");
    let second = ada
        .get("/console/times?from=2026-12-02&after=20")
        .text()
        .unwrap();
    assert!(second.contains(">s25<") && !second.contains(">s20<"));
    assert!(first.len() < 100_000, "{}", first.len());
    let scope = Scope {
        screens: Some(BTreeSet::from(["north".to_owned()])),
        campaigns: None,
    };
    let mut op = Visitor::signed_in(&stand, "op", Role::Operator, &scope);
    let own = op.get("/console/times").text().unwrap();
    assert!(own.contains(">s24<") && own.contains(">s25<") && !own.contains(">s23<"));
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let told = api(&stand, &bearer, "/times?limit=3");
    assert_eq!(
        (told["screens"].as_array().unwrap().len(), &told["next"]),
        (3, &3.into())
    );
    for wrong in ["from=9999999-01-01&days=0", "from=x&days=-4", "days=100000"] {
        assert_eq!(ada.get(&format!("/console/times?{wrong}")).status(), 200);
        api(&stand, &bearer, &format!("/screens/1/times?{wrong}"));
    }
}
