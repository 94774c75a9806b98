//! Openings that lead to no row: their counts by day, and repeats of those that have one.
//!
//! Invariant: one transaction a call, however many openings it is about; a flood of them costs what
//! one costs.

use std::collections::HashMap;

use rusqlite::{Transaction, params};

use crate::store::{Result, Store};
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Days of counts that are kept.
const DAYS_MAX: i64 = 400;

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
        self.write(|tx| {
            let mut add = tx.prepare_cached(
                "INSERT INTO refused_openings (day, why, count) VALUES (?1, ?2, ?3)
                 ON CONFLICT (day, why) DO UPDATE SET count = count + excluded.count",
            )?;
            for (why, &count) in openings.refused.iter().enumerate() {
                if count > 0 {
                    add.execute(params![clock::utc_day(now_ms), why, count])?;
                }
            }
            let mut again =
                tx.prepare_cached("UPDATE scans SET openings = openings + ?2 WHERE id = ?1")?;
            for (scan, count) in &openings.again {
                again.execute(params![scan, count])?;
            }
            tx.prepare_cached("DELETE FROM refused_openings WHERE day < ?1")?
                .execute([clock::utc_day(now_ms - DAYS_MAX * DAY_MS)])?;
            Ok(())
        })
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
pub(super) fn totals(tx: &Transaction<'_>) -> rusqlite::Result<Totals> {
    let mut totals = [0; Refusal::ALL.len()];
    let mut query =
        tx.prepare_cached("SELECT why, sum(count) FROM refused_openings GROUP BY why")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(total) = totals.get_mut(row.get::<_, usize>(0)?) {
            *total = row.get(1)?;
        }
    }
    Ok(Totals(totals))
}
