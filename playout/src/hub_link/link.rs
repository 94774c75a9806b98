//! What all parts of the hub link share, and how they talk to the player.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use passerby_protocol::screen_traits::ScreenTraits;
use tokio::sync::{Notify, oneshot};

use crate::content::cache;
use crate::hub_link::connection::HubConnection;
use crate::hub_link::frame_maker::FrameMaker;
use crate::messages::player_requests::{NetworkStatus, PlayerRequest};
use crate::schedule::live_context::LiveContext;
use crate::system::clock::Clock;

/// What the hub link is made of.
#[derive(Clone)]
pub struct HubLink {
    /// The hub's address.
    pub hub_url: String,
    /// The screen's name, as a suggestion to the operator.
    pub name: String,
    /// What the hub is told of the screen.
    pub traits: ScreenTraits,
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
    /// What the cache may take.
    pub cache: cache::CacheSettings,
    /// Told after each recorded play.
    pub recorded: Arc<Notify>,
    /// How often content is asked for, of a hub that does not say when.
    pub poll: Duration,
    /// How the hub is reached.
    pub line: HubConnection,
    /// Makes small pictures of the screen for the hub; none where none are to be sent.
    pub frames: Option<FrameMaker>,
}

/// The player has ended, so there is nothing left to do.
#[derive(Debug)]
pub(super) struct PlayerGone;

impl HubLink {
    /// Whether pictures of the screen are sent.
    pub(super) fn sends_frames(&self) -> bool {
        self.frames.is_some() && self.line.meter.takes_frames()
    }

    /// Tells the player something.
    pub(super) fn tell(&self, request: PlayerRequest) -> Result<(), PlayerGone> {
        self.player.send(request).map_err(|_| PlayerGone)
    }

    /// Asks the player something.
    pub(super) async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> PlayerRequest,
    ) -> Result<T, PlayerGone> {
        let (reply, answer) = oneshot::channel();
        self.tell(request(reply))?;
        answer.await.map_err(|_| PlayerGone)
    }

    /// Learns the time from a hub's answer that was asked for at `asked_ms` and came at
    /// `answered_ms`.
    pub(super) fn learn_time(
        &self,
        asked_ms: u64,
        answered_ms: u64,
        server_time_ms: i64,
    ) -> Result<(), PlayerGone> {
        let asked = (asked_ms, answered_ms);
        let Some(heard) = self.line.hub_time.hear(&*self.clock, asked, server_time_ms) else {
            return Ok(());
        };
        let words = heard.err();
        if let Some(words) = &words {
            tracing::warn!("{words}");
        }
        self.learn(|network| network.clock = words)?;
        match self.clock.now().anchor() {
            Some(anchor) => self.tell(PlayerRequest::Anchor(anchor)),
            None => Ok(()),
        }
    }

    /// Tells the player how the line is doing, if that changed.
    pub(super) fn learn(&self, change: impl FnOnce(&mut NetworkStatus)) -> Result<(), PlayerGone> {
        match self.line.learn(change) {
            Some(status) => self.tell(PlayerRequest::Network(status)),
            None => Ok(()),
        }
    }
}
