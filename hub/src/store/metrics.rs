//! What the database is busy with, for those who watch the hub.

use std::sync::atomic::Ordering;

use crate::database::{DatabaseError, PoolCounts, values};
use crate::store::{Result, Store};
use crate::system::histogram::HistogramCounts;

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
