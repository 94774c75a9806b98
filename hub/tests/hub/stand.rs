//! A hub of its own for each test: data folder, process, and clients on both sides of it.

use std::io::{BufRead as _, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, Once};

use passerby_hub::Hub;
use passerby_hub::publish::inspection::{Answer, Job, Workers};
use passerby_protocol::dating::Anchor;
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::plays::{Play, PlayBatch};
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use passerby_protocol::wire::Credentials;
use passerby_protocol::{Assignment, Epoch, Manifest, PlayNumber};
use passerby_testing::postgres::PostgresServer;
use reqwest::blocking::{Client, ClientBuilder, RequestBuilder, Response};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
pub(crate) const ROBOT: &str =
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/// Whether the hubs of this test program have a database of PostgreSQL.
pub(crate) fn is_on_postgres() -> bool {
    env!("CARGO_CRATE_NAME") == "hub_on_postgres"
}

/// Makes an empty database of the kind that this program tests, unless a data folder has its own.
pub(crate) fn new_database() -> Option<String> {
    is_on_postgres().then(|| PostgresServer::shared().new_database())
}

/// Opens a hub with an empty database of the kind that this program tests.
pub(crate) fn new_hub(folder: &Path) -> Hub {
    Hub::open_with(folder, new_database().as_deref()).unwrap()
}

pub(crate) struct Stand {
    folder: TempDir,
    /// The data folder, when it is another stand's.
    shared_data: Option<PathBuf>,
    /// The address of its database, when it is not in the folder.
    database: Option<String>,
    server: Option<Child>,
    pub(crate) base: String,
    pub(crate) client: Client,
    /// How many files the hub may have open, if not as many as this test.
    descriptors: Option<u32>,
    /// What it is started with besides.
    arguments: Vec<String>,
    /// What all its processes have in their environment besides.
    environment: Vec<(String, String)>,
    /// Where else it listens.
    pub(crate) others: Vec<String>,
    /// Whom a phone trusts, when the hub has a certificate.
    pub(crate) root: Option<Vec<u8>>,
    log: Arc<Mutex<String>>,
}

impl Stand {
    /// Starts a hub on a free port.
    pub(crate) fn start() -> Self {
        Self::start_within(None)
    }

    /// Starts one with further options, whose certificate is one of this root's, if it has any.
    #[allow(dead_code, reason = "not all test programs use it")]
    pub(crate) fn start_with(arguments: &[&str], root: Option<&[u8]>) -> Self {
        let mut stand = Self::not_started(None);
        stand.arguments = arguments.iter().map(|&word| word.to_owned()).collect();
        stand.root = root.map(<[u8]>::to_vec);
        stand.client = stand.client_builder().build().unwrap();
        stand.serve();
        stand
    }

