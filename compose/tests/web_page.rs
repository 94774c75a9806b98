//! Pictures of web pages, with a real Chromium and a real server on this machine.
//!
//! Without Chromium these tests say so and pass: it is a package of the operator's choice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use passerby_compose::slide::Reel;
use passerby_compose::web_page::{KeeperConfig, PagePicture, SnapshotKeeper};
use passerby_playout::clock::{Clock, Moment};
use passerby_playout::show::CreativeFile;
use passerby_protocol::Digest;
use passerby_protocol::creative::CreativeKind;

/// Long enough for a browser on a busy machine; never waited for when things work.
const PATIENCE: Duration = Duration::from_secs(60);
const SIZE: (u32, u32) = (640, 360);
const MINUTE_MS: u64 = 60_000;

/// One test at a time: they look for this process's browsers.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::var_os("PASSERBY_CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| {
            std::env::split_paths(&path)
                .map(|folder| folder.join("chromium"))
                .find(|program| program.is_file())
        });
    if found.is_none() {
        eprintln!("skipped: Chromium is not installed; apt-get install chromium");
    }
    found
}

/// A clock that the test turns.
struct Hand {
    boot_ms: AtomicU64,
}

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            boot_ms: AtomicU64::new(1_000_000),
        })
    }

    fn turn(&self, by_ms: u64) {
        self.boot_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Moment {
        let boot_ms = self.boot_ms.load(Ordering::SeqCst);
        Moment {
            boot: "boot".into(),
            boot_ms,
            wall_ms: Some(1_795_500_000_000_i64.saturating_add_unsigned(boot_ms)),
        }
    }

    fn learn(&self, _boot_ms: u64, _wall_ms: i64) {}
}

#[derive(Clone)]
enum Answer {
    Html(String),
    Status(u16),
    Redirect(&'static str),
    Hang,
}

/// A small web server whose answers change. It ends with the process.
struct Server {
    address: String,
    answer: Arc<Mutex<Answer>>,
    hits: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap().to_string(),
            answer: Arc::new(Mutex::new(answer)),
            hits: Arc::default(),
        };
        let (answer, hits) = (Arc::clone(&server.answer), Arc::clone(&server.hits));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, hits) = (Arc::clone(&answer), Arc::clone(&hits));
                thread::spawn(move || serve(stream.unwrap(), &answer, &hits));
            }
        });
        server
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    fn await_hits(&self, count: usize) {
        await_that("a browser asks the server", || self.hits() >= count);
    }
}

