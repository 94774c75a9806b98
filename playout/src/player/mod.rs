//! The player: schedule and ledger, and the only writer of the database.
//!
//! It sleeps until something happens: an event of the stage, a slide from the composer, a request, or the end of the
//! play on the screen.
//!
//! Invariants:
//! - A play is booked and recorded when its successor was presented, with the time it was really visible; plays abut,
//!   so their times add up to the time that passed.
//! - A slide is swapped in only after the stage said that it is loaded; until then its predecessor stays.
//! - When nothing is eligible or everything fails, the house creative airs. An item that fails is skipped for a while
//!   and its reason reported once.

mod board;
mod content;
mod record;
mod requests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use tokio::sync::Notify;

use crate::area::Area;
use crate::cache::Cache;
use crate::catalog::{self, Catalog, CatalogItem};
use crate::clock::{Clock, Moment};
use crate::config::Config;
use crate::credentials::Enrolment;
use crate::fairness::{FairShare, ItemKey};
use crate::ledger::{Ledger, LedgerError};
use crate::link::{Pairing, PlayerRequest};
use crate::rotation::{Decision, Rules};
use crate::show::{
    self, ComposeError, Composer, Geometry, SlideOrder, StageCommand, StageEvent, Ticket,
    Transition, Zone,
};
use board::Board;
use record::Recorder;

/// How long a cross-fade takes.
pub const FADE: Duration = Duration::from_millis(600);
/// After this long an item that failed is tried again, in milliseconds.
const RETRY_MS: u64 = 10 * 60_000;
/// How often local folders are looked at for changes.
const RESCAN_MS: u64 = 5_000;
/// How long the end of the program waits for a slide that is on its way to the screen.
const SWAP_WAIT: Duration = Duration::from_millis(500);
/// How long the pairing screen stays when local content airs in turn with it.
const PAIRING_DWELL_MS: u64 = 15_000;

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
    /// Settings.
    pub config: Config,
    /// The ledger.
    pub ledger: Ledger,
    /// Local items.
    pub local: Catalog,
    /// The hub, if the screen is enrolled.
    pub enrolment: Option<Enrolment>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes slides.
    pub composer: C,
    /// To the stage.
    pub stage: L,
    /// From the stage.
    pub events: Receiver<StageEvent>,
    /// From uplink, local page and program.
    pub requests: Receiver<PlayerRequest>,
    /// Told after each recorded play.
    pub recorded: Arc<Notify>,
    /// Leave after this many milliseconds.
    pub run_for_ms: Option<u64>,
}

/// What is shown, or on its way to be.
#[derive(Debug, Clone)]
enum What {
    /// An item of the catalogue.
    Item(Box<CatalogItem>),
    /// The house creative.
    House,
    /// The pairing screen.
    Pairing,
}

/// A slide on its way.
#[derive(Debug, Clone)]
struct Prepared {
    order: SlideOrder,
    what: What,
    /// How long it should stay; `None` until something changes.
    dwell_ms: Option<u64>,
    /// The same play again, for a screen that changed its size.
    redress: bool,
    stage: Progress,
}

/// How far a slide is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Composing,
    Loading,
    Ready,
    Swapping,
}

/// What is on the screen.
#[derive(Debug, Clone)]
struct OnAir {
    order: SlideOrder,
    what: What,
    start: Moment,
    /// When it should leave, in milliseconds of the boot clock.
    until_ms: Option<u64>,
}

/// The player. See the module.
pub struct Player<C: Composer, L> {
    config: Config,
    rules: Rules,
    recorder: Recorder,
    board: Board,
    local: Catalog,
    seen_files: Vec<(PathBuf, u64, Option<std::time::SystemTime>)>,
    rescan_at_ms: u64,
    cache: Cache,
    manifest: Option<Arc<passerby_protocol::Manifest>>,
    catalog: Catalog,
    enrolment: Option<Enrolment>,
    pairing: Option<Pairing>,
    clock: Arc<dyn Clock>,
    stage: L,
    orders: Sender<Ordered>,
    geometry: Option<Geometry>,
    /// Whether dated content could be judged when the catalogue was last looked at.
    clock_known: bool,
    failed: HashMap<ItemKey, u64>,
    on_air: Option<OnAir>,
    pending: Option<Prepared>,
    tickets: u64,
    stop_at_ms: Option<u64>,
    composed: Receiver<Composed<C::Slide>>,
    events: Receiver<StageEvent>,
    requests: Receiver<PlayerRequest>,
}

