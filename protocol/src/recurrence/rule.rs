//! A recurrence rule, RFC 5545 section 3.3.10: what it says, and on which days and at which times
//! it does.
//!
//! A rule is asked day by day ("does anything start on this day?"), never walked from its
//! beginning, so an answer about a day in ten years costs as much as one about today. It knows
//! local time only; zones come later.
//!
//! Invariant: whatever could make it slow or endless (frequencies below an hour, very many starts
//! on one day, numbers out of range) was refused when it was read.

use jiff::Span;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::limits::{RECURRENCE_INTERVAL, RECURRENCE_STARTS_A_DAY_MAX};
use crate::recurrence::rule_parts::{End, Frequency, Parts};
use crate::window::{date_of, day_number, instant_of, weekday_of};

/// The most by which a local clock differs from UTC, in hours, with some to spare.
const OFFSET_HOURS_MAX: i64 = 26;

/// A rule and the start that it is counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: i64,
    end: End,
    start: DateTime,
    start_day: i64,
    /// First day of the week, from 0 = Monday.
    week_start: u8,
    /// Bit n = month n; 0 = all, as with every set of bits here.
    months: u64,
    week_numbers: Signed,
    year_days: Vec<i64>,
    month_days: Signed,
    /// Bit n = weekday n, from 0 = Monday.
    weekdays: u64,
    /// (n, weekday): the nth of its month or year, from the end when negative.
    nth_weekdays: Vec<(i64, u8)>,
    /// For hourly rules only.
    hours: u64,
    /// Minutes of the hour for hourly rules, sorted times of the day for all others.
    times: Vec<Time>,
    positions: Vec<i64>,
}

/// Numbers counted from the front and from the back: bit n of either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Signed {
    front: u64,
    back: u64,
}

impl Signed {
    fn of(numbers: &[i64]) -> Self {
        numbers.iter().fold(Self::default(), |set, &number| {
            let bit = 1 << number.unsigned_abs();
            if number > 0 {
                Self {
                    front: set.front | bit,
                    ..set
                }
            } else {
                Self {
                    back: set.back | bit,
                    ..set
                }
            }
        })
    }

    const fn is_empty(self) -> bool {
        self.front | self.back == 0
    }

    /// Whether the `front`th from the front, which is the `back`th from the back, is in it.
    const fn holds(self, front: i64, back: i64) -> bool {
        (self.front >> front) & 1 == 1 || (self.back >> back) & 1 == 1
    }
}

/// The starts that BYSETPOS chose from one period; kept while days of the same period are asked
/// for.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    first_day: Option<i64>,
    starts: Vec<DateTime>,
}

impl Rule {
    /// Reads a rule. `dated` says that the start was given as a date, without a time.
    ///
    /// # Errors
    /// Says what is wrong and what would be right.
    pub(super) fn parse(text: &str, start: DateTime, dated: bool) -> Result<Self, String> {
        let parts = Parts::read(text)?;
        let frequency = parts.frequency()?;
        parts.check_combinations(frequency, dated)?;
        parts.check_calendar(start)?;
        let start_day = day_number(start.date());
        let mut rule = Self {
            frequency,
            interval: parts.number("INTERVAL", RECURRENCE_INTERVAL)?.unwrap_or(1),
            end: parts.end()?,
            start,
            start_day,
            week_start: parts.week_start()?,
            months: bits(&parts.numbers("BYMONTH", 1, 12, false)?),
            week_numbers: Signed::of(&parts.numbers("BYWEEKNO", 1, 53, true)?),
            year_days: parts.numbers("BYYEARDAY", 1, 366, true)?,
            month_days: Signed::of(&parts.numbers("BYMONTHDAY", 1, 31, true)?),
            weekdays: 0,
            nth_weekdays: Vec::new(),
            hours: bits(&parts.numbers("BYHOUR", 0, 23, false)?),
            times: Vec::new(),
            positions: parts.numbers("BYSETPOS", 1, 366, true)?,
        };
        for (nth, weekday) in parts.days(frequency)? {
            match nth {
                None => rule.weekdays |= 1 << weekday,
                Some(nth) => rule.nth_weekdays.push((nth, weekday)),
            }
        }
        if rule.last_possible().is_some_and(|until| until < start) {
            return Err("has an UNTIL before start; use a later one".to_owned());
        }
        rule.complete_from_start();
        let minutes = parts.numbers("BYMINUTE", 0, 59, false)?;
        rule.set_times(bits(&minutes))?;
        Ok(rule)
    }

