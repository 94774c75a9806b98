//! Sources in the console: in a real Chromium from the address of a feed to the screen, with
//! somebody's approval, and off it again; by calls of programs; and who may not.

use std::time::Instant;

use passerby_hub::people::{Right, Role, Scope};
use passerby_testing::browser::{Browser, Look};
use serde_json::{Value, json};

use super::web_server::{Answer, WebServer};
use super::{PATIENCE, stand_with, titles, wait_for, wait_for_source};
use crate::console::ways_in::first_link;
use crate::console::{Visitor, location, token};
use crate::stand::{Stand, png};

const FEED: &str = "<rss version=\"2.0\"><channel><title>x</title>\
    <item><title>Soup of the day</title><description>Until it is gone.</description><guid>2</guid>\
    <enclosure url=\"http://127.0.0.1:PORT/soup.png\" type=\"image/png\"/></item>\
    <item><title>Casino night</title><description>Win big.</description><guid>1</guid></item></channel></rss>";

#[test]
fn a_feed_comes_to_the_screen_from_a_phone_with_approval_and_leaves_it_by_one_press() {
    let server = WebServer::start();
    server.say("/feed", Answer::ok(FEED));
    server.say("/soup.png", Answer::ok(png([200, 120, 20])));
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    let mut browser = Browser::start(Look {
        width_px: 390,
        is_dark: false,
        language: "en",
    });
    browser.open(&first_link(&stand));
    browser.fill("name", "Ada");
    browser.fill("password", "correct horse battery");
    browser.press("main form button");
    browser.open(&stand.address("/console/sources"));
    browser.fill("name", "cafe-news");
    browser.fill("url", &server.url("/feed"));
    browser.evaluate("document.querySelector('input[name=approval]').click()");
    browser.press("main form button.main");
    assert!(
        browser.text().contains("The source is added"),
        "{}",
        browser.text()
    );
    wait_for_source(&stand, "cafe-news", |shown| {
        shown["items"].as_array().unwrap().len() == 2
    });
    let page = stand.address("/console/sources/cafe-news");
    browser.open(&page);
    let text = browser.text();
    assert!(
        text.contains("Soup of the day") && text.contains("Until it is gone."),
        "{text}"
    );
    assert_eq!(browser.hindrances(), Vec::<String>::new());
    // The newest comes first: soup is let on, the casino is not.
    browser.press("ul.thumbs li:first-child button.main");
    assert!(browser.text().contains("Approved."), "{}", browser.text());
    browser.press("ul.thumbs li:last-child button.danger");
    let manifest = wait_for(&stand, &terminal, |manifest| !manifest.campaigns.is_empty());
    assert_eq!(titles(&manifest), ["Soup of the day"]);
    browser.open(&page);
    let is_shown = "document.querySelector('ul.thumbs li:first-child img')?.naturalWidth > 0";
    let begun = Instant::now();
    while browser.evaluate(is_shown) != json!(true) {
        assert!(begun.elapsed() < PATIENCE, "{}", browser.text());
        browser.open(&page);
    }
    assert_eq!(browser.hindrances(), Vec::<String>::new());
    browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)");
    browser.press("section:last-of-type details:first-of-type button.danger");
    assert!(browser.text().contains("Taken down"), "{}", browser.text());
    assert!(stand.manifest(&terminal).campaigns.is_empty());
    let log = stand.hub().store.audit(None, "source.", 9).unwrap();
    let verbs: Vec<&str> = log.iter().map(|line| line.verb.as_str()).collect();
    assert_eq!(
        verbs,
        [
            "source.take-down",
            "source.take-down",
            "source.approve",
            "source.add"
        ]
    );
    assert!(log.iter().all(|line| line.actor == "Ada"));
}

fn call(stand: &Stand, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let address = stand.address(&format!("/api/v1{path}"));
    let request = stand.client.request(method.parse().unwrap(), address);
    let answer = request
        .bearer_auth(token)
        .body(body.to_string())
        .send()
        .unwrap();
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_slice(&answer.bytes().unwrap()).unwrap(),
    )
}

#[test]
fn a_program_adds_fetches_pauses_and_removes_sources_and_sends_items() {
    let server = WebServer::start();
    server.say("/feed", Answer::ok(FEED));
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    let publisher = token(&stand, "Bo", Role::Publisher, &Right::ALL);
    let act = |method: &str, path: &str, body: Value| call(&stand, &publisher, method, path, &body);
    let (status, added) = act(
        "POST",
        "/sources",
        json!({ "source": "shop", "template": { "paper": "#fff8ec" } }),
    );
    assert_eq!(
        (status, &added["source"]["kind"]),
        (201, &json!("hook")),
        "{added}"
    );
    let sent = stand
        .client
        .post(stand.address("/v1/sources/shop/items"))
        .bearer_auth(added["secret"].as_str().unwrap())
        .body(json!({ "id": "1", "title": "Dumplings" }).to_string());
    assert_eq!(sent.send().unwrap().status(), 201);
    let manifest = wait_for(&stand, &terminal, |manifest| !manifest.campaigns.is_empty());
    assert_eq!(titles(&manifest), ["Dumplings"]);
    let (_, items) = act("GET", "/sources/shop/items", Value::Null);
    assert_eq!(items["items"][0]["campaign"], "shop:1", "{items}");

    let url = server.url("/feed");
    let rule = json!({ "source": "feed", "url": url, "must_not": ["casino"], "newest": 3, "every_minutes": 1440 });
    assert_eq!(act("POST", "/sources", rule.clone()).0, 201);
    assert_eq!(act("POST", "/sources", rule).0, 409);
    wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 2);
    assert_eq!(act("POST", "/sources/feed/fetch", json!({})).0, 200);
    server.wait_asked("/feed", 2);
    assert_eq!(
        act("POST", "/sources/feed/pause", json!({ "paused": true })).1["paused"],
        true
    );
    assert_eq!(
        act("POST", "/sources/shop/take-down", json!({ "all": true })).1["items"],
        json!([1])
    );
    assert_eq!(act("POST", "/sources/shop/take-down", json!({})).0, 422);
    assert_eq!(
        act("POST", "/sources/shop/approve", json!({ "items": [99] })).0,
        409
    );
    assert_eq!(act("DELETE", "/sources/feed", json!({})).0, 200);
    assert_eq!(act("GET", "/sources/feed", Value::Null).0, 404);
    assert!(stand.manifest(&terminal).campaigns.is_empty());
    for wrong in [
        json!({ "source": "x", "url": "file:///etc/passwd" }),
        json!({ "source": "x", "url": "/etc/passwd" }),
        json!({ "source": "X" }),
        json!({ "source": "x", "newest": 51 }),
        json!({ "source": "x", "template": { "headline": "{titel}" } }),
    ] {
        assert_eq!(act("POST", "/sources", wrong.clone()).0, 422, "{wrong}");
    }
}