type Ordered = (SlideOrder, Geometry);
type Composed<S> = (Ticket, Result<show::Composed<S>, ComposeError>);

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    /// Puts a player together and starts the composer's thread.
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
            stage,
            events,
            requests,
            recorded,
            run_for_ms,
        } = parts;
        if let Some(enrolment) = &enrolment {
            ledger.raise_numbers(enrolment.credentials.play_floor)?;
        }
        let now_ms = clock.now().boot_ms;
        let (orders, composed) = start_composer(composer);
        let mut player = Self {
            rules: Rules {
                time_zone: config.time_zone.clone(),
                venue: config.venue.clone(),
                dwell_ms: config.dwell_ms,
            },
            recorder: Recorder::new(ledger, recorded)?,
            board: Board::default(),
            seen_files: config
                .folders
                .iter()
                .flat_map(|folder| catalog::fingerprint(folder))
                .collect(),
            rescan_at_ms: now_ms + RESCAN_MS,
            cache: Cache::new(&config.data_dir),
            catalog: local.clone(),
            local,
            manifest: None,
            enrolment,
            pairing: None,
            clock,
            stage,
            orders,
            geometry: None,
            clock_known: false,
            failed: HashMap::new(),
            on_air: None,
            pending: None,
            tickets: 0,
            stop_at_ms: run_for_ms.map(|run_for| now_ms + run_for),
            composed,
            events,
            requests,
            config,
        };
        player.rebuild_catalog();
        Ok(player)
    }

    /// Plays until it is told to stop, the stage closes or its time is up.
    pub fn run(mut self) {
        loop {
            self.advance();
            let now = self.clock.now();
            if self.stop_at_ms.is_some_and(|stop| now.boot_ms >= stop) {
                break;
            }
            let wait = Duration::from_millis(self.wakes_at_ms().saturating_sub(now.boot_ms));
            let busy = self
                .pending
                .as_ref()
                .is_some_and(|pending| pending.stage != Progress::Ready);
            let go_on = select! {
                recv(self.events) -> event => event.is_ok_and(|event| self.on_stage(event)),
                recv(self.composed) -> composed => composed.is_ok_and(|(ticket, slide)| { self.on_composed(ticket, slide); true }),
                recv(self.requests) -> request => request.is_ok_and(|request| self.on_request(request)),
                default(self.clock.pace(wait, busy)) => { self.clock.waited(wait); true }
            };
            if !go_on {
                break;
            }
        }
        self.finish();
    }

    /// Does what is due now.
    fn advance(&mut self) {
        let now = self.clock.now();
        if now.boot_ms >= self.rescan_at_ms {
            self.rescan(now.boot_ms);
        }
        if self.geometry.is_none() {
            return;
        }
        let due = self
            .on_air
            .as_ref()
            .is_none_or(|on_air| on_air.until_ms.is_some_and(|until| now.boot_ms >= until));
        match &mut self.pending {
            None => self.prepare(&now, due),
            Some(pending) if pending.stage == Progress::Ready && (due || pending.redress) => {
                pending.stage = Progress::Swapping;
                let transition = if self.on_air.is_none() || pending.redress {
                    Transition::CUT
                } else {
                    Transition::fade(FADE)
                };
                self.stage.send(StageCommand::Swap {
                    ticket: pending.order.ticket,
                    transition,
                });
            }
            Some(_) => {}
        }
    }

    /// The next moment at which [`Player::advance`] may have something to do.
    fn wakes_at_ms(&self) -> u64 {
        let until = self.on_air.as_ref().and_then(|on_air| on_air.until_ms);
        // Past its time and still waiting for the successor: events will wake us, not the clock.
        let until = until.filter(|_| {
            self.pending
                .as_ref()
                .is_none_or(|pending| pending.stage == Progress::Ready)
        });
        until
            .into_iter()
            .chain(self.stop_at_ms)
            .chain([self.rescan_at_ms])
            .min()
            .unwrap_or(u64::MAX)
    }

    /// Chooses and orders what comes after the play on the screen. `due`: the screen waits for it already.
    fn prepare(&mut self, now: &Moment, due: bool) {
        let Some(on_air) = &self.on_air else {
            // The first picture must come at once: the house creative is drawn, not decoded.
            return self.order(What::House, Some(0), now);
        };
        let is_item = matches!(on_air.what, What::Item(_));
        if !due && !is_item {
            return;
        }
        let at = on_air.until_ms.map_or_else(
            || now.clone(),
            |until| now.plus_ms(until.saturating_sub(now.boot_ms)),
        );
        if self.pairing.is_some() && !matches!(on_air.what, What::Pairing) {
            return self.order(What::Pairing, Some(PAIRING_DWELL_MS), &at);
        }
        let shares = self.shares_after(on_air);
        let failed = &self.failed;
        match self.rules.next(&at, &self.catalog, &shares, |item| {
            failed
                .get(&item.key)
                .is_some_and(|&retry| retry > now.boot_ms)
        }) {
            Decision::Item {
                index, dwell_ms, ..
            } => {
                let item = self.catalog[index].clone();
                self.order(What::Item(Box::new(item)), Some(dwell_ms), &at);
            }
            Decision::House { until_change_ms } => {
                let retry = self
                    .failed
                    .values()
                    .min()
                    .map(|&retry| retry.saturating_sub(now.boot_ms));
                let dwell_ms = [
                    until_change_ms,
                    retry,
                    self.pairing.is_some().then_some(PAIRING_DWELL_MS),
                ]
                .into_iter()
                .flatten()
                .min();
                match &mut self.on_air {
                    Some(on_air)
                        if matches!(on_air.what, What::House)
                            || (matches!(on_air.what, What::Pairing) && self.pairing.is_some()) =>
                    {
                        on_air.until_ms = dwell_ms.map(|dwell| now.boot_ms + dwell.max(1_000));
                    }
                    _ => self.order(What::House, dwell_ms, &at),
                }
            }
        }
    }

    /// The accounts as they will be when the play on the screen has had its time.
    fn shares_after(&self, on_air: &OnAir) -> FairShare {
        let mut shares = self.recorder.shares().clone();
        if let What::Item(item) = &on_air.what {
            let planned = on_air
                .until_ms
                .map_or(0, |until| until.saturating_sub(on_air.start.boot_ms));
            self.rules
                .book(&on_air.start, &self.catalog, &mut shares, item, planned);
        }
        shares
    }

    fn order(&mut self, what: What, dwell_ms: Option<u64>, at: &Moment) {
        let Some(geometry) = self.geometry.clone() else {
            return;
        };
        let ticket = self.next_ticket();
        let order = match self.board.order(
            ticket,
            &what,
            self.pairing.as_ref(),
            self.enrolment.as_ref(),
            &self.rules,
            at,
            &mut self.recorder,
        ) {
            Ok(order) => order,
            Err(error) => {
                self.board.report(error.to_string());
                // No number, no code, no count: the house creative airs until the disk is back.
                let ticket = self.next_ticket();
                let house = self.board.house(ticket);
                return self.send(
                    house,
                    What::House,
                    Some(self.config.dwell_ms),
                    geometry,
                    false,
                );
            }
        };
        self.send(order, what, dwell_ms, geometry, false);
    }

    fn send(
        &mut self,
        order: SlideOrder,
        what: What,
        dwell_ms: Option<u64>,
        geometry: Geometry,
        redress: bool,
    ) {
        self.pending = Some(Prepared {
            order: order.clone(),
            what,
            dwell_ms,
            redress,
            stage: Progress::Composing,
        });
        if self.orders.send((order, geometry)).is_err() {
            self.board
                .report("the composer has ended; restart the terminal".to_owned());
        }
    }

    fn next_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    fn is_pending(&self, ticket: Ticket) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|pending| pending.order.ticket == ticket)
    }

    fn on_composed(
        &mut self,
        ticket: Ticket,
        slide: Result<show::Composed<C::Slide>, ComposeError>,
    ) {
        if !self.is_pending(ticket) {
            return;
        }
        match slide {
            Ok(composed) => {
                let Some(area) = self
                    .geometry
                    .as_ref()
                    .map(|geometry| Area::new(0, 0, geometry.width_px, geometry.height_px))
                else {
                    return;
                };
                if let Some(pending) = &mut self.pending {
                    pending.stage = Progress::Loading;
                }
                self.stage.send(StageCommand::Load {
                    ticket,
                    zone: Zone::MAIN,
                    area,
                    slide: composed.slide,
                });
            }
            Err(error) => {
                let now_ms = self.clock.now().boot_ms;
                if let Some(Prepared {
                    what: What::Item(item),
                    ..
                }) = self.pending.take()
                {
                    self.board
                        .report(format!("{} is skipped: {error}", item.campaign_id));
                    self.failed.insert(item.key, now_ms + RETRY_MS);
                } else {
                    self.board
                        .report(format!("a built-in screen cannot be drawn: {error}"));
                    if let Some(on_air) = &mut self.on_air {
                        on_air.until_ms = Some(now_ms + RETRY_MS);
                    }
                }
            }
        }
    }

    fn on_stage(&mut self, event: StageEvent) -> bool {
        match event {
            StageEvent::Sized {
                width_px,
                height_px,
            } => self.resize(width_px, height_px),
            StageEvent::Loaded(ticket) => {
                if self.is_pending(ticket)
                    && let Some(pending) = &mut self.pending
                {
                    pending.stage = Progress::Ready;
                }
            }
            StageEvent::Presented { ticket, boot_ms } => {
                if self.is_pending(ticket)
                    && let Some(pending) = self.pending.take()
                {
                    self.presented(pending, boot_ms);
                }
            }
            StageEvent::Refused(ticket) => {
                if self.is_pending(ticket)
                    && let Some(Prepared {
                        what: What::Item(item),
                        ..
                    }) = self.pending.take()
                {
                    let retry = self.clock.now().boot_ms + RETRY_MS;
                    self.failed.insert(item.key, retry);
                }
            }
            StageEvent::Cleared { .. } => {}
            StageEvent::Closed => return false,
        }
        true
    }

    fn presented(&mut self, pending: Prepared, boot_ms: u64) {
        if pending.redress {
            if let Some(on_air) = &mut self.on_air {
                on_air.order = pending.order;
            }
            return;
        }
        let start = self.clock.now().back_to(boot_ms);
        let next = OnAir {
            order: pending.order,
            what: pending.what,
            until_ms: pending.dwell_ms.map(|dwell| start.boot_ms + dwell),
            start,
        };
        let previous = self.on_air.replace(next);
        if let Some(previous) = previous {
            self.end(&previous, boot_ms);
        }
    }

    /// Books and records a play that has left the screen.
    fn end(&mut self, on_air: &OnAir, boot_ms: u64) {
        if let What::Item(item) = &on_air.what {
            let visible_ms = boot_ms.saturating_sub(on_air.start.boot_ms);
            self.rules.book(
                &on_air.start,
                &self.catalog,
                self.recorder.shares_mut(),
                item,
                visible_ms,
            );
            if let Some(problem) = self.recorder.record(
                item,
                &on_air.order,
                &on_air.start,
                visible_ms,
                on_air.until_ms,
            ) {
                self.board.report(problem);
            }
        }
    }

    fn resize(&mut self, width_px: u32, height_px: u32) {
        let geometry = Geometry {
            width_px,
            height_px,
            rotation: self.config.rotation,
            screen_px: [width_px, height_px],
            covered: Vec::new(),
            size_cm: self.config.size_cm,
            viewing_distance_m: self.config.viewing_distance_m,
        };
        if self.geometry.as_ref() == Some(&geometry) || width_px == 0 || height_px == 0 {
            return;
        }
        self.geometry = Some(geometry.clone());
        self.drop_pending();
        if let Some(on_air) = &self.on_air {
            let (mut order, what) = (on_air.order.clone(), on_air.what.clone());
            order.ticket = self.next_ticket();
            self.send(order, what, None, geometry, true);
        }
    }

    fn drop_pending(&mut self) {
        // One that is being swapped in is on the screen as good as; its event will come.
        if let Some(pending) = self
            .pending
            .take_if(|pending| pending.stage != Progress::Swapping)
        {
            self.stage.send(StageCommand::Drop {
                ticket: pending.order.ticket,
            });
        }
    }

    /// Records the play on the screen as far as it came, and lets the stage go.
    fn finish(mut self) {
        // A slide that was just sent to the screen is a play too, if only a short one.
        let swapping = |player: &Self| {
            player
                .pending
                .as_ref()
                .is_some_and(|pending| pending.stage == Progress::Swapping)
        };
        while swapping(&self) {
            match self.events.recv_timeout(SWAP_WAIT) {
                Ok(event) => {
                    self.on_stage(event);
                }
                Err(_) => break,
            }
        }
        let now_ms = self.clock.now().boot_ms;
        if let Some(on_air) = self.on_air.take() {
            self.end(&on_air, now_ms);
        }
        self.stage.send(StageCommand::Quit);
    }
}

fn start_composer<C: Composer>(mut composer: C) -> (Sender<Ordered>, Receiver<Composed<C::Slide>>) {
    let (orders, order_queue) = bounded::<Ordered>(8);
    let (results, composed) = bounded(8);
    std::thread::Builder::new()
        .name("composer".into())
        .spawn(move || {
            for (order, geometry) in order_queue {
                if results
                    .send((order.ticket, composer.compose(&order, &geometry)))
                    .is_err()
                {
                    break;
                }
            }
        })
        .expect("a machine that cannot start a thread cannot play");
    (orders, composed)
}

#[cfg(test)]
mod tests;