    /// "Information, not contained in the rule, necessary to determine the various recurrence
    /// instance start time and dates are derived from the Start Time" (RFC 5545 section 3.3.10).
    fn complete_from_start(&mut self) {
        let names_days = !self.week_numbers.is_empty()
            || !self.year_days.is_empty()
            || !self.month_days.is_empty()
            || self.weekdays != 0
            || !self.nth_weekdays.is_empty();
        if names_days {
            return;
        }
        match self.frequency {
            Frequency::Yearly => {
                if self.months == 0 {
                    self.months = 1 << self.start.month();
                }
                self.month_days.front = 1 << self.start.day();
            }
            Frequency::Monthly => self.month_days.front = 1 << self.start.day(),
            Frequency::Weekly => self.weekdays = 1 << weekday_of(self.start_day),
            Frequency::Daily | Frequency::Hourly => {}
        }
    }

    fn set_times(&mut self, minutes: u64) -> Result<(), String> {
        let minutes = if minutes == 0 {
            1 << self.start.minute()
        } else {
            minutes
        };
        let hourly = self.frequency == Frequency::Hourly;
        let hours = match (self.hours, hourly) {
            (0, true) => (1 << 24) - 1,
            (0, false) => 1 << self.start.hour(),
            (hours, _) => hours,
        };
        let count = hours.count_ones() * minutes.count_ones();
        if count > RECURRENCE_STARTS_A_DAY_MAX {
            return Err(format!(
                "starts {count} times a day; use at most {RECURRENCE_STARTS_A_DAY_MAX} of BYHOUR × BYMINUTE, or dayparts"
            ));
        }
        self.hours = hours;
        let in_hours = if hourly { 1 } else { hours };
        let set = |bits: u64| (0..60_i8).filter(move |bit| (bits >> bit) & 1 == 1);
        self.times = set(in_hours)
            .flat_map(|hour| set(minutes).map(move |minute| (hour, minute)))
            .filter_map(|(hour, minute)| Time::new(hour, minute, self.start.second(), 0).ok())
            .collect();
        Ok(())
    }

    /// The last local time at which anything can start, in any zone.
    fn last_possible(&self) -> Option<DateTime> {
        match self.end {
            End::Never | End::Count(_) => None,
            End::Until(until) => Some(until),
            End::UntilInstant(until) => {
                let shown = TimeZone::UTC.to_datetime(until);
                Some(shown.saturating_add(Span::new().hours(OFFSET_HOURS_MAX)))
            }
        }
    }

    /// Tells whether a start comes before the rule's end as far as only its zone tells.
    pub(super) fn is_before_end(&self, start: DateTime, zone: &TimeZone) -> bool {
        match self.end {
            End::UntilInstant(until) => instant_of(start, zone).is_some_and(|start| start <= until),
            End::Never | End::Count(_) | End::Until(_) => true,
        }
    }

    /// Finds the first and the last day on which anything starts, up to `horizon`, and turns COUNT
    /// into the time of the last occurrence, so that nobody has to count again. `None` when nothing
    /// ever starts.
    pub(super) fn find_end(&mut self, horizon: i64) -> Option<(i64, i64)> {
        let (mut chosen, mut starts) = (Chosen::default(), Vec::new());
        let horizon = self
            .last_possible()
            .map_or(horizon, |until| day_number(until.date()).min(horizon));
        let (mut first, mut last) = (None, None);
        let mut left = match self.end {
            End::Count(count) => usize::try_from(count).ok(),
            End::Never | End::Until(_) | End::UntilInstant(_) => None,
        };
        for day in self.start_day..=horizon {
            starts.clear();
            self.starts_on(day, &mut chosen, &mut starts);
            if starts.is_empty() {
                continue;
            }
            first = first.or(Some(day));
            let Some(left) = &mut left else { break };
            last = Some(day);
            if starts.len() >= *left {
                self.end = End::Until(starts[*left - 1]);
                break;
            }
            *left -= starts.len();
        }
        let first = first?;
        let last = last.or_else(|| {
            (first..=horizon).rev().find(|&day| {
                starts.clear();
                self.starts_on(day, &mut chosen, &mut starts);
                !starts.is_empty()
            })
        });
        Some((first, last.unwrap_or(first)))
    }

