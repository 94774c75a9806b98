//! How often plays were scanned: what the hub tells a screen, so that it can favour what is scanned
//! most.
//!
//! A row counts the settled plays of one assignment in one part of the week on one day at the
//! venue, and how many of them were scanned.
//!
//! Invariants, which keep feedback that is days late from bending the counts:
//!
//! * Only *settled* plays count: those that ended at least [`Tallies::settle_ms`] before
//!   [`Tallies::as_of_ms`], and that the hub holds. A younger play is neither a success nor a
//!   failure; a scan whose play has not synced yet waits with it. A screen that was offline for a
//!   week therefore has old counts, never wrong ones.
//! * Of a settled play only scans within `settle_ms` of its end count. So every play had exactly
//!   the same time to be scanned, and a creative that aired mostly yesterday can be compared with
//!   one that aired mostly last week.
//! * `scanned` counts plays, not scans: a school class in front of one play is one. Robots'
//!   openings do not count.
//! * Counts are absolute and replace those that were sent before. A message that is lost, repeated
//!   or overtaken changes nothing once the newest by `as_of_ms` is there.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan, tz};
use serde::{Deserialize, Serialize};

use crate::limits::{TALLY_DAYS_MAX, TALLY_PLAYS_MAX, TALLY_ROWS_MAX, TALLY_SETTLE_MS};
use crate::{Assignment, ScreenNumber};

/// How many parts a week has.
pub const WEEK_PARTS: usize = 2 * SPANS.len();

/// First hours of the parts of a day, with their names on weekdays and at weekends.
const SPANS: [(u16, &str, &str); 5] = [
    (0, "weekday nights (0-6)", "weekend nights (0-6)"),
    (6, "weekday mornings (6-10)", "weekend mornings (6-10)"),
    (10, "weekday middays (10-15)", "weekend middays (10-15)"),
    (
        15,
        "weekday afternoons (15-19)",
        "weekend afternoons (15-19)",
    ),
    (19, "weekday evenings (19-24)", "weekend evenings (19-24)"),
];

/// A part of the week in the venue's own time: Monday to Friday, or Saturday and Sunday, each cut
/// at 6, 10, 15 and 19 o'clock. Its number is 0 to 4 from midnight on weekdays and 5 to 9 at
/// weekends.
///
/// The cuts are those by which Nielsen Audio reports radio listening, since they follow the ways to
/// work and back. Few parts, because every part needs plays of its own before it tells anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct WeekPart(u8);

impl WeekPart {
    /// Every part, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).take(WEEK_PARTS).map(Self)
    }

    /// Returns the part that a local time lies in. `weekday` counts from 0 = Monday, `minute` from
    /// midnight.
    pub fn at(weekday: u8, minute: u16) -> Self {
        let from = if weekday % 7 >= 5 { SPANS.len() } else { 0 };
        let span = SPANS.iter().rposition(|span| span.0 <= minute / 60);
        Self(u8::try_from(from + span.unwrap_or(0)).unwrap_or(0))
    }

    /// Its number, below [`WEEK_PARTS`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its name for people, for example `weekday mornings (6-10)`.
    pub fn words(self) -> &'static str {
        let span = SPANS[self.index() % SPANS.len()];
        if self.is_weekend() { span.2 } else { span.1 }
    }

    /// Tells whether it lies on Saturdays and Sundays.
    pub fn is_weekend(self) -> bool {
        self.index() >= SPANS.len()
    }
}

impl TryFrom<u8> for WeekPart {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        if usize::from(number) < WEEK_PARTS {
            Ok(Self(number))
        } else {
            Err(format!(
                "a week has parts 0 to {}, not {number}",
                WEEK_PARTS - 1
            ))
        }
    }
}

impl From<WeekPart> for u8 {
    fn from(part: WeekPart) -> u8 {
        part.0
    }
}

/// The settled plays of one assignment, in one part of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Which content on which screen.
    pub assignment: Assignment,
    /// The day at the venue on which the plays started.
    pub day: Date,
    /// The part of the week in which they started.
    pub part: WeekPart,
    /// How many there were; at least 1, at most [`TALLY_PLAYS_MAX`].
    pub plays: u32,
    /// How many of those were scanned; at most `plays`.
    pub scanned: u32,
}

/// All that the hub tells one screen about scans, as columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies {
    /// The screen whose terminal sends it.
    pub screen: ScreenNumber,
    /// Unix time in milliseconds up to which the hub had counted.
    pub as_of_ms: i64,
    /// How long after its end a play is settled, in milliseconds; within [`TALLY_SETTLE_MS`].
    pub settle_ms: u64,
    /// The day from which `day` counts.
    pub first_day: Date,
    /// One entry a row in each, ordered by assignment, day and part.
    pub columns: TallyColumns,
}

/// The rows of [`Tallies`], column by column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyColumns {
    /// Assignments.
    pub assignment: Vec<Assignment>,
    /// Days since the first one.
    pub day: Vec<u16>,
    /// Parts of the week.
    pub part: Vec<WeekPart>,
    /// Settled plays.
    pub plays: Vec<u32>,
    /// Those of them that were scanned.
    pub scanned: Vec<u32>,
}

