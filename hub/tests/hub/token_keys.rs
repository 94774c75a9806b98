//! Keys of screens: new ones, stolen ones, and codes that are still on phones.

use passerby_hub::hub::TokenFault;
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::limits::CODE_DAYS_MAX;
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use passerby_protocol::wire::{Credentials, Heartbeat, HeartbeatReply, KeyReply};
use passerby_protocol::{Assignment, PlayNumber};
use serde_json::{Value, json};

use crate::stand::{Stand, Terminal, location};

const TARGET: &str = "https://cafe.example/tonight";
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// What a terminal mints with the key that it has.
fn minted(credentials: &Credentials, play: u32, minted_ms: Option<i64>) -> String {
    let contents = TokenContents {
        generation: credentials.generation,
        screen: credentials.screen,
        assignment: Assignment::new(1).unwrap(),
        play: PlayNumber::new(play).unwrap(),
        minutes: TokenContents::minutes_at(minted_ms),
    };
    let key = TokenKey::from_bytes(unhex32(&credentials.token_key).unwrap());
    Token::mint(contents, &key).to_string()
}

/// A second opening of the same data, which can be asked what holds at any time.
fn verdict(stand: &Stand, token: &str, now_ms: i64) -> Result<(), TokenFault> {
    let hub = stand.hub();
    hub.verified(token, now_ms).unwrap().map(|_| ())
}

fn post(
    stand: &Stand,
    terminal: &Terminal,
    call: &str,
    body: String,
) -> reqwest::blocking::Response {
    let path = format!(
        "{}/v1/terminals/{}/{call}",
        stand.base, terminal.credentials.screen
    );
    stand
        .client
        .post(path)
        .bearer_auth(&terminal.credentials.bearer)
        .body(body)
        .send()
        .unwrap()
}

/// Tells the hub with which key the terminal mints; returns with which it should.
fn heartbeat(stand: &Stand, terminal: &Terminal) -> u8 {
    let said = Heartbeat {
        key_generation: Some(terminal.credentials.generation),
        ..Heartbeat::default()
    };
    let response = post(
        stand,
        terminal,
        "heartbeat",
        serde_json::to_string(&said).unwrap(),
    );
    assert_eq!(response.status(), 200);
    let reply: HeartbeatReply = serde_json::from_slice(&response.bytes().unwrap()).unwrap();
    reply.key_generation.unwrap()
}

/// Takes the key that the hub has for the terminal, and says so.
fn learn(stand: &Stand, terminal: &mut Terminal) {
    let response = post(stand, terminal, "key", String::new());
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let key: KeyReply = serde_json::from_slice(&response.bytes().unwrap()).unwrap();
    terminal.credentials.generation = key.generation;
    terminal.credentials.token_key = key.token_key;
    assert_eq!(heartbeat(stand, terminal), key.generation);
}

fn rotate(stand: &Stand, terminal: &Terminal, more: &[&str]) -> Value {
    let screen = terminal.credentials.screen.to_string();
    stand.json(&[&["screen", "rotate", &screen], more].concat())
}

