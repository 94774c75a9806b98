//! What people do with codes besides scanning them: each is counted apart, and none inflates the
//! scans.

use std::time::Instant;

use passerby_hub::system::clock::{DAY_MS, now_ms};
use passerby_protocol::Assignment;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Digest, PlayNumber};
use serde_json::{Value, json};

use crate::stand::{PHONE, ROBOT, Stand, Terminal, location};

const TARGET: &str = "https://cafe.example/tonight";
const HOUR_MS: i64 = 3_600_000;

fn on_air(landing: &str) -> (Stand, Terminal, Assignment) {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = format!(
        "title = 'Café'\ntarget = '{TARGET}'\nlanding = '{landing}'\n[[phase]]\nname = 'p'\ngoal_scans = 9\n"
    );
    stand.publish(&stand.campaign("cafe", &toml, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    (stand, terminal, assignment)
}

fn figures(report: &Value) -> Value {
    let scans = &report["scans"];
    let named = |name: &str| (name.to_owned(), scans[name].clone());
    ["total", "replays", "floods", "unaired", "expired", "robots"]
        .into_iter()
        .map(named)
        .filter(|(_, count)| *count != 0)
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn play(seq: u64, number: u32, assignment: Assignment) -> Play {
    Play {
        seq,
        number: PlayNumber::new(number).unwrap(),
        content: PlayContent {
            assignment,
            campaign: "cafe".into(),
            creative: Digest([7; 32]),
        },
        boot: "boot".into(),
        start_boot_ms: 10_000 * seq,
        visible_ms: 9_900,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    }
}

#[test]
fn a_code_that_was_photographed_and_posted_adds_three_scans_at_most() {
    let (stand, terminal, assignment) = on_air("redirect");
    let posted = terminal.scan_path_at(assignment, 5, now_ms() - DAY_MS);
    for reader in 0..500 {
        let from = format!("198.51.{}.{}", reader / 250, reader % 250);
        assert_eq!(location(&stand.open_from(&from, PHONE, &posted)), TARGET);
    }
    let report = stand.report();
    assert_eq!(figures(&report), json!({ "total": 3, "replays": 497 }));
    assert_eq!(report["scans"]["late"], 3);
    assert_eq!(report["goals"][0]["scans"], 3);
}

#[test]
fn replays_see_the_page_and_leave_no_visit_and_no_chain() {
    let (stand, terminal, assignment) = on_air("page");
    let posted = terminal.scan_path_at(assignment, 5, now_ms() - DAY_MS);
    for reader in 1..=10 {
        let own = location(&stand.visit(reader, &posted));
        assert_eq!(stand.visit(reader, &own).status(), 200);
    }
    let report = stand.report();
    assert_eq!(figures(&report), json!({ "total": 3, "replays": 7 }));
    assert_eq!(report["visits"]["total"], 3);
    assert_eq!(report["chains"].as_array().unwrap().len(), 3);
}

#[test]
fn a_sticker_with_a_code_that_aired_as_something_else_stops_counting_when_the_play_arrives() {
    let (stand, terminal, assignment) = on_air("redirect");
    stand.publish(&stand.campaign("other", "title = 'Other'\n", &[[99; 3]]));
    let other = Assignment::new(assignment.get() + 1).unwrap();
    location(&stand.visit(1, &terminal.scan_path(assignment, 100)));
    location(&stand.visit(2, &terminal.scan_path(assignment, 101)));
    assert_eq!(figures(&stand.report()), json!({ "total": 2 }));
    let plays = [play(1, 100, other), play(2, 101, assignment)];
    let anchor = Anchor {
        boot: "boot".into(),
        boot_ms: 0,
        wall_ms: now_ms() - 20_000,
    };
    assert_eq!(
        stand.send_plays(&terminal, &plays, vec![anchor]).status(),
        200
    );
    assert_eq!(
        figures(&stand.report()),
        json!({ "total": 1, "unaired": 1 })
    );
    // Now the ledger is known, so the next one is told at once.
    assert_eq!(
        location(&stand.visit(3, &terminal.scan_path(assignment, 100))),
        TARGET
    );
    assert_eq!(
        figures(&stand.report()),
        json!({ "total": 1, "unaired": 2 })
    );
}

#[test]
fn codes_minted_after_the_screen_has_dropped_their_campaign_are_unaired() {
    let (stand, terminal, assignment) = on_air("redirect");
    stand.json(&["unpublish", "cafe"]);
    let store = stand.hub().store;
    let hears = |manifest_version| {
        let heartbeat = Heartbeat {
            manifest_version,
            ..Heartbeat::default()
        };
        let screen = terminal.credentials.screen;
        store
            .heard_from(screen, &heartbeat, now_ms() - 2 * HOUR_MS)
            .unwrap();
    };
    hears(1);
    location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    assert_eq!(
        figures(&stand.report()),
        json!({ "total": 1 }),
        "it may show it"
    );
    hears(stand.manifest(&terminal).version);
    assert_eq!(
        location(&stand.visit(2, &terminal.scan_path(assignment, 6))),
        TARGET
    );
    let before = terminal.scan_path_at(assignment, 7, now_ms() - 2 * HOUR_MS);
    location(&stand.visit(3, &before));
    assert_eq!(
        figures(&stand.report()),
        json!({ "total": 2, "unaired": 1 })
    );
}

#[test]
fn a_code_from_the_future_is_unaired() {
    let (stand, terminal, assignment) = on_air("redirect");
    let ahead = |ms: i64| terminal.scan_path_at(assignment, 5, now_ms() + ms);
    location(&stand.visit(1, &ahead(5 * 60_000)));
    location(&stand.visit(2, &ahead(HOUR_MS)));
    assert_eq!(
        figures(&stand.report()),
        json!({ "total": 1, "unaired": 1 })
    );
}

#[test]
fn one_visitor_counts_for_sixty_scans_an_hour_and_everybody_else_as_before() {
    let (stand, terminal, assignment) = on_air("redirect");
    for play in 1..=100 {
        let path = terminal.scan_path(assignment, play);
        assert_eq!(location(&stand.visit(1, &path)), TARGET);
    }
    location(&stand.visit(2, &terminal.scan_path(assignment, 100)));
    let report = stand.report();
    assert_eq!(figures(&report), json!({ "total": 61, "floods": 40 }));
    assert_eq!(report["goals"][0]["scans"], 61);
}

#[test]
fn a_flood_that_changes_its_name_each_time_is_still_one_network() {
    let (stand, terminal, assignment) = on_air("redirect");
    let path = terminal.scan_path(assignment, 5);
    let started = Instant::now();
    for model in 0..190 {
        let agent = format!("{PHONE} Model/{model}");
        assert_eq!(location(&stand.open(1, &agent, &path)), TARGET);
    }
    location(&stand.visit(2, &path));
    let scans = &stand.report()["scans"];
    let [total, floods] = ["total", "floods"].map(|name| scans[name].as_u64().unwrap());
    // While it went on, one every two seconds came back.
    let came_back = started.elapsed().as_secs() / 2 + 1;
    assert!((151..=151 + came_back).contains(&total), "{scans:#}");
    assert_eq!(total + floods, 191);
}

#[test]
fn robots_and_previews_are_counted_apart_and_leave_nothing_else() {
    let (stand, terminal, assignment) = on_air("page");
    let previews = [
        ROBOT,
        // iMessage.
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "TelegramBot (like TwitterBot)",
        "WhatsApp/2.23 https://whatsapp.com preview",
    ];
    for (play, agent) in (5..).zip(previews) {
        let own = location(&stand.open(1, agent, &terminal.scan_path(assignment, play)));
        assert_eq!(stand.open(1, agent, &own).status(), 200);
        for file in ["picture.jpg", "here.gif"] {
            let status = stand.open(1, agent, &format!("{own}/{file}")).status();
            assert_eq!(status, 200, "{agent}");
        }
    }
    let report = stand.report();
    assert_eq!(figures(&report), json!({ "robots": previews.len() }));
    assert_eq!(
        (&report["scans"]["seen"], &report["scans"]["confirmed"]),
        (&0.into(), &0.into())
    );
    assert_eq!(report["visits"]["total"], 0);
    assert_eq!(report["chains"], json!([]));
}

#[test]
fn what_is_fetched_ahead_and_head_never_count() {
    let (stand, terminal, assignment) = on_air("page");
    let path = terminal.scan_path(assignment, 5);
    let ahead = |path: &str| {
        stand
            .client
            .get(stand.address(path))
            .header("user-agent", PHONE)
            .header("sec-purpose", "prefetch;prerender")
            .send()
            .unwrap()
    };
    let page = ahead(&path);
    assert_eq!(page.status(), 200);
    assert!(
        page.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("no-store")
    );
    let page = page.text().unwrap();
    assert!(page.contains(&format!("href=\"{TARGET}\"")), "{page}");
    assert_eq!(
        stand
            .client
            .head(stand.address(&path))
            .send()
            .unwrap()
            .status(),
        200
    );
    assert_eq!(figures(&stand.report()), json!({}));

    // The visit itself counts, and what is fetched ahead of it does not.
    let own = location(&stand.visit(1, &path));
    for file in ["", "/picture.jpg", "/here.gif"] {
        assert_eq!(ahead(&format!("{own}{file}")).status(), 200);
    }
    let report = stand.report();
    assert_eq!(figures(&report), json!({ "total": 1 }));
    assert_eq!(
        (&report["scans"]["seen"], &report["visits"]["total"]),
        (&0.into(), &0.into())
    );
}

#[test]
fn a_code_that_is_too_old_gets_a_page_of_its_own_and_no_scan() {
    let (stand, terminal, assignment) = on_air("redirect");
    let old = terminal.scan_path_at(assignment, 5, now_ms() - 181 * DAY_MS);
    let good = terminal.scan_path_at(assignment, 6, now_ms() - 179 * DAY_MS);
    let page = stand.visit(1, &old);
    assert_eq!(page.status(), 410);
    assert_eq!(page.headers()["cache-control"], "no-store");
    let page = page.text().unwrap();
    for words in ["Café", "too old", &format!("href=\"{TARGET}\"")] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let head = stand.client.head(stand.address(&old)).send().unwrap();
    assert_eq!(head.status(), 410);
    assert_eq!(location(&stand.visit(2, &good)), TARGET);
    assert_eq!(
        figures(&stand.report()),
        json!({ "total": 1, "expired": 1 })
    );
    stand.json(&["unpublish", "cafe"]);
    let page = stand.visit(1, &old).text().unwrap();
    assert!(
        !page.contains(TARGET) && page.contains("It is over"),
        "{page}"
    );
    let report = stand.report();
    assert_eq!(report["scans"]["expired"], 2);
    assert_eq!(report["scans"]["openings"], 1);
}