/// Says why tallies are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TallyError {
    /// Not tallies at all.
    #[error("the tallies are malformed: {0}")]
    Malformed(&'static str),
    /// One row is impossible. One lie is enough to doubt the rest, so none is taken.
    #[error("row {row} of the tallies is impossible: {reason}")]
    Row {
        /// Which, from 0.
        row: usize,
        /// What is wrong, in words that end a sentence.
        reason: &'static str,
    },
}

impl Tallies {
    /// Packs rows: in order, the newest [`TALLY_DAYS_MAX`] days, and of the newest days as many as
    /// [`TALLY_ROWS_MAX`] allows. Rows without plays are left out.
    pub fn pack(screen: ScreenNumber, as_of_ms: i64, settle_ms: u64, rows: &[Tally]) -> Self {
        let newest = rows.iter().map(|row| row.day).max().unwrap_or_default();
        let days_before = |day: Date| (newest - day).get_days().unsigned_abs() as usize;
        let mut kept: Vec<&Tally> = rows
            .iter()
            .filter(|row| row.plays > 0 && days_before(row.day) < TALLY_DAYS_MAX)
            .collect();
        kept.sort_by_key(|row| (std::cmp::Reverse(row.day), row.assignment, row.part));
        kept.truncate(TALLY_ROWS_MAX);
        kept.sort_by_key(|row| (row.assignment, row.day, row.part));
        let first_day = kept.iter().map(|row| row.day).min().unwrap_or(newest);
        let mut columns = TallyColumns::default();
        for row in kept {
            let day = (row.day - first_day).get_days().unsigned_abs();
            columns.assignment.push(row.assignment);
            columns.day.push(u16::try_from(day).unwrap_or(u16::MAX));
            columns.part.push(row.part);
            columns.plays.push(row.plays);
            columns.scanned.push(row.scanned);
        }
        Self {
            screen,
            as_of_ms,
            settle_ms,
            first_day,
            columns,
        }
    }

    /// Returns the rows.
    ///
    /// # Errors
    /// [`TallyError::Malformed`] when the whole is not one, [`TallyError::Row`] for the first
    /// impossible row.
    pub fn unpack(&self) -> Result<Vec<Tally>, TallyError> {
        let columns = &self.columns;
        let rows = columns.assignment.len();
        let lengths = [
            columns.day.len(),
            columns.part.len(),
            columns.plays.len(),
            columns.scanned.len(),
        ];
        if lengths.iter().any(|&length| length != rows) {
            return Err(TallyError::Malformed("their columns differ in length"));
        }
        if rows > TALLY_ROWS_MAX {
            return Err(TallyError::Malformed("they are longer than the limit"));
        }
        if !TALLY_SETTLE_MS.contains(&self.settle_ms) {
            return Err(TallyError::Malformed("settle_ms is out of range"));
        }
        // No clock on Earth is a day ahead of UTC.
        let last_day = Timestamp::from_millisecond(self.as_of_ms)
            .and_then(|as_of| as_of.checked_add(SignedDuration::from_hours(24)))
            .map_err(|_| TallyError::Malformed("as_of_ms is out of range"))?
            .to_zoned(tz::TimeZone::UTC)
            .date();
        let mut tallies: Vec<Tally> = Vec::with_capacity(rows);
        for row in 0..rows {
            let wrong = |reason| TallyError::Row { row, reason };
            let offset = columns.day[row];
            let tally = Tally {
                assignment: columns.assignment[row],
                day: self
                    .first_day
                    .checked_add(i32::from(offset).days())
                    .map_err(|_| wrong("day"))?,
                part: columns.part[row],
                plays: columns.plays[row],
                scanned: columns.scanned[row],
            };
            if tally.assignment == Assignment::NONE {
                return Err(wrong("assignment 0 is local content"));
            }
            if usize::from(offset) >= TALLY_DAYS_MAX {
                return Err(wrong("further from the first day than the limit"));
            }
            if tally.day > last_day {
                return Err(wrong("a day after as_of_ms"));
            }
            let weekday = tally.day.weekday().to_monday_zero_offset();
            if tally.part.is_weekend() != (weekday >= 5) {
                return Err(wrong("a part of the week that its day does not have"));
            }
            if !(1..=TALLY_PLAYS_MAX).contains(&tally.plays) {
                return Err(wrong("number of plays"));
            }
            if tally.scanned > tally.plays {
                return Err(wrong("more plays scanned than aired"));
            }
            let place = |tally: &Tally| (tally.assignment, tally.day, tally.part);
            if tallies
                .last()
                .is_some_and(|before| place(before) >= place(&tally))
            {
                return Err(wrong("out of order or twice"));
            }
            tallies.push(tally);
        }
        Ok(tallies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    const AS_OF_MS: i64 = 1_798_000_000_000; // 2026-12-23

    fn screen() -> ScreenNumber {
        ScreenNumber::new(7).expect("in range")
    }

    fn row(assignment: u32, day: Date, hour: u16, plays: u32, scanned: u32) -> Tally {
        let weekday = day.weekday().to_monday_zero_offset().unsigned_abs();
        Tally {
            assignment: Assignment::new(assignment).expect("in range"),
            day,
            part: WeekPart::at(weekday, hour * 60),
            plays,
            scanned,
        }
    }

    fn rows() -> impl Strategy<Value = Vec<Tally>> {
        let one = (1u32..50, 0i32..56, 0u16..24, 1..=TALLY_PLAYS_MAX);
        prop::collection::vec(one, 0..200).prop_map(|rows| {
            let mut rows: Vec<Tally> = rows
                .into_iter()
                .map(|(assignment, day, hour, plays)| {
                    row(
                        assignment,
                        date(2026, 10, 20) + day.days(),
                        hour,
                        plays,
                        plays / 3,
                    )
                })
                .collect();
            rows.sort_by_key(|row| (row.assignment, row.day, row.part));
            rows.dedup_by_key(|row| (row.assignment, row.day, row.part));
            rows
        })
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn what_is_packed_reads_back_through_json(rows in rows()) {
            let packed = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &rows);
            let json = serde_json::to_string(&packed).expect("serialises");
            let read: Tallies = serde_json::from_str(&json).expect("reads");
            prop_assert_eq!(read.unpack(), Ok(rows));
        }

        #[test]
        fn no_numbers_make_unpack_panic(day in any::<u16>(), plays in any::<u32>(), scanned in any::<u32>(), as_of_ms in any::<i64>(), settle_ms in any::<u64>()) {
            let mut tallies = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &[row(1, date(2026, 12, 1), 8, 10, 1)]);
            tallies.as_of_ms = as_of_ms;
            tallies.settle_ms = settle_ms;
            tallies.columns.day[0] = day;
            tallies.columns.plays[0] = plays;
            tallies.columns.scanned[0] = scanned;
            if let Ok(rows) = tallies.unpack() {
                prop_assert!(rows[0].scanned <= rows[0].plays && rows[0].plays <= TALLY_PLAYS_MAX);
            }
        }
    }

