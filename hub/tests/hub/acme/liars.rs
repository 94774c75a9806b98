//! CAs that are away, broken, or mean no good.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::acme::{failures, plain_address, told, until};
use crate::stand::Stand;
use crate::test_certificates::Authority;

const NAME: &str = "hub.example";

/// What one call is answered with: a status, further headers, and a body.
type Answer = (u16, String, String);

/// Somebody who speaks of ACME, with a certificate for 127.0.0.1.
struct Liar {
    base: String,
    root: PathBuf,
    calls: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
}

impl Liar {
    /// Starts one that answers by this, which is told its own address and the path.
    fn start(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let files = authority.issue(folder.path(), "127.0.0.1", 60);
        let root = folder.path().join("root.pem");
        std::fs::write(&root, &authority.pem).unwrap();
        let chain = CertificateDer::pem_file_iter(&files.certificate).unwrap();
        let chain = chain.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
        let provider = rustls::crypto::ring::default_provider();
        let config = ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("https://{}", listener.local_addr().unwrap());
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let (own, heard, answer) = (base.clone(), Arc::clone(&calls), Arc::new(answer));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let stream = StreamOwned::new(tls, client.unwrap());
                let (own, heard, answer) = (own.clone(), Arc::clone(&heard), Arc::clone(&answer));
                std::thread::spawn(move || {
                    serve(stream, |path| {
                        heard.lock().unwrap().push(path.to_owned());
                        answer(&own, path)
                    });
                });
            }
        });
        Self {
            base,
            root,
            calls,
            folder,
        }
    }

    fn calls_of(&self, path: &str) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| *call == path).count()
    }
}

/// Answers one call after the other.
fn serve(mut stream: StreamOwned<ServerConnection, TcpStream>, answer: impl Fn(&str) -> Answer) {
    loop {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.to_ascii_lowercase();
        let length = length.split("content-length: ").nth(1);
        let length = length.map_or(0, |rest| {
            rest.split("\r\n").next().unwrap().parse().unwrap()
        });
        if stream.read_exact(&mut vec![0; length]).is_err() {
            return;
        }
        let (status, headers, body) = answer(head.split(' ').nth(1).unwrap());
        let is_read = !head.starts_with("HEAD ");
        let said = format!(
            "HTTP/1.1 {status} X\r\nreplay-nonce: abcd\r\n{headers}content-length: {}\r\n\r\n{}",
            body.len(),
            if is_read { body.as_str() } else { "" }
        );
        if stream.write_all(said.as_bytes()).is_err() {
            return;
        }
    }
}

fn hub(directory: &str, root: &str) -> Stand {
    let options = [
        "--acme-domain",
        NAME,
        "--acme-directory",
        directory,
        "--acme-root",
        root,
    ];
    let listens = [
        "--redirect-listen",
        "127.0.0.1:0",
        "--monitoring-listen",
        "127.0.0.1:0",
    ];
    Stand::start_with(&[&options[..], &listens].concat(), None)
}

/// What a CA answers that agrees to everything, until it gives its certificate.
fn agreeable(base: &str, path: &str, certificate: &str) -> Answer {
    let order = |status: &str| {
        serde_json::json!({
            "status": status, "authorizations": [], "identifiers": [{"type": "dns", "value": NAME}],
            "finalize": format!("{base}/finalize"), "certificate": format!("{base}/certificate"),
        })
        .to_string()
    };
    match path {
        "/dir" => {
            let urls = serde_json::json!({
                "newNonce": format!("{base}/nonce"), "newAccount": format!("{base}/account"),
                "newOrder": format!("{base}/order"),
            });
            (200, String::new(), urls.to_string())
        }
        "/nonce" => (200, String::new(), String::new()),
        "/account" => (
            201,
            format!("location: {base}/account/1\r\n"),
            "{}".to_owned(),
        ),
        "/order" => (201, format!("location: {base}/order/1\r\n"), order("ready")),
        "/order/1" | "/finalize" => (200, String::new(), order("valid")),
        "/certificate" => (200, String::new(), certificate.to_owned()),
        _ => (404, String::new(), "{}".to_owned()),
    }
}

