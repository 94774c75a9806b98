//! What the hub's word for the time is worth.
//!
//! Invariants:
//! - A time before the project or after 2098 is nobody's time; it is not taken.
//! - A time service or the operator's word stands above the hub's: where they differ, the hub is
//!   doubted and told of.
//! - Of two words of one hub that contradict each other in one boot the first stands, until the hub
//!   has repeated the second [`REPEATS`] times over [`REPEATS_MS`]: a hub whose clock was mended is
//!   believed, one that jumps is not.

use std::sync::{Mutex, PoisonError};

use passerby_protocol::limits::WALL_MS;

use crate::system::clock::Clock;

/// 2026-01-01T00:00Z: nothing of this project is older.
pub(super) const WALL_MS_MIN: i64 = *WALL_MS.start();
/// 2099-01-01T00:00Z: where clocks are that were never set.
pub(super) const WALL_MS_MAX: i64 = 4_070_908_800_000;
/// Differences up to this are the network's and the drift of clocks; they are not worth a new
/// anchor.
const SLACK_MS: u64 = 2_000;
/// Differences above this are told to the operator.
const DOUBT_MS: u64 = 120_000;
/// How often a hub has to repeat a time that contradicts its first one.
const REPEATS: u32 = 3;
/// Over how long it has to do so, in milliseconds.
const REPEATS_MS: u64 = 600_000;

/// An answer that took longer than this, in milliseconds of a clock that counts sleep, says too
/// little about the time: it may have come while the machine slept.
pub const ROUND_TRIP_MS_MAX: u64 = 60_000;

/// Returns when a call was asked and answered, as if the hub had answered at once: what it held the
/// answer back for is no time on the way, and no later than the answer.
pub(super) fn without_hold((asked_ms, answered_ms): (u64, u64), held_ms: u64) -> (u64, u64) {
    (
        asked_ms.saturating_add(held_ms).min(answered_ms),
        answered_ms,
    )
}

/// What to do with a word of the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TimeJudgement {
    /// It says nothing new.
    Known,
    /// It is the best that there is.
    Learn,
    /// It contradicts what something better than a hub vouches for; the words are for the operator.
    Against(String),
    /// It is not taken; the words are for the operator.
    Doubt(String),
}

/// A wall time at a moment of this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReportedTime {
    boot_ms: u64,
    wall_ms: i64,
}

impl ReportedTime {
    /// By how much another word contradicts this one, once the time between them is taken off.
    fn differs_by(self, other: Self) -> u64 {
        let elapsed = i128::from(other.boot_ms) - i128::from(self.boot_ms);
        let expected = i128::from(self.wall_ms) + elapsed;
        u64::try_from((expected - i128::from(other.wall_ms)).abs()).unwrap_or(u64::MAX)
    }
}

#[derive(Debug, Default)]
struct Heard {
    /// What the clock was taught.
    taught: Option<ReportedTime>,
    /// The first of those that contradict it, and how many more have agreed with it.
    rival: Option<(ReportedTime, u32)>,
}

/// Remembers what the hub said in this boot.
#[derive(Debug, Default)]
pub struct HubTime(Mutex<Heard>);

impl HubTime {
    /// Hears an answer that was asked for at `asked_ms` and came at `answered_ms`, both of the boot
    /// clock, and says that it is `server_ms`, in Unix milliseconds; teaches the clock what it is
    /// worth. Returns `None` when it took too long to say anything.
    ///
    /// # Errors
    /// Something is wrong with it; the words are for the operator.
    pub fn hear(
        &self,
        clock: &dyn Clock,
        (asked_ms, answered_ms): (u64, u64),
        server_ms: i64,
    ) -> Option<Result<(), String>> {
        let took_ms = answered_ms.saturating_sub(asked_ms);
        if took_ms > ROUND_TRIP_MS_MAX {
            return None;
        }
        let middle_ms = asked_ms + took_ms / 2;
        let known = clock.now().back_to(middle_ms).wall_ms;
        Some(match self.judge(middle_ms, known, server_ms) {
            // Also a word that says nothing new is one for the time as it is.
            TimeJudgement::Known | TimeJudgement::Learn => {
                clock.learn(middle_ms, server_ms);
                Ok(())
            }
            TimeJudgement::Against(words) => {
                // It moves nothing by itself, but counts when somebody sets the machine's clock.
                clock.learn(middle_ms, server_ms);
                Err(words)
            }
            TimeJudgement::Doubt(words) => Err(words),
        })
    }

