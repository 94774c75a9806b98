//! Keeps the ledger and the accounts together, also while the disk refuses.

use std::collections::VecDeque;
use std::sync::Arc;

use passerby_protocol::limits::PLAY_MS_MAX;
use passerby_protocol::plays::{Content, Outcome, PlayBatch};
use tokio::sync::Notify;

use crate::catalog::CatalogItem;
use crate::clock::Moment;
use crate::fairness::FairShare;
use crate::ledger::{Ledger, LedgerError, NewPlay};
use crate::show::SlideOrder;

/// Most plays that wait in memory for a disk that refuses; a day at one play in ten seconds.
const HELD_MAX: usize = 8_640;
/// A play that misses its planned time by no more than this was complete.
const COMPLETE_SLACK_MS: u64 = 250;

/// The ledger, the accounts, and the plays that a refusing disk has not taken yet.
pub(super) struct Recorder {
    ledger: Ledger,
    shares: FairShare,
    held: VecDeque<NewPlay>,
    lost: u64,
    recorded: Arc<Notify>,
}

impl Recorder {
    pub(super) fn new(ledger: Ledger, recorded: Arc<Notify>) -> Result<Self, LedgerError> {
        let shares = ledger.shares()?;
        Ok(Self {
            ledger,
            shares,
            held: VecDeque::new(),
            lost: 0,
            recorded,
        })
    }

    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) const fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    pub(super) const fn shares(&self) -> &FairShare {
        &self.shares
    }

    pub(super) const fn shares_mut(&mut self) -> &mut FairShare {
        &mut self.shares
    }

    /// Plays that are in memory only, or were lost there.
    pub(super) fn unrecorded(&self) -> u64 {
        self.held.len() as u64 + self.lost
    }

    /// Records a play that has left the screen; returns what to tell people when that fails.
    pub(super) fn record(
        &mut self,
        item: &CatalogItem,
        order: &SlideOrder,
        start: &Moment,
        visible_ms: u64,
        until_ms: Option<u64>,
    ) -> Option<String> {
        let number = order.play?;
        let planned_ms = until_ms.map_or(0, |until| until.saturating_sub(start.boot_ms));
        let complete = visible_ms + COMPLETE_SLACK_MS >= planned_ms;
        self.held.push_back(NewPlay {
            number,
            content: Content {
                assignment: item.assignment,
                campaign: item.campaign_id.to_string(),
                creative: item.creative,
            },
            start: start.clone(),
            visible_ms: visible_ms.min(PLAY_MS_MAX),
            outcome: if complete {
                Outcome::Complete
            } else {
                Outcome::CutShort
            },
        });
        while let Some(play) = self.held.front() {
            match self.ledger.record(play, &mut self.shares) {
                Ok(seq) => {
                    self.held.pop_front();
                    self.recorded.notify_one();
                    if seq.is_none() {
                        return Some(
                            "the ledger is full; plays are dropped until the hub has taken some"
                                .to_owned(),
                        );
                    }
                }
                Err(error) => {
                    if self.held.len() > HELD_MAX {
                        self.held.pop_front();
                        self.lost += 1;
                    }
                    return Some(format!(
                        "{error}; plays wait in memory until data.dir can be written again"
                    ));
                }
            }
        }
        None
    }

    /// The next plays to send.
    pub(super) fn batch(&self, rows: usize) -> Result<Option<PlayBatch>, LedgerError> {
        let (plays, anchors) = self.ledger.waiting_plays(rows)?;
        Ok((!plays.is_empty()).then(|| PlayBatch::pack(self.ledger.epoch(), &plays, anchors)))
    }
}
