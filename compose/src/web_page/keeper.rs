//! Knows the pages that are shown, keeps their pictures and has new ones taken on a thread of its own.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use passerby_playout::clock::Clock;
use passerby_playout::show::{ComposeError, CreativeFile};
use passerby_protocol::Digest;
use passerby_protocol::limits::TOML_BYTES_MAX;
use passerby_protocol::web_page::WebPage;

use super::browser::{self, Browser};
use super::capture::{self, Shot, Task};
use super::devtools::{CallOff, RunError};
use super::schedule::{self, Entry, Kept, Next};
use super::shelf::{PageKey, Shelf};
use super::{PIXELS_MAX, PagePicture, nudge};
use crate::settings::Settings;

/// Longest sleep of the thread; guards against clocks that do not pass as the machine's does.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Longest line about what went wrong, in characters.
const REASON_CHARS_MAX: usize = 300;

/// What a keeper needs to know about its surroundings.
#[derive(Clone)]
pub struct KeeperConfig {
    /// Where pictures are kept; none keeps them in memory only.
    pub folder: Option<PathBuf>,
    /// Tells how old pictures are.
    pub clock: Arc<dyn Clock>,
    /// The venue's time zone, which pages take for the local one.
    pub time_zone: TimeZone,
    /// Where Chromium is; none looks for it each time, so that it can be installed while the terminal runs.
    pub browser: Option<PathBuf>,
    /// How long a page may load.
    pub load_max: Duration,
}

impl KeeperConfig {
    /// Takes over what the composer knows.
    pub fn new(settings: &Settings) -> Self {
        Self {
            folder: settings.snapshots.clone(),
            clock: Arc::clone(&settings.clock),
            time_zone: settings.time_zone.clone(),
            browser: None,
            load_max: capture::LOAD_MAX,
        }
    }
}

/// Keeps pictures of web pages. Dropping it ends its thread and the browser that may run, within seconds.
pub struct SnapshotKeeper {
    shared: Arc<Shared>,
    /// Started with the first page, so that terminals without pages have none.
    thread: Option<JoinHandle<()>>,
    wakes: Receiver<()>,
}

/// What the keeper, its thread and the slides share.
pub(super) struct Shared {
    config: KeeperConfig,
    state: Mutex<State>,
    on_screen: AtomicUsize,
    closing: AtomicBool,
    wake: Sender<()>,
}

struct State {
    entries: Vec<Entry>,
    shelf: Shelf,
    revisions: u64,
}

impl SnapshotKeeper {
    /// Opens the folder; starts nothing.
    pub fn new(config: KeeperConfig) -> Self {
        let (wake, wakes) = bounded(1);
        let state = State {
            entries: Vec::new(),
            shelf: Shelf::open(config.folder.clone()),
            revisions: 0,
        };
        Self {
            shared: Arc::new(Shared {
                config,
                state: Mutex::new(state),
                on_screen: AtomicUsize::new(0),
                closing: AtomicBool::new(false),
                wake,
            }),
            thread: None,
            wakes,
        }
    }

    /// Finds the last good picture of a page in this size, and has a new one taken when it is too old. Never waits.
    ///
    /// # Errors
    /// The page file is not good, or there is no picture yet: then one is being taken, and it says why that failed if
    /// it did.
    pub fn picture(
        &mut self,
        file: &CreativeFile,
        (width_px, height_px): (u32, u32),
    ) -> Result<PagePicture, ComposeError> {
        if width_px == 0
            || height_px == 0
            || u64::from(width_px) * u64::from(height_px) > PIXELS_MAX.into()
        {
            return Err(ComposeError(format!(
                "{}: a page cannot be shown with {width_px} × {height_px} pixels; at most {PIXELS_MAX} in all",
                file.name
            )));
        }
        let page = open(file)?;
        let key = PageKey {
            digest: file.digest,
            width_px,
            height_px,
        };
        self.start();
        let found = self.shared.ask(&key, &file.name, page);
        nudge(&self.shared.wake);
        found.map(|(revision, trouble)| PagePicture {
            revision,
            trouble,
            shelf: Arc::clone(&self.shared),
            key,
            name: file.name.clone(),
        })
    }

    /// Has pictures taken of pages that will air, so that they are there in time. What is wrong with one is told when
    /// it is asked for.
    pub fn prefetch<'a>(
        &mut self,
        pages: impl IntoIterator<Item = (&'a CreativeFile, (u32, u32))>,
    ) {
        for (file, size) in pages {
            // Without a picture this is an error, which is why it was called.
            let _ = self.picture(file, size);
        }
    }

    fn start(&mut self) {
        if self.thread.is_some() {
            return;
        }
        let (shared, wakes) = (Arc::clone(&self.shared), self.wakes.clone());
        let started = thread::Builder::new()
            .name("pages".into())
            .spawn(move || work(&shared, &wakes));
        match started {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => tracing::warn!(%error, "no thread for web pages; it is tried again"),
        }
    }
}

