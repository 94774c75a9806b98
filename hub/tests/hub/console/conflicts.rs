//! What can never air and what is in conflict, said before it is published.

use passerby_hub::people::{Right, Role, Scope};
use serde_json::{Value, json};

use crate::console::{Visitor, token};
use crate::stand::{Stand, png};

const SALE: &str = "title = \"Sale\"\n[[placement]]\ncreative = \"0.png\"\ntakeover = \"seam\"\ndayparts = [\"16:00-20:00\"]\n";
const JAZZ: &str = "title = \"Jazz\"\n[[placement]]\ncreative = \"a.png\"\ndayparts = [\"17:00-19:00\"]\n[[placement]]\ncreative = \"b.png\"\nzone = \"side\"\n";

#[test]
fn a_draft_says_what_never_airs_on_its_page_in_calls_and_publish_says_it_too() {
    let stand = Stand::start();
    let terminal = stand.terminal("Exit B");
    stand.publish(&stand.campaign("sale", SALE, &[[200, 40, 10]]));
    let heartbeat = json!({ "software": "0.1.0", "manifest_version": 1, "clock_trusted": true,
        "plays_waiting": 0, "screen_px": [1920, 1080], "disk_free_bytes": 1,
        "traits": { "name": "Exit B", "zones": ["main"], "time_zone": "Asia/Shanghai" } });
    let path = format!("/v1/terminals/{}/heartbeat", terminal.credentials.screen);
    let said = stand.client.post(stand.address(&path));
    let said = said.bearer_auth(&terminal.credentials.bearer);
    assert_eq!(
        said.body(heartbeat.to_string()).send().unwrap().status(),
        200
    );
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    // Its own place decides when its days begin.
    let screen = ada.get("/console/screens/1").text().unwrap();
    assert!(screen.contains("Asia/Shanghai"), "{screen}");
    let made = ada.upload(
        "/console/new",
        &[("title", "Jazz")],
        &[
            ("files", "a.png", &png([1, 2, 3])),
            ("files", "b.png", &png([3, 2, 1])),
        ],
    );
    assert_eq!(made.status(), 303);
    let revision = ada.revision("/console/drafts/Jazz");
    let written = ada.upload(
        "/console/drafts/Jazz/text",
        &[("revision", &revision), ("text", JAZZ)],
        &[],
    );
    assert_eq!(written.status(), 303, "{}", written.text().unwrap());
    let page = ada.looked_at("/console/drafts/Jazz");
    assert!(page.contains("Before you publish"), "{page}");
    assert!(
        page.contains("Sale takes the zone over whenever it may air"),
        "{page}"
    );
    assert!(page.contains("The screen has no such zone."), "{page}");
    assert!(page.contains("When it airs"), "{page}");
    let bearer = token(&stand, "Ada", Role::Owner, &Right::ALL);
    let answer = stand
        .client
        .get(stand.address("/api/v1/drafts/Jazz/conflicts"))
        .bearer_auth(&bearer)
        .send()
        .unwrap();
    let told: Value = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
    let words: Vec<&str> = told["conflicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["other-zone", "taken-over"], "{told}");
    assert_eq!(told["conflicts"][0]["placement"], 2);
    // It may be published all the same.
    let revision = ada.revision("/console/drafts/Jazz");
    let published = ada.post("/console/drafts/Jazz/publish", &[("revision", &revision)]);
    assert_eq!(published.status(), 303);
    let over = "title = \"Past\"\n[[phase]]\nname = \"p\"\nuntil = 2020-01-01\n[[placement]]\ncreative = \"0.png\"\n";
    let output = stand.command(&["publish", &stand.campaign("past", over, &[[1, 1, 1]])]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("note: past: placement 1 (0.png) can never air on 1 of its screens: its last day is over"),
        "{said}"
    );
}

#[test]
fn whoever_has_nothing_to_do_with_a_campaign_is_not_told_its_name() {
    let stand = Stand::start();
    stand.terminal("Exit B");
    stand.publish(&stand.campaign("sale", SALE, &[[200, 40, 10]]));
    let scope = Scope {
        screens: None,
        campaigns: Some(["north".to_owned()].into()),
    };
    let mut agency = Visitor::signed_in(&stand, "agency", Role::Contributor, &scope);
    let made = agency.upload(
        "/console/new",
        &[("title", "Jazz"), ("group", "north")],
        &[("files", "a.png", &png([1, 2, 3]))],
    );
    assert_eq!(made.status(), 303);
    let revision = agency.revision("/console/drafts/Jazz");
    let text =
        "title = \"Jazz\"\n[[placement]]\ncreative = \"a.png\"\ndayparts = [\"17:00-19:00\"]\n";
    agency.upload(
        "/console/drafts/Jazz/text",
        &[("revision", &revision), ("text", text)],
        &[],
    );
    let page = agency.looked_at("/console/drafts/Jazz");
    assert!(
        page.contains("another campaign takes the zone over"),
        "{page}"
    );
    assert!(!page.contains("Sale"), "{page}");
}