fn refused(stand: &Stand, arguments: &[&str]) -> String {
    let output = stand.command(arguments);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_new_key_leaves_codes_that_were_minted_before_it_good_and_later_ones_of_the_old_key_are_refused()
 {
    let stand = Stand::start();
    let mut terminal = stand.terminal("one");
    let toml = format!("title = \"a\"\ntarget = \"{TARGET}\"\n");
    stand.publish(&stand.campaign("cafe", &toml, &[[9; 3]]));
    let old = terminal.credentials.clone();
    let on_a_phone = minted(&old, 1, Some(now_ms()));

    assert_eq!(
        rotate(&stand, &terminal, &[]),
        json!({ "screen": 1, "generation": 1, "retired": [] })
    );
    let before_it_knows = minted(&old, 2, Some(now_ms()));
    assert_eq!(heartbeat(&stand, &terminal), 1, "the terminal is told");
    let in_an_hour = minted(&old, 3, Some(now_ms() + 60 * MINUTE_MS));
    assert_eq!(
        verdict(&stand, &in_an_hour, now_ms()),
        Ok(()),
        "until the terminal has the new key it mints with the old one"
    );
    let learnt_ms = now_ms();
    learn(&stand, &mut terminal);
    assert_eq!(terminal.credentials.generation, 1);
    assert_ne!(terminal.credentials.token_key, old.token_key);

    for code in [&on_a_phone, &before_it_knows] {
        let page = stand.visit(1, &format!("/Q/{code}"));
        assert_eq!(location(&page), TARGET);
        let late_ms = learnt_ms + (CODE_DAYS_MAX + 100) * DAY_MS;
        assert_eq!(
            verdict(&stand, code, late_ms),
            Ok(()),
            "how old a code may be is not the key's matter"
        );
    }
    assert_eq!(
        verdict(&stand, &in_an_hour, now_ms()),
        Err(TokenFault::Retired)
    );
    let page = stand.visit(1, &format!("/Q/{in_an_hour}"));
    assert_ne!(page.status(), 302);
    let new = minted(&terminal.credentials, 4, Some(now_ms()));
    assert_eq!(location(&stand.visit(1, &format!("/Q/{new}"))), TARGET);

    let undated = minted(&old, 5, None);
    let (day_before, day_after) = (CODE_DAYS_MAX - 1, CODE_DAYS_MAX + 1);
    assert_eq!(
        verdict(&stand, &undated, learnt_ms + day_before * DAY_MS),
        Ok(())
    );
    assert_eq!(
        verdict(&stand, &undated, learnt_ms + day_after * DAY_MS),
        Err(TokenFault::Retired)
    );
    let list = stand.json(&["screen", "list"]);
    assert_eq!(
        (&list[0]["generation"], &list[0]["minting"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn a_stolen_key_is_refused_at_once_by_a_hub_that_is_serving() {
    let stand = Stand::start();
    let mut terminal = stand.terminal("one");
    let toml = format!("title = \"a\"\ntarget = \"{TARGET}\"\n");
    stand.publish(&stand.campaign("cafe", &toml, &[[9; 3]]));
    let old = terminal.credentials.clone();
    rotate(&stand, &terminal, &[]);
    learn(&stand, &mut terminal);
    let middle = terminal.credentials.clone();
    let now = now_ms();
    let codes = [minted(&old, 1, Some(now)), minted(&middle, 2, None)];
    for code in &codes {
        assert_eq!(location(&stand.visit(1, &format!("/Q/{code}"))), TARGET);
    }
    assert_eq!(
        rotate(&stand, &terminal, &["--retire"]),
        json!({ "screen": 1, "generation": 2, "retired": [0, 1] })
    );
    for code in &codes {
        assert_ne!(stand.visit(2, &format!("/Q/{code}")).status(), 302);
        assert_eq!(verdict(&stand, code, now), Err(TokenFault::Retired));
    }
    learn(&stand, &mut terminal);
    let new = minted(&terminal.credentials, 3, Some(now));
    assert_eq!(location(&stand.visit(1, &format!("/Q/{new}"))), TARGET);
}

#[test]
fn the_ninth_key_waits_for_codes_of_the_first_that_look_alike_and_a_leaked_one_does_not_come_back()
{
    let stand = Stand::start();
    let mut terminal = stand.terminal("one");
    let leaked = terminal.credentials.clone();
    for generation in 1..8 {
        assert_eq!(rotate(&stand, &terminal, &[])["generation"], generation);
        learn(&stand, &mut terminal);
    }
    let last_but_one = terminal.credentials.clone();
    let told = refused(&stand, &["screen", "rotate", "1"]);
    assert!(
        told.contains("may be on phones until 20") && told.contains("--retire"),
        "{told}"
    );
    let told = refused(&stand, &["screen", "renew", "1"]);
    assert!(told.contains("--retire"), "{told}");

    let retired = rotate(&stand, &terminal, &["--retire"]);
    assert_eq!(retired["generation"], 8);
    assert_eq!(retired["retired"], json!([0, 1, 2, 3, 4, 5, 6, 7]));
    learn(&stand, &mut terminal);
    let now = now_ms();
    let (new, of_leaked, of_last) = (
        minted(&terminal.credentials, 9, Some(now)),
        minted(&leaked, 9, Some(now)),
        minted(&last_but_one, 9, Some(now)),
    );
    assert_eq!(new[..20], of_leaked[..20], "they differ in the tag alone");
    assert_eq!(verdict(&stand, &new, now), Ok(()));
    assert_eq!(verdict(&stand, &of_leaked, now), Err(TokenFault::Retired));
    assert_eq!(verdict(&stand, &of_last, now), Err(TokenFault::Retired));
    let forger = Credentials {
        token_key: "00".repeat(32),
        ..leaked.clone()
    };
    assert_eq!(
        verdict(&stand, &minted(&forger, 9, Some(now)), now),
        Err(TokenFault::Forged)
    );
    // The keys without the waiting: what was handed out for 0 is not what 8 is.
    assert_ne!(terminal.credentials.token_key, leaked.token_key);
}

#[test]
fn a_terminal_that_is_not_heard_from_keeps_its_key_and_the_keys_do_not_run_ahead_of_it() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    for generation in 1..8 {
        assert_eq!(rotate(&stand, &terminal, &[])["generation"], generation);
    }
    let told = refused(&stand, &["screen", "rotate", "1"]);
    assert!(told.contains("may still mint with its key 0"), "{told}");
    let code = minted(&terminal.credentials, 1, Some(now_ms()));
    assert_eq!(verdict(&stand, &code, now_ms()), Ok(()));
    let list = stand.json(&["screen", "list"]);
    assert_eq!(
        (&list[0]["generation"], &list[0]["minting"]),
        (&json!(7), &Value::Null)
    );
    assert_eq!(heartbeat(&stand, &terminal), 7);
    let text = stand.command(&["screen", "list"]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("key 7 (mints with 0)"), "{text}");
}

#[test]
fn a_terminal_that_does_not_know_of_generations_is_served_as_before() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    rotate(&stand, &terminal, &[]);
    let old = r#"{"software":"0.1.0","manifest_version":0,"clock_trusted":false,"plays_waiting":0,"screen_px":[0,0],"disk_free_bytes":0}"#;
    assert_eq!(
        post(&stand, &terminal, "heartbeat", old.to_owned()).status(),
        200
    );
    let code = minted(&terminal.credentials, 1, Some(now_ms() + DAY_MS));
    assert_eq!(verdict(&stand, &code, now_ms()), Ok(()));
}

#[test]
fn a_key_is_given_to_its_own_terminal_only_and_the_same_each_time() {
    let stand = Stand::start();
    let (one, other) = (stand.terminal("one"), stand.terminal("other"));
    let first = post(&stand, &one, "key", String::new());
    let second = post(&stand, &one, "key", "ignored".to_owned());
    let (first, second) = (first.bytes().unwrap(), second.bytes().unwrap());
    assert_eq!(first, second);
    let key: KeyReply = serde_json::from_slice(&first).unwrap();
    assert_eq!(key.token_key, one.credentials.token_key);
    let stranger = Terminal {
        credentials: Credentials {
            screen: one.credentials.screen,
            ..other.credentials
        },
    };
    assert_eq!(post(&stand, &stranger, "key", String::new()).status(), 403);
    let nobody = Terminal {
        credentials: Credentials {
            bearer: "00".repeat(32),
            ..stranger.credentials
        },
    };
    assert_eq!(post(&stand, &nobody, "key", String::new()).status(), 401);
}

#[test]
fn a_new_machine_takes_a_screen_over_and_the_old_one_is_locked_out() {
    let stand = Stand::start();
    let added = stand.json(&["screen", "add", "one"]);
    let asks = |token: &Value, secret: &str| {
        stand.enrol(&json!({ "token": token, "secret": secret.repeat(32) }))
    };
    let enrolled = |response: reqwest::blocking::Response| Terminal {
        credentials: serde_json::from_slice(&response.bytes().unwrap()).unwrap(),
    };
    let old = enrolled(asks(&added["token"], "11"));
    let renewed = stand.json(&["screen", "renew", "1"]);
    assert_eq!(
        (&renewed["screen"], &renewed["retired"]),
        (&json!(1), &json!([]))
    );
    assert_eq!(heartbeat(&stand, &old), 0, "until then the old one goes on");
    assert_eq!(
        asks(&added["token"], "11").status(),
        401,
        "the older token has no second life"
    );

    let new = enrolled(asks(&renewed["token"], "22"));
    assert_eq!(
        (new.credentials.screen, new.credentials.generation),
        (old.credentials.screen, 1)
    );
    let again = enrolled(asks(&renewed["token"], "22"));
    assert_eq!(
        serde_json::to_value(&again.credentials).unwrap(),
        serde_json::to_value(&new.credentials).unwrap(),
        "a lost answer can be asked for again, and starts no other key"
    );
    assert_eq!(asks(&renewed["token"], "33").status(), 409);

    let lockout = post(&stand, &old, "heartbeat", "{}".to_owned());
    assert_ne!(lockout.status(), 200);
    let path = format!("/v1/terminals/{}/manifest", old.credentials.screen);
    let lockout = stand.get(&old, &path).send().unwrap();
    assert_eq!(lockout.status(), 401);
    let problem = lockout.text().unwrap();
    assert!(problem.contains("screen renew"), "{problem}");
    assert_eq!(post(&stand, &old, "key", String::new()).status(), 401);

    let now = now_ms();
    let (theirs, ours) = (
        minted(&old.credentials, 7, Some(now)),
        minted(&new.credentials, 7, Some(now)),
    );
    assert_ne!(theirs, ours);
    assert_eq!(verdict(&stand, &theirs, now), Ok(()), "it is on phones");
    assert_eq!(verdict(&stand, &ours, now), Ok(()));
    assert_eq!(heartbeat(&stand, &new), 1);
    let later = minted(&old.credentials, 8, Some(now + 60 * MINUTE_MS));
    assert_eq!(verdict(&stand, &later, now), Err(TokenFault::Retired));
}

#[test]
fn a_stolen_machine_and_its_codes_are_refused_before_the_new_one_is_there() {
    let stand = Stand::start();
    let stolen = stand.terminal("one");
    let code = minted(&stolen.credentials, 1, Some(now_ms()));
    assert_eq!(verdict(&stand, &code, now_ms()), Ok(()));
    let renewed = stand.json(&["screen", "renew", "1", "--retire"]);
    assert_eq!(renewed["retired"], json!([0]));
    assert_eq!(verdict(&stand, &code, now_ms()), Err(TokenFault::Retired));
    assert_eq!(post(&stand, &stolen, "key", String::new()).status(), 401);
    let asks = json!({ "token": renewed["token"], "secret": "22".repeat(32) });
    let credentials: Credentials =
        serde_json::from_slice(&stand.enrol(&asks).bytes().unwrap()).unwrap();
    assert_eq!(credentials.generation, 1);
    let code = minted(&credentials, 1, Some(now_ms()));
    assert_eq!(verdict(&stand, &code, now_ms()), Ok(()));
}

#[test]
fn a_machine_that_was_claimed_with_a_code_does_not_come_back_by_it() {
    let stand = Stand::start();
    let asks = json!({ "code": "ABCD1234", "secret": "11".repeat(32) });
    assert_eq!(stand.enrol(&asks).status(), 202);
    stand.json(&["claim", "ABCD1234", "--name", "one"]);
    assert_eq!(stand.enrol(&asks).status(), 200);
    let first = stand.json(&["screen", "renew", "1"]);
    let second = stand.json(&["screen", "renew", "1"]);
    assert_eq!(stand.enrol(&asks).status(), 202, "it waits for a new claim");
    let asks = |token: &Value| json!({ "token": token, "secret": "22".repeat(32) });
    assert_eq!(
        stand.enrol(&asks(&first["token"])).status(),
        401,
        "the newest token is the only one"
    );
    assert_eq!(stand.enrol(&asks(&second["token"])).status(), 200);
}

#[test]
fn screens_that_do_not_exist_are_told_apart_from_nothing() {
    let stand = Stand::start();
    for command in ["rotate", "renew"] {
        let told = refused(&stand, &["screen", command, "7", "--retire"]);
        assert!(told.contains("there is no screen 7"), "{told}");
    }
    let mut nowhere = stand.terminal("one").credentials;
    nowhere.screen = passerby_protocol::ScreenNumber::new(99).unwrap();
    let code = minted(&nowhere, 1, Some(now_ms()));
    assert_eq!(verdict(&stand, &code, now_ms()), Err(TokenFault::Forged));
}
