//! From when to when a breakdown counts, in the units by which figures are kept.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use passerby_protocol::limits::WALL_MS;

use crate::store::report::breakdown::figures::{BreakdownError, Filter};
use crate::store::rollups::spans::{self, Part};
use crate::store::rollups::{QUARTER_MS, QUARTERS, UNDATED};
use crate::system::clock::HOUR_MS;

/// By which figures of plays the days and hours of a time zone can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Those by the hour.
    Hour,
    /// Those by its quarter, of which there are more.
    Quarter,
}

impl Unit {
    pub(super) const fn ms(self) -> i64 {
        match self {
            Self::Hour => HOUR_MS,
            Self::Quarter => QUARTER_MS,
        }
    }

    /// The table of plays.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Hour => "play_hours",
            Self::Quarter => "play_quarters",
        }
    }

    /// Its column.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Quarter => "quarter",
        }
    }
}

/// From when to when.
#[derive(Debug, Clone)]
pub(super) struct Boundaries {
    /// By what the days and hours in between can be told.
    pub(super) unit: Unit,
    /// The first quarter of an hour and the one after the last; `None` for all, and for what has no
    /// date.
    quarters: Option<(i64, i64)>,
    zone: String,
}

impl Boundaries {
    /// Finds the first and last moment of a filter's days.
    pub(super) fn new(filter: &Filter, time_zone: &TimeZone) -> Result<Self, BreakdownError> {
        if let (Some(from), Some(until)) = (filter.from, filter.until)
            && until < from
        {
            return Err(BreakdownError::Backwards { from, until });
        }
        let zone = name_of(time_zone);
        let begins = |date: Option<Date>, open: i64| match date {
            None => Ok(open),
            Some(date) => date
                .to_zoned(time_zone.clone())
                .map(|begin| begin.timestamp().as_millisecond())
                .map_err(|_| BreakdownError::NoSuchDay {
                    date,
                    zone: zone.clone(),
                }),
        };
        let from_ms = begins(filter.from, *WALL_MS.start())?;
        let after = filter.until.map(|until| until.saturating_add(1.day()));
        let until_ms = begins(after, *WALL_MS.end())?;
        let is_in_whole = |unit: Unit| is_in_whole(unit.ms(), time_zone, from_ms, until_ms);
        let unit = if is_in_whole(Unit::Hour) {
            Unit::Hour
        } else if is_in_whole(Unit::Quarter) {
            Unit::Quarter
        } else {
            return Err(BreakdownError::PartOfQuarter { zone });
        };
        let quarter = |ms: i64| ms.div_euclid(QUARTER_MS);
        let quarters = match (filter.from, filter.until) {
            (None, None) => None,
            // What is open has no end, also not one of the dates that are believed.
            (from, until) => Some((
                from.map_or(0, |_| quarter(from_ms)),
                until.map_or(i64::MAX, |_| quarter(until_ms)),
            )),
        };
        Ok(Self {
            unit,
            quarters,
            zone,
        })
    }

    /// Whether only some days are asked for.
    pub(super) const fn are_set(&self) -> bool {
        self.quarters.is_some()
    }

    /// The first quarter of an hour, and the one after the last.
    pub(super) fn quarters(&self) -> (i64, i64) {
        self.quarters.unwrap_or((UNDATED, i64::MAX))
    }

    /// Of which sums that is made.
    pub(super) fn parts(&self) -> Vec<Part> {
        self.quarters.map_or_else(spans::always, spans::parts)
    }

    /// The same in the unit of plays.
    pub(super) fn units(&self) -> (i64, i64) {
        let (from, until) = self.quarters();
        match self.unit {
            Unit::Quarter => (from, until),
            Unit::Hour => (from.div_euclid(QUARTERS), hour_after(until)),
        }
    }

    /// The same in hours, by which the creatives of one screen are counted.
    ///
    /// # Errors
    /// [`BreakdownError::PartOfHour`] where a day begins within one.
    pub(super) fn hours(&self) -> Result<(i64, i64), BreakdownError> {
        let (from, until) = self.quarters();
        let is_whole = |quarter: i64| {
            quarter == i64::MAX || quarter == UNDATED || quarter.rem_euclid(QUARTERS) == 0
        };
        if is_whole(from) && is_whole(until) {
            Ok((from.div_euclid(QUARTERS), hour_after(until)))
        } else {
            Err(BreakdownError::PartOfHour {
                zone: self.zone.clone(),
            })
        }
    }
}

/// The hour that begins with a quarter of one.
const fn hour_after(quarter: i64) -> i64 {
    if quarter == i64::MAX {
        i64::MAX
    } else {
        quarter.div_euclid(QUARTERS)
    }
}

/// Whether all days and hours of a time zone begin with a unit.
fn is_in_whole(unit_ms: i64, time_zone: &TimeZone, from_ms: i64, until_ms: i64) -> bool {
    let Ok(from) = Timestamp::from_millisecond(from_ms) else {
        return false;
    };
    let offset = |at: Timestamp| time_zone.to_offset(at);
    let is_whole = |at: Timestamp| i64::from(offset(at).seconds()) * 1_000 % unit_ms == 0;
    let mut before = offset(from);
    is_whole(from)
        && time_zone
            .following(from)
            .map(|change| change.timestamp())
            .take_while(|change| change.as_millisecond() < until_ms)
            .all(|change| {
                // Some files of time zones end, in 2038, with a change that is none.
                let is_change = offset(change) != before;
                before = offset(change);
                !is_change || (change.as_millisecond() % unit_ms == 0 && is_whole(change))
            })
}

/// Returns the name of a time zone, for people.
pub(super) fn name_of(time_zone: &TimeZone) -> String {
    match time_zone.iana_name() {
        Some(name) => name.to_owned(),
        None if time_zone.is_unknown() => "UTC".to_owned(),
        None => "of this machine".to_owned(),
    }
}
