//! Small bodies that say to be large ones.

use std::thread;

use passerby_protocol::limits::{
    BATCH_PLAYS_MAX, BOOT_ANCHORS_MAX, BOOT_BYTES_MAX, BOOTS_REDATED_MAX, CAMPAIGN_BYTES_MAX,
};
use passerby_protocol::plays::PlayBatch;
use reqwest::blocking::Client;

use crate::attack::{Attacked, PATIENCE};

/// As far as a hub unpacks a batch.
const UNPACKED_BYTES: usize = 16 << 20;
/// Enough to be far more than a batch may have.
const LONG_BYTES: usize = 4 << 20;

/// How many letters of a text are sent: as many as fit, whichever they are.
const TEXT_BYTES: usize = UNPACKED_BYTES - (1 << 10);
/// A letter, one that an error writes as eight, and one that JSON writes as six.
const LETTERS: [&str; 3] = ["x", "\u{200b}", r"\u0001"];
/// Bodies with a text for each that a batch may have, and where it has none.
const BODIES_WITH_A_TEXT: [&str; 14] = [
    r#"{"epoch":"TEXT"}"#,
    r#"{"TEXT":1}"#,
    r#"{"first_seq":"TEXT"}"#,
    r#"{"anchors":"TEXT"}"#,
    r#"{"anchors":[{"boot":"TEXT"}]}"#,
    r#"{"known":[{"boot":"TEXT"}]}"#,
    r#"{"known":[{"anchors":["TEXT"]}]}"#,
    r#"{"boots":["TEXT"]}"#,
    r#"{"contents":[{"campaign":"TEXT"}]}"#,
    r#"{"contents":[{"creative":"TEXT"}]}"#,
    r#"{"gaps":[{"boot":"TEXT"}]}"#,
    r#"{"columns":{"outcome":["TEXT"]}}"#,
    r#"{"unheard-of":"TEXT"}"#,
    r#""TEXT""#,
];

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

/// A batch with as much of everything as there may be.
fn fullest() -> Vec<u8> {
    let list = |entry: &str, entries: usize| format!("[{}]", vec![entry; entries].join(","));
    let known = format!(
        r#"{{"boot":"","anchors":{}}}"#,
        list("[0,0]", BOOT_ANCHORS_MAX)
    );
    let boot = format!("{:0>1$}", "", BOOT_BYTES_MAX);
    let content = format!(
        r#"{{"assignment":0,"campaign":"{:0>2$}","creative":"{:0>3$}"}}"#,
        "", "", CAMPAIGN_BYTES_MAX, 64
    );
    let gap = format!(
        r#"{{"after_seq":0,"reason":0,"plays":0,"boot":"{boot}","from_boot_ms":0,"until_boot_ms":0}}"#
    );
    let numbers = list("0", BATCH_PLAYS_MAX);
    let text = format!(
        r#"{{"epoch":"0000000000000001","first_seq":1,"anchors":{},"known":{},"boots":{},"contents":{},"columns":{{"number":{numbers},"content":{numbers},"boot":{numbers},"start_boot_ms":{numbers},"visible_ms":{numbers},"outcome":{numbers},"display":{numbers}}},"gaps":{}}}"#,
        list(
            &format!(r#"{{"boot":"{boot}","boot_ms":0,"wall_ms":0}}"#),
            BATCH_PLAYS_MAX + 1
        ),
        list(&known, BATCH_PLAYS_MAX + BOOTS_REDATED_MAX),
        list(&format!(r#""{boot}""#), BATCH_PLAYS_MAX),
        list(&content, BATCH_PLAYS_MAX),
        list(&gap, 5 * BATCH_PLAYS_MAX),
    );
    assert!(serde_json::from_str::<PlayBatch>(&text).is_ok() && text.len() < UNPACKED_BYTES);
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

/// Sends a body so many times at once; returns the answers' status codes.
fn send_at_once<const TIMES: usize>(attacked: &Attacked, body: &[u8]) -> [u16; TIMES] {
    thread::scope(|scope| {
        let senders = [(); TIMES].map(|()| {
            scope.spawn(|| {
                let client = Client::builder().timeout(PATIENCE).build().unwrap();
                let address = attacked.stand.address("/v1/terminals/1/plays");
                let request = client.post(address);
                let request = request.bearer_auth(&attacked.terminal.credentials.bearer);
                request
                    .body(body.to_vec())
                    .send()
                    .unwrap()
                    .status()
                    .as_u16()
            })
        });
        senders.map(|sender| sender.join().unwrap())
    })
}

#[test]
fn texts_of_millions_of_letters_need_little_memory_wherever_they_stand() {
    let mut attacked = Attacked::start("texts of millions of letters");
    for body in BODIES_WITH_A_TEXT {
        for letter in LETTERS {
            let text = letter.repeat(TEXT_BYTES / letter.len());
            let body = body.replace("TEXT", &text);
            let statuses =
                send_at_once::<4>(&attacked, &zstd::encode_all(body.as_bytes(), 3).unwrap());
            assert!(
                statuses.iter().all(|status| matches!(status, 400 | 503)),
                "{statuses:?} {letter:?} {}",
                &body[..40]
            );
        }
        attacked.honest_scan();
    }
    attacked.assert_withstood();
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
        fullest(),
        // A frame whose window alone would be 2 GB.
        [&[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8][..], &[0; 64]].concat(),
    ];
    for bomb in &bombs {
        assert!(bomb.len() < 64 << 10, "{}", bomb.len());
        let statuses = send_at_once::<8>(&attacked, bomb);
        // None is taken; 503 says that its turn did not come in time, on a slow machine.
        assert!(
            statuses
                .iter()
                .all(|status| matches!(status, 400 | 413 | 422 | 429 | 503)),
            "{statuses:?}"
        );
        attacked.honest_scan();
    }
    attacked.assert_withstood();
}
