//! Asks for the hub's manifest, checks it and puts it into the manifest store;
//! [`crate::hub_link::transfer`] fetches what it names.
//!
//! Invariant: it never waits for a file, so a campaign that was taken off leaves at once.

use std::rc::Rc;

use passerby_protocol::manifest_keys::EndorsementError;
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Manifest, manifest::ManifestError};

use crate::content::cache::Space;
use crate::hub_link::back_off::back_off_ms;
use crate::hub_link::client::{HubClient, SealedManifest};
use crate::hub_link::hub_error::HubError;
use crate::hub_link::link::{HubLink, PlayerGone};
use crate::hub_link::manifest_store::ManifestStore;
use crate::hub_link::send_state::REFUSED_MS;
use crate::identity::credentials::CredentialsError;
use crate::identity::credentials::Enrolment;
use crate::identity::device_key;
use crate::messages::player_requests::PlayerRequest;
use crate::system::random;

/// Why content did not come this time.
#[derive(Debug, thiserror::Error)]
enum ContentError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Key(LearnError),
}

impl From<LearnError> for ContentError {
    fn from(error: LearnError) -> Self {
        match error {
            // What the hub answers means the same whatever was asked.
            LearnError::Hub(error) => Self::Hub(error),
            other => Self::Key(other),
        }
    }
}

pub(super) struct ManifestFetcher {
    pub(super) hub_link: HubLink,
    pub(super) client: HubClient,
    pub(super) enrolment: Enrolment,
    pub(super) store: Rc<ManifestStore>,
    seen: u64,
    etag: Option<String>,
}

impl ManifestFetcher {
    pub(super) fn new(
        hub_link: HubLink,
        client: HubClient,
        enrolment: Enrolment,
        store: Rc<ManifestStore>,
        seen: u64,
    ) -> Self {
        Self {
            hub_link,
            client,
            enrolment,
            store,
            seen,
            etag: None,
        }
    }

    pub(super) async fn run(mut self) -> PlayerGone {
        match self.work().await {
            Ok(never) => never,
            Err(gone) => gone,
        }
    }

