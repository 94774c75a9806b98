//! A real PostgreSQL for tests: one server for each test program, a database for each test.
//!
//! Invariants: the server listens in a folder of its own and on no port, so it is in nobody's way;
//! it ends with the test program, however that ends, and its folder goes with it. It does not wait
//! for the disk, since a test that pulls its plug starts one of its own.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::programs::required_program;
use crate::unique::unique;

/// Nobody, on Debian: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;
/// How long a start may take on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Runs the server until its own input ends, and clears up then if it is told to. It is the test
/// program that holds the other end, and the system closes that however the program ends. A server
/// that ends by itself, or is killed, is seen off at once, so that another may take its place.
const WATCH: &str = r#"
folder=$1
clears=$2
shift 2
exec 3<&0
"$@" >>"$folder/log" 2>&1 </dev/null 3<&- &
server=$!
(cat <&3 >/dev/null; kill -QUIT "$server") &
watch=$!
wait "$server"
kill "$watch" 2>/dev/null
cat <&3 >/dev/null
[ "$clears" = no ] || rm -rf "$folder"
"#;

/// A server that runs.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    options: Vec<String>,
    watcher: Child,
    /// What watches over it since it was started again.
    again: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Returns the server of this test program, starting it when it is asked for first.
    ///
    /// # Panics
    /// PostgreSQL is not installed, or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&["-c", "fsync=off", "-c", "full_page_writes=off"]))
    }

    /// Starts a server of its own, with further options.
    ///
    /// # Panics
    /// PostgreSQL is not installed, or does not start.
    pub fn start(options: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("passerby-postgres-{}", unique()));
        std::fs::create_dir(&folder).expect("a folder for PostgreSQL");
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0);
        if is_root {
            std::os::unix::fs::chown(&folder, Some(NOBODY), None)
                .expect("a folder that is nobody's");
        }
        let data = folder.join("data");
        let made = as_nobody(is_root, &required_program("initdb"))
            .args([
                "--username=hub",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .arg("--pgdata")
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let options: Vec<String> = options.iter().map(|&option| option.into()).collect();
        let mut watcher = watched(&folder, true, &options);
        wait_until_it_answers(&folder, &mut watcher);
        Self {
            folder,
            options,
            watcher,
            again: Mutex::new(None),
            databases: AtomicU32::new(0),
        }
    }

    /// Kills all processes of the server at once, as when their machine fails, but for what the
    /// system has taken to write.
    ///
    /// # Panics
    /// It does not run.
    pub fn kill(&self) {
        let main = self.main_process().expect("the server runs");
        // So that it starts no further ones meanwhile.
        assert!(signal("STOP", &[main]), "the server runs");
        let mut all = children_of(main);
        all.push(main);
        assert!(signal("KILL", &all), "the server runs");
        let killed = Instant::now();
        while stat(main).is_some() || all.iter().any(|&process| runs(process)) {
            assert!(killed.elapsed() < START_TIMEOUT, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts a server that was killed, on what it had written; returns when it answers.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_again(&self) {
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        end(again.take());
        let mut watcher = watched(&self.folder, false, &self.options);
        wait_until_it_answers(&self.folder, &mut watcher);
        *again = Some(watcher);
    }

    /// Suspends all processes of the server, or has them go on: a machine that hangs.
    ///
    /// # Panics
    /// It does not run.
    pub fn suspend(&self, is_suspended: bool) {
        let main = self.main_process().expect("the server runs");
        let mut all = vec![main];
        all.extend(children_of(main));
        let name = if is_suspended { "STOP" } else { "CONT" };
        assert!(signal(name, &all), "the server runs");
    }

    /// The first line of its own file says which process it is.
    fn main_process(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Makes an empty database and returns its address, as `--database` takes it.
    ///
    /// # Panics
    /// The server refuses.
    pub fn new_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = psql(&self.folder, "postgres", &format!("CREATE DATABASE {name}"));
        assert!(made, "no database {name}");
        format!("postgres:///{name}?host={}&user=hub", self.folder.display())
    }

    /// Returns all that a database holds, as `pg_dump` writes it.
    ///
    /// # Panics
    /// The server refuses.
    pub fn dump(&self, address: &str) -> Vec<u8> {
        let dumped = Command::new(required_program("pg_dump"))
            .args(["--dbname", address])
            .output()
            .expect("pg_dump runs");
        assert!(
            dumped.status.success(),
            "{}",
            String::from_utf8_lossy(&dumped.stderr)
        );
        dumped.stdout
    }

    /// Runs statements in a database as `psql` does.
    ///
    /// # Panics
    /// The server refuses them.
    pub fn run(&self, address: &str, statements: &str) {
        let name = name_in(address);
        let ran = psql_command(&self.folder, name, statements)
            .output()
            .expect("psql runs");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{said}: {statements}");
    }

    /// Runs a query as `psql` does and returns the first column of its first row, as text.
    ///
    /// # Panics
    /// The server refuses it.
    pub fn value(&self, address: &str, query: &str) -> String {
        let asked = psql_command(&self.folder, name_in(address), query)
            .args(["--tuples-only", "--no-align"])
            .output()
            .expect("psql runs");
        assert!(
            asked.status.success(),
            "{query}: {}",
            String::from_utf8_lossy(&asked.stderr)
        );
        let said = String::from_utf8_lossy(&asked.stdout);
        said.lines().next().unwrap_or_default().to_owned()
    }

    /// Makes an empty database whose rows lie in another folder, which is given to the server's
    /// user.
    ///
    /// # Panics
    /// The server refuses.
    pub fn new_database_in(&self, folder: &Path) -> String {
        if std::fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0) {
            std::os::unix::fs::chown(folder, Some(NOBODY), None)
                .expect("a folder that is nobody's");
        }
        let address = self.new_database();
        let name = name_in(&address);
        for statement in [
            format!(
                "CREATE TABLESPACE of_{name} LOCATION '{}'",
                folder.display()
            ),
            format!("ALTER DATABASE {name} SET TABLESPACE of_{name}"),
        ] {
            assert!(psql(&self.folder, "postgres", &statement), "{statement}");
        }
        address
    }
}

/// The name of the database that an address means.
fn name_in(address: &str) -> &str {
    let name = address.trim_start_matches("postgres:///").split('?').next();
    name.unwrap_or_default()
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        end(self
            .again
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take());
        end_input(&mut self.watcher);
    }
}

/// Starts the server under a script that ends it.
fn watched(folder: &Path, clears: bool, options: &[String]) -> Child {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|found| found.uid() == 0);
    let server = as_nobody(is_root, &required_program("postgres"));
    Command::new("sh")
        .args(["-c", WATCH, "sh"])
        .arg(folder)
        .arg(if clears { "yes" } else { "no" })
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder)
        .args([
            "-c",
            "listen_addresses=",
            "-c",
            "max_connections=400",
            "-c",
            "shared_buffers=64MB",
        ])
        .args(options)
        .stdin(Stdio::piped())
        .spawn()
        .expect("sh runs")
}

