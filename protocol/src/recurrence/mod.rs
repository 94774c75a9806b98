//! When something comes again: a recurrence as calendars know it, RFC 5545, with exceptions and
//! additions.
//!
//! ```toml
//! recurs = { start = 2026-12-04T18:00:00, minutes = 120, rule = "FREQ=WEEKLY;BYDAY=FR", except = [
//!     2026-12-25,
//! ], also = [2026-12-24T17:00:00] }
//! ```
//!
//! The rule is worked out in the venue's own local time and only then mapped to instants, one
//! occurrence at a time. A start that a change of the clock skips is taken with the offset before
//! it (half past two, skipped, is half past three), one that comes twice is the first of both
//! (section 3.3.5). Section 3.3.10 would drop skipped ones; calendars do not agree on that, and a
//! campaign that was booked should air. An occurrence lasts its minutes of elapsed time.
//!
//! A rule may stand among the lines with which a calendar exports it ([`calendar_lines`]). With
//! `DTSTART;TZID=…` it is worked out in that zone, as RFC 5545 reads it; without, by the venue's
//! own clock.
//!
//! The start itself counts only if the rule names it, as in Python's dateutil; RFC 5545 leaves that
//! undefined.
//!
//! Invariant: an answer looks at a bounded number of days, whatever the rule says; nothing recurs
//! after 2099.

mod calendar_lines;
mod compact_time;
mod local_time;
mod occurrences;
mod rule;
mod rule_parts;
#[cfg(test)]
mod tests;
mod windows_zones;

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::content_fault::RuleFault;
use crate::limits::{
    RECURRENCE_DATES_MAX, RECURRENCE_LINES_CHARS_MAX, RECURRENCE_MINUTES, RECURRENCE_YEARS,
};
use crate::recurrence::calendar_lines::{CalendarLines, Moment, Zone};
pub use crate::recurrence::local_time::{LocalTime, LocalTimeError};
use crate::recurrence::rule::Rule;
use crate::toml_fields::Section;
use crate::window::day_number;

const START: &str = "a local time such as 2026-12-04T18:00:00, or a date for midnight";
const DATES: &str = "dates such as 2026-12-25 or local times such as 2026-12-24T17:00:00";

/// A recurrence as a publisher writes it, not yet checked; its form on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecurrenceText {
    /// From when on; DTSTART of RFC 5545 section 3.8.2.4.
    pub start: LocalTime,
    /// How long each occurrence lasts, in minutes of elapsed time.
    pub minutes: u32,
    /// RRULE of section 3.8.5.3, alone or among the lines of its event. Without one there is one
    /// occurrence at the start.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "bounded::optional_text::<{ 4 * RECURRENCE_LINES_CHARS_MAX }, _>"
    )]
    pub rule: Option<String>,
    /// EXDATE of section 3.8.5.1: a time is one occurrence, a date all that start on that day.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded::list::<RECURRENCE_DATES_MAX, _, _>"
    )]
    pub except: Vec<LocalTime>,
    /// RDATE of section 3.8.5.2: further starts; a date is its midnight.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "bounded::list::<RECURRENCE_DATES_MAX, _, _>"
    )]
    pub also: Vec<LocalTime>,
}

/// A checked recurrence.
///
/// ```
/// use jiff::tz::TimeZone;
/// use passerby_protocol::recurrence::{Recurrence, RecurrenceText};
///
/// let fridays = Recurrence::new(RecurrenceText {
///     start: "2026-12-04T18:00:00".parse().expect("a time"),
///     minutes: 120,
///     rule: Some("FREQ=WEEKLY;COUNT=3;BYDAY=FR".to_owned()),
///     except: vec!["2026-12-11".parse().expect("a date")],
///     also: Vec::new(),
/// })
/// .expect("a rule");
/// let starts: Vec<_> = fridays.starts(&TimeZone::UTC).collect();
/// assert_eq!(starts.len(), 2);
/// assert_eq!(starts[1].to_string(), "2026-12-18T18:00:00");
///
/// let now = "2026-12-04T19:00:00Z".parse().expect("an instant");
/// let window = fridays.at(now, &TimeZone::UTC);
/// assert!(window.open);
/// assert_eq!(window.until, "2026-12-04T20:00:00Z".parse().ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RecurrenceText", into = "RecurrenceText")]
pub struct Recurrence {
    text: RecurrenceText,
    rule: Option<Rule>,
    /// The zone in which it is worked out; the venue's without one.
    zone: Option<Zone>,
    except_days: Vec<Date>,
    except_times: Vec<DateTime>,
    except_instants: Vec<Timestamp>,
    /// Starts that no rule names.
    also: Vec<DateTime>,
    also_instants: Vec<Timestamp>,
    /// Days of the first and of the last start, numbered from 1970-01-01.
    days: (i64, i64),
}

