//! What one zone shows and what comes next there: a state machine that asks nobody.
//!
//! Invariants:
//! - At most one slide is on the air and one on its way.
//! - A play counts from the moment when people see it until they do not: a slide beneath a notice
//!   counts for nothing.

use std::collections::HashMap;

use passerby_protocol::plays::Display;

use crate::content::catalog::CatalogItem;
use crate::content::catalog::ItemKey;
use crate::messages::stage_messages::{Health, SlideOrder, Ticket, Transition};
use crate::schedule::rotation::{Booking, Rotation};
use crate::screen::geometry::Zone;
use crate::system::clock::Moment;

/// How long a slide may be in the making before it is given up, in milliseconds. Helpers such as a
/// video decoder or a web page's snapshot have shorter bounds of their own.
pub(super) const COMPOSE_MS_MAX: u64 = 60_000;
/// The same for the first slide of a zone, after which the house creative is drawn.
pub(super) const FIRST_MS_MAX: u64 = 1_000;
/// The same where that is a film, which has to be asked for what it is and decoded.
pub(super) const FIRST_FILM_MS_MAX: u64 = 2_500;
/// How long before its turn a film is made, in milliseconds: its decoder waits until then with its
/// memory. A machine that does nothing else opens a film within half of that.
pub(super) const FILM_LEAD_MS: u64 = 20_000;
/// How long the stage may take to answer a command before the slide is given up, in milliseconds.
pub(super) const STAGE_MS_MAX: u64 = 30_000;

/// What is shown, or on its way to be.
#[derive(Debug, Clone)]
pub(super) enum Playable {
    /// An item of the catalogue, whose turn it is.
    Item(Box<PickedItem>),
    /// The house creative.
    House,
    /// The pairing screen.
    Pairing,
}

/// An item whose turn it is, and what to book for it.
#[derive(Debug, Clone)]
pub(super) struct PickedItem {
    pub(super) item: CatalogItem,
    pub(super) booking: Booking,
}

/// A slide on its way.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) order: SlideOrder,
    pub(super) what: Playable,
    pub(super) transition: Transition,
    /// How long it should stay; `None` until something changes.
    pub(super) dwell_ms: Option<u64>,
    /// The same play again, for a screen that changed its size.
    pub(super) redress: bool,
    /// How long it may be in the making when nothing is on the screen before it, in milliseconds.
    pub(super) first_ms_max: Option<u64>,
    pub(super) health: Health,
    progress: Progress,
    /// When it came so far, in milliseconds of the boot clock.
    since_ms: u64,
}

/// How far a slide is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Composing,
    Loading,
    Ready,
    Swapping,
}

impl Progress {
    /// How long it may stay so, in milliseconds; `None` when it waits for its time.
    pub(super) const fn bound_ms(self) -> Option<u64> {
        match self {
            Self::Composing => Some(COMPOSE_MS_MAX),
            Self::Loading | Self::Swapping => Some(STAGE_MS_MAX),
            Self::Ready => None,
        }
    }
}

impl Prepared {
    pub(super) fn new(
        order: SlideOrder,
        what: Playable,
        transition: Transition,
        dwell_ms: Option<u64>,
        now_ms: u64,
    ) -> Self {
        Self {
            order,
            what,
            transition,
            dwell_ms,
            redress: false,
            first_ms_max: None,
            health: Health::default(),
            progress: Progress::Composing,
            since_ms: now_ms,
        }
    }

    pub(super) const fn progress(&self) -> Progress {
        self.progress
    }

    pub(super) const fn advance(&mut self, progress: Progress, now_ms: u64) {
        self.progress = progress;
        self.since_ms = now_ms;
    }

    /// When it is given up, unless somebody answers before.
    pub(super) fn gives_up_at_ms(&self) -> Option<u64> {
        let bound_ms = match self.progress {
            Progress::Composing => self.first_ms_max.or(self.progress.bound_ms())?,
            progress => progress.bound_ms()?,
        };
        Some(self.since_ms + bound_ms)
    }
}

/// Whether what is on the air is a play at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// People see it.
    Seen,
    /// It came on beneath a notice; its play begins when the notice goes.
    NotYet,
    /// A notice ended its play.
    Over,
}

/// What is on the air.
#[derive(Debug, Clone)]
pub(super) struct OnAir {
    pub(super) order: SlideOrder,
    pub(super) what: Playable,
    pub(super) start: Moment,
    /// For how long the machine had slept in this boot when it began, in milliseconds.
    pub(super) asleep_ms: u64,
    /// How long it should stay; `None` until something changes.
    pub(super) dwell_ms: Option<u64>,
    /// When it should leave, in milliseconds of the boot clock.
    pub(super) until_ms: Option<u64>,
    pub(super) counting: Counting,
    pub(super) health: Health,
    /// Whether the display was on when it began; not asked yet, when absent.
    pub(super) display: Option<Display>,
    /// Whether its trouble has been reported.
    pub(super) told: bool,
}

/// One zone.
pub(super) struct Track {
    pub(super) zone: Zone,
    /// What placements call it.
    pub(super) name: String,
    /// What may air in it, and when.
    pub(super) rotation: Rotation,
    /// When a takeover may begin that does not wait for the end of a play, in milliseconds of the
    /// boot clock.
    pub(super) takeover_at_ms: Option<u64>,
    /// The world has changed since it was last asked what should be on.
    pub(super) is_to_reconsider: bool,
    /// Items that cannot be shown, and when to try again, in milliseconds of the boot clock.
    pub(super) failed: HashMap<ItemKey, u64>,
    pub(super) on_air: Option<OnAir>,
    pub(super) pending: Option<Prepared>,
    /// Not even a built-in screen could be made; nothing is tried before this moment of the boot
    /// clock.
    pub(super) hold_until_ms: u64,
    /// The zone's size changed: what is on the air must be made again.
    pub(super) stale: bool,
    /// What follows is a film; until this moment of the boot clock it is not made.
    film_at_ms: Option<u64>,
}

