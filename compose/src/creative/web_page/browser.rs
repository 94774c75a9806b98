//! One headless Chromium: started with nothing of the terminal's in its hands, and ended with all
//! that it started.
//!
//! Invariants:
//! - It is spoken to through a pipe that nobody else can open; there is no port.
//! - Its way to the network is the terminal's proxy, and it finds no name itself; what has a way
//!   around proxies (WebRTC, QUIC) is off.
//! - It never runs as root; see [`crate::creative::web_page::browser_user`]. Without its own
//!   sandbox it runs only as somebody who owns nothing of the terminal's.
//! - It gets an empty folder as its home, which is removed afterwards, and none of the terminal's
//!   environment but what [`ENVIRONMENT`] names.
//! - Dropping [`Running`] kills the whole process group and whatever left the group, waits for the
//!   leader and removes the folder, all within [`END_MAX`] or so. Should the terminal die first,
//!   the pipe closes and Chromium ends.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use passerby_playout::settings::page_rules::PageRules;
use passerby_playout::system::random;
use passerby_protocol::foreign::one_line;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::creative::web_page::browser_user::BrowserUser;

/// Overrides where Chromium is.
pub const CHROMIUM_VARIABLE: &str = "PASSERBY_CHROMIUM";
/// What Chromium is called, in the order of preference.
pub const CHROMIUM_PROGRAMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];
/// What of the environment Chromium gets: how programs are found, and what language to ask for.
const ENVIRONMENT: [&str; 6] = ["PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TMPDIR"];
/// Largest message from the browser, in bytes; a picture of
/// [`crate::creative::web_page::PIXELS_MAX`] of noise stays below.
const MESSAGE_BYTES_MAX: u64 = 96 << 20;
/// Most messages that wait to be read.
const MESSAGES_MAX: usize = 64;
/// How much of what the browser says when it does not start is looked at, in bytes.
const COMPLAINT_BYTES_MAX: usize = 16 << 10;
/// Longest line of it in a message, in characters.
const COMPLAINT_CHARS_MAX: usize = 200;
/// What marks a line that says why it does not run.
const COMPLAINTS: [&str; 5] = [
    "FATAL",
    "not found",
    "No such file",
    "Permission denied",
    "setpriv",
];
/// What Chromium says when the system does not let it build its sandbox.
const NO_SANDBOX: [&str; 3] = [
    "No usable sandbox",
    "Failed to move to new namespace",
    "sandbox_host_linux",
];
/// How long the end of one process, or the removal of the folder, is waited for.
const END_MAX: Duration = Duration::from_secs(5);
/// How often that is looked at.
const END_STEP: Duration = Duration::from_millis(20);
/// Begins the name of every temporary folder; the process that made it follows.
const FOLDER_PREFIX: &str = "passerby-page-";

/// Gives the browser to the kernel first when memory runs out, keeps cores, huge files and endless
/// loops within bounds, ends it with the thread that started it, and turns stdin and stdout into
/// the pipe that it listens to.
const LAUNCH: &str = "\
echo 1000 2>/dev/null >/proc/self/oom_score_adj
ulimit -c 0 2>/dev/null; ulimit -f 1048576 2>/dev/null; ulimit -t 120 2>/dev/null
if [ \"$1\" = own-user ]; then
  shift
  if setpriv --pdeathsig KILL true 2>/dev/null; then set -- setpriv --pdeathsig KILL \"$@\"; fi
fi
if nice -n 10 true 2>/dev/null; then set -- nice -n 10 \"$@\"; fi
exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null
";

/// Stands before the command line of a browser that stays with the terminal's own user.
const OWN_USER: &str = "own-user";

/// Nothing that a picture of one page does not need.
const FLAGS: [&str; 36] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-startup-window",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-notifications",
    "--disable-print-preview",
    "--disable-quic",
    "--disable-sync",
    "--disable-speech-api",
    // Pages that replace one another out of sight would hide what was really loaded.
    "--disable-features=BackForwardCache,Prerender2,Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,\
     InterestFeedContentSuggestions,AutofillServerCommunication,CertificateTransparencyComponentUpdater",
    "--disk-cache-size=33554432",
    "--force-color-profile=srgb",
    // Older and newer releases call it differently.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--hide-scrollbars",
    "--js-flags=--max-old-space-size=512",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-pings",
    "--no-service-autorun",
    "--password-store=basic",
    // By itself Chromium would go to this machine without the proxy.
    "--proxy-bypass-list=<-loopback>",
    "--use-mock-keychain",
];

