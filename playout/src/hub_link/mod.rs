//! The hub link: everything that goes over the network, on a thread of its own.
//!
//! Invariants:
//! - Playback never waits for it: it talks to the player by bounded messages only.
//! - It writes manifests, pictures and credentials, never the ledger.
//! - What the hub says is believed only after a check: signatures for manifests, hashes for
//!   pictures, JSON of the right form for everything else. Redirects are not followed.
//! - Nothing that this module is told ends it for ever: a hub that refused the screen is asked
//!   again, rarely.

mod answer;
pub mod asking;
pub mod back_off;
mod budget;
mod certificates;
mod client;
mod connection;
mod content;
mod enrol;
mod frame_maker;
mod frames;
pub mod hub_error;
pub mod hub_time;
mod link;
mod manifest_keys;
mod manifest_store;
mod meter;
mod plays;
pub mod send_state;
mod tallies;
mod transfer;

use std::rc::Rc;
use std::time::Duration;

use crate::content::cache::Cache;
use crate::hub_link::link::PlayerGone;
use crate::identity::credentials::Enrolment;
use crate::messages::player_requests::{Pairing, PlayerRequest};

pub(crate) use crate::hub_link::budget::{DAILY_MB, budget_in_words};
pub(crate) use crate::hub_link::certificates::read_ca;
pub use crate::hub_link::client::HubClient;
pub use crate::hub_link::connection::{HubConfig, HubConnection, TimeLimits};
pub use crate::hub_link::enrol::{Attempt, EnrolError, enrol, enrol_on};
pub use crate::hub_link::frame_maker::{FrameMaker, MadeFrame};
pub(crate) use crate::hub_link::frames::frames_in_words;
pub use crate::hub_link::hub_error::HubError;
pub use crate::hub_link::link::HubLink;
pub use crate::hub_link::manifest_store::kept_content;
pub use crate::hub_link::tallies::kept_tallies;

/// How often it is looked whether the terminal was enrolled anew.
const ENROLMENT_POLL: Duration = Duration::from_secs(2);

/// How long to wait before an enrolment or a client is tried again.
const AGAIN: Duration = Duration::from_secs(10);

impl HubLink {
    /// Enrols the screen if need be, then syncs until the player ends.
    pub async fn run(self) {
        // Every way out means that the player has ended, and with it all that the hub link could
        // do.
        let PlayerGone = self.serve().await;
    }

    async fn serve(self) -> PlayerGone {
        let mut enrolment = match self.enrolment().await {
            Ok(enrolment) => enrolment,
            Err(gone) => return gone,
        };
        loop {
            enrolment = tokio::select! {
                gone = self.sync(enrolment.clone()) => return gone,
                another = self.another_enrolment(&enrolment) => another,
            };
            tracing::info!("this is screen {} now", enrolment.credentials.screen);
            let news = PlayerRequest::Enrolled(Box::new(enrolment.clone()));
            if let Err(gone) = self.tell(news) {
                return gone;
            }
        }
    }

    /// Waits until `passerby enroll` has put other credentials beside this running terminal, after
    /// a revocation for example.
    async fn another_enrolment(&self, known: &Enrolment) -> Enrolment {
        loop {
            tokio::time::sleep(ENROLMENT_POLL).await;
            // One that cannot be read is no other one; at the next start it is told.
            if let Ok(Some(found)) = Enrolment::load(&self.data_dir)
                && found.hub == self.hub_url
                && found.credentials.bearer != known.credentials.bearer
            {
                return found;
            }
        }
    }

    async fn sync(&self, enrolment: Enrolment) -> PlayerGone {
        let seen = match self.ask(PlayerRequest::ManifestSeen).await {
            Ok(seen) => seen,
            Err(gone) => return gone,
        };
        let bearer = &enrolment.credentials.bearer;
        let client = loop {
            match HubClient::on(&self.line, &enrolment.hub, Some(bearer.clone())) {
                Ok(client) => break client,
                Err(error) => {
                    tracing::warn!("{error}");
                    let told = self.learn(|network| network.content = Some(error.to_string()));
                    if let Err(gone) = told {
                        return gone;
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        };
        let screen = enrolment.credentials.screen;
        let plays = plays::Plays::new(self.clone(), client.clone(), screen);
        let cache = Cache::new(&self.data_dir);
        let (tallies_due, due) = tokio::sync::watch::channel(None);
        let tally_fetcher =
            tallies::TallyFetcher::new(self.clone(), client.clone(), enrolment.clone(), due);
        let now_ms = self.clock.now().wall_ms;
        let store =
            manifest_store::ManifestStore::load(&self.data_dir, &enrolment, &cache, seen, now_ms);
        let store = Rc::new(store);
        let files = transfer::Transfer::new(self.clone(), client.clone(), cache, store.clone());
        let (wishes, wished) = tokio::sync::watch::channel(frames::Wishes::default());
        let frames = frames::FrameSender::new(self.clone(), client.clone(), screen, wished);
        let content = content::ManifestFetcher::new(
            self.clone(),
            client,
            enrolment,
            store,
            seen,
            content::Told {
                tallies_due,
                wishes,
            },
        );
        tokio::select! {
            gone = content.run() => gone,
            gone = files.run() => gone,
            gone = plays.run() => gone,
            gone = tally_fetcher.run() => gone,
            gone = frames.run() => gone,
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
            let waiting = |pairing: &Pairing| {
                if told.borrow().as_ref() != Some(pairing) {
                    *told.borrow_mut() = Some(pairing.clone());
                    // A player that has ended is noticed below.
                    let _ = player.send(PlayerRequest::Pairing(pairing.clone()));
                }
            };
            match enrol_on(
                &self.line,
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
                    self.learn(|network| network.content = Some(error.to_string()))?;
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}
