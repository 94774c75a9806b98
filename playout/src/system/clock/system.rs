//! The machine's clocks.
//!
//! Invariant: a moment has a wall time only if [`Trust`] believes one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use passerby_protocol::dating::Anchor;

use crate::system::clock::trust::ClockReading;
use crate::system::clock::{Clock, Moment, TimeEvent, Trust};
use crate::system::random;

/// systemd-timesyncd touches this file whenever it has set the clock
/// (systemd-timesyncd.service(8)).
const TIMESYNCD_FILE: &str = "/run/systemd/timesync/synchronized";
/// How long the answer of a time service is good while the clock says what is believed, in
/// milliseconds.
const ASK_MS: u64 = 1_000;
/// Two clocks that were read no further apart were read at once, in milliseconds.
const AT_ONCE_MS: u64 = 2;
/// How often two clocks are read again because the machine was busy in between.
const TRIES_MAX: u32 = 4;
/// The clocks of a machine that is awake seem to part by less than this, since they are read one
/// after the other; no sleep is shorter, in milliseconds.
const ASLEEP_MS_MIN: u64 = 10;

/// The machine's clocks.
pub struct SystemClock {
    boot: Arc<str>,
    timesyncd_file: PathBuf,
    kernel_is_synchronised: fn() -> bool,
    state: Mutex<State>,
}

struct State {
    trust: Trust,
    /// When the time services were last asked, in milliseconds of CLOCK_BOOTTIME, and what they
    /// said.
    asked_ms: Option<u64>,
    is_kept: bool,
    was_set: bool,
    asleep_ms: u64,
}

impl SystemClock {
    /// Reads the boot id; a machine without one gets a random id, so that boots are never mixed up.
    /// `trusted` is the operator's word that the clock is right although no time service vouches
    /// for it.
    pub fn new(trusted: bool) -> Self {
        Self::with_sources(trusted, Path::new(TIMESYNCD_FILE), kernel_is_synchronised)
    }

    /// The same, with a systemd-timesyncd that keeps its file elsewhere, and another answer of the
    /// kernel's.
    pub fn with_sources(
        trusted: bool,
        timesyncd_file: &Path,
        kernel_is_synchronised: fn() -> bool,
    ) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .ok()
            .map(|id| id.trim().to_owned())
            .filter(|id| !id.is_empty() && id.len() <= 64)
            .unwrap_or_else(|| format!("{:016x}", random::u64()));
        Self {
            boot: boot.into(),
            timesyncd_file: timesyncd_file.to_owned(),
            kernel_is_synchronised,
            state: Mutex::new(State {
                trust: Trust::new(trusted),
                asked_ms: None,
                is_kept: false,
                was_set: false,
                asleep_ms: 0,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let mut state = self.state();
        let (boot_ms, wall_ms) = both_ms();
        let is_asked = state
            .asked_ms
            .is_some_and(|asked| boot_ms.saturating_sub(asked) < ASK_MS);
        if !is_asked || !state.trust.agrees(boot_ms, wall_ms) {
            state.asked_ms = Some(boot_ms);
            state.is_kept = (self.kernel_is_synchronised)();
            // What has been latched once needs no more looks at a file.
            state.was_set = state.trust.wall_at(boot_ms).is_none()
                && timesyncd_has_set_the_clock(&self.timesyncd_file, wall_ms);
        }
        let wall_ms = {
            let (is_kept, was_set) = (state.is_kept, state.was_set);
            state.trust.read(ClockReading {
                boot_ms,
                wall_ms,
                is_kept,
                was_set,
            })
        };
        Moment {
            boot: self.boot.clone(),
            boot_ms,
            wall_ms,
        }
    }

    fn learn(&self, boot_ms: u64, wall_ms: i64) {
        self.state().trust.learn(boot_ms, wall_ms);
    }

    fn resume(&self, anchor: &Anchor) {
        if *anchor.boot == *self.boot {
            self.state().trust.resume(anchor.boot_ms, anchor.wall_ms);
        }
    }

    fn events(&self) -> Vec<TimeEvent> {
        self.state().trust.events()
    }

    fn asleep_ms(&self) -> u64 {
        let (boot, monotonic) = at_once(libc::CLOCK_BOOTTIME, libc::CLOCK_MONOTONIC);
        let asleep_ms = u64::try_from(boot.saturating_sub(monotonic).as_millis()).unwrap_or(0);
        let mut state = self.state();
        if state.asleep_ms.abs_diff(asleep_ms) >= ASLEEP_MS_MIN {
            state.asleep_ms = asleep_ms;
        }
        state.asleep_ms
    }
}

/// Reads CLOCK_BOOTTIME in milliseconds.
pub fn boot_ms() -> u64 {
    millis(read(libc::CLOCK_BOOTTIME))
}

/// Reads CLOCK_BOOTTIME and CLOCK_REALTIME in milliseconds.
fn both_ms() -> (u64, i64) {
    let (boot, wall) = at_once(libc::CLOCK_BOOTTIME, libc::CLOCK_REALTIME);
    (millis(boot), i64::try_from(wall.as_millis()).unwrap_or(0))
}

/// Reads two clocks at one moment, as far as the machine lets go on.
fn at_once(first: libc::clockid_t, second: libc::clockid_t) -> (Duration, Duration) {
    let mut tries = 0;
    loop {
        let before = read(first);
        let other = read(second);
        let apart = read(first).saturating_sub(before);
        tries += 1;
        if apart <= Duration::from_millis(AT_ONCE_MS) || tries == TRIES_MAX {
            return (before + apart / 2, other);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Reads a clock. One that stands before 1970 reads as 1970, which nobody believes.
#[allow(
    unsafe_code,
    reason = "clock_gettime has no safe wrapper in libc; the struct is plain data that it fills"
)]
fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for writes for the whole call.
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    assert_eq!(result, 0, "Linux has had CLOCK_BOOTTIME since 2.6.39");
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Asks the kernel whether a time service disciplines its clock (adjtimex(2): not `TIME_ERROR`, not
/// `STA_UNSYNC`).
#[allow(
    unsafe_code,
    reason = "adjtimex has no safe wrapper in libc; with modes = 0 it only reads"
)]
fn kernel_is_synchronised() -> bool {
    // SAFETY: `timex` is plain data for which zero is valid; modes = 0 changes nothing.
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&raw mut timex);
        (state, timex.status)
    };
    state >= 0 && state != libc::TIME_ERROR && status & libc::STA_UNSYNC == 0
}

