//! What a ledger's file says of itself.

use passerby_protocol::Epoch;
use rusqlite::Connection;

use crate::ledger::error::LedgerError;
use crate::ledger::{gaps, stored_values};

/// Counts, in `meta`, the transactions that brought no row.
pub(super) const ROWLESS: &str = "rowless";

/// What a file says of itself.
pub(super) struct FileState {
    pub(super) epoch: Epoch,
    pub(super) reserved_until: u32,
    pub(super) acked_through: u64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) rowless: u64,
    pub(super) is_holding: bool,
}

impl FileState {
    pub(super) fn read(connection: &Connection) -> Result<Self, LedgerError> {
        let acked_through: u64 = stored_values::get(connection, "acked_through")?.unwrap_or(0);
        let (first, last): (Option<u64>, Option<u64>) =
            connection.query_row("SELECT min(seq), max(seq) FROM plays", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let last_seq = last.unwrap_or(0).max(acked_through);
        Ok(Self {
            epoch: Epoch(stored_values::get(connection, "epoch")?.map_or(0, i64::cast_unsigned)),
            reserved_until: stored_values::get(connection, "reserved_until")?.unwrap_or(1),
            acked_through,
            first_seq: first.unwrap_or(last_seq + 1),
            last_seq,
            rowless: stored_values::get(connection, ROWLESS)?.unwrap_or(0),
            is_holding: stored_values::get::<i64>(connection, gaps::HOLDING)? == Some(1),
        })
    }
}
