//! Reads frames back from the GPU.
//!
//! Invariant: at most [`SHOTS_MAX`] frames are under way.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};

use crate::stage::agenda::Agenda;
use crate::stage::capture::Capture;
use crate::stage::gpu_presenter::Target;
use crate::stage::presenter::{Changed, Output, Presenter, Ready};
use crate::stage::raw_frame::RawFrame;
use crate::stage::readback::{Recipients, SnapshotRequests};
use crate::stage::slides::Slides;
use crate::stage::systems::KioskSystems;
use crate::stage::time::Now;

/// Most frames that are on their way back from the GPU.
const SHOTS_MAX: usize = 2;
/// How often the stage looks whether a frame has arrived.
const SHOT_STEP: Duration = Duration::from_millis(2);
/// How long a frame may take to arrive.
const SHOT_MAX: Duration = Duration::from_secs(20);

/// A frame that is under way.
#[derive(Component)]
struct Shot {
    asked: Instant,
    /// Whether its frame is the last one that was drawn.
    fresh: bool,
    recipients: Recipients,
}

impl Shot {
    /// Whether the frame may still come. Bevy keeps the entity; only this one's claim on a place
    /// ends.
    fn awaited(&self, now: Instant) -> bool {
        now - self.asked <= SHOT_MAX
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(PreUpdate, take_back)
        .add_systems(Update, ask.in_set(KioskSystems::Present))
        .add_observer(deliver);
}

fn take_back(
    presenter: Res<Presenter>,
    mut shots: Query<&mut Shot>,
    mut requests: ResMut<SnapshotRequests>,
) {
    let missed = presenter.frame().is_missed();
    for mut shot in shots.iter_mut().filter(|shot| shot.fresh) {
        shot.fresh = false;
        if missed {
            shot.recipients.take_back(&mut requests);
        }
    }
}

fn ask(
    mut commands: Commands,
    now: Res<Now>,
    ready: Res<Ready>,
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
    let recipients = Recipients::take(
        under_way < SHOTS_MAX,
        (*now, *ready, &slides),
        &mut requests,
        capture.as_deref_mut(),
        &mut agenda,
    );
    // A cold stage reads back as well, to have that pipeline compiled.
    let warming = !ready.0 && under_way == 0 && output.size_px.is_some();
    if recipients.is_empty() && !warming {
        return;
    }
    commands.spawn((
        Screenshot(target.0.clone()),
        Shot {
            asked: now.0,
            fresh: true,
            recipients,
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
        is_bgra: matches!(
            image.texture_descriptor.format,
            TextureFormat::Bgra8Unorm | TextureFormat::Bgra8UnormSrgb
        ),
        bytes,
    };
    shot.recipients.deliver(frame, capture.as_deref());
}