    /// Adds what starts on a day, in order; COUNT only once [`Self::find_end`] was called. `chosen`
    /// is one that was only ever given to this rule.
    pub(super) fn starts_on(&self, day: i64, chosen: &mut Chosen, starts: &mut Vec<DateTime>) {
        let Some(date) = date_of(day) else { return };
        if day < self.start_day || !self.is_in_period(day, date) {
            return;
        }
        let first = starts.len();
        match (self.frequency, self.positions.is_empty()) {
            (Frequency::Hourly, _) => {
                if self.is_named(day, date) {
                    self.hours_on(day, date, starts);
                }
            }
            (_, true) => {
                if self.is_named(day, date) {
                    starts.extend(self.times.iter().map(|time| date.to_datetime(*time)));
                }
            }
            (_, false) => {
                self.choose(day, date, chosen);
                starts.extend(chosen.starts.iter().filter(|start| start.date() == date));
            }
        }
        let last = self.last_possible();
        let within = |at: &DateTime| *at >= self.start && last.is_none_or(|last| *at <= last);
        let mut kept = first;
        for at in first..starts.len() {
            if within(&starts[at]) {
                starts.swap(kept, at);
                kept += 1;
            }
        }
        starts.truncate(kept);
    }

    fn hours_on(&self, day: i64, date: Date, starts: &mut Vec<DateTime>) {
        let start_hour = self.start_day * 24 + i64::from(self.start.hour());
        for hour in 0..24_i8 {
            let distance = day * 24 + i64::from(hour) - start_hour;
            if (self.hours >> hour) & 1 == 0 || distance.rem_euclid(self.interval) != 0 {
                continue;
            }
            let at = |minute: &Time| date.at(hour, minute.minute(), minute.second(), 0);
            if self.positions.is_empty() {
                starts.extend(self.times.iter().map(at));
            } else {
                let picked = picks(&self.positions, self.times.len());
                starts.extend(picked.into_iter().map(|minute| at(&self.times[minute])));
            }
        }
    }

    /// Whether a day lies in one of the years, months, weeks or days that INTERVAL leaves.
    fn is_in_period(&self, day: i64, date: Date) -> bool {
        if self.interval == 1 {
            return true;
        }
        let start = self.start.date();
        let years = i64::from(date.year()) - i64::from(start.year());
        let distance = match self.frequency {
            Frequency::Yearly => years,
            Frequency::Monthly => years * 12 + i64::from(date.month()) - i64::from(start.month()),
            Frequency::Weekly => (self.week_first(day) - self.week_first(self.start_day)) / 7,
            Frequency::Daily => day - self.start_day,
            Frequency::Hourly => return true,
        };
        distance.rem_euclid(self.interval) == 0
    }

    /// The first day of a day's week.
    fn week_first(&self, day: i64) -> i64 {
        day - self.days_into_week(day)
    }

    fn days_into_week(&self, day: i64) -> i64 {
        i64::from((weekday_of(day) + 7 - self.week_start) % 7)
    }

    /// Whether every BYxxx part that names days names this one.
    fn is_named(&self, day: i64, date: Date) -> bool {
        if self.months != 0 && (self.months >> date.month()) & 1 == 0 {
            return false;
        }
        let by_weekday = self.weekdays != 0 || !self.nth_weekdays.is_empty();
        if by_weekday && !self.is_weekday(day, date) {
            return false;
        }
        let (month_day, month_length) = (i64::from(date.day()), i64::from(date.days_in_month()));
        if !self.month_days.is_empty()
            && !self
                .month_days
                .holds(month_day, month_length + 1 - month_day)
        {
            return false;
        }
        if self.year_days.is_empty() && self.week_numbers.is_empty() {
            return true;
        }
        let (year_day, year_length) = (
            i64::from(date.day_of_year()),
            i64::from(date.days_in_year()),
        );
        let by_year_day = self.year_days.is_empty()
            || self.year_days.contains(&year_day)
            || self.year_days.contains(&(year_day - 1 - year_length));
        by_year_day && (self.week_numbers.is_empty() || self.is_week(day, date))
    }

