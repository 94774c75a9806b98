//! Reads the frame on the screen back: for a snapshot, for the capture folder, or for both at once.
//!
//! Invariants: a frame's caption is taken in the update that draws the frame, after the fades have
//! moved on, so that both always belong together. At most [`SHOTS_MAX`] frames are under way.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use crossbeam_channel::Sender;
use passerby_playout::messages::stage_messages::Snapshot;

use crate::stage::agenda::Agenda;
use crate::stage::capture::{Capture, CapturedFrame, FrameNote};
use crate::stage::presenter::{Changed, Output, PipelinesReady, Presenter, Target};
use crate::stage::raw_frame::RawFrame;
use crate::stage::slides::Slides;
use crate::stage::systems::KioskSystems;
use crate::stage::time::Now;

/// Most frames that are on their way back from the GPU.
const SHOTS_MAX: usize = 2;
/// Most snapshots that one frame answers.
const SNAPSHOTS_MAX: usize = 16;
/// How often the stage looks whether a frame has arrived.
const SHOT_STEP: Duration = Duration::from_millis(2);
/// How long a frame may take to arrive.
const SHOT_MAX: Duration = Duration::from_secs(20);

/// Those who wait for a snapshot.
#[derive(Resource, Default)]
pub(super) struct SnapshotRequests(Vec<Sender<Snapshot>>);

impl SnapshotRequests {
    /// Queues one reply; beyond the limit whoever asked sees its channel closed.
    pub(super) fn push(&mut self, reply: Sender<Snapshot>) {
        if self.0.len() < SNAPSHOTS_MAX {
            self.0.push(reply);
        }
    }
}

/// Who gets the frame that is under way.
#[derive(Component)]
struct Shot {
    asked: Instant,
    /// Whether its frame is the last one that was drawn.
    fresh: bool,
    snapshots: Vec<Sender<Snapshot>>,
    note: Option<FrameNote>,
}

impl Shot {
    /// Whether the frame may still come. Bevy keeps the entity; only this one's claim on a place
    /// ends.
    fn awaited(&self, now: Instant) -> bool {
        now - self.asked <= SHOT_MAX
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<SnapshotRequests>()
        .add_systems(PreUpdate, take_back)
        .add_systems(Update, ask.in_set(KioskSystems::Present))
        .add_observer(deliver);
}

/// Takes back what was asked of a frame that did not reach the output: there is nothing in it.
fn take_back(
    presenter: Res<Presenter>,
    mut shots: Query<&mut Shot>,
    mut requests: ResMut<SnapshotRequests>,
) {
    let missed = presenter.frame().missed;
    for mut shot in shots.iter_mut().filter(|shot| shot.fresh) {
        shot.fresh = false;
        if missed {
            shot.note = None;
            for reply in shot.snapshots.drain(..) {
                requests.push(reply);
            }
        }
    }
}

fn ask(
    mut commands: Commands,
    now: Res<Now>,
    warm: Res<PipelinesReady>,
    target: Res<Target>,
    output: Res<Output>,
    slides: Res<Slides>,
    shots: Query<&Shot>,
    mut requests: ResMut<SnapshotRequests>,
    mut capture: Option<ResMut<Capture>>,
    mut changed: ResMut<Changed>,
    mut agenda: ResMut<Agenda>,
) {
    let under_way = shots.iter().filter(|shot| shot.awaited(now.0)).count();
    if under_way > 0 {
        agenda.wake_at(now.0 + SHOT_STEP);
    }

    let mut snapshots = Vec::new();
    let mut note = None;
    if warm.0 {
        if under_way < SHOTS_MAX {
            snapshots = std::mem::take(&mut requests.0);
        }
        if let Some(capture) = &mut capture
            && slides.on_screen().next().is_some()
        {
            note = capture.take_if_due(now.0, under_way < SHOTS_MAX, slides.on_screen());
            if let Some(due) = capture.next_due(now.0) {
                agenda.wake_at(due);
            }
        }
    }
    // A cold stage reads back as well, to have that pipeline compiled.
    let warming = !warm.0 && under_way == 0 && output.size_px.is_some();
    if snapshots.is_empty() && note.is_none() && !warming {
        return;
    }
    commands.spawn((
        Screenshot(target.0.clone()),
        Shot {
            asked: now.0,
            fresh: true,
            snapshots,
            note,
        },
    ));
    changed.0 = true;
    agenda.wake_at(now.0 + SHOT_STEP);
}

fn deliver(
    mut captured: On<ScreenshotCaptured>,
    mut shots: Query<&mut Shot>,
    capture: Option<Res<Capture>>,
) {
    let Ok(mut shot) = shots.get_mut(captured.entity) else {
        return;
    };
    let image = &mut captured.event_mut().image;
    let Some(bytes) = image.data.take() else {
        return;
    };
    let frame = RawFrame {
        width_px: image.width(),
        height_px: image.height(),
        format: image.texture_descriptor.format,
        bytes,
    };
    let snapshots = std::mem::take(&mut shot.snapshots);
    let snapshot = (!snapshots.is_empty()).then(|| {
        RawFrame {
            bytes: frame.bytes.clone(),
            ..frame
        }
        .into_snapshot()
    });
    if let (Some(note), Some(capture)) = (shot.note.take(), capture) {
        capture.keep(CapturedFrame { note, frame });
    }
    if let Some(snapshot) = snapshot {
        for reply in snapshots {
            // Whoever asked and has gone, or that has no room, does not get it.
            let _ = reply.try_send(snapshot.clone());
        }
    }
}
