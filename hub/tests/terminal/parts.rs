//! A hub process, a folder to publish, a terminal to enrol.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use passerby_playout::hub_link;
use passerby_playout::hub_link::HubClient;
use passerby_playout::hub_link::send_state::{LedgerAction, SendState, SentRows};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_protocol::plays::PlayBatch;

/// Longest wait for something that should come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// Looks until there is something to see.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "not seen: {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    until(what, || is_so().then_some(()));
}

/// A hub that is killed with the test.
pub(crate) struct HubProcess {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) address: String,
}

impl HubProcess {
    /// Starts a hub; port 0 takes a free one.
    pub(crate) fn start(data: &Path, listen: &str) -> Self {
        Self::start_in(data, listen, &[])
    }

    /// The same, with a few variables more in its environment.
    pub(crate) fn start_in(data: &Path, listen: &str, variables: &[(String, String)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_passerby-hub"))
            .args(["serve", "--listen", listen, "--data"])
            .arg(data)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the hub starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_once("listening on http://")
                    .map(|(_, address)| address.trim().to_owned())
            })
            .expect("the hub says where it listens");
        let log = Arc::<Mutex<String>>::default();
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                written
                    .lock()
                    .expect("no thread has failed")
                    .push_str(&line);
            }
        });
        Self {
            child,
            log,
            address,
        }
    }

    /// Tells whether it has written something to its log since it listens.
    pub(crate) fn said(&self, words: &str) -> bool {
        let log = self.log.lock().expect("no thread has failed");
        log.contains(words)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

/// Reads a number that whoever runs a test may set.
pub(crate) fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

impl Drop for HubProcess {
    /// SIGKILL: a hub has no chance to tidy up.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a hub command and returns its JSON.
pub(crate) fn hub(data: &Path, arguments: &[&str]) -> serde_json::Value {
    hub_in(data, &[], arguments)
}

/// The same, with a few variables more in its environment.
pub(crate) fn hub_in(
    data: &Path,
    variables: &[(String, String)],
    arguments: &[&str],
) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_passerby-hub"))
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .arg("--json")
        .arg("--data")
        .arg(data)
        .output()
        .expect("the hub runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON on standard output")
}

/// Publishes a campaign with two pictures.
pub(crate) fn publish(folder: &Path, data: &Path) {
    let campaign = campaign(folder, "cafe", [60, 200]);
    hub(data, &["publish", campaign.to_str().expect("text")]);
}

/// Makes a campaign with two pictures.
pub(crate) fn campaign(folder: &Path, name: &str, greys: [u8; 2]) -> PathBuf {
    let campaign = folder.join(name);
    std::fs::create_dir_all(&campaign).expect("folder");
    for (name, grey) in ["a.png", "b.png"].into_iter().zip(greys) {
        image::GrayImage::from_pixel(64, 48, image::Luma([grey]))
            .save(campaign.join(name))
            .expect("a picture");
    }
    std::fs::write(
        campaign.join("campaign.toml"),
        "title = 'Café'\ntarget = 'https://cafe.example/'\n",
    )
    .expect("writes");
    campaign
}

/// Enrols a terminal by token and returns where its data lies.
pub(crate) fn enrol(folder: &Path, data: &Path, url: &str) -> (PathBuf, Enrolment) {
    enrol_in(folder, data, &[], url)
}

/// The same, with a few variables more in the environment of the hub's command.
pub(crate) fn enrol_in(
    folder: &Path,
    data: &Path,
    variables: &[(String, String)],
    url: &str,
) -> (PathBuf, Enrolment) {
    let token = hub_in(data, variables, &["screen", "add", "Window"])["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let terminal = folder.join("terminal");
    let enrolment = enrol_by(&token, "Window", url, &terminal);
    (terminal, enrolment)
}

/// Enrols a terminal by a token that it was given.
fn enrol_by(token: &str, name: &str, url: &str, terminal: &Path) -> Enrolment {
    let enrolled = hub_link::enrol(url, Some(token), name, terminal, None, |_| ());
    runtime().block_on(enrolled).expect("enrols")
}

/// Runs what speaks with a hub.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Enrols a terminal with a token of `screen renew`.
pub(crate) fn renew(data: &Path, screen: &str, url: &str, terminal: &Path) -> Enrolment {
    let renewed = hub(data, &["screen", "renew", screen]);
    enrol_by(
        renewed["token"].as_str().expect("a token"),
        "",
        url,
        terminal,
    )
}

/// Sends all that waits in a ledger to its hub, which must be there.
pub(crate) fn drain(ledger: &mut Ledger, enrolment: &Enrolment) {
    let client = HubClient::new(&enrolment.hub, Some(enrolment.credentials.bearer.clone()));
    let runtime = runtime();
    let mut sync = SendState::default();
    while ledger.waiting() > 0 {
        let (rows, anchors) = ledger.waiting_plays(sync.rows()).expect("reads");
        let batch = PlayBatch::pack(ledger.epoch(), &rows, anchors);
        let answer = runtime.block_on(client.plays(enrolment.credentials.screen, &batch));
        match sync.answered(0, SentRows::of(&batch), &answer, 1) {
            LedgerAction::AckThrough(seq) => ledger.acknowledge(seq).expect("writes"),
            other => panic!("{answer:?}: {other:?}"),
        };
    }
}

/// Plays that the hub has.
pub(crate) fn plays_on_hub(data: &Path) -> u64 {
    hub(data, &["report"])["plays"]["total"]
        .as_u64()
        .expect("a total")
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status();
    assert!(status.expect("runs").success());
}

/// Writes settings for a terminal process: its hub, and the folder that [`enrol`] made.
pub(crate) fn settings(folder: &Path, url: &str) -> PathBuf {
    let settings = folder.join("kiosk.toml");
    let text = format!("[hub]\nurl = '{url}'\n[data]\ndir = 'terminal'\n");
    std::fs::write(&settings, text).expect("writes");
    settings
}

/// A terminal without a screen as a process, to be started: its settings, and how many milliseconds
/// slides stay that name no time.
pub(crate) fn blind_terminal(settings: &Path, dwell_ms: u64) -> Command {
    // Cargo builds examples beside the binaries before it runs tests of the workspace.
    let program = Path::new(env!("CARGO_BIN_EXE_passerby-hub"))
        .with_file_name("examples")
        .join("blind_terminal");
    assert!(
        program.exists(),
        "{} is missing; build it with `cargo build -p passerby-playout --examples`",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .arg(settings)
        .arg(dwell_ms.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A running [`blind_terminal`], which ends by SIGKILL and never outlives its test.
pub(crate) struct TerminalProcess(Child);

impl TerminalProcess {
    pub(crate) fn start(settings: &Path, dwell_ms: u64) -> Self {
        Self(blind_terminal(settings, dwell_ms).spawn().expect("starts"))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("SIGKILL");
        self.0.wait().expect("reaped");
    }
}

impl Drop for TerminalProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