#[test]
fn a_ca_that_lies_or_is_broken_costs_a_reason_in_the_log_and_the_hub_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let other = Authority::new().issue(folder.path(), NAME, 60);
    let other = std::fs::read_to_string(other.certificate).unwrap();
    let endless = "x".repeat(1 << 20);
    let odd = format!("-----BEGIN CERTIFICATE-----\n{}\u{0}", "A".repeat(64));
    let many = other.repeat(20);
    let certificates = [
        (other.as_str(), "does not go with the first certificate"),
        ("hello", "this is not PEM"),
        (odd.as_str(), "there are odd bytes in its chain"),
        (many.as_str(), "there are more than 16 certificates"),
        (endless.as_str(), "an answer is longer than"),
    ];
    for (certificate, reason) in certificates {
        let certificate = certificate.to_owned();
        let liar = Liar::start(move |base, path| agreeable(base, path, &certificate));
        is_told(&liar, reason);
        assert_eq!(liar.calls_of("/certificate"), 1, "{reason}");
    }
    let directories: [(Answer, &str); 7] = [
        ((200, String::new(), endless), "an answer is longer than"),
        ((200, String::new(), "<html>".to_owned()), "cannot be used"),
        ((200, String::new(), "{}".to_owned()), "cannot be used"),
        ((502, String::new(), "<html>".to_owned()), "it answers 502"),
        (
            (302, "location: https://192.0.2.1/\r\n".to_owned(), String::new()),
            "it answers 302",
        ),
        (
            (
                200,
                String::new(),
                r#"{"newNonce": "http://127.0.0.1:1/", "newAccount": "http://127.0.0.1:1/", "newOrder": "http://127.0.0.1:1/"}"#.to_owned(),
            ),
            "does not begin with https://",
        ),
        (
            (
                429,
                "retry-after: 7200\r\n".to_owned(),
                r#"{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many\u001b[2J new orders"}"#.to_owned(),
            ),
            "the CA refuses: too many [2J new orders (rateLimited)",
        ),
    ];
    for (answer, reason) in directories {
        let liar = Liar::start(move |_, _| answer.clone());
        is_told(&liar, reason);
    }
}

/// Starts a hub that asks it, and looks for a reason in the log.
fn is_told(liar: &Liar, reason: &str) {
    let stand = hub(&format!("{}/dir", liar.base), liar.root.to_str().unwrap());
    let said = "there is no new certificate";
    // It is counted before it is written down.
    until("it fails and says so", &stand, || {
        failures(&stand) == Some(1) && stand.log().contains(said)
    });
    let log = stand.log();
    let line = log.lines().find(|line| line.contains(said));
    assert!(
        line.is_some_and(|line| line.contains(reason)),
        "{reason}: {log}"
    );
    assert!(TcpStream::connect(plain_address(&stand)).is_ok());
    assert!(told(&stand, "/readyz").1.contains(reason));
    assert_eq!(liar.calls_of("/dir"), 1, "{reason}");
    assert!(liar.folder.path().exists());
}

#[test]
fn a_pause_that_a_ca_asks_for_is_kept_in_the_database() {
    let liar = Liar::start(|base, path| {
        match path {
        "/order" => (
            429,
            "retry-after: 7200\r\n".to_owned(),
            r#"{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many\u001b[2J new orders"}"#.to_owned(),
        ),
        _ => agreeable(base, path, ""),
    }
    });
    let directory = format!("{}/dir", liar.base);
    let stand = hub(&directory, liar.root.to_str().unwrap());
    until("it fails", &stand, || failures(&stand) == Some(1));
    let log = stand.log();
    assert!(
        log.contains("the CA refuses: too many [2J new orders (rateLimited)"),
        "{log}"
    );
    let subject = passerby_hub::store::AcmeSubject {
        directory,
        names: NAME.to_owned(),
    };
    until("it is kept", &stand, || {
        let kept = stand.hub().store.acme_failures(&subject).unwrap();
        kept.failures == 1 && kept.told_until_ms == kept.failed_ms + 7_200_000
    });
}

#[test]
fn a_ca_that_is_away_is_told_and_one_that_nobody_vouches_for_is_not_asked() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let liar = Liar::start(|base, path| agreeable(base, path, ""));
    let root = liar.root.to_str().unwrap();
    let away = hub(&format!("https://{address}/dir"), root);
    let other = Authority::new();
    let file = liar.folder.path().join("other.pem");
    std::fs::write(&file, &other.pem).unwrap();
    let strange = hub(&format!("{}/dir", liar.base), file.to_str().unwrap());
    for stand in [&away, &strange] {
        until("it fails", stand, || failures(stand) == Some(1));
        let log = stand.log();
        assert!(log.contains("the CA cannot be reached: "), "{log}");
        assert!(log.contains("--acme-root"), "{log}");
    }
    assert_eq!(liar.calls_of("/dir"), 0);
}
