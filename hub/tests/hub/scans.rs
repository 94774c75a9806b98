//! Scans: verified, counted once, resolved from the token alone.

use passerby_protocol::Assignment;
use passerby_testing::random_cases;
use proptest::test_runner::{Config, TestRunner};
use reqwest::blocking::Client;

use crate::stand::{ROBOT, Stand, Terminal, is_on_postgres, location};

const TARGET: &str = "https://cafe.example/tonight";

fn on_air() -> (Stand, Terminal, Assignment) {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = format!("title = \"Café\"\ntarget = \"{TARGET}\"\n");
    stand.publish(&stand.campaign("cafe", &toml, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    (stand, terminal, assignment)
}

#[test]
fn scan_of_a_play_that_has_not_arrived_redirects_and_counts_for_its_screen() {
    let (stand, terminal, assignment) = on_air();
    let response = stand.visit(1, &terminal.scan_path(assignment, 5));
    assert_eq!(location(&response), TARGET);
    let report = stand.report();
    assert_eq!(report["plays"]["total"], 0);
    assert_eq!(report["scans"]["total"], 1);
    assert_eq!(
        report["scans"]["by_screen"][terminal.credentials.screen.to_string()],
        1
    );
    assert_eq!(report["scans"]["by_campaign"]["cafe"], 1);
    let creative = stand.manifest(&terminal).campaigns[0].items[0]
        .creative
        .to_string();
    assert_eq!(report["scans"]["by_creative"][creative], 1);
    assert_eq!(report["chains"].as_array().unwrap().len(), 0);
}

#[test]
fn any_letter_case_is_the_same_scan() {
    let (stand, terminal, assignment) = on_air();
    let path = terminal.scan_path(assignment, 5);
    for path in [
        path.to_lowercase(),
        path.clone(),
        format!("/q{}", &path[2..]),
        path.to_lowercase().replace("/q/", "/Q/"),
    ] {
        assert_eq!(location(&stand.visit(1, &path)), TARGET);
    }
    assert_eq!(stand.report()["scans"]["total"], 1);
    location(&stand.visit(2, &path));
    location(&stand.visit(1, &terminal.scan_path(assignment, 6)));
    assert_eq!(stand.report()["scans"]["total"], 3);
}

#[test]
fn robots_are_counted_apart_tools_are_told_apart_and_head_never_counts() {
    let (stand, terminal, assignment) = on_air();
    let path = terminal.scan_path(assignment, 5);
    assert_eq!(location(&stand.open(1, ROBOT, &path)), TARGET);
    let head = stand.client.head(stand.address(&path)).send().unwrap();
    assert_eq!(location(&head), TARGET);
    assert_eq!(stand.report()["scans"]["total"], 0);
    location(&stand.open(2, "python-requests/2.32", &path));
    location(&stand.visit(3, &path));
    let scans = &stand.report()["scans"];
    assert_eq!(
        (&scans["total"], &scans["tools"], &scans["robots"]),
        (&2.into(), &1.into(), &1.into())
    );
}

#[test]
fn forged_and_broken_tokens_get_a_friendly_page_and_are_counted() {
    let (stand, terminal, assignment) = on_air();
    let mut forged = terminal.scan_path(assignment, 5);
    let last = if forged.ends_with('0') { '1' } else { '0' };
    forged.pop();
    forged.push(last);
    let unassigned = terminal.scan_path(Assignment::new(999).unwrap(), 5);
    for path in [forged.as_str(), "/q/short", "/q/%FF", &unassigned] {
        let response = stand.visit(1, path);
        assert_eq!(response.status(), 404, "{path}");
        let page = response.text().unwrap();
        assert!(
            page.contains("Step closer") && !page.contains("rror"),
            "{page}"
        );
    }
    let scans = &stand.report()["scans"];
    assert_eq!(
        (&scans["total"], &scans["bad_tokens"]),
        (&0.into(), &4.into())
    );
    assert_eq!(
        (&scans["malformed"], &scans["forged"], &scans["retired"]),
        (&2.into(), &2.into(), &0.into())
    );
}

#[test]
fn codes_of_an_unpublished_campaign_still_lead_to_its_target_and_count_while_a_screen_may_show_them()
 {
    let (stand, terminal, assignment) = on_air();
    stand.json(&["unpublish", "cafe"]);
    assert_eq!(
        location(&stand.visit(1, &terminal.scan_path(assignment, 5))),
        TARGET
    );
    assert_eq!(stand.report()["scans"]["total"], 1);
}

#[test]
fn every_opening_is_counted_beside_the_scan_that_it_repeats() {
    let (mut stand, terminal, assignment) = on_air();
    let path = terminal.scan_path(assignment, 5);
    for _ in 0..40 {
        location(&stand.visit(1, &path));
    }
    location(&stand.visit(2, &path));
    stand.stop();
    let scans = &stand.report()["scans"];
    assert_eq!(
        (&scans["total"], &scans["fresh"], &scans["openings"]),
        (&2.into(), &2.into(), &41.into())
    );
}

#[test]
fn a_screen_that_enrols_again_starts_above_every_number_seen() {
    let stand = Stand::start();
    let added = stand.json(&["screen", "add", "one"]);
    stand.publish(&stand.campaign(
        "cafe",
        &format!("title = \"a\"\ntarget = \"{TARGET}\"\n"),
        &[[9; 3]],
    ));
    let ask = serde_json::json!({ "token": added["token"], "secret": "ab".repeat(32) });
    let enrol = || Terminal {
        credentials: serde_json::from_slice(&stand.enrol(&ask).bytes().unwrap()).unwrap(),
    };
    let terminal = enrol();
    assert_eq!(terminal.credentials.play_floor.get(), 0);
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    location(&stand.visit(1, &terminal.scan_path(assignment, 41)));
    assert_eq!(enrol().credentials.play_floor.get(), 42);
}

#[test]
fn any_text_after_q_is_answered() {
    let stand = Stand::start();
    let client = Client::new();
    let config = Config {
        source_file: Some(file!()),
        ..random_cases(64)
    };
    TestRunner::new(config)
        .run(&"[^/?#%\\p{C}\\\\]{0,48}", |text| {
            let response = client
                .get(format!("{}/q/{text}", stand.base))
                .send()
                .expect("answered");
            proptest::prop_assert_eq!(response.status().as_u16(), 404);
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_address_is_stored() {
    let (stand, terminal, assignment) = on_air();
    location(&stand.visit(213, &terminal.scan_path(assignment, 5)));
    let mut files = 0;
    for entry in std::fs::read_dir(stand.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(11).any(|window| window == b"192.0.2.213");
            assert!(!found, "{}", path.display());
        }
    }
    assert!(files >= 2, "the database and the keys are there");
    let dump = stand.dump();
    assert_eq!(dump.is_empty(), !is_on_postgres());
    assert!(!dump.windows(11).any(|window| window == b"192.0.2.213"));
}
