//! The proxy as a browser sees it, with real connections on this machine.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;

/// What it answers when it refuses.
const REFUSED: u8 = 2;

fn destinations(hosts: &[String]) -> Destinations {
    let hosts = hosts.iter().map(|host| host.parse().expect("a host"));
    Destinations::new(hosts.collect())
}

/// A server that says every byte back; returns its port.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let (mut from, mut to) = (&stream, &stream);
                std::io::copy(&mut from, &mut to)
            });
        }
    });
    port
}

/// Asks for a host as a browser does; returns the answer's code and the connection.
fn ask(proxy: &Proxy, host: &str, port: u16) -> (u8, TcpStream) {
    let mut stream = TcpStream::connect(proxy.address()).expect("it listens");
    stream.write_all(&[5, 1, 0]).expect("sent");
    let mut way = [0; 2];
    stream.read_exact(&mut way).expect("an answer");
    assert_eq!(way, [5, 0]);
    let length = u8::try_from(host.len()).expect("short");
    let mut wish = vec![5, 1, 0, 3, length];
    wish.extend(host.bytes().chain(port.to_be_bytes()));
    stream.write_all(&wish).expect("sent");
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).expect("an answer");
    (answer[1], stream)
}

#[test]
fn this_machine_and_its_network_are_refused_by_whatever_name_and_the_server_hears_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let port = listener.local_addr().expect("an address").port();
    let proxy = Proxy::start(Destinations::default()).expect("starts");
    for host in [
        "127.0.0.1",
        "localhost",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "fd00::1",
        "fe80::1",
    ] {
        assert_eq!(ask(&proxy, host, port).0, REFUSED, "{host}");
        let plain = host.trim_matches(['[', ']']);
        let reason = proxy.failure(plain).expect("it is noted").to_string();
        assert!(reason.contains("private_hosts = ["), "{reason}");
    }
    assert_eq!(proxy.refused().len(), 12, "each host once");
    assert!(listener.accept().is_err(), "nobody came");
}

#[test]
fn what_the_operator_allows_is_reached_and_only_that() {
    let (allowed, other) = (echo(), echo());
    let proxy = Proxy::start(destinations(&[format!("127.0.0.1:{allowed}")])).expect("starts");
    let (code, mut stream) = ask(&proxy, "127.0.0.1", allowed);
    assert_eq!(code, 0);
    stream.write_all(b"hello").expect("sent");
    let mut back = [0; 5];
    stream.read_exact(&mut back).expect("an answer");
    assert_eq!(&back, b"hello");
    assert_eq!(ask(&proxy, "127.0.0.1", other).0, REFUSED);
    assert_eq!(ask(&proxy, "localhost", allowed).0, REFUSED, "another name");

    let by_name = Proxy::start(destinations(&["localhost".to_owned()])).expect("starts");
    assert_eq!(ask(&by_name, "localhost", allowed).0, 0);
}

#[test]
fn why_a_server_is_not_reached_is_known() {
    let closed = {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port");
        port.local_addr().expect("an address").port()
    };
    let proxy = Proxy::start(destinations(&["127.0.0.1".to_owned()])).expect("starts");
    assert_eq!(ask(&proxy, "127.0.0.1", closed).0, 5);
    assert_eq!(proxy.failure("127.0.0.1"), Some(Reason::Closed));
    // No name has so long a part, so nobody is asked for it.
    let nowhere = format!("{}.example", "x".repeat(64));
    assert_ne!(ask(&proxy, &nowhere, 80).0, 0);
    assert_eq!(proxy.failure(&nowhere), Some(Reason::NotFound));
    assert_eq!(proxy.failure("a.example"), None);
    for number in 0..FAILURES_MAX + 5 {
        ask(&proxy, &format!("127.0.0.{}", number + 2), closed);
    }
    assert_eq!(proxy.shared.failures().len(), FAILURES_MAX);
}

#[test]
fn a_page_that_never_ends_is_cut_off() {
    let port = echo();
    let allowed = destinations(&["127.0.0.1".to_owned()]);
    let proxy = Proxy::bounded(allowed, 100_000).expect("starts");
    let (code, mut stream) = ask(&proxy, "127.0.0.1", port);
    assert_eq!(code, 0);
    let mut writer = stream.try_clone().expect("the same");
    // It ends with an error when the proxy has had enough.
    thread::spawn(move || while writer.write_all(&[7; 1_000]).is_ok() {});
    let mut back = Vec::new();
    // It ends in one way or the other.
    let _ = stream.read_to_end(&mut back);
    assert!(back.len() <= 100_000, "{}", back.len());
    assert_eq!(proxy.failure("127.0.0.1"), Some(Reason::TooMuch));
}

#[test]
fn it_ends_with_its_connections_and_takes_nothing_but_its_protocol() {
    let port = echo();
    let proxy = Proxy::start(destinations(&["127.0.0.1".to_owned()])).expect("starts");
    for words in [
        &b"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n"[..],
        &[5, 1, 0, 5, 2, 0, 1][..],
        &[5, 1, 0, 5, 1, 0, 9][..],
    ] {
        let mut stream = TcpStream::connect(proxy.address()).expect("it listens");
        stream.write_all(words).expect("sent");
        let mut answer = Vec::new();
        // A connection that is dropped with words unread is reset.
        let _ = stream.read_to_end(&mut answer);
        assert!(matches!(answer[..], [] | [5, 0]), "{answer:?}");
    }
    let (code, mut stream) = ask(&proxy, "127.0.0.1", port);
    assert_eq!(code, 0);
    let address = proxy.address();
    drop(proxy);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert_eq!(rest, b"");
    assert!(
        TcpStream::connect(address).is_err(),
        "nobody listens any more"
    );
}
