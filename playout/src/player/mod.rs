//! The player: schedule and ledger, and the only writer of the database.
//!
//! It sleeps until something happens: an event of the stage, a slide from the composer, a request,
//! a word of the operator's, or the end of a play. Each zone of the screen is a [`Track`] that goes
//! its own way; one loop serves all.
//!
//! Invariants:
//! - A play is booked and recorded when its successor was presented, with the time it was really
//!   visible. In a zone plays abut, so their times add up to the time that passed; plays of
//!   different zones overlap.
//! - A slide is swapped in only after the stage said that it is loaded; until then its predecessor
//!   stays.
//! - In each zone, when nothing is eligible or everything fails, the house creative airs. An item
//!   that fails is skipped for a while and its reason reported once.
//! - Every wait for a composer or the stage has a bound; after it the slide is given up and the
//!   next one made.

mod choose;
mod composer_pool;
mod content;
mod events;
mod keep;
mod notice;
mod overlay;
mod problem_log;
mod react;
pub mod record;
mod request_handling;
mod slide_orders;
pub mod time;
mod time_events;
mod track;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, Sender, never, select};
use tokio::sync::Notify;

use crate::content::active::ActiveContent;
use crate::content::cache::Cache;
use crate::content::catalog::Catalog;
use crate::content::emergency::EmergencyWatch;
use crate::content::folders::Folders;
use crate::identity::credentials::Enrolment;
use crate::ledger::{Ledger, LedgerError};
use crate::messages::player_requests::NetworkStatus;
use crate::messages::player_requests::{Pairing, PlayerRequest, Transfers};
use crate::messages::stage_messages::{Composer, StageCommand, StageEvent, Ticket, Transition};
use crate::player::composer_pool::ComposerPool;
use crate::player::overlay::Overlay;
use crate::player::problem_log::ProblemLog;
use crate::player::record::Recorder;
use crate::player::time::Time;
use crate::player::track::{Progress, Track};
use crate::schedule::live_context::LiveContext;
use crate::schedule::rotation::{Rotation, Rules};
use crate::screen::display::Displays;
use crate::screen::geometry::{Geometry, Zone};
use crate::screen::layout::PlacedZone;
use crate::settings::config::Config;
use crate::system::clock::{Clock, Moment};

/// How long a transition takes.
pub const FADE: Duration = Duration::from_millis(600);
/// After this long an item that failed is tried again, in milliseconds.
const RETRY_MS: u64 = 10 * 60_000;
/// The same for a web page, whose picture may have come meanwhile.
const PAGE_RETRY_MS: u64 = 30_000;
/// After this long a built-in screen that failed is tried again, in milliseconds.
const BUILT_IN_RETRY_MS: u64 = 10_000;
/// How often it is asked whether the hub's content has expired.
const EXPIRY_MS: u64 = 5_000;

/// Sends commands to the stage and wakes it.
pub trait StageLink<S>: Send {
    /// Sends a command; one that comes after the stage has ended is lost.
    fn send(&self, command: StageCommand<S>);
}

impl<S: Send> StageLink<S> for Sender<StageCommand<S>> {
    fn send(&self, command: StageCommand<S>) {
        // The stage has ended; the player hears of it by its own event.
        let _ = Sender::send(self, command);
    }
}

/// What a player is made of.
pub struct Parts<C: Composer, L> {
    /// What `kiosk.toml` says.
    pub config: Config,
    /// Where plays are recorded; nobody else writes to it.
    pub ledger: Ledger,
    /// What the terminal's own folders hold.
    pub local: Catalog,
    /// The hub, if the screen is enrolled.
    pub enrolment: Option<Enrolment>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes slides of files.
    pub composer: C,
    /// Makes what is drawn from nothing, emergencies and the house creative, which never wait
    /// behind a slow file.
    pub urgent: C,
    /// To the stage.
    pub stage: L,
    /// From the stage.
    pub events: Receiver<StageEvent>,
    /// From hub link, local page and program.
    pub requests: Receiver<PlayerRequest>,
    /// What others tell the screen.
    pub context: Arc<LiveContext>,
    /// Told after each recorded play.
    pub recorded: Arc<Notify>,
    /// Leave after this many milliseconds.
    pub run_for_ms: Option<u64>,
}

