//! Whether something may air at an instant, and until when that answer holds.
//!
//! Phases, dayparts, recurrences and opening hours all answer with a [`Window`], so that whoever
//! schedules asks one question and then sleeps.
//!
//! Invariants: `until` lies after the instant that was asked about; the answer does not change
//! before `until`; it may stay the same after it, so whoever is woken asks again.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// The answer at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Whether it is open at that instant.
    pub open: bool,
    /// The first instant at which that may change, later than the one asked about; `None` = never
    /// again. It may come before the real change, never after it.
    pub until: Option<Timestamp>,
}

impl Window {
    /// Open for ever.
    pub const ALWAYS: Self = Self {
        open: true,
        until: None,
    };
    /// Closed for ever.
    pub const NEVER: Self = Self {
        open: false,
        until: None,
    };

    /// Open when both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.combined(other, false)
    }

    /// Open when one of them is.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.combined(other, true)
    }

    /// Open when this one is closed.
    #[must_use]
    pub const fn inverted(self) -> Self {
        Self {
            open: !self.open,
            until: self.until,
        }
    }

    /// A state that either of both decides alone (`open` for "or", closed for "and") lasts as long
    /// as the longest of those that are in it; the opposite one ends with the first that leaves it.
    fn combined(self, other: Self, decides: bool) -> Self {
        let until = match (self.open == decides, other.open == decides) {
            (true, true) => match (self.until, other.until) {
                (Some(one), Some(two)) => Some(one.max(two)),
                _ => None,
            },
            (true, false) => self.until,
            (false, true) => other.until,
            (false, false) => earlier(self.until, other.until),
        };
        Self {
            open: if decides {
                self.open || other.open
            } else {
                self.open && other.open
            },
            until,
        }
    }
}

/// The earlier of two instants, of which `None` is never.
pub(crate) fn earlier(one: Option<Timestamp>, two: Option<Timestamp>) -> Option<Timestamp> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}

/// Seconds in a day of the calendar.
pub(crate) const DAY_S: i64 = 86_400;

/// The most by which an offset is believed to change at once, in seconds. Zones have moved across
/// the date line, by a day.
pub(crate) const OFFSET_STEP_MAX_S: i64 = 26 * 3_600;

/// A stretch of time around an instant in which the local clock runs evenly: from one change of the
/// zone's offset to the next. Within it, local arithmetic is exact; at its end one asks again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    now_s: i64,
    /// What the local clock shows, in seconds since it showed 1970-01-01T00:00.
    pub(crate) local_s: i64,
    /// The next change of the offset.
    until: Option<Timestamp>,
}

impl Stretch {
    pub(crate) fn at(now: Timestamp, zone: &TimeZone) -> Self {
        // Towards the past, also before 1970, where jiff's subseconds are negative.
        let now_s = now.as_second() - i64::from(now.subsec_nanosecond() < 0);
        Self {
            now_s,
            local_s: now_s + i64::from(zone.to_offset(now).seconds()),
            until: zone.following(now).next().map(|change| change.timestamp()),
        }
    }

    /// The number of the local day, counted from 1970-01-01.
    pub(crate) fn day(&self) -> i64 {
        self.local_s.div_euclid(DAY_S)
    }

    /// Answers that the state lasts until the local clock shows `next_s`, or changes its offset;
    /// with `None`, for ever.
    pub(crate) fn window(&self, open: bool, next_s: Option<i64>) -> Window {
        let until = next_s.and_then(|next_s| {
            let next = Timestamp::from_second(self.now_s + (next_s - self.local_s)).ok();
            earlier(next, self.until)
        });
        Window { open, until }
    }

    /// Answers that the state lasts for ever, since its last edge has passed, unless the clock is
    /// soon put back, perhaps to before that edge.
    pub(crate) fn settled(&self, open: bool) -> Window {
        let is_soon = |change: &Timestamp| change.as_second() - self.now_s <= OFFSET_STEP_MAX_S;
        Window {
            open,
            until: self.until.filter(is_soon),
        }
    }
}

