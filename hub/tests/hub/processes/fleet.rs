//! Processes of one hub, each of which can be killed and started again at its address.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use passerby_hub::Hub;
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::{Assignment, Digest, Epoch, Manifest, PlayNumber};
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::stand::{PHONE, Terminal, hub_command, png};

/// Whatever a test waits for has come by then, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// One process.
pub(crate) struct Process {
    child: Option<Child>,
    database: Option<String>,
    data: PathBuf,
    address: String,
}

impl Process {
    /// Starts one, with a database of PostgreSQL or the file in its folder.
    pub(crate) fn start(database: Option<&str>, data: &Path) -> Self {
        // A port that was free a moment ago, to which it comes back.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let mut process = Self {
            child: None,
            database: database.map(str::to_owned),
            data: data.to_owned(),
            address: port.unwrap().to_string(),
        };
        process.start_again();
        process
    }

    pub(crate) fn start_again(&mut self) {
        let begun = Instant::now();
        loop {
            let mut child = self
                .hub()
                .args(["serve", "--listen", &self.address])
                .args(["--public-url", "http://hub.test"])
                .args(["--trusted-proxy", "127.0.0.1", "--data"])
                .arg(&self.data)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stderr = BufReader::new(child.stderr.take().unwrap());
            let mut line = String::new();
            stderr.read_line(&mut line).unwrap();
            if line.starts_with("listening on ") {
                // Nobody reads further; a full pipe would stop the hub.
                std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
                self.child = Some(child);
                return;
            }
            // Its database may be starting, or be away again.
            child.wait().unwrap();
            assert!(begun.elapsed() < PATIENCE, "{line}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The program, on its database.
    pub(crate) fn hub(&self) -> Command {
        let mut command = hub_command();
        if let Some(database) = &self.database {
            command.env("PASSERBY_HUB_DATABASE", database);
        }
        command
    }

    /// Cuts its power.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Which process it is.
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let told = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(told.success());
    }

    /// Waits until it has ended by itself, well.
    pub(crate) fn ends(&mut self) {
        let ended = self.child.take().unwrap().wait().unwrap();
        assert!(ended.success(), "{ended}");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A second opening of its data and database.
    #[allow(dead_code, reason = "the tests of `hub_on_postgres` use it")]
    pub(crate) fn open(&self) -> Hub {
        Hub::open_with(&self.data, self.database.as_deref()).unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        let mut command = self.hub();
        command.args(arguments).arg("--data").arg(&self.data);
        command.output().unwrap()
    }

    /// Runs a command that must succeed and returns what it printed as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(&[arguments, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Adds a screen and enrols a terminal as it.
    pub(crate) fn terminal(&self, name: &str) -> Terminal {
        let added = self.json(&["screen", "add", name]);
        let body = json!({ "token": added["token"], "secret": "ab".repeat(32) });
        let answer = client()
            .post(self.url("/v1/enroll"))
            .body(body.to_string())
            .send();
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200);
        Terminal {
            credentials: serde_json::from_slice(&answer.bytes().unwrap()).unwrap(),
        }
    }

    /// Publishes a campaign whose codes lead to a page, beside the data folder.
    pub(crate) fn publish(&self, name: &str) -> Value {
        let folder = self.data.parent().unwrap().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.png"), png([9, 90, 200])).unwrap();
        std::fs::write(folder.join("campaign.toml"), CAMPAIGN).unwrap();
        self.json(&["publish", folder.to_str().unwrap()])
    }

    pub(crate) fn manifest(&self, terminal: &Terminal) -> (Manifest, String) {
        let path = format!("/v1/terminals/{}/manifest", terminal.credentials.screen);
        let answer = client()
            .get(self.url(&path))
            .bearer_auth(&terminal.credentials.bearer)
            .send()
            .unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let (tag, signature) = (header("etag"), header("passerby-signature"));
        let body = answer.bytes().unwrap();
        // With the first key; the tag says which it is.
        let key = unhex32(&terminal.credentials.manifest_key).unwrap();
        let screen = terminal.credentials.screen;
        let manifest = Manifest::open(&body, &signature, &key, screen, 0, Some(0));
        let manifest =
            manifest.unwrap_or_else(|_| serde_json::from_slice(&body).expect("a manifest"));
        (manifest, tag)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const CAMPAIGN: &str =
    "title = \"Book\"\ntarget = \"https://shop.example/book\"\nlanding = \"page\"\n";

/// A client with connections of its own, which waits for longer than a hub does.
pub(crate) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

/// Opens an address as a phone somewhere: each number is another provider's.
pub(crate) fn visit(client: &Client, url: &str, phone: u32) -> reqwest::Result<Response> {
    let [a, b] = [phone / 200, phone % 200];
    client
        .get(url)
        .header("user-agent", PHONE)
        .header("x-forwarded-for", format!("{}.{b}.2.1", 11 + a))
        .send()
}

/// Rows of a ledger; the play number of a row follows from its seq.
pub(crate) fn rows(seqs: std::ops::RangeInclusive<u64>) -> Vec<Play> {
    seqs.map(|seq| Play {
        seq,
        number: PlayNumber::new(u32::try_from(1_000 + seq).unwrap()).unwrap(),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "demo".into(),
            creative: Digest([7; 32]),
        },
        boot: "boot".into(),
        start_boot_ms: 10_000 * seq,
        visible_ms: 9_500,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    })
    .collect()
}

/// Sends plays as a terminal.
pub(crate) fn send(
    client: &Client,
    process_url: &str,
    terminal: &Terminal,
    plays: &[Play],
) -> reqwest::Result<Response> {
    let batch = PlayBatch::pack(Epoch(1), plays, Vec::new());
    client
        .post(process_url)
        .bearer_auth(&terminal.credentials.bearer)
        .body(serde_json::to_vec(&batch).unwrap())
        .send()
}

pub(crate) fn plays_path(terminal: &Terminal) -> String {
    format!("/v1/terminals/{}/plays", terminal.credentials.screen)
}

pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
