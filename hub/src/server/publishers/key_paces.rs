//! How much one key may report, held in memory: the generic cell rate algorithm, as of networks.
//!
//! Invariant: there are at most [`KEYS_MAX`] paces, then all begin anew; `now` is an argument.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Time between two conversions of one key in the long run, in milliseconds.
const EVERY_MS: i64 = 50;
/// How many may come at once.
const BURST: i64 = 2_000;
/// Most keys whose pace is remembered.
const KEYS_MAX: usize = 10_000;

/// When the bucket of each key would be full again.
#[derive(Debug, Default)]
pub(in crate::server) struct KeyPaces(Mutex<HashMap<i64, i64>>);

impl KeyPaces {
    /// Takes so many conversions of a key.
    ///
    /// # Errors
    /// They are too many; the number says in how many seconds it is worth to come again.
    pub(in crate::server) fn take(&self, key: i64, count: usize, now_ms: i64) -> Result<(), u32> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= KEYS_MAX && !paces.contains_key(&key) {
            paces.clear();
        }
        let most_ms = BURST * EVERY_MS;
        let full_ms = paces.entry(key).or_insert(now_ms);
        // A clock that was put back makes nobody wait for longer than a bucket takes.
        let from_ms = (*full_ms).clamp(now_ms, now_ms + most_ms);
        let wanted_ms = i64::try_from(count)
            .unwrap_or(BURST)
            .saturating_mul(EVERY_MS);
        let next_ms = from_ms.saturating_add(wanted_ms);
        let over_ms = next_ms - (now_ms + most_ms);
        if over_ms > 0 {
            let seconds = over_ms.unsigned_abs().div_ceil(1_000);
            return Err(u32::try_from(seconds).unwrap_or(60));
        }
        *full_ms = next_ms;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_reports_too_much_waits_and_no_other_does() {
        let paces = KeyPaces::default();
        for _ in 0..BURST / 100 {
            assert_eq!(paces.take(1, 100, 1_000), Ok(()));
        }
        assert_eq!(paces.take(1, 100, 1_000), Err(5));
        assert_eq!(paces.take(2, 100, 1_000), Ok(()));
        assert_eq!(paces.take(1, 100, 6_000), Ok(()));
        assert_eq!(paces.take(1, 1, 6_000), Err(1));
        // The clock was put back by a day.
        assert_eq!(paces.take(1, 1, 6_000 - 86_400_000), Err(1));
    }
}
