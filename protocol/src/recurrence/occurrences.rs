//! When a recurrence is on: its starts day by day, the one that is on, and the next.
//!
//! Local starts come first and are mapped to instants one by one; a change of a zone's offset may
//! turn the order of two days round, so that neighbouring days are looked at together.
//!
//! Invariant: an answer looks at no more days than [`LOOK_AHEAD_DAYS`] ahead and the length of an
//! occurrence back.

use std::ops::RangeInclusive;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::recurrence::rule::Chosen;
use crate::recurrence::{Recurrence, RecurrenceError};
use crate::window::{
    DAY_S, OFFSET_STEP_MAX_S, Stretch, Window, date_of, day_number, earlier, instant_of,
};

/// How many days ahead an answer looks for the next occurrence; it may end there.
const LOOK_AHEAD_DAYS: i64 = 400;

impl Recurrence {
    /// The local starts of all occurrences in a zone, in order, to the end of 2099. A zone of the
    /// recurrence's own comes before the one that is given.
    pub fn starts<'z>(&'z self, zone: &'z TimeZone) -> impl Iterator<Item = DateTime> + 'z {
        let mut scan = Scan::of(self, Some(self.zone(zone)));
        (self.days.0..=self.days.1).flat_map(move |day| scan.starts_on(day).to_vec())
    }

    /// Tells whether an occurrence is on at an instant, and until when: to its end, or to the start
    /// of the next. When no start comes within 400 days, the answer ends there.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> Window {
        let zone = self.zone(zone);
        let length = SignedDuration::from_mins(i64::from(self.text.minutes));
        let today = Stretch::at(now, zone).day();
        let mut scan = Scan::of(self, Some(zone));
        if let Some(end) = scan
            .latest(now, today, length, zone)
            .and_then(|start| start.checked_add(length).ok())
            .filter(|end| *end > now)
        {
            return Window {
                open: true,
                until: Some(end),
            };
        }
        let (first, last) = self.days;
        // A day to either side, since a change of the zone's offset can move a start into the next
        // or the last day.
        if today > last + 2 {
            return Window::NEVER;
        }
        let from = (today - 1).max(first - 1);
        let to = (from + LOOK_AHEAD_DAYS).min(last + 1);
        let until = scan.next(now, from..=to, zone).or_else(|| {
            let end = date_of(to).filter(|_| to <= last)?;
            instant_of(end.to_datetime(Time::midnight()), zone).filter(|end| *end > now)
        });
        Window { open: false, until }
    }

    /// Finds the first and the last day on which anything starts, after exceptions and additions.
    pub(super) fn find_days(&mut self) -> Result<(), RecurrenceError> {
        let local = self.also.iter().map(|start| day_number(start.date()));
        let instants = self.also_instants.iter().flat_map(|start| {
            // The local day is this one or one beside it.
            let day = start.as_second().div_euclid(DAY_S);
            [day - 1, day + 1]
        });
        for day in local.chain(instants) {
            self.days = (self.days.0.min(day), self.days.1.max(day));
        }
        if !self.also_instants.is_empty() {
            return Ok(());
        }
        let (mut scan, (first, last)) = (Scan::of(self, None), self.days);
        let mut is_used = |day: &i64| !scan.starts_on(*day).is_empty();
        let (first, last) = (
            (first..=last).find(&mut is_used),
            (first..=last).rev().find(&mut is_used),
        );
        let (Some(first), Some(last)) = (first, last) else {
            return Err(RecurrenceError {
                key: "except",
                message: "takes away every occurrence; leave one".to_owned(),
            });
        };
        self.days = (first, last);
        Ok(())
    }

    /// The zone in which it is worked out. The venue's own rules are newer than those that came
    /// with the program.
    fn zone<'z>(&'z self, venue: &'z TimeZone) -> &'z TimeZone {
        match &self.zone {
            Some(zone) if venue.iana_name() != Some(zone.name.as_str()) => &zone.rules,
            _ => venue,
        }
    }
}

