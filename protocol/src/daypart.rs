//! Parts of the week in which a placement may air: `"mon-fri 07:00-10:00"`, in the venue's own time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const ACCEPTED: &str =
    "days and hours such as \"mon-fri 07:00-10:00\", \"sat,sun 10:00-24:00\" or \"22:00-02:00\"";

/// Days of the week and a span of local time, from inclusive, until exclusive. A span that ends before it starts
/// runs over midnight and belongs to the day on which it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Daypart {
    days: u8,
    from_minute: u16,
    until_minute: u16,
}

/// Says that a text is not a daypart, and what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {ACCEPTED}")]
pub struct DaypartError;

impl Daypart {
    /// Tells whether a local time lies in the daypart. `weekday` counts from 0 = Monday, `minute` from midnight.
    pub fn contains(&self, weekday: u8, minute: u16) -> bool {
        let on = |day: u8| self.days & (1 << (day % 7)) != 0;
        if self.from_minute < self.until_minute {
            on(weekday) && (self.from_minute..self.until_minute).contains(&minute)
        } else {
            (on(weekday) && minute >= self.from_minute)
                || (on(weekday + 6) && minute < self.until_minute)
        }
    }

    /// The two minutes of the day at which the answer can change, besides midnight.
    pub const fn edges(&self) -> [u16; 2] {
        [self.from_minute, self.until_minute % 1440]
    }
}

impl FromStr for Daypart {
    type Err = DaypartError;

    fn from_str(text: &str) -> Result<Self, DaypartError> {
        let (days, hours) = match text.trim().rsplit_once(' ') {
            Some((days, hours)) => (days_of(days.trim()).ok_or(DaypartError)?, hours),
            None => (0x7F, text.trim()),
        };
        let (from, until) = hours.split_once('-').ok_or(DaypartError)?;
        let from_minute = minute_of(from)
            .filter(|&minute| minute < 1440)
            .ok_or(DaypartError)?;
        let until_minute = minute_of(until)
            .filter(|&minute| minute != from_minute)
            .ok_or(DaypartError)?;
        Ok(Self {
            days,
            from_minute,
            until_minute,
        })
    }
}

fn days_of(text: &str) -> Option<u8> {
    if text == "daily" {
        return Some(0x7F);
    }
    let day = |name: &str| {
        DAYS.iter()
            .position(|day| *day == name.trim().to_ascii_lowercase())
    };
    text.split(',')
        .try_fold(0, |days, part| match part.split_once('-') {
            None => Some(days | 1 << day(part)?),
            Some((first, last)) => {
                let (first, last) = (day(first)?, day(last)?);
                let count = (last + 7 - first) % 7 + 1;
                Some((0..count).fold(days, |days, step| days | 1 << ((first + step) % 7)))
            }
        })
}

fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    if hour.len() > 2 || minute.len() != 2 {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && total <= 1440).then_some(total)
}

impl fmt::Display for Daypart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> = (0..7)
            .filter(|day| self.days & (1 << day) != 0)
            .map(|day| DAYS[day])
            .collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(
            f,
            "{} {}-{}",
            days.join(","),
            clock(self.from_minute),
            clock(self.until_minute)
        )
    }
}

impl TryFrom<String> for Daypart {
    type Error = DaypartError;
    fn try_from(text: String) -> Result<Self, DaypartError> {
        text.parse()
    }
}

impl From<Daypart> for String {
    fn from(daypart: Daypart) -> String {
        daypart.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn daypart(text: &str) -> Daypart {
        text.parse().expect(text)
    }

    #[test]
    fn working_mornings_hold_on_weekdays_only() {
        let part = daypart("mon-fri 07:00-10:00");
        assert!(part.contains(0, 420) && part.contains(4, 599));
        assert!(!part.contains(5, 420) && !part.contains(0, 600) && !part.contains(0, 419));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_starts() {
        let part = daypart("fri 22:00-02:00");
        assert!(part.contains(4, 1320) && part.contains(5, 119));
        assert!(!part.contains(4, 60) && !part.contains(5, 1320) && !part.contains(5, 120));
        assert!(daypart("sun 23:00-01:00").contains(0, 30));
    }

    #[test]
    fn days_wrap_and_lists_add_up() {
        assert!(daypart("sat-mon 00:00-24:00").contains(6, 0));
        assert!(!daypart("sat-mon 00:00-24:00").contains(1, 0));
        assert!(daypart("12:00-14:00").contains(3, 720));
        let text = daypart("sat,sun 10:00-24:00").to_string();
        assert_eq!(daypart(&text), daypart("sat,sun 10:00-24:00"));
    }

    #[test]
    fn what_is_not_a_daypart_is_refused() {
        for bad in [
            "",
            "mon",
            "mon 7-10",
            "foo 07:00-10:00",
            "mon 07:00-07:00",
            "mon 25:00-26:00",
            "mon 07:60-08:00",
            "24:00-02:00",
        ] {
            assert!(bad.parse::<Daypart>().is_err(), "{bad}");
        }
    }
}
