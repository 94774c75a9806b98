//! Whether the database takes what is written.
//!
//! Reading may go well for hours while nothing can be written: the disk is full, the server lets
//! nobody write, or the file was moved away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What has become of the newest writes of one database.
#[derive(Debug, Default)]
pub(crate) struct WriteFailures {
    /// Whether there is a time below; asked with each write that succeeds.
    is_failing: AtomicBool,
    failed: Mutex<Option<Instant>>,
}

impl WriteFailures {
    /// Notes that the database did not take a write, for a reason of its own.
    pub(super) fn failed(&self) {
        *self.time() = Some(Instant::now());
        self.is_failing.store(true, Ordering::Relaxed);
    }

    /// Notes that it took one.
    pub(super) fn succeeded(&self) {
        if self.is_failing.load(Ordering::Relaxed) {
            *self.time() = None;
            self.is_failing.store(false, Ordering::Relaxed);
        }
    }

    /// Returns how long ago it last failed to, if it has taken none since.
    pub(crate) fn ago(&self) -> Option<Duration> {
        self.time().map(|failed| failed.elapsed())
    }

    fn time(&self) -> MutexGuard<'_, Option<Instant>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
