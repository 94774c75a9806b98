//! Errors that come with each request while something is amiss, told once a minute of a kind.
//!
//! Invariant: the first of a kind is told at once, and of those in between how many there were.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two lines of a kind.
const PAUSE: Duration = Duration::from_secs(60);

/// When a kind was told, and how often it came since.
struct Kind {
    told: Instant,
    since: u64,
}

/// What was told of all kinds, by their words, which are part of this program.
static KINDS: Mutex<BTreeMap<&'static str, Kind>> = Mutex::new(BTreeMap::new());

/// Tells of an error, such as that "a page failed", unless that was told within the last minute.
pub(crate) fn tell(what: &'static str, error: &dyn Display) {
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    let untold = untold(&mut kinds, what, Instant::now());
    drop(kinds);
    match untold {
        None => {}
        Some(0) => tracing::error!(%error, "{what}"),
        Some(untold) => {
            tracing::error!(%error, "{what}; {untold} more since this was last told");
        }
    }
}

/// Returns how many of a kind were not told when one more is; `None` when that is not to be told
/// either.
fn untold(
    kinds: &mut BTreeMap<&'static str, Kind>,
    what: &'static str,
    now: Instant,
) -> Option<u64> {
    let new = Kind {
        told: now,
        since: 0,
    };
    let Some(known) = kinds.get_mut(what) else {
        kinds.insert(what, new);
        return Some(0);
    };
    if now.saturating_duration_since(known.told) < PAUSE {
        known.since += 1;
        return None;
    }
    Some(std::mem::replace(known, new).since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_thousand_errors_of_a_kind_within_a_minute_one_is_told_and_then_how_many_there_were() {
        let (mut kinds, begun) = (BTreeMap::new(), Instant::now());
        let mut tell = |what, ms| untold(&mut kinds, what, begun + Duration::from_millis(ms));
        assert_eq!(tell("a page failed", 0), Some(0));
        assert!((1..1_000).all(|ms| tell("a page failed", ms).is_none()));
        assert_eq!(tell("a request failed", 5), Some(0));
        assert_eq!(tell("a page failed", 60_000), Some(999));
        assert_eq!(tell("a page failed", 60_001), None);
        assert_eq!(tell("a page failed", 120_000), Some(1));
    }
}
