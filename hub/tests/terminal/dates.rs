//! Dates of plays: the terminal's and the hub's are the same.

use std::sync::{Arc, Mutex};

use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::{DatedPlay, Ledger};
use passerby_playout::system::clock::trust::ClockReading;
use passerby_playout::system::clock::{Clock, Moment, TimeEvent, Trust, boot_ms};

use crate::parts::{HubProcess, drain, enrol, hub, publish};
use crate::stand::{Setup, Terminal};

/// 1970-01-02T00:00Z.
const LONG_AGO_MS: i64 = 86_400_000;

/// A machine in a boot of its own, whose clock stands in 1970; a time service keeps it or does not.
struct WrongClock {
    boot: Arc<str>,
    began_ms: u64,
    /// What its clock said at the start.
    wall_ms: i64,
    is_kept: bool,
    trust: Mutex<Trust>,
}

impl WrongClock {
    fn start(boot: &str, wall_ms: i64, is_kept: bool) -> Arc<Self> {
        Arc::new(Self {
            boot: boot.into(),
            began_ms: boot_ms(),
            wall_ms,
            is_kept,
            trust: Mutex::new(Trust::new(false)),
        })
    }
}

impl Clock for WrongClock {
    fn now(&self) -> Moment {
        // As if the machine had started a second before.
        let boot_ms = boot_ms() - self.began_ms + 1_000;
        let wall_ms = self.trust.lock().expect("no panic").read(ClockReading {
            boot_ms,
            wall_ms: self.wall_ms.saturating_add_unsigned(boot_ms),
            is_kept: self.is_kept,
            was_set: false,
        });
        Moment {
            boot: self.boot.clone(),
            boot_ms,
            wall_ms,
        }
    }
    fn learn(&self, boot_ms: u64, wall_ms: i64) {
        self.trust.lock().expect("no panic").learn(boot_ms, wall_ms);
    }
    fn events(&self) -> Vec<TimeEvent> {
        self.trust.lock().expect("no panic").events()
    }
}

/// Plays for a while in a boot of its own, with the hub in reach or without.
fn play(
    folder: &std::path::Path,
    clock: &Arc<WrongClock>,
    enrolment: &Enrolment,
    online: bool,
    run_for_ms: u64,
) {
    let setup = Setup {
        clock: clock.clone(),
        folder: Some(folder.join("cafe")),
        dwell_ms: 60,
        is_online: online,
        run_for_ms: Some(run_for_ms),
        ..Setup::default()
    };
    Terminal::with(&folder.join("terminal"), enrolment, setup).join();
}

/// The dates that the hub has, by seq.
fn dates_on_hub(data: &std::path::Path) -> Vec<(u64, Option<i64>)> {
    let database = rusqlite::Connection::open(data.join("hub.db")).expect("opens");
    let mut query = database
        .prepare("SELECT seq, wall_ms FROM plays ORDER BY seq")
        .expect("a query");
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.expect("reads")
        .map(|row| row.expect("a row"))
        .collect()
}

#[test]
fn a_clock_in_1970_learns_the_time_and_both_sides_date_alike_to_the_millisecond() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let (terminal, enrolment) = enrol(folder.path(), &data, &process.url());
    publish(folder.path(), &data);
    let now_ms = jiff::Timestamp::now().as_millisecond();

    // A boot with a time service an hour ago; one that never learned the time; one that learns it
    // from the hub.
    let an_hour_ago = WrongClock::start("known", now_ms - 3_600_000, true);
    play(folder.path(), &an_hour_ago, &enrolment, false, 600);
    play(
        folder.path(),
        &WrongClock::start("never", LONG_AGO_MS, false),
        &enrolment,
        false,
        600,
    );
    let late = WrongClock::start("late", LONG_AGO_MS, false);
    play(folder.path(), &late, &enrolment, true, 4_000);
    assert!(late.now().wall_ms.is_some(), "the hub told the time");

    // What the last boot learned in its last moment goes with the first plays of the next.
    let next = WrongClock::start("next", LONG_AGO_MS, false);
    play(folder.path(), &next, &enrolment, false, 400);
    let (mut ledger, _) = Ledger::open(&terminal).expect("opens");
    drain(&mut ledger, &enrolment);

    let plays = ledger.plays_since(None).expect("reads");
    let here: Vec<_> = plays
        .iter()
        .map(|play| (play.play.seq, play.wall_ms))
        .collect();
    assert_eq!(here, dates_on_hub(&data), "to the millisecond");
    let of = |boot: &str| -> Vec<&DatedPlay> {
        plays.iter().filter(|play| play.play.boot == boot).collect()
    };
    assert!(of("known").iter().all(|play| play.wall_ms.is_some()));
    for play in of("late") {
        let wall_ms = play.wall_ms.expect("back-filled");
        assert!((now_ms..now_ms + 600_000).contains(&wall_ms), "{wall_ms}");
    }
    assert!(!of("never").is_empty() && of("never").iter().all(|play| play.wall_ms.is_none()));

    // The bounds of what never learned the time are the same on both sides.
    let report = hub(&data, &["report"]);
    let undated = of("never").len() + of("next").len();
    assert_eq!(report["plays"]["undated"], undated);
    let on_hub = report["plays"]["undated_boots"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|line| line["boot"] == "never")
        .expect("it is listed");
    let second = |ms: i64| {
        let at = jiff::Timestamp::from_millisecond(ms).expect("a time");
        format!("{at:.0}")
    };
    let (first, last) = (of("never")[0], of("never")[of("never").len() - 1]);
    let last_ms = last.play.visible_ms;
    let not_before = first.between.not_before_ms.expect("a bound");
    let not_after = last
        .between
        .not_after_ms
        .expect("a bound")
        .saturating_add_unsigned(last_ms);
    assert_eq!(on_hub["not_before"], second(not_before));
    assert_eq!(on_hub["not_after"], second(not_after));
    assert_eq!(
        Some(not_before),
        of("known")
            .iter()
            .map(|play| play
                .wall_ms
                .unwrap_or(0)
                .saturating_add_unsigned(play.play.visible_ms))
            .max()
    );
    assert_eq!(
        Some(not_after),
        of("late").iter().filter_map(|play| play.wall_ms).min()
    );
}
