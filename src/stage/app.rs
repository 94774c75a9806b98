//! What one run of the stage is made of, as plugins of Bevy.

use std::time::{Duration, Instant};

use bevy::app::{
    PanicHandlerPlugin, PluginGroupBuilder, TaskPoolPlugin, TerminalCtrlCHandlerPlugin,
};
use bevy::asset::AssetPlugin;
use bevy::camera::CameraPlugin;
use bevy::diagnostic::{DiagnosticsPlugin, FrameCountPlugin};
use bevy::ecs::schedule::{ScheduleLabel, SingleThreadedExecutor};
use bevy::input::InputPlugin;
use bevy::input::gestures::{DoubleTapGesture, PanGesture, PinchGesture, RotationGesture};
use bevy::input::keyboard::{KeyboardFocusLost, KeyboardInput};
use bevy::input::mouse::{MouseButtonInput, MouseMotion, MouseWheel};
use bevy::input::touch::TouchInput;
use bevy::log::LogPlugin;
use bevy::mesh::MeshPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::settings::{RenderCreation, RenderResources};
use bevy::time::TimePlugin;
use bevy::window::ExitCondition;
use passerby_paint::Frame;

use crate::stage::capture::Capture;
use crate::stage::channel::{EventSender, StageInbox};
use crate::stage::config::StageConfig;
use crate::stage::cpu_presenter;
use crate::stage::gpu::Gpu;
use crate::stage::smoothness::Smoothness;
use crate::stage::stage_error::FirstFailure;
use crate::stage::store::NextFrame;
use crate::stage::systems::KioskSystems;
use crate::stage::time::{Clock, Now};
use crate::stage::{
    agenda, draw, gpu, gpu_presenter, gpu_readback, gpu_store, pipeline, presenter, readback,
    slide_systems, time,
};

/// Everything that one run of the stage is made of.
pub(super) struct StageParts {
    pub(super) config: StageConfig,
    pub(super) started: Instant,
    pub(super) inbox: StageInbox,
    pub(super) event_sender: EventSender,
    pub(super) capture: Option<Capture>,
    pub(super) verdict: FirstFailure,
    /// The GPU; none when the processor draws.
    pub(super) gpu: Option<RenderResources>,
}

impl StageParts {
    /// Installs what window and offscreen mode have in common, and `extra` on top of it.
    pub(super) fn install(
        self,
        app: &mut App,
        extra: fn(PluginGroupBuilder) -> PluginGroupBuilder,
    ) {
        let plugins = DefaultPlugins
            .build()
            .disable::<LogPlugin>()
            .disable::<PanicHandlerPlugin>()
            .disable::<TerminalCtrlCHandlerPlugin>()
            .disable::<PipelinedRenderingPlugin>()
            .disable::<InputPlugin>()
            .set(TaskPoolPlugin {
                // One thread for each of Bevy's three pools.
                task_pool_options: TaskPoolOptions::with_num_threads(3),
            })
            .set(WindowPlugin {
                primary_window: None,
                primary_cursor_options: None,
                exit_condition: ExitCondition::DontExit,
                close_when_requested: false,
            });
        let gpu = self.gpu.as_ref().map(Gpu::of);
        let plugins = match self.gpu {
            Some(resources) => plugins.set(RenderPlugin {
                render_creation: RenderCreation::Manual(resources),
                synchronous_pipeline_compilation: true,
                ..default()
            }),
            None => without_rendering(plugins),
        };
        app.add_plugins(extra(plugins));
        hear_input(app);
        app.insert_resource(Clock {
            time: self.config.time,
            started: self.started,
        })
        .insert_resource(NextFrame(Frame {
            background: self.config.background,
            layers: Vec::new(),
        }))
        .insert_resource(Smoothness::new(self.config.cuts_when_slow))
        .insert_resource(Ending {
            at: self.config.run_for.map(|length| self.started + length),
        })
        .insert_resource(self.inbox)
        .insert_resource(self.event_sender)
        .insert_resource(self.verdict)
        .configure_sets(
            Update,
            (
                KioskSystems::Receive,
                KioskSystems::Advance,
                KioskSystems::Present,
                KioskSystems::Report,
            )
                .chain(),
        )
        .add_systems(
            Update,
            (end_on_time, flush_events).in_set(KioskSystems::Report),
        );
        if let Some(capture) = self.capture {
            app.insert_resource(capture);
        }
        app.add_plugins((
            time::plugin,
            agenda::plugin,
            presenter::plugin,
            slide_systems::plugin,
            readback::plugin,
        ));
        match gpu {
            Some(gpu) => {
                app.insert_resource(gpu);
                app.add_plugins((
                    gpu::plugin,
                    pipeline::plugin,
                    gpu_store::plugin,
                    gpu_presenter::plugin,
                    draw::plugin,
                    gpu_readback::plugin,
                ));
            }
            None => {
                app.add_plugins(cpu_presenter::plugin);
            }
        }
        on_this_thread(app, First);
        on_this_thread(app, PreUpdate);
        on_this_thread(app, Update);
        on_this_thread(app, PostUpdate);
        on_this_thread(app, Last);
    }
}

/// The stage's systems take microseconds; to hand one to another thread takes longer.
fn on_this_thread(app: &mut App, schedule: impl ScheduleLabel) {
    app.edit_schedule(schedule, |schedule| {
        schedule.set_executor(SingleThreadedExecutor::new());
    });
}

/// Leaves out what opens a GPU, what is only there for it, and what works for each frame although
/// nobody reads it.
fn without_rendering(plugins: PluginGroupBuilder) -> PluginGroupBuilder {
    plugins
        .disable::<RenderPlugin>()
        .disable::<AssetPlugin>()
        .disable::<DiagnosticsPlugin>()
        .disable::<FrameCountPlugin>()
        .disable::<ImagePlugin>()
        .disable::<MeshPlugin>()
        .disable::<CameraPlugin>()
        .disable::<TimePlugin>()
        .disable::<TransformPlugin>()
}

/// Makes room for what winit tells of hands. Bevy's own plugin also adds up, in each update, what
/// is pressed; nobody here asks.
fn hear_input(app: &mut App) {
    app.add_message::<KeyboardInput>()
        .add_message::<KeyboardFocusLost>()
        .add_message::<MouseButtonInput>()
        .add_message::<MouseMotion>()
        .add_message::<MouseWheel>()
        .add_message::<PinchGesture>()
        .add_message::<RotationGesture>()
        .add_message::<DoubleTapGesture>()
        .add_message::<PanGesture>()
        .add_message::<TouchInput>();
}

/// When the run is over.
#[derive(Resource)]
struct Ending {
    at: Option<Instant>,
}

fn end_on_time(
    now: Res<Now>,
    ending: Res<Ending>,
    mut agenda: ResMut<agenda::Agenda>,
    mut exit: MessageWriter<AppExit>,
) {
    match ending.at {
        Some(at) if at <= now.0 => {
            exit.write(AppExit::Success);
        }
        Some(at) => agenda.wake_at(at),
        None => {}
    }
}

/// How soon events that the player had no room for are offered again.
const EVENT_RETRY: Duration = Duration::from_millis(50);

fn flush_events(now: Res<Now>, event_sender: Res<EventSender>, mut agenda: ResMut<agenda::Agenda>) {
    if !event_sender.flush() {
        agenda.wake_at(now.0 + EVENT_RETRY);
    }
}
