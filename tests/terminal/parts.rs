//! Processes and files that the tests share.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest wait for something that should come; it only ends tests that hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is looked for.
pub(crate) const LOOK: Duration = Duration::from_millis(100);

/// The terminal's program.
pub(crate) fn terminal() -> Command {
    Command::new(env!("CARGO_BIN_EXE_passerby"))
}

/// The hub's program, which Cargo builds beside the terminal's when it tests the workspace.
pub(crate) fn hub_program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_passerby")).with_file_name("passerby-hub");
    assert!(
        program.exists(),
        "{} is missing; build it with `cargo build -p passerby-hub`",
        program.display()
    );
    program
}

/// A hub that is killed with the test.
pub(crate) struct HubProcess {
    child: Child,
    pub(crate) address: String,
}

impl HubProcess {
    /// Starts a hub; port 0 takes a free one.
    pub(crate) fn start(data: &Path, listen: &str) -> Self {
        Self::start_as(Command::new(hub_program()), data, listen, &[])
    }

    /// Starts one by a command that has what it needs besides, with further options.
    pub(crate) fn start_as(
        mut command: Command,
        data: &Path,
        listen: &str,
        options: &[&str],
    ) -> Self {
        let mut child = command
            .args(["serve", "--listen", listen, "--data"])
            .arg(data)
            .args(options)
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
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for HubProcess {
    /// SIGKILL: a hub has no chance to tidy up.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a hub command and returns its JSON.
pub(crate) fn hub(data: &Path, arguments: &[&str]) -> Value {
    hub_as(Command::new(hub_program()), data, arguments)
}

/// Runs one by a command that has what it needs besides.
pub(crate) fn hub_as(mut command: Command, data: &Path, arguments: &[&str]) -> Value {
    let output = command
        .args(arguments)
        .arg("--json")
        .arg("--data")
        .arg(data)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON on standard output")
}

/// Runs the terminal until something is so, of which it is told what was said so far, then ends it
/// in good order as systemd does. Returns what it said.
pub(crate) fn run_until(
    command: &mut Command,
    what: &str,
    mut is_so: impl FnMut(&str) -> bool,
) -> String {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.reopen().expect("opens"))
        .spawn()
        .expect("starts");
    let said = || text(&std::fs::read(log.path()).expect("reads"));
    let deadline = Instant::now() + PATIENCE;
    while !is_so(&said()) {
        let ended = child.try_wait().expect("is ours");
        if ended.is_some() || Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("never: {what} ({ended:?}); {}", said());
        }
        std::thread::sleep(LOOK);
    }
    let id = child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status();
    assert!(told.expect("runs").success());
    let status = child.wait().expect("ends");
    assert!(status.success(), "{}", said());
    said()
}

/// What a running capture has noted of its frames so far.
pub(crate) fn captured(folder: &Path) -> Vec<Value> {
    let lines = std::fs::read_to_string(folder.join("frames.jsonl")).unwrap_or_default();
    let notes = lines.lines().map(serde_json::from_str);
    notes.map_while(Result::ok).collect()
}

/// Runs a program to its end.
pub(crate) fn finish(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes a picture that no two names share.
pub(crate) fn picture(path: &Path, colours: [[u8; 3]; 2]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
    image::RgbImage::from_fn(400, 300, |x, y| {
        image::Rgb(colours[usize::from((x + y) % 50 < 25)])
    })
    .save(path)
    .expect("a picture");
}

/// A terminal with settings of its own, enrolled or not.
pub(crate) struct Terminal {
    pub(crate) settings: PathBuf,
}

impl Terminal {
    /// Writes settings; the data lies in `folder/terminal`.
    pub(crate) fn with_settings(folder: &Path, extra: &str) -> Self {
        let settings = folder.join("kiosk.toml");
        let text = format!("[data]\ndir = 'terminal'\n[local]\nlisten = '127.0.0.1:0'\n{extra}");
        std::fs::write(&settings, text).expect("writes");
        Self { settings }
    }

    /// Enrols it with a token from the hub's command line.
    pub(crate) fn enrol(&self, data: &Path, url: &str) {
        let token = hub(data, &["screen", "add", "Metro"])["token"]
            .as_str()
            .expect("a token")
            .to_owned();
        let enrolled = finish(
            terminal()
                .args([
                    "enroll", "--json", "--hub", url, "--token", &token, "--config",
                ])
                .arg(&self.settings),
        );
        assert!(enrolled.status.success(), "{}", text(&enrolled.stderr));
    }

    /// A run without a window, in a small size.
    pub(crate) fn run(&self) -> Command {
        let mut command = terminal();
        command
            .args(["run", "--offscreen", "--size", "640x360", "--config"])
            .arg(&self.settings);
        command
    }

    /// The plays of its ledger.
    pub(crate) fn plays(&self) -> Vec<Value> {
        self.try_plays()
            .unwrap_or_else(|said| panic!("its plays cannot be read: {said}"))
    }

    /// The plays of its ledger so far; none before it has one.
    pub(crate) fn plays_so_far(&self) -> Vec<Value> {
        self.try_plays().unwrap_or_default()
    }

    fn try_plays(&self) -> Result<Vec<Value>, String> {
        let output = finish(terminal().args(["plays", "--config"]).arg(&self.settings));
        if !output.status.success() {
            return Err(text(&output.stderr));
        }
        Ok(text(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
            .collect())
    }
}
