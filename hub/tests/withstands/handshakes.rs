//! TLS that is never agreed on, or has no end.

use std::io::{Read as _, Write as _};

use crate::attack::{ATTACKER, Attacked, PROXY, answer, have_many_descriptors};
use crate::stand::Stand;
use crate::test_certificates::Authority;

/// A record that announces a `ClientHello` of 2^14 - 4 bytes, and has its first ones.
const HALF: &[u8] = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03";

fn attacked(by_what: &'static str) -> (tempfile::TempDir, Attacked) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "127.0.0.1", 60);
    let stand = Stand::start_with(&files.options(), Some(authority.pem.as_bytes()));
    (folder, Attacked::with(stand, by_what))
}

#[test]
fn half_agreed_connections_keep_nobody_out_and_need_little_memory() {
    have_many_descriptors();
    let (_folder, mut attacked) = attacked("half-sent handshakes");
    // As much as may come before it is agreed on.
    let mut half = HALF.to_vec();
    half.resize(15 << 10, 0);
    let mut open = Vec::new();
    for from in [ATTACKER, PROXY] {
        for _ in 0..3 {
            open.extend((0..700).map(|_| attacked.send(from, &half)));
            attacked.honest_scan();
            attacked.honest_scan_from(ATTACKER);
        }
    }
    attacked.assert_withstood();
}

#[test]
fn handshakes_have_a_size_and_a_time() {
    let (_folder, mut attacked) = attacked("handshakes without an end");
    let mut silent = attacked.connect(ATTACKER);
    let mut unfinished = attacked.send(ATTACKER, HALF);
    // Messages of many records, each of one byte more.
    let mut endless = attacked.connect(ATTACKER);
    let (mut sent, mut refused) = (0, false);
    let mut record = b"\x16\x03\x01\x04\x00".to_vec();
    record.extend(b"\x01\x00\xff\xff\x03\x03");
    record.resize(5 + 1_024, 0);
    // Far more than the kernel takes for a hub that is slow to say no, or does not read.
    while sent < 64 << 20 && !refused {
        refused = endless.write_all(&record).is_err();
        sent += record.len();
        record[5] = 0;
    }
    assert!(refused, "{sent}");
    // Silence is not answered, and neither is half a word.
    for stream in [&mut silent, &mut unfinished] {
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert!(said.is_empty(), "{said:?}");
    }
    let plain = answer(attacked.send(ATTACKER, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
    assert!(!plain.starts_with("HTTP"), "{plain}");
    attacked.honest_scan();
    attacked.assert_withstood();
}