/// The number of a local day, counted from 1970-01-01.
pub(crate) fn day_number(date: Date) -> i64 {
    // The calendar's first and last day do not fit into a timestamp in every offset; here they are
    // as good as never.
    match Offset::UTC.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())) {
        Ok(midnight) => midnight.as_second().div_euclid(DAY_S),
        Err(_) if date.year() < 0 => i64::MIN / (2 * DAY_S),
        Err(_) => i64::MAX / (2 * DAY_S),
    }
}

/// The day with a number, as far as the calendar goes.
pub(crate) fn date_of(day: i64) -> Option<Date> {
    let midnight = Timestamp::from_second(day.checked_mul(DAY_S)?).ok()?;
    Some(Offset::UTC.to_datetime(midnight).date())
}

/// The day of the week of a numbered day, from 0 = Monday.
pub(crate) const fn weekday_of(day: i64) -> u8 {
    // 1970-01-01 was a Thursday.
    #[expect(clippy::cast_possible_truncation, reason = "0 to 6")]
    {
        (day + 3).rem_euclid(7) as u8
    }
}

/// The instant of a local date-time by RFC 5545 section 3.3.5: one that a change of the offset
/// skips is taken with the offset before it, one that comes twice is the first of both. `None` past
/// the end of the calendar.
pub(crate) fn instant_of(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_closed_part_closes_the_whole_for_as_long_as_it_is_closed() {
        let open = Window {
            open: true,
            until: Some(second(10)),
        };
        let closed = Window {
            open: false,
            until: Some(second(20)),
        };
        assert_eq!(open.and(closed), closed);
        assert_eq!(open.or(closed), open);
        assert_eq!(open.and(Window::ALWAYS), open);
        assert_eq!(open.and(Window::NEVER), Window::NEVER);
        assert_eq!(closed.or(Window::NEVER), closed);
        assert_eq!(closed.or(Window::ALWAYS), Window::ALWAYS);
    }

    #[test]
    fn days_have_numbers_and_names() {
        assert_eq!(
            (day_number(jiff::civil::date(1970, 1, 1)), weekday_of(0)),
            (0, 3)
        );
        let day = day_number(jiff::civil::date(2026, 12, 4));
        assert_eq!(
            (weekday_of(day), date_of(day)),
            (4, Some(jiff::civil::date(2026, 12, 4)))
        );
        assert!(day_number(Date::MIN) < day_number(jiff::civil::date(-9998, 1, 1)));
        assert!(day_number(Date::MAX) > day && date_of(i64::MAX).is_none());
    }

    /// A state that flips at each of a few seconds.
    fn flips(first: bool, at: &[i64], now: i64) -> Window {
        let passed = at.iter().filter(|&&flip| flip <= now).count();
        Window {
            open: first ^ (passed % 2 == 1),
            until: at.get(passed).map(|&flip| second(flip)),
        }
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn combined_windows_hold_until_they_say(
            one in proptest::collection::btree_set(0_i64..60, 0..6),
            two in proptest::collection::btree_set(0_i64..60, 0..6),
            firsts: (bool, bool),
            now in 0_i64..60,
        ) {
            let (one, two): (Vec<i64>, Vec<i64>) = (one.into_iter().collect(), two.into_iter().collect());
            let at = |now| (flips(firsts.0, &one, now), flips(firsts.1, &two, now));
            let both = |now| { let (one, two) = at(now); one.and(two) };
            let either = |now| { let (one, two) = at(now); one.or(two) };
            let (and, or) = (both(now), either(now));
            let (a, b) = at(now);
            prop_assert_eq!(and.open, a.open && b.open);
            prop_assert_eq!(or.open, a.open || b.open);
            for (window, again) in [(and, &both as &dyn Fn(i64) -> Window), (or, &either)] {
                let until = window.until.map_or(100, |until| until.as_second());
                prop_assert!(until > now);
                for later in now..until {
                    prop_assert_eq!(again(later).open, window.open);
                }
            }
        }
    }
}