    fn is_weekday(&self, day: i64, date: Date) -> bool {
        let weekday = weekday_of(day);
        if (self.weekdays >> weekday) & 1 == 1 {
            return true;
        }
        if self.nth_weekdays.is_empty() {
            return false;
        }
        // Within the month for FREQ=MONTHLY and where BYMONTH is given, within the year otherwise.
        let (at, length) = if self.frequency == Frequency::Monthly || self.months != 0 {
            (i64::from(date.day()), i64::from(date.days_in_month()))
        } else {
            (
                i64::from(date.day_of_year()),
                i64::from(date.days_in_year()),
            )
        };
        let (nth, nth_last) = ((at - 1) / 7 + 1, -((length - at) / 7 + 1));
        self.nth_weekdays
            .iter()
            .any(|&(n, of)| of == weekday && (n == nth || n == nth_last))
    }

    /// Weeks belong to the year that has at least four of their days (RFC 5545 section 3.3.10,
    /// after ISO 8601).
    fn is_week(&self, day: i64, date: Date) -> bool {
        let year_day = i64::from(date.day_of_year());
        let fourth = year_day - self.days_into_week(day) + 3;
        let year_length = i64::from(date.days_in_year());
        let length_of =
            |year: i16| Date::new(year, 1, 1).map_or(365, |d| i64::from(d.days_in_year()));
        let (fourth, length) = if fourth < 1 {
            let before = length_of(date.year() - 1);
            (fourth + before, before)
        } else if fourth > year_length {
            (fourth - year_length, length_of(date.year() + 1))
        } else {
            (fourth, year_length)
        };
        let (number, number_last) = ((fourth - 1) / 7 + 1, (length - fourth) / 7 + 1);
        self.week_numbers.holds(number, number_last)
    }

    /// Fills `chosen` with what BYSETPOS leaves of the period that holds a day.
    fn choose(&self, day: i64, date: Date, chosen: &mut Chosen) {
        let (first_day, length) = match self.frequency {
            Frequency::Yearly => (
                day + 1 - i64::from(date.day_of_year()),
                i64::from(date.days_in_year()),
            ),
            Frequency::Monthly => (
                day + 1 - i64::from(date.day()),
                i64::from(date.days_in_month()),
            ),
            Frequency::Weekly => (self.week_first(day), 7),
            Frequency::Daily | Frequency::Hourly => (day, 1),
        };
        if chosen.first_day == Some(first_day) {
            return;
        }
        let days: Vec<Date> = (first_day..first_day + length)
            .filter_map(|day| Some((day, date_of(day)?)))
            .filter(|&(day, date)| self.is_named(day, date))
            .map(|(_, date)| date)
            .collect();
        let times = self.times.len();
        chosen.first_day = Some(first_day);
        chosen.starts = picks(&self.positions, days.len() * times)
            .into_iter()
            .map(|at| days[at / times].to_datetime(self.times[at % times]))
            .collect();
    }
}

/// The places, from 0 and in order, that positions from the front (1, 2, …) and the back (-1, …)
/// name in a list.
fn picks(positions: &[i64], length: usize) -> Vec<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let mut picks: Vec<usize> = positions
        .iter()
        .map(|&position| {
            if position > 0 {
                position - 1
            } else {
                length + position
            }
        })
        .filter(|place| (0..length).contains(place))
        .filter_map(|place| usize::try_from(place).ok())
        .collect();
    picks.sort_unstable();
    picks.dedup();
    picks
}

fn bits(numbers: &[i64]) -> u64 {
    numbers.iter().fold(0, |bits, number| bits | 1 << number)
}
