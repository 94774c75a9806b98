//! How long rows stay, and what the hub has of them.
//!
//! Invariants: only what the hub has acknowledged and what is sealed is ever removed; a transaction
//! removes at most [`PRUNED_MAX`] rows, or [`CLEARED_MAX`] where room is wanted, so that neither it
//! nor the write-ahead log grows with what a hub acknowledges at once. Pages that become free are
//! used again, so the file never becomes larger than it was at its fullest.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::ledger::limits::{Limits, ROWS_MAX};
use crate::ledger::{Ledger, LedgerError, anchors, stored_values};

/// What a transaction may need besides the pages that are used: the write-ahead log, and the rows
/// of one commit.
pub(super) const BYTES_BESIDE: u64 = (4 << 20) + (1 << 20);
/// Most rows that are removed in one transaction. Twenty times as many as come with it at most
/// places.
const PRUNED_MAX: u64 = 1_000;
/// The same, when a full ledger makes room.
const CLEARED_MAX: u64 = 20_000;

impl Ledger {
    /// Keeps so much from now on.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Keeps so many rows after the hub has acknowledged them.
    pub const fn keep_acked_rows(&mut self, rows: u64) {
        self.limits.acked_rows_kept = rows;
    }

    /// Rows up to this one are no longer here; 0 while all are.
    pub const fn gone_through(&self) -> u64 {
        self.first_seq - 1
    }

    /// Moves the cursor to what the hub has: forward after an acknowledgement, back when the hub
    /// lost some and the rows are still here. Returns where the cursor is now.
    ///
    /// # Errors
    /// The database fails.
    pub fn acknowledge(&mut self, through: u64) -> Result<u64, LedgerError> {
        let through = through.clamp(self.first_seq - 1, self.last_seq);
        if through == self.acked_through {
            return Ok(through);
        }
        let keep_from = keep_from(through, self.limits.acked_rows_kept).min(self.first_unsealed());
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        stored_values::set(
            &transaction,
            "acked_through",
            i64::try_from(through).unwrap_or(i64::MAX),
        )?;
        let went_back = through < self.acked_through;
        anchors::acknowledged(&transaction, &self.offered.borrow(), through, went_back)?;
        let first_seq = prune(&transaction, self.first_seq, keep_from)?;
        transaction.commit()?;
        (self.first_seq, self.acked_through) = (first_seq, through);
        Ok(through)
    }

    /// Sets a row aside that the hub refuses for good: it stays in the file, marked, and is sent as
    /// an empty row so that the ones behind it can pass.
    ///
    /// # Errors
    /// The database fails.
    pub fn quarantine(&mut self, seq: u64) -> Result<(), LedgerError> {
        self.connection
            .execute("UPDATE plays SET quarantined = 1 WHERE seq = ?1", [seq])?;
        Ok(())
    }

    /// Bytes on disk that are in use, without the write-ahead log.
    ///
    /// # Errors
    /// The database fails.
    pub fn bytes_used(&self) -> Result<u64, LedgerError> {
        Ok(bytes_used(&self.connection)?)
    }
}

/// The oldest row that stays.
pub(super) const fn keep_from(acked_through: u64, acked_rows_kept: u64) -> u64 {
    acked_through.saturating_sub(acked_rows_kept) + 1
}

/// Removes some of the rows before `keep_from`, with the gaps before them; returns the oldest that
/// is left.
pub(super) fn prune(
    connection: &Connection,
    first_seq: u64,
    keep_from: u64,
) -> rusqlite::Result<u64> {
    remove(connection, first_seq, keep_from.min(first_seq + PRUNED_MAX))
}

fn remove(connection: &Connection, first_seq: u64, before: u64) -> rusqlite::Result<u64> {
    if before <= first_seq {
        return Ok(first_seq);
    }
    connection
        .prepare_cached("DELETE FROM plays WHERE seq < ?1")?
        .execute([before])?;
    connection
        .prepare_cached("DELETE FROM gaps WHERE after_seq < ?1")?
        .execute(params![before - 1])?;
    Ok(before)
}

/// Says for how many more rows there is room. A ledger that is full removes what is on the hub
/// before it drops anything.
pub(super) fn make_room(
    connection: &Connection,
    first_seq: &mut u64,
    removable_before: u64,
    last_seq: u64,
    limits: Limits,
) -> rusqlite::Result<u64> {
    let is_too_large = |connection| -> rusqlite::Result<bool> {
        // Nearly always the whole file is small enough.
        Ok(file_bytes(connection)? + BYTES_BESIDE > limits.bytes_max
            && bytes_used(connection)? + BYTES_BESIDE > limits.bytes_max)
    };
    let rows = |first_seq: u64| ROWS_MAX.saturating_sub(last_seq + 1 - first_seq);
    if rows(*first_seq) == 0 || is_too_large(connection)? {
        let before = removable_before.min(*first_seq + CLEARED_MAX);
        *first_seq = remove(connection, *first_seq, before)?;
        if is_too_large(connection)? {
            return Ok(0);
        }
    }
    Ok(rows(*first_seq))
}

fn bytes_used(connection: &Connection) -> rusqlite::Result<u64> {
    let free = pragma(connection, "PRAGMA freelist_count")?;
    let free_bytes = free * pragma(connection, "PRAGMA page_size")?;
    Ok(file_bytes(connection)?.saturating_sub(free_bytes))
}

fn file_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    Ok(pragma(connection, "PRAGMA page_count")? * pragma(connection, "PRAGMA page_size")?)
}

fn pragma(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get(0))
}
