//! Small bodies that say to be large ones.

use std::thread;

use reqwest::blocking::Client;

use crate::attack::{Attacked, PATIENCE};

/// As far as a hub unpacks a batch.
const UNPACKED_BYTES: usize = 16 << 20;
/// Enough to be far more than a batch may have.
const LONG_BYTES: usize = 4 << 20;

/// A batch whose end is this.
fn batch(rest: &str) -> String {
    format!(r#"{{"epoch":"0000000000000001","first_seq":1,"anchors":[],{rest}"#)
}

/// A batch that repeats something without an end.
fn filled(bytes: usize, before: &str, entry: &str) -> Vec<u8> {
    let mut text = batch(before);
    let times = (bytes - text.len()) / entry.len();
    text += &entry.repeat(times);
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

#[test]
fn bodies_that_grow_a_thousandfold_need_little_memory() {
    let mut attacked = Attacked::start("bodies that grow a thousandfold");
    let bombs = [
        filled(UNPACKED_BYTES, r#""boots":["#, r#""","#),
        filled(UNPACKED_BYTES, r#""boots":[""#, "x"),
        filled(
            LONG_BYTES,
            r#""contents":["#,
            r#"{"assignment":0,"campaign":"","creative":"00"},"#,
        ),
        filled(LONG_BYTES, r#""known":["#, r#"{"boot":"","anchors":[]},"#),
        filled(LONG_BYTES, r#""known":[{"boot":"","anchors":["#, "[0,0],"),
        filled(
            LONG_BYTES,
            r#""gaps":["#,
            r#"{"after_seq":0,"reason":0,"plays":0,"boot":"","from_boot_ms":0,"until_boot_ms":0},"#,
        ),
        filled(LONG_BYTES, r#""columns":{"number":["#, "0,"),
        filled(LONG_BYTES, r#""columns":{"outcome":["#, "0,"),
        filled(LONG_BYTES, r#""unheard-of":["#, "[],"),
        filled(LONG_BYTES, r#""unheard-of":"#, "["),
        filled(LONG_BYTES, "", " "),
        // A frame whose window alone would be 2 GB.
        [&[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8][..], &[0; 64]].concat(),
    ];
    for bomb in &bombs {
        assert!(bomb.len() < 64 << 10, "{}", bomb.len());
        let statuses: Vec<u16> = thread::scope(|scope| {
            let senders = [(); 8].map(|()| {
                scope.spawn(|| {
                    let client = Client::builder().timeout(PATIENCE).build().unwrap();
                    let address = attacked.stand.address("/v1/terminals/1/plays");
                    let request = client.post(address);
                    let request = request.bearer_auth(&attacked.terminal.credentials.bearer);
                    request.body(bomb.clone()).send().unwrap().status().as_u16()
                })
            });
            senders.map(|sender| sender.join().unwrap()).into()
        });
        // None is taken; 503 says that its turn did not come in time, on a slow machine.
        assert!(
            statuses
                .iter()
                .all(|status| matches!(status, 400 | 413 | 429 | 503)),
            "{statuses:?}"
        );
        attacked.honest_scan();
    }
    attacked.assert_withstood();
}
