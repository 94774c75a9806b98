//! What one run of the stage is made of, as plugins of Bevy.

use std::time::{Duration, Instant};

use bevy::app::{
    PanicHandlerPlugin, PluginGroupBuilder, TaskPoolPlugin, TerminalCtrlCHandlerPlugin,
};
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::settings::{RenderCreation, RenderResources};
use bevy::window::ExitCondition;

use crate::stage::capture::Capture;
use crate::stage::channel::{EventSender, StageInbox};
use crate::stage::config::StageConfig;
use crate::stage::draw::Background;
use crate::stage::gpu::Gpu;
use crate::stage::stage_error::FirstFailure;
use crate::stage::systems::KioskSystems;
use crate::stage::time::{Clock, Now};
use crate::stage::{agenda, draw, gpu, pipeline, presenter, readback, slide_systems, time};

/// Everything that one run of the stage is made of.
pub(super) struct StageParts {
    pub(super) config: StageConfig,
    pub(super) started: Instant,
    pub(super) inbox: StageInbox,
    pub(super) event_sender: EventSender,
    pub(super) capture: Option<Capture>,
    pub(super) verdict: FirstFailure,
    pub(super) gpu: RenderResources,
}

impl StageParts {
    /// Installs what window and offscreen mode have in common, and `extra` on top of it.
    pub(super) fn install(
        self,
        app: &mut App,
        extra: fn(PluginGroupBuilder) -> PluginGroupBuilder,
    ) {
        let gpu = Gpu::of(&self.gpu);
        let plugins = DefaultPlugins
            .build()
            .disable::<LogPlugin>()
            .disable::<PanicHandlerPlugin>()
            .disable::<TerminalCtrlCHandlerPlugin>()
            .disable::<PipelinedRenderingPlugin>()
            .set(TaskPoolPlugin {
                // One thread for each of Bevy's three pools.
                task_pool_options: TaskPoolOptions::with_num_threads(3),
            })
            .set(WindowPlugin {
                primary_window: None,
                primary_cursor_options: None,
                exit_condition: ExitCondition::DontExit,
                close_when_requested: false,
            })
            .set(RenderPlugin {
                render_creation: RenderCreation::Manual(self.gpu),
                synchronous_pipeline_compilation: true,
                ..default()
            });
        app.add_plugins(extra(plugins));
        app.insert_resource(Clock {
            time: self.config.time,
            started: self.started,
        })
        .insert_resource(gpu)
        .insert_resource(Background(self.config.background))
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
            gpu::plugin,
            pipeline::plugin,
            presenter::plugin,
            draw::plugin,
            slide_systems::plugin,
            readback::plugin,
        ));
    }
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
