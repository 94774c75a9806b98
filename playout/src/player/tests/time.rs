//! Clocks that are set, and machines that sleep.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use passerby_protocol::dating::Anchor;

use super::*;
use crate::ledger::DatedPlay;
use crate::player::tests::parts::{PlayerSetup, write};
use crate::system::clock::trust::ClockReading;
use crate::system::clock::{SimulatedClock, TimeEvent, Trust};

const HOUR_MS: u64 = 3_600_000;
/// 2028-02-29T23:30Z.
const START_MS: i64 = 1_835_479_800_000;

fn content(folder: &Path) {
    write(&folder.join("content/cafe/a.png"), b"a");
    write(
        &folder.join("content/cafe/campaign.toml"),
        b"title = 'x'\n[[placement]]\ncreative = 'a.png'\nseconds = 10\n",
    );
}

/// A machine that sleeps for eight hours in the middle of the first wait after a minute.
struct SleepyClock {
    inner: SimulatedClock,
    asleep_ms: AtomicU64,
}

impl Clock for SleepyClock {
    fn now(&self) -> Moment {
        self.inner.now()
    }
    fn learn(&self, _: u64, _: i64) {}
    fn asleep_ms(&self) -> u64 {
        self.asleep_ms.load(Ordering::SeqCst)
    }
    fn pace(&self, span: Duration, busy: bool) -> Duration {
        self.inner.pace(span, busy)
    }
    fn waited(&self, span: Duration) {
        if self.asleep_ms() == 0 && self.now().boot_ms > 60_000 {
            self.inner.waited(span / 2);
            self.inner.waited(Duration::from_millis(8 * HOUR_MS));
            self.asleep_ms.store(8 * HOUR_MS, Ordering::SeqCst);
        } else {
            self.inner.waited(span);
        }
    }
}

#[test]
fn what_the_machine_slept_through_was_not_shown() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path());
    let setup = PlayerSetup {
        clock: Arc::new(SleepyClock {
            inner: SimulatedClock::new("boot", START_MS),
            asleep_ms: AtomicU64::new(0),
        }),
        run_for_ms: Some(9 * HOUR_MS),
        ..PlayerSetup::in_folder(folder.path())
    };
    let past = setup.start().finish();
    let shown_ms: u64 = past.plays.iter().map(|play| play.play.visible_ms).sum();
    assert!(
        (HOUR_MS - 5_000..=HOUR_MS).contains(&shown_ms),
        "{shown_ms} ms of one hour awake"
    );
    let cut: Vec<_> = past.plays[..past.plays.len() - 1]
        .iter()
        .filter(|play| play.play.outcome != Outcome::Complete)
        .collect();
    assert_eq!(cut.len(), 1, "one play was cut");
    let cut = &cut[0].play;
    assert_eq!(cut.outcome, Outcome::CutShort);
    assert!(cut.visible_ms < 10_000, "{}", cut.visible_ms);
    for pair in past.plays.windows(2) {
        let end_ms = pair[0].play.start_boot_ms + pair[0].play.visible_ms;
        let slept = pair[1].play.start_boot_ms - end_ms;
        assert!(slept == 0 || slept == 8 * HOUR_MS, "{slept}");
    }
}

/// A machine without a time service at first, whose clock says what a script tells: from each
/// moment on (of CLOCK_BOOTTIME) so far from the truth, and kept or not.
struct ScriptedClock {
    inner: SimulatedClock,
    script: Vec<(u64, i64, bool)>,
    trust: Mutex<Trust>,
}

