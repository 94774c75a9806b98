//! When the stage has to be awake next, though no message comes.
//!
//! Invariant: every update states anew what it waits for; an update that states nothing lets the
//! stage sleep until a message wakes it.

use std::time::Instant;

use bevy::prelude::*;

/// The earliest instant at which something is due.
#[derive(Resource, Default)]
pub(super) struct Agenda {
    next: Option<Next>,
}

/// What the stage waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Next {
    /// The next frame that the output can show.
    Frame,
    /// An instant.
    At(Instant),
}

impl Agenda {
    /// Asks for an update with the next frame of the output.
    pub(super) fn next_frame(&mut self) {
        self.next = Some(Next::Frame);
    }

    /// Asks for an update at `instant`, or earlier if something else is due by then.
    pub(super) fn wake_at(&mut self, instant: Instant) {
        let at = Next::At(instant);
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// What is due next.
    pub(super) fn next(&self) -> Option<Next> {
        self.next
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Agenda>().add_systems(First, clear);
}

fn clear(mut agenda: ResMut<Agenda>) {
    agenda.next = None;
}
