//! How often each screen may have a picture written.
//!
//! Invariants: a terminal that works is never held up, since it sends one in ten seconds at most;
//! whoever has a terminal's secret wears out no disk with it; at most [`SCREENS_MAX`] screens are
//! remembered, of which those that could send as many as ever go first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use passerby_protocol::ScreenNumber;

use crate::server::limits::take;

/// Time between two pictures of a screen in the long run, in milliseconds, and how many may come at
/// once.
const RATE: (i64, i64) = (5_000, 12);
const SCREENS_MAX: usize = 20_000;

/// When each screen's bucket would be full again.
#[derive(Debug, Default)]
pub(crate) struct FrameRates(Mutex<HashMap<ScreenNumber, i64>>);

impl FrameRates {
    /// Takes one picture of a screen.
    ///
    /// # Errors
    /// There were too many; the number says in how many seconds it is worth to come again.
    pub(super) fn take(&self, screen: ScreenNumber, now_ms: i64) -> Result<(), u32> {
        let mut full_at_ms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at_ms.len() >= SCREENS_MAX && !full_at_ms.contains_key(&screen) {
            full_at_ms.retain(|_, at| *at > now_ms);
            if full_at_ms.len() >= SCREENS_MAX {
                full_at_ms.clear();
            }
        }
        take(full_at_ms.entry(screen).or_insert(i64::MIN), RATE, now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_that_sends_without_end_is_slowed_down_and_others_are_not() {
        let rates = FrameRates::default();
        let take = |screen, now_ms| rates.take(ScreenNumber::new(screen).unwrap(), now_ms);
        assert_eq!((0..100).filter(|_| take(1, 0).is_ok()).count(), 12);
        assert_eq!(take(1, 0), Err(5));
        assert_eq!(take(2, 0), Ok(()));
        assert_eq!(take(1, 5_000), Ok(()));
        // As a terminal does that is asked as often as may be.
        assert!((0..1_000).all(|at| take(3, at * 10_000).is_ok()));
        for screen in 10..10 + 2 * u32::try_from(SCREENS_MAX).unwrap() {
            take(screen, 0).unwrap();
        }
        assert!(rates.0.lock().unwrap().len() <= SCREENS_MAX);
    }
}