/// Says which part of a recurrence is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {message}")]
pub struct RecurrenceError {
    /// The part, as it is called in the campaign file.
    pub key: &'static str,
    /// Goes on after the key's name: "is …; use …".
    pub message: String,
}

impl Recurrence {
    /// Checks a recurrence.
    ///
    /// # Errors
    /// The first part that is against RFC 5545 or past a limit (see [`crate::limits`]), or a rule
    /// with no occurrence at all.
    pub fn new(text: RecurrenceText) -> Result<Self, RecurrenceError> {
        let lines = match &text.rule {
            Some(rule) => CalendarLines::read(rule).map_err(|message| RecurrenceError {
                key: "rule",
                message,
            })?,
            None => CalendarLines::default(),
        };
        Self::of(text, lines)
    }

    fn of(mut text: RecurrenceText, lines: CalendarLines) -> Result<Self, RecurrenceError> {
        check_bounds(&text)?;
        check_agreement(&text, &lines)?;
        let error = |key, message: String| Err(RecurrenceError { key, message });
        let start = text.start.datetime();
        let last_year = RECURRENCE_YEARS.end();
        let dated = matches!(text.start, LocalTime::Date(_));
        let local = |times: &[LocalTime]| -> Vec<Moment> {
            times.iter().copied().map(Moment::Local).collect()
        };
        let (except, also) = (local(&text.except), local(&text.also));
        if let (Some(bare), true) = (&lines.rule, text.rule.as_deref().is_some_and(is_one_line)) {
            // Older screens know a rule alone.
            text.rule = Some(bare.clone());
        }
        let mut recurrence = Self {
            text,
            rule: None,
            zone: lines.zone,
            except_days: Vec::new(),
            except_times: Vec::new(),
            except_instants: Vec::new(),
            also: Vec::new(),
            also_instants: Vec::new(),
            days: (i64::MAX, i64::MIN),
        };
        for moment in except.into_iter().chain(lines.except) {
            match moment {
                Moment::Local(LocalTime::Date(date)) => recurrence.except_days.push(date),
                Moment::Local(LocalTime::DateTime(time)) => recurrence.except_times.push(time),
                Moment::Instant(instant) => recurrence.except_instants.push(instant),
            }
        }
        for moment in also.into_iter().chain(lines.also) {
            match moment {
                Moment::Local(time) => recurrence.also.push(time.datetime()),
                Moment::Instant(instant) => recurrence.also_instants.push(instant),
            }
        }
        recurrence.except_days.sort_unstable();
        recurrence.except_times.sort_unstable();
        match lines.rule {
            None => recurrence.also.push(start),
            Some(bare) => {
                let mut rule = match Rule::parse(&bare, start, dated) {
                    Ok(rule) => rule,
                    Err(message) => return error("rule", message),
                };
                let horizon = day_number(date(*last_year, 12, 31));
                let Some(days) = rule.find_end(horizon) else {
                    let message = format!(
                        "never comes true from {start} to {last_year}; change it so that one day fits all its parts"
                    );
                    return error("rule", message);
                };
                recurrence.days = days;
                recurrence.rule = Some(rule);
            }
        }
        recurrence.also.sort_unstable();
        recurrence.also.dedup();
        recurrence.find_days()?;
        Ok(recurrence)
    }

    /// Reads `recurs` of a placement; what is wrong is reported to its section.
    pub fn read(section: &Section<'_>) -> Option<Self> {
        let start = section.day("start", START, LocalTime::from_str);
        let minutes = section.integer("minutes", RECURRENCE_MINUTES);
        let rule = section.text(
            "rule",
            RECURRENCE_LINES_CHARS_MAX,
            "a rule such as \"FREQ=WEEKLY;BYDAY=FR\"",
        );
        let except = section.days("except", DATES, LocalTime::from_str);
        let also = section.days("also", DATES, LocalTime::from_str);
        let lines = match &rule {
            None => CalendarLines::default(),
            Some(at) => match CalendarLines::read(&at.value) {
                Ok(lines) => lines,
                Err(message) => {
                    let fault = RuleFault::Recurrence {
                        key: section.name("rule"),
                        words: message,
                    };
                    section.problem(at, fault);
                    return None;
                }
            },
        };
        let length = lines.minutes_or_day();
        if !section.has("start") && lines.start.is_none() {
            section.missing("start", "2026-12-04T18:00:00");
        }
        if !section.has("minutes") && length.is_none() {
            section.missing("minutes", "120");
        }
        let minutes_said = match &minutes {
            Some(minutes) => Some(u32::try_from(minutes.value).ok()?),
            None => length.filter(|_| !section.has("minutes")),
        };
        let start_said = match &start {
            Some(start) => Some(start.value),
            None => lines.start.filter(|_| !section.has("start")),
        };
        let text = RecurrenceText {
            start: start_said?,
            minutes: minutes_said?,
            rule: rule.as_ref().map(|rule| rule.value.clone()),
            except: except
                .as_ref()
                .map(|list| list.value.clone())
                .unwrap_or_default(),
            also: also
                .as_ref()
                .map(|list| list.value.clone())
                .unwrap_or_default(),
        };
        match Self::new(text) {
            Ok(recurrence) => Some(recurrence),
            Err(error) => {
                let message = RuleFault::Recurrence {
                    key: section.name(error.key),
                    words: error.message,
                };
                match (error.key, &start, &minutes, &rule, &except, &also) {
                    ("minutes", _, Some(at), ..) => section.problem(at, message),
                    ("rule", _, _, Some(at), ..) => section.problem(at, message),
                    ("except", _, _, _, Some(at), _) => section.problem(at, message),
                    ("also", .., Some(at)) => section.problem(at, message),
                    (_, Some(at), ..) => section.problem(at, message),
                    // What the lines say is wrong where the lines are.
                    (_, None, _, Some(at), ..) => section.problem(at, message),
                    _ => {}
                }
                None
            }
        }
    }