    async fn work(&mut self) -> Result<PlayerGone, PlayerGone> {
        self.tell_content()?;
        let mut failures = 0;
        loop {
            let pause = match self.round().await? {
                Ok(()) => {
                    failures = 0;
                    self.hub_link.learn(|network| network.content = None)?;
                    self.hub_link.poll.max(self.hub_link.line.meter.pause(2))
                }
                Err(ContentError::Hub(HubError::Status {
                    status: 401 | 403 | 410,
                    title,
                    ..
                })) => {
                    let words = format!(
                        "the hub refuses this screen ({title}); enrol it again with `passerby enroll`"
                    );
                    self.store.clear();
                    tracing::error!("{words}");
                    self.hub_link
                        .learn(|network| network.content = Some(words))?;
                    self.hub_link.tell(PlayerRequest::Revoked)?;
                    // Should the mistake be the hub's own, nobody need climb up: all of it comes
                    // again then.
                    self.etag = None;
                    std::time::Duration::from_millis(REFUSED_MS)
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    let words = error.to_string();
                    self.hub_link
                        .learn(|network| network.content = Some(words))?;
                    let asked = match &error {
                        ContentError::Hub(
                            HubError::Status { retry_after_ms, .. }
                            | HubError::Away { retry_after_ms, .. },
                        ) => *retry_after_ms,
                        _ => None,
                    };
                    let pause = back_off_ms(failures, asked, random::u64());
                    failures += 1;
                    std::time::Duration::from_millis(pause)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One heartbeat and one look for new content.
    async fn round(&mut self) -> Result<Result<(), ContentError>, PlayerGone> {
        let status = self.hub_link.ask(PlayerRequest::Status).await?;
        let heartbeat = Heartbeat {
            software: env!("CARGO_PKG_VERSION").to_owned(),
            manifest_version: status.manifest_version,
            clock_trusted: status.clock_trusted,
            plays_waiting: status.plays_waiting,
            screen_px: status.screen_px,
            disk_free_bytes: Space::of(&self.hub_link.data_dir).map_or(0, |space| space.free_bytes),
            key_generation: status.key_generation,
            manifest_key_generation: Some(self.enrolment.credentials.manifest_key_generation),
            device: device_key::load(&self.hub_link.data_dir)
                .ok()
                .flatten()
                .map(|key| key.vouch(self.enrolment.credentials.screen)),
        };
        let asked_ms = self.hub_link.clock.now().boot_ms;
        match self
            .client
            .heartbeat(self.enrolment.credentials.screen, &heartbeat)
            .await
        {
            Ok(reply) => {
                self.hub_link.learn_time(
                    asked_ms,
                    self.hub_link.clock.now().boot_ms,
                    reply.server_time_ms,
                )?;
                self.learn_key(reply.key_generation).await?;
            }
            Err(error) => return Ok(Err(error.into())),
        }
        match self.fetch().await {
            Ok(()) => {
                self.tell_content()?;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Tells the player what may air now, if that is something new.
    fn tell_content(&self) -> Result<(), PlayerGone> {
        let now_ms = self.hub_link.clock.now().wall_ms;
        match self.store.refresh(now_ms) {
            Some(content) => self.hub_link.tell(PlayerRequest::Content(content)),
            None => Ok(()),
        }
    }

    /// Fetches the screen's key when the hub has another one than this terminal: a newer one, or an
    /// older one if the hub was restored from a backup. What fails is tried again with the next
    /// heartbeat; the old key mints until then.
    async fn learn_key(&mut self, wanted: Option<u8>) -> Result<(), PlayerGone> {
        let credentials = &self.enrolment.credentials;
        if wanted.is_none_or(|wanted| wanted == credentials.generation) {
            return Ok(());
        }
        let key = match self.client.token_key(credentials.screen).await {
            Ok(key) => key,
            Err(error) => {
                tracing::warn!("the screen's new key does not come: {error}");
                return Ok(());
            }
        };
        let mut enrolment = self.enrolment.clone();
        enrolment.credentials.generation = key.generation;
        enrolment.credentials.token_key.clone_from(&key.token_key);
        // On disk first: a terminal that forgot its key after the hub heard of it would mint codes
        // that are refused.
        if let Err(error) = enrolment.save(&self.hub_link.data_dir) {
            tracing::warn!("the screen's new key cannot be kept: {error}");
            return Ok(());
        }
        tracing::info!("codes are minted with key {} from now on", key.generation);
        self.enrolment = enrolment;
        self.hub_link.tell(PlayerRequest::Key(key))
    }

    /// Puts a new manifest into the store, if there is one.
    async fn fetch(&mut self) -> Result<(), ContentError> {
        let Some(sealed) = self
            .client
            .manifest(self.enrolment.credentials.screen, self.etag.as_deref())
            .await?
        else {
            return Ok(());
        };
        let manifest = self.open_or_learn(&sealed).await?;
        self.seen = self.seen.max(manifest.version);
        self.store.put(manifest, &sealed);
        self.etag = sealed.etag;
        Ok(())
    }

    /// Checks a manifest; when its signature does not fit, perhaps the hub signs with another key
    /// by now.
    async fn open_or_learn(&mut self, sealed: &SealedManifest) -> Result<Manifest, ContentError> {
        match self.open(&sealed.body, &sealed.signature) {
            Err(ManifestError::Signature) if self.learn_manifest_key().await? => {
                Ok(self.open(&sealed.body, &sealed.signature)?)
            }
            opened => Ok(opened?),
        }
    }

    fn open(&self, body: &[u8], signature: &str) -> Result<Manifest, ManifestError> {
        let now_ms = self.hub_link.clock.now().wall_ms;
        Manifest::open(
            body,
            signature,
            &self.enrolment.manifest_key(),
            self.enrolment.credentials.screen,
            self.seen,
            now_ms,
        )
    }
}

/// Why the hub's new key is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum LearnError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(
        "{0}; the hub may have been restored from a backup made before `passerby-hub key rotate`: restore its newest keys, or enrol this screen again with a token of `passerby-hub screen renew`"
    )]
    Endorsement(#[from] EndorsementError),
    #[error("the hub's new key cannot be kept: {0}")]
    Credentials(#[from] CredentialsError),
}
