//! What the keeper, its thread and the slides share: the pages that are known, and what came of
//! taking them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::web_page::WebPage;

use crate::creative::web_page::capture;
use crate::creative::web_page::capture::Shot;
use crate::creative::web_page::devtools::RunError;
use crate::creative::web_page::keeper::config::KeeperConfig;
use crate::creative::web_page::picture_store::{PageKey, PictureStore};
use crate::creative::web_page::schedule;
use crate::creative::web_page::schedule::{Entry, Kept};
use crate::creative::web_page::trial;

/// Longest line about what went wrong, in characters.
const REASON_CHARS_MAX: usize = 500;

/// What the keeper, its thread and the slides share.
pub(super) struct Shared {
    pub(super) config: KeeperConfig,
    state: Mutex<State>,
    on_screen: AtomicUsize,
    pub(super) closing: AtomicBool,
    pub(super) wake: Sender<()>,
}

pub(super) struct State {
    pub(super) entries: Vec<Entry>,
    store: PictureStore,
    revisions: u64,
}

impl Shared {
    pub(super) fn new(config: KeeperConfig, wake: Sender<()>) -> Self {
        let state = State {
            entries: Vec::new(),
            store: PictureStore::open(config.folder.clone()),
            revisions: 0,
        };
        Self {
            config,
            state: Mutex::new(state),
            on_screen: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            wake,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
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

    pub(super) fn page_on_screen(&self) -> bool {
        self.on_screen.load(Ordering::SeqCst) > 0
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.config.clock.now().boot_ms
    }

    /// Notes that somebody wants a page; returns the revision of its picture and what is wrong with
    /// it.
    pub(super) fn ask(
        &self,
        key: &PageKey,
        name: &str,
        page: WebPage,
        is_own: bool,
    ) -> Result<(u64, Option<String>), ComposeError> {
        let now = self.config.clock.now();
        let mut guard = self.state();
        let state = &mut *guard;
        let known = state.entries.iter().position(|entry| entry.key == *key);
        let index = known.unwrap_or_else(|| {
            let found = state.store.find(key);
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
        entry.is_own |= is_own;
        match (&entry.kept, &entry.trouble) {
            (Some(kept), Some(trouble)) => {
                let airs = match &kept.doubt {
                    Some(doubt) => format!("what airs is not good, since {doubt}"),
                    None => airs(kept.taken_ms, now.wall_ms, &self.config.time_zone),
                };
                Ok((kept.revision, Some(format!("{name}: {trouble}; {airs}"))))
            }
            (Some(kept), None) => Ok((kept.revision, None)),
            (None, Some(trouble)) => Err(ComposeError::new(format!(
                "{name}: there is no picture of the page yet, since {trouble}; it is tried again by itself"
            ))),
            (None, None) => Err(ComposeError::new(format!(
                "{name}: there is no picture of the page yet; it is being taken"
            ))),
        }
    }

    /// Reads and decodes a picture; forgets one that is damaged.
    pub(super) fn read(&self, key: &PageKey) -> Result<Vec<u8>, String> {
        let png = self.state().store.read(key);
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
            state.store.forget(key);
            if let Some(entry) = state.entries.iter_mut().find(|entry| entry.key == *key) {
                entry.lose(now_ms);
            }
            nudge(&self.wake);
        }
        decoded
    }

    /// Keeps what came of a run.
    pub(super) fn settle(&self, key: &PageKey, outcome: Result<Shot, RunError>) {
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
                for note in shot.notes.iter().filter(|note| !entry.notes.contains(note)) {
                    tracing::warn!(page = entry.name, "{note}");
                }
                entry.notes = shot.notes;
                let better_is_there = matches!(&entry.kept, Some(kept) if kept.doubt.is_none())
                    && shot.doubt.is_some();
                let kept = if better_is_there {
                    Ok(())
                } else {
                    state.store.put(key, &shot.png, now.wall_ms)
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
                entry.fail(trial::too_long(self.config.run_max), now.boot_ms);
            }
            Err(RunError::Failed(reason) | RunError::NoSandbox(reason)) => {
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

/// Wakes the keeper's thread. Never blocks: one wake that waits is as good as many.
pub(super) fn nudge(wake: &Sender<()>) {
    // Full or closed are both fine.
    let _ = wake.try_send(());
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
