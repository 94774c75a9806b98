//! A hub behind TLS, with certificates of every kind, and terminals that know what time it is or do
//! not.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use passerby_playout::hub_link::HubConfig;
use passerby_playout::hub_link::{HubClient, HubConnection, HubError};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::{Ledger, NewPlay};
use passerby_playout::schedule::rotation::{Booked, History};
use passerby_playout::system::clock::{Clock, Moment, SystemClock, boot_ms};
use passerby_protocol::plays::{Display, Outcome, PlayBatch, PlayContent};
use passerby_protocol::wire::{Heartbeat, PlaysReply};
use passerby_protocol::{Assignment, Digest};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::parts::{HubProcess, enrol, plays_on_hub};

const DAY_MS: i64 = 86_400_000;

/// A clock that nothing vouches for.
struct Lost;

impl Clock for Lost {
    fn now(&self) -> Moment {
        Moment {
            boot: "boot".into(),
            boot_ms: boot_ms(),
            wall_ms: None,
        }
    }
    fn learn(&self, _: u64, _: i64) {}
}

/// A clock that a time service keeps, at a time of the test's choice.
struct Kept(i64);

impl Clock for Kept {
    fn now(&self) -> Moment {
        Moment {
            wall_ms: Some(self.0),
            ..Lost.now()
        }
    }
    fn learn(&self, _: u64, _: i64) {}
}

fn now_ms() -> i64 {
    SystemClock::new(true).now().wall_ms.expect("trusted")
}

/// A hub, its terminal, a root of its own, and a proxy with TLS before the hub.
struct Stand {
    folder: tempfile::TempDir,
    hub: HubProcess,
    data: PathBuf,
    terminal: PathBuf,
    enrolment: Enrolment,
    root: Issuer<'static, KeyPair>,
    ca: PathBuf,
    runtime: Runtime,
    handshakes: Arc<AtomicU64>,
}

