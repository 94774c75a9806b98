//! The two ways in, lost answers, and people who are not who they say.

use std::time::Instant;

use passerby_protocol::wire::ProblemDetails;
use reqwest::blocking::Response;
use serde_json::{Value, json};

use crate::stand::Stand;

fn body(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().unwrap()).unwrap()
}

#[test]
fn claimed_code_is_collected_by_its_terminal_again_after_a_lost_answer_and_by_nobody_else() {
    let stand = Stand::start();
    let asks = json!({ "code": "ABCD1234", "secret": "11".repeat(32), "name": "exit B" });
    let waiting = stand.enrol(&asks);
    assert_eq!(waiting.status(), 202);
    let waiting = body(waiting);
    assert_eq!(waiting["status"], "waiting");
    assert_eq!(
        waiting["claim_url"],
        format!("{}/claim/ABCD1234", stand.base)
    );
    let page = stand.visit(1, "/claim/ABCD1234").text().unwrap();
    assert!(page.contains("ABCD1234") && page.contains("passerby-hub claim"));

    let thief = json!({ "code": "ABCD1234", "secret": "22".repeat(32) });
    assert_eq!(stand.enrol(&thief).status(), 409);

    let claimed = stand.json(&["claim", "abcd-1234", "--name", "Metro"]);
    assert_eq!(claimed["suggested_name"], "exit B");
    assert_eq!(stand.enrol(&thief).status(), 409);
    let first = stand.enrol(&asks);
    assert_eq!(first.status(), 200);
    let first = body(first);
    assert_eq!(
        (&first["status"], &first["screen"]),
        (&json!("enrolled"), &claimed["screen"])
    );
    assert_eq!(first["scan_base"], stand.base.to_uppercase());
    assert_eq!(body(stand.enrol(&asks)), first);

    let again = stand.command(&["claim", "ABCD1234", "--name", "Metro"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(
        stand
            .command(&["claim", "ZZZZ9999", "--name", "Metro"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn token_binds_to_the_first_secret_that_comes_with_it() {
    let stand = Stand::start();
    let added = stand.json(&["screen", "add", "exit B"]);
    let asks = |secret: &str| json!({ "token": added["token"], "secret": secret.repeat(32) });
    let first = body(stand.enrol(&asks("11")));
    assert_eq!(first["screen"], added["screen"]);
    assert_eq!(body(stand.enrol(&asks("11"))), first);
    assert_eq!(stand.enrol(&asks("22")).status(), 409);

    let unknown = stand.enrol(&json!({ "token": "nonsense", "secret": "11".repeat(32) }));
    assert_eq!(unknown.status(), 401);
    assert_eq!(
        unknown.headers()["content-type"],
        "application/problem+json"
    );
    let details: ProblemDetails = serde_json::from_slice(&unknown.bytes().unwrap()).unwrap();
    assert_eq!(details.status, 401);

    for bad in [
        json!({}),
        json!({ "secret": "x", "token": "t" }),
        json!({ "code": "ABCD1234", "token": "t", "secret": "11".repeat(32) }),
    ] {
        assert_eq!(stand.enrol(&bad).status(), 400, "{bad}");
    }
    let list = stand.json(&["screen", "list"]);
    assert_eq!(list[0]["enrolled"], true);
}

#[test]
fn calls_without_a_bearer_or_with_anothers_are_refused() {
    let stand = Stand::start();
    let (one, other) = (stand.terminal("one"), stand.terminal("other"));
    let path = format!("/v1/terminals/{}/manifest", one.credentials.screen);
    assert_eq!(stand.get(&one, &path).send().unwrap().status(), 200);
    assert_eq!(stand.get(&other, &path).send().unwrap().status(), 403);
    assert_eq!(
        stand
            .client
            .get(stand.address(&path))
            .send()
            .unwrap()
            .status(),
        401
    );
    let forged = stand
        .client
        .get(stand.address(&path))
        .bearer_auth("00".repeat(32))
        .send()
        .unwrap();
    assert_eq!(forged.status(), 401);
    assert_eq!(
        stand.get(&one, "/v1/nothing").send().unwrap().headers()["content-type"],
        "application/problem+json"
    );
}

#[test]
fn whoever_guesses_tokens_or_secrets_is_slowed_down_and_others_are_not() {
    let stand = Stand::start();
    let enrol_from = |from: &str, body: &Value| {
        stand
            .client
            .post(format!("{}/v1/enroll", stand.base))
            .header("x-forwarded-for", from)
            .body(body.to_string())
            .send()
            .unwrap()
    };
    let own = json!({ "code": "ABCD1234", "secret": "11".repeat(32) });
    assert_eq!(enrol_from("192.0.2.1", &own).status(), 202);
    let added = stand.json(&["screen", "add", "exit B"]);
    let right = json!({ "token": added["token"], "secret": "33".repeat(32) });
    let started = Instant::now();
    let (mut guesses, mut heard) = (0, 0);
    // Not even the right one can be told from there, unless a second had passed since it was turned
    // away.
    let is_turned_away = (0..100).any(|_| {
        loop {
            guesses += 1;
            let body = if guesses % 2 == 0 {
                json!({ "token": format!("{guesses:032}"), "secret": "22".repeat(32) })
            } else {
                json!({ "code": "ABCD1234", "secret": format!("{guesses:064}") })
            };
            let answer = enrol_from("192.0.2.66", &body);
            if answer.status() == 429 {
                assert!(answer.headers().contains_key("retry-after"));
                break;
            }
            heard += 1;
        }
        enrol_from("192.0.2.66", &right).status() == 429
    });
    assert!(is_turned_away);
    // While it went on, one every two seconds came back.
    let came_back = started.elapsed().as_secs() / 2 + 1;
    assert!(
        (30..=30 + came_back).contains(&heard),
        "{heard} of {guesses}"
    );
    assert_eq!(enrol_from("192.0.2.2", &right).status(), 200);
    assert_eq!(enrol_from("192.0.2.1", &own).status(), 202);
}

#[test]
fn one_network_cannot_fill_the_places_of_all_others() {
    let stand = Stand::start();
    let open_from = |from: &str, code: usize| {
        let body = json!({ "code": format!("{code:08}"), "secret": "11".repeat(32) });
        let request = stand.client.post(format!("{}/v1/enroll", stand.base));
        let request = request.header("x-forwarded-for", from);
        request.body(body.to_string()).send().unwrap().status()
    };
    let started = Instant::now();
    let opened = (0..60).filter(|&code| open_from("192.0.2.66", code) == 202);
    let opened = opened.count() as u64;
    // While it went on, one every fifteen seconds came back.
    let came_back = started.elapsed().as_secs() / 15 + 1;
    assert!((40..=40 + came_back).contains(&opened), "{opened}");
    assert_eq!(open_from("192.0.2.66", 0), 202, "a code that waits goes on");
    assert_eq!(open_from("192.0.2.1", 9_999), 202);
}

#[test]
fn a_name_that_a_terminal_suggests_cannot_write_on_the_operators_window() {
    let stand = Stand::start();
    let asks =
        json!({ "code": "ABCD1234", "secret": "11".repeat(32), "name": "exit\u{1b}[2J\u{7} B\n" });
    assert_eq!(stand.enrol(&asks).status(), 202);
    let claimed = stand.json(&["claim", "ABCD1234", "--name", "Metro"]);
    assert_eq!(claimed["suggested_name"], "exit [2J B");
}
