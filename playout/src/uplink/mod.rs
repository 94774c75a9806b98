//! The uplink: everything that goes over the network, on a thread of its own.
//!
//! Invariants:
//! - Playback never waits for it: it talks to the player by bounded messages only.
//! - It writes manifests, pictures and credentials, never the ledger.
//! - What the hub says is believed only after a check: signatures for manifests, hashes for pictures, JSON of the
//!   right form for everything else. Redirects are not followed.

mod content;
mod enrol;
mod hub;
mod plays;
mod tallies;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use tokio::sync::{Notify, oneshot};

use crate::cache::Cache;
use crate::clock::Clock;
use crate::context::LiveContext;
use crate::credentials::Enrolment;
use crate::link::PlayerRequest;

pub use content::kept_manifest;
pub use enrol::{Attempt, EnrolError, enrol};
pub use hub::{HubClient, HubError};
pub use tallies::kept_tallies;

/// What the uplink is made of.
#[derive(Clone)]
pub struct Uplink {
    /// The hub's address.
    pub hub_url: String,
    /// The screen's name, as a suggestion to the operator.
    pub name: String,
    /// Cache and credentials.
    pub data_dir: PathBuf,
    /// Tells the time and learns it.
    pub clock: Arc<dyn Clock>,
    /// To the player.
    pub player: Sender<PlayerRequest>,
    /// Learns how often plays were scanned.
    pub context: Arc<LiveContext>,
    /// The venue's time zone, by the name that IANA gives it.
    pub zone: String,
    /// Told after each recorded play.
    pub recorded: Arc<Notify>,
    /// How often content is asked for.
    pub poll: Duration,
}

/// The player has ended, so there is nothing left to do.
#[derive(Debug)]
struct PlayerGone;

impl Uplink {
    /// Pairs the screen if need be, then syncs until the player ends.
    pub async fn run(self) {
        // Every way out means that the player has ended, and with it all that the uplink could do.
        let PlayerGone = self.serve().await;
    }

    async fn serve(self) -> PlayerGone {
        let enrolment = match self.enrolment().await {
            Ok(enrolment) => enrolment,
            Err(gone) => return gone,
        };
        let seen = match self.ask(PlayerRequest::ManifestSeen).await {
            Ok(seen) => seen,
            Err(gone) => return gone,
        };
        let client = HubClient::new(&enrolment.hub, Some(enrolment.credentials.bearer.clone()));
        let screen = enrolment.credentials.screen;
        let plays = plays::Plays::new(self.clone(), client.clone(), screen);
        let cache = Cache::new(&self.data_dir);
        let counts = tallies::Counts::new(self.clone(), client.clone(), enrolment.clone());
        let content = content::Content::new(self, client, enrolment, cache, seen);
        tokio::select! {
            gone = content.run() => gone,
            gone = plays.run() => gone,
            gone = counts.run() => gone,
        }
    }

    /// The enrolment on disk, or a new one once an operator has claimed this screen.
    async fn enrolment(&self) -> Result<Enrolment, PlayerGone> {
        loop {
            match Enrolment::load(&self.data_dir) {
                Ok(Some(enrolment)) if enrolment.hub == self.hub_url => return Ok(enrolment),
                Ok(Some(enrolment)) => {
                    tracing::warn!(
                        "this screen was enrolled with {}, the settings name {}; it is enrolled anew",
                        enrolment.hub,
                        self.hub_url
                    );
                }
                Ok(None) => {}
                Err(error) => tracing::warn!("{error}"),
            }
            let (told, player) = (std::cell::RefCell::new(None), self.player.clone());
            let waiting = |pairing: &crate::link::Pairing| {
                if told.borrow().as_ref() != Some(pairing) {
                    *told.borrow_mut() = Some(pairing.clone());
                    // A player that has ended is noticed below.
                    let _ = player.send(PlayerRequest::Pairing(pairing.clone()));
                }
            };
            match enrol(
                &self.hub_url,
                None,
                &self.name,
                &self.data_dir,
                None,
                waiting,
            )
            .await
            {
                Ok(enrolment) => {
                    self.tell(PlayerRequest::Enrolled(Box::new(enrolment.clone())))?;
                    return Ok(enrolment);
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    tokio::time::sleep(Duration::from_secs(10)).await;
                }
            }
        }
    }

    fn tell(&self, request: PlayerRequest) -> Result<(), PlayerGone> {
        self.player.send(request).map_err(|_| PlayerGone)
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> PlayerRequest,
    ) -> Result<T, PlayerGone> {
        let (reply, answer) = oneshot::channel();
        self.tell(request(reply))?;
        answer.await.map_err(|_| PlayerGone)
    }

    /// Learns the time from a hub's answer that was asked for at `asked_ms` and came at `answered_ms`.
    fn learn_time(
        &self,
        asked_ms: u64,
        answered_ms: u64,
        server_time_ms: i64,
    ) -> Result<(), PlayerGone> {
        let middle_ms = asked_ms + answered_ms.saturating_sub(asked_ms) / 2;
        // Also a word that says nothing new is one for the time as it is.
        self.clock.learn(middle_ms, server_time_ms);
        match self.clock.now().anchor() {
            Some(anchor) => self.tell(PlayerRequest::Anchor(anchor)),
            None => Ok(()),
        }
    }
}
