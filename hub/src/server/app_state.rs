//! What all handlers share, and their turns at the disk.
//!
//! Invariant: at most [`BLOCKING_MAX`] pieces of work are at the disk at one time, and none of them
//! on an async thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::Semaphore;

use crate::Hub;
use crate::alerts::service::Service as AlertService;
use crate::drafts::look::Looker;
use crate::drafts::subjects::Subjects;
use crate::films::service::Service as FilmService;
use crate::followers::service::Service as FollowerService;
use crate::hooks::Service as HookService;
use crate::keys::pairing_code::PairingCode;
use crate::people::{Actor, Passwords};
use crate::public_url::PublicUrl;
use crate::publish::postcard::PostcardDesk;
use crate::publish::preview::desk::Desk;
use crate::publish::visitor_picture::PictureDesk;
use crate::server::attempts::Attempts;
use crate::server::body::Budget;
use crate::server::counts::PendingCounts;
use crate::server::film_places::FilmPlaces;
use crate::server::held::HeldCalls;
use crate::server::limits::Limits;
use crate::server::metrics::BackgroundRuns;
use crate::server::places::WorkOfPeople;
use crate::server::proxies::Proxies;
use crate::server::publishers::key_paces::KeyPaces;
use crate::server::terminals::frame_rates::FrameRates;
use crate::server::terminals::pairings::Pairings;
use crate::server::terminals::turns::Turns;
use crate::sources::service::Service;
use crate::store::{Claimed, EnrolError};
use crate::system::clock;

/// Most pieces of work that touch the disk at one time. Codes that are opened wait elsewhere, and
/// take one of these places for many.
const BLOCKING_MAX: usize = 64;
/// Most batches of plays that are unpacked and not yet stored at one time; the database takes one
/// at a time.
const DECODING_MAX: usize = 2;

/// Most pictures that come from phones at one time.
const PHONE_UPLOADS_MAX: usize = 16;
/// Most pictures of screens that are read at one time: 4 MiB of memory.
const FRAMES_MAX: usize = 64;

/// What every handler shares.
pub(crate) struct AppState {
    pub(super) hub: Hub,
    pub(super) public_url: PublicUrl,
    pub(super) code_days: i64,
    pub(super) limits: Limits,
    pub(super) key_paces: KeyPaces,
    pub(super) attempts: Attempts,
    pub(super) passwords: Passwords,
    pub(super) pairings: Pairings,
    pub(super) counts: PendingCounts,
    pub(super) proxies: Proxies,
    pub(super) sources: Service,
    pub(super) previews: Arc<Desk>,
    pub(super) postcards: PostcardDesk,
    pub(super) pictures: PictureDesk,
    /// Places for pictures that phones send.
    pub(super) phone_uploads: Arc<Semaphore>,
    pub(super) alerts: AlertService,
    pub(super) followers: FollowerService,
    pub(super) hooks: HookService,
    pub(super) looker: Looker,
    pub(super) films: FilmService,
    pub(super) films_to_phones: FilmPlaces,
    pub(super) subjects: Subjects,
    pub(super) work_of_people: WorkOfPeople,
    pub(super) turns: Turns,
    pub(super) held: Arc<HeldCalls>,
    pub(super) budget: Budget,
    pub(super) decoding: Arc<Semaphore>,
    pub(super) frame_rates: FrameRates,
    /// Pictures of screens that may be read now.
    pub(super) frames: Arc<Semaphore>,
    pub(super) background: BackgroundRuns,
    /// Whether the work that one process does for all is this process's, when it was asked last.
    pub(super) does_background_work: AtomicBool,
    blocking: Arc<Semaphore>,
}

/// The same for all of them.
pub(super) type Shared = Arc<AppState>;

impl AppState {
    pub(super) fn new(
        hub: Hub,
        public_url: PublicUrl,
        code_days: i64,
        proxies: Proxies,
        (sources, alerts, followers, hooks): (Service, AlertService, FollowerService, HookService),
        fonts: &[PathBuf],
    ) -> Self {
        hub.store.bound_waits();
        Self {
            previews: Arc::new(Desk::new(hub.folder()).with_fonts(fonts)),
            postcards: PostcardDesk::new(),
            pictures: PictureDesk::new(),
            phone_uploads: Arc::new(Semaphore::new(PHONE_UPLOADS_MAX)),
            hub,
            public_url,
            code_days,
            proxies,
            sources,
            alerts,
            followers,
            hooks,
            looker: Looker::of_this_program().with_fonts(fonts),
            films: FilmService::of_this_program(),
            films_to_phones: FilmPlaces::new(),
            subjects: Subjects::default(),
            work_of_people: WorkOfPeople::default(),
            background: BackgroundRuns::default(),
            turns: Turns::default(),
            held: Arc::default(),
            budget: Budget::new(),
            decoding: Arc::new(Semaphore::new(DECODING_MAX)),
            frame_rates: FrameRates::default(),
            frames: Arc::new(Semaphore::new(FRAMES_MAX)),
            does_background_work: AtomicBool::new(false),
            limits: Limits::new(),
            key_paces: KeyPaces::default(),
            attempts: Attempts::default(),
            passwords: Passwords::default(),
            pairings: Pairings::new(clock::now_ms()),
            counts: PendingCounts::default(),
            blocking: Arc::new(Semaphore::new(BLOCKING_MAX)),
        }
    }

    /// Claims the screen that shows a code, which waits no more then.
    ///
    /// # Errors
    /// See [`Store::claim`](crate::store::Store::claim).
    pub(super) fn claim(
        &self,
        actor: &Actor,
        code: &PairingCode,
        named: (&str, Option<&str>),
        now_ms: i64,
    ) -> Result<Claimed, EnrolError> {
        let claimed = self.hub.store.claim(actor, code, named, now_ms)?;
        self.pairings.ended(code);
        Ok(claimed)
    }

    /// Runs work that touches the disk off the async threads.
    pub(super) async fn work<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let turn = Arc::clone(&self.blocking).acquire_owned().await;
        let app = Arc::clone(self);
        let work = move || {
            // Work goes on when nobody waits for it any more, and so it keeps its turn.
            let _turn = turn;
            work(&app)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(value) => value,
            // The connection's task takes the panic; the server goes on.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}
