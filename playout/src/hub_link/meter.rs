//! Counts what goes over the line to the hub, and says what has to wait when a day's data is nearly
//! used.
//!
//! Invariants:
//! - Without a cap nothing is counted and nothing waits.
//! - The file is ahead of the count: a kill or a power cut makes the count larger, at most by
//!   [`STEP_PERCENT`] of the cap, and never smaller. It is written once a step, not once a request,
//!   for the memory card's sake.
//! - A damaged file counts as nothing used; one that cannot be written is told once and does not
//!   stop the plays.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_folder::durable_file;

use crate::hub_link::budget::{Budget, Kind, has_room_for_frames, pause_ms};
use crate::system::clock::{Clock, Moment};

/// Headers both ways with what TLS and TCP add to them, in bytes. Estimated with room to spare.
const CALL_BYTES: u64 = 1_500;
/// A new connection: certificates and handshakes, in bytes.
const CONNECT_BYTES: u64 = 6_000;
/// After so long without a call a connection is taken to be closed, in milliseconds.
const IDLE_MS: u64 = 30_000;
/// What TCP and TLS add to a body, in percent.
const FRAMING_PERCENT: u64 = 5;
/// A kind waits that has less room than a call needs, in bytes.
const ROOM_BYTES_MIN: u64 = 16 << 10;
/// How far the file is ahead of the count, in percent of the cap.
const STEP_PERCENT: u64 = 1;
/// The file is written at least so often, so that days without a known clock end over restarts too,
/// in milliseconds.
const KEEP_MS: u64 = 3_600_000;
/// The file's name in data.dir.
const FILE_NAME: &str = "data-budget.json";

/// Counts the bytes of one terminal; its copies count together.
#[derive(Clone, Default)]
pub(super) struct Meter(Option<Arc<Inner>>);

struct Inner {
    cap_bytes: u64,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    count: Mutex<Count>,
}

struct Count {
    budget: Budget,
    /// What the file says was used.
    on_disk_bytes: u64,
    /// For how long this day had run then, in milliseconds.
    on_disk_ms: u64,
    /// When it was last looked at.
    seen: Moment,
    last_call_ms: Option<u64>,
    /// When the last answer came that the hub may hold back; such calls have a connection of their
    /// own.
    last_held_ms: Option<u64>,
    /// Whether anything waits for tomorrow.
    waits: Option<Kind>,
    told: bool,
}

impl Meter {
    /// Goes on with the count in `data_dir`.
    pub(super) fn new(
        daily_bytes: u64,
        data_dir: &std::path::Path,
        clock: Arc<dyn Clock>,
        zone: TimeZone,
    ) -> Self {
        let path = data_dir.join(FILE_NAME);
        let budget = std::fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or(Budget::new());
        let count = Mutex::new(Count {
            on_disk_bytes: budget.used_bytes(),
            on_disk_ms: budget.awake_ms(),
            budget,
            seen: clock.now(),
            last_call_ms: None,
            last_held_ms: None,
            waits: None,
            told: false,
        });
        Self(Some(Arc::new(Inner {
            cap_bytes: daily_bytes,
            path,
            clock,
            zone,
            count,
        })))
    }

    /// Asks for a call whose request has a body of some bytes, and counts it. `None` when it has to
    /// wait; else how many bytes its answer may have.
    pub(super) fn call(&self, kind: Kind, body_bytes: u64) -> Option<u64> {
        self.count_call(kind, body_bytes, |count, now_ms| {
            count.last_call_ms.replace(now_ms)
        })
    }

    /// The same for a call whose answer the hub may hold back; [`Meter::held_ended`] is to follow.
    pub(super) fn held_call(&self, body_bytes: u64) -> Option<u64> {
        self.count_call(Kind::Word, body_bytes, |count, _| count.last_held_ms)
    }

    /// Notes that an answer came that the hub may have held back: until now the connection was in
    /// use.
    pub(super) fn held_ended(&self) {
        if let Some(inner) = &self.0 {
            let mut count = inner.up_to_date();
            count.last_held_ms = Some(count.seen.boot_ms);
        }
    }

