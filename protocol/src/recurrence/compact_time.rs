//! Dates and times as calendars write them, without anything between: `20261231T235959`.
//!
//! Invariant: every part has as many digits as RFC 5545 gives it, and is one of the calendar.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::recurrence::local_time::LocalTime;

/// Reads a date, or a date and time, in the forms of RFC 5545 sections 3.3.4 and 3.3.5: `20261231`,
/// `20261231T235959`; says whether it is in UTC, `20261231T155959Z`.
pub(super) fn compact(text: &str) -> Option<(LocalTime, bool)> {
    let text = text.trim();
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return Some((LocalTime::Date(compact_date(text)?), false));
    };
    let local = time.strip_suffix(['Z', 'z']);
    let datetime = compact_date(date)?.to_datetime(compact_time(local.unwrap_or(time))?);
    Some((LocalTime::DateTime(datetime), local.is_some()))
}

/// Returns the instant at which UTC shows a time.
pub(super) fn utc(time: DateTime) -> Option<Timestamp> {
    let zoned = time.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

fn compact_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let [year, month, day] = digits([(year, 4), (month, 2), (day, 2)])?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn compact_time(text: &str) -> Option<Time> {
    let (hour, rest) = text.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let [hour, minute, second] = digits([(hour, 2), (minute, 2), (second, 2)])?.map(i8::try_from);
    Time::new(hour.ok()?, minute.ok()?, second.ok()?, 0).ok()
}

/// Reads three numbers, each of so many digits.
pub(super) fn digits(parts: [(&str, usize); 3]) -> Option<[i16; 3]> {
    let mut numbers = [0; 3];
    for (number, (text, length)) in numbers.iter_mut().zip(parts) {
        if text.len() != length || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = text.parse().ok()?;
    }
    Some(numbers)
}