    /// Judges the hub's word that it was `server_ms` at `boot_ms`, where the terminal's clock said
    /// `known_ms`.
    pub(super) fn judge(
        &self,
        boot_ms: u64,
        known_ms: Option<i64>,
        server_ms: i64,
    ) -> TimeJudgement {
        if !(WALL_MS_MIN..WALL_MS_MAX).contains(&server_ms) {
            return TimeJudgement::Doubt(format!(
                "the hub's clock says {}, which cannot be; set the clock of the hub's machine",
                date(server_ms)
            ));
        }
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let word = ReportedTime {
            boot_ms,
            wall_ms: server_ms,
        };
        let Some(known_ms) = known_ms else {
            *heard = Heard {
                taught: Some(word),
                rival: None,
            };
            return TimeJudgement::Learn;
        };
        let difference_ms = known_ms.abs_diff(server_ms);
        if !heard.is_source_of(boot_ms, known_ms) {
            // Something better than a hub vouches for the clock.
            return if difference_ms > DOUBT_MS {
                TimeJudgement::Against(format!(
                    "the hub's clock says {} and this screen's {}, which a time service vouches for; set the clock of the hub's machine",
                    date(server_ms),
                    date(known_ms)
                ))
            } else {
                TimeJudgement::Known
            };
        }
        if difference_ms <= SLACK_MS {
            heard.rival = None;
            return TimeJudgement::Known;
        }
        if difference_ms <= DOUBT_MS || heard.is_repeated(word) {
            *heard = Heard {
                taught: Some(word),
                rival: None,
            };
            return TimeJudgement::Learn;
        }
        TimeJudgement::Doubt(format!(
            "the hub's clock says {}, but by what it said before it would be {}; the first is kept until the hub has said the other for {} minutes",
            date(server_ms),
            date(known_ms),
            REPEATS_MS / 60_000
        ))
    }

    /// Tells whether a clock that says `known_ms` at `boot_ms` has that from the hub alone.
    pub(super) fn is_source_of(&self, boot_ms: u64, known_ms: i64) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_source_of(boot_ms, known_ms)
    }
}

impl Heard {
    fn is_source_of(&self, boot_ms: u64, known_ms: i64) -> bool {
        let now = ReportedTime {
            boot_ms,
            wall_ms: known_ms,
        };
        // A few milliseconds are lost between two readings of two clocks.
        self.taught
            .is_some_and(|taught| taught.differs_by(now) <= 20)
    }

    /// Counts a contradiction; `true` once it has been repeated for long enough.
    fn is_repeated(&mut self, word: ReportedTime) -> bool {
        match &mut self.rival {
            Some((rival, times)) if rival.differs_by(word) <= SLACK_MS => {
                *times += 1;
                *times >= REPEATS && word.boot_ms.saturating_sub(rival.boot_ms) >= REPEATS_MS
            }
            _ => {
                self.rival = Some((word, 0));
                false
            }
        }
    }
}

