//! Sends plays: asks the player for a batch, posts it, and tells the player what the hub has.
//!
//! Invariant: no play is held here: each batch is asked of the player, and what the hub has is told
//! to it.

use std::time::Duration;

use passerby_protocol::wire::PlaysReply;
use passerby_protocol::{PlayNumber, ScreenNumber};

use crate::hub_link::answer;
use crate::hub_link::client::HubClient;
use crate::hub_link::link::{HubLink, PlayerGone};
use crate::hub_link::manifest_store;
use crate::hub_link::send_state::{Answer, LedgerAction, SendState, SentRows, Stopped};
use crate::messages::player_requests::PlayerRequest;
use crate::system::random;

/// Most refused rows of one answer that are logged by themselves.
const REJECTED_LOGGED_MAX: usize = 10;

pub(super) struct Plays {
    hub_link: HubLink,
    client: HubClient,
    screen: ScreenNumber,
    send_state: SendState,
    /// What the hub said last of play numbers.
    floor: Option<PlayNumber>,
}

impl Plays {
    pub(super) fn new(hub_link: HubLink, client: HubClient, screen: ScreenNumber) -> Self {
        Self {
            hub_link,
            client,
            screen,
            send_state: SendState::default(),
            floor: None,
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
            let at_ms = match (
                self.send_state.next_at_ms(),
                self.send_state.ask_again_at_ms(),
            ) {
                (Some(next), _) => next,
                (None, again) => {
                    let why = match self.send_state.stopped() {
                        Some(Stopped::Decommissioned) => "the hub has retired this screen",
                        _ => "the hub does not know this screen",
                    };
                    let words = format!(
                        "{why}; plays stay in the ledger until it is enrolled again (`passerby enroll`). The hub is asked again now and then, should the mistake be its own"
                    );
                    tracing::error!("{words}");
                    self.hub_link.learn(|network| network.plays = Some(words))?;
                    manifest_store::forget(&self.hub_link.data_dir);
                    self.hub_link.tell(PlayerRequest::Revoked)?;
                    again.unwrap_or(u64::MAX)
                }
            };
            let wait_ms = at_ms.saturating_sub(self.hub_link.clock.now().boot_ms);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            match self.send().await? {
                Sent::All => self.hub_link.recorded.notified().await,
                // A metered line waits for more plays, since each call costs more than a play.
                Sent::Last => tokio::time::sleep(self.hub_link.line.meter.pause(1)).await,
                Sent::Some => {}
            }
        }
    }

    async fn send(&mut self) -> Result<Sent, PlayerGone> {
        let rows = self.send_state.rows();
        let Some(batch) = self
            .hub_link
            .ask(|reply| PlayerRequest::Batch { rows, reply })
            .await?
        else {
            return Ok(Sent::All);
        };
        let asked_ms = self.hub_link.clock.now().boot_ms;
        self.send_state.sending(asked_ms);
        let sent = self.client.send_plays(self.screen, &batch).await;
        let now_ms = self.hub_link.clock.now().boot_ms;
        let answer = match sent {
            Ok(reply) => {
                log_rejected(&reply);
                self.hub_link
                    .learn_time(asked_ms, now_ms, reply.server_time_ms)?;
                self.hub_link.learn(|network| network.plays = None)?;
                if let Some(floor) = reply.play_floor
                    && self.floor.replace(floor) != Some(floor)
                {
                    self.hub_link.tell(PlayerRequest::PlayFloor(floor))?;
                }
                Answer::Acked(reply)
            }
            Err(error) => {
                tracing::debug!("plays are not sent: {error}");
                let words = error.to_string();
                self.hub_link.learn(|network| network.plays = Some(words))?;
                answer::of_plays(&error)
            }
        };
        let count = batch.columns.number.len();
        let verdict =
            self.send_state
                .answered(now_ms, SentRows::of(&batch), &answer, random::u64());
        match verdict {
            LedgerAction::Keep => {}
            LedgerAction::AckThrough(seq) => self.hub_link.tell(PlayerRequest::AckThrough(seq))?,
            LedgerAction::Quarantine(seq) => self.hub_link.tell(PlayerRequest::Quarantine(seq))?,
            LedgerAction::BeginAnew(seq) => self.hub_link.tell(PlayerRequest::BeginAnew(seq))?,
        }
        Ok(if count < rows { Sent::Last } else { Sent::Some })
    }
}

/// How much of what waits was sent.
enum Sent {
    /// Nothing waits.
    All,
    /// The last of it.
    Last,
    /// A part of it.
    Some,
}

fn log_rejected(reply: &PlaysReply) {
    for rejected in reply.rejected.iter().take(REJECTED_LOGGED_MAX) {
        tracing::warn!(
            "the hub refuses play {} for good: {}",
            rejected.seq,
            answer::printable(&rejected.code)
        );
    }
    if let Some(more @ 1..) = reply.rejected.len().checked_sub(REJECTED_LOGGED_MAX) {
        tracing::warn!("the hub refuses {more} more plays for good");
    }
}