/// Asks a recurrence about several days and keeps what serves for more than one.
struct Scan<'r> {
    recurrence: &'r Recurrence,
    /// Where instants become local times; without one they are left out of account.
    zone: Option<&'r TimeZone>,
    /// The additions that are instants, as its clock shows them.
    also: Vec<DateTime>,
    chosen: Chosen,
    starts: Vec<DateTime>,
}

impl<'r> Scan<'r> {
    fn of(recurrence: &'r Recurrence, zone: Option<&'r TimeZone>) -> Self {
        let instants = recurrence.also_instants.iter();
        let local = |zone: &TimeZone| instants.map(|at| zone.to_datetime(*at)).collect();
        Self {
            recurrence,
            zone,
            also: zone.map(local).unwrap_or_default(),
            chosen: Chosen::default(),
            starts: Vec::new(),
        }
    }

    /// The local starts on a day, in order, after exceptions and additions.
    fn starts_on(&mut self, day: i64) -> &[DateTime] {
        self.starts.clear();
        let recurrence = self.recurrence;
        if let Some(rule) = &recurrence.rule {
            rule.starts_on(day, &mut self.chosen, &mut self.starts);
            if let Some(zone) = self.zone {
                self.starts.retain(|start| rule.is_before_end(*start, zone));
            }
        }
        let Some(date) = date_of(day) else {
            return &[];
        };
        let first = recurrence.also.partition_point(|also| also.date() < date);
        let also = recurrence.also[first..].iter();
        let before = self.starts.len();
        self.starts
            .extend(also.take_while(|also| also.date() == date));
        let also = self.also.iter().filter(|also| also.date() == date);
        self.starts.extend(also);
        if self.starts.len() > before {
            self.starts.sort_unstable();
            self.starts.dedup();
        }
        if !self.starts.is_empty() {
            if recurrence.except_days.binary_search(&date).is_ok() {
                self.starts.clear();
            }
            self.starts
                .retain(|start| recurrence.except_times.binary_search(start).is_err());
            if let Some(zone) = self.zone.filter(|_| !recurrence.except_instants.is_empty()) {
                let excepted = |start: &DateTime| {
                    let instant = instant_of(*start, zone);
                    instant.is_some_and(|instant| recurrence.except_instants.contains(&instant))
                };
                self.starts.retain(|start| !excepted(start));
            }
        }
        &self.starts
    }

    /// The latest start at or before `now`, as far as its occurrence may still be on.
    fn latest(
        &mut self,
        now: Timestamp,
        today: i64,
        length: SignedDuration,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        let (first, last) = self.recurrence.days;
        let back = (length.as_secs() + OFFSET_STEP_MAX_S) / DAY_S + 1;
        let (from, to) = ((today - back).max(first), (today + 1).min(last));
        let (mut latest, mut found) = (None, None);
        let mut day = to;
        // One more day after the first that has one: a change of the offset may turn the order of
        // two days round.
        while day >= from && found.is_none_or(|found| day >= found - 1) {
            let starts = self.starts_on(day).iter();
            let here = starts
                .filter_map(|start| instant_of(*start, zone))
                .filter(|start| *start <= now)
                .max();
            if here.is_some() {
                latest = latest.max(here);
                found = found.or(Some(day));
            }
            day -= 1;
        }
        latest
    }

    /// The earliest start after `now` on some days.
    fn next(
        &mut self,
        now: Timestamp,
        days: RangeInclusive<i64>,
        zone: &TimeZone,
    ) -> Option<Timestamp> {
        let (mut next, mut found) = (None, None);
        for day in days {
            if found.is_some_and(|found| day > found + 1) {
                break;
            }
            let starts = self.starts_on(day).iter();
            let here = starts
                .filter_map(|start| instant_of(*start, zone))
                .filter(|start| *start > now)
                .min();
            if here.is_some() {
                next = earlier(next, here);
                found = found.or(Some(day));
            }
        }
        next
    }
}
