//! A clock for tests.
//!
//! The unit tests of `passerby-playout` take this file in as a module of their own: by this crate
//! they would get the clock of another copy of the library that they test, with another `Clock`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use passerby_playout::system::clock::{Clock, Moment};

/// A clock for tests: its time passes only while the player waits, and then at once.
pub struct SimulatedClock {
    boot: Arc<str>,
    wall_at_boot_ms: i64,
    boot_ms: AtomicU64,
}

impl SimulatedClock {
    /// Starts a boot at a wall time in Unix milliseconds.
    pub fn new(boot: &str, wall_at_boot_ms: i64) -> Self {
        Self {
            boot: boot.into(),
            wall_at_boot_ms,
            boot_ms: AtomicU64::new(0),
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Moment {
        let boot_ms = self.boot_ms.load(Ordering::SeqCst);
        let wall_ms = Some(self.wall_at_boot_ms.saturating_add_unsigned(boot_ms));
        Moment {
            boot: self.boot.clone(),
            boot_ms,
            wall_ms,
        }
    }

    fn learn(&self, _boot_ms: u64, _wall_ms: i64) {}

    /// Other threads take real time, but none of this clock's.
    fn pace(&self, _span: Duration, busy: bool) -> Duration {
        if busy {
            Duration::from_secs(60)
        } else {
            Duration::ZERO
        }
    }

    fn waited(&self, span: Duration) {
        let span_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.boot_ms.fetch_add(span_ms, Ordering::SeqCst);
    }
}
