//! How one terminal asks what its hub has: as `hub_link::content` and `hub_link::tallies` do, with
//! the same client, the same calls and the same state of asking ([`Asking`]).
//!
//! Only the hold is shorter: a hub holds a call for a millisecond where the fleet's day goes on by
//! the time for which the terminal lets it.

use std::sync::Arc;
use std::time::Duration;

use passerby_hub::system::clock;
use passerby_playout::hub_link::asking::{Asking, Call, Came, Times};
use passerby_playout::hub_link::{HubClient, HubError};
use passerby_protocol::changes::{ChangesReply, ChangesRequest, ManifestTag};
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::proof_of_play::DeviceKey;
use passerby_protocol::wire::{Credentials, Heartbeat};
use passerby_protocol::{Manifest, ScreenNumber};

use crate::dice::Dice;
use crate::requests::{Kind, Line, Requests};

/// How long a hub really holds a call for which there is nothing, in milliseconds.
const HOLD_MS: u64 = 1;
/// How long an answer takes in the fleet's time that is not held back, in milliseconds.
const ANSWER_MS: u64 = 200;
/// How long a call takes on a line that is down.
const CONNECT_MS: u64 = 10_000;
/// How long an older hub is left alone; see `HubLink::poll`.
const POLL_MS: u64 = 10_000;
const HOUR_MS: u64 = 3_600_000;
/// For so long a call is really held that waits for a publication.
const NEWS_HOLD_MS: u64 = 50_000;
/// So often it is made anew when its hub is killed meanwhile.
const NEWS_TRIES_MAX: usize = 20;

/// See the module.
pub(crate) struct Asker {
    screen: ScreenNumber,
    client: HubClient,
    requests: Arc<Requests>,
    line: Line,
    /// Shortest time between two calls: what a metered line allows.
    pause_ms: u64,
    manifest_key: [u8; 32],
    heartbeat: Heartbeat,
    dice: Dice,
    asking: Asking,
    next_ms: u64,
    /// The newest version of its manifest that it has taken, in this boot or before.
    seen: u64,
    etag: Option<String>,
    tag: Option<ManifestTag>,
    /// The hour for which it has fetched the counts of scans.
    tallies_hour: Option<u64>,
}

