//! The presenter without a GPU: paints what has changed, straight into the memory that the output
//! shows.
//!
//! Invariants:
//! - What the output did not take is painted and presented again, and nobody who looks at frames is
//!   shown it before.
//! - Frames of a transition come as often as a display shows them, or half as often where painting
//!   would take more than half of the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use passerby_compose::slide::Patch;
use passerby_paint::{Painter, SlideId, SlidePixels, SlideStore};

use crate::stage::agenda::Agenda;
use crate::stage::capture::Capture;
use crate::stage::channel::EventSender;
use crate::stage::cpu_picture::Memory;
use crate::stage::presenter::{Output, Presenter, Ready};
use crate::stage::raw_frame::RawFrame;
use crate::stage::readback::{Recipients, SnapshotRequests};
use crate::stage::slides::Slides;
use crate::stage::store::Store;
use crate::stage::systems::KioskSystems;
use crate::stage::time::{Clock, Now};

/// The time from one frame of a transition to the next: what a 60 Hz display would show.
const FRAME: Duration = Duration::from_micros(16_667);
/// The longest time to the next frame, however long the last one took to paint: thirty a second are
/// smooth, and who wakes up does so a little late.
const FRAME_MAX: Duration = Duration::from_millis(30);
/// How many times as long as painting the time from frame to frame is at least, up to that.
const REST: u32 = 2;

/// The painter, for the stage's systems and for its store.
#[derive(Resource, Clone, Default)]
pub(super) struct SharedPainter(Arc<Mutex<Painter>>);

impl SharedPainter {
    pub(super) fn painter(&self) -> MutexGuard<'_, Painter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlideStore for SharedPainter {
    fn load(&mut self, pixels: SlidePixels) -> Result<SlideId, String> {
        self.painter().load(pixels)
    }

    fn patch(&mut self, slide: SlideId, patch: &mut Patch) -> Result<(), String> {
        self.painter().patch(slide, patch)
    }

    fn keep(&mut self, slides: &[SlideId]) {
        self.painter().keep(slides);
    }

    fn side_px_max(&self) -> u32 {
        self.painter().side_px_max()
    }
}

/// What became of this update's frame.
#[derive(Resource, Default)]
pub(super) struct Painted {
    /// When painting began, if this update has painted.
    pub(super) began: Option<Instant>,
    /// Whether the output has all of the frame.
    pub(super) is_taken: bool,
}

/// When the next frame of a transition is due.
#[derive(Resource)]
pub(super) struct Pace {
    last: Instant,
    every: Duration,
}

impl Pace {
    /// The first beat after an instant; an update that has painted nothing waits for one, too.
    pub(super) fn next_frame(&self, now: Instant) -> Instant {
        let due = self.last + self.every;
        if due > now { due } else { now + self.every }
    }
}

/// Who gets the frame of this update.
#[derive(Resource, Default)]
struct Waiting(Recipients);

pub(super) fn plugin(app: &mut App) {
    let painter = SharedPainter::default();
    app.insert_resource(painter.clone())
        .insert_resource(Store(Box::new(painter)))
        .insert_resource(Ready(true))
        .insert_resource(Pace {
            last: Instant::now(),
            every: FRAME,
        })
        .init_resource::<Painted>()
        .init_resource::<Waiting>()
        .add_systems(Update, ask.in_set(KioskSystems::Present))
        .configure_sets(Last, (CpuSystems::Output, CpuSystems::Report).chain())
        .add_systems(Last, (report, deliver).chain().in_set(CpuSystems::Report));
}

/// The presenter's work, once the stage has decided.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CpuSystems {
    /// Brings the output up to the frame.
    Output,
    /// Says what became of it.
    Report,
}

fn ask(
    now: Res<Now>,
    ready: Res<Ready>,
    output: Res<Output>,
    slides: Res<Slides>,
    mut waiting: ResMut<Waiting>,
    mut requests: ResMut<SnapshotRequests>,
    mut capture: Option<ResMut<Capture>>,
    mut agenda: ResMut<Agenda>,
) {
    waiting.0 = Recipients::take(
        output.size_px.is_some(),
        (*now, *ready, &slides),
        &mut requests,
        capture.as_deref_mut(),
        &mut agenda,
    );
}

/// Says what became of the frame, and when the next one is due.
fn report(
    presenter: Res<Presenter>,
    clock: Res<Clock>,
    event_sender: Res<EventSender>,
    painted: Res<Painted>,
    mut pace: ResMut<Pace>,
) {
    let mut frame = presenter.frame();
    if !frame.is_drawing() {
        return;
    }
    frame.shown(painted.is_taken, &clock, &event_sender);
    if let Some(began) = painted.began {
        *pace = Pace {
            last: began,
            every: (began.elapsed() * REST).clamp(FRAME, FRAME_MAX),
        };
    }
}

fn deliver(
    presenter: Res<Presenter>,
    painter: Res<SharedPainter>,
    memory: Option<Res<Memory>>,
    capture: Option<Res<Capture>>,
    mut waiting: ResMut<Waiting>,
    mut requests: ResMut<SnapshotRequests>,
) {
    if waiting.0.is_empty() {
        return;
    }
    if presenter.frame().is_missed() {
        waiting.0.take_back(&mut requests);
    } else {
        // A window's memory is the display server's by now.
        let frame = match memory {
            Some(memory) => memory.raw_frame(),
            None => {
                let ((width_px, height_px), bytes) = painter.painter().picture();
                RawFrame {
                    width_px,
                    height_px,
                    is_bgra: true,
                    bytes,
                }
            }
        };
        waiting.0.deliver(frame, capture.as_deref());
    }
}
