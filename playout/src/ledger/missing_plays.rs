//! How a ledger takes down plays that are in no row, and tells how many; see [`gaps`].

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use passerby_protocol::plays::{Gap, GapReason};
use rusqlite::OptionalExtension as _;

use crate::ledger::{Ledger, LedgerError, NewPlay, gaps, stored_values};

impl Ledger {
    /// Notes a play that will be in no row. It is on disk with the next transaction.
    pub fn miss(&mut self, reason: GapReason, play: &NewPlay) {
        gaps::note(&mut self.missing, gaps::of(reason, self.last_seq, play));
    }

    /// Returns what is missing, in the order of the rows, as far as it is on disk.
    ///
    /// # Errors
    /// The database fails.
    pub fn gaps(&self) -> Result<Vec<Gap>, LedgerError> {
        Ok(gaps::after(&self.connection, 0..=u64::MAX >> 1)?)
    }

    /// Returns the gaps right before the rows of a range.
    ///
    /// # Errors
    /// The database fails.
    pub fn gaps_before(&self, rows: RangeInclusive<u64>) -> Result<Vec<Gap>, LedgerError> {
        let (from, to) = (rows.start().saturating_sub(1), rows.end().saturating_sub(1));
        Ok(gaps::after(&self.connection, from..=to)?)
    }

    fn unwritten(&self) -> impl Iterator<Item = &Gap> {
        self.missing.iter().chain(&self.doubtful.0)
    }

    /// How many plays are in no row, as far as the file tells and what is about to be written; at
    /// least.
    ///
    /// # Errors
    /// The database fails.
    pub fn dropped(&self) -> Result<u64, LedgerError> {
        let on_disk: u64 =
            self.connection
                .query_row("SELECT total(plays) FROM gaps", [], |row| {
                    row.get::<_, f64>(0).map(whole)
                })?;
        let coming: u64 = self.unwritten().map(|gap| gap.plays).sum();
        Ok(on_disk + coming)
    }

    /// How many plays are in no row at least, by why; a reason with none may hide some that nobody
    /// could count.
    ///
    /// # Errors
    /// The database fails.
    pub fn missing_by_reason(&self) -> Result<BTreeMap<&'static str, u64>, LedgerError> {
        let mut reasons = BTreeMap::new();
        let mut statement = self
            .connection
            .prepare_cached("SELECT reason, total(plays) FROM gaps GROUP BY reason")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, u8>(0)?, whole(row.get::<_, f64>(1)?)))
        })?;
        for row in rows {
            let (reason, plays) = row?;
            if let Ok(reason) = GapReason::try_from(reason) {
                reasons.insert(reason.word(), plays);
            }
        }
        for gap in self.unwritten() {
            *reasons.entry(gap.reason.word()).or_default() += gap.plays;
        }
        Ok(reasons)
    }

    /// Says on disk whether plays are held in memory for a common commit from now on.
    ///
    /// # Errors
    /// The database fails.
    pub fn set_holding(&mut self, holds: bool) -> Result<(), LedgerError> {
        if self.is_holding != holds {
            stored_values::set(&self.connection, gaps::HOLDING, i64::from(holds))?;
            self.is_holding = holds;
        }
        Ok(())
    }

    /// Tells whether the file says that plays are held.
    pub const fn is_holding(&self) -> bool {
        self.is_holding
    }

    /// Records that plays may have been cut off if the last run ended while it held some. How many
    /// is not known, so the gap counts none: it says where, and the setting says for how long at
    /// most.
    pub(super) fn note_interruption(&mut self) -> Result<(), LedgerError> {
        if stored_values::get::<i64>(&self.connection, gaps::HOLDING)? != Some(1) {
            return Ok(());
        }
        let last: Option<(String, u64)> = self
            .connection
            .query_row(
                "SELECT b.text, start_boot_ms + visible_ms FROM plays JOIN boots b ON b.id = plays.boot WHERE seq = ?1",
                [self.last_seq],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (boot, ended_ms) = last.unwrap_or_default();
        let transaction = self.connection.transaction()?;
        gaps::write(
            &transaction,
            &Gap {
                after_seq: self.last_seq,
                reason: GapReason::Interrupted,
                plays: 0,
                boot,
                from_boot_ms: ended_ms,
                until_boot_ms: ended_ms,
            },
        )?;
        stored_values::set(&transaction, gaps::HOLDING, 0)?;
        transaction.commit()?;
        self.is_holding = false;
        Ok(())
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of counts, each at most 2^28"
)]
const fn whole(sum: f64) -> u64 {
    sum as u64
}