/// The player. See the module.
pub struct Player<C: Composer, L> {
    config: Config,
    rules: Rules,
    recorder: Recorder,
    problems: ProblemLog,
    local: Catalog,
    folders: Folders,
    expiry_at_ms: u64,
    /// When the composer is told again what may be shown; 0 when that changed.
    expect_at_ms: u64,
    cache: Cache,
    manifest: Option<Arc<ActiveContent>>,
    transfers: Transfers,
    enrolment: Option<Enrolment>,
    /// Whether the hub has refused this screen since its last manifest.
    is_revoked: bool,
    pairing: Option<Pairing>,
    network: NetworkStatus,
    clock: Arc<dyn Clock>,
    context: Arc<LiveContext>,
    /// The version of the facts that the picks rest on.
    facts_version: u64,
    stage: L,
    pool: ComposerPool<C::Slide>,
    /// What the composers find out in the background.
    findings: [Receiver<String>; 2],
    /// The whole output; none until the stage has said what it is.
    output: Option<Geometry>,
    /// The zones on that output, in the order of the tracks.
    places: Vec<PlacedZone>,
    /// One a zone, `main` first.
    tracks: Vec<Track>,
    overlay: Overlay,
    time: Time,
    /// Whether dated content could be judged when the catalogue was last looked at.
    clock_known: bool,
    displays: Displays,
    tickets: u64,
    stop_at_ms: Option<u64>,
    events: Receiver<StageEvent>,
    requests: Receiver<PlayerRequest>,
}

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    /// Puts a player together and starts its threads: two composers, and two that watch for
    /// emergencies and local content.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn new(parts: Parts<C, L>) -> Result<Self, LedgerError> {
        let Parts {
            config,
            mut ledger,
            local,
            enrolment,
            clock,
            composer,
            urgent,
            stage,
            events,
            requests,
            context,
            recorded,
            run_for_ms,
        } = parts;
        if let Some(enrolment) = &enrolment {
            ledger.begin_numbers(enrolment.credentials.play_floor)?;
        }
        time::resume(&*clock, &ledger)?;
        let now_ms = clock.now().boot_ms;
        let (watch, emergency_file) = EmergencyWatch::start(&config.data_dir);
        let rules = config.rules();
        ledger.set_limits(config.ledger);
        let mut recorder =
            Recorder::new(ledger, recorded, config.layout.names())?.commit_every(config.commit_ms);
        let tracks = config.layout.names().zip(0u8..).map(|(name, number)| {
            let accounts = &mut recorder.history_mut(usize::from(number)).accounts;
            let rotation = Rotation::new(rules.clone(), Catalog::new(), accounts);
            Track::new(Zone(number), name, rotation)
        });
        let tracks = tracks.collect();
        let mut player = Self {
            rules,
            recorder,
            problems: ProblemLog::default(),
            folders: Folders::start(config.folders.clone()),
            expiry_at_ms: now_ms + EXPIRY_MS,
            expect_at_ms: 0,
            cache: Cache::new(&config.data_dir),
            local,
            manifest: None,
            transfers: Transfers::default(),
            enrolment,
            is_revoked: false,
            pairing: None,
            network: NetworkStatus::default(),
            clock,
            stage,
            findings: [composer.findings(), urgent.findings()],
            pool: ComposerPool::start(composer, urgent),
            output: None,
            places: Vec::new(),
            tracks,
            context,
            facts_version: 0,
            overlay: Overlay::new(watch),
            time: Time::default(),
            clock_known: false,
            displays: Displays::new(config.displays.clone()),
            tickets: 0,
            stop_at_ms: run_for_ms.map(|run_for| now_ms + run_for),
            events,
            requests,
            config,
        };
        player.on_emergency_file(emergency_file);
        player.rebuild_catalog();
        Ok(player)
    }

    /// Plays until it is told to stop, the stage closes or its time is up.
    pub fn run(mut self) {
        // A thread that could not start must not be heard over and over.
        let mut emergency_changes = self.overlay.watch().changes().clone();
        let mut contents = self.folders.contents().clone();
        loop {
            self.note_time();
            self.advance();
            let now = self.clock.now();
            if self.stop_at_ms.is_some_and(|stop| now.boot_ms >= stop) {
                break;
            }
            let wait =
                Duration::from_millis(self.wakes_at_ms(now.boot_ms).saturating_sub(now.boot_ms));
            let is_busy = self.output.is_none()
                || self.overlay.is_busy()
                || self.tracks.iter().any(Track::is_busy);
            let go_on = select! {
                recv(self.events) -> event => event.is_ok_and(|event| self.on_stage(event)),
                recv(self.pool.finished()) -> finished => finished.is_ok_and(|(ticket, slide)| { self.on_composed(ticket, slide); true }),
                recv(self.requests) -> request => request.is_ok_and(|request| self.on_request(request)),
                recv(self.findings[0]) -> found => { self.on_finding(0, found); true }
                recv(self.findings[1]) -> found => { self.on_finding(1, found); true }
                recv(emergency_changes) -> emergency_file => {
                    match emergency_file {
                        Ok(emergency_file) => self.on_emergency_file(emergency_file),
                        Err(_) => emergency_changes = never(),
                    }
                    true
                }
                recv(contents) -> content => {
                    match content {
                        Ok(content) => self.on_local(content),
                        Err(_) => contents = never(),
                    }
                    true
                }
                default(self.clock.pace(wait, is_busy)) => { self.clock.waited(wait); true }
            };
            if !go_on {
                break;
            }
        }
        self.finish();
    }

    /// Tells what a composer found out, as long as there is a composer.
    fn on_finding(&mut self, composer: usize, found: Result<String, RecvError>) {
        match found {
            Ok(problem) => self.problems.report(problem),
            Err(_) => self.findings[composer] = never(),
        }
    }

    /// Does what is due now.
    fn advance(&mut self) {
        let now = self.clock.now();
        if now.boot_ms >= self.expiry_at_ms {
            self.check_expiry(&now);
        }
        if let Some(problem) = self.recorder.commit_due(now.boot_ms) {
            self.problems.report(problem);
        }
        if self.output.is_none() {
            return;
        }
        if now.boot_ms >= self.expect_at_ms {
            self.tell_what_comes(now.boot_ms);
        }
        self.react(&now);
        self.advance_notice(&now);
        if self.overlay.comes_first() && self.tracks.iter().all(|track| track.on_air.is_none()) {
            return;
        }
        for at in 0..self.tracks.len() {
            self.give_up_late(at, now.boot_ms);
            self.tell_trouble(at);
            self.advance_track(at, &now);
        }
        self.clear_notice(now.boot_ms);
        self.look_at_displays();
    }

    fn advance_track(&mut self, at: usize, now: &Moment) {
        let is_covered = self.overlay.covers();
        let track = &mut self.tracks[at];
        let is_due = track.is_due(now.boot_ms);
        match &mut track.pending {
            None => self.prepare(at, now),
            Some(pending)
                if pending.progress() == Progress::Ready
                    && (is_due || pending.redress || is_covered) =>
            {
                pending.advance(Progress::Swapping, now.boot_ms);
                let transition = if track.on_air.is_none() || pending.redress || is_covered {
                    Transition::CUT
                } else {
                    pending.transition
                };
                self.stage.send(StageCommand::Swap {
                    ticket: pending.order.ticket,
                    transition,
                });
            }
            Some(_) => {}
        }
    }

    /// The next moment at which [`Player::advance`] may have something to do without being told.
    fn wakes_at_ms(&self, now_ms: u64) -> u64 {
        self.tracks
            .iter()
            .filter_map(Track::wakes_at_ms)
            .chain(self.overlay.wakes_at_ms(now_ms))
            .chain(self.stop_at_ms)
            .chain(self.recorder.commit_at_ms())
            .chain([self.expiry_at_ms])
            // Before there is an output nobody knows how large anything will be.
            .chain(self.output.is_some().then_some(self.expect_at_ms))
            .min()
            .unwrap_or(u64::MAX)
    }

    fn next_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// The track on which a slide is on its way.
    fn track_of(&self, ticket: Ticket) -> Option<usize> {
        self.tracks
            .iter()
            .position(|track| track.has_pending(ticket))
    }

    /// Lets composer and stage forget a slide that will not be shown.
    fn forget(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.pool.forget(ticket);
            self.stage.send(StageCommand::Drop { ticket });
        }
    }
}

#[cfg(test)]
mod tests;
