//! The presenter without a GPU: paints what has changed into memory, and hands it to the output.
//!
//! Invariants:
//! - The picture in memory is what was painted last; what the output did not take is presented
//!   again, and nobody who looks at frames is shown it before.
//! - Frames of a transition come as often as a display shows them, or half as often where painting
//!   would take more than half of the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use passerby_compose::slide::{Area, Patch};
use passerby_paint::{Painter, SlideId, SlidePixels, SlideStore};
use passerby_playout::messages::stage_messages::Snapshot;

use crate::stage::agenda::Agenda;
use crate::stage::capture::Capture;
use crate::stage::channel::EventSender;
use crate::stage::frame_observer::{Holdings, ReadFrame};
use crate::stage::presenter::{Output, Presenter, Ready};
use crate::stage::raw_frame::RawFrame;
use crate::stage::readback::{Recipients, SnapshotRequests};
use crate::stage::slides::Slides;
use crate::stage::store::{NextFrame, Store};
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

/// What of the picture the last update has painted.
#[derive(Resource)]
pub(super) struct Painted {
    /// Areas that have changed since the output took some. Whoever presents them takes them.
    pub(super) areas: Vec<Area>,
    /// Whether the output has all of the picture.
    pub(super) is_taken: bool,
    /// Whether there is no output but the picture itself.
    pub(super) in_memory: bool,
    /// When painting began, if this update has painted.
    pub(super) began: Option<Instant>,
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
        .insert_resource(Painted {
            areas: Vec::new(),
            is_taken: false,
            in_memory: true,
            began: None,
        })
        .init_resource::<Waiting>()
        .add_systems(Update, ask.in_set(KioskSystems::Present))
        .configure_sets(
            Last,
            (CpuSystems::Paint, CpuSystems::Output, CpuSystems::Report).chain(),
        )
        .add_systems(
            Last,
            (
                paint.in_set(CpuSystems::Paint),
                (report, deliver).chain().in_set(CpuSystems::Report),
            ),
        );
}

/// The presenter's work, once the stage has decided.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CpuSystems {
    /// Brings the picture up to the frame.
    Paint,
    /// Hands it to the output.
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

fn paint(
    presenter: Res<Presenter>,
    next: Res<NextFrame>,
    output: Res<Output>,
    painter: Res<SharedPainter>,
    mut painted: ResMut<Painted>,
) {
    painted.began = None;
    let Some(size_px) = output.size_px.filter(|_| presenter.frame().is_drawing()) else {
        return;
    };
    painted.began = Some(Instant::now());
    let areas = painter.painter().paint(&next.0, (size_px.x, size_px.y));
    painted.areas.extend(areas);
}

/// Says what became of the frame, and when the next one is due.
fn report(
    presenter: Res<Presenter>,
    clock: Res<Clock>,
    event_sender: Res<EventSender>,
    mut painted: ResMut<Painted>,
    mut pace: ResMut<Pace>,
) {
    let mut frame = presenter.frame();
    if !frame.is_drawing() {
        return;
    }
    let taken = painted.began.is_some() && (painted.is_taken || painted.in_memory);
    if painted.in_memory {
        painted.areas.clear();
    }
    frame.shown(taken, &clock, &event_sender);
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
        waiting.0.deliver(raw_frame(&painter), capture.as_deref());
    }
}

fn raw_frame(painter: &SharedPainter) -> RawFrame {
    let painter = painter.painter();
    let ((width_px, height_px), pixels) = painter.picture();
    RawFrame {
        width_px,
        height_px,
        is_bgra: false,
        bytes: pixels.to_vec(),
    }
}

/// Shows painted frames to an observer.
pub(super) struct CpuReader;

impl ReadFrame for CpuReader {
    fn read(&mut self, app: &App) -> Result<(Snapshot, Holdings), String> {
        let painter = app.world().resource::<SharedPainter>();
        let held = Holdings {
            textures: painter.painter().slides(),
            ..default()
        };
        Ok((raw_frame(painter).into_snapshot(Vec::new()), held))
    }
}