    #[test]
    fn each_impossible_row_is_refused_with_its_reason() {
        let good = [
            row(1, date(2026, 12, 1), 8, 10, 1),
            row(2, date(2026, 12, 1), 8, 10, 1),
        ];
        let reason = |change: fn(&mut Tallies)| {
            let mut tallies = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &good);
            change(&mut tallies);
            tallies
                .unpack()
                .expect_err("one row is impossible")
                .to_string()
        };
        for (change, says) in [
            (
                (|t: &mut Tallies| t.columns.scanned[0] = 11) as fn(&mut Tallies),
                "more plays scanned",
            ),
            (|t| t.columns.plays[1] = 0, "number of plays"),
            (
                |t| t.columns.plays[1] = TALLY_PLAYS_MAX + 1,
                "number of plays",
            ),
            (|t| t.columns.day[1] = 56, "further from the first day"),
            (|t| t.first_day = date(2027, 1, 1), "after as_of_ms"),
            (
                |t| t.columns.part[0] = WeekPart::at(6, 0),
                "part of the week",
            ),
            (|t| t.columns.assignment.swap(0, 1), "out of order"),
            (
                |t| t.columns.assignment[1] = t.columns.assignment[0],
                "twice",
            ),
            (|t| t.columns.assignment[0] = Assignment::NONE, "local"),
            (|t| t.settle_ms = 0, "settle_ms"),
            (|t| t.as_of_ms = i64::MAX, "as_of_ms"),
            (|t| t.columns.day.truncate(1), "differ in length"),
        ] {
            let reason = reason(change);
            assert!(reason.contains(says), "{reason:?} should say {says:?}");
        }
        let part: Result<WeekPart, _> = serde_json::from_str("10");
        assert!(part.is_err());
    }

    #[test]
    fn packing_keeps_the_newest_days() {
        let many: Vec<Tally> = (0..100)
            .map(|day| row(1, date(2026, 9, 1) + day.days(), 8, 10, 1))
            .collect();
        let packed = Tallies::pack(screen(), AS_OF_MS, 3_600_000, &many);
        assert_eq!(packed.unpack().expect("good"), many[100 - TALLY_DAYS_MAX..]);
    }

    #[test]
    fn a_week_is_cut_as_stated() {
        let at = |weekday, hour: u16, minute| WeekPart::at(weekday, hour * 60 + minute).index();
        assert_eq!(at(0, 0, 0), 0);
        assert_eq!(at(0, 5, 59), 0);
        assert_eq!(at(4, 6, 0), 1);
        assert_eq!(at(4, 9, 59), 1);
        assert_eq!(at(4, 23, 59), 4);
        assert_eq!(at(5, 0, 0), 5);
        assert_eq!(at(6, 15, 0), 8);
        assert_eq!(WeekPart::at(6, 900).words(), "weekend afternoons (15-19)");
        assert_eq!(WeekPart::all().count(), WEEK_PARTS);
    }
}
