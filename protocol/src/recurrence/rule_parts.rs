//! The text of a recurrence rule: its parts, what each may say, and which go together.
//!
//! Invariant: a part that is read has a value in its range; what RFC 5545 section 3.3.10 forbids,
//! and what calendars read differently, is refused with what would be right.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::limits::{RECURRENCE_COUNT, RECURRENCE_RULE_CHARS_MAX};
use crate::recurrence::LocalTime;
use crate::recurrence::compact_time::{compact, utc};

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
const PARTS: [&str; 16] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYMONTH",
    "BYWEEKNO",
    "BYYEARDAY",
    "BYMONTHDAY",
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYSECOND",
    "BYSETPOS",
    "WKST",
    "RSCALE",
    "SKIP",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
    Hourly,
}

/// When a rule ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Never,
    /// The last possible start, inclusive.
    Until(DateTime),
    /// The same as an instant, which is a local time only where the zone is known.
    UntilInstant(Timestamp),
    /// After so many occurrences.
    Count(i64),
}

/// The parts of a rule's text, each at most once.
pub(super) struct Parts<'t>(Vec<(String, &'t str)>);

impl<'t> Parts<'t> {
    pub(super) fn read(text: &'t str) -> Result<Self, String> {
        if text.len() > RECURRENCE_RULE_CHARS_MAX {
            return Err(format!(
                "is longer than {RECURRENCE_RULE_CHARS_MAX} characters"
            ));
        }
        let mut parts: Vec<(String, &str)> = Vec::new();
        let mut listed = text.trim().trim_matches(';').split(';').peekable();
        while let Some(part) = listed.next() {
            if part.trim().is_empty() && listed.peek().is_some() {
                continue;
            }
            let Some((name, value)) = part.split_once('=') else {
                return Err(format!(
                    "has {part:?}; use parts such as FREQ=WEEKLY;BYDAY=MO,FR"
                ));
            };
            let name = name.trim().to_ascii_uppercase();
            if name.starts_with("X-") {
                // What a program notes for itself, allowed by RFC 2445; it says nothing about when.
                continue;
            }
            if !PARTS.contains(&name.as_str()) {
                return Err(format!("has {name}; use {}", PARTS.join(", ")));
            }
            if parts.iter().any(|(known, _)| *known == name) {
                return Err(format!("has {name} twice; use one"));
            }
            parts.push((name, value.trim()));
        }
        Ok(Self(parts))
    }

