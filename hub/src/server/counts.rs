//! Counts that a flood would run up, written at once while they are few and else gathered in
//! memory.
//!
//! Invariants: in the long run there is one write a second, however many openings there are; what
//! is gathered is bounded. [`count_writer`](crate::server::count_writer) writes it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::server::limits::take;
use crate::store::{Openings, Refusal};

/// The same as a bucket: one a second, and so many at once.
const WRITES: (i64, i64) = (1_000, 20);
/// Most scans whose repeats are gathered between two writes; further repeats are not counted.
const AGAIN_MAX: usize = 10_000;

/// What waits to be written.
#[derive(Default)]
pub(super) struct PendingCounts {
    waiting: Mutex<Openings>,
    writes: Mutex<i64>,
    news: Notify,
}

impl PendingCounts {
    /// Counts an opening that led nowhere.
    pub(super) fn refused(&self, why: Refusal) {
        if let Some(at) = Refusal::ALL.iter().position(|known| *known == why) {
            self.waiting().refused[at] += 1;
        }
    }

    /// Counts a repeat of a scan.
    pub(super) fn again(&self, scan: i64) {
        let mut waiting = self.waiting();
        if waiting.again.len() < AGAIN_MAX || waiting.again.contains_key(&scan) {
            *waiting.again.entry(scan).or_default() += 1;
        }
    }

    /// Keeps what could not be written for the next time.
    pub(super) fn put_back(&self, openings: Openings) {
        let mut waiting = self.waiting();
        for (total, count) in waiting.refused.iter_mut().zip(openings.refused) {
            *total += count;
        }
        for (scan, count) in openings.again {
            if waiting.again.len() < AGAIN_MAX || waiting.again.contains_key(&scan) {
                *waiting.again.entry(scan).or_default() += count;
            }
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Says whether what waits may be written at once; if not, [`PendingCounts::news`] has word.
    pub(super) fn is_due(&self, now_ms: i64) -> bool {
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = take(&mut writes, WRITES, now_ms).is_ok();
        drop(writes);
        if !is_due {
            self.news.notify_one();
        }
        is_due
    }

    /// Takes all that waits.
    pub(super) fn take(&self) -> Openings {
        std::mem::take(&mut *self.waiting())
    }

    /// Completes when something waits that was not written at once.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Openings> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_repeats_takes_a_bounded_memory() {
        let counts = PendingCounts::default();
        for scan in 0..50_000 {
            counts.again(scan);
            counts.again(scan);
            counts.refused(Refusal::Forged);
        }
        let waiting = counts.waiting();
        assert_eq!(waiting.again.len(), AGAIN_MAX);
        assert_eq!(waiting.again[&0], 2);
        assert_eq!(waiting.refused, [0, 50_000, 0, 0, 0, 0, 0]);
    }
}