fn wait_until_it_answers(folder: &Path, watcher: &mut Child) {
    let started = Instant::now();
    while !psql(folder, "postgres", "SELECT 1") {
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        let ended = watcher.try_wait().expect("its state is known");
        assert!(ended.is_none(), "PostgreSQL ended: {}", log());
        assert!(
            started.elapsed() < START_TIMEOUT,
            "PostgreSQL does not start: {}",
            log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn end(watcher: Option<Child>) {
    if let Some(mut watcher) = watcher {
        end_input(&mut watcher);
    }
}

/// The end of its input ends the watcher.
fn end_input(watcher: &mut Child) {
    if let Some(mut input) = watcher.stdin.take() {
        let _ = input.flush();
    }
    let _ = watcher.wait();
}

/// Sends a signal to processes; false if none of them runs.
fn signal(name: &str, processes: &[u32]) -> bool {
    Command::new("kill")
        .arg(format!("-{name}"))
        .args(processes.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status()
        .is_ok()
        && processes.iter().any(|&process| stat(process).is_some())
}

fn children_of(process: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("/proc can be read");
    let all = entries.flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|&number| stat(number).is_some_and(|(_, parent)| parent == process))
        .collect()
}

/// Tells whether a process still does something: what nobody has waited for yet does not.
fn runs(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// The state and the parent of a process (proc_pid_stat(5)).
fn stat(process: u32) -> Option<(char, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn psql(folder: &Path, database: &str, statements: &str) -> bool {
    psql_command(folder, database, statements)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn psql_command(folder: &Path, database: &str, statements: &str) -> Command {
    let mut command = Command::new(required_program("psql"));
    command
        .args([
            "--no-psqlrc",
            "--quiet",
            "--username=hub",
            "--set=ON_ERROR_STOP=1",
            "--host",
        ])
        .arg(folder)
        .args(["--dbname", database, "--command", statements]);
    command
}

fn as_nobody(is_root: bool, program: &Path) -> Command {
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new(required_program("setpriv"));
    let user = format!("--reuid={NOBODY}");
    let group = format!("--regid={NOBODY}");
    command
        .args([&user, &group, "--clear-groups"])
        .arg(program)
        .current_dir("/");
    command
}
