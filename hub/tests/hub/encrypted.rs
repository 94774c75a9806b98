//! A hub that speaks TLS itself, real clients with a root of the tests' own, and a redirect beside
//! it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

use crate::stand::{Stand, hub_command, location};
use crate::test_certificates::Authority;

const HERE: &str = "127.0.0.1";
/// How long anything may take that is to happen at all.
const PATIENCE: Duration = Duration::from_secs(120);

fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn client_config(root: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(root.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Asks for the home page over a connection of its own; returns the hub's certificate and how the
/// two agreed.
fn ask(stand: &Stand, config: &Arc<ClientConfig>) -> (Vec<u8>, HandshakeKind) {
    let name = ServerName::try_from(HERE).unwrap();
    let client = ClientConnection::new(Arc::clone(config), name).unwrap();
    let address = stand.base.strip_prefix("https://").unwrap();
    let mut stream = StreamOwned::new(client, TcpStream::connect(address).unwrap());
    let request = b"GET / HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    assert!(said.starts_with(b"HTTP/1.1 200 "), "{said:?}");
    let certificates = stream.conn.peer_certificates().unwrap();
    (
        certificates[0].to_vec(),
        stream.conn.handshake_kind().unwrap(),
    )
}

#[test]
fn a_code_leads_over_tls_to_the_page_and_terminals_reach_the_hub_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), HERE, 60);
    let stand = Stand::start_with(&files.options(), Some(authority.pem.as_bytes()));
    assert!(
        stand.base.starts_with("https://127.0.0.1:"),
        "{}",
        stand.base
    );
    let terminal = stand.terminal("one");
    assert_eq!(
        terminal.credentials.scan_base,
        stand.base.to_ascii_uppercase()
    );
    stand.publish(&stand.campaign("cafe", "title = 'Café'\n", &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let page = location(&stand.visit(1, &terminal.scan_path(assignment, 1)));
    assert!(page.starts_with("/s/"), "{page}");
    let opened = stand.visit(1, &page);
    assert_eq!(opened.status(), 200);
    assert!(opened.text().unwrap().contains("Café"));
    assert!(!stand.log().contains("certificate"), "{}", stand.log());
}

#[test]
fn a_phone_that_comes_back_needs_no_new_signature() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), HERE, 60);
    let stand = Stand::start_with(&files.options(), Some(authority.pem.as_bytes()));
    let config = client_config(&authority.pem);
    assert_eq!(ask(&stand, &config).1, HandshakeKind::Full);
    assert_eq!(ask(&stand, &config).1, HandshakeKind::Resumed);
}

#[test]
fn a_phone_that_speaks_http_2_gets_it_and_any_other_http_1() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), HERE, 60);
    let stand = Stand::start_with(&files.options(), Some(authority.pem.as_bytes()));
    let address = stand.base.strip_prefix("https://").unwrap();
    let (h2, http1, odd) = (&b"h2"[..], &b"http/1.1"[..], &b"odd"[..]);
    for (offered, agreed) in [
        (vec![h2, http1], Some(h2)),
        (vec![http1, h2], Some(h2)),
        (vec![odd, http1], Some(http1)),
        (vec![], None),
    ] {
        let mut config = ClientConfig::clone(&client_config(&authority.pem));
        config.alpn_protocols = offered.into_iter().map(<[u8]>::to_vec).collect();
        let name = ServerName::try_from(HERE).unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        while client.is_handshaking() {
            client.complete_io(&mut stream).unwrap();
        }
        assert_eq!(client.alpn_protocol(), agreed);
    }
}

#[test]
fn nobody_trusts_a_hub_with_a_certificate_of_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), HERE, 60);
    let other = Authority::new();
    let stand = Stand::start_with(&files.options(), Some(other.pem.as_bytes()));
    assert!(stand.client.get(&stand.base).send().is_err());
    // And whoever speaks plain HTTP to it is refused.
    let mut plain = TcpStream::connect(stand.base.strip_prefix("https://").unwrap()).unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
}

#[test]
fn what_is_wrong_with_a_certificate_is_one_clear_line_and_nothing_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(&folder.path().join("one"), HERE, 60);
    let other = authority.issue(&folder.path().join("other"), HERE, 60);
    let missing = folder.path().join("missing.pem");
    let data = folder.path().join("data");
    let serve = |certificate: &Path, key: &Path, further: &[&str]| {
        let output = hub_command()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .arg("--tls-cert")
            .arg(certificate)
            .arg("--tls-key")
            .arg(key)
            .args(further)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    };
    let said = serve(&files.certificate, &other.key, &[]);
    assert!(said.contains("does not go with"), "{said}");
    let said = serve(&missing, &files.key, &[]);
    assert!(said.contains("missing.pem: the file is missing"), "{said}");
    let said = serve(&files.key, &files.key, &[]);
    assert!(said.contains("there is no certificate in it"), "{said}");
    let plain = ["--public-url", "http://hub.example"];
    let said = serve(&files.certificate, &files.key, &plain);
    assert!(
        said.contains("https://") && said.contains("--public-url"),
        "{said}"
    );
}

