//! How long rows stay, and what the hub has of them.
//!
//! Invariant: only what the hub has acknowledged is ever removed.

use rusqlite::TransactionBehavior;

use super::{Ledger, LedgerError, schema};

/// Most rows that a ledger holds: 230 days at one play in ten seconds, about 200 MB.
pub const ROWS_MAX: u64 = 2_000_000;
/// Acknowledged rows that are kept for `passerby plays`, besides all that wait.
pub const ACKED_ROWS_KEPT: u64 = 500_000;

impl Ledger {
    /// Moves the cursor to what the hub has: forward after an acknowledgement, back when the hub lost some and the
    /// rows are still here. Returns where the cursor is now.
    ///
    /// # Errors
    /// The database fails.
    pub fn acknowledge(&mut self, through: u64) -> Result<u64, LedgerError> {
        let through = through.clamp(self.first_seq - 1, self.last_seq);
        if through == self.acked_through {
            return Ok(through);
        }
        let keep_from = through.saturating_sub(self.acked_rows_kept) + 1;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        schema::set(
            &transaction,
            "acked_through",
            i64::try_from(through).unwrap_or(i64::MAX),
        )?;
        transaction
            .prepare_cached("DELETE FROM plays WHERE seq < ?1")?
            .execute([keep_from])?;
        transaction.commit()?;
        self.first_seq = self.first_seq.max(keep_from).min(self.last_seq + 1);
        self.acked_through = through;
        Ok(through)
    }

    /// Sets a row aside that the hub refuses for good: it stays in the file, marked, and is sent as an empty row so
    /// that the ones behind it can pass.
    ///
    /// # Errors
    /// The database fails.
    pub fn quarantine(&mut self, seq: u64) -> Result<(), LedgerError> {
        self.connection
            .execute("UPDATE plays SET quarantined = 1 WHERE seq = ?1", [seq])?;
        Ok(())
    }
}
