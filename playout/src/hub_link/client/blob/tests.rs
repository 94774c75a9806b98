//! Servers that answer requests for a part in every wrong way, over real sockets.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use passerby_protocol::Digest;
use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;
use crate::content::cache::{Cache, CacheError};

const BYTES: &[u8] = b"a picture that is long enough to be cut somewhere in its middle";

fn asset() -> Asset {
    Asset {
        sha256: Digest::of(BYTES),
        size: BYTES.len() as u64,
        media_type: "image/png".to_owned(),
    }
}

fn head(status: &str, headers: &[(&str, String)]) -> String {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n")
}

/// Answers one request after another with these bytes; returns the address, and what was asked once
/// all is answered.
fn server(answers: Vec<Vec<u8>>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let asked = std::thread::spawn(move || {
        answers
            .into_iter()
            .map(|answer| {
                let (mut stream, _) = listener.accept().expect("a caller");
                let mut request = String::new();
                let mut reader = BufReader::new(stream.try_clone().expect("clones"));
                while !request.ends_with("\r\n\r\n")
                    && reader.read_line(&mut request).expect("reads") > 0
                {}
                // A caller that has seen enough hangs up.
                let _ = stream.write_all(&answer);
                request
            })
            .collect()
    });
    (url, asked)
}

/// What came of a download that had `got` bytes on disk already.
struct Came {
    result: Result<(), HubError>,
    finished: Option<Result<bool, CacheError>>,
    asked: Vec<String>,
    cache: Cache,
    _folder: tempfile::TempDir,
}

impl Came {
    fn got_next_time(&self) -> u64 {
        self.cache.begin(&asset()).expect("begins").got()
    }
}

fn fetch(got: usize, answers: Vec<Vec<u8>>) -> Came {
    let folder = tempfile::tempdir().expect("folder");
    let cache = Cache::new(folder.path());
    let mut before = cache.begin(&asset()).expect("begins");
    before.write(&BYTES[..got]).expect("writes");
    drop(before);
    let (url, asked) = server(answers);
    let client = HubClient::new(&url, None);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut download = cache.begin(&asset()).expect("resumes");
    assert_eq!(download.got(), got as u64);
    let result = runtime.block_on(client.blob(&asset(), &mut download));
    let finished = result.is_ok().then(|| download.finish());
    Came {
        result,
        finished,
        asked: asked.join().expect("the server ends"),
        cache,
        _folder: folder,
    }
}

fn part(range: &str, body: &[u8]) -> Vec<u8> {
    let headers = [
        ("content-range", range.to_owned()),
        ("content-length", body.len().to_string()),
    ];
    [
        head("206 Partial Content", &headers).into_bytes(),
        body.to_vec(),
    ]
    .concat()
}

fn whole(body: &[u8]) -> Vec<u8> {
    let headers = [("content-length", body.len().to_string())];
    [head("200 OK", &headers).into_bytes(), body.to_vec()].concat()
}

#[test]
fn only_the_rest_is_asked_for_and_only_of_the_same_file() {
    let size = BYTES.len();
    let came = fetch(
        20,
        vec![part(&format!("bytes 20-{}/{size}", size - 1), &BYTES[20..])],
    );
    assert!(matches!(came.finished, Some(Ok(true))), "{:?}", came.result);
    let asked = came.asked[0].to_ascii_lowercase();
    assert!(asked.contains("\r\nrange: bytes=20-\r\n"), "{asked}");
    let tag = format!("\r\nif-range: \"{}\"\r\n", Digest::of(BYTES));
    assert!(
        asked.contains(&tag) && asked.contains("\r\naccept-encoding: identity\r\n"),
        "{asked}"
    );
    let fresh = fetch(0, vec![whole(BYTES)]);
    assert!(matches!(fresh.finished, Some(Ok(true))));
    assert!(!fresh.asked[0].to_ascii_lowercase().contains("\r\nrange:"));
}

#[test]
fn a_server_that_sends_the_whole_instead_costs_nothing_that_was_there() {
    let came = fetch(20, vec![whole(BYTES)]);
    assert!(matches!(came.finished, Some(Ok(true))), "{:?}", came.result);
    // Cut short again: what was there stays.
    let cut = [
        head("200 OK", &[("content-length", BYTES.len().to_string())]).into_bytes(),
        BYTES[..10].to_vec(),
    ];
    let came = fetch(20, vec![cut.concat()]);
    assert!(
        matches!(came.result, Err(HubError::Unreachable { .. })),
        "{:?}",
        came.result
    );
    assert_eq!(came.got_next_time(), 20);
}

