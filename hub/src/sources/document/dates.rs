//! Dates as feeds write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Longest date that is looked at, in bytes.
const DATE_BYTES_MAX: usize = 64;

/// Reads a moment: RFC 3339, RFC 2822, or a date with or without a time, which is taken for UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > DATE_BYTES_MAX {
        return None;
    }
    let utc = |time: DateTime| {
        time.to_zoned(TimeZone::UTC)
            .ok()
            .map(|time| time.timestamp())
    };
    text.parse()
        .ok()
        .or_else(|| Some(rfc2822::parse(text).ok()?.timestamp()))
        .or_else(|| utc(text.parse().ok()?))
        .or_else(|| utc(text.parse::<Date>().ok()?.at(0, 0, 0, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_feeds_write_them() {
        for (text, moment_s) in [
            ("2026-11-29T10:00:00Z", 1_795_946_400),
            ("2026-11-29T18:00:00+08:00", 1_795_946_400),
            ("Sun, 29 Nov 2026 10:00:00 GMT", 1_795_946_400),
            ("Sun, 29 Nov 2026 18:00:00 +0800", 1_795_946_400),
            ("2026-11-29 10:00:00", 1_795_946_400),
            ("2026-11-29", 1_795_910_400),
        ] {
            assert_eq!(
                moment(text).map(|at| at.as_second()),
                Some(moment_s),
                "{text}"
            );
        }
        for text in ["", "yesterday", "2026-13-01", "0"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
