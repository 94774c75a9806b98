//! Answers that are asked for and not read.

use std::net::TcpStream;

use crate::attack::{ATTACKER, Attacked, answer};

/// Asks for a creative and reads nothing of it.
fn ask(attacked: &Attacked, digest: &str) -> TcpStream {
    let bearer = &attacked.terminal.credentials.bearer;
    let request = format!(
        "GET /v1/blobs/{digest} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {bearer}\r\n\r\n"
    );
    attacked.send(ATTACKER, request.as_bytes())
}

#[test]
fn who_does_not_read_an_answer_is_dropped_and_has_few_of_them() {
    let mut attacked = Attacked::start("answers that are not read");
    let manifest = attacked.stand.manifest(&attacked.terminal);
    let asset = &manifest.assets[0];
    let (digest, size) = (asset.sha256.to_string(), asset.size);
    assert!(size > 128 << 10, "{size} bytes go into buffers on the way");
    let before = attacked.sockets();
    // Fewer than a link has places for connections, so that each of them is answered, also by a
    // slow hub.
    let open: Vec<_> = (0..200).map(|_| ask(&attacked, &digest)).collect();
    for _ in 0..3 {
        attacked.honest_scan();
        attacked.honest_scan_from(ATTACKER);
    }
    attacked.assert_withstood();
    attacked.until("the hub gives them up", |attacked| {
        attacked.sockets() <= before
    });
    let mut whole = 0;
    let mut refused = 0;
    for said in open.into_iter().map(answer) {
        whole += usize::from(said.len() as u64 > size);
        refused += usize::from(said.starts_with("HTTP/1.1 429 "));
    }
    assert_eq!((whole, refused), (0, 192));
    // Whoever reads gets it.
    let path = format!("/v1/blobs/{digest}");
    let read = attacked
        .stand
        .get(&attacked.terminal, &path)
        .send()
        .unwrap();
    assert_eq!(read.bytes().unwrap().len() as u64, size);
}