    /// Counts a call on a connection of which `last_used` says when it was used last.
    fn count_call(
        &self,
        kind: Kind,
        body_bytes: u64,
        last_used: impl FnOnce(&mut Count, u64) -> Option<u64>,
    ) -> Option<u64> {
        let Some(inner) = &self.0 else {
            return Some(u64::MAX);
        };
        let mut count = inner.up_to_date();
        let now_ms = count.seen.boot_ms;
        let before = count.last_call_ms;
        let is_new =
            last_used(&mut count, now_ms).is_none_or(|last| now_ms.saturating_sub(last) > IDLE_MS);
        let cost = CALL_BYTES + framed(body_bytes) + if is_new { CONNECT_BYTES } else { 0 };
        let room = count.budget.room(inner.cap_bytes, kind);
        if room < cost.max(ROOM_BYTES_MIN) {
            // It does not take place.
            count.last_call_ms = before;
            count.waits = count.waits.max(Some(kind));
            return None;
        }
        count.budget.take(cost);
        inner.keep(&mut count);
        Some(room - cost)
    }

    /// Counts bytes of an answer.
    pub(super) fn got(&self, bytes: u64) {
        if let Some(inner) = &self.0 {
            let mut count = inner.up_to_date();
            count.budget.take(framed(bytes));
            inner.keep(&mut count);
        }
    }

    /// The shortest pause between two rounds of so many calls each.
    pub(super) fn pause(&self, calls: u64) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, |inner| {
            let round_bytes = CALL_BYTES * calls + CONNECT_BYTES;
            Duration::from_millis(pause_ms(inner.cap_bytes, round_bytes))
        })
    }

    /// Whether pictures of the screen may be sent that nobody has asked for.
    pub(super) const fn is_without_cap(&self) -> bool {
        self.0.is_none()
    }

    /// Whether any may be sent.
    pub(super) fn takes_frames(&self) -> bool {
        (self.0.as_ref()).is_none_or(|inner| has_room_for_frames(inner.cap_bytes))
    }

    /// How it stands, in a sentence for the operator; `None` without a cap.
    pub(super) fn sentence(&self) -> Option<String> {
        let inner = self.0.as_ref()?;
        let count = inner.up_to_date();
        let megabytes = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
        let waits = match count.waits {
            None | Some(Kind::Frame) => "nothing waits",
            Some(Kind::Large) => "files of more than 1 MB wait for tomorrow",
            Some(Kind::Small) => "new files wait for tomorrow",
            Some(Kind::Word) => "all but plays waits for tomorrow",
            Some(Kind::Plays) => "plays wait for tomorrow, like all else",
        };
        Some(format!(
            "{} of {} MB of today's data are used; {waits}",
            megabytes(count.budget.used_bytes()),
            megabytes(inner.cap_bytes),
        ))
    }
}

impl Inner {
    fn up_to_date(&self) -> std::sync::MutexGuard<'_, Count> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let elapsed_ms = now.boot_ms.saturating_sub(count.seen.boot_ms);
        let today = now
            .wall_ms
            .and_then(|wall| jiff::Timestamp::from_millisecond(wall).ok())
            .map(|time| time.to_zoned(self.zone.clone()).date());
        let used = count.budget.used_bytes();
        count.budget.pass(today, elapsed_ms);
        if count.budget.used_bytes() < used {
            (count.waits, count.on_disk_bytes, count.on_disk_ms) = (None, 0, 0);
        }
        count.seen = now;
        if count.budget.awake_ms() >= count.on_disk_ms + KEEP_MS {
            self.write(&mut count);
        }
        count
    }

    /// Writes the count, a step ahead, when it has come to what the file says.
    fn keep(&self, count: &mut Count) {
        if count.budget.used_bytes() >= count.on_disk_bytes {
            self.write(count);
        }
    }

    fn write(&self, count: &mut Count) {
        // Whatever comes of it, the next attempt is a step or an hour away.
        count.on_disk_ms = count.budget.awake_ms();
        let mut ahead = count.budget.clone();
        ahead.take(self.cap_bytes / 100 * STEP_PERCENT);
        let bytes = serde_json::to_vec(&ahead).unwrap_or_default();
        count.on_disk_bytes = ahead.used_bytes();
        match durable_file::write_private(&self.path, &bytes) {
            Ok(()) => {}
            Err(error) if !std::mem::replace(&mut count.told, true) => {
                tracing::warn!(
                    "{}: cannot be written: {error}; after a restart this day's data is counted from nothing",
                    self.path.display()
                );
            }
            Err(_) => {}
        }
    }
}