/// Where Chromium is, and who it runs as.
#[derive(Debug, Clone)]
pub(super) struct Browser {
    pub(super) program: PathBuf,
    /// Somebody else than the terminal's own user.
    pub(super) user: Option<BrowserUser>,
}

/// How one run of it is to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Launch<'a> {
    /// What its pages take for the local time zone; the machine's own when absent.
    pub(super) time_zone: Option<&'a str>,
    /// Its way to the network.
    pub(super) proxy: SocketAddr,
    /// Whether it builds its own sandbox.
    pub(super) sandbox: bool,
}

impl Browser {
    /// Takes the one that was chosen, or else looks for one: where `PASSERBY_CHROMIUM` says, else
    /// under its usual names.
    ///
    /// # Errors
    /// There is none, or nobody that it may run as; says what to do.
    pub(super) fn chosen_or_found(
        chosen: Option<PathBuf>,
        rules: &PageRules,
    ) -> Result<Self, String> {
        let program = chosen
            .or_else(find)
            .ok_or("Chromium is not installed; install it with: sudo apt-get install chromium")?;
        // A mere name is looked for when it is started.
        if program.components().count() > 1 && !program.is_file() {
            return Err(format!(
                "there is no Chromium at {}; install it with: sudo apt-get install chromium, and correct PASSERBY_CHROMIUM",
                program.display()
            ));
        }
        let user = BrowserUser::needed(rules.user.as_deref())?;
        Ok(Self { program, user })
    }

    /// Starts the browser as a user of its own.
    pub(super) fn start(&self, launch: Launch<'_>) -> io::Result<Running> {
        let folder = Folder::create(self.user.as_ref())?;
        let proxy = launch.proxy;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", LAUNCH, "passerby-page"]);
        // Who changes the user must also say who ends with whom: the kernel forgets it with the
        // change.
        match &self.user {
            Some(user) => command.args(user.command()),
            None => command.arg(OWN_USER),
        };
        command
            .arg(&self.program)
            .args(FLAGS)
            .arg(format!("--proxy-server=socks5://{proxy}"))
            .arg(format!(
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {}",
                proxy.ip()
            ))
            .arg(joined("--user-data-dir=", &folder.path))
            .arg(joined("--crash-dumps-dir=", &folder.path));
        if !launch.sandbox {
            command.arg("--no-sandbox");
        }
        command.env_clear();
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(zone) = launch.time_zone {
            command.env("TZ", zone);
        }
        let mut child = command
            .env("HOME", &folder.path)
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env("DBUS_SYSTEM_BUS_ADDRESS", "disabled:")
            .current_dir(&folder.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(folder.complaint.try_clone()?)
            .process_group(0)
            .spawn()?;
        let (pipe, output) = (child.stdin.take(), child.stdout.take());
        let (said, messages) = bounded(MESSAGES_MAX);
        let running = Running {
            child,
            pipe,
            messages,
            folder,
        };
        let Some(output) = output else {
            return Err(io::Error::other("it has no pipe"));
        };
        thread::Builder::new()
            .name("page-pipe".into())
            .spawn(move || listen(output, &said))?;
        Ok(running)
    }
}

/// Looks for Chromium: where `PASSERBY_CHROMIUM` says, else under its usual names.
fn find() -> Option<PathBuf> {
    let named = std::env::var_os(CHROMIUM_VARIABLE).filter(|path| !path.is_empty());
    if let Some(program) = named {
        return Some(program.into());
    }
    let path = std::env::var_os("PATH")?;
    CHROMIUM_PROGRAMS
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
}

fn joined(flag: &str, path: &Path) -> OsString {
    let mut text = OsString::from(flag);
    text.push(path);
    text
}

/// Passes on what the browser says, until it ends, says something without end, or nobody listens.
/// Its end is seen as the end of the channel.
fn listen(output: ChildStdout, said: &Sender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut message = Vec::new();
        let whole = (&mut output)
            .take(MESSAGE_BYTES_MAX)
            .read_until(0, &mut message)
            .is_ok()
            && message.pop() == Some(0);
        if !whole || said.send(message).is_err() {
            return;
        }
    }
}

/// A browser that runs. Dropping it ends it and everything that it started.
pub(super) struct Running {
    child: Child,
    /// Where messages to it go, each with a zero byte after it.
    pub(super) pipe: Option<ChildStdin>,
    /// What it says; the end of the channel is its end.
    pub(super) messages: Receiver<Vec<u8>>,
    folder: Folder,
}

