//! Brings one file, and looks up when there is a new manifest or it comes too slowly.
//!
//! Invariant: a file counts as there only once all of it was written and its hash is right.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use passerby_protocol::manifest::Asset;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::content::cache::plan::Fetch;
use crate::content::cache::{Download, Stored};
use crate::hub_link::PlayerGone;
use crate::hub_link::hub_error::HubError;
use crate::hub_link::transfer::Transfer;
use crate::hub_link::transfer::failure::{FailureScope, TransferError, Wait};
use crate::messages::player_requests::PlayerRequest;

/// How often it is told how far a file has come.
const TICK: Duration = Duration::from_secs(1);
/// A file that comes more slowly than this many bytes in [`SLOW_TICKS`] is given up for a while, so
/// that others have their turn.
const SLOW_BYTES: u64 = 64 << 10;
const SLOW_TICKS: u32 = 120;

/// What came of one file.
enum FetchOutcome {
    Whole,
    Failed(TransferError),
    /// Something else is to be fetched first.
    Superseded,
}

impl Transfer {
    /// Brings a file of the plan, and notes what came of it.
    pub(super) async fn fetch(&mut self, next: &Fetch) -> Result<(), PlayerGone> {
        let digest = next.asset.sha256;
        match self.bring(next).await? {
            FetchOutcome::Superseded => {}
            FetchOutcome::Whole => {
                self.all_wait = Wait::default();
                self.waits.remove(&digest);
                self.status.last_error = None;
                self.status.waits_for = None;
                self.plan.fetch.retain(|other| other.asset.sha256 != digest);
                self.there.parts.remove(&digest);
                let stored = Stored {
                    size: next.asset.size,
                    needed_ms: self.hub_link.clock.now().wall_ms.unwrap_or(0),
                };
                self.there.blobs.insert(digest, stored);
                if next.completes {
                    self.review()?;
                } else {
                    self.tell_status(None)?;
                }
            }
            FetchOutcome::Failed(error) => {
                tracing::warn!("{error}");
                let now_ms = self.hub_link.clock.now().boot_ms;
                let wait = self.waits.entry(digest).or_default();
                wait.put_off(&mut self.all_wait, &error, now_ms);
                if error.scope() == FailureScope::Content && self.waits[&digest].wrongs > 1 {
                    let campaign = self.campaign_of(next.demand);
                    self.hub_link.tell(PlayerRequest::Problem(format!(
                        "a file of campaign {campaign} came wrong again: {error}; ask whoever runs the hub to publish it again"
                    )))?;
                }
                let words = error.to_string();
                if matches!(error, TransferError::Hub(HubError::OverBudget(_))) {
                    self.status.waits_for = Some(words);
                } else {
                    self.status.last_error = Some(words);
                }
                if matches!(error, TransferError::Hub(HubError::Cache(_))) {
                    self.review()?;
                } else {
                    self.tell_status(None)?;
                }
            }
        }
        Ok(())
    }

    /// Fetches one file, and looks up when there is a new manifest.
    async fn bring(&mut self, next: &Fetch) -> Result<FetchOutcome, PlayerGone> {
        let asset = next.asset.clone();
        let mut download = match self.begin(&asset).await {
            Ok(download) => download,
            Err(error) => return Ok(FetchOutcome::Failed(error)),
        };
        let progress = download.progress();
        let client = self.client.clone();
        let store = self.store.clone();
        let done = {
            let mut coming = pin!(client.blob(&asset, &mut download));
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut slow_ticks, mut before) = (0, progress.load(Ordering::Relaxed));
            loop {
                tokio::select! {
                    done = &mut coming => break done,
                    () = store.changed.notified() => {
                        self.review()?;
                        if self.next().is_none_or(|first| first.asset.sha256 != asset.sha256) {
                            return Ok(FetchOutcome::Superseded);
                        }
                    }
                    _ = ticks.tick() => {
                        let got = progress.load(Ordering::Relaxed);
                        slow_ticks += 1;
                        if slow_ticks == SLOW_TICKS {
                            if got - before < SLOW_BYTES {
                                return Ok(FetchOutcome::Failed(TransferError::Slow(asset.sha256)));
                            }
                            (slow_ticks, before) = (0, got);
                        }
                        self.tell_status(Some((next, got)))?;
                    }
                }
            }
        };
        if let Err(error) = done {
            return Ok(FetchOutcome::Failed(error.into()));
        }
        // The disk may take its time over a large file; the network's thread does not wait for it.
        let finished = spawn_blocking(move || download.finish()).await;
        Ok(match finished {
            Ok(Ok(true)) => FetchOutcome::Whole,
            Ok(Ok(false)) => FetchOutcome::Failed(TransferError::Short(asset.sha256)),
            Ok(Err(error)) => FetchOutcome::Failed(error.into()),
            Err(_) => FetchOutcome::Failed(TransferError::Thread),
        })
    }

    async fn begin(&self, asset: &Asset) -> Result<Download, TransferError> {
        let (cache, asset) = (self.cache.clone(), asset.clone());
        let begun = spawn_blocking(move || cache.begin(&asset)).await;
        Ok(begun.map_err(|_| TransferError::Thread)??)
    }
}
