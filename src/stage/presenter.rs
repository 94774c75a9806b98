//! Presents: what the output is, whether this update draws on it, and what came of it.
//!
//! Invariants:
//! - An update in which nothing changed draws nothing and presents nothing.
//! - [`StageEvent::Sized`] is first sent when every shader is compiled, so that the first slide is
//!   drawn at once.
//! - [`StageEvent::Presented`] is sent right after the frame was handed to the output, and only if
//!   it was.
//! - A frame that the output did not take is drawn again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::PollType;
use bevy::render::render_resource::{CachedPipelineState, PipelineCache, PipelineDescriptor};
use bevy::render::renderer::RenderDevice;
use bevy::render::view::ExtractedWindows;
use bevy::render::{Render, RenderApp, RenderSystems};
use passerby_playout::messages::stage_messages::{StageEvent, Ticket};
use passerby_playout::screen::geometry::Zone;

use crate::stage::agenda::Agenda;
use crate::stage::channel::EventSender;
use crate::stage::stage_error::{FirstFailure, StageError};
use crate::stage::systems::KioskSystems;
use crate::stage::time::{Clock, Now};

/// How long shaders may take to compile; a Pi needs seconds.
const WARM_UP_MAX: Duration = Duration::from_secs(60);
/// How often a cold stage looks whether its shaders are there.
const WARM_UP_STEP: Duration = Duration::from_millis(5);
/// How soon a frame that the output did not take is tried again.
const MISSED_RETRY: Duration = Duration::from_millis(100);
/// How long the GPU may work on one offscreen frame.
const FRAME_MAX: Duration = Duration::from_secs(20);

/// Bevy's label of the pipeline with which a frame that is read back gets onto the output.
const READBACK_PIPELINE: &str = "screenshot-to-screen";

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

/// What is drawn on, and read back.
#[derive(Resource, Clone)]
pub(super) struct Target(pub(super) RenderTarget);

/// Whether this update has something new to draw.
#[derive(Resource, Default)]
pub(super) struct Changed(pub(super) bool);

/// Whether everything that drawing needs is compiled.
#[derive(Resource, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct PipelinesReady(pub(super) bool);

/// What main world and render world tell each other about a frame. They never run at the same time.
#[derive(Resource, Clone, Default)]
pub(super) struct Presenter(Arc<Mutex<Frame>>);

/// One frame on its way to the output.
#[derive(Default)]
pub(super) struct Frame {
    /// Whether this update draws.
    drawing: bool,
    /// Whether the last drawn frame did not reach the output.
    pub(super) missed: bool,
    /// Whether the pipeline of each kind of slide has drawn.
    pub(super) every_layer_drawn: bool,
    /// Whether every pipeline is compiled.
    compiled: bool,
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

impl Frame {
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
}

impl Presenter {
    pub(super) fn frame(&self) -> MutexGuard<'_, Frame> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn plugin(app: &mut App) {
    let presenter = Presenter::default();
    let event_sender = app.world().resource::<EventSender>().clone();
    let clock = app.world().resource::<Clock>().clone();
    let verdict = app.world().resource::<FirstFailure>().clone();
    app.init_resource::<Output>()
        .init_resource::<Changed>()
        .init_resource::<PipelinesReady>()
        .insert_resource(presenter.clone())
        .add_systems(First, clear_changed)
        .add_systems(Update, warm_up.in_set(KioskSystems::Receive))
        .add_systems(
            Update,
            (report_size, draw_if_changed)
                .chain()
                .in_set(KioskSystems::Report),
        );
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render
            .insert_resource(presenter)
            .insert_resource(event_sender)
            .insert_resource(clock)
            .insert_resource(verdict)
            .add_systems(
                Render,
                (look_at_pipelines, report_frame)
                    .chain()
                    .in_set(RenderSystems::Cleanup),
            );
    }
}

fn clear_changed(mut changed: ResMut<Changed>) {
    changed.0 = false;
}

fn warm_up(
    presenter: Res<Presenter>,
    verdict: Res<FirstFailure>,
    mut warm: ResMut<PipelinesReady>,
    mut changed: ResMut<Changed>,
    mut agenda: ResMut<Agenda>,
    mut exit: MessageWriter<AppExit>,
    mut since: Local<Option<Instant>>,
) {
    if warm.0 {
        return;
    }
    if presenter.frame().compiled {
        warm.0 = true;
        return;
    }
    changed.0 = true;
    // Compiling takes real time, also in a simulation.
    let now = Instant::now();
    agenda.wake_at(now + WARM_UP_STEP);
    if now - *since.get_or_insert(now) > WARM_UP_MAX {
        verdict.fail(StageError::Gpu {
            reason: format!(
                "its shaders did not compile within {} s",
                WARM_UP_MAX.as_secs()
            ),
        });
        exit.write(AppExit::error());
    }
}

fn report_size(
    warm: Res<PipelinesReady>,
    mut output: ResMut<Output>,
    mut changed: ResMut<Changed>,
    event_sender: Res<EventSender>,
) {
    if output.size_px == output.reported_px || !warm.0 {
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
    // The render world works after this, so what it could not finish is seen to a moment later.
    if frame.drawing {
        agenda.wake_at(now.0 + MISSED_RETRY);
    }
}

fn look_at_pipelines(pipelines: Res<PipelineCache>, presenter: Res<Presenter>) {
    let mut frame = presenter.frame();
    if frame.compiled {
        return;
    }
    let reads_back = pipelines.pipelines().any(|pipeline| {
        matches!(&pipeline.descriptor, PipelineDescriptor::RenderPipelineDescriptor(render)
            if render.label.as_deref() == Some(READBACK_PIPELINE))
            && matches!(pipeline.state, CachedPipelineState::Ok(_))
    });
    frame.compiled =
        frame.every_layer_drawn && reads_back && pipelines.waiting_pipelines().next().is_none();
}

fn report_frame(
    windows: Res<ExtractedWindows>,
    device: Res<RenderDevice>,
    presenter: Res<Presenter>,
    clock: Res<Clock>,
    event_sender: Res<EventSender>,
    verdict: Res<FirstFailure>,
) {
    let mut frame = presenter.frame();
    if !frame.drawing {
        return;
    }
    let presented = if windows.is_empty() {
        // Nothing paces an offscreen stage but the GPU itself: without this wait, frames would pile
        // up before it.
        let wait = PollType::Wait {
            submission_index: None,
            timeout: Some(FRAME_MAX),
        };
        if let Err(error) = device.wgpu_device().poll(wait) {
            verdict.fail(StageError::Gpu {
                reason: format!(
                    "a frame took longer than {} s ({error})",
                    FRAME_MAX.as_secs()
                ),
            });
        }
        true
    } else {
        // Presenting takes the swap-chain texture and leaves its view behind until the next update.
        windows.values().any(|window| {
            window.swap_chain_texture_view.is_some() && window.swap_chain_texture.is_none()
        })
    };
    frame.missed = !presented;
    if presented && !frame.news.is_empty() {
        let boot_ms = clock.boot_ms();
        for news in frame.news.drain(..) {
            event_sender.send(match news {
                FirstShown::Debut(_, ticket) => StageEvent::Presented { ticket, boot_ms },
                FirstShown::Cleared(zone) => StageEvent::Cleared { zone, boot_ms },
            });
        }
    }
}
