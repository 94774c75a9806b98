//! Sends plays: asks the player for a batch, posts it, and tells the player what the hub has.

use std::time::Duration;

use passerby_protocol::ScreenNumber;
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::BATCH_PLAYS_MAX;

use super::content::forget_kept;
use super::hub::HubClient;
use super::{PlayerGone, Uplink};
use crate::link::PlayerRequest;
use crate::random;
use crate::sync::{Answer, Sync, Verdict};

/// Most characters of why a row is refused; the hub says it in one word.
const REJECTED_CODE_CHARS_MAX: usize = 60;

pub(super) struct Plays {
    uplink: Uplink,
    client: HubClient,
    screen: ScreenNumber,
    sync: Sync,
}

impl Plays {
    pub(super) fn new(uplink: Uplink, client: HubClient, screen: ScreenNumber) -> Self {
        Self {
            uplink,
            client,
            screen,
            sync: Sync::default(),
        }
    }

    pub(super) async fn run(mut self) -> PlayerGone {
        match self.work().await {
            Ok(never) => never,
            Err(gone) => gone,
        }
    }

    async fn work(&mut self) -> Result<PlayerGone, PlayerGone> {
        loop {
            let Some(next_at_ms) = self.sync.next_at_ms() else {
                tracing::error!(
                    "plays are not sent any more ({:?}); they stay in the ledger until this screen is enrolled again",
                    self.sync.stopped()
                );
                forget_kept(&self.uplink.data_dir);
                self.uplink.tell(PlayerRequest::Revoked)?;
                std::future::pending::<()>().await;
                return Err(PlayerGone);
            };
            let wait_ms = next_at_ms.saturating_sub(self.uplink.clock.now().boot_ms);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            if !self.send().await? {
                self.uplink.recorded.notified().await;
            }
        }
    }

    /// Sends one batch; `false` when no plays wait.
    async fn send(&mut self) -> Result<bool, PlayerGone> {
        let rows = self.sync.rows();
        let Some(batch) = self
            .uplink
            .ask(|reply| PlayerRequest::Batch { rows, reply })
            .await?
        else {
            return Ok(false);
        };
        let asked_ms = self.uplink.clock.now().boot_ms;
        let answer = self.client.plays(self.screen, &batch).await;
        let now_ms = self.uplink.clock.now().boot_ms;
        if let Answer::Acked(reply) = &answer {
            // A row is refused once; an answer with more is not about this batch.
            for rejected in reply.rejected.iter().take(BATCH_PLAYS_MAX) {
                tracing::warn!(
                    "the hub refuses play {} for good: {}",
                    rejected.seq,
                    one_line(&rejected.code, REJECTED_CODE_CHARS_MAX)
                );
            }
            self.uplink
                .learn_time(asked_ms, now_ms, reply.server_time_ms)?;
        }
        match self.sync.answered(
            now_ms,
            batch.first_seq,
            batch.columns.number.len(),
            &answer,
            random::u64(),
        ) {
            Verdict::Keep => {}
            Verdict::AckThrough(seq) => self.uplink.tell(PlayerRequest::AckThrough(seq))?,
            Verdict::Quarantine(seq) => self.uplink.tell(PlayerRequest::Quarantine(seq))?,
        }
        Ok(true)
    }
}
