//! Two hub processes on one PostgreSQL: killed and started at random, their database backed up and
//! put back, their memory watched.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use passerby_hub::Hub;
use passerby_testing::postgres::PostgresServer;

use crate::balancer::Addresses;
use crate::dice::Dice;
use crate::phones::{Phones, Scans};
use crate::requests::Requests;

/// How many hubs there are.
const HUBS: usize = 2;
/// What a hub needs at most, in MB; `hub/tests/withstands` holds one that is attacked to the same.
pub(crate) const MEMORY_MB_MAX: u64 = 150;
/// Where phones would find them.
pub(crate) const PUBLIC_URL: &str = "http://hub.example";
/// Longest time that a hub is away.
const AWAY_MS_MAX: u64 = 500;

/// How often things ended.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ends {
    kills: u64,
    restores: u64,
}

/// A copy of the database, and what of it was known then.
pub(crate) struct Backup {
    name: String,
    scans: Scans,
}

struct Process {
    child: Child,
    memory: Memory,
}

/// What a process needed of memory, in MB.
#[derive(Default)]
struct Memory {
    /// Whenever it was looked at.
    now_mb: Vec<u64>,
    /// At most, also between two looks.
    peak_mb: u64,
}

impl Memory {
    fn look(&mut self, process: u32) {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let mb = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kb: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
            Some(kb / 1_024)
        };
        self.now_mb.extend(mb("VmRSS:"));
        self.peak_mb = self.peak_mb.max(mb("VmHWM:").unwrap_or(0));
    }
}

#[derive(Default)]
struct State {
    processes: Vec<Option<Process>>,
    /// What was seen of the memory of those that ended.
    ended: Vec<Memory>,
    ends: Ends,
}

impl State {
    fn kill(&mut self, hub: usize) {
        if let Some(mut process) = self.processes[hub].take() {
            process.memory.look(process.child.id());
            // SIGKILL.
            process.child.kill().unwrap();
            process.child.wait().unwrap();
            self.ended.push(process.memory);
            self.ends.kills += 1;
        }
    }
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Hubs {
    data: PathBuf,
    address: String,
    server: Arc<PostgresServer>,
    addresses: Arc<Addresses>,
    state: Arc<Mutex<State>>,
    requests: Arc<Requests>,
    dice: Dice,
}

impl Hubs {
    /// Makes an empty database; nothing serves it yet.
    pub(crate) fn new(
        folder: &Path,
        seed: u64,
        waits_for_disk: bool,
        requests: Arc<Requests>,
    ) -> Self {
        let options: &[&str] = if waits_for_disk {
            &[]
        } else {
            &["-c", "fsync=off", "-c", "full_page_writes=off"]
        };
        let server = PostgresServer::start(options);
        let state = State {
            processes: (0..HUBS).map(|_| None).collect(),
            ..State::default()
        };
        Self {
            data: folder.join("hub"),
            address: server.new_database(),
            server: Arc::new(server),
            addresses: Arc::new(Mutex::new(vec![None; HUBS])),
            state: Arc::new(Mutex::new(state)),
            requests,
            dice: Dice(seed).apart(),
        }
    }

    /// Where they listen, as far as they are up.
    pub(crate) const fn addresses(&self) -> &Arc<Addresses> {
        &self.addresses
    }

    /// Opens their data beside them.
    pub(crate) fn hub(&self) -> Hub {
        Hub::open_with(&self.data, Some(&self.address)).unwrap()
    }

    /// Runs another command on their data, which must succeed.
    pub(crate) fn command(&self, arguments: &[&str]) {
        let output = self
            .program()
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passerby-hub"));
        command
            .env("PASSERBY_HUB_DATABASE", &self.address)
            .env("RUST_LOG", "error");
        command
    }

    /// Starts those that are down.
    pub(crate) fn start_all(&self) {
        let mut state = self.state.lock().unwrap();
        for hub in 0..HUBS {
            self.start(&mut state, hub);
        }
    }

