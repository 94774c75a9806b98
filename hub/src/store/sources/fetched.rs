//! When a source is looked at, and how that went.

use crate::database::{Lock, values};
use crate::store::sources::records::FetchOutcome;
use crate::store::{Result, Store};

/// As far ahead as anything is planned: what waits for something else than the time.
const NEVER_MS: i64 = 4_102_444_799_999;

impl Store {
    /// Writes down how a fetch went.
    ///
    /// # Errors
    /// The database fails.
    pub fn source_fetched(&self, name: &str, outcome: &FetchOutcome, now_ms: i64) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            match &outcome.problem {
                Some(problem) => tx.execute(
                    "UPDATE sources SET fetched_ms = ?2, fetch_ms = ?3, problem = ?4, failures = failures + 1
                     WHERE name = ?1",
                    values![name, now_ms, outcome.fetch_ms, problem],
                ),
                None => tx.execute(
                    "UPDATE sources SET fetched_ms = ?2, succeeded_ms = ?2, fetch_ms = ?3, problem = NULL, failures = 0,
                                        left_out = ?4, etag = ?5, last_modified = ?6
                     WHERE name = ?1",
                    values![
                        name,
                        now_ms,
                        outcome.fetch_ms,
                        outcome.left_out.as_deref(),
                        outcome.etag.as_deref(),
                        outcome.last_modified.as_deref()
                    ],
                ),
            }?;
            Ok(())
        })
    }

    /// Says when a source is to be looked at again: when it is to be fetched, when the first of
    /// what airs ends, or now while items are left to be made.
    ///
    /// # Errors
    /// The database fails.
    pub fn plan_source(&self, name: &str, is_fetched: bool, now_ms: i64) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            let ends: Option<i64> = tx.value(
                "SELECT min(ends_ms) FROM source_items WHERE source = ?1 AND state IN ('airing', 'waiting')",
                values![name],
            )?;
            let is_ready = tx.exists(
                "SELECT 1 FROM source_items WHERE source = ?1 AND state = 'ready'",
                values![name],
            )?;
            let ends = if is_ready {
                now_ms
            } else {
                ends.unwrap_or(NEVER_MS)
            };
            let fetch = if is_fetched {
                "CASE WHEN paused THEN ?2 ELSE fetch_ms END"
            } else {
                "?2"
            };
            tx.execute(
                &format!("UPDATE sources SET next_ms = least(?3, {fetch}) WHERE name = ?1"),
                values![name, NEVER_MS, ends],
            )?;
            Ok(())
        })
    }
}
