//! Deletes rows of plays, scans, links and visits that are older than the operator wants to keep.
//!
//! Invariants: no figure changes, since what a row was counted as is added to the sums of pruned
//! rows in the transaction that deletes it, and a recount adds both; a play that was pruned is not
//! counted again, in whichever ledger it is sent; what was pruned keeps the date and the verdict
//! that it had; a code whose play was pruned is expired, and so it was before. A transaction prunes
//! a bounded number of rows of one screen, so nobody waits for longer than for a batch of plays,
//! and whoever ends the work in its middle has only to begin it again. Two at once do no harm.

mod chains;
mod conversions;
mod days;
mod plays;
mod sums;
mod would;

use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use passerby_protocol::ScreenNumber;
use passerby_protocol::limits::TALLY_DAYS_MAX;

use crate::database::{DatabaseError, Id, Lock, Sql, Transaction, values};
use crate::store::{Result, Store, StoreError, verdicts};
use crate::system::clock::DAY_MS;

pub use crate::store::prune::days::{RowDay, RowDays, Table};

/// Most scans that are looked for at once.
const FOUND_MAX: usize = 1_000;
/// Days that must lie between what is needed and what is pruned: terminals' clocks differ from the
/// hub's, and a code stays on its screen for a while.
const SPARE_DAYS: i64 = 2;

/// What was pruned, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// All that was received before, in Unix milliseconds; the beginning of a day of UTC.
    pub before_ms: i64,
    /// The rows.
    pub rows: RowDays,
    /// Bytes of the database's file that are free for new rows; `None` where the database has no
    /// file of ours.
    pub free_bytes: Option<u64>,
}

