//! Requests with and without the token, from here and from elsewhere.

use axum::routing::get;
use passerby_playout::system::clock::SystemClock;
use reqwest::blocking::{Client, RequestBuilder};

use super::*;
use crate::local_page::listener::{BOUNDS, tests};

const TOKEN: &str = "correct-horse-battery";

/// Serves one answer behind a guard on a free port; returns the address. Nobody but this
/// machine can be tested with, so the guard is told that it stands elsewhere.
fn serve(listen: [u8; 4], token: Option<&str>) -> String {
    // reqwest asks for a provider even when it only speaks http; another test may have been
    // first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let token = token.map(|token| token.parse().expect("a token"));
    let clock = Arc::new(SystemClock::new(false));
    let guard = AccessGuard::new(listen.into(), token.as_ref(), clock);
    let page = async |by_link: Option<axum::Extension<ByLink>>| {
        by_link.map_or_else(String::new, |axum::Extension(ByLink(token))| token)
    };
    let app = Router::new()
        .route("/", get(page).post(page))
        .route("/api/context", get(page));
    tests::serve(guard.around(app), BOUNDS)
}

fn status(request: RequestBuilder) -> u16 {
    request.send().expect("an answer").status().as_u16()
}

#[test]
fn nothing_is_answered_without_the_token_and_everything_with_it() {
    let base = serve([0, 0, 0, 0], Some(TOKEN));
    let client = Client::new();
    let refused = client.get(&base).send().expect("an answer");
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert_eq!(refused.headers()["cache-control"], "no-store");
    let page = refused.text().expect("text");
    assert!(
        page.contains("opens with a page token") && !page.contains(TOKEN),
        "{page}"
    );
    let refused = client
        .get(format!("{base}/api/context"))
        .send()
        .expect("an answer");
    assert_eq!(refused.status(), 401);
    assert!(refused.text().expect("text").starts_with("{\"error\":"));
    assert_eq!(status(client.get(format!("{base}/nothing/here"))), 401);

    assert_eq!(status(client.get(&base).bearer_auth(TOKEN)), 200);
    assert_eq!(status(client.post(&base).bearer_auth(TOKEN)), 200);
    let link = client.get(format!("{base}/?a=b&token={TOKEN}"));
    let answer = link.send().expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(
        !answer.headers().contains_key("set-cookie"),
        "nothing is kept"
    );
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
    assert_eq!(
        answer.text().expect("text"),
        TOKEN,
        "its own links carry it on"
    );
    assert_eq!(status(client.get(&base)), 401, "it is asked for each time");
}

#[test]
fn the_right_token_opens_however_often_others_at_the_same_address_have_guessed() {
    let base = serve([0, 0, 0, 0], Some(TOKEN));
    let client = Client::new();
    let wrong = |guess: u32| {
        client
            .get(&base)
            .bearer_auth(format!("wrong-wrong-wrong-{guess}"))
    };
    for guess in 0..GUESSES_MAX {
        assert_eq!(status(wrong(guess)), 401);
    }
    for guess in 0..30 {
        let stopped = wrong(guess).send().expect("an answer");
        assert_eq!(stopped.status(), 429);
        assert_eq!(stopped.headers()["retry-after"], "60");
        assert_eq!(status(client.get(&base).bearer_auth(TOKEN)), 200);
        assert_eq!(status(client.get(format!("{base}/?token={TOKEN}"))), 200);
    }
    assert_eq!(status(client.get(&base)), 401, "no token is no guess");
}

#[test]
fn a_page_for_others_is_not_shown_or_used_by_other_websites() {
    let base = serve([0, 0, 0, 0], Some(TOKEN));
    let client = Client::new();
    let get = |headers: &[(&str, &str)]| {
        let request = client.get(&base).bearer_auth(TOKEN);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        status(request)
    };
    assert_eq!(get(&[("host", "evil.example")]), 403);
    assert_eq!(get(&[("host", "192.168.1.9:8421")]), 200);
    assert_eq!(
        get(&[
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "no-cors")
        ]),
        403
    );
    let framed = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ];
    assert_eq!(get(&framed), 403);
    let followed = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    assert_eq!(get(&followed), 200, "a link may lead here");
    let post =
        |name: &str, value: &str| status(client.post(&base).bearer_auth(TOKEN).header(name, value));
    assert_eq!(post("origin", "http://evil.example"), 403);
    assert_eq!(post("sec-fetch-site", "same-site"), 403);
    assert_eq!(post("origin", &base), 200);
}

#[test]
fn a_token_that_the_operator_chose_is_asked_for_on_this_machine_too() {
    let base = serve([127, 0, 0, 1], Some(TOKEN));
    assert_eq!(status(Client::new().get(&base)), 401);
    assert_eq!(status(Client::new().get(&base).bearer_auth(TOKEN)), 200);
    let open = serve([127, 0, 0, 1], None);
    assert_eq!(status(Client::new().get(&open)), 200);
}

fn guard(listen: [u8; 4]) -> AccessGuard {
    AccessGuard {
        machine: "kiosk-7".to_owned(),
        ..AccessGuard::new(listen.into(), None, Arc::new(SystemClock::new(false)))
    }
}

#[test]
fn a_page_for_others_is_asked_for_by_address_or_the_machines_name_and_a_local_one_by_loopback() {
    let (local, open) = (guard([127, 0, 0, 1]), guard([0, 0, 0, 0]));
    for host in ["127.0.0.1:8421", "localhost", "[::1]:8421", "LOCALHOST:1"] {
        assert!(local.is_own_name(host) && open.is_own_name(host), "{host}");
    }
    for host in [
        "192.168.1.9:8421",
        "[fe80::1]:8421",
        "kiosk-7:8421",
        "KIOSK-7.local",
    ] {
        assert!(!local.is_own_name(host) && open.is_own_name(host), "{host}");
    }
    for host in [
        "",
        "evil.example",
        "127.0.0.1.evil.example:8421",
        "kiosk-7.evil.example",
        ".local",
    ] {
        assert!(
            !local.is_own_name(host) && !open.is_own_name(host),
            "{host}"
        );
    }
    let nameless = AccessGuard {
        machine: String::new(),
        ..guard([0, 0, 0, 0])
    };
    assert!(!nameless.is_own_name(".local") && !nameless.is_own_name(""));
}

#[test]
fn guesses_are_counted_by_network_for_a_minute_and_memory_is_bounded() {
    let guard = guard([0, 0, 0, 0]);
    let peer = |number: u32| IpAddr::from(number.to_be_bytes());
    for _ in 0..GUESSES_MAX {
        assert!(!guard.is_guessing(peer(1), 500));
    }
    assert!(guard.is_guessing(peer(1), 500 + GUESS_MS - 1));
    assert!(!guard.is_guessing(peer(2), 500));
    assert!(
        !guard.is_guessing(peer(1), 500 + GUESS_MS),
        "it begins anew"
    );
    for number in 0..10_000 {
        guard.is_guessing(peer(number), 1_000_000 + u64::from(number));
    }
    assert_eq!(guard.guesses.lock().expect("free").len(), GUESSERS_MAX);
    // One machine has more addresses than anybody could remember.
    let address = |number: u16| IpAddr::from([0x2a00, 1, 2, 3, 0, 0, 0, number]);
    for number in 0..10 {
        assert!(!guard.is_guessing(address(number), 2_000_000));
    }
    assert!(guard.is_guessing(address(10), 2_000_000));
    assert!(!guard.is_guessing(IpAddr::from([0x2a00, 1, 2, 4, 0, 0, 0, 1]), 2_000_000));
}
