//! What clocks, dates and countdowns say at a moment, and when that changes next.

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

use crate::live::language::LiveLanguage;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// Most days that a countdown names.
const DAYS_MAX: i64 = 9_999;

const WEEKDAYS: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// What is shown at a moment, and the Unix time in milliseconds from which it is something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    /// `None` when it stays for good.
    pub(super) until_ms: Option<i64>,
}

/// The time of day.
pub(super) fn clock(now_ms: i64, zone: &TimeZone) -> Option<Said> {
    let local = Timestamp::from_millisecond(now_ms)
        .ok()?
        .to_zoned(zone.clone());
    Some(Said {
        text: format!("{:02}:{:02}", local.hour(), local.minute()),
        // Zones differ by whole minutes.
        until_ms: Some((now_ms.div_euclid(MINUTE_MS) + 1) * MINUTE_MS),
    })
}

/// The date.
pub(super) fn date(now_ms: i64, zone: &TimeZone, language: LiveLanguage) -> Option<Said> {
    let local = Timestamp::from_millisecond(now_ms)
        .ok()?
        .to_zoned(zone.clone());
    let tomorrow = local.date().tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
    let (month, day, weekday) = (local.month(), local.day(), local.weekday());
    Some(Said {
        text: dated(month, day, weekday, language),
        until_ms: Some(tomorrow.timestamp().as_millisecond()),
    })
}

/// The Unix time in milliseconds of a moment of a zone's clocks.
pub(super) fn moment_ms(to: DateTime, zone: &TimeZone) -> Option<i64> {
    let zoned = to.to_zoned(zone.clone()).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// What is left until a moment. The text is empty once it has come.
pub(super) fn countdown(now_ms: i64, to_ms: i64, language: LiveLanguage) -> Said {
    let left_ms = to_ms.saturating_sub(now_ms);
    if left_ms <= 0 {
        return Said {
            text: String::new(),
            until_ms: None,
        };
    }
    // What is left is counted up, so that the last second ends when the moment comes.
    let seconds = (left_ms + 999).div_euclid(1_000);
    let (unit_ms, text) = if left_ms > DAY_MS {
        let minutes = (left_ms + MINUTE_MS - 1).div_euclid(MINUTE_MS);
        let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
        let days = days.min(DAYS_MAX);
        (
            MINUTE_MS,
            match language {
                LiveLanguage::Chinese => format!("{days}天 {hours:02}:{minutes:02}"),
                LiveLanguage::English => format!("{days}d {hours:02}:{minutes:02}"),
            },
        )
    } else {
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        (
            1_000,
            format!("{hours:02}:{minutes:02}:{:02}", seconds % 60),
        )
    };
    // It changes when a whole unit has passed, as counted back from the moment.
    let units_left = (left_ms - 1).div_euclid(unit_ms);
    Said {
        text,
        until_ms: Some(to_ms - units_left * unit_ms),
    }
}

fn dated(month: i8, day: i8, weekday: Weekday, language: LiveLanguage) -> String {
    let weekday = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0) % 7;
    let name = usize::try_from(month - 1).unwrap_or(0) % 12;
    match language {
        LiveLanguage::Chinese => format!("{month}月{day}日 {}", WEEKDAYS[weekday]),
        LiveLanguage::English => format!("{} {day} {}", DAYS[weekday], MONTHS[name]),
    }
}

/// Every shape that a date can have.
pub(super) fn widest_dates(language: LiveLanguage) -> Vec<String> {
    let mut dates = Vec::new();
    for weekday in [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ] {
        for month in 1..=12 {
            dates.push(dated(month, 28, weekday, language));
        }
    }
    dates
}

/// The widest that countdowns become, but for those of a hundred days and more, which are set
/// smaller.
pub(super) fn widest_countdowns(language: LiveLanguage) -> Vec<String> {
    let far = match language {
        LiveLanguage::Chinese => "00天 00:00",
        LiveLanguage::English => "00d 00:00",
    };
    vec![far.to_owned(), "00:00:00".to_owned()]
}
