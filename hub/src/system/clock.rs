//! The only place of the hub that reads a clock. Everywhere else `now_ms` is an argument.

use std::sync::Once;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// One day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;
/// An hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;

/// Returns Unix time in milliseconds.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// Returns the time zone of the hub's machine, in which days begin here: those of phases, and those
/// of reports.
pub fn time_zone() -> TimeZone {
    static TOLD: Once = Once::new();
    TimeZone::try_system().unwrap_or_else(|_| {
        // A machine that says nothing of its time zone has UTC, and means it.
        if let Some(asked) = std::env::var_os("TZ").filter(|asked| !asked.is_empty()) {
            TOLD.call_once(|| {
                let asked = asked.to_string_lossy();
                tracing::warn!("TZ is {asked:?}, which names no time zone here; days begin in UTC");
            });
        }
        TimeZone::unknown()
    })
}

/// Returns the date of a moment in the time zone of the hub's machine, by which phases are judged
/// here.
pub fn date_of(now_ms: i64) -> Date {
    timestamp(now_ms).to_zoned(time_zone()).date()
}

/// Returns the Unix milliseconds at which a date begins; `i64::MIN` or `i64::MAX` where there is
/// none.
pub fn start_of(date: Option<Date>, open: i64) -> i64 {
    date.and_then(|date| date.to_zoned(time_zone()).ok())
        .map_or(open, |start| start.timestamp().as_millisecond())
}

/// Returns the Unix milliseconds at which the day after a date begins, or `open` without a date.
pub fn end_of(date: Option<Date>, open: i64) -> i64 {
    start_of(date.and_then(|date| date.checked_add(1.day()).ok()), open)
}

/// Returns the date of a moment in UTC.
pub fn utc_date(ms: i64) -> Date {
    timestamp(ms).to_zoned(TimeZone::UTC).date()
}

/// Returns the UTC day of a moment, for example `2026-12-01`; what salts and counters are kept by.
pub fn utc_day(now_ms: i64) -> String {
    utc_date(now_ms).to_string()
}

/// Writes a moment as RFC 3339, to the second.
pub fn rfc3339(ms: i64) -> String {
    format!("{:.0}", timestamp(ms))
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_for_people_and_machines() {
        assert_eq!(rfc3339(1_767_225_600_999), "2026-01-01T00:00:00Z");
        assert_eq!(utc_day(1_767_225_599_999), "2025-12-31");
    }

    #[test]
    fn a_phase_covers_its_last_day() {
        let day = jiff::civil::date(2026, 12, 7);
        assert_eq!(date_of(end_of(Some(day), 0) - 1), day);
        assert_eq!(start_of(None, 7), 7);
    }
}