impl Drop for SnapshotKeeper {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        nudge(&self.shared.wake);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread for web pages panicked");
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn page_came(&self) {
        self.on_screen.fetch_add(1, Ordering::SeqCst);
        nudge(&self.wake);
    }

    pub(super) fn page_went(&self) {
        self.on_screen.fetch_sub(1, Ordering::SeqCst);
        nudge(&self.wake);
    }

    fn page_on_screen(&self) -> bool {
        self.on_screen.load(Ordering::SeqCst) > 0
    }

    fn now_ms(&self) -> u64 {
        self.config.clock.now().boot_ms
    }

    /// Notes that somebody wants a page; returns the revision of its picture and what is wrong with it.
    fn ask(
        &self,
        key: &PageKey,
        name: &str,
        page: WebPage,
    ) -> Result<(u64, Option<String>), ComposeError> {
        let now = self.config.clock.now();
        let mut guard = self.state();
        let state = &mut *guard;
        let known = state.entries.iter().position(|entry| entry.key == *key);
        let index = known.unwrap_or_else(|| {
            let found = state.shelf.find(key);
            let kept = found.map(|taken_ms| {
                state.revisions += 1;
                Kept {
                    revision: state.revisions,
                    taken_ms,
                    doubt: None,
                }
            });
            let age_ms = now
                .wall_ms
                .zip(found.flatten())
                .and_then(|(now_ms, taken_ms)| u64::try_from(now_ms.checked_sub(taken_ms)?).ok());
            schedule::make_room(&mut state.entries);
            let entry = Entry::new(
                key.clone(),
                name.to_owned(),
                page,
                kept,
                age_ms,
                now.boot_ms,
            );
            state.entries.push(entry);
            state.entries.len() - 1
        });
        let entry = &mut state.entries[index];
        entry.ask(now.boot_ms);
        match (&entry.kept, &entry.trouble) {
            (Some(kept), Some(trouble)) => {
                let airs = match &kept.doubt {
                    Some(doubt) => format!("what airs is not good, since {doubt}"),
                    None => airs(kept.taken_ms, now.wall_ms, &self.config.time_zone),
                };
                Ok((kept.revision, Some(format!("{name}: {trouble}; {airs}"))))
            }
            (Some(kept), None) => Ok((kept.revision, None)),
            (None, Some(trouble)) => Err(ComposeError(format!(
                "{name}: there is no picture of the page yet, since {trouble}; it is tried again by itself"
            ))),
            (None, None) => Err(ComposeError(format!(
                "{name}: there is no picture of the page yet; it is being taken"
            ))),
        }
    }

    /// Reads and decodes a picture; forgets one that is damaged.
    pub(super) fn read(&self, key: &PageKey) -> Result<Vec<u8>, String> {
        let png = self.state().shelf.read(key);
        let decoded = png.map_err(|error| error.to_string()).and_then(|png| {
            let rgb = capture::decode(&png)?;
            if rgb.dimensions() == (key.width_px, key.height_px) {
                Ok(rgb.into_raw())
            } else {
                Err("it has another size".to_owned())
            }
        });
        if decoded.is_err() {
            let now_ms = self.now_ms();
            let mut state = self.state();
            state.shelf.forget(key);
            if let Some(entry) = state.entries.iter_mut().find(|entry| entry.key == *key) {
                entry.lose(now_ms);
            }
            nudge(&self.wake);
        }
        decoded
    }

    /// Keeps what came of a run.
    fn settle(&self, key: &PageKey, outcome: Result<Shot, RunError>) {
        let now = self.config.clock.now();
        let mut guard = self.state();
        let state = &mut *guard;
        // It may have made room for another page meanwhile.
        let Some(entry) = state.entries.iter_mut().find(|entry| entry.key == *key) else {
            return;
        };
        let before = entry.trouble.clone();
        match outcome {
            Ok(shot) => {
                let better_is_there = matches!(&entry.kept, Some(kept) if kept.doubt.is_none())
                    && shot.doubt.is_some();
                let kept = if better_is_there {
                    Ok(())
                } else {
                    state.shelf.put(key, &shot.png, now.wall_ms)
                };
                if kept.is_ok() && !better_is_there {
                    state.revisions += 1;
                    entry.kept = Some(Kept {
                        revision: state.revisions,
                        taken_ms: now.wall_ms,
                        doubt: shot.doubt.clone(),
                    });
                }
                match (kept, shot.doubt) {
                    (Ok(()), None) => entry.succeed(now.boot_ms),
                    (Ok(()), Some(doubt)) => entry.fail(doubt, now.boot_ms),
                    (Err(error), _) => {
                        entry.fail(format!("its picture cannot be kept ({error})"), now.boot_ms);
                    }
                }
            }
            Err(RunError::CalledOff) => entry.call_off(now.boot_ms),
            Err(RunError::TooLong) => {
                let limit = capture::RUN_MAX.as_secs();
                entry.fail(format!("it is not there after {limit} s"), now.boot_ms);
            }
            Err(RunError::Failed(reason)) => {
                entry.fail(reason.chars().take(REASON_CHARS_MAX).collect(), now.boot_ms);
            }
        }
        if entry.trouble != before {
            match &entry.trouble {
                Some(reason) => {
                    tracing::warn!(page = entry.name, %reason, "no new picture of a web page");
                }
                None => tracing::info!(page = entry.name, "web pages can be taken again"),
            }
        }
    }
}