impl Asker {
    pub(crate) fn new(
        credentials: &Credentials,
        client: HubClient,
        requests: Arc<Requests>,
        (line, pause_ms): (Line, u64),
        mut dice: Dice,
    ) -> Self {
        let screen = credentials.screen;
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&dice.bits().to_le_bytes());
        Self {
            screen,
            client,
            requests,
            line,
            pause_ms,
            manifest_key: unhex32(&credentials.manifest_key).unwrap(),
            heartbeat: Heartbeat {
                software: env!("CARGO_PKG_VERSION").to_owned(),
                clock_trusted: true,
                screen_px: [1_920, 1_080],
                disk_free_bytes: 1 << 33,
                key_generation: Some(credentials.generation),
                manifest_key_generation: Some(credentials.manifest_key_generation),
                device: Some(DeviceKey::from_seed(&seed).vouch(screen)),
                ..Heartbeat::default()
            },
            next_ms: dice.between(0, pause_ms),
            dice,
            asking: Asking::new(POLL_MS),
            seen: 0,
            etag: None,
            tag: None,
            tallies_hour: None,
        }
    }

    /// When it asks next, in milliseconds of the day.
    pub(crate) const fn next_ms(&self) -> u64 {
        self.next_ms
    }

    /// The program begins anew: what it has on disk it has still, what it knew of its hub is gone.
    pub(crate) fn begin_anew(&mut self) {
        self.asking = Asking::new(POLL_MS);
        (self.etag, self.tag, self.tallies_hour) = (None, None, None);
    }

    /// Asks, and sees to it that the next call comes when it should.
    pub(crate) async fn ask(&mut self, now_ms: u64, is_cut_off: bool) {
        let call = self.asking.call(now_ms);
        let Call::Changes { hold_ms } = call else {
            panic!("screen {}: this hub has the call for changes", self.screen);
        };
        let (came, took_ms) = if is_cut_off {
            (broken(None), CONNECT_MS)
        } else {
            self.changes(now_ms, hold_ms).await
        };
        let times = Times {
            asked_ms: now_ms,
            now_ms: now_ms + took_ms,
        };
        let mut pause_ms = self.asking.came(call, came, times, self.dice.bits());
        if let Came::Changes { .. } = came {
            // What a call costs does not depend on how long it was held.
            pause_ms = pause_ms.max(self.pause_ms.saturating_sub(took_ms));
        }
        self.next_ms = times.now_ms + pause_ms;
    }

    /// One call, and what it says is new. Returns what came of it, and after what time of the day.
    async fn changes(&mut self, now_ms: u64, hold_ms: Option<u64>) -> (Came, u64) {
        let is_held = hold_ms.is_some_and(|hold_ms| hold_ms > 0);
        let within_ms = hold_ms.unwrap_or(0);
        let reply = match self
            .call(hold_ms.is_some(), u64::from(is_held) * HOLD_MS)
            .await
        {
            Ok(reply) => reply,
            // It breaks at any moment of its hold.
            Err(error) => return (what_failed(&error), self.dice.between(0, within_ms)),
        };
        let is_news = !self.has(&reply);
        let before = self.tag;
        if self.tag != Some(reply.manifest)
            && let Err(came) = self.fetch().await
        {
            return (came, ANSWER_MS);
        }
        self.tallies(now_ms).await;
        let took_ms = if !is_news && is_held && reply.held_ms >= HOLD_MS {
            within_ms
        } else if is_news && is_held {
            self.dice.between(0, within_ms)
        } else {
            ANSWER_MS
        };
        let came = Came::Changes {
            pace: reply.pace,
            is_news,
            is_taken: self.has(&reply) || self.tag != before,
        };
        (came, took_ms)
    }

    async fn call(&self, says_what_it_has: bool, hold_ms: u64) -> Result<ChangesReply, HubError> {
        self.requests.count(self.line, Kind::Changes).await;
        let request = ChangesRequest {
            heartbeat: Heartbeat {
                manifest_version: self.seen,
                ..self.heartbeat.clone()
            },
            manifest: self.tag.filter(|_| says_what_it_has),
            key_generation: self.heartbeat.key_generation,
            hold_ms,
            frame: 0,
        };
        self.client.changes(self.screen, &request).await
    }

    fn has(&self, reply: &ChangesReply) -> bool {
        self.tag == Some(reply.manifest)
            && self.heartbeat.key_generation == Some(reply.key_generation)
    }

    /// Fetches the manifest and checks it.
    async fn fetch(&mut self) -> Result<(), Came> {
        self.requests.count(self.line, Kind::Manifest).await;
        let fetched = self.client.manifest(self.screen, self.etag.as_deref());
        let Some(sealed) = fetched.await.map_err(|error| what_failed(&error))? else {
            return Ok(());
        };
        let manifest = Manifest::open(
            &sealed.body,
            &sealed.signature,
            &self.manifest_key,
            self.screen,
            self.seen,
            Some(clock::now_ms()),
        );
        // The hub was put back meanwhile, and hears with the next call what the screen has.
        let manifest = manifest.map_err(|_| Came::Failed {
            retry_after_ms: None,
        })?;
        self.seen = manifest.version;
        self.tag = Some(ManifestTag {
            version: manifest.version,
            key_generation: self.heartbeat.manifest_key_generation.unwrap(),
        });
        self.etag = sealed.etag;
        Ok(())
    }

    /// Fetches the counts of scans once an hour; a hub says so by its own clock, which stands still
    /// here.
    async fn tallies(&mut self, now_ms: u64) {
        let hour = (now_ms + u64::from(self.screen.get()) * 7_919) / HOUR_MS;
        if self.tallies_hour == Some(hour) {
            return;
        }
        self.requests.count(self.line, Kind::Tallies).await;
        // What does not come now comes with a later call.
        if self
            .client
            .tallies(self.screen, "Asia/Shanghai")
            .await
            .is_ok()
        {
            self.tallies_hour = Some(hour);
        }
    }

    /// Waits for something new, in a call that is really held, and says how long that took.
    ///
    /// # Panics
    /// There was none in all that time.
    pub(crate) async fn hear_news(&mut self) -> Duration {
        let begun = std::time::Instant::now();
        for _ in 0..NEWS_TRIES_MAX {
            let Ok(reply) = self.call(true, NEWS_HOLD_MS).await else {
                // Its hub was killed; another one has the news by now, or holds the call.
                continue;
            };
            if self.has(&reply) {
                assert!(
                    reply.held_ms < NEWS_HOLD_MS,
                    "screen {} was told nothing",
                    self.screen
                );
                continue;
            }
            if self.fetch().await.is_ok() {
                return begun.elapsed();
            }
        }
        panic!("screen {} heard nothing new", self.screen);
    }

    /// Whether it holds what a hub has, as far as it knows.
    pub(crate) const fn is_up_to_date(&self) -> bool {
        self.tag.is_some()
    }
}

const fn broken(retry_after_ms: Option<u64>) -> Came {
    Came::Broken { retry_after_ms }
}

/// What a failed call means; see `hub_link::content`.
fn what_failed(error: &HubError) -> Came {
    match error {
        HubError::Unreachable { .. } | HubError::TimedOut { .. } => broken(None),
        HubError::Away { retry_after_ms, .. } => broken(*retry_after_ms),
        HubError::Status {
            status: 400..=499, ..
        } => panic!("a hub refuses its own screen: {error}"),
        HubError::Status { retry_after_ms, .. } => Came::Failed {
            retry_after_ms: *retry_after_ms,
        },
        _ => Came::Failed {
            retry_after_ms: None,
        },
    }
}
