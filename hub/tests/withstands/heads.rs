//! Heads of requests that are never finished, or have no end.

use crate::attack::{ATTACKER, Attacked, PROXY, answer, have_many_descriptors};
use crate::stand::Stand;

const HALF: &[u8] = b"GET / HTTP/1.1\r\nhost: hub\r\nx-half: ";

#[test]
fn half_sent_heads_of_one_address_keep_nobody_out() {
    have_many_descriptors();
    let mut attacked = Attacked::start("half-sent heads");
    let mut open = Vec::new();
    for _ in 0..6 {
        open.extend((0..700).map(|_| attacked.send(ATTACKER, HALF)));
        attacked.honest_scan();
        // Not even others behind the same address.
        attacked.honest_scan_from(ATTACKER);
    }
    assert_eq!(open.len(), 4_200);
    // One link has 256 places, and the program some files of its own.
    let descriptors = attacked.descriptors();
    assert!(descriptors < 400, "{descriptors}");
    attacked.assert_withstood();
}

#[test]
fn half_sent_heads_through_a_proxy_or_from_everywhere_keep_nobody_out() {
    have_many_descriptors();
    let mut attacked = Attacked::start("half-sent heads through a proxy");
    let mut head = HALF.to_vec();
    head.resize(15 << 10, b'x');
    let mut open = Vec::new();
    for _ in 0..6 {
        open.extend((0..700).map(|_| attacked.send(PROXY, &head)));
        attacked.honest_scan();
        attacked.honest_scan_from(ATTACKER);
    }
    attacked.assert_withstood();
}

#[test]
fn half_sent_heads_at_1024_descriptors_keep_nobody_out() {
    have_many_descriptors();
    let stand = Stand::start_with_descriptors(1_024);
    let mut attacked = Attacked::with(stand, "half-sent heads at 1,024 descriptors");
    let mut open = Vec::new();
    for from in [ATTACKER, PROXY] {
        for _ in 0..3 {
            open.extend((0..400).map(|_| attacked.send(from, HALF)));
            attacked.honest_scan();
            attacked.honest_scan_from(ATTACKER);
        }
    }
    attacked.assert_withstood();
}

#[test]
fn heads_have_a_size_and_a_time() {
    let attacked = Attacked::start("");
    let unfinished = attacked.send(ATTACKER, HALF);
    let silent = attacked.connect(ATTACKER);
    for end in ["", "\r\n\r\n"] {
        let long = format!(
            "GET / HTTP/1.1\r\nhost: hub\r\nx-long: {}{end}",
            "x".repeat(20 << 10)
        );
        let said = answer(attacked.send(ATTACKER, long.as_bytes()));
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
    let many = format!(
        "GET / HTTP/1.1\r\nhost: hub\r\n{}\r\n",
        "a:\r\n".repeat(200)
    );
    let said = answer(attacked.send(ATTACKER, many.as_bytes()));
    assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    // What is no request in time is closed without a word.
    assert_eq!(answer(unfinished), "");
    assert_eq!(answer(silent), "");
}