impl Track {
    pub(super) fn new(zone: Zone, name: &str, rotation: Rotation) -> Self {
        Self {
            zone,
            name: name.to_owned(),
            rotation,
            takeover_at_ms: None,
            is_to_reconsider: false,
            failed: HashMap::new(),
            on_air: None,
            pending: None,
            hold_until_ms: 0,
            stale: false,
            film_at_ms: None,
        }
    }

    /// Puts a film off until it is soon needed; tells whether it has to wait. What follows is
    /// chosen anew then.
    pub(super) fn puts_off_film(&mut self, now_ms: u64) -> bool {
        let until_ms = self.on_air.as_ref().and_then(|on_air| on_air.until_ms);
        let film_at_ms = until_ms.map(|until| until.saturating_sub(FILM_LEAD_MS));
        self.film_at_ms = film_at_ms.filter(|&at_ms| now_ms < at_ms);
        self.film_at_ms.is_some()
    }

    /// Tells whether what follows is a film that is not made yet.
    pub(super) fn waits_with_film(&mut self, now_ms: u64) -> bool {
        self.film_at_ms.take_if(|at_ms| *at_ms <= now_ms);
        self.film_at_ms.is_some() && !self.is_due(now_ms)
    }

    /// Tells whether the zone waits for its next slide.
    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        self.on_air
            .as_ref()
            .is_none_or(|on_air| on_air.until_ms.is_some_and(|until| now_ms >= until))
    }

    /// When the zone needs its next slide, in milliseconds of the boot clock; for ordering work.
    pub(super) fn due_ms(&self) -> u64 {
        self.on_air
            .as_ref()
            .map_or(0, |on_air| on_air.until_ms.unwrap_or(0))
    }

    /// The next moment at which the clock, and not an event, moves this track.
    pub(super) fn wakes_at_ms(&self) -> Option<u64> {
        let until_ms = self.on_air.as_ref().and_then(|on_air| on_air.until_ms);
        let own = match &self.pending {
            None => self
                .film_at_ms
                .into_iter()
                .chain(until_ms)
                .min()
                .map(|until| until.max(self.hold_until_ms))
                .or_else(|| {
                    (self.on_air.is_none() && self.hold_until_ms > 0).then_some(self.hold_until_ms)
                }),
            Some(pending) => pending.gives_up_at_ms().or(until_ms),
        };
        own.into_iter().chain(self.takeover_at_ms).min()
    }

    /// Tells whether another thread is about to answer.
    pub(super) fn is_busy(&self) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|pending| pending.progress != Progress::Ready)
    }

    pub(super) fn has_pending(&self, ticket: Ticket) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|pending| pending.order.ticket == ticket)
    }

    /// Takes back what is on its way, unless it is as good as on the screen; returns its ticket.
    pub(super) fn take_back(&mut self) -> Option<Ticket> {
        let pending = self
            .pending
            .take_if(|pending| pending.progress != Progress::Swapping)?;
        Some(pending.order.ticket)
    }

    /// The slide that is on its way is seen from `start` on. Returns what it took the place of.
    pub(super) fn presented(
        &mut self,
        start: Moment,
        asleep_ms: u64,
        is_covered: bool,
    ) -> Option<OnAir> {
        let pending = self.pending.take()?;
        if pending.redress {
            let on_air = self.on_air.as_mut()?;
            on_air.order = pending.order;
            if on_air.health.trouble().is_none() {
                on_air.health = pending.health;
            }
            return None;
        }
        self.film_at_ms = None;
        let (counting, until_ms) = if is_covered {
            (Counting::NotYet, None)
        } else {
            let until_ms = pending.dwell_ms.map(|dwell| start.boot_ms + dwell);
            (Counting::Seen, until_ms)
        };
        self.on_air.replace(OnAir {
            order: pending.order,
            what: pending.what,
            start,
            asleep_ms,
            dwell_ms: pending.dwell_ms,
            until_ms,
            counting,
            health: pending.health,
            display: None,
            told: false,
        })
    }

    /// A notice hides the zone. Returns the play that ended by it.
    pub(super) fn cover(&mut self) -> Option<OnAir> {
        let on_air = self.on_air.as_mut()?;
        self.film_at_ms = None;
        let ended = (on_air.counting == Counting::Seen).then(|| on_air.clone());
        on_air.counting = Counting::Over;
        on_air.until_ms = None;
        ended
    }

    /// Tells whether the zone has something to show that people have not seen.
    pub(super) fn is_fresh(&self) -> bool {
        self.on_air
            .as_ref()
            .is_some_and(|on_air| on_air.counting == Counting::NotYet)
    }

    /// The notice is gone since `start`.
    pub(super) fn uncover(&mut self, start: Moment, asleep_ms: u64) {
        let Some(on_air) = &mut self.on_air else {
            return;
        };
        if on_air.counting == Counting::NotYet {
            on_air.until_ms = on_air.dwell_ms.map(|dwell| start.boot_ms + dwell);
            on_air.counting = Counting::Seen;
            on_air.display = None;
            on_air.start = start;
            on_air.asleep_ms = asleep_ms;
        } else {
            // Its number is spent: it stays, uncounted, only until the next slide is ready.
            on_air.until_ms = Some(start.boot_ms);
        }
    }
}
