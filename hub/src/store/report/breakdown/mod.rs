//! The figures by day, hour, weekday, screen, campaign or creative, of all times or between two
//! days, of everything or of one campaign or screen.
//!
//! Invariants: the rows of a breakdown add up to what the report says of the same plays, scans and
//! visits; whatever is counted is counted in the row of its own moment, in the time zone that is
//! asked for; what the figures that are kept cannot say exactly is refused.

mod boundaries;
mod conversions;
mod fans;
mod figures;
mod named;
mod places;
mod sums;
mod times;
pub(super) mod unassigned;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::database::{Transaction, values};
use crate::store::report::breakdown::boundaries::Boundaries;
use crate::store::rollups::QUARTER_MS;
use crate::store::{Store, campaigns, followers};

pub use crate::store::report::breakdown::figures::{
    Breakdown, BreakdownError, By, FanMoves, Figures, Filter, Key,
};
pub use crate::store::report::breakdown::named::Shown;

impl Store {
    /// Counts by days, hours or whatever, as of one moment, with the names of all rows. Days and
    /// hours are those of `time_zone`.
    ///
    /// # Errors
    /// See [`BreakdownError`].
    pub fn breakdown(
        &self,
        by: By,
        filter: &Filter,
        time_zone: &TimeZone,
    ) -> Result<Breakdown, BreakdownError> {
        self.breakdown_for(by, filter, time_zone, Shown::All)
    }

    /// Counts the same for somebody who shows only some of the rows, with the names of these.
    ///
    /// # Errors
    /// See [`BreakdownError`].
    pub fn breakdown_for(
        &self,
        by: By,
        filter: &Filter,
        time_zone: &TimeZone,
        shown: Shown<'_>,
    ) -> Result<Breakdown, BreakdownError> {
        let boundaries = Boundaries::new(filter, time_zone)?;
        self.add_up_figures()?;
        self.read_giving_way(|tx| {
            let filter = known(tx, filter)?;
            let mut rows = match by {
                By::Day | By::Hour | By::Weekday => {
                    times::rows(tx, by, &filter, &boundaries, time_zone)?
                }
                By::Screen | By::Campaign | By::Creative => {
                    places::rows(tx, by, &filter, &boundaries)?
                }
            };
            let bought = conversions::rows(tx, by, &filter, &boundaries, |quarter| {
                times::key(by, Some(quarter * QUARTER_MS), time_zone)
            })?;
            let mut worth = BTreeMap::new();
            for (key, (count, of_row)) in bought {
                rows.entry(key.clone()).or_default().conversions = count;
                worth.insert(key, of_row);
            }
            let time = times_of(&filter, time_zone);
            let fan_moves = fans::rows(tx, by, &filter, time, time_zone)?;
            for key in fan_moves.keys() {
                rows.entry(key.clone()).or_default();
            }
            let mut total = Figures::default();
            for figures in rows.values() {
                total.add(figures);
            }
            let rows: Vec<(Key, Figures)> = rows.into_iter().collect();
            let names = named::names(tx, by, &filter, &rows, shown)?;
            let fans =
                followers::figures::counts(tx, filter.campaign.as_ref(), filter.screen, time)?;
            Ok(Breakdown {
                by,
                fans,
                fan_moves,
                filter,
                time_zone: boundaries::name_of(time_zone),
                rows,
                total,
                worth,
                names,
            })
        })
    }
}

/// The first moment of the time that is asked for, and the first one behind it.
fn times_of(filter: &Filter, time_zone: &TimeZone) -> (Option<i64>, Option<i64>) {
    let at = |day: Date| {
        let begun = day.to_zoned(time_zone.clone()).ok()?;
        Some(begun.timestamp().as_millisecond())
    };
    let behind = filter.until.and_then(|day| day.tomorrow().ok());
    (filter.from.and_then(at), behind.and_then(at))
}

/// Returns what is asked for, with the campaign as it is known here.
pub(super) fn known(tx: &Transaction<'_>, filter: &Filter) -> Result<Filter, BreakdownError> {
    let mut filter = filter.clone();
    if let Some(campaign) = &filter.campaign {
        let known = campaigns::known_form(tx, campaign)?;
        let is_here = tx.exists(
            "SELECT 1 FROM campaigns WHERE id = ?1",
            values![known.as_str()],
        )?;
        if !is_here {
            return Err(BreakdownError::UnknownCampaign(campaign.clone()));
        }
        filter.campaign = Some(known);
    }
    if let Some(screen) = filter.screen {
        let is_here = tx.exists(
            "SELECT 1 FROM screens WHERE number = ?1",
            values![screen.get()],
        )?;
        if !is_here {
            return Err(BreakdownError::UnknownScreen(screen));
        }
    }
    Ok(filter)
}
