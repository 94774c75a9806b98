//! The figures by day, hour, weekday, screen, campaign or creative, of all times or between two
//! days, of everything or of one campaign or screen.
//!
//! Invariants: the rows of a breakdown add up to what the report says of the same plays, scans and
//! visits; whatever is counted is counted in the row of its own moment, in the time zone that is
//! asked for; what the figures that are kept cannot say exactly is refused.

mod boundaries;
mod figures;
mod named;
mod places;
mod sums;
mod times;
pub(super) mod unassigned;

use jiff::tz::TimeZone;

use crate::database::{Transaction, values};
use crate::store::report::breakdown::boundaries::Boundaries;
use crate::store::{Store, campaigns};

pub use crate::store::report::breakdown::figures::{
    Breakdown, BreakdownError, By, Figures, Filter, Key,
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
            let rows = match by {
                By::Day | By::Hour | By::Weekday => {
                    times::rows(tx, by, &filter, &boundaries, time_zone)?
                }
                By::Screen | By::Campaign | By::Creative => {
                    places::rows(tx, by, &filter, &boundaries)?
                }
            };
            let mut total = Figures::default();
            for figures in rows.values() {
                total.add(figures);
            }
            let rows: Vec<(Key, Figures)> = rows.into_iter().collect();
            let names = named::names(tx, by, &filter, &rows, shown)?;
            Ok(Breakdown {
                by,
                filter,
                time_zone: boundaries::name_of(time_zone),
                rows,
                total,
                names,
            })
        })
    }
}

/// Returns what is asked for, with the campaign as it is known here.
fn known(tx: &Transaction<'_>, filter: &Filter) -> Result<Filter, BreakdownError> {
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
