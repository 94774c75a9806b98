//! Writes what [`PendingCounts`](crate::server::counts::PendingCounts) gathers.
//!
//! Invariant: it is written within [`PAUSE`] and on shutdown, so a killed hub loses a second of
//! these counts and no scan; what may be written already is not written again. Each process of
//! several writes down its own.

use std::sync::Arc;
use std::time::Duration;

use crate::server::app_state::{AppState, Shared};
use crate::server::metrics::BackgroundWork;
use crate::store::{DatabaseError, Refusal, StoreError};
use crate::system::clock;

/// Time between two writes while there is much to count.
const PAUSE: Duration = Duration::from_secs(1);

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
        if self.counts.is_due(now_ms) {
            self.write_counts(now_ms);
        }
    }

    fn write_counts(&self, now_ms: i64) {
        let openings = self.counts.take();
        if openings.is_empty() {
            return;
        }
        match self.hub.store.add_openings(&openings, now_ms) {
            Ok(()) => self.background.ran(BackgroundWork::WriteCounts, now_ms),
            // Nobody waits for these counts: rather a second of them too few than one twice.
            Err(StoreError::Database(error @ DatabaseError::OutcomeUnknown)) => {
                crate::system::repeated_errors::tell("openings may not be counted", &error);
            }
            Err(error) => {
                crate::system::repeated_errors::tell("openings are not counted yet", &error);
                self.counts.put_back(openings);
            }
        }
    }
}

/// Writes what is gathered, for ever.
pub(super) async fn keep(app: Shared) {
    loop {
        app.counts.news().await;
        tokio::time::sleep(PAUSE).await;
        write(&app).await;
    }
}

/// Writes what is gathered now.
pub(super) async fn write(app: &Arc<AppState>) {
    app.work(|app: &AppState| app.write_counts(clock::now_ms()))
        .await;
}
