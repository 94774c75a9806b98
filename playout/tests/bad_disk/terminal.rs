//! A terminal without a screen, on a data folder of the test's choice.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use passerby_playout::ledger::Ledger;

/// Fails a test that hangs; nothing depends on its length.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a terminal has said so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Told {
    /// Plays on disk.
    pub(crate) recorded: u64,
    /// Plays in memory, or lost there.
    pub(crate) unrecorded: u64,
    /// What came onto the screen: campaigns, and what is built in.
    pub(crate) campaigns: u64,
    pub(crate) built_in: u64,
    pub(crate) numbers: BTreeSet<u32>,
    pub(crate) problems: Vec<String>,
}

/// A process that plays.
pub(crate) struct Terminal {
    child: Child,
    lines: Receiver<String>,
    pub(crate) told: Told,
    _settings: tempfile::TempDir,
}

impl Terminal {
    /// Starts one that shows a new play every few milliseconds and keeps its data in `data`.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_by(data, Command::new(program("blind_terminal")))
    }

    /// The same by a command that runs what it is given.
    pub(crate) fn start_by(data: &Path, mut command: Command) -> Self {
        let settings = tempfile::tempdir().expect("a folder");
        let campaign = settings.path().join("window/cafe");
        std::fs::create_dir_all(&campaign).expect("makes");
        let picture =
            passerby_testing::package_folder().join("../assets/demo/window-pictures/flowers.png");
        std::fs::copy(picture, campaign.join("a.png")).expect("copies");
        let toml = "title = 'Café'\ntarget = 'https://cafe.example/'\n";
        std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
        let file = settings.path().join("kiosk.toml");
        let data = data.display();
        let text = format!("[content]\nfolders = ['window']\n[data]\ndir = '{data}'\n");
        std::fs::write(&file, text).expect("writes");
        let mut child = command
            .arg(&file)
            .args(["5", "--tell"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let (say, lines) = channel();
        std::thread::spawn(move || {
            let mut out = out.lines().map_while(Result::ok);
            out.all(|line| say.send(line).is_ok())
        });
        Self {
            child,
            lines,
            told: Told::default(),
            _settings: settings,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Listens until what was told is so.
    pub(crate) fn until(&mut self, what: &str, so: impl Fn(&Told) -> bool) {
        let since = Instant::now();
        while !so(&self.told) {
            let left = PATIENCE.saturating_sub(since.elapsed());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.told.hear(&line),
                Err(RecvTimeoutError::Timeout) => panic!("never: {what}; {:?}", self.told),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before: {what}; {:?}", self.told)
                }
            }
        }
    }

    /// The show goes on: so many more things come onto the screen.
    pub(crate) fn shows(&mut self, count: u64) {
        let from = self.told.campaigns + self.told.built_in;
        self.until("the show goes on", |told| {
            told.campaigns + told.built_in >= from + count
        });
    }

    /// So many more plays get onto the disk, and none waits any more.
    pub(crate) fn records(&mut self, count: u64) {
        let from = self.told.recorded;
        self.until("the count goes on", |told| {
            told.recorded >= from + count && told.unrecorded == 0
        });
    }

    /// SIGKILL; returns all that it said.
    pub(crate) fn kill(mut self) -> Told {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("reaped");
        let told = &mut self.told;
        self.lines.iter().for_each(|line| told.hear(&line));
        std::mem::take(&mut self.told)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Told {
    fn hear(&mut self, line: &str) {
        if let Some(number) = line.strip_prefix("number ") {
            let number = number.parse().expect("a number");
            assert!(self.numbers.insert(number), "{number} was handed out twice");
        } else if let Some(what) = line.strip_prefix("presented ") {
            match what {
                "built-in" => self.built_in += 1,
                _ => self.campaigns += 1,
            }
        } else if let Some(status) = line.strip_prefix("status ") {
            let status: serde_json::Value = serde_json::from_str(status).expect("JSON");
            let number = |key: &str| status[key].as_u64().expect("a number");
            let recorded = number("plays_recorded");
            assert!(self.recorded <= recorded, "what was on disk stays there");
            self.recorded = recorded;
            self.unrecorded = number("plays_dropped");
            let problems = status["problems"].as_array().expect("a list");
            self.problems = problems
                .iter()
                .map(|problem| problem.as_str().expect("text").to_owned())
                .collect();
        }
    }

    pub(crate) fn has_problem(&self, words: &str) -> bool {
        self.problems.iter().any(|problem| problem.contains(words))
    }
}

/// Opens the ledger of a terminal that has ended: nothing is lost that it called recorded, nothing
/// is there twice, and all that was really shown is there, but for `missing` plays at most and the
/// one that was on the screen.
pub(crate) fn holds(data: &Path, told: &Told, missing: u64) {
    let (ledger, note) = Ledger::open(data).expect("opens");
    assert_eq!(note, None, "nothing is damaged");
    let plays = ledger.plays_since(None).expect("reads");
    let numbers: BTreeSet<u32> = plays.iter().map(|play| play.play.number.get()).collect();
    assert_eq!(numbers.len(), plays.len(), "none is there twice");
    assert!(
        ledger.dropped().expect("reads") <= missing,
        "what is on record as missing is not here"
    );
    assert!(numbers.is_subset(&told.numbers), "none was made up");
    let count = plays.len() as u64;
    let seqs = plays.iter().map(|play| play.play.seq);
    assert!(seqs.eq(1..=count), "seq has no gap");
    assert!(count >= told.recorded, "{count} of {}", told.recorded);
    // The last one is still on the screen, the one before on its way to the ledger.
    assert!(
        count + missing + 2 >= told.campaigns,
        "{count} are kept of {} that were shown; {missing} may be missing",
        told.campaigns
    );
}

/// A program among the examples, which Cargo builds beside the tests before it runs these.
pub(crate) fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let folder = test.ancestors().nth(2).expect("a target folder");
    let program = folder.join("examples").join(name);
    assert!(
        program.exists(),
        "{} is missing; build it with `cargo build -p passerby-playout --examples`",
        program.display()
    );
    program
}
