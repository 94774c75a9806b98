//! Presents: what the output is, whether this update draws on it, and what came of it; whatever
//! draws.
//!
//! Invariants:
//! - An update in which nothing changed draws nothing and presents nothing.
//! - [`StageEvent::Sized`] is first sent when the presenter is ready, so that the first slide is
//!   drawn at once.
//! - [`StageEvent::Presented`] is sent right after the frame was handed to the output, and only if
//!   it was.
//! - A frame that the output did not take is drawn again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy::prelude::*;
use passerby_playout::messages::stage_messages::{StageEvent, Ticket};
use passerby_playout::screen::geometry::Zone;

use crate::stage::agenda::Agenda;
use crate::stage::channel::EventSender;
use crate::stage::systems::KioskSystems;
use crate::stage::time::{Clock, Now};

/// How soon a frame that the output did not take is tried again.
const MISSED_RETRY: Duration = Duration::from_millis(100);

/// Where slides are drawn, and how large that is.
#[derive(Resource, Default)]
pub(super) struct Output {
    /// Pixels; none before there is an output.
    pub(super) size_px: Option<UVec2>,
    reported_px: Option<UVec2>,
}

impl Output {
    /// The size that the player knows, and works out areas for.
    pub(super) fn told_px(&self) -> Option<UVec2> {
        self.reported_px.or(self.size_px)
    }
}

/// Whether this update has something new to draw.
#[derive(Resource, Default)]
pub(super) struct Changed(pub(super) bool);

/// Whether the output may have lost what was on it, so that all of it has to be presented again.
#[derive(Resource, Default)]
pub(super) struct Uncovered(pub(super) bool);

/// Whether the presenter can draw every kind of slide at once.
#[derive(Resource, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ready(pub(super) bool);

/// What the stage and its presenter tell each other about a frame. They never work on it at the
/// same time.
#[derive(Resource, Clone, Default)]
pub(super) struct Presenter(Arc<Mutex<FrameState>>);

/// One frame on its way to the output.
#[derive(Default)]
pub(super) struct FrameState {
    /// Whether this update draws.
    drawing: bool,
    /// Whether the last drawn frame did not reach the output.
    missed: bool,
    /// What this frame is the first to show; at most two for each zone.
    news: Vec<FirstShown>,
}

/// What a frame is the first to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstShown {
    /// A slide.
    Debut(Zone, Ticket),
    /// A zone without what was in it.
    Cleared(Zone),
}

impl FrameState {
    /// Notes that the next frame is a slide's first. One that never reached the output has had no
    /// first frame.
    pub(super) fn debut(&mut self, zone: Zone, ticket: Ticket) {
        self.retract_debut(zone);
        self.news.push(FirstShown::Debut(zone, ticket));
    }

    /// Notes that the next frame shows nothing more in a zone.
    pub(super) fn cleared(&mut self, zone: Zone) {
        self.retract_debut(zone);
        if !self.news.contains(&FirstShown::Cleared(zone)) {
            self.news.push(FirstShown::Cleared(zone));
        }
    }

    fn retract_debut(&mut self, zone: Zone) {
        self.news
            .retain(|news| !matches!(news, FirstShown::Debut(z, _) if *z == zone));
    }

    /// Whether this update draws.
    pub(super) fn is_drawing(&self) -> bool {
        self.drawing
    }

    /// Whether the last drawn frame did not reach the output.
    pub(super) fn is_missed(&self) -> bool {
        self.missed
    }

    /// Says whether the output has taken the frame that was drawn; to be called right after that.
    pub(super) fn shown(&mut self, presented: bool, clock: &Clock, event_sender: &EventSender) {
        self.missed = !presented;
        if !presented || self.news.is_empty() {
            return;
        }
        let boot_ms = clock.boot_ms();
        for news in self.news.drain(..) {
            event_sender.send(match news {
                FirstShown::Debut(_, ticket) => StageEvent::Presented { ticket, boot_ms },
                FirstShown::Cleared(zone) => StageEvent::Cleared { zone, boot_ms },
            });
        }
    }
}

impl Presenter {
    pub(super) fn frame(&self) -> MutexGuard<'_, FrameState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Output>()
        .init_resource::<Changed>()
        .init_resource::<Uncovered>()
        .init_resource::<Ready>()
        .init_resource::<Presenter>()
        .add_systems(First, clear_changed)
        .add_systems(
            Update,
            (report_size, draw_if_changed)
                .chain()
                .in_set(KioskSystems::Report),
        );
}

fn clear_changed(mut changed: ResMut<Changed>) {
    changed.0 = false;
}

fn report_size(
    ready: Res<Ready>,
    mut output: ResMut<Output>,
    mut changed: ResMut<Changed>,
    event_sender: Res<EventSender>,
) {
    if output.size_px == output.reported_px || !ready.0 {
        return;
    }
    if let Some(size_px) = output.size_px {
        output.reported_px = output.size_px;
        changed.0 = true;
        event_sender.send(StageEvent::Sized {
            width_px: size_px.x,
            height_px: size_px.y,
        });
    }
}

fn draw_if_changed(
    now: Res<Now>,
    presenter: Res<Presenter>,
    changed: Res<Changed>,
    mut agenda: ResMut<Agenda>,
) {
    let mut frame = presenter.frame();
    frame.drawing = changed.0 || frame.missed;
    // The presenter works after this, so what it could not finish is seen to a moment later.
    if frame.drawing {
        agenda.wake_at(now.0 + MISSED_RETRY);
    }
}
