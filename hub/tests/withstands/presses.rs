//! Presses of a page's button from whoever has its address, and openings that only pretend to be
//! many.

use passerby_protocol::Assignment;
use serde_json::Value;

use crate::attack::Attacked;
use crate::stand::{PHONE, ROBOT, location, without_click};

const TARGET: &str = "https://shop.example/book";
const CURL: &str = "curl/8.14.1";

/// A campaign whose codes open a page, and the link of somebody who has scanned one and opened the
/// page.
fn opened(attacked: &Attacked) -> (String, Assignment) {
    let stand = &attacked.stand;
    let toml = format!("title = 'Book'\ntarget = '{TARGET}'\nlanding = 'page'\n");
    stand.publish(&stand.campaign("book", &toml, &[[60; 3]]));
    let campaigns = stand.manifest(&attacked.terminal).campaigns;
    let book = campaigns.iter().find(|entry| entry.id.as_str() == "book");
    let assignment = book.unwrap().items[0].assignment;
    let own = location(&stand.visit(1, &attacked.terminal.scan_path(assignment, 900)));
    assert_eq!(stand.visit(1, &own).status(), 200);
    (own, assignment)
}

fn figures(visits: &Value) -> [u64; 5] {
    ["total", "tools", "confirmed", "clicks", "floods"].map(|name| visits[name].as_u64().unwrap())
}

#[test]
fn presses_without_the_page_count_for_nothing_and_all_get_to_the_target() {
    let mut attacked = Attacked::start("presses");
    let (own, _) = opened(&attacked);
    let press = |from: &str, agent: &str| {
        let path = format!("{own}/go");
        assert_eq!(
            location(&attacked.stand.open_from(from, agent, &path)),
            TARGET
        );
    };
    for model in 0..400 {
        press("203.0.113.9", &format!("{PHONE} Model/{model}"));
    }
    press("203.0.113.9", CURL);
    press("203.0.113.9", "");
    press("203.0.113.9", ROBOT);
    attacked.honest_scan();
    attacked.assert_withstood();
    attacked.stand.stop();
    let report = attacked.stand.report();
    assert_eq!(figures(&report["visits"]), [1, 0, 0, 0, 0]);
    assert_eq!(report["visits"]["presses"]["strangers"], 402);
    let told = attacked.stand.command(&["report"]).stdout;
    let told = String::from_utf8(told).unwrap();
    let presses = "presses: 0 by tools on a visit, 402 by anybody without one";
    assert!(told.contains(presses), "{told}");
    assert_eq!(report["scans"]["confirmed"], 0);
}

#[test]
fn a_press_on_a_visit_counts_once_and_only_the_painted_page_confirms() {
    let attacked = Attacked::start("presses");
    let (own, _) = opened(&attacked);
    let stand = &attacked.stand;
    for _ in 0..3 {
        let pressed = location(&stand.visit(1, &format!("{own}/go")));
        assert_eq!(without_click(&pressed), TARGET);
        assert_ne!(pressed, TARGET, "a shop can tell what came of it");
    }
    let report = stand.report();
    assert_eq!(figures(&report["visits"]), [1, 0, 0, 1, 0]);
    assert_eq!(report["visits"]["presses"]["strangers"], 0);
    stand.visit(1, &format!("{own}/here.gif"));
    let report = stand.report();
    assert_eq!(figures(&report["visits"]), [1, 0, 1, 1, 0]);
    assert_eq!(report["scans"]["confirmed"], 1);
}

#[test]
fn tools_that_play_the_whole_visit_stand_apart_and_confirm_nothing() {
    let attacked = Attacked::start("presses");
    let (_, assignment) = opened(&attacked);
    let stand = &attacked.stand;
    let own = location(&stand.open(9, CURL, &attacked.terminal.scan_path(assignment, 901)));
    for file in ["", "/picture.jpg", "/here.gif"] {
        assert_eq!(stand.open(9, CURL, &format!("{own}{file}")).status(), 200);
    }
    let pressed = location(&stand.open(9, CURL, &format!("{own}/go")));
    assert_eq!(without_click(&pressed), TARGET);
    let report = stand.report();
    assert_eq!(figures(&report["visits"]), [2, 1, 0, 0, 0]);
    assert_eq!(report["visits"]["presses"]["tools"], 1);
    assert_eq!(
        (&report["scans"]["tools"], &report["scans"]["seen"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn friends_without_end_from_one_address_are_a_flood_that_sees_the_page_all_the_same() {
    let mut attacked = Attacked::start("presses");
    let (own, _) = opened(&attacked);
    let (mut friends, mut shown) = (0, 0);
    for model in 0..190 {
        let agent = format!("{PHONE} Model/{model}");
        let answer = attacked.stand.open_from("203.0.113.9", &agent, &own);
        match answer.status().as_u16() {
            302 => friends += 1,
            200 => shown += 1,
            other => panic!("{other}"),
        }
    }
    assert!(friends >= 150 && shown > 0, "{friends} and {shown}");
    // Another friend is no part of it.
    let theirs = location(&attacked.stand.visit(2, &own));
    assert_eq!(attacked.stand.visit(2, &theirs).status(), 200);
    attacked.stand.stop();
    assert_eq!(
        figures(&attacked.stand.report()["visits"]),
        [2, 0, 0, 0, shown]
    );
}
