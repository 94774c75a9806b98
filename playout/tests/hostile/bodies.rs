//! Answers that never end, come drop by drop, or are not what they say.

use std::io::Write;
use std::time::Duration;

use passerby_playout::content::cache::Cache;
use passerby_playout::hub_link::HubError;
use passerby_protocol::manifest::SIGNATURE_HEADER;

use crate::server::{
    SHORT, SHORT_BUT_FOR_FILES, Server, asset, blob, bounded, everything_fails, flood, screen,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const DROP: Duration = Duration::from_millis(100);

fn with(head: &[u8], tail: &[u8]) -> Vec<u8> {
    [head, tail].concat()
}

#[test]
fn a_hub_that_never_answers_or_answers_byte_by_byte_is_left_in_time() {
    for start in [
        b"".to_vec(),
        b"HTTP/1.1 200 OK\r\nx: ".to_vec(),
        with(OK, b"content-length: 100000\r\n\r\n{"),
        with(OK, b"transfer-encoding: chunked\r\n\r\n"),
    ] {
        // Silence within its limit each time: only the limit of the whole call ends it.
        let server = Server::new(move |stream| flood(stream, &start, b"0", DROP)).within(SHORT);
        for error in everything_fails(&server) {
            let told = matches!(
                error,
                HubError::TimedOut { .. } | HubError::Unreachable { .. } | HubError::NotAHub { .. }
            );
            assert!(told, "{error}");
        }
    }
}

#[test]
fn bodies_and_headers_without_an_end_are_cut_off() {
    let mebibyte = vec![b'7'; 1 << 20];
    let chunk = with(b"100000\r\n", &[&mebibyte[..], b"\r\n"].concat());
    for (start, more) in [
        (with(OK, b"\r\n["), mebibyte.clone()),
        (with(OK, b"content-length: 99999999999\r\n\r\n"), mebibyte),
        (with(OK, b"transfer-encoding: chunked\r\n\r\n"), chunk),
        (
            OK.to_vec(),
            b"x-more: and more and more and more\r\n".repeat(1_000),
        ),
        (with(OK, b"x-long: "), vec![b'x'; 64 << 10]),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
            b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100),
        ),
        (b"HTTP/1.1 503 No\r\n\r\n".to_vec(), vec![b'x'; 64 << 10]),
    ] {
        let server =
            Server::new(move |stream| flood(stream, &start, &more, Duration::ZERO)).within(SHORT);
        everything_fails(&server);
    }
}

#[test]
fn a_manifest_longer_than_any_is_cut_off_and_needs_no_more_memory_than_one() {
    let start = format!("{SIGNATURE_HEADER}: 00\r\n\r\n[");
    let start = with(OK, start.as_bytes());
    let server =
        Server::new(move |stream| flood(stream, &start, &[b'7'; 64 << 10], Duration::ZERO));
    let error = bounded(&server, async |hub| hub.manifest(screen(), None).await);
    assert!(error.is_err());
}

#[test]
fn a_packed_answer_is_not_unpacked() {
    // What looks like a bomb is none to somebody who does not light it.
    for coding in ["gzip", "zstd", "br", "deflate"] {
        let head = format!("content-encoding: {coding}\r\ncontent-length: 4\r\n\r\nbomb");
        let server = Server::saying(with(OK, head.as_bytes()));
        for error in everything_fails(&server) {
            assert!(error.to_string().contains(coding), "{error}");
        }
    }
}

#[test]
fn a_file_that_is_longer_shorter_or_another_than_the_manifest_says_is_never_under_its_name() {
    let folder = tempfile::tempdir().expect("folder");
    let wanted = asset(b"the right picture");
    for body in [
        "the wrong picture",
        "the right picture and more",
        "the right",
    ] {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let server = Server::saying(head);
        assert!(
            !matches!(blob(&server, folder.path(), &wanted), Ok(true)),
            "{body}"
        );
        assert!(!Cache::new(folder.path()).has(&wanted), "{body}");
    }
    let endless = Server::new(|stream| {
        flood(
            stream,
            b"HTTP/1.1 200 OK\r\n\r\n",
            &[b'x'; 4_096],
            Duration::ZERO,
        );
    });
    assert!(blob(&endless, folder.path(), &wanted).is_err());
    let held: u64 = std::fs::read_dir(folder.path().join("cache"))
        .expect("there")
        .map(|entry| entry.expect("reads").metadata().expect("there").len())
        .sum();
    assert!(held <= wanted.size, "{held} bytes on the disk");
}

#[test]
fn a_connection_that_breaks_in_the_middle_of_a_file_costs_the_rest_of_it_only() {
    let folder = tempfile::tempdir().expect("folder");
    let wanted = asset(b"the right picture");
    let broken = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\nthe right");
    assert!(blob(&broken, folder.path(), &wanted).is_err());
    // Another part than was asked for would make a file that hashes wrong.
    let astray = Server::saying(
        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-7/17\r\ncontent-length: 8\r\n\r\n picture",
    );
    assert!(matches!(
        blob(&astray, folder.path(), &wanted),
        Err(HubError::NotAHub { .. })
    ));
    let rest = Server::saying(
        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 9-16/17\r\ncontent-length: 8\r\n\r\n picture",
    );
    assert!(blob(&rest, folder.path(), &wanted).expect("comes"));
}

#[test]
fn a_slow_line_that_comes_on_is_never_given_up() {
    let bytes = vec![b'x'; 12_000];
    let folder = tempfile::tempdir().expect("folder");
    let wanted = asset(&bytes);
    // Longer than any other call may take.
    let server = Server::new(move |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12000\r\n\r\n");
        for piece in bytes.chunks(200) {
            let _ = stream.write_all(piece);
            std::thread::sleep(2 * DROP);
        }
    })
    .within(SHORT_BUT_FOR_FILES);
    assert!(blob(&server, folder.path(), &wanted).expect("comes"));
}

#[test]
fn a_manifest_without_a_signature_is_no_manifest() {
    let server = Server::saying(with(OK, b"content-length: 2\r\n\r\n{}"));
    let error = bounded(&server, async |hub| hub.manifest(screen(), None).await);
    let words = error.expect_err("unsigned").to_string();
    assert!(words.contains("without a manifest's signature"), "{words}");
}