/// Writes a time as operators read it.
pub(super) fn date(wall_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(wall_ms).map_or_else(
        |_| "a time that no calendar has".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::clock::SimulatedClock;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    const NOW_MS: i64 = 1_800_000_000_000;
    const YEAR_MS: i64 = 31_536_000_000;

    #[test]
    fn a_first_believable_word_is_learned_and_an_impossible_one_never_is() {
        let hub = HubTime::default();
        for impossible in [0, -1, WALL_MS_MIN - 1, WALL_MS_MAX, i64::MAX, i64::MIN] {
            assert!(
                matches!(hub.judge(0, None, impossible), TimeJudgement::Doubt(_)),
                "{impossible}"
            );
        }
        assert_eq!(hub.judge(0, None, NOW_MS), TimeJudgement::Learn);
        assert!(hub.is_source_of(0, NOW_MS) && hub.is_source_of(60_000, NOW_MS + 60_000));
    }

    #[test]
    fn a_time_service_stands_above_the_hub_and_a_difference_of_minutes_is_told() {
        let hub = HubTime::default();
        assert_eq!(
            hub.judge(0, Some(NOW_MS), NOW_MS + 119_000),
            TimeJudgement::Known
        );
        let TimeJudgement::Against(words) = hub.judge(0, Some(NOW_MS), NOW_MS + YEAR_MS) else {
            panic!("not told");
        };
        assert!(words.contains("a time service vouches for"), "{words}");
    }

    #[test]
    fn of_two_words_that_contradict_each_other_the_first_stands_until_the_second_is_repeated() {
        let hub = HubTime::default();
        assert_eq!(hub.judge(0, None, NOW_MS), TimeJudgement::Learn);
        let second = |boot_ms: u64| {
            let elapsed = i64::try_from(boot_ms).expect("small");
            hub.judge(boot_ms, Some(NOW_MS + elapsed), NOW_MS + YEAR_MS + elapsed)
        };
        for minute in 1..=10u64 {
            assert!(
                matches!(second(minute * 60_000), TimeJudgement::Doubt(_)),
                "{minute}"
            );
        }
        assert_eq!(second(11 * 60_000), TimeJudgement::Learn);
    }

    #[test]
    fn an_answer_that_was_long_on_its_way_says_nothing_about_the_time() {
        let (hub, clock) = (HubTime::default(), SimulatedClock::new("boot", NOW_MS));
        let asked_ms = clock.now().boot_ms;
        let late = (asked_ms, asked_ms + ROUND_TRIP_MS_MAX + 1);
        assert_eq!(hub.hear(&clock, late, NOW_MS + YEAR_MS), None);
        let soon = (asked_ms, asked_ms + 10);
        assert_eq!(hub.hear(&clock, soon, NOW_MS), Some(Ok(())));
        assert!(matches!(hub.hear(&clock, soon, 0), Some(Err(_))));
    }

    #[test]
    fn how_long_an_answer_was_held_back_does_not_move_the_clock() {
        let (hub, clock) = (HubTime::default(), SimulatedClock::new("boot", NOW_MS));
        let asked_ms = clock.now().boot_ms;
        clock.waited(std::time::Duration::from_millis(55_200));
        let answered_ms = clock.now().boot_ms;
        // A hundred milliseconds on the way there, and as many back.
        let asked = without_hold((asked_ms, answered_ms), 55_000);
        let before_ms = clock.now().wall_ms.expect("it is set");
        assert_eq!(hub.hear(&clock, asked, before_ms - 100), Some(Ok(())));
        assert_eq!(clock.now().wall_ms, Some(before_ms));
        for impossible in [55_201, u64::MAX] {
            assert_eq!(
                without_hold((asked_ms, answered_ms), impossible),
                (answered_ms, answered_ms)
            );
        }
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn a_hub_that_jumps_about_is_never_followed(years in prop::collection::vec(1i64..50, 1..50)) {
            let hub = HubTime::default();
            prop_assert_eq!(hub.judge(0, None, NOW_MS), TimeJudgement::Learn);
            let mut last = 0;
            for (at, year) in years.into_iter().enumerate() {
                // Never the same twice in a row.
                let year = if year == last { year + 1 } else { year };
                last = year;
                let boot_ms = (at as u64 + 1) * 3_600_000;
                let known = NOW_MS + i64::try_from(boot_ms).expect("small");
                let said = (known + year * YEAR_MS).min(WALL_MS_MAX - 1);
                prop_assert!(matches!(hub.judge(boot_ms, Some(known), said), TimeJudgement::Doubt(_)));
            }
        }
    }
}
