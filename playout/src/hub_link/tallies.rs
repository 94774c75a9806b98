//! Brings the hub's counts of scans, which adaptive campaigns and goals of scans go by.
//!
//! Invariant: the newest counts are kept on disk, so a terminal that starts without a network still
//! knows what is scanned.

use std::path::Path;
use std::time::Duration;

use passerby_folder::durable_file;
use passerby_protocol::ScreenNumber;
use passerby_protocol::limits::TALLY_BYTES_MAX;
use passerby_protocol::tally::Tallies;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::hub_link::back_off::back_off_ms;
use crate::hub_link::client::HubClient;
use crate::hub_link::hub_error::HubError;
use crate::hub_link::link::{HubLink, PlayerGone};
use crate::identity::credentials::Enrolment;
use crate::messages::player_requests::PlayerRequest;
use crate::system::random;

/// The counts' name in data.dir.
const FILE_NAME: &str = "tallies.json";
/// How often they are asked for, of a hub that does not say when. They are a day old by nature.
const PERIOD: Duration = Duration::from_secs(3_600);

/// The counts of a screen that were kept, if they are whole.
pub fn kept_tallies(data_dir: &Path, screen: ScreenNumber) -> Option<Tallies> {
    let bytes = std::fs::read(data_dir.join(FILE_NAME)).ok()?;
    let tallies: Tallies = (bytes.len() <= TALLY_BYTES_MAX)
        .then(|| serde_json::from_slice(&bytes).ok())
        .flatten()?;
    (tallies.screen == screen).then_some(tallies)
}

pub(super) struct TallyFetcher {
    hub_link: HubLink,
    client: HubClient,
    enrolment: Enrolment,
    /// What the hub said last of them; it changes when they are worth fetching. `None` from a hub
    /// that does not say so.
    due: watch::Receiver<Option<u64>>,
}

impl TallyFetcher {
    pub(super) const fn new(
        hub_link: HubLink,
        client: HubClient,
        enrolment: Enrolment,
        due: watch::Receiver<Option<u64>>,
    ) -> Self {
        Self {
            hub_link,
            client,
            enrolment,
            due,
        }
    }

    pub(super) async fn run(mut self) -> PlayerGone {
        match self.work().await {
            Ok(never) => never,
            Err(gone) => gone,
        }
    }

    async fn work(&mut self) -> Result<PlayerGone, PlayerGone> {
        let screen = self.enrolment.credentials.screen;
        if let Some(kept) = kept_tallies(&self.hub_link.data_dir, screen) {
            self.learn(&kept)?;
        }
        let mut failures = 0;
        loop {
            let asked = self.client.tallies(screen, &self.hub_link.zone).await;
            match asked {
                Ok(tallies) if tallies.screen == screen => {
                    failures = 0;
                    self.learn(&tallies)?;
                    self.keep(&tallies);
                }
                Ok(_) => {}
                // An older hub has no such call, and a revoked screen is told so elsewhere.
                Err(HubError::Status {
                    status: 400..=499, ..
                }) => {}
                Err(error) => {
                    tracing::debug!("how often plays were scanned is not known: {error}");
                    failures += 1;
                    let pause_ms = back_off_ms(failures, None, random::u64());
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                    continue;
                }
            }
            tokio::time::sleep(self.hub_link.line.meter.pause(1)).await;
            self.due_again().await;
        }
    }

    /// Waits until they are worth fetching again: when the hub says so, or their time is over.
    async fn due_again(&mut self) {
        let (begun, mut known) = (Instant::now(), *self.due.borrow_and_update());
        loop {
            // A hub that says when is given more time, since its word may come late.
            let time = if known.is_some() { 2 * PERIOD } else { PERIOD };
            let changed = timeout_at(begun + time, self.due.changed());
            if !matches!(changed.await, Ok(Ok(()))) {
                return;
            }
            let said = *self.due.borrow_and_update();
            match (known, said) {
                // What the hub says first is of the counts that were just fetched.
                (None, _) | (_, None) => known = said.or(known),
                (Some(known), Some(said)) if known == said => {}
                (Some(_), Some(_)) => return,
            }
        }
    }

    fn learn(&self, tallies: &Tallies) -> Result<(), PlayerGone> {
        match self.hub_link.context.learn_scans(tallies) {
            Ok(()) => self.hub_link.tell(PlayerRequest::ContextChanged),
            Err(error) => {
                tracing::warn!("the hub's counts of scans are not taken: {error}");
                Ok(())
            }
        }
    }

    fn keep(&self, tallies: &Tallies) {
        let json = serde_json::to_vec(tallies).unwrap_or_default();
        let path = self.hub_link.data_dir.join(FILE_NAME);
        if let Err(error) = durable_file::write_private(&path, &json) {
            tracing::debug!("{}: cannot be written: {error}", path.display());
        }
    }
}
