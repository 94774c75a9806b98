//! How many rows were stored since the start.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::system::histogram::Histogram;

/// How many rows were stored since the start.
#[derive(Debug)]
pub(super) struct StoredCounts {
    pub(super) plays: AtomicU64,
    pub(super) scans: AtomicU64,
    /// How many scans were recorded in each transaction.
    pub(super) together: Histogram<7>,
}

impl StoredCounts {
    /// Nothing was stored yet.
    pub(super) const fn new() -> Self {
        Self {
            plays: AtomicU64::new(0),
            scans: AtomicU64::new(0),
            together: Histogram::new([1, 2, 4, 8, 16, 32, 64]),
        }
    }

    /// So many plays were stored.
    pub(super) fn plays(&self, plays: usize) {
        self.plays.fetch_add(plays as u64, Ordering::Relaxed);
    }

    /// So many scans were stored.
    pub(super) fn scans(&self, scans: usize) {
        self.scans.fetch_add(scans as u64, Ordering::Relaxed);
    }
}