    /// As it was written.
    pub const fn text(&self) -> &RecurrenceText {
        &self.text
    }
}

/// Checks what a number or a date alone can be wrong about.
fn check_bounds(text: &RecurrenceText) -> Result<(), RecurrenceError> {
    let error = |key, message: String| Err(RecurrenceError { key, message });
    let in_years = |time: DateTime| RECURRENCE_YEARS.contains(&time.year());
    let (first_year, last_year) = (RECURRENCE_YEARS.start(), RECURRENCE_YEARS.end());
    if !in_years(text.start.datetime()) {
        let message = format!(
            "is {}; use a year from {first_year} to {last_year}",
            text.start
        );
        return error("start", message);
    }
    if !RECURRENCE_MINUTES.contains(&i64::from(text.minutes)) {
        let (first, last) = (RECURRENCE_MINUTES.start(), RECURRENCE_MINUTES.end());
        let message = format!(
            "is {}; use {first} to {last}, which is a week, and a [[phase]] for what lasts longer",
            text.minutes
        );
        return error("minutes", message);
    }
    for (key, times) in [("except", &text.except), ("also", &text.also)] {
        if times.len() > RECURRENCE_DATES_MAX {
            let message = format!(
                "has {} entries; use at most {RECURRENCE_DATES_MAX}",
                times.len()
            );
            return error(key, message);
        }
        if let Some(time) = times.iter().find(|time| !in_years(time.datetime())) {
            let message = format!("has {time}; use a year from {first_year} to {last_year}");
            return error(key, message);
        }
    }
    Ok(())
}

/// Checks that a start and a length that are said twice are the same.
fn check_agreement(text: &RecurrenceText, lines: &CalendarLines) -> Result<(), RecurrenceError> {
    let error = |key, message: String| Err(RecurrenceError { key, message });
    if let Some(start) = lines.start.filter(|start| *start != text.start) {
        let message = format!(
            "is {}, and the DTSTART of the rule says {start}; take one of them out",
            text.start
        );
        return error("start", message);
    }
    if let Some(minutes) = lines.minutes.filter(|minutes| *minutes != text.minutes) {
        let message = format!(
            "is {}, and the DTEND or DURATION of the rule says {minutes}; take one of them out",
            text.minutes
        );
        return error("minutes", message);
    }
    let years = |moment: &Moment| match moment {
        Moment::Local(time) => time.datetime().year(),
        Moment::Instant(instant) => TimeZone::UTC.to_datetime(*instant).year(),
    };
    let mut dates = lines.except.iter().chain(&lines.also);
    if let Some(year) = dates
        .by_ref()
        .map(years)
        .find(|year| !RECURRENCE_YEARS.contains(year))
    {
        let (first, last) = (RECURRENCE_YEARS.start(), RECURRENCE_YEARS.end());
        let message = format!("has a date in {year}; use a year from {first} to {last}");
        return error("rule", message);
    }
    Ok(())
}

/// Tells whether a rule stands alone, perhaps behind its name.
fn is_one_line(text: &str) -> bool {
    let text = text.trim();
    let bare = text
        .get(..6)
        .filter(|name| name.eq_ignore_ascii_case("RRULE:"));
    let rest = bare.map_or(text, |name| &text[name.len()..]);
    !rest.contains([':', '\n'])
}

impl TryFrom<RecurrenceText> for Recurrence {
    type Error = RecurrenceError;
    fn try_from(text: RecurrenceText) -> Result<Self, RecurrenceError> {
        Self::new(text)
    }
}

impl From<Recurrence> for RecurrenceText {
    fn from(recurrence: Recurrence) -> Self {
        recurrence.text
    }
}