impl Stand {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let data = folder.path().join("hub");
        let hub = HubProcess::start(&data, "127.0.0.1:0");
        let (terminal, enrolment) = enrol(folder.path(), &data, &hub.url());
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a root");
        let ca = folder.path().join("root.pem");
        std::fs::write(&ca, root.pem()).expect("writes");
        Self {
            hub,
            data,
            terminal,
            enrolment,
            root: Issuer::new(params, key),
            ca,
            runtime: Runtime::new().expect("a runtime"),
            handshakes: Arc::default(),
            folder,
        }
    }

    /// Puts TLS before the hub, with a certificate for a name that is good for these days from now.
    /// Returns its URL.
    fn behind_tls(&self, name: &str, days: (i64, i64)) -> String {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("names");
        let at = |days: i64| {
            let seconds = (now_ms() + days * DAY_MS) / 1_000;
            rcgen::date_time_ymd(1970, 1, 1)
                + std::time::Duration::from_secs(seconds.unsigned_abs())
        };
        (params.not_before, params.not_after) = (at(days.0), at(days.1));
        let certificate = params.signed_by(&key, &self.root).expect("signs");
        assert!(!key.der_bytes().is_empty());
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
            )
            .expect("good");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let hub: SocketAddr = self.hub.address.parse().expect("an address");
        let listener = self
            .runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("listens");
        let port = listener.local_addr().expect("bound").port();
        let handshakes = Arc::clone(&self.handshakes);
        self.runtime.spawn(async move {
            while let Ok((terminal, _)) = listener.accept().await {
                let (acceptor, handshakes) = (acceptor.clone(), Arc::clone(&handshakes));
                tokio::spawn(async move {
                    let Ok(mut terminal) = acceptor.accept(terminal).await else {
                        return;
                    };
                    handshakes.fetch_add(1, Ordering::SeqCst);
                    let mut hub = TcpStream::connect(hub).await.expect("the hub is there");
                    // Either side may leave at any time.
                    let _ = tokio::io::copy_bidirectional(&mut terminal, &mut hub).await;
                });
            }
        });
        format!("https://localhost:{port}")
    }

    fn client(&self, url: &str, clock: impl Clock + 'static) -> HubClient {
        let hub = HubConfig {
            url: url.to_owned(),
            ca: Some(self.ca.clone()),
            daily_bytes: None,
            keeps_frames: false,
        };
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let line = HubConnection::new(&hub, &self.terminal, &clock, jiff::tz::TimeZone::UTC);
        let bearer = self.enrolment.credentials.bearer.clone();
        HubClient::on(&line, url, Some(bearer)).expect("roots")
    }

    fn send_plays(&self, client: &HubClient) -> Result<PlaysReply, HubError> {
        let mut ledger = Ledger::open(&self.terminal).expect("opens").0;
        let number = ledger.next_number().expect("a number");
        let play = NewPlay {
            number,
            content: PlayContent {
                assignment: Assignment::NONE,
                campaign: "demo".into(),
                creative: Digest([7; 32]),
            },
            start: Lost.now(),
            visible_ms: 10_000,
            outcome: Outcome::Complete,
            display: Display::On,
        };
        ledger
            .record(&play, "main", &mut History::default(), &Booked::default())
            .expect("records");
        let (rows, anchors) = ledger.waiting_plays(1_000).expect("reads");
        let batch = PlayBatch::pack(ledger.epoch(), &rows, anchors);
        let screen = self.enrolment.credentials.screen;
        let reply = self.runtime.block_on(client.send_plays(screen, &batch))?;
        ledger.acknowledge(reply.acked_through).expect("writes");
        Ok(reply)
    }

    /// Sends a heartbeat that must be refused by the terminal's own check, before a byte of it
    /// leaves.
    fn refusal(&self, client: &HubClient) -> String {
        let before = self.handshakes.load(Ordering::SeqCst);
        let screen = self.enrolment.credentials.screen;
        let heartbeat = Heartbeat::default();
        let refused = self.runtime.block_on(client.heartbeat(screen, &heartbeat));
        assert_eq!(self.handshakes.load(Ordering::SeqCst), before);
        match refused {
            Err(HubError::Unreachable { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_certificate_that_begins_after_a_lost_clock_is_taken_and_the_plays_arrive() {
    let stand = Stand::new();
    let url = stand.behind_tls("localhost", (30, 120));
    let client = stand.client(&url, Lost);
    let reply = stand.send_plays(&client).expect("arrive");
    assert_eq!(reply.acked_through, 1);
    assert_eq!(plays_on_hub(&stand.data), 1);
}

#[test]
fn the_same_certificate_is_refused_when_a_time_service_vouches_for_the_clock() {
    let stand = Stand::new();
    let url = stand.behind_tls("localhost", (30, 120));
    let reason = stand.refusal(&stand.client(&url, Kept(now_ms())));
    assert!(
        reason.contains("is good from") && reason.contains("timedatectl"),
        "{reason}"
    );
    // In its time it is good.
    let client = stand.client(&url, Kept(now_ms() + 60 * DAY_MS));
    assert!(stand.send_plays(&client).is_ok());
}

#[test]
fn an_expired_certificate_is_refused_whatever_is_known_of_the_time() {
    let stand = Stand::new();
    let url = stand.behind_tls("localhost", (-90, -1));
    for reason in [
        stand.refusal(&stand.client(&url, Lost)),
        stand.refusal(&stand.client(&url, Kept(now_ms()))),
    ] {
        assert!(
            reason.contains("ran out on") && reason.contains("renew"),
            "{reason}"
        );
    }
}

#[test]
fn a_terminal_remembers_the_newest_time_it_knew_and_takes_nothing_that_had_expired_by_then() {
    let stand = Stand::new();
    let (old, new) = (
        stand.behind_tls("localhost", (-1, 30)),
        stand.behind_tls("localhost", (50, 200)),
    );
    assert!(stand.send_plays(&stand.client(&old, Lost)).is_ok());
    // Months later the time is known; then the machine loses it, and somebody has the old key.
    let later = stand.client(&new, Kept(now_ms() + 60 * DAY_MS));
    assert!(stand.send_plays(&later).is_ok());
    let reason = stand.refusal(&stand.client(&old, Lost));
    assert!(reason.contains("ran out on"), "{reason}");
    assert!(stand.send_plays(&stand.client(&new, Lost)).is_ok());
}

#[test]
fn a_certificate_of_another_name_or_of_nobody_known_is_refused_also_without_a_clock() {
    let stand = Stand::new();
    let url = stand.behind_tls("hub.example", (30, 120));
    let reason = stand.refusal(&stand.client(&url, Lost));
    assert!(reason.contains("for another name"), "{reason}");
    let other = Stand::new();
    let url = other.behind_tls("localhost", (30, 120));
    let client = stand.client(&url, Lost);
    let reason = stand.refusal(&client);
    assert!(
        reason.contains("nobody whom this machine trusts") && reason.contains("hub.ca"),
        "{reason}"
    );
}

#[test]
fn a_file_that_is_no_root_is_told_before_anybody_leaves_the_site() {
    let folder = tempfile::tempdir().expect("folder");
    let settings = folder.path().join("kiosk.toml");
    let text = "[hub]\nurl = 'https://hub.example'\nca = 'root.pem'\n";
    std::fs::write(&settings, text).expect("writes");
    let problem = |contents: Option<&str>| {
        let ca: &Path = &folder.path().join("root.pem");
        if let Some(contents) = contents {
            std::fs::write(ca, contents).expect("writes");
        }
        let problems =
            passerby_playout::settings::config::Config::load(&settings).expect_err("no root");
        problems[0].to_string()
    };
    assert!(problem(None).contains("cannot be read"));
    assert!(problem(Some("hello")).contains("no certificate is in it"));
    let stand = Stand::new();
    std::fs::copy(&stand.ca, folder.path().join("root.pem")).expect("copies");
    assert!(passerby_playout::settings::config::Config::load(&settings).is_ok());
    assert!(stand.folder.path().exists());
}