#[test]
fn an_expired_certificate_and_one_for_another_name_are_told_and_served_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), HERE, -1);
    let mut options = files.options().to_vec();
    options.extend(["--public-url", "https://hub.example"]);
    let stand = Stand::start_with(&options, Some(authority.pem.as_bytes()));
    let log = stand.log();
    assert!(log.contains("the certificate ran out on 20"), "{log}");
    assert!(
        log.contains("the certificate is not for hub.example"),
        "{log}"
    );
    let error = stand.client.get(&stand.base).send().unwrap_err();
    assert!(format!("{error:?}").contains("xpired"), "{error:?}");
}

#[test]
fn a_renewal_under_load_drops_no_request_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    // As certbot has it: names that lead to the files of the moment.
    let at = |name: &str| folder.path().join(name);
    for (name, days) in [("one", 30), ("two", 60)] {
        authority.issue(&at(name), HERE, days);
    }
    let lead_to = |name: &str| {
        for file in ["chain.pem", "key.pem"] {
            symlink(at(name).join(file), at("new")).unwrap();
            std::fs::rename(at("new"), at(file)).unwrap();
        }
    };
    lead_to("one");
    let (chain, key) = (at("chain.pem"), at("key.pem"));
    let options = [
        "--tls-cert",
        chain.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let stand = Stand::start_with(&options, Some(authority.pem.as_bytes()));
    let (is_over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let first = ask(&stand, &client_config(&authority.pem)).0;
    std::thread::scope(|scope| {
        // Some over one connection for all, some over a new one each time.
        for is_kept in [true, false] {
            let (stand, is_over, asked) = (&stand, &is_over, &asked);
            scope.spawn(move || {
                let kept = stand.client_builder().build().unwrap();
                while !is_over.load(Ordering::Relaxed) {
                    let phone = || stand.client_builder().build().unwrap();
                    let phone = if is_kept { kept.clone() } else { phone() };
                    let answer = phone.get(&stand.base).send().expect("an answer");
                    assert_eq!(answer.status(), 200);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let over = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let now = || ask(&stand, &client_config(&authority.pem)).0;
            lead_to("two");
            until("the new certificate is used", || now() != first);
            let second = now();
            std::fs::write(at("two").join("chain.pem"), "hello").unwrap();
            until("the bad one is told", || {
                stand.log().contains("this is not PEM")
            });
            assert!(stand.log().contains("the one before it stays in use"));
            assert_eq!(now(), second);
            lead_to("one");
            until("the good one is used again", || now() == first);
        }));
        is_over.store(true, Ordering::Relaxed);
        over.unwrap();
    });
    let log = stand.log();
    assert_eq!(
        log.matches("the certificate was renewed").count(),
        2,
        "{log}"
    );
    assert_eq!(log.matches("stays in use").count(), 1, "{log}");
    assert!(asked.load(Ordering::Relaxed) > 2);
}

#[test]
fn what_comes_unencrypted_is_led_to_the_hubs_own_address_whatever_it_says_of_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "hub.example", 60);
    let mut options = files.options().to_vec();
    options.extend(["--public-url", "https://hub.example"]);
    options.extend(["--redirect-listen", "127.0.0.1:0"]);
    let stand = Stand::start_with(&options, Some(authority.pem.as_bytes()));
    let address = stand.others[0].strip_prefix("http://").unwrap().to_owned();
    let said = |request: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said
    };
    let token = "/Q/000000800080000100000K7P7ZPW7E3F";
    for (head, path) in [
        (format!("GET {token} HTTP/1.1\r\nhost: HUB.EXAMPLE"), token),
        (
            format!("HEAD {token} HTTP/1.1\r\nhost: evil.example"),
            token,
        ),
        (
            format!("GET http://evil.example{token} HTTP/1.1\r\nhost: evil.example"),
            token,
        ),
        (
            format!("GET {token} HTTP/1.1\r\nhost: a\r\nx-forwarded-host: evil.example"),
            token,
        ),
        (
            "GET //evil.example/ HTTP/1.1\r\nhost: a".to_owned(),
            "//evil.example/",
        ),
        (
            "GET /?next=https://evil.example HTTP/1.0".to_owned(),
            "/?next=https://evil.example",
        ),
    ] {
        let said = said(&format!("{head}\r\nconnection: close\r\n\r\n"));
        assert!(
            said.starts_with("HTTP/1.1 308 ") || said.starts_with("HTTP/1.0 308 "),
            "{said}"
        );
        let expected = format!("\r\nlocation: https://hub.example{path}\r\n");
        assert!(said.contains(&expected), "{said}");
    }
    let post =
        "POST /v1/enroll HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert!(said(post).starts_with("HTTP/1.1 405 "), "{}", said(post));
    // Half a head is given up here as well.
    assert_eq!(said("GET / HTTP/1.1\r\nhost: "), "");
}
