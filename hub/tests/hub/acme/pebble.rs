//! A real CA for tests, with a DNS of its own that leads every name to this machine.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use passerby_hub::store::AcmeSubject;
use passerby_testing::required_program;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tempfile::TempDir;

use crate::acme::PATIENCE;
use crate::acme::front::Front;
use crate::stand::Stand;
use crate::test_certificates::Authority;

/// A name for which it gives no certificate.
pub(super) const REFUSED_NAME: &str = "refused.example";

pub(super) struct Pebble {
    /// The way to it.
    pub(super) calls: Front,
    /// The way from it to port 80 of every name.
    pub(super) questions: Front,
    /// The file with the root of the directory's own certificate.
    pub(super) root: PathBuf,
    authority: Authority,
    management: String,
    log: Arc<Mutex<String>>,
    children: [Child; 2],
    _folder: TempDir,
}

/// A port that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn start_dns(address: SocketAddr) -> Child {
    let child = Command::new(required_program("pebble-challtestsrv"))
        .args(["-dns01", &address.to_string()])
        .args(["-management", &free_address().to_string()])
        .args([
            "-defaultIPv6",
            "",
            "-http01",
            "",
            "-https01",
            "",
            "-tlsalpn01",
            "",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It answers over either.
    wait_for("DNS over TCP", || TcpStream::connect(address).is_ok());
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    // Asks for the address of a.example.
    let question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x01\0\x01";
    wait_for("DNS over UDP", || {
        let _ = socket.send_to(question, address);
        socket.recv(&mut [0; 512]).is_ok()
    });
    child
}

impl Pebble {
    /// Starts one that refuses so many of a hundred requests for their nonce.
    pub(super) fn start(nonces_refused: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let files = authority.issue(folder.path(), "127.0.0.1", 60);
        let root = folder.path().join("root.pem");
        std::fs::write(&root, &authority.pem).unwrap();
        let (calls, questions) = (Front::start(), Front::start());
        let [own, management, dns] = [(); 3].map(|()| free_address());
        let config = serde_json::json!({ "pebble": {
            "listenAddress": own.to_string(),
            "managementListenAddress": management.to_string(),
            "certificate": files.certificate,
            "privateKey": files.key,
            "httpPort": questions.address.port(),
            "tlsPort": free_address().port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "domainBlocklist": [REFUSED_NAME],
        }});
        let file = folder.path().join("pebble.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let dns_server = start_dns(dns);
        let mut pebble = Command::new(required_program("pebble"))
            .arg("-config")
            .arg(&file)
            .args(["-dnsserver", &dns.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_AUTHZREUSE", "0")
            .env("PEBBLE_WFE_NONCEREJECT", nonces_refused.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(pebble.stdout.take().unwrap());
        let log = Arc::<Mutex<String>>::default();
        let keeping = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut line = String::new();
            while said.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                keeping.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        for address in [own, management] {
            wait_for("pebble", || TcpStream::connect(address).is_ok());
        }
        calls.lead_to(&[own]);
        Self {
            calls,
            questions,
            root,
            authority,
            management: format!("https://{management}"),
            log,
            children: [pebble, dns_server],
            _folder: folder,
        }
    }

    fn directory(&self) -> String {
        format!("https://{}/dir", self.calls.address)
    }

    /// What a certificate for these names is kept under.
    pub(super) fn subject(&self, names: &str) -> AcmeSubject {
        AcmeSubject {
            directory: self.directory(),
            names: names.to_owned(),
        }
    }

    /// Starts a hub that asks it for a certificate for these names.
    pub(super) fn hub(&self, names: &[&str]) -> Stand {
        self.hub_with(names, &[])
    }

    /// The same with further options.
    pub(super) fn hub_with(&self, names: &[&str], further: &[&str]) -> Stand {
        let directory = self.directory();
        let mut options = vec!["--acme-directory", &directory];
        options.extend(["--acme-root", self.root.to_str().unwrap()]);
        options.extend(["--acme-contact", "operator@hub.example"]);
        options.extend(names.iter().flat_map(|name| ["--acme-domain", name]));
        options.extend(["--redirect-listen", "127.0.0.1:0"]);
        options.extend(["--monitoring-listen", "127.0.0.1:0"]);
        options.extend(further);
        Stand::start_with(&options, None)
    }

    /// Those whom somebody trusts who trusts the certificates that it gives.
    pub(super) fn roots(&self) -> RootCertStore {
        let own = reqwest::Certificate::from_pem(self.authority.pem.as_bytes()).unwrap();
        let client = reqwest::blocking::Client::builder().tls_certs_only([own]);
        let asked = client
            .build()
            .unwrap()
            .get(format!("{}/roots/0", self.management));
        let root = asked.send().unwrap().bytes().unwrap();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(&root).unwrap())
            .unwrap();
        roots
    }

    /// How often its log says something.
    pub(super) fn count(&self, words: &str) -> usize {
        self.log.lock().unwrap().matches(words).count()
    }

    /// How many certificates it has given.
    pub(super) fn issued(&self) -> usize {
        self.count("Issued certificate")
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
