//! Large bodies from those who may not send them, or send them slowly.

use std::thread;

use crate::attack::{ATTACKER, Attacked, answer};

/// As large as a batch of plays may be.
const BODY_BYTES: usize = 1 << 20;

fn head(path: &str, bearer: &str, length: &str) -> Vec<u8> {
    head_of("POST", path, bearer, length)
}

fn head_of(method: &str, path: &str, bearer: &str, length: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {bearer}\r\n{length}\r\n\r\n")
        .into_bytes()
}

#[test]
fn bodies_with_a_wrong_bearer_are_not_kept() {
    let mut attacked = Attacked::start("bodies with a wrong bearer");
    // All but its last byte: whoever wants the whole of it waits.
    let mut request = head(
        "/v1/terminals/1/plays",
        &"0".repeat(64),
        &format!("content-length: {BODY_BYTES}"),
    );
    request.resize(request.len() + BODY_BYTES - 1, b' ');
    for _ in 0..8 {
        let _open: Vec<_> = thread::scope(|scope| {
            let senders = [(); 8].map(|()| {
                scope.spawn(|| {
                    let send = |_| attacked.send(ATTACKER, &request);
                    (0..50).map(send).collect::<Vec<_>>()
                })
            });
            senders.map(|sender| sender.join().unwrap()).into()
        });
        attacked.honest_scan();
    }
    attacked.assert_withstood();
    // The program itself is no part of it: of one without optimisation that is as much again.
    let before_mb = 60;
    attacked.until("the memory goes back", |attacked| {
        attacked.figure_mb("RssAnon:") < before_mb
    });
}

#[test]
fn who_may_not_ask_is_answered_before_the_body_is_there() {
    let attacked = Attacked::start("");
    let digest = "0".repeat(64);
    for (call, path) in [
        ("POST", "/v1/terminals/1/plays"),
        ("POST", "/v1/terminals/1/heartbeat"),
        ("POST", "/v1/terminals/1/key"),
        ("GET", "/v1/terminals/1/manifest"),
        ("GET", "/v1/terminals/1/manifest-keys?after=0"),
        ("GET", "/v1/terminals/1/tallies?zone=UTC"),
        ("GET", &format!("/v1/blobs/{digest}")),
    ] {
        for length in ["content-length: 1000000", "transfer-encoding: chunked"] {
            let request = head_of(call, path, &digest, length);
            let said = answer(attacked.send(ATTACKER, &request));
            assert!(
                said.starts_with("HTTP/1.1 401 "),
                "{call} {path} {length}: {said}"
            );
        }
    }
    // Also the bearer of another screen.
    let other = attacked.stand.terminal("two").credentials.bearer;
    for path in ["/v1/terminals/1/plays", "/v1/terminals/1/heartbeat"] {
        let request = head(path, &other, "content-length: 1000000");
        let said = answer(attacked.send(ATTACKER, &request));
        assert!(said.starts_with("HTTP/1.1 403 "), "{path}: {said}");
    }
}

#[test]
fn bodies_that_are_too_long_are_refused_before_they_are_there() {
    let attacked = Attacked::start("");
    let bearer = &attacked.terminal.credentials.bearer;
    for (path, bytes) in [
        ("/v1/enroll", (16 << 10) + 1),
        ("/v1/terminals/1/heartbeat", (16 << 10) + 1),
        ("/v1/terminals/1/plays", BODY_BYTES + 1),
    ] {
        let request = head(path, bearer, &format!("content-length: {bytes}"));
        let said = answer(attacked.send(ATTACKER, &request));
        assert!(said.starts_with("HTTP/1.1 413 "), "{path}: {said}");
        // Nobody said how long it is.
        let mut request = head(path, bearer, "transfer-encoding: chunked");
        request.extend(format!("{bytes:x}\r\n").bytes());
        request.resize(request.len() + bytes, b' ');
        let said = answer(attacked.send(ATTACKER, &request));
        assert!(said.starts_with("HTTP/1.1 413 "), "{path}: {said}");
    }
}

#[test]
fn bodies_that_stop_half_way_are_given_up() {
    let mut attacked = Attacked::start("bodies that stop half way");
    let request = head("/v1/enroll", "", "content-length: 16384");
    let open: Vec<_> = (0..600)
        .map(|_| attacked.send(ATTACKER, &request))
        .collect();
    for _ in 0..3 {
        attacked.honest_scan_from(ATTACKER);
    }
    let newest = open.into_iter().next_back().unwrap();
    let said = answer(newest);
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    attacked.assert_withstood();
}
