//! How a ledger takes down what could not be shown, and tells it; see
//! [`failures`](crate::ledger::failures).

use crate::ledger::anchors::Dates;
use crate::ledger::failures::{FailedItem, NewFailure};
use crate::ledger::{Ledger, LedgerError};

/// Most that wait in memory for a disk that refuses; more are not kept.
const WAITING_MAX: usize = 256;
/// Longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 500;

impl Ledger {
    /// Notes a failure. It is on disk with the next transaction.
    pub fn note_failure(&mut self, mut failure: NewFailure) {
        if let Some((at, _)) = failure.reason.char_indices().nth(REASON_CHARS_MAX) {
            failure.reason.truncate(at);
        }
        if self.failed.len() < WAITING_MAX {
            self.failed.push(failure);
        }
    }

    /// Tells whether something waits that is not a play.
    pub const fn has_notes(&self) -> bool {
        !self.failed.is_empty() || !self.missing.is_empty()
    }

    /// Returns what could not be shown, that which came first at the start.
    ///
    /// # Errors
    /// The database fails.
    pub fn failures(&self) -> Result<Vec<FailedItem>, LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT campaign, placement, creative, reason, times, first_boot, first_boot_ms, last_boot, last_boot_ms
             FROM failures ORDER BY id",
        )?;
        let mut dates = Dates::default();
        let rows = statement.query_map([], |row| {
            let mut date = |boot: usize| -> rusqlite::Result<Option<i64>> {
                let (boot, boot_ms): (String, u64) = (row.get(boot)?, row.get(boot + 1)?);
                dates.of(&self.connection, &boot, boot_ms)
            };
            let (first_ms, last_ms) = (date(5)?, date(7)?);
            Ok(FailedItem {
                campaign: row.get(0)?,
                placement: row.get(1)?,
                creative: row.get(2)?,
                reason: row.get(3)?,
                times: row.get(4)?,
                first_ms,
                last_ms,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