/// Tells whether systemd-timesyncd has set the clock in this boot, and nobody set it back since:
/// /run is empty at the start of a machine, and time since then only goes on.
fn timesyncd_has_set_the_clock(file: &Path, wall_ms: i64) -> bool {
    let touched = std::fs::metadata(file).and_then(|data| data.modified());
    let touched_ms = |touched: SystemTime| {
        let since = touched.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok()
    };
    touched
        .ok()
        .and_then(touched_ms)
        .is_some_and(|touched_ms| touched_ms <= wall_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(folder: &Path) -> SystemClock {
        SystemClock::with_sources(false, &folder.join("synchronized"), || false)
    }

    #[test]
    fn boot_time_goes_forward_and_the_hub_is_believed_only_for_this_boot() {
        let clock = SystemClock::new(false);
        let before = clock.now();
        clock.learn(before.boot_ms, 1_800_000_000_000);
        let after = clock.now();
        assert!(after.boot_ms >= before.boot_ms);
        assert!(after.wall_ms.is_some());
        assert_eq!(
            after.anchor().map(|anchor| anchor.boot),
            Some(before.boot.to_string())
        );
    }

    #[test]
    fn the_file_of_timesyncd_vouches_for_the_rest_of_the_boot() {
        let folder = tempfile::tempdir().expect("folder");
        let clock = clock(folder.path());
        assert_eq!(clock.now().wall_ms, None);
        std::fs::write(folder.path().join("synchronized"), "").expect("writes");
        // Time services are asked once a second, or at once while nothing is known.
        let known = clock.now();
        assert!(known.wall_ms.is_some());
        std::fs::remove_file(folder.path().join("synchronized")).expect("removes");
        assert!(clock.now().wall_ms >= known.wall_ms);
        assert!(matches!(clock.events()[..], [TimeEvent::Vouched { .. }]));
    }

    #[test]
    fn the_kernels_word_vouches_without_any_file() {
        let clock = SystemClock::with_sources(false, Path::new("/nowhere"), || true);
        assert!(clock.now().wall_ms.is_some());
    }

    #[test]
    fn a_clock_that_was_set_back_since_timesyncd_touched_its_file_is_not_believed() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("synchronized");
        assert!(!timesyncd_has_set_the_clock(&file, i64::MAX));
        std::fs::write(&file, "").expect("writes");
        assert!(timesyncd_has_set_the_clock(&file, i64::MAX));
        assert!(!timesyncd_has_set_the_clock(&file, 1_000_000));
    }

    #[test]
    fn an_earlier_run_in_this_boot_is_taken_up_and_one_in_another_is_not() {
        let folder = tempfile::tempdir().expect("folder");
        let clock = clock(folder.path());
        let boot = clock.now().boot.to_string();
        let mut anchor = Anchor {
            boot: "another".into(),
            boot_ms: 0,
            wall_ms: 1_800_000_000_000,
        };
        clock.resume(&anchor);
        assert_eq!(clock.now().wall_ms, None);
        anchor.boot = boot;
        clock.resume(&anchor);
        let now = clock.now();
        assert_eq!(now.wall_ms, Some(anchor.wall_at(now.boot_ms)));
        assert_eq!(clock.events(), []);
    }

    #[test]
    fn a_machine_that_does_not_sleep_has_slept_no_longer() {
        let clock = SystemClock::new(false);
        let asleep_ms = clock.asleep_ms();
        assert!((0..1_000).all(|_| clock.asleep_ms() == asleep_ms));
    }
}
