//! Openings that lead to no row: their counts by day, and repeats of those that have one.
//!
//! Invariant: one transaction a call that writes, however many openings it is about; a flood of
//! them costs what one costs.

use std::collections::HashMap;

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Id, Lock, Transaction, Value, values};
use crate::store::rollups;
use crate::store::rollups::{Changes, ScanSums};
use crate::store::{Result, Store};
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Days of counts that are kept.
const DAYS_MAX: i64 = 400;
/// Most screens that are locked one by one; where repeats are at more, everything is.
const SCREENS_LOCKED_MAX: usize = 64;

/// Why an opening left no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The text has not the form of a token.
    Malformed,
    /// Nothing that this hub gave out made the token.
    Forged,
    /// A key made it that is no longer accepted.
    Retired,
    /// It is one of ours, and too old.
    Expired,
    /// Its play has all the rows already that are kept of one.
    FloodScan,
    /// A link was opened from a network that has brought more new visitors than a crowd does.
    FloodVisit,
    /// The button was pressed without a visit.
    StrangePress,
}

impl Refusal {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::Malformed,
        Self::Forged,
        Self::Retired,
        Self::Expired,
        Self::FloodScan,
        Self::FloodVisit,
        Self::StrangePress,
    ];
}

/// What has been counted since it was last written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Openings {
    /// By [`Refusal::ALL`].
    pub refused: [u64; Refusal::ALL.len()],
    /// Repeats, by the row of the scan.
    pub again: HashMap<i64, u64>,
}

impl Openings {
    /// Tells whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Store {
    /// Adds counts of openings.
    ///
    /// # Errors
    /// The database fails; nothing was added then.
    pub fn add_openings(&self, openings: &Openings, now_ms: i64) -> Result<()> {
        let again: Vec<[Value<'_>; 2]> = openings
            .again
            .iter()
            .map(|(&scan, &count)| [scan.into(), count.into()])
            .collect();
        let day = clock::utc_day(now_ms);
        let refused: Vec<[Value<'_>; 3]> = (openings.refused.iter().enumerate())
            .filter(|(_, count)| **count > 0)
            .map(|(why, &count)| [(&day).into(), why.into(), count.into()])
            .collect();
        let screens = self.screens_of(openings)?;
        let lock = if screens.len() <= SCREENS_LOCKED_MAX {
            Lock::Screens(&screens)
        } else {
            Lock::Everything
        };
        self.write(lock, |tx| {
            let kept = tx.execute_each(
                "UPDATE scans SET openings = openings + ?2 WHERE id = ?1",
                &again,
            )?;
            let mut changes = Changes::default();
            for ((&scan, &count), kept) in openings.again.iter().zip(kept) {
                if kept == 0 {
                    // It was pruned meanwhile.
                    continue;
                }
                let sums = ScanSums {
                    openings: i64::try_from(count).unwrap_or(i64::MAX),
                    ..ScanSums::default()
                };
                changes.scans(rollups::scan_key(tx, scan)?, sums);
            }
            changes.note(tx)?;
            // These rows are no screen's: whoever else adds to them meanwhile waits, and always for
            // the next in their order.
            tx.execute_each(
                "INSERT INTO refused_openings (day, why, count) VALUES (?1, ?2, ?3)
                 ON CONFLICT (day, why) DO UPDATE SET count = refused_openings.count + excluded.count",
                &refused,
            )?;
            tx.execute(
                "DELETE FROM refused_openings WHERE day < ?1",
                values![clock::utc_day(now_ms - DAYS_MAX * DAY_MS)],
            )?;
            Ok(())
        })
    }

    /// Returns the screens at which repeats were; a scan stays with its screen.
    fn screens_of(&self, openings: &Openings) -> Result<Vec<ScreenNumber>> {
        if openings.again.is_empty() {
            return Ok(Vec::new());
        }
        let scans: Vec<[Value<'_>; 1]> =
            (openings.again.keys()).map(|&scan| [scan.into()]).collect();
        let screens: Vec<Vec<ScreenNumber>> = self.read(|tx| {
            tx.all_each("SELECT screen FROM scans WHERE id = ?1", &scans, |row| {
                Ok::<_, DatabaseError>(row.get::<Id<_>>(0)?.0)
            })
        })?;
        let mut screens = screens.concat();
        screens.sort_unstable();
        screens.dedup();
        Ok(screens)
    }
}

/// Counts of openings that left no row.
pub(super) struct Totals([u64; Refusal::ALL.len()]);

impl Totals {
    /// Returns how many there were of one kind.
    pub(super) fn of(&self, why: Refusal) -> u64 {
        let known = Refusal::ALL.into_iter().zip(self.0);
        known
            .filter(|(kind, _)| *kind == why)
            .map(|(_, count)| count)
            .sum()
    }
}

/// Returns the counts of all days that are kept.
pub(super) fn totals(tx: &Transaction<'_>) -> Result<Totals, DatabaseError> {
    let mut totals = [0; Refusal::ALL.len()];
    let found: Vec<(usize, u64)> = tx.all(
        "SELECT why, CAST(sum(count) AS BIGINT) FROM refused_openings GROUP BY why",
        values![],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    for (why, count) in found {
        if let Some(total) = totals.get_mut(why) {
            *total = count;
        }
    }
    Ok(Totals(totals))
}