fn serve(mut stream: TcpStream, answer: &Mutex<Answer>, hits: &AtomicUsize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let (head, body) = if first.starts_with("GET /page") {
        hits.fetch_add(1, Ordering::SeqCst);
        match answer.lock().unwrap().clone() {
            Answer::Html(html) => ("200 OK".to_owned(), html),
            Answer::Status(status) => (format!("{status} No"), "<h1>Sorry</h1>".to_owned()),
            Answer::Redirect(to) => (format!("302 Found\r\nLocation: {to}"), String::new()),
            Answer::Hang => {
                // Until the browser gives up.
                lines.next();
                return;
            }
        }
    } else {
        ("404 Not Found".to_owned(), String::new())
    };
    // The browser may have been killed.
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn await_that(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The left half red, the right half blue.
fn halves(more: &str) -> Answer {
    Answer::Html(format!(
        "<!doctype html><body style='margin:0;height:100vh;background:linear-gradient(90deg,#f00 50%,#00f 50%)'>{more}</body>"
    ))
}

struct Bench {
    folder: tempfile::TempDir,
    clock: Arc<Hand>,
    program: PathBuf,
}

impl Bench {
    fn new() -> Option<Self> {
        Some(Self {
            program: chromium()?,
            folder: tempfile::tempdir().unwrap(),
            clock: Hand::new(),
        })
    }

    fn keeper(&self) -> SnapshotKeeper {
        self.keeper_with(&self.program, Duration::from_secs(30))
    }

    fn keeper_with(&self, program: &Path, load_max: Duration) -> SnapshotKeeper {
        SnapshotKeeper::new(KeeperConfig {
            folder: Some(self.folder.path().join("snapshots")),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            time_zone: TimeZone::get("Asia/Shanghai").unwrap(),
            browser: Some(program.into()),
            load_max,
        })
    }

    fn page(&self, name: &str, text: &str) -> CreativeFile {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        CreativeFile {
            kind: CreativeKind::Page,
            name: name.into(),
            path,
            digest: Digest::of(text.as_bytes()),
            parts: Arc::new([]),
        }
    }

    /// Asks again and again until the answer is as wanted.
    fn ask_until(
        &self,
        keeper: &mut SnapshotKeeper,
        page: &CreativeFile,
        wanted: impl Fn(&Result<PagePicture, String>) -> bool,
    ) -> Result<PagePicture, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = keeper.picture(page, SIZE).map_err(|error| error.0);
            if wanted(&found) {
                return found;
            }
            let said = found.map(|picture| picture.trouble);
            assert!(Instant::now() < deadline, "waited too long; last: {said:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn await_picture(&self, keeper: &mut SnapshotKeeper, page: &CreativeFile) -> PagePicture {
        self.ask_until(keeper, page, Result::is_ok).unwrap()
    }
}

fn pixel(rgb: &[u8], x: u32, y: u32) -> [u8; 3] {
    let at = ((y * SIZE.0 + x) * 3) as usize;
    rgb[at..at + 3].try_into().unwrap()
}

/// What belongs to a process's browsers.
fn folders_of(maker: u32) -> Vec<PathBuf> {
    let prefix = format!("passerby-page-{maker}-");
    fs::read_dir(std::env::temp_dir())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect()
}

fn folders() -> Vec<PathBuf> {
    folders_of(std::process::id())
}

fn processes() -> Vec<(u32, u32)> {
    processes_of(std::process::id())
}

/// Process number and parent of a process's browsers, of whatever they started, and of its zombies.
fn processes_of(own: u32) -> Vec<(u32, u32)> {
    let mark = format!("passerby-page-{own}-");
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let zombie = fields.next() == Some("Z");
        let parent = fields
            .next()
            .and_then(|parent| parent.parse().ok())
            .unwrap_or(0);
        let marked = String::from_utf8_lossy(&line).contains(&mark);
        if pid != own && (marked && !zombie || zombie && parent == own) {
            found.push((pid, parent));
        }
    }
    found
}

fn await_nothing_left() {
    await_that("all browsers and their folders are gone", || {
        processes().is_empty() && folders().is_empty()
    });
}

#[test]
fn a_page_is_taken_at_its_exact_size_and_airs_after_a_restart_without_a_browser() {
    let _turn = alone();
    let Some(bench) = Bench::new() else { return };
    // A message box must not stop it; the zone is the venue's; the strip is there only if scripts ran.
    let script =
        "<div id=strip style='position:absolute;top:50%;width:100%;height:20px'></div><script>
        alert('hello');
        if (Intl.DateTimeFormat().resolvedOptions().timeZone === 'Asia/Shanghai')
            strip.style.background = '#0f0';
        </script>";
    let server = Server::start(halves(script));
    let text = format!(
        "url = 'http://{}/page'\nsettle_seconds = 0\nzoom_percent = 150\n",
        server.address
    );
    let page = bench.page("menu.page.toml", &text);
    let mut keeper = bench.keeper();
    let first = keeper.picture(&page, SIZE).err().expect("no picture yet");
    assert_eq!(
        first.0,
        "menu.page.toml: there is no picture of the page yet; it is being taken"
    );
    let picture = bench.await_picture(&mut keeper, &page);
    let rgb = picture.rgb().unwrap();
    assert_eq!(rgb.len(), (SIZE.0 * SIZE.1 * 3) as usize);
    assert_eq!(pixel(&rgb, 5, 5), [255, 0, 0]);
    assert_eq!(pixel(&rgb, SIZE.0 - 5, SIZE.1 - 5), [0, 0, 255]);
    // 20 px at 150 percent are 30.
    assert_eq!(pixel(&rgb, 5, 182), [0, 255, 0]);
    assert_eq!(pixel(&rgb, 5, 208), [0, 255, 0]);
    assert_eq!(pixel(&rgb, 5, 212), [255, 0, 0]);
    assert_eq!(picture.trouble, None);
    drop(keeper);
    await_nothing_left();

    let mut keeper = bench.keeper_with(Path::new("/nowhere/chromium"), Duration::from_secs(5));
    let again = keeper.picture(&page, SIZE).expect("from disk");
    assert_eq!(again.rgb().unwrap(), rgb);
    bench.clock.turn(16 * MINUTE_MS);
    let old = bench
        .ask_until(&mut keeper, &page, |found| {
            found.as_ref().is_ok_and(|found| found.trouble.is_some())
        })
        .unwrap();
    let trouble = old.trouble.clone().unwrap();
    assert!(
        trouble.contains("/nowhere/chromium") && trouble.contains("airs the picture from "),
        "{trouble}"
    );
    assert_eq!(old.rgb().unwrap(), rgb);
    assert_eq!(server.hits(), 1);
}

#[test]
fn what_goes_wrong_leaves_the_last_good_picture() {
    let _turn = alone();
    let Some(bench) = Bench::new() else { return };
    let server = Server::start(halves(""));
    let text = format!(
        "url = 'http://{}/page'\nsettle_seconds = 0\n",
        server.address
    );
    let page = bench.page("news.page.toml", &text);
    let mut keeper = bench.keeper();
    let good = bench.await_picture(&mut keeper, &page);
    assert_eq!(good.trouble, None);
    let good = good.rgb().unwrap();
    assert_eq!(pixel(&good, 5, 5), [255, 0, 0]);
    drop(keeper);

    let missing = "<img src='/missing.png' style='width:200px;height:100px'>";
    let closed: &str = {
        // A port that nobody listens to any more.
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        Box::leak(format!("http://{}/", port.local_addr().unwrap()).into_boxed_str())
    };
    let mut keeper = bench.keeper_with(&bench.program, Duration::from_secs(10));
    for (answer, reason) in [
        (Answer::Status(500), "the server answered 500"),
        (Answer::Redirect(closed), "its server refuses connections"),
        (
            Answer::Redirect("file:///etc/hostname"),
            "neither http nor https",
        ),
        (
            Answer::Html("<body style='background:#fff'>".into()),
            "one plain colour",
        ),
        (halves(missing), "a picture on it is missing"),
        (Answer::Hang, "does not answer within 10 s"),
    ] {
        server.answers(answer);
        bench.clock.turn(16 * MINUTE_MS);
        let found = bench
            .ask_until(&mut keeper, &page, |found| {
                found.as_ref().is_ok_and(|found| {
                    found
                        .trouble
                        .as_ref()
                        .is_some_and(|said| said.contains(reason))
                })
            })
            .unwrap();
        assert_eq!(found.rgb().unwrap(), good, "after: {reason}");
        await_nothing_left();
    }

    // And it comes back by itself.
    server.answers(Answer::Html(
        "<body style='margin:0;height:100vh;background:linear-gradient(#0f0 50%,#000 50%)'>".into(),
    ));
    bench.clock.turn(16 * MINUTE_MS);
    let fresh = bench
        .ask_until(&mut keeper, &page, |found| {
            found.as_ref().is_ok_and(|found| found.trouble.is_none())
        })
        .unwrap();
    assert_eq!(pixel(&fresh.rgb().unwrap(), 5, 5), [0, 255, 0]);
}

#[test]
fn a_plain_page_airs_where_there_is_nothing_better() {
    let _turn = alone();
    let Some(bench) = Bench::new() else { return };
    let server = Server::start(Answer::Html("<body style='background:#0a0'>".into()));
    let text = format!(
        "url = 'http://{}/page'\nsettle_seconds = 0\n",
        server.address
    );
    let page = bench.page("plain.page.toml", &text);
    let mut keeper = bench.keeper();
    let plain = bench.await_picture(&mut keeper, &page);
    let trouble = plain.trouble.clone().expect("it says that it is not good");
    assert!(trouble.contains("one plain colour"), "{trouble}");
    assert_eq!(pixel(&plain.rgb().unwrap(), 9, 9), [0, 0xaa, 0]);
}

#[test]
fn a_browser_that_is_killed_leaves_no_process_zombie_or_folder() {
    let _turn = alone();
    let Some(bench) = Bench::new() else { return };
    let server = Server::start(Answer::Hang);
    let page = bench.page(
        "slow.page.toml",
        &format!("url = 'http://{}/page'\n", server.address),
    );
    let mut keeper = bench.keeper();
    assert!(keeper.picture(&page, SIZE).is_err());
    server.await_hits(1);
    assert_eq!(folders().len(), 1);
    let leader = processes()
        .iter()
        .find(|(_, parent)| *parent == std::process::id())
        .map(|(pid, _)| *pid)
        .unwrap();
    let leader = rustix::process::Pid::from_raw(leader.try_into().unwrap()).unwrap();
    rustix::process::kill_process(leader, rustix::process::Signal::KILL).unwrap();
    let said = bench
        .ask_until(&mut keeper, &page, |found| {
            found
                .as_ref()
                .is_err_and(|said| said.contains("the browser ended"))
        })
        .err()
        .unwrap();
    assert!(said.starts_with("slow.page.toml: "), "{said}");
    await_nothing_left();

    // Dropped in the middle of the next one.
    bench.clock.turn(16 * MINUTE_MS);
    assert!(keeper.picture(&page, SIZE).is_err());
    server.await_hits(2);
    drop(keeper);
    await_nothing_left();
}

#[test]
fn no_browser_runs_while_a_page_is_on_screen() {
    let _turn = alone();
    let Some(bench) = Bench::new() else { return };
    let server = Server::start(halves(""));
    let text = format!(
        "url = 'http://{}/page'\nsettle_seconds = 0\n",
        server.address
    );
    let page = bench.page("board.page.toml", &text);
    let mut keeper = bench.keeper();
    let picture = bench.await_picture(&mut keeper, &page);

    // A picture that was only made ready keeps nothing away.
    let mut reel = picture.reel();
    server.answers(Answer::Hang);
    bench.clock.turn(16 * MINUTE_MS);
    keeper.prefetch([(&page, SIZE)]);
    server.await_hits(2);
    assert!(!processes().is_empty());

    // On screen, it sends the browser away and keeps it away.
    reel.begin();
    await_nothing_left();
    bench.clock.turn(MINUTE_MS);
    for _ in 0..10 {
        let found = keeper.picture(&page, SIZE).expect("the last good one");
        assert_eq!(found.trouble, None, "being called off is no failure");
        thread::sleep(Duration::from_millis(50));
        assert!(processes().is_empty());
    }
    assert_eq!(server.hits(), 2);

    // In the gap it is taken up again.
    drop(reel);
    server.await_hits(3);
    let mut reel = picture.reel();
    reel.begin();
    await_nothing_left();

    // Pages that leave no gap do not starve: after another interval it is taken with one on screen.
    bench.clock.turn(16 * MINUTE_MS);
    keeper.prefetch([(&page, SIZE)]);
    server.await_hits(4);
    let mut next = picture.reel();
    next.begin();
    drop(reel);
    assert!(!processes().is_empty(), "this run is not called off");
    drop(keeper);
    await_nothing_left();
}

#[test]
fn a_terminal_that_is_killed_takes_its_browser_along() {
    // This test starts itself as the terminal.
    const TERMINAL: &str = "PASSERBY_TEST_TERMINAL";
    if let Some(address) = std::env::var_os(TERMINAL) {
        let bench = Bench::new().unwrap();
        let text = format!("url = 'http://{}/page'\n", address.display());
        let page = bench.page("slow.page.toml", &text);
        let mut keeper = bench.keeper();
        assert!(keeper.picture(&page, SIZE).is_err());
        loop {
            thread::park();
        }
    }
    let _turn = alone();
    let Some(bench) = Bench::new() else { return };
    let server = Server::start(Answer::Hang);
    let mut terminal = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_terminal_that_is_killed_takes_its_browser_along",
        ])
        .env(TERMINAL, &server.address)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.await_hits(1);
    assert!(!processes_of(terminal.id()).is_empty());
    terminal.kill().unwrap();
    terminal.wait().unwrap();

    // The browser follows by itself; its folder and what it may have left behind go with the next start.
    let page = bench.page("any.page.toml", "url = 'http://127.0.0.1:9/'\n");
    let mut keeper = bench.keeper();
    assert!(keeper.picture(&page, SIZE).is_err());
    await_that("everything of the killed terminal is gone", || {
        processes_of(terminal.id()).is_empty() && folders_of(terminal.id()).is_empty()
    });
}

#[test]
fn bad_page_files_are_told_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench {
        program: "/nowhere/chromium".into(),
        folder,
        clock: Hand::new(),
    };
    let mut keeper = bench.keeper();
    let mut says = |page: &CreativeFile, size| keeper.picture(page, size).err().unwrap().0;
    let bad = bench.page("bad.page.toml", "url = 'ftp://x'\nevery_minutes = 0\n");
    let said = says(&bad, SIZE);
    assert!(said.contains("bad.page.toml:1: url is") && said.contains("bad.page.toml:2: every"));
    let good = bench.page("a.page.toml", "url = 'https://a.example'\n");
    assert!(says(&good, (60_000, 60_000)).contains("pixels"));
    fs::write(&good.path, "url = 'https://b.example'\n").unwrap();
    assert!(says(&good, SIZE).contains("changed on disk"));
    fs::remove_file(&good.path).unwrap();
    assert!(says(&good, SIZE).contains("put it back"));
}