impl Clock for ScriptedClock {
    fn now(&self) -> Moment {
        let truth = self.inner.now();
        let said = self.script.iter().rev();
        let said = said.clone().find(|(from_ms, ..)| *from_ms <= truth.boot_ms);
        let &(_, off_ms, is_kept) = said.expect("the script begins at 0");
        let wall_ms = self.trust.lock().expect("no panic").read(ClockReading {
            boot_ms: truth.boot_ms,
            wall_ms: truth.wall_ms.expect("a simulated clock knows") + off_ms,
            is_kept,
            was_set: false,
        });
        Moment { wall_ms, ..truth }
    }
    fn learn(&self, boot_ms: u64, wall_ms: i64) {
        self.trust.lock().expect("no panic").learn(boot_ms, wall_ms);
    }
    fn resume(&self, anchor: &Anchor) {
        let mut trust = self.trust.lock().expect("no panic");
        trust.resume(anchor.boot_ms, anchor.wall_ms);
    }
    fn events(&self) -> Vec<TimeEvent> {
        self.trust.lock().expect("no panic").events()
    }
    fn pace(&self, span: Duration, busy: bool) -> Duration {
        self.inner.pace(span, busy)
    }
    fn waited(&self, span: Duration) {
        self.inner.waited(span);
    }
}

fn scripted(boot: &str, script: &[(u64, i64, bool)]) -> Arc<ScriptedClock> {
    Arc::new(ScriptedClock {
        inner: SimulatedClock::new(boot, START_MS),
        script: script.to_vec(),
        trust: Mutex::new(Trust::new(false)),
    })
}

/// Plays until a moment of the boot and returns how far each play's date is from the truth.
fn errors(folder: &Path, clock: Arc<ScriptedClock>, run_for_ms: u64) -> Vec<Option<i64>> {
    let setup = PlayerSetup {
        clock,
        run_for_ms: Some(run_for_ms),
        ..PlayerSetup::in_folder(folder)
    };
    let past = setup.start().finish();
    let error = |dated: &DatedPlay| {
        let truth = START_MS.saturating_add_unsigned(dated.play.start_boot_ms);
        dated.wall_ms.map(|wall| wall - truth)
    };
    past.plays.iter().map(error).collect()
}

const YEAR_MS: i64 = 365 * 86_400_000;

#[test]
fn clocks_in_1970_and_2099_and_steps_both_ways_leave_every_play_at_its_time() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path());
    let minute = 60_000;
    let clock = scripted(
        "a",
        &[
            // 1970, until a time service gets through after ten minutes.
            (0, -58 * YEAR_MS, false),
            (10 * minute, 0, true),
            // Somebody sets it to 2099, to 1970, an hour back; the time service puts it right in
            // the end.
            (20 * minute, 71 * YEAR_MS, false),
            (30 * minute, -58 * YEAR_MS, false),
            (40 * minute, -3_600_000, false),
            (50 * minute, 0, true),
            // A leap second.
            (55 * minute, -1_000, true),
        ],
    );
    let errors = errors(folder.path(), clock, HOUR_MS);
    assert!(errors.len() >= 355, "{}", errors.len());
    for (at, error) in errors.iter().enumerate() {
        let error_ms = error.expect("each play of the boot has a date");
        let leap = at >= 55 * 6;
        let right = if leap { -1_000..=0 } else { 0..=0 };
        assert!(right.contains(&error_ms), "play {at}: {error_ms} ms");
    }
}

#[test]
fn a_clock_that_nobody_vouches_for_dates_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path());
    let clock = scripted("a", &[(0, 0, false), (HOUR_MS / 4, YEAR_MS, false)]);
    let errors = errors(folder.path(), clock, HOUR_MS / 2);
    assert!(errors.len() >= 175 && errors.iter().all(Option::is_none));
}

#[test]
fn a_restart_in_the_same_boot_goes_on_by_what_was_known() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path());
    let quarter = HOUR_MS / 4;
    errors(folder.path(), scripted("a", &[(0, 0, true)]), quarter);
    // The program starts again; meanwhile somebody has set the clock, and the time service is gone.
    let again = scripted("a", &[(0, 0, false), (1, YEAR_MS, false)]);
    again.waited(Duration::from_millis(quarter));
    let errors = errors(folder.path(), again, quarter);
    assert!(errors.len() >= 175, "{}", errors.len());
    assert!(errors.iter().all(|error| *error == Some(0)), "{errors:?}");
}
