//! The zone over all others, in which an emergency is shown.

use crate::content::emergency::{EmergencyWatch, Notice};
use crate::messages::stage_messages::Ticket;
use crate::player::track::{Prepared, Progress};

/// How long a notice that should go waits for a zone that has nothing to show at all, after it has
/// waited for what is due next; in milliseconds.
pub(super) const EMPTY_MS_MAX: u64 = 10_000;

/// Where the notice stands. Moments are of the boot clock, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OverlayState {
    /// Nothing lies over the zones.
    Away,
    /// A notice lies over the zones.
    Here,
    /// It should go, at the latest at this moment.
    Leaving(u64),
    /// The stage takes it away; it should have answered at this moment.
    Clearing(u64),
}

/// The zone that lies over all others.
pub(super) struct Overlay {
    watch: EmergencyWatch,
    /// What the file says, which goes before what the hub says.
    pub(super) of_file: Option<Notice>,
    pub(super) wanted: Option<Notice>,
    /// The last message that could be read, as long as there is one.
    pub(super) readable: Option<Notice>,
    pub(super) shown: Option<Notice>,
    pub(super) pending: Option<(Notice, Prepared)>,
    pub(super) state: OverlayState,
    /// What is shown, or on its way, has a size that the output no longer has.
    pub(super) stale: bool,
    /// The last attempt failed; the next is made at this moment.
    pub(super) retry_at_ms: Option<u64>,
}

impl Overlay {
    pub(super) const fn new(watch: EmergencyWatch) -> Self {
        Self {
            watch,
            of_file: None,
            wanted: None,
            readable: None,
            shown: None,
            pending: None,
            state: OverlayState::Away,
            stale: false,
            retry_at_ms: None,
        }
    }

    pub(super) const fn watch(&self) -> &EmergencyWatch {
        &self.watch
    }

    /// What people see instead of the zones.
    pub(super) fn shown(&self) -> Option<&Notice> {
        self.shown.as_ref()
    }

    /// Tells whether the zones are hidden.
    pub(super) fn covers(&self) -> bool {
        self.state != OverlayState::Away
    }

    /// Tells whether the zones are about to be seen again.
    pub(super) const fn is_leaving(&self) -> bool {
        matches!(
            self.state,
            OverlayState::Leaving(_) | OverlayState::Clearing(_)
        )
    }

    /// Tells whether a notice should be the first picture of all.
    pub(super) fn comes_first(&self) -> bool {
        self.state == OverlayState::Away && self.wanted.is_some() && self.retry_at_ms.is_none()
    }

    pub(super) fn is_busy(&self) -> bool {
        let under_way = |pending: &Prepared| pending.progress() != Progress::Ready;
        matches!(self.state, OverlayState::Clearing(_))
            || self
                .pending
                .as_ref()
                .is_some_and(|(_, pending)| under_way(pending))
    }

    pub(super) fn wakes_at_ms(&self, now_ms: u64) -> Option<u64> {
        let state = match self.state {
            OverlayState::Leaving(until) if now_ms < until => Some(until),
            OverlayState::Leaving(until) => Some(until + EMPTY_MS_MAX),
            OverlayState::Clearing(until) => Some(until),
            OverlayState::Away | OverlayState::Here => None,
        };
        let gives_up = self
            .pending
            .as_ref()
            .and_then(|(_, pending)| pending.gives_up_at_ms());
        let retry = self
            .retry_at_ms
            .filter(|_| self.wanted.is_some() && self.pending.is_none());
        [state, gives_up, retry].into_iter().flatten().min()
    }

    /// Tells whether this is the slide that is on its way.
    pub(super) fn has_pending(&self, ticket: Ticket) -> bool {
        self.pending
            .as_ref()
            .is_some_and(|(_, pending)| pending.order.ticket == ticket)
    }

    /// Takes back what is on its way, unless it is as good as on the screen.
    pub(super) fn take_back(&mut self) -> Option<Ticket> {
        let (_, pending) = self
            .pending
            .take_if(|(_, pending)| pending.progress() != Progress::Swapping)?;
        Some(pending.order.ticket)
    }
}
