//! Captive portals, proxies and gateways that answer in the hub's place.

use passerby_playout::hub_link::HubError;
use passerby_playout::hub_link::send_state::{Answer, SendState, SentRows};

use crate::server::{Server, batch, bounded, everything_fails, screen};

const PAGE: &str = "<!doctype html><title>Welcome</title>Please log in";

fn page(status: &str, headers: &str) -> Server {
    Server::saying(format!(
        "HTTP/1.1 {status}\r\n{headers}content-type: text/html\r\ncontent-length: {}\r\n\r\n{PAGE}",
        PAGE.len()
    ))
}

#[test]
fn a_web_page_in_the_hubs_place_is_told_in_words_whatever_its_status() {
    for status in [
        "200 OK",
        "401 Unauthorized",
        "403 Forbidden",
        "410 Gone",
        "451 No",
    ] {
        for error in everything_fails(&page(status, "")) {
            let words = error.to_string();
            assert!(
                words.contains("answers in its place") && words.contains("Wi-Fi log-in"),
                "{status}: {words}"
            );
            assert!(
                !words.contains("Welcome"),
                "nothing of it is repeated: {words}"
            );
        }
    }
}

#[test]
fn no_word_of_a_stranger_stops_acknowledges_or_sets_aside() {
    let problem = |status: u16, more: &str| {
        let body = format!(r#"{{"status":{status},"title":"no"{more}}}"#);
        Server::saying(format!(
            "HTTP/1.1 {status} No\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    };
    let mut servers: Vec<Server> = [
        "200 OK",
        "400 No",
        "401 No",
        "403 No",
        "409 No",
        "410 No",
        "413 No",
        "422 No",
        "429 No",
        "500 No",
        "502 No",
        "511 Network Authentication Required",
    ]
    .iter()
    .map(|status| page(status, "retry-after: 99999999\r\n"))
    .collect();
    servers.extend([400, 401, 403, 410, 422].map(|status| problem(status, "")));
    servers.push(problem(409, r#","expected_seq":999999"#));
    // JSON, but not of the ledger that was sent.
    let other = r#"{"epoch":"0000000000000009","acked_through":999,"rejected":[],"server_time_ms":0,"next_after_ms":0}"#;
    for body in [other, "{}", "[]", "null"] {
        servers.push(Server::saying(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )));
    }
    for server in &servers {
        let answer = bounded(server, async |hub| {
            Ok::<_, HubError>(hub.plays(screen(), &batch()).await)
        })
        .expect("an answer");
        assert!(
            matches!(
                answer,
                Answer::Unavailable { .. } | Answer::TooLargeOnTheWay
            ),
            "{answer:?}"
        );
        let mut sync = SendState::default();
        sync.answered(0, SentRows::of(&batch()), &answer, 1);
        assert!(sync.next_at_ms().is_some_and(|next| next <= 15 * 60_000));
    }
}

#[test]
fn a_redirect_is_not_followed_wherever_it_leads() {
    let target = Server::saying("HTTP/1.1 200 OK\r\n\r\n");
    for location in [
        format!("{}/v1/steal", target.url),
        "file:///etc/passwd".to_owned(),
        "//portal.example/login".to_owned(),
        "data:application/json,{}".to_owned(),
    ] {
        for status in ["301 Moved", "302 Found", "303 See Other", "307 T", "308 P"] {
            let server = page(status, &format!("location: {location}\r\n"));
            for error in everything_fails(&server) {
                let words = error.to_string();
                assert!(words.contains("it sends on to"), "{words}");
            }
        }
    }
    assert_eq!(target.connections(), 0);
}
