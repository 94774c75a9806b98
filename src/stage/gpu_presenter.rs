//! The presenter on the GPU: has everything compiled before the first slide, and says what became
//! of a frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::PollType;
use bevy::render::render_resource::{CachedPipelineState, PipelineCache, PipelineDescriptor};
use bevy::render::renderer::RenderDevice;
use bevy::render::view::ExtractedWindows;
use bevy::render::{Render, RenderApp, RenderSystems};

use crate::stage::agenda::Agenda;
use crate::stage::channel::EventSender;
use crate::stage::presenter::{Changed, Presenter, Ready};
use crate::stage::stage_error::{FirstFailure, StageError};
use crate::stage::systems::KioskSystems;
use crate::stage::time::Clock;

/// How long shaders may take to compile; a Pi needs seconds.
const WARM_UP_MAX: Duration = Duration::from_secs(60);
/// How often a cold stage looks whether its shaders are there.
const WARM_UP_STEP: Duration = Duration::from_millis(5);
/// How long the GPU may work on one offscreen frame.
const FRAME_MAX: Duration = Duration::from_secs(20);

/// Bevy's label of the pipeline with which a frame that is read back gets onto the output.
const READBACK_PIPELINE: &str = "screenshot-to-screen";

/// What is drawn on, and read back.
#[derive(Resource, Clone)]
pub(super) struct Target(pub(super) RenderTarget);

/// How far the shaders are; told by the render world to the main world.
#[derive(Resource, Clone, Default)]
pub(super) struct WarmUp(Arc<Progress>);

#[derive(Default)]
struct Progress {
    /// Whether the pipeline of each kind of slide has drawn.
    every_layer_drawn: AtomicBool,
    /// Whether every pipeline is compiled.
    compiled: AtomicBool,
}

impl WarmUp {
    /// Notes that the pipeline of each kind of slide has drawn.
    pub(super) fn every_layer_is_drawn(&self) {
        self.0.every_layer_drawn.store(true, Ordering::Relaxed);
    }

    fn is_compiled(&self) -> bool {
        self.0.compiled.load(Ordering::Relaxed)
    }
}

pub(super) fn plugin(app: &mut App) {
    let warm_up_state = WarmUp::default();
    let world = app.world();
    let presenter = world.resource::<Presenter>().clone();
    let event_sender = world.resource::<EventSender>().clone();
    let clock = world.resource::<Clock>().clone();
    let verdict = world.resource::<FirstFailure>().clone();
    app.insert_resource(warm_up_state.clone())
        .add_systems(Update, warm_up.in_set(KioskSystems::Receive));
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render
            .insert_resource(warm_up_state)
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

fn warm_up(
    state: Res<WarmUp>,
    verdict: Res<FirstFailure>,
    mut ready: ResMut<Ready>,
    mut changed: ResMut<Changed>,
    mut agenda: ResMut<Agenda>,
    mut exit: MessageWriter<AppExit>,
    mut since: Local<Option<Instant>>,
) {
    if ready.0 {
        return;
    }
    if state.is_compiled() {
        ready.0 = true;
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

fn look_at_pipelines(pipelines: Res<PipelineCache>, state: Res<WarmUp>) {
    if state.is_compiled() {
        return;
    }
    let reads_back = pipelines.pipelines().any(|pipeline| {
        matches!(&pipeline.descriptor, PipelineDescriptor::RenderPipelineDescriptor(render)
            if render.label.as_deref() == Some(READBACK_PIPELINE))
            && matches!(pipeline.state, CachedPipelineState::Ok(_))
    });
    let compiled = state.0.every_layer_drawn.load(Ordering::Relaxed)
        && reads_back
        && pipelines.waiting_pipelines().next().is_none();
    state.0.compiled.store(compiled, Ordering::Relaxed);
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
    if !frame.is_drawing() {
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
    frame.shown(presented, &clock, &event_sender);
}
