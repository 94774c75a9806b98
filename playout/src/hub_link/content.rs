//! Asks what the hub has for this screen, fetches its manifest, checks it and puts it into the
//! manifest store; [`crate::hub_link::transfer`] fetches what it names.
//!
//! Invariant: it never waits for a file, so a campaign that was taken off leaves at once. When the
//! hub is asked is [`asking`](crate::hub_link::asking)'s to say.

use std::rc::Rc;

use std::time::Duration;

use passerby_protocol::changes::{ChangesReply, ChangesRequest, ManifestTag};
use passerby_protocol::manifest_keys::EndorsementError;
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Manifest, manifest::ManifestError};
use tokio::sync::watch;

use crate::content::cache::Space;
use crate::hub_link::asking::{Asking, Call, Came, Times};
use crate::hub_link::client::{HubClient, SealedManifest};
use crate::hub_link::frames::{Sight, Wishes};
use crate::hub_link::hub_error::HubError;
use crate::hub_link::hub_time::without_hold;
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
    /// The call for changes itself.
    #[error(transparent)]
    Changes(HubError),
    /// Any other.
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
    /// What was fetched last in this run, by the hub's name for it and by ours.
    etag: Option<String>,
    tag: Option<ManifestTag>,
    /// The newest wish for a picture of the screen that the hub has told.
    frame: u64,
    told: Told,
}

/// Who learns what else the hub says.
pub(super) struct Told {
    /// When counts of scans are worth fetching.
    pub(super) tallies_due: watch::Sender<Option<u64>>,
    /// Why a picture of the screen may be worth sending.
    pub(super) wishes: watch::Sender<Wishes>,
}