    /// Starts another process of the same hub on its database, with a data folder of its own.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn start_beside(other: &Self) -> Self {
        let mut stand = Self::not_started(None);
        stand.database.clone_from(&other.database);
        stand.arguments.clone_from(&other.arguments);
        std::fs::create_dir_all(stand.data()).unwrap();
        let keys = "keys.json";
        std::fs::copy(other.data().join(keys), stand.data().join(keys)).unwrap();
        stand.serve();
        stand
    }

    /// Starts one that may have so many files and connections open.
    #[allow(dead_code, reason = "the tests of `withstands` use it")]
    pub(crate) fn start_with_descriptors(descriptors: u32) -> Self {
        Self::start_within(Some(descriptors))
    }

    /// Starts one with a few variables more, which its commands have as well.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn start_in(environment: Vec<(String, String)>, arguments: &[&str]) -> Self {
        let mut stand = Self::not_started(None);
        stand.environment = environment;
        stand.arguments = arguments.iter().map(|&word| word.to_owned()).collect();
        stand.serve();
        stand
    }

    /// Stops the hub and starts it with other variables.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn serve_in(&mut self, environment: Vec<(String, String)>) {
        self.stop();
        self.environment = environment;
        self.serve();
    }

    fn start_within(descriptors: Option<u32>) -> Self {
        let mut stand = Self::not_started(descriptors);
        stand.serve();
        stand
    }

    fn not_started(descriptors: Option<u32>) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            rustls::crypto::ring::default_provider()
                .install_default()
                .unwrap();
        });
        Self {
            folder: tempfile::tempdir().unwrap(),
            shared_data: None,
            database: new_database(),
            server: None,
            base: String::new(),
            client: Client::builder().redirect(Policy::none()).build().unwrap(),
            descriptors,
            arguments: Vec::new(),
            environment: Vec::new(),
            others: Vec::new(),
            root: None,
            log: Arc::default(),
        }
    }

    /// A phone that follows no redirect and trusts whom it should.
    pub(crate) fn client_builder(&self) -> ClientBuilder {
        let phone = Client::builder().redirect(Policy::none());
        match &self.root {
            Some(root) => phone.tls_certs_only([reqwest::Certificate::from_pem(root).unwrap()]),
            None => phone,
        }
    }

    /// What the hub has written to its log.
    #[allow(dead_code, reason = "not all test programs use it")]
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn serve(&mut self) {
        let mut command = match self.descriptors {
            None => self.hub_command(),
            Some(most) => {
                let mut shell = Command::new("sh");
                let limited = format!("ulimit -n {most} && exec \"$0\" \"$@\"");
                shell.args(["-c", &limited, env!("CARGO_BIN_EXE_passerby-hub")]);
                shell.envs(self.variables());
                shell
            }
        };
        let mut server = command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--trusted-proxy",
                "127.0.0.1",
                "--data",
            ])
            .arg(self.data())
            .args(&self.arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(server.stderr.take().unwrap());
        self.log.lock().unwrap().clear();
        let mut line = String::new();
        let mut next = |log: &Mutex<String>| {
            line.clear();
            stderr.read_line(&mut line).unwrap();
            assert!(!line.is_empty(), "{}", log.lock().unwrap());
            log.lock().unwrap().push_str(&line);
            line.trim().to_owned()
        };
        // A certificate may be told of first.
        self.base = loop {
            let said = next(&self.log);
            if let Some(address) = said.strip_prefix("listening on ") {
                break address.to_owned();
            }
            assert!(said.contains("WARN") || said.contains("INFO"), "{said}");
        };
        let others = self.arguments.iter();
        let others = others.filter(|word| word.ends_with("-listen")).count();
        let other = |_| next(&self.log).rsplit(' ').next().unwrap().to_owned();
        self.others = (0..others).map(other).collect();
        // A full pipe would stop the hub.
        let log = Arc::clone(&self.log);
        std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                log.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        self.server = Some(server);
    }

    /// Cuts the hub's power and starts it again, on another port.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        self.serve();
    }

    /// Cuts the hub's power.
    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// Starts the hub, which has stopped, as it was.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn start_again(&mut self) {
        self.serve();
    }

    /// Starts another process of the same hub, which ends before the stand does.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn another_process(&self) -> Self {
        let mut beside = Self::not_started(self.descriptors);
        beside.shared_data = Some(self.data());
        beside.database.clone_from(&self.database);
        beside.environment.clone_from(&self.environment);
        // All processes of a hub have one address.
        beside.arguments = vec!["--public-url".to_owned(), self.base.clone()];
        beside.serve();
        beside
    }

    /// Starts the hub, which has stopped, with another database.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn serve_from(&mut self, database: &str) {
        self.database = Some(database.to_owned());
        self.serve();
    }

    /// Tells the hub to stop and waits until it has.
    pub(crate) fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        let id = server.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(told.success());
        assert!(server.wait().unwrap().success());
    }

    pub(crate) fn server(&mut self) -> &mut Child {
        self.server.as_mut().unwrap()
    }

    pub(crate) fn data(&self) -> PathBuf {
        let own = || self.folder.path().join("data");
        self.shared_data.clone().unwrap_or_else(own)
    }

    /// A second opening of the same data, while the hub serves.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn hub(&self) -> Hub {
        Hub::open_with(&self.data(), self.database.as_deref()).unwrap()
    }

    /// The program, which knows its database.
    pub(crate) fn hub_command(&self) -> Command {
        let mut command = hub_command();
        command.envs(self.variables());
        command
    }

    /// Everything that the database holds, as bytes, where it is not in the data folder.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn dump(&self) -> Vec<u8> {
        let dump = |address| PostgresServer::shared().dump(address);
        self.database.as_deref().map(dump).unwrap_or_default()
    }

    /// The address of its database, where it is not in the data folder.
    #[allow(dead_code, reason = "the tests of `hub` use it")]
    pub(crate) fn database_address(&self) -> Option<&str> {
        self.database.as_deref()
    }

    fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        let address = self.database.as_deref();
        let own = self.environment.iter();
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        own.chain(address.map(|address| ("PASSERBY_HUB_DATABASE", address)))
    }

    /// Runs another command on the same data while the hub serves.
    pub(crate) fn command(&self, arguments: &[&str]) -> Output {
        self.hub_command()
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .output()
            .unwrap()
    }

    /// Runs a command that must succeed and returns what it printed as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(&[arguments, &["--json"]].concat());
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn report(&self) -> Value {
        self.json(&["report"])
    }

    /// Makes a campaign folder with one picture a colour.
    pub(crate) fn campaign(&self, name: &str, toml: &str, colours: &[[u8; 3]]) -> String {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (place, &colour) in colours.iter().enumerate() {
            std::fs::write(folder.join(format!("{place}.png")), png(colour)).unwrap();
        }
        if !toml.is_empty() {
            std::fs::write(folder.join("campaign.toml"), toml).unwrap();
        }
        folder.to_str().unwrap().to_owned()
    }

    pub(crate) fn publish(&self, folder: &str) -> Value {
        self.json(&["publish", folder])
    }

    pub(crate) fn enrol(&self, body: &Value) -> Response {
        self.client
            .post(format!("{}/v1/enroll", self.base))
            .body(body.to_string())
            .send()
            .unwrap()
    }

    /// Adds a screen and enrols a terminal as it.
    pub(crate) fn terminal(&self, name: &str) -> Terminal {
        let added = self.json(&["screen", "add", name]);
        let response = self.enrol(&json!({ "token": added["token"], "secret": "ab".repeat(32) }));
        assert_eq!(response.status(), 200);
        let credentials = serde_json::from_slice(&response.bytes().unwrap()).unwrap();
        Terminal { credentials }
    }

    /// Asks as a terminal.
    pub(crate) fn get(&self, terminal: &Terminal, path: &str) -> RequestBuilder {
        self.client
            .get(format!("{}{path}", self.base))
            .bearer_auth(&terminal.credentials.bearer)
    }

    pub(crate) fn manifest(&self, terminal: &Terminal) -> Manifest {
        let path = format!("/v1/terminals/{}/manifest", terminal.credentials.screen);
        let response = self.get(terminal, &path).send().unwrap();
        assert_eq!(response.status(), 200);
        let signature = response.headers()["passerby-signature"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = response.bytes().unwrap();
        let key = unhex32(&terminal.credentials.manifest_key).unwrap();
        Manifest::open(
            &body,
            &signature,
            &key,
            terminal.credentials.screen,
            0,
            Some(0),
        )
        .unwrap()
    }

    /// Opens an address as somebody with a phone: `visitor` tells people apart.
    pub(crate) fn visit(&self, visitor: u8, path: &str) -> Response {
        self.open(visitor, PHONE, path)
    }

    pub(crate) fn open(&self, visitor: u8, agent: &str, path: &str) -> Response {
        self.open_from(&format!("192.0.2.{visitor}"), agent, path)
    }

    /// Opens an address from any other one.
    pub(crate) fn open_from(&self, from: &str, agent: &str, path: &str) -> Response {
        self.client
            .get(self.address(path))
            .header("user-agent", agent)
            .header("x-forwarded-for", from)
            .send()
            .unwrap()
    }

    /// Sends plays as a terminal; whatever the hub answers.
    pub(crate) fn send_plays(
        &self,
        terminal: &Terminal,
        plays: &[Play],
        anchors: Vec<Anchor>,
    ) -> Response {
        let batch = PlayBatch::pack(Epoch(1), plays, anchors);
        let path = format!("/v1/terminals/{}/plays", terminal.credentials.screen);
        self.client
            .post(self.address(&path))
            .bearer_auth(&terminal.credentials.bearer)
            .body(serde_json::to_vec(&batch).unwrap())
            .send()
            .unwrap()
    }

    pub(crate) fn address(&self, path: &str) -> String {
        if path.starts_with('/') {
            format!("{}{path}", self.base)
        } else {
            path.to_owned()
        }
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// An enrolled terminal, without its screen.
pub(crate) struct Terminal {
    pub(crate) credentials: Credentials,
}

impl Terminal {
    /// Mints the link of a play that airs now, as the terminal's code carries it.
    pub(crate) fn scan_path(&self, assignment: Assignment, play: u32) -> String {
        self.scan_path_at(assignment, play, passerby_hub::system::clock::now_ms())
    }

    /// Mints the link of a play of another time.
    pub(crate) fn scan_path_at(&self, assignment: Assignment, play: u32, at_ms: i64) -> String {
        let key = TokenKey::from_bytes(unhex32(&self.credentials.token_key).unwrap());
        let contents = TokenContents {
            generation: self.credentials.generation,
            screen: self.credentials.screen,
            assignment,
            play: PlayNumber::new(play).unwrap(),
            minutes: TokenContents::minutes_at(Some(at_ms)),
        };
        format!("/Q/{}", Token::mint(contents, &key))
    }
}

pub(crate) fn hub_command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passerby-hub"));
    command.current_dir(Path::new(env!("CARGO_TARGET_TMPDIR")));
    command
}

/// Looks at creatives as `publish` does.
pub(crate) fn look_at(folder: &Path, jobs: &[Job]) -> Vec<Answer> {
    Workers::new(env!("CARGO_BIN_EXE_passerby-hub").into()).look_at(folder, jobs)
}

/// Where an answer of whatever client leads.
#[allow(dead_code, reason = "the tests of `withstands` use it")]
pub(crate) fn location_of<B>(response: &axum::http::Response<B>) -> String {
    assert_eq!(response.status(), 302);
    response.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn location(response: &Response) -> String {
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["cache-control"], "no-store");
    response.headers()["location"].to_str().unwrap().to_owned()
}

/// A button's target as its campaign has it, without the click id of who pressed.
#[allow(dead_code, reason = "not all test programs use it")]
pub(crate) fn without_click(target: &str) -> String {
    let Some(at) = target.find("pclick=") else {
        return target.to_owned();
    };
    let (before, rest) = target.split_at(at);
    let (click, after) = rest["pclick=".len()..].split_at(32);
    assert!(
        click.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{target}"
    );
    format!("{}{after}", before.trim_end_matches(['?', '&']))
}

/// Makes a film of what ffmpeg's filters draw. Fails where there is no ffmpeg, as the hub cannot
/// look at films there.
pub(crate) fn film(path: &Path, source: &str) {
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", source])
        .args([
            "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p",
        ])
        .arg(path)
        .status()
        .expect("ffmpeg, which these tests need: apt-get install ffmpeg");
    assert!(made.success(), "{source}");
}

/// A picture with some detail in it.
pub(crate) fn png(colour: [u8; 3]) -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(900, 1200, |x, y| {
        let wave = ((x * x + y * 7) / 97 % 64).to_le_bytes()[0];
        image::Rgb(colour.map(|channel| channel.saturating_add(wave)))
    });
    let mut png = Cursor::new(Vec::new());
    pixels.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}
