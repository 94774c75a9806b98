//! How many rows were stored since the start.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many rows were stored since the start.
#[derive(Debug, Default)]
pub(super) struct StoredCounts {
    pub(super) plays: AtomicU64,
    pub(super) scans: AtomicU64,
}

impl StoredCounts {
    /// So many plays were stored.
    pub(super) fn plays(&self, plays: usize) {
        self.plays.fetch_add(plays as u64, Ordering::Relaxed);
    }

    /// A scan was stored.
    pub(super) fn scan(&self) {
        self.scans.fetch_add(1, Ordering::Relaxed);
    }
}