    fn get(&self, name: &str) -> Option<&'t str> {
        let part = self.0.iter().find(|(known, _)| known == name);
        part.map(|(_, value)| *value)
    }

    pub(super) fn frequency(&self) -> Result<Frequency, String> {
        let accepted = "use FREQ=YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY";
        let Some(value) = self.get("FREQ") else {
            return Err(format!("has no FREQ; {accepted}"));
        };
        match value.to_ascii_uppercase().as_str() {
            "YEARLY" => Ok(Frequency::Yearly),
            "MONTHLY" => Ok(Frequency::Monthly),
            "WEEKLY" => Ok(Frequency::Weekly),
            "DAILY" => Ok(Frequency::Daily),
            "HOURLY" => Ok(Frequency::Hourly),
            "MINUTELY" | "SECONDLY" => Err(format!(
                "repeats more often than every hour, which is for the rotation to do; {accepted}, with BYMINUTE"
            )),
            _ => Err(format!("has FREQ={value}; {accepted}")),
        }
    }

    /// What RFC 5545 section 3.3.10 forbids, and one thing that calendars do not agree on.
    pub(super) fn check_combinations(
        &self,
        frequency: Frequency,
        dated: bool,
    ) -> Result<(), String> {
        let has = |name| self.get(name).is_some();
        let refuse = |wrong: bool, message: &str| {
            if wrong {
                Err(message.to_owned())
            } else {
                Ok(())
            }
        };
        let yearly = frequency == Frequency::Yearly;
        refuse(
            has("COUNT") && has("UNTIL"),
            "has both COUNT and UNTIL; use one",
        )?;
        refuse(
            has("BYWEEKNO") && !yearly,
            "has BYWEEKNO, which only goes with FREQ=YEARLY",
        )?;
        refuse(
            has("BYWEEKNO") && !has("BYDAY"),
            "has BYWEEKNO alone, which calendars read differently; add BYDAY, such as BYDAY=MO,TU,WE,TH,FR,SA,SU for the whole week",
        )?;
        refuse(
            has("BYYEARDAY") && !yearly && frequency != Frequency::Hourly,
            "has BYYEARDAY, which only goes with FREQ=YEARLY or HOURLY",
        )?;
        refuse(
            has("BYMONTHDAY") && frequency == Frequency::Weekly,
            "has BYMONTHDAY, which does not go with FREQ=WEEKLY; use FREQ=MONTHLY or BYDAY",
        )?;
        let others = self
            .0
            .iter()
            .any(|(name, _)| name.starts_with("BY") && name != "BYSETPOS");
        refuse(
            has("BYSETPOS") && !others,
            "has BYSETPOS with nothing to choose from; add another part, such as BYDAY=MO,TU,WE,TH,FR",
        )?;
        refuse(
            dated && (has("BYHOUR") || has("BYMINUTE") || frequency == Frequency::Hourly),
            "names hours or minutes, but start is a date; give start a time, such as 2026-12-04T00:00:00",
        )
    }

    pub(super) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, String> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = whole(value).filter(|number| range.contains(number));
        number.map(Some).ok_or_else(|| {
            let (first, last) = range.into_inner();
            format!("has {name}={value}; use a whole number from {first} to {last}")
        })
    }

    /// A list of numbers from `first` to `last`, or from `-last` to `-first` where `signed`;
    /// sorted, each once.
    pub(super) fn numbers(
        &self,
        name: &str,
        first: i64,
        last: i64,
        signed: bool,
    ) -> Result<Vec<i64>, String> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let read = |text: &str| {
            whole(text).filter(|number| {
                (first..=last).contains(number) || signed && (first..=last).contains(&-number)
            })
        };
        let numbers: Option<Vec<i64>> = value.split(',').map(read).collect();
        let Some(mut numbers) = numbers else {
            let back = if signed {
                format!(", or -{last} to -{first} to count from the end")
            } else {
                String::new()
            };
            return Err(format!(
                "has {name}={value}; use whole numbers from {first} to {last}{back}, separated by commas"
            ));
        };
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// The end by COUNT or UNTIL. Section 3.3.10 asks for an UNTIL of the start's own type, and in
    /// UTC where the start has a zone; calendars write all three, whatever the start is. A date is
    /// its whole day, as people mean it.
    pub(super) fn end(&self) -> Result<End, String> {
        if let Some(count) = self.number("COUNT", RECURRENCE_COUNT)? {
            return Ok(End::Count(count));
        }
        let Some(value) = self.get("UNTIL") else {
            return Ok(End::Never);
        };
        let end = match compact(value) {
            Some((LocalTime::DateTime(until), true)) => utc(until).map(End::UntilInstant),
            Some((LocalTime::DateTime(until), false)) => Some(End::Until(until)),
            Some((LocalTime::Date(day), _)) => Some(End::Until(day.at(23, 59, 59, 0))),
            None => None,
        };
        end.ok_or_else(|| {
            format!("has UNTIL={value}; use a time such as UNTIL=20261231T235959, with a Z at its end in UTC, or a date such as UNTIL=20261231")
        })
    }

    /// What is written by some calendars and changes nothing here, and what would: other seconds,
    /// other calendars (RFC 7529).
    pub(super) fn check_calendar(&self, start: DateTime) -> Result<(), String> {
        let second = start.second().to_string();
        let second = [second.as_str()];
        for (name, known, instead) in [
            ("BYSECOND", &second[..], "the second is that of start"),
            (
                "RSCALE",
                &["GREGORIAN"],
                "use dates of the Gregorian calendar",
            ),
            (
                "SKIP",
                &["OMIT"],
                "days that a month does not have are left out",
            ),
        ] {
            if let Some(value) = self.get(name)
                && !known.iter().any(|known| value.eq_ignore_ascii_case(known))
            {
                return Err(format!("has {name}={value}; {instead}"));
            }
        }
        Ok(())
    }

    pub(super) fn week_start(&self) -> Result<u8, String> {
        match self.get("WKST") {
            None => Ok(0),
            Some(value) => weekday(value)
                .ok_or_else(|| format!("has WKST={value}; use MO, TU, WE, TH, FR, SA or SU")),
        }
    }

    pub(super) fn days(&self, frequency: Frequency) -> Result<Vec<(Option<i64>, u8)>, String> {
        let Some(value) = self.get("BYDAY") else {
            return Ok(Vec::new());
        };
        let nth_max = match frequency {
            Frequency::Yearly if self.get("BYWEEKNO").is_some() => 0,
            Frequency::Yearly => 53,
            Frequency::Monthly => 5,
            _ => 0,
        };
        let read = |text: &str| {
            let text = text.trim();
            let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
            let weekday = weekday(name)?;
            if nth.is_empty() {
                return Some((None, weekday));
            }
            let nth = whole(nth)?;
            (1..=nth_max)
                .contains(&nth.abs())
                .then_some((Some(nth), weekday))
        };
        let days: Option<Vec<(Option<i64>, u8)>> = value.split(',').map(read).collect();
        let Some(mut days) = days else {
            let accepted = match nth_max {
                0 => "without numbers for this FREQ".to_owned(),
                _ => format!("with 1 to {nth_max} before it for the nth, or -1 for the last"),
            };
            return Err(format!(
                "has BYDAY={value}; use days such as MO,FR, {accepted}"
            ));
        };
        days.sort_unstable();
        days.dedup();
        Ok(days)
    }
}

fn weekday(name: &str) -> Option<u8> {
    let at = WEEKDAYS
        .iter()
        .position(|day| day.eq_ignore_ascii_case(name))?;
    u8::try_from(at).ok()
}

/// A whole number of at most six digits, with or without a sign.
fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let good =
        !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}
