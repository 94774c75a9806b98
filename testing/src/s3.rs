//! A real server that speaks S3, for tests: rclone before a folder, with a key that it checks.
//!
//! Invariants: it listens on loopback alone, on a free port; it ends with the test program, however
//! that ends, and its folder goes with it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::programs::test_tool;
use crate::unique::unique;

/// The key that it takes.
const KEY: &str = "passerby-test";
const SECRET: &str = "a secret of tests alone";
/// The bucket that is there.
pub const BUCKET: &str = "screens";
/// How long it may take on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Runs the server until its own input ends. It is the test program that holds the other end, and
/// the system closes that however the program ends.
const WATCH: &str = r#"
folder=$1
clears=$2
shift 2
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
echo "$server" >"$folder/pid"
cat <&3 >/dev/null
kill -KILL "$server" 2>/dev/null
wait "$server" 2>/dev/null
[ "$clears" = no ] || rm -rf "$folder"
"#;

/// Such a server.
#[derive(Debug)]
pub struct S3Server {
    folder: PathBuf,
    options: Vec<String>,
    address: String,
    watcher: Child,
}

impl S3Server {
    /// Starts one with an empty bucket.
    ///
    /// # Panics
    /// It is not installed, or does not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with further options of `rclone serve s3`.
    ///
    /// # Panics
    /// It is not installed, or does not start.
    pub fn start_with(options: &[&str]) -> Self {
        let folder = std::env::temp_dir().join(format!("passerby-s3-{}", unique()));
        std::fs::create_dir_all(folder.join("data").join(BUCKET)).expect("a folder for S3");
        let options: Vec<String> = options.iter().map(|&option| option.into()).collect();
        let (watcher, address) = started(&folder, true, "127.0.0.1:0", &options);
        Self {
            folder,
            options,
            address,
            watcher,
        }
    }

    /// What a program has in its environment that may ask this server.
    pub fn variables(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL_S3", self.address.as_str()),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "us-east-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// The folder behind the bucket: each object is a file in it, by its key.
    pub fn bucket(&self) -> PathBuf {
        self.folder.join("data").join(BUCKET)
    }

    /// Makes another bucket.
    ///
    /// # Panics
    /// There is one of its name.
    pub fn make_bucket(&self, name: &str) {
        std::fs::create_dir(self.folder.join("data").join(name)).expect("a new bucket");
    }

    /// Kills the server, as when its machine fails; what it has taken stays.
    ///
    /// # Panics
    /// It does not run.
    pub fn kill(&self) {
        self.signal("KILL");
        let killed = Instant::now();
        let port = self.address.rsplit(':').next().unwrap_or_default();
        while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
            assert!(killed.elapsed() < TIMEOUT, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts a server that was killed, on its port and with what it had taken.
    ///
    /// # Panics
    /// It does not start.
    pub fn start_again(&mut self) {
        let address = self.address.split("://").nth(1).unwrap_or_default();
        let (watcher, _) = started(&self.folder, false, address, &self.options);
        let mut before = std::mem::replace(&mut self.watcher, watcher);
        // The folder is for the last one to clear away.
        let _ = before.kill();
        let _ = before.wait();
    }

    /// Suspends the server, or has it go on: a store that hangs.
    ///
    /// # Panics
    /// It does not run.
    pub fn suspend(&self, is_suspended: bool) {
        self.signal(if is_suspended { "STOP" } else { "CONT" });
    }

    fn signal(&self, name: &str) {
        let process = std::fs::read_to_string(self.folder.join("pid")).expect("the server runs");
        let signalled = Command::new("kill")
            .args(["-s", name, process.trim()])
            .status();
        assert!(signalled.expect("kill runs").success(), "{name}");
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Starts it and returns where it listens.
fn started(folder: &Path, clears: bool, address: &str, options: &[String]) -> (Child, String) {
    let mut watcher = Command::new("sh")
        .args(["-c", WATCH, "sh"])
        .arg(folder)
        .arg(if clears { "yes" } else { "no" })
        .arg(test_tool("rclone"))
        .args(["serve", "s3", "--config", "/dev/null", "--addr", address])
        // What a test changes beneath it is seen at once.
        .args(["--dir-cache-time", "0s", "--auth-key"])
        .arg(format!("{KEY},{SECRET}"))
        .args(options)
        .arg(folder.join("data"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh runs");
    let mut said = BufReader::new(watcher.stderr.take().expect("it is piped"));
    let mut all = String::new();
    let found = loop {
        let mut line = String::new();
        let length = said.read_line(&mut line).expect("the log of rclone");
        assert!(length > 0, "rclone does not serve: {all}");
        if let Some((_, rest)) = line.split_once("Starting s3 server on [") {
            let found = rest.split(['/', ']', '\n']).collect::<Vec<_>>();
            break format!("{}//{}", found[0], found[2]);
        }
        all += &line;
    };
    // A full pipe would stop it.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    (watcher, found)
}