/// Says why nothing was pruned.
#[derive(Debug, thiserror::Error)]
pub enum PruneError {
    /// Rows that are needed would go.
    #[error(
        "keep {least} days or more: codes are accepted for {code_days} days (`serve --code-days`), scans may be judged again for {wait_days}, and creatives that compete are compared over {TALLY_DAYS_MAX}"
    )]
    TooFew {
        /// What may be asked for at least.
        least: i64,
        /// For how many days codes are accepted.
        code_days: i64,
        /// For how many days a scan waits for its play.
        wait_days: i64,
    },
    /// The database failed. What is gone by then is complete.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for PruneError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Remembers for how many days codes are accepted, so that nothing is pruned that they need.
    ///
    /// # Errors
    /// The database fails.
    pub fn set_code_days(&self, days: i64) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "INSERT INTO settings (name, value) VALUES ('code_days', ?1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE settings.value <> excluded.value",
                values![days.to_string()],
            )?;
            Ok(())
        })
    }

    /// Tells what [`Store::prune`] would do, and changes nothing. `code_days` is for how many days
    /// codes are accepted while no hub has said so.
    ///
    /// # Errors
    /// Too few days are to be kept, or the database fails.
    pub fn would_prune(
        &self,
        keep_days: i64,
        code_days: i64,
        now_ms: i64,
    ) -> Result<Pruned, PruneError> {
        let before_ms = self.prune_before(keep_days, code_days, now_ms)?;
        Ok(Pruned {
            before_ms,
            rows: self.read_giving_way(|tx| would::count(tx, before_ms))?,
            free_bytes: self.free_bytes()?,
        })
    }

    /// Deletes what was received more than `keep_days` whole days of UTC ago: plays, scans, links,
    /// visits and conversions. A scan or a link stays while something stays that was passed on of
    /// it; a scan stays, with all that was passed on of it, while its play does. `progress` hears
    /// how many rows are gone.
    ///
    /// # Errors
    /// Too few days are to be kept, or the database fails; then a part may be gone already, and the
    /// figures are right all the same.
    pub fn prune(
        &self,
        keep_days: i64,
        code_days: i64,
        now_ms: i64,
        mut progress: impl FnMut(u64),
    ) -> Result<Pruned, PruneError> {
        let before_ms = self.prune_before(keep_days, code_days, now_ms)?;
        // From here on nobody judges these scans again, whose visits go before they do.
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "UPDATE pruned_before SET before_ms = ?1 WHERE before_ms < ?1",
                values![before_ms],
            )
        })?;
        let mut rows = RowDays::default();
        // A scan stays while its play is here.
        self.prune_plays(before_ms, &mut rows, &mut progress)?;
        self.prune_chains(before_ms, &mut rows, &mut progress)?;
        self.prune_conversions(before_ms, &mut rows, &mut progress)?;
        Ok(Pruned {
            before_ms,
            rows,
            free_bytes: self.free_bytes()?,
        })
    }

    fn prune_before(&self, keep_days: i64, code_days: i64, now_ms: i64) -> Result<i64, PruneError> {
        let said: Option<String> = self.read_once(|tx| {
            tx.optional(
                "SELECT value FROM settings WHERE name = 'code_days'",
                values![],
                |row| row.get(0),
            )
        })?;
        let code_days = said.and_then(|said| said.parse().ok()).unwrap_or(code_days);
        let wait_days = verdicts::WAIT_MS_MAX / DAY_MS;
        let tally_days = i64::try_from(TALLY_DAYS_MAX).unwrap_or(i64::MAX);
        let least = code_days.max(wait_days).max(tally_days) + SPARE_DAYS;
        if keep_days < least {
            return Err(PruneError::TooFew {
                least,
                code_days,
                wait_days,
            });
        }
        // Nothing was received before 1970, however many days are to be kept.
        let first_kept = now_ms.div_euclid(DAY_MS).saturating_sub(keep_days).max(0);
        Ok(first_kept.saturating_mul(DAY_MS))
    }

    fn prune_chains(
        &self,
        before_ms: i64,
        rows: &mut RowDays,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), DatabaseError> {
        let mut after = 0;
        loop {
            let found: Vec<(i64, ScreenNumber)> = self.read_once(|tx| {
                tx.all(
                    "SELECT id, screen FROM scans WHERE id > ?1 AND scanned_ms < ?2 ORDER BY id LIMIT ?3",
                    values![after, before_ms, FOUND_MAX],
                    |row| Ok::<_, DatabaseError>((row.get(0)?, row.get::<Id<_>>(1)?.0)),
                )
            })?;
            let Some(&(last, _)) = found.last() else {
                return Ok(());
            };
            after = last;
            let mut of_screens: BTreeMap<ScreenNumber, Vec<i64>> = BTreeMap::new();
            for (scan, screen) in found {
                of_screens.entry(screen).or_default().push(scan);
            }
            for (screen, scans) in of_screens {
                for scans in scans.chunks(chains::SCANS_MAX) {
                    // A chain goes link by link, from its ends on.
                    while self.prune_part(&[screen], rows, |tx, gone| {
                        chains::prune(tx, scans, before_ms, gone)
                    })? > 0
                    {
                        progress(rows.total());
                    }
                }
            }
        }
    }

    fn prune_conversions(
        &self,
        before_ms: i64,
        rows: &mut RowDays,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), DatabaseError> {
        loop {
            let found = self.read_once(|tx| conversions::find(tx, before_ms))?;
            let mut of_screens: BTreeMap<Option<ScreenNumber>, Vec<i64>> = BTreeMap::new();
            for (screen, conversion) in found {
                of_screens.entry(screen).or_default().push(conversion);
            }
            if of_screens.is_empty() {
                return Ok(());
            }
            for (screen, found) in of_screens {
                self.prune_part(screen.as_slice(), rows, |tx, gone| {
                    conversions::prune(tx, &found, before_ms, gone)
                })?;
                progress(rows.total());
            }
        }
    }

    fn prune_plays(
        &self,
        before_ms: i64,
        rows: &mut RowDays,
        progress: &mut impl FnMut(u64),
    ) -> Result<(), DatabaseError> {
        let ledgers: Vec<(i64, ScreenNumber)> = self.read_once(|tx| {
            tx.all(
                "SELECT id, screen FROM ledgers ORDER BY id",
                values![],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get::<Id<_>>(1)?.0)),
            )
        })?;
        for (ledger, screen) in ledgers {
            let mut after_seq = 0;
            while let Some(last) = self.prune_part(&[screen], rows, |tx, gone| {
                plays::prune(tx, (screen, ledger), after_seq, before_ms, gone)
            })? {
                after_seq = last;
                progress(rows.total());
            }
        }
        Ok(())
    }

    /// Prunes something of a screen in one transaction, and leaves the database to others for as
    /// long as that took.
    fn prune_part<T>(
        &self,
        screens: &[ScreenNumber],
        rows: &mut RowDays,
        mut work: impl FnMut(&Transaction<'_>, &mut RowDays) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let begun = Instant::now();
        let mut gone = RowDays::default();
        let done = self.write(Lock::Screens(screens), |tx| {
            // It may be done anew.
            gone = RowDays::default();
            work(tx, &mut gone)
        })?;
        rows.append(gone);
        thread::sleep(begun.elapsed());
        Ok(done)
    }

    fn free_bytes(&self) -> Result<Option<u64>, DatabaseError> {
        self.read_once(|tx| {
            tx.value(
                Sql::pair(
                    "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
                    "SELECT CAST(NULL AS BIGINT)",
                ),
                values![],
            )
        })
    }
}

#[cfg(test)]
mod tests;
