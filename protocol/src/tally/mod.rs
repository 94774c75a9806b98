//! How often plays were scanned, and what came of the scans: what the hub tells a screen, so that
//! it can favour what brings most.
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
//!   openings do not count. So do `visited`, `pressed` and `converted`: plays of which somebody,
//!   also through a link that was passed on, opened the page, pressed its button, or bought
//!   something within the same time.
//! * What a hub does not count it does not send; whoever asks for it is told scans instead.
//! * Counts are absolute and replace those that were sent before. A message that is lost, repeated
//!   or overtaken changes nothing once the newest by `as_of_ms` is there.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan, tz};
use serde::{Deserialize, Serialize};

use crate::campaign::AdaptiveBy;
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
    /// What came of the scans.
    pub led_to: LedTo,
}

/// How many of the plays of a row led to what; at most as many as there are. `None`: not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedTo {
    /// To a page that was opened.
    pub visited: Option<u32>,
    /// To its button being pressed.
    pub pressed: Option<u32>,
    /// To a purchase or the like.
    pub converted: Option<u32>,
}

impl Tally {
    /// How many of the plays brought what is wanted; where that is not counted, how many were
    /// scanned.
    pub fn brought(&self, by: AdaptiveBy) -> u32 {
        let led_to = match by {
            AdaptiveBy::Scans => None,
            AdaptiveBy::Visits => self.led_to.visited,
            AdaptiveBy::Presses => self.led_to.pressed,
            AdaptiveBy::Conversions => self.led_to.converted,
        };
        led_to.unwrap_or(self.scanned)
    }
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
    /// Those that led to a page being opened; empty where that is not counted, as are the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visited: Vec<u32>,
    /// Those that led to a press.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pressed: Vec<u32>,
    /// Those that led to a conversion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub converted: Vec<u32>,
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
        let column = |of: fn(&LedTo) -> Option<u32>| -> Vec<u32> {
            let all: Option<Vec<u32>> = kept.iter().map(|row| of(&row.led_to)).collect();
            all.unwrap_or_default()
        };
        let mut columns = TallyColumns {
            visited: column(|led_to| led_to.visited),
            pressed: column(|led_to| led_to.pressed),
            converted: column(|led_to| led_to.converted),
            ..TallyColumns::default()
        };
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
        let led_to = [&columns.visited, &columns.pressed, &columns.converted];
        if led_to
            .iter()
            .any(|column| !column.is_empty() && column.len() != rows)
        {
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
                led_to: LedTo {
                    visited: columns.visited.get(row).copied(),
                    pressed: columns.pressed.get(row).copied(),
                    converted: columns.converted.get(row).copied(),
                },
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
            let LedTo {
                visited,
                pressed,
                converted,
            } = tally.led_to;
            if [visited, pressed, converted]
                .into_iter()
                .flatten()
                .any(|led_to| led_to > tally.plays)
            {
                return Err(wrong("more plays that led to something than aired"));
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
mod tests;