#[test]
fn the_rules_of_a_source_are_changed_and_what_airs_is_chosen_by_them_at_once() {
    let server = WebServer::start();
    server.say("/feed", Answer::ok(FEED));
    let stand = stand_with(&server);
    let terminal = stand.terminal("window");
    let publisher = token(&stand, "Bo", Role::Publisher, &Right::ALL);
    let rule = json!({
        "source": "feed", "url": server.url("/feed"), "newest": 1, "every_minutes": 1440,
        "template": { "price": "{price}!", "call": "Scan" },
    });
    assert_eq!(call(&stand, &publisher, "POST", "/sources", &rule).0, 201);
    wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 1);
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let page = ada.get("/console/sources/feed").text().unwrap();
    assert!(
        page.contains("name=\"call\" type=\"text\" value=\"Scan\""),
        "{page}"
    );
    let fields = [
        ("newest", "2"),
        ("days", "7"),
        ("every", "1440"),
        ("must_not", "lottery, bets"),
        ("headline", "News: {title}"),
        ("body", ""),
        ("landing", "page"),
        ("seconds", "12"),
    ];
    let mut wrong = fields;
    wrong[0].1 = "51";
    let refused = ada.post("/console/sources/feed/rules", &wrong);
    assert_eq!(refused.status(), 422);
    let page = refused.text().unwrap();
    assert!(
        page.contains("A number is too small or too large"),
        "{page}"
    );
    assert!(
        page.contains("value=\"51\"") && page.contains("lottery, bets"),
        "{page}"
    );
    let changed = ada.post("/console/sources/feed/rules", &fields);
    assert_eq!(location(&changed), "/console/sources/feed?done=saved");
    wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 2);
    let rules: Value = {
        let source = stand.hub().store.source("feed").unwrap().unwrap();
        serde_json::from_str(&source.rules).unwrap()
    };
    assert_eq!(rules["must_not"], json!(["lottery", "bets"]));
    let template = &rules["template"];
    // What the form has not got stays, and what was emptied is gone.
    assert_eq!(template["price"], "{price}!");
    assert_eq!(
        (&template["body"], &template["call"]),
        (&json!(""), &Value::Null)
    );
    let change = json!({ "days": 3 });
    let (status, told) = call(&stand, &publisher, "POST", "/sources/feed", &change);
    assert_eq!((status, &told["rules"]["days"]), (200, &json!(3)), "{told}");
    assert_eq!(told["rules"]["newest"], 2, "{told}");
    let unknown = call(&stand, &publisher, "POST", "/sources/none", &change);
    assert_eq!(unknown.0, 404);
    let log = stand.hub().store.audit(None, "source.change", 9).unwrap();
    let who: Vec<&str> = log.iter().map(|line| line.actor.as_str()).collect();
    assert_eq!(who, ["Bo (token test)", "Ada"]);
}

#[test]
fn whoever_is_held_to_groups_or_only_looks_changes_no_source() {
    let stand = Stand::start();
    let held = Scope {
        campaigns: Some(["north".to_owned()].into()),
        screens: None,
    };
    let mut held = Visitor::signed_in(&stand, "Bo", Role::Publisher, &held);
    let fields = [
        ("name", "cafe"),
        ("url", ""),
        ("newest", "5"),
        ("days", "14"),
        ("every", "15"),
    ];
    assert_eq!(held.post("/console/sources", &fields).status(), 403);
    stand.json(&["source", "add", "cafe", "--hook"]);
    let list = held.get("/console/sources").text().unwrap();
    assert!(!list.contains("/console/sources/cafe"));
    for path in ["", "/remove", "/pause", "/fetch", "/take-down", "/approve"] {
        let path = format!("/console/sources/cafe{path}");
        let status = if path.ends_with("cafe") {
            held.get(&path).status()
        } else {
            held.post(&path, &[("item", "all")]).status()
        };
        assert_eq!(status, 404, "{path}");
    }
    let mut viewer = Visitor::signed_in(&stand, "Cy", Role::Viewer, &Scope::ALL);
    let page = viewer.get("/console/sources/cafe").text().unwrap();
    assert!(page.contains("cafe") && !page.contains("<button class=\"danger\""));
}
