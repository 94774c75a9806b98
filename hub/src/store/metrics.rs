//! What the database is busy with, for those who watch the hub.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::database::{DatabaseError, Lock, PoolCounts, values};
use crate::store::{Result, Store};
use crate::system::histogram::HistogramCounts;

/// For so long after a write that failed none is tried that nobody has asked for.
const TRIED_AFTER: Duration = Duration::from_secs(5);

/// What the database is busy with, and was since it was opened.
#[derive(Debug, Clone)]
pub(crate) struct StoreMetrics {
    /// Plays that were stored, without those that were refused.
    pub(crate) plays_stored: u64,
    /// Scans that were stored, once a play, visitor and day.
    pub(crate) scans_stored: u64,
    /// How busy its connections are.
    pub(crate) pool: PoolCounts,
    /// How many pieces of work were committed together, where writers share one connection.
    pub(crate) group_sizes: Option<HistogramCounts>,
    /// How many scans were recorded together.
    pub(crate) scan_batch_sizes: HistogramCounts,
    /// How many statements were slow.
    pub(crate) slow_statements: u64,
}

impl Store {
    /// Sets from when on a statement is told in the log, in milliseconds; with 0 each is.
    pub fn set_slow_query_ms(&self, slow_ms: u64) {
        self.database.slow_statements().set_slow_ms(slow_ms);
    }

    /// Tells whether the database answers.
    ///
    /// # Errors
    /// It fails.
    pub fn answers(&self) -> Result<()> {
        let ask = "SELECT 1 FROM screens LIMIT 1";
        self.read_once(|tx| tx.exists(ask, values![]).map(|_| ()))
            .map_err(|error: DatabaseError| error.into())
    }

    /// Tells whether the database takes what is written: the newest write has not failed, or that
    /// was a while ago and a small one does not fail.
    pub(crate) fn takes_writes(&self) -> bool {
        match self.database.write_failures().ago() {
            None => true,
            Some(ago) if ago < TRIED_AFTER => false,
            // Whoever leads nobody to a hub that fails would never hear of its recovery.
            Some(_) => {
                let written = self.write(Lock::Screens(&[]), |tx| {
                    tx.execute("UPDATE settings SET value = value", values![])
                });
                written.is_ok()
            }
        }
    }

    /// Returns what the database is busy with.
    pub(crate) fn metrics(&self) -> StoreMetrics {
        StoreMetrics {
            plays_stored: self.stored.plays.load(Ordering::Relaxed),
            scans_stored: self.stored.scans.load(Ordering::Relaxed),
            pool: self.database.pool_counts(),
            group_sizes: self.database.group_sizes(),
            scan_batch_sizes: self.stored.together.counts(),
            slow_statements: self.database.slow_statements().count(),
        }
    }
}