const fn framed(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 100 * FRAMING_PERCENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::clock::SimulatedClock;

    const CAP: u64 = 10_000_000;

    fn meter(folder: &std::path::Path, clock: &Arc<SimulatedClock>) -> Meter {
        Meter::new(CAP, folder, clock.clone(), TimeZone::UTC)
    }

    #[test]
    fn a_restart_in_the_middle_of_a_day_gives_nothing_back_and_the_next_day_all() {
        let folder = tempfile::tempdir().expect("folder");
        let clock = Arc::new(SimulatedClock::new("boot", 1_800_000_000_000));
        for _ in 0..10 {
            // Each is a run that was killed: nothing is tidied up.
            let meter = meter(folder.path(), &clock);
            if meter.call(Kind::Large, 0).is_some() {
                meter.got(1_000_000);
            }
        }
        let last = meter(folder.path(), &clock);
        assert_eq!(last.call(Kind::Large, 0), None);
        assert!(last.call(Kind::Small, 0).is_some());
        let words = last.sentence().expect("a cap");
        assert!(words.contains("more than 1 MB wait"), "{words}");
        clock.waited(Duration::from_secs(86_400));
        assert!(last.call(Kind::Large, 0).is_some());
        assert!(last.sentence().expect("a cap").contains("nothing waits"));
    }

    #[test]
    fn a_day_of_plays_and_heartbeats_fits_a_small_cap_with_room_for_files() {
        let folder = tempfile::tempdir().expect("folder");
        let clock = Arc::new(SimulatedClock::new("boot", 1_800_000_000_000));
        let meter = meter(folder.path(), &clock);
        let (plays, words) = (meter.pause(1), meter.pause(2));
        let (mut next_plays, mut next_words) = (Duration::ZERO, Duration::ZERO);
        for second in 0..12 * 3_600 {
            let now = Duration::from_secs(second);
            if now >= next_plays {
                assert!(meter.call(Kind::Plays, 200).is_some());
                meter.got(200);
                next_plays = now + plays;
            }
            if now >= next_words {
                assert!(meter.call(Kind::Word, 300).is_some());
                meter.got(200);
                next_words = now + words;
            }
            clock.waited(Duration::from_secs(1));
        }
        assert!(
            meter.call(Kind::Large, 0).is_some(),
            "{:?}",
            meter.sentence()
        );
    }

    #[test]
    fn a_day_of_held_calls_needs_few_connections_and_a_long_pause_a_new_one() {
        let folder = tempfile::tempdir().expect("folder");
        let clock = Arc::new(SimulatedClock::new("boot", 1_800_000_000_000));
        let meter = meter(folder.path(), &clock);
        let used = || {
            let inner = meter.0.as_ref().expect("a cap");
            inner.up_to_date().budget.used_bytes()
        };
        let ask = |held_s: u64, pause_s: u64| {
            let before = used();
            assert!(meter.held_call(0).is_some());
            // Plays go over a connection of their own meanwhile.
            assert!(meter.call(Kind::Plays, 0).is_some());
            clock.waited(Duration::from_secs(held_s));
            meter.held_ended();
            clock.waited(Duration::from_secs(pause_s));
            used() - before
        };
        let first = ask(55, 5);
        assert_eq!(first, 2 * (CALL_BYTES + CONNECT_BYTES));
        assert_eq!(ask(55, 5), 2 * CALL_BYTES + CONNECT_BYTES, "plays alone");
        ask(55, 60);
        assert_eq!(ask(10, 5), first);
    }

    #[test]
    fn without_a_cap_nothing_is_counted() {
        let meter = Meter::default();
        assert_eq!(meter.call(Kind::Large, u64::MAX), Some(u64::MAX));
        assert_eq!((meter.sentence(), meter.pause(1)), (None, Duration::ZERO));
    }
}
