//! How much time on the air a phase has left: worked out once, and good for a stretch of time.

use jiff::Timestamp;

/// Time on the air that a phase has left, as of an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct AirTimeLeft {
    pub(super) from: Timestamp,
    /// Until when this holds but for the passing of time.
    pub(super) until: Timestamp,
    pub(super) open: bool,
    pub(super) left_ms: u64,
}

impl AirTimeLeft {
    /// Returns what is left at an instant, in milliseconds; none outside the stretch for which this
    /// holds.
    pub(super) fn left_ms(&self, now: Timestamp) -> Option<u64> {
        if now < self.from || now >= self.until {
            return None;
        }
        let passed = if self.open {
            ms_between(self.from, now)
        } else {
            0
        };
        Some(self.left_ms.saturating_sub(passed))
    }
}

/// Returns the milliseconds from one instant until another; 0 when that is before it.
pub(super) fn ms_between(from: Timestamp, until: Timestamp) -> u64 {
    u64::try_from(until.as_millisecond() - from.as_millisecond()).unwrap_or(0)
}
