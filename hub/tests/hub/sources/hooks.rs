//! Web hooks.

use serde_json::{Value, json};

use super::{of_title, states, titles, wait_for};
use crate::stand::Stand;

fn send(stand: &Stand, secret: &str, body: &str) -> (u16, Value) {
    let response = stand
        .client
        .post(format!("{}/v1/sources/till/items", stand.base))
        .bearer_auth(secret)
        .body(body.to_owned())
        .send()
        .unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[test]
fn what_a_program_sends_airs_once_however_often_it_comes() {
    let stand = Stand::start();
    let terminal = stand.terminal("window");
    let added = stand.json(&["source", "add", "till", "--hook"]);
    let secret = added["secret"].as_str().unwrap();
    let body = json!({ "id": "7", "title": "Last croissants", "price": "€1", "link": "https://cafe.example/" });
    let (status, said) = send(&stand, secret, &body.to_string());
    assert_eq!((status, &said["new"]), (201, &1.into()), "{said}");
    let (status, said) = send(&stand, secret, &body.to_string());
    assert_eq!((status, &said["known"]), (200, &1.into()), "{said}");
    let manifest = wait_for(&stand, &terminal, |manifest| manifest.campaigns.len() == 1);
    let before = of_title(&manifest, "Last croissants").items[0].creative;

    // The same with another price takes its own place.
    let body = json!({ "id": "7", "title": "Last croissants", "price": "€0.50", "link": "https://cafe.example/" });
    let (status, said) = send(&stand, secret, &body.to_string());
    assert_eq!((status, &said["changed"]), (201, &1.into()), "{said}");
    let manifest = wait_for(&stand, &terminal, |manifest| {
        manifest.campaigns[0].items[0].creative != before
    });
    assert_eq!(titles(&manifest), ["Last croissants"]);

    // Several at once, the last of which is the newest; of those past the newest five none airs.
    let many: Vec<Value> = (0..8)
        .map(|number| json!({ "title": format!("Cake {number}") }))
        .collect();
    let (status, said) = send(&stand, secret, &json!(many).to_string());
    assert_eq!((status, &said["new"]), (201, &5.into()), "{said}");
    assert_eq!(said["left_out"], "3 beside the newest 5");
    let manifest = wait_for(&stand, &terminal, |manifest| {
        titles(manifest).contains(&"Cake 7") && manifest.campaigns.len() == 5
    });
    assert!(!titles(&manifest).contains(&"Last croissants"));
    let shown = stand.json(&["source", "show", "till"]);
    assert_eq!(
        states(&shown)
            .iter()
            .filter(|state| **state == "ended")
            .count(),
        1
    );
}

#[test]
fn nobody_without_the_secret_sends_anything_and_no_body_is_kept_without_it() {
    let stand = Stand::start();
    let secret = stand.json(&["source", "add", "till", "--hook"])["secret"].clone();
    let secret = secret.as_str().unwrap();
    let body = json!({ "title": "x" }).to_string();
    assert_eq!(send(&stand, "wrong", &body).0, 401);
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("{}", 422),
        ("{\"title\": \" \"}", 422),
        ("[1]", 400),
    ] {
        assert_eq!(send(&stand, secret, body).0, status, "{body}");
    }
    let many = json!(vec![json!({ "title": "x" }); 101]).to_string();
    assert_eq!(send(&stand, secret, &many).0, 422);
    // So little too much that the hub reads the rest away, and its answer is sure to arrive.
    let large = format!("{{\"title\": \"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(send(&stand, secret, &large).0, 413);
    let deep = "[".repeat(100_000);
    assert_eq!(send(&stand, secret, &deep).0, 400);
    // A source of another kind has no secret.
    stand.json(&[
        "source",
        "add",
        "feed",
        "--url",
        "https://cafe.example/feed",
    ]);
    let other = stand
        .client
        .post(format!("{}/v1/sources/feed/items", stand.base));
    assert_eq!(
        other
            .bearer_auth(secret)
            .body(body.clone())
            .send()
            .unwrap()
            .status(),
        401
    );
    // While it is paused it takes nothing.
    stand.json(&["source", "pause", "till"]);
    assert_eq!(send(&stand, secret, &body).0, 503);
    stand.json(&["source", "resume", "till"]);
    assert_eq!(send(&stand, secret, &body).0, 201);
    // After it was removed its secret opens nothing.
    stand.json(&["source", "remove", "till"]);
    assert_eq!(send(&stand, secret, &body).0, 401);
    // Whoever guesses is told to wait.
    let busy = (0..100).any(|_| send(&stand, "guess", &body).0 == 429);
    assert!(busy);
    let listed = stand.json(&["source", "list"]);
    assert!(!listed.to_string().contains(secret));
}