impl Running {
    /// The line in which it said why it does not run, if there is one.
    pub(super) fn complaint(&self) -> Option<String> {
        // Never by its name: the folder belongs to the browser, which could have put a link there.
        let mut bytes = vec![0; COMPLAINT_BYTES_MAX];
        let length = self.folder.complaint.read_at(&mut bytes, 0).ok()?;
        let text = String::from_utf8_lossy(&bytes[..length]);
        let line = text
            .lines()
            .rfind(|line| COMPLAINTS.iter().any(|mark| line.contains(mark)))?;
        Some(one_line(line, COMPLAINT_CHARS_MAX))
    }

    /// Tells whether it ended since the system does not let it build its sandbox.
    pub(super) fn lacks_sandbox(&self) -> bool {
        self.complaint()
            .is_some_and(|line| NO_SANDBOX.iter().any(|mark| line.contains(mark)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The leader is not waited for yet, so its number, which is the group's, belongs to nobody
        // else.
        let group = Pid::from_child(&self.child);
        if kill_process_group(group, Signal::KILL).is_err() {
            // It may have ended already, or not be a group yet.
            let _ = self.child.kill();
        }
        self.pipe = None;
        let ended = wait_for(|| !matches!(self.child.try_wait(), Ok(None)));
        if !ended {
            tracing::warn!(
                pid = self.child.id(),
                "a browser that was killed does not end"
            );
        }
        // What left the group, such as the crash handler, carries the folder's name in its command
        // line.
        kill_all_that_name(&self.folder.path);
        self.folder.remove();
    }
}

fn wait_for(mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + END_MAX;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(END_STEP);
    }
}

/// Kills every process with this path in its command line.
fn kill_all_that_name(path: &Path) {
    let name = path.as_os_str().as_bytes();
    for (process, _) in processes() {
        let line = fs::read(format!("/proc/{}/cmdline", process.as_raw_nonzero()));
        if line.is_ok_and(|line| line.windows(name.len()).any(|part| part == name)) {
            // It may have ended in between.
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

/// Every process of the machine but this one.
fn processes() -> impl Iterator<Item = (Pid, PathBuf)> {
    let own = rustix::process::getpid();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(move |entry| {
            let entry = entry.ok()?;
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            (pid != own).then(|| (pid, entry.path()))
        })
}

/// A temporary folder for one run.
struct Folder {
    path: PathBuf,
    /// What the browser says on its way; removed with the folder.
    complaint: File,
}

impl Folder {
    /// Makes it, for the browser's user.
    fn create(user: Option<&BrowserUser>) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let random = random::u64();
        let path = std::env::temp_dir().join(format!(
            "{FOLDER_PREFIX}{}-{number}-{random:016x}",
            std::process::id()
        ));
        if let Some(user) = user {
            check_way(&path, user)?;
        }
        // Not `create_all`: a folder that somebody else put there is an error.
        DirBuilder::new().mode(0o700).create(&path)?;
        let made = File::options()
            .read(true)
            .append(true)
            .create_new(true)
            .open(path.join("stderr.txt"))
            .and_then(|complaint| {
                if let Some(user) = user {
                    lchown(&path, Some(user.uid), Some(user.gid))?;
                }
                Ok(complaint)
            });
        if made.is_err() {
            // Nothing but one file is in it.
            let _ = fs::remove_dir_all(&path);
        }
        made.map(|complaint| Self { path, complaint })
    }

    /// Removes the folder. Processes on their way out may still write, so it may take some
    /// attempts.
    fn remove(&self) {
        let removed = wait_for(|| match fs::remove_dir_all(&self.path) {
            Ok(()) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        });
        if !removed {
            tracing::warn!(folder = %self.path.display(), "a temporary folder cannot be removed; remove it by hand");
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Only when the browser did not start; otherwise it is gone already.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Says so if another user cannot get to where the folder will be.
fn check_way(path: &Path, user: &BrowserUser) -> io::Result<()> {
    for folder in path.ancestors().skip(1) {
        let found = fs::metadata(folder)?;
        let is_open = found.mode() & 0o001 != 0 || found.uid() == user.uid;
        if !is_open {
            return Err(io::Error::other(format!(
                "user {} cannot enter {}; start the terminal with a TMPDIR that it can enter, such as /tmp",
                user.name,
                folder.display()
            )));
        }
    }
    Ok(())
}

/// Ends browsers and removes folders that a killed terminal left behind.
pub(super) fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let maker = name
            .to_str()
            .and_then(|name| name.strip_prefix(FOLDER_PREFIX)?.split('-').next());
        let Some(maker) = maker.and_then(|maker| maker.parse::<u32>().ok()) else {
            continue;
        };
        if Path::new("/proc").join(maker.to_string()).exists() {
            continue;
        }
        kill_all_that_name(&entry.path());
        // Another user's folder stays.
        let _ = fs::remove_dir_all(entry.path());
    }
}