impl ManifestFetcher {
    pub(super) fn new(
        hub_link: HubLink,
        client: HubClient,
        enrolment: Enrolment,
        store: Rc<ManifestStore>,
        seen: u64,
        told: Told,
    ) -> Self {
        Self {
            hub_link,
            client,
            enrolment,
            store,
            seen,
            etag: None,
            tag: None,
            frame: 0,
            told,
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
        let poll_ms = u64::try_from(self.hub_link.poll.as_millis()).unwrap_or(u64::MAX);
        let mut asking = Asking::new(poll_ms);
        loop {
            let asked_ms = self.hub_link.clock.now().boot_ms;
            let call = asking.call(asked_ms);
            let pause = match self.ask(call).await? {
                Err(
                    ContentError::Changes(HubError::Status {
                        status: 401 | 403 | 410,
                        title,
                        ..
                    })
                    | ContentError::Hub(HubError::Status {
                        status: 401 | 403 | 410,
                        title,
                        ..
                    }),
                ) => {
                    self.refused(&title)?;
                    Duration::from_millis(REFUSED_MS)
                }
                other => {
                    let came = self.told(other)?;
                    let times = Times {
                        asked_ms,
                        now_ms: self.hub_link.clock.now().boot_ms,
                    };
                    let pause_ms = asking.came(call, came, times, random::u64());
                    self.at_least(call, came, pause_ms, times)
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn ask(&mut self, call: Call) -> Result<Result<Came, ContentError>, PlayerGone> {
        match call {
            Call::Changes { hold_ms } => self.changes(hold_ms).await,
            Call::Apart => self.apart().await,
        }
    }

    /// Tells the operator what came of a call. What is returned is for the schedule of calls.
    fn told(&self, came: Result<Came, ContentError>) -> Result<Came, PlayerGone> {
        let error = match came {
            Ok(came) => {
                self.hub_link.learn(|network| network.content = None)?;
                return Ok(came);
            }
            // A hub that does not know the call refuses it, whatever its words are for that.
            Err(ContentError::Changes(HubError::Status {
                status: status @ 400..=499,
                ..
            })) if !matches!(status, 408 | 429) => {
                self.told.tallies_due.send_replace(None);
                self.told
                    .wishes
                    .send_modify(|wishes| wishes.is_taken = false);
                return Ok(Came::NoSuchCall);
            }
            Err(error) => error,
        };
        tracing::warn!("{error}");
        let words = error.to_string();
        self.hub_link
            .learn(|network| network.content = Some(words))?;
        Ok(match error {
            ContentError::Changes(HubError::Unreachable { .. } | HubError::TimedOut { .. }) => {
                Came::Broken {
                    retry_after_ms: None,
                }
            }
            ContentError::Changes(HubError::Away { retry_after_ms, .. }) => {
                Came::Broken { retry_after_ms }
            }
            ContentError::Changes(HubError::Status { retry_after_ms, .. })
            | ContentError::Hub(
                HubError::Status { retry_after_ms, .. } | HubError::Away { retry_after_ms, .. },
            ) => Came::Failed { retry_after_ms },
            _ => Came::Failed {
                retry_after_ms: None,
            },
        })
    }

    /// A metered line asks less often: what a call costs does not depend on how long it was held.
    fn at_least(&self, call: Call, came: Came, pause_ms: u64, times: Times) -> Duration {
        let pause = Duration::from_millis(pause_ms);
        let metered = |calls| self.hub_link.line.meter.pause(calls);
        match (call, came) {
            (_, Came::Apart) => pause.max(metered(2)),
            (Call::Changes { .. }, Came::Changes { .. }) => {
                pause.max(metered(1).saturating_sub(Duration::from_millis(times.took_ms())))
            }
            _ => pause,
        }
    }

    /// The hub does not know this screen any more.
    fn refused(&mut self, title: &str) -> Result<(), PlayerGone> {
        let words =
            format!("the hub refuses this screen ({title}); enrol it again with `passerby enroll`");
        self.store.clear();
        tracing::error!("{words}");
        self.hub_link
            .learn(|network| network.content = Some(words))?;
        self.hub_link.tell(PlayerRequest::Revoked)?;
        // Should the mistake be the hub's own, nobody need climb up: all of it comes again then.
        (self.etag, self.tag) = (None, None);
        Ok(())
    }

    /// Says how the terminal is.
    async fn heartbeat(&self) -> Result<Heartbeat, PlayerGone> {
        let status = self.hub_link.ask(PlayerRequest::Status).await?;
        let sight = Sight::of(&status);
        self.told.wishes.send_if_modified(|wishes| {
            let is_another = wishes.sight != sight;
            wishes.sight = sight;
            is_another
        });
        Ok(Heartbeat {
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
            traits: Some(self.hub_link.traits.clone()),
            sends_frames: self.hub_link.sends_frames(),
        })
    }

    /// One call for everything, and what it says is new. Without `hold_ms` it is answered at once.
    async fn changes(
        &mut self,
        hold_ms: Option<u64>,
    ) -> Result<Result<Came, ContentError>, PlayerGone> {
        let request = ChangesRequest {
            heartbeat: self.heartbeat().await?,
            manifest: self.tag.filter(|_| hold_ms.is_some()),
            key_generation: Some(self.enrolment.credentials.generation),
            hold_ms: hold_ms.unwrap_or(0),
            frame: self.frame,
        };
        let screen = self.enrolment.credentials.screen;
        let asked_ms = self.hub_link.clock.now().boot_ms;
        let reply = match self.client.changes(screen, &request).await {
            Ok(reply) => reply,
            Err(error) => return Ok(Err(ContentError::Changes(error))),
        };
        let answered_ms = self.hub_link.clock.now().boot_ms;
        let (asked_ms, answered_ms) = without_hold((asked_ms, answered_ms), reply.held_ms);
        self.hub_link
            .learn_time(asked_ms, answered_ms, reply.server_time_ms)?;
        let is_wished = self.learn_wish(reply.frame);
        let (is_news, before) = (is_wished || !self.has(&reply), self.tag);
        self.learn_key(Some(reply.key_generation)).await?;
        if self.tag != Some(reply.manifest)
            && let Err(error) = self.fetch().await
        {
            return Ok(Err(error));
        }
        self.tell_content()?;
        self.told.tallies_due.send_if_modified(|due| {
            let is_another = *due != reply.tallies;
            *due = reply.tallies;
            is_another
        });
        Ok(Ok(Came::Changes {
            pace: reply.pace,
            is_news,
            // What was published meanwhile is as good.
            is_taken: self.has(&reply) || self.has_key(&reply) && self.tag != before,
        }))
    }

    /// Passes on that somebody wishes to see the screen; tells whether that is a new wish.
    fn learn_wish(&mut self, frame: Option<u64>) -> bool {
        let wished = frame.unwrap_or(0);
        let is_new = std::mem::replace(&mut self.frame, wished) != wished && wished != 0;
        self.told.wishes.send_if_modified(|wishes| {
            let is_another = is_new || wishes.is_taken != frame.is_some();
            wishes.is_taken = frame.is_some();
            if is_new {
                wishes.asked = wished;
            }
            is_another
        });
        is_new
    }

    fn has(&self, reply: &ChangesReply) -> bool {
        self.tag == Some(reply.manifest) && self.has_key(reply)
    }

    const fn has_key(&self, reply: &ChangesReply) -> bool {
        self.enrolment.credentials.generation == reply.key_generation
    }

    /// One heartbeat and one look for new content, for a hub without a call for both.
    async fn apart(&mut self) -> Result<Result<Came, ContentError>, PlayerGone> {
        let heartbeat = self.heartbeat().await?;
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
                Ok(Ok(Came::Apart))
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
        self.tag = Some(ManifestTag {
            version: manifest.version,
            // Its signature fits this one.
            key_generation: self.enrolment.credentials.manifest_key_generation,
        });
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
