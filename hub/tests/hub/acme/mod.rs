//! Certificates from a CA that answers over ACME: a real one (pebble, of those who make the CA that
//! most use), and ones that lie.

mod front;
mod liars;
mod obtaining;
mod pebble;
mod together;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use passerby_hub::store::{AcmeSubject, StoredCertificate};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::stand::Stand;

/// How long anything may take that is to happen at all.
const PATIENCE: Duration = Duration::from_secs(120);

fn until(what: &str, stand: &Stand, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}: {}", stand.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Agrees on TLS as somebody who trusts these roots, and returns the certificate that the hub has
/// for this name; `None` while the two do not agree.
fn served(stand: &Stand, roots: &RootCertStore, name: &str) -> Option<Vec<u8>> {
    let config = ClientConfig::builder()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(encrypted_address(stand)).unwrap();
    while client.is_handshaking() {
        client.complete_io(&mut stream).ok()?;
    }
    Some(client.peer_certificates()?[0].to_vec())
}

fn encrypted_address(stand: &Stand) -> SocketAddr {
    let address = stand.base.strip_prefix("https://").unwrap();
    address.parse().unwrap()
}

/// Where a hub answers what is not encrypted.
fn plain_address(stand: &Stand) -> SocketAddr {
    stand.others[0]
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap()
}

/// What those who watch the hub are told.
fn told(stand: &Stand, path: &str) -> (u16, String) {
    let answer = reqwest::blocking::get(format!("{}{path}", stand.others[1])).unwrap();
    (answer.status().as_u16(), answer.text().unwrap())
}

/// How many attempts have failed since the last certificate.
fn failures(stand: &Stand) -> Option<u32> {
    let metrics = told(stand, "/metrics").1;
    let line = |line: &str| {
        let count = line.strip_prefix("passerby_hub_certificate_failures ")?;
        Some(count.parse().unwrap())
    };
    metrics.lines().find_map(line)
}

/// Makes a certificate look as if its end were near.
fn make_old(stand: &Stand, subject: &AcmeSubject) -> StoredCertificate {
    let store = stand.hub().store;
    let mut certificate = store.acme_certificate(subject).unwrap().unwrap();
    (certificate.not_before_ms, certificate.obtained_ms) = (0, 0);
    certificate.not_after_ms = passerby_hub::system::clock::now_ms() + 3_600_000;
    store.keep_acme_certificate(&certificate).unwrap();
    certificate
}