    fn start(&self, state: &mut State, hub: usize) {
        if state.processes[hub].is_some() {
            return;
        }
        let mut child = self
            .program()
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--trusted-proxy",
                "127.0.0.1",
            ])
            .args(["--public-url", PUBLIC_URL, "--data"])
            .arg(&self.data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address: SocketAddr = address.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::stderr()));
        self.addresses.lock().unwrap()[hub] = Some(address);
        state.processes[hub] = Some(Process {
            child,
            memory: Memory::default(),
        });
    }

    /// Kills one now and then, so often in so many requests, and starts it again; until the flag is
    /// set.
    pub(crate) fn kill_now_and_then(&self, kills: u64, requests: u64) -> Arc<AtomicBool> {
        let ends = Arc::new(AtomicBool::new(false));
        let (hubs, flag) = (self.clone(), Arc::clone(&ends));
        std::thread::spawn(move || {
            let mut dice = hubs.dice.clone();
            let between = (2 * requests / kills.max(1)).max(2);
            let mut next = dice.between(1, between);
            while !flag.load(Ordering::SeqCst) {
                if hubs.requests.all() >= next {
                    let hub = usize::try_from(dice.between(0, HUBS as u64 - 1)).unwrap();
                    hubs.state.lock().unwrap().kill(hub);
                    std::thread::sleep(Duration::from_millis(dice.between(1, AWAY_MS_MAX)));
                    hubs.start(&mut hubs.state.lock().unwrap(), hub);
                    next = hubs.requests.all() + dice.between(1, between);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        ends
    }

    /// Copies the database, as it is while nobody serves it.
    pub(crate) fn back_up(&self, phones: &Phones) -> Backup {
        let scans = phones.scans();
        let mut state = self.state.lock().unwrap();
        let name = "backup".to_owned();
        self.alone(&mut state);
        self.on_server(&format!("CREATE DATABASE {name} TEMPLATE {}", self.name()));
        for hub in 0..HUBS {
            self.start(&mut state, hub);
        }
        Backup {
            name,
            scans: scans.clone(),
        }
    }

    /// Puts the copy in the database's place.
    pub(crate) fn restore(&self, phones: &Phones, backup: &Backup) {
        let mut scans = phones.scans();
        let mut state = self.state.lock().unwrap();
        self.alone(&mut state);
        self.on_server(&format!("DROP DATABASE {}", self.name()));
        self.on_server(&format!(
            "CREATE DATABASE {} TEMPLATE {}",
            self.name(),
            backup.name
        ));
        (scans.answered, scans.unanswered) = (backup.scans.answered, backup.scans.unanswered);
        state.ends.restores += 1;
        for hub in 0..HUBS {
            self.start(&mut state, hub);
        }
    }

    /// Ends whatever uses the database.
    fn alone(&self, state: &mut State) {
        (0..HUBS).for_each(|hub| state.kill(hub));
        // The server notices by itself, but later.
        self.on_server(&format!(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{}'",
            self.name()
        ));
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, table: &str) -> u64 {
        let query = format!("SELECT count(*) FROM {table}");
        self.server.value(&self.address, &query).parse().unwrap()
    }

    fn on_server(&self, statement: &str) {
        self.server.run("postgres:///postgres", statement);
    }

    /// The name of the database.
    fn name(&self) -> &str {
        let name = self.address.trim_start_matches("postgres:///");
        name.split('?').next().unwrap()
    }

    /// Kills all.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock().unwrap();
        (0..HUBS).for_each(|hub| state.kill(hub));
    }

    /// Looks at how much memory they need.
    pub(crate) fn look_at_memory(&self) {
        let mut state = self.state.lock().unwrap();
        for process in state.processes.iter_mut().flatten() {
            process.memory.look(process.child.id());
        }
    }

    /// Tells of each process what its memory was, when it was looked at.
    pub(crate) fn memory(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let told = state.ended.iter();
        let told = told.filter(|memory| memory.now_mb.len() > 8);
        told.map(|Memory { now_mb, peak_mb }| {
            let part = |eighth: usize| now_mb[(now_mb.len() - 1) * eighth / 8];
            let parts: Vec<String> = (0..=8).map(|eighth| part(eighth).to_string()).collect();
            format!(
                "memory of a hub over its life, MB: {}; at most {peak_mb}",
                parts.join(" ")
            )
        })
        .collect()
    }

    /// The most that one needed, in MB.
    pub(crate) fn memory_mb(&self) -> u64 {
        let state = self.state.lock().unwrap();
        state
            .ended
            .iter()
            .map(|memory| memory.peak_mb)
            .max()
            .unwrap_or(0)
    }

    /// How often things ended.
    pub(crate) fn ends(&self) -> Ends {
        self.state.lock().unwrap().ends
    }
}