/// The thread: takes what is due, one after the other.
fn work(shared: &Shared, wakes: &Receiver<()>) {
    browser::sweep();
    while !shared.closing.load(Ordering::SeqCst) {
        let on_screen = shared.page_on_screen();
        let now_ms = shared.now_ms();
        let task = {
            let state = shared.state();
            match schedule::next(&state.entries, on_screen, now_ms) {
                Next::Take { index, insists } => {
                    let entry = &state.entries[index];
                    Ok((entry.key.clone(), entry.page.clone(), insists))
                }
                Next::Wait(wait_ms) => Err(wait_ms),
            }
        };
        match task {
            Ok((key, page, insists)) => {
                let outcome = run(shared, wakes, &key, &page, insists);
                shared.settle(&key, outcome);
            }
            Err(wait_ms) => {
                let wait = wait_ms.map_or(SLEEP_MAX, Duration::from_millis);
                // Woken or not, the next look tells what to do.
                let _ = wakes.recv_timeout(wait.min(SLEEP_MAX));
            }
        }
    }
}

fn run(
    shared: &Shared,
    wakes: &Receiver<()>,
    key: &PageKey,
    page: &WebPage,
    insists: bool,
) -> Result<Shot, RunError> {
    let config = &shared.config;
    let chosen = config.browser.clone().map(|program| Browser { program });
    let browser = chosen.or_else(Browser::find).ok_or_else(|| {
        RunError::failed(
            "Chromium is not installed; install it with: sudo apt-get install chromium",
        )
    })?;
    if !browser.is_there() {
        return Err(RunError::Failed(format!(
            "there is no Chromium at {}; install it with: sudo apt-get install chromium, and correct PASSERBY_CHROMIUM",
            browser.program.display()
        )));
    }
    let asked = || shared.closing.load(Ordering::SeqCst) || (!insists && shared.page_on_screen());
    let call_off = CallOff {
        wake: wakes,
        asked: &asked,
    };
    let task = Task {
        page,
        width_px: key.width_px,
        height_px: key.height_px,
        time_zone: config.time_zone.iana_name(),
        load_max: config.load_max,
    };
    capture::take(&browser, &task, &call_off)
}

/// Says which picture airs instead of a new one, as precisely as is known.
fn airs(taken_ms: Option<i64>, now_ms: Option<i64>, zone: &TimeZone) -> String {
    let local = |ms: i64| {
        Timestamp::from_millisecond(ms)
            .ok()
            .map(|time| time.to_zoned(zone.clone()))
    };
    let Some(taken) = taken_ms.and_then(local) else {
        return "the last good picture airs".to_owned();
    };
    let mut text = "airs the picture from ".to_owned();
    let is_today = now_ms
        .and_then(local)
        .is_some_and(|now| now.date() == taken.date());
    if !is_today {
        // Writing into a String cannot fail.
        let _ = write!(text, "{} ", taken.date());
    }
    let _ = write!(text, "{:02}:{:02}", taken.hour(), taken.minute());
    text
}

/// Reads a page file as it was scheduled.
fn open(file: &CreativeFile) -> Result<WebPage, ComposeError> {
    let says = |what: String| ComposeError(format!("{}: {what}", file.name));
    let mut bytes = Vec::new();
    let read: io::Result<_> = File::open(&file.path)
        .and_then(|opened| opened.take(TOML_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| says(format!("it cannot be read ({error}); put it back")))?;
    if bytes.len() as u64 > TOML_BYTES_MAX {
        return Err(says(format!(
            "it is larger than {} KiB, and no page file is",
            TOML_BYTES_MAX >> 10
        )));
    }
    if Digest::of(&bytes) != file.digest {
        return Err(says(
            "the file changed on disk since it was scheduled; reload the content, or put the old file back".to_owned(),
        ));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| says("it is no text in UTF-8; save it as that".to_owned()))?;
    WebPage::parse(&file.name, &text).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        ComposeError(lines.join("; "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_airs_is_told_as_precisely_as_is_known() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        // 2026-11-24 06:05 UTC.
        let taken = 1_795_500_300_000;
        let says = |taken, now| airs(taken, now, &zone);
        assert_eq!(
            says(Some(taken), Some(taken + 60_000)),
            "airs the picture from 14:05"
        );
        assert_eq!(
            says(Some(taken), Some(taken + 86_400_000)),
            "airs the picture from 2026-11-24 14:05"
        );
        assert_eq!(
            says(Some(taken), None),
            "airs the picture from 2026-11-24 14:05"
        );
        assert_eq!(says(None, Some(taken)), "the last good picture airs");
    }
}
