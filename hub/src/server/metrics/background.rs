//! When work that nobody waits for was last done.

use std::sync::atomic::{AtomicI64, Ordering};

/// One kind of such work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum BackgroundWork {
    /// Counts that were gathered in memory are written; only when there are some.
    WriteCounts,
    /// Old salts are forgotten, every hour.
    ForgetSalts,
    /// What is noted of the figures is added up, every second.
    AddUpFigures,
}

impl BackgroundWork {
    /// All of them.
    pub(in crate::server) const ALL: [Self; 3] =
        [Self::WriteCounts, Self::ForgetSalts, Self::AddUpFigures];

    /// Its name.
    pub(in crate::server) const fn name(self) -> &'static str {
        match self {
            Self::WriteCounts => "write_counts",
            Self::ForgetSalts => "forget_salts",
            Self::AddUpFigures => "add_up_figures",
        }
    }
}

/// When each was last done.
#[derive(Debug, Default)]
pub(in crate::server) struct BackgroundRuns([AtomicI64; BackgroundWork::ALL.len()]);

impl BackgroundRuns {
    /// Notes that work was done, without a failure.
    pub(in crate::server) fn ran(&self, work: BackgroundWork, now_ms: i64) {
        self.0[work as usize].store(now_ms, Ordering::Relaxed);
    }

    /// When work was last done since the start; `None` when it was not.
    pub(in crate::server) fn last_ms(&self, work: BackgroundWork) -> Option<i64> {
        Some(self.0[work as usize].load(Ordering::Relaxed)).filter(|at_ms| *at_ms != 0)
    }
}