#[test]
fn a_range_that_the_server_does_not_have_is_followed_by_the_whole() {
    let refusal = head(
        "416 Range Not Satisfiable",
        &[("content-range", "bytes */3".to_owned())],
    );
    let came = fetch(20, vec![refusal.into_bytes(), whole(BYTES)]);
    assert!(matches!(came.finished, Some(Ok(true))), "{:?}", came.result);
    assert!(!came.asked[1].to_ascii_lowercase().contains("\r\nrange:"));
}

#[test]
fn other_parts_lengths_forms_and_pages_are_refused_before_a_byte_is_taken() {
    let size = BYTES.len();
    let rest = &BYTES[20..];
    let wrong = [
        part(&format!("bytes 0-{}/{size}", size - 1), BYTES),
        part(&format!("bytes 21-{}/{size}", size - 1), &BYTES[21..]),
        part(
            &format!("bytes 20-{}/{size}", size - 2),
            &BYTES[20..size - 1],
        ),
        part(&format!("bytes 20-{}/{}", size - 1, size + 1), rest),
        part("bytes 20-/*", rest),
        part("lines 20-30/40", rest),
        part(&format!("bytes 20-{}/{size}", size - 1), &BYTES[25..]),
        [head("206 Partial Content", &[]).into_bytes(), rest.to_vec()].concat(),
        whole(b"<html>Please accept our terms</html>"),
        whole(&[BYTES, b"more"].concat()),
        whole(b""),
        [
            head(
                "200 OK",
                &[("content-type", "text/html; charset=utf-8".to_owned())],
            )
            .into_bytes(),
            vec![b'x'; 200],
        ]
        .concat(),
        [
            head("200 OK", &[("content-encoding", "compress".to_owned())]).into_bytes(),
            BYTES.to_vec(),
        ]
        .concat(),
        head("204 No Content", &[]).into_bytes(),
        head("304 Not Modified", &[]).into_bytes(),
        head(
            "302 Found",
            &[("location", "file:///etc/passwd".to_owned())],
        )
        .into_bytes(),
    ];
    for answer in wrong {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        let came = fetch(20, vec![answer]);
        assert!(
            matches!(
                came.result,
                Err(HubError::NotAHub { .. } | HubError::Status { .. })
            ),
            "{shown}: {:?}",
            came.result
        );
        assert_eq!(came.got_next_time(), 20, "{shown}");
    }
}

#[test]
fn a_body_without_a_length_is_held_to_the_manifests() {
    let endless = [
        head("200 OK", &[]).into_bytes(),
        BYTES.to_vec(),
        vec![b'x'; 1 << 20],
    ]
    .concat();
    let came = fetch(20, vec![endless]);
    assert!(
        matches!(came.result, Err(HubError::Cache(CacheError::TooLong(_)))),
        "{:?}",
        came.result
    );
    assert_eq!(came.got_next_time(), 0, "it is thrown away");
    let short = [head("200 OK", &[]).into_bytes(), BYTES[..30].to_vec()].concat();
    let came = fetch(20, vec![short]);
    assert!(
        matches!(came.finished, Some(Ok(false))),
        "{:?}",
        came.result
    );
    assert_eq!(came.got_next_time(), 30);
    let other: Vec<u8> = BYTES.iter().map(|byte| byte ^ 1).collect();
    let came = fetch(20, vec![whole(&other)]);
    assert!(
        matches!(came.finished, Some(Err(CacheError::Hash(_)))),
        "{:?}",
        came.result
    );
    assert_eq!(came.got_next_time(), 0);
}

proptest! {
    #![proptest_config(random_cases(64))]

    #[test]
    fn wherever_it_is_cut_and_however_the_server_goes_on_the_file_is_whole_or_not_there(
        got in 0..BYTES.len(),
        cut in 0..=BYTES.len(),
        ranges: bool,
    ) {
        let size = BYTES.len();
        let answer = |from: usize, to: usize| {
            let head = if ranges && from > 0 {
                head("206 Partial Content", &[("content-range", format!("bytes {from}-{}/{size}", size - 1))])
            } else {
                head("200 OK", &[])
            };
            let from = if ranges { from } else { 0 };
            [head.into_bytes(), BYTES[from..to.max(from)].to_vec()].concat()
        };
        let came = fetch(got, vec![answer(got, cut)]);
        prop_assert!(came.result.is_ok());
        let is_whole = cut == size;
        prop_assert_eq!(matches!(came.finished, Some(Ok(true))), is_whole);
        prop_assert_eq!(came.cache.has(&asset()), is_whole);
        if !is_whole {
            prop_assert_eq!(came.got_next_time(), cut.max(got) as u64);
        }
    }
}
