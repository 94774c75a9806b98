//! What a store of creatives was asked for, how it answered and how long that took.
//!
//! Invariant: all is counted by fixed lists; nothing that a store says is among them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::system::histogram::{Histogram, HistogramCounts};

/// What a store is asked by.
pub(crate) const METHODS: [&str; 5] = ["get", "head", "put", "post", "delete"];
/// What becomes of a request.
pub(crate) const OUTCOMES: [&str; 6] =
    ["ok", "missing", "refused", "failed", "slow", "unreachable"];
/// Why a creative did not go out.
pub(crate) const FAILURES: [&str; 8] = [
    "missing", "damaged", "file", "away", "slow", "refused", "full", "failed",
];
/// Bounds of the times until an answer's head is there, in microseconds.
const TIMES_US: [u64; 11] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000, 30_000_000,
];

/// What becomes of a request; places in [`OUTCOMES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    Missing,
    Refused,
    Failed,
    Slow,
    Unreachable,
}

/// Why a creative did not go out; places in [`FAILURES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Missing,
    Damaged,
    File,
    Away,
    Slow,
    Refused,
    Full,
    Failed,
}

/// The requests to a store.
#[derive(Debug)]
pub(crate) struct RequestCounts {
    by_method: [MethodCounts; METHODS.len()],
}

#[derive(Debug)]
struct MethodCounts {
    outcomes: [AtomicU64; OUTCOMES.len()],
    times_us: Histogram<{ TIMES_US.len() }>,
}

/// The creatives that did not go out.
#[derive(Debug, Default)]
pub(super) struct FailureCounts([AtomicU64; FAILURES.len()]);

impl Default for RequestCounts {
    fn default() -> Self {
        Self {
            by_method: std::array::from_fn(|_| MethodCounts {
                outcomes: Default::default(),
                times_us: Histogram::new(TIMES_US),
            }),
        }
    }
}

impl RequestCounts {
    /// Counts a request.
    pub(super) fn add(&self, method: &str, outcome: Outcome, took: Duration) {
        let place = METHODS
            .iter()
            .position(|known| method.eq_ignore_ascii_case(known));
        if let Some(counts) = place.and_then(|place| self.by_method.get(place)) {
            counts.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
            let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            counts.times_us.add(took_us);
        }
    }

    /// Each of [`METHODS`]: how many requests had each of [`OUTCOMES`], and how long they took, in
    /// microseconds.
    pub(crate) fn counts(
        &self,
    ) -> impl Iterator<Item = (&'static str, [u64; OUTCOMES.len()], HistogramCounts)> {
        METHODS
            .into_iter()
            .zip(&self.by_method)
            .map(|(method, of)| {
                let outcomes = of.outcomes.each_ref();
                let outcomes = outcomes.map(|count| count.load(Ordering::Relaxed));
                (method, outcomes, of.times_us.counts())
            })
    }
}

impl FailureCounts {
    /// Counts a creative.
    pub(super) fn add(&self, why: Failure) {
        self.0[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were, by [`FAILURES`].
    pub(super) fn counts(&self) -> [u64; FAILURES.len()] {
        self.0.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_where_their_counts_do() {
        let counts = RequestCounts::default();
        counts.add("PUT", Outcome::Unreachable, Duration::from_secs(1));
        counts.add("BREW", Outcome::Ok, Duration::ZERO);
        for (method, outcomes, times_us) in counts.counts() {
            let is_put = method == "put";
            assert_eq!(times_us.count, u64::from(is_put), "{method}");
            assert_eq!(outcomes[5], u64::from(is_put), "{method}");
        }
        assert_eq!(OUTCOMES[Outcome::Unreachable as usize], "unreachable");
        assert_eq!(FAILURES[Failure::Failed as usize], "failed");
        assert_eq!(FAILURES[Failure::Away as usize], "away");
    }
}
