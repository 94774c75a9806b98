//! Counts that a flood would run up, written at once while they are few and else gathered in
//! memory.
//!
//! Invariants: in the long run there is one write a second, however many openings there are; what
//! is gathered is bounded, and written within [`PAUSE`] and on shutdown, so a killed hub loses a
//! second of these counts and no scan.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::server::limits::take;
use crate::server::{AppState, Shared};
use crate::store::{Openings, Refusal};
use crate::system::clock;

/// Time between two writes while there is much to count.
const PAUSE: Duration = Duration::from_secs(1);
/// The same as a bucket: one a second, and so many at once.
const WRITES: (i64, i64) = (1_000, 20);
/// Most scans whose repeats are gathered between two writes; further repeats are not counted.
const AGAIN_MAX: usize = 10_000;

/// What waits to be written.
#[derive(Default)]
pub(super) struct Counts {
    waiting: Mutex<Openings>,
    writes: Mutex<i64>,
    news: Notify,
}

impl Counts {
    fn refused(&self, why: Refusal) {
        if let Some(at) = Refusal::ALL.iter().position(|known| *known == why) {
            self.waiting().refused[at] += 1;
        }
    }

    fn again(&self, scan: i64) {
        let mut waiting = self.waiting();
        if waiting.again.len() < AGAIN_MAX || waiting.again.contains_key(&scan) {
            *waiting.again.entry(scan).or_default() += 1;
        }
    }

    fn put_back(&self, openings: Openings) {
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

    fn waiting(&self) -> MutexGuard<'_, Openings> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AppState {
    /// Counts an opening that led nowhere.
    pub(super) fn count_refused(&self, why: Refusal, now_ms: i64) {
        self.counts.refused(why);
        self.write_counts_or_wait(now_ms);
    }

    /// Counts a repeat of a scan.
    pub(super) fn count_again(&self, scan: i64, now_ms: i64) {
        self.counts.again(scan);
        self.write_counts_or_wait(now_ms);
    }

    fn write_counts_or_wait(&self, now_ms: i64) {
        let mut writes = (self.counts.writes.lock()).unwrap_or_else(PoisonError::into_inner);
        let is_due = take(&mut writes, WRITES, now_ms).is_ok();
        drop(writes);
        if is_due {
            self.write_counts(now_ms);
        } else {
            self.counts.news.notify_one();
        }
    }

    fn write_counts(&self, now_ms: i64) {
        let openings = std::mem::take(&mut *self.counts.waiting());
        if openings.is_empty() {
            return;
        }
        if let Err(error) = self.hub.store.add_openings(&openings, now_ms) {
            tracing::error!(%error, "openings are not counted yet");
            self.counts.put_back(openings);
        }
    }
}

/// Writes what is gathered, for ever.
pub(super) async fn keep(app: Shared) {
    loop {
        app.counts.news.notified().await;
        tokio::time::sleep(PAUSE).await;
        write(&app).await;
    }
}

/// Writes what is gathered now.
pub(super) async fn write(app: &Arc<AppState>) {
    app.work(|app: &AppState| app.write_counts(clock::now_ms()))
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_repeats_takes_a_bounded_memory() {
        let counts = Counts::default();
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
