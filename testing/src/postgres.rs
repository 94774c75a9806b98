//! A real PostgreSQL for tests: one server for each test program, a database for each test.
//!
//! Invariants: the server listens in a folder of its own and on no port, so it is in nobody's way;
//! it ends with the test program, however that ends, and its folder goes with it. It does not wait
//! for the disk, since a test that pulls its plug starts one of its own.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::programs::required_program;

/// Nobody, on Debian: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;
/// How long a start may take on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Runs the server until its own input ends, and clears up then. It is the test program that holds
/// the other end, and the system closes that however the program ends.
const WATCH: &str = r#"
folder=$1
shift
"$@" >"$folder/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT "$server"
wait "$server"
rm -rf "$folder"
"#;

/// A server that runs.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    watcher: Child,
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
        let server = as_nobody(is_root, &required_program("postgres"));
        let mut watcher = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(&folder)
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
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
            .expect("sh runs");
        let started = Instant::now();
        while !psql(&folder, "postgres", "SELECT 1") {
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
        Self {
            folder,
            watcher,
            databases: AtomicU32::new(0),
        }
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
        let name = address
            .trim_start_matches("postgres:///")
            .split('?')
            .next()
            .unwrap_or_default();
        assert!(psql(&self.folder, name, statements), "{statements}");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // The end of its input ends the watcher.
        if let Some(mut input) = self.watcher.stdin.take() {
            let _ = input.flush();
        }
        let _ = self.watcher.wait();
    }
}

fn psql(folder: &Path, database: &str, statements: &str) -> bool {
    Command::new(required_program("psql"))
        .args([
            "--no-psqlrc",
            "--quiet",
            "--username=hub",
            "--set=ON_ERROR_STOP=1",
            "--host",
        ])
        .arg(folder)
        .args(["--dbname", database, "--command", statements])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
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

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
