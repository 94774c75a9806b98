//! How often a password of one name is tried, wherever the tries come from.
//!
//! Invariants: at most [`NAMES_MAX`] names are remembered, as hashes, then the oldest goes; names
//! that nobody has are counted like those of people. Whoever is signed in stays so however often
//! others try.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use passerby_protocol::Digest;

use crate::people::key_of;
use crate::server::limits::take;

/// Time between two tries in the long run, in milliseconds, and how many may come at once: in a
/// year less than two million, of a password that is not among the first that everybody tries.
const RATE: (i64, i64) = (20_000, 20);
const NAMES_MAX: usize = 20_000;

/// The buckets.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    full_at_ms: HashMap<[u8; 32], i64>,
    order: VecDeque<[u8; 32]>,
}

impl Attempts {
    /// Takes a try of a name, before its password is looked at.
    ///
    /// # Errors
    /// There were too many; the number says in how many seconds it is worth to come again.
    pub(super) fn take(&self, name: &str, now_ms: i64) -> Result<(), u32> {
        let name = Digest::of(key_of(name).as_bytes()).0;
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = buckets.full_at_ms.get(&name).copied();
        let (every_ms, burst) = RATE;
        // A clock that was put back locks nobody out.
        let mut full_at_ms = known.map_or(i64::MIN, |at| at.min(now_ms + every_ms * burst));
        take(&mut full_at_ms, RATE, now_ms)?;
        if buckets.full_at_ms.insert(name, full_at_ms).is_none() {
            buckets.order.push_back(name);
            if buckets.order.len() > NAMES_MAX
                && let Some(oldest) = buckets.order.pop_front()
            {
                buckets.full_at_ms.remove(&oldest);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_of_one_name_are_bounded_and_those_of_others_are_not_touched() {
        let attempts = Attempts::default();
        let tried = |name: &str, now_ms| attempts.take(name, now_ms);
        assert_eq!((0..100).filter(|_| tried("Ada", 0).is_ok()).count(), 20);
        assert_eq!(tried(" aDA ", 0), Err(20));
        assert_eq!(tried("Eve", 0), Ok(()));
        assert_eq!(tried("Ada", 20_000), Ok(()));
        for number in 0..NAMES_MAX + 10 {
            tried(&number.to_string(), 0).unwrap();
        }
        assert_eq!(attempts.0.lock().unwrap().full_at_ms.len(), NAMES_MAX);
    }
}
