//! The stage: brings finished slides onto the screen, and says when they were there.
//!
//! It uploads a slide, leads over from the last one, keeps it moving, presents, and reports, for
//! every zone of the screen. What a slide is made of and when it airs is decided elsewhere.
//!
//! Invariants:
//! - The stage never blocks on I/O and never opens a file; captured frames are written by a thread
//!   of their own.
//! - A slide is drawn only once its textures are on the GPU, and its predecessor stays beneath it
//!   until it covers all.
//! - Every frame in which a slide follows another holds exactly one of their two codes, whole and
//!   in its place.
//! - Rendering is not pipelined: when an update returns, its frame has been submitted and its
//!   events have been sent.
//! - Nothing is drawn unless something changed; between changes the stage sleeps.
//! - At most [`ZONES_MAX`] zones have slides; in each at most [`LOADED_MAX`] wait and two are on
//!   the screen, and the textures of all others are gone.

#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    clippy::type_complexity,
    reason = "Bevy's systems take their parameters by value, as many as they read, as types that name their queries"
)]

mod agenda;
mod capture;
mod channel;
mod command_handler;
mod draw;
mod exit_guard;
mod frame_observer;
mod gpu;
mod gpu_slide;
mod numbers;
mod offscreen;
mod pipeline;
mod planes;
mod presenter;
mod raw_frame;
mod readback;
mod slide_systems;
mod slides;
#[cfg(test)]
mod tests;
mod time;
mod transition;
mod travel;
mod window;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
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
use crossbeam_channel::Sender;
use passerby_playout::messages::stage_messages::StageEvent;

use crate::stage::channel::Outlet;
pub use crate::stage::channel::{StageInbox, StageSender, channel};
pub use crate::stage::frame_observer::{FrameObserver, SeenFrame, SeenZone};
pub use crate::stage::gpu::Holdings;
pub use crate::stage::slides::{LOADED_MAX, ZONES_MAX};
use crate::stage::time::{Clock, Now};
pub use crate::stage::time::{StageTime, SteppedTime};

/// How the stage is set up.
#[derive(Debug, Clone)]
pub struct StageConfig {
    /// Render into memory instead of a window.
    pub offscreen: bool,
    /// Width and height in pixels. None: the whole primary monitor; offscreen 1920 × 1080.
    pub size: Option<(u32, u32)>,
    /// Write frames to a folder.
    pub capture: Option<CaptureConfig>,
    /// The window's title.
    pub title: String,
    /// Leave after this long.
    pub run_for: Option<Duration>,
    /// Where no zone lies: red, green and blue in sRGB.
    pub background: [u8; 3],
    /// Where time comes from.
    pub time: StageTime,
    /// Sees every frame that is drawn; offscreen only, for tests.
    pub observer: Option<FrameObserver>,
}

/// Where frames are captured to, and how often.
#[derive(Debug, Clone)]
pub struct CaptureConfig {
    /// The folder; made when it is missing.
    pub dir: PathBuf,
    /// Time from one frame to the next.
    pub every: Duration,
}

/// Says why the stage could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// There is nowhere to open a window.
    #[error(
        "no display: {reason}. Set DISPLAY or WAYLAND_DISPLAY to a running X11 or Wayland session, \
         or pass --offscreen to render without one"
    )]
    NoDisplay {
        /// What was tried.
        reason: String,
    },
    /// There is no driver to draw with.
    #[error(
        "no usable GPU driver: {reason}. Install one, for a machine without a GPU: \
         apt-get install mesa-vulkan-drivers libvulkan1"
    )]
    NoGpu {
        /// What the driver said.
        reason: String,
    },
    /// The size asked for cannot be drawn.
    #[error(
        "an output of {width_px}x{height_px} pixels cannot be drawn here; the GPU takes 1 to {side_px_max} a side"
    )]
    Size {
        /// The width that was asked for, in pixels.
        width_px: u32,
        /// The height that was asked for, in pixels.
        height_px: u32,
        /// The longest side that the GPU takes.
        side_px_max: u32,
    },
    /// The GPU failed while the stage was running.
    #[error(
        "the GPU failed: {reason}. Restart the terminal; if it comes back, update the GPU driver"
    )]
    Gpu {
        /// What the driver said.
        reason: String,
    },
    /// The display server has gone.
    #[error(
        "the display is gone: {reason}. Start the X11 or Wayland session again, then the terminal"
    )]
    OutputGone {
        /// What is known about it.
        reason: String,
    },
    /// The stage broke one of its own rules.
    #[error("the stage stopped unexpectedly: {reason}")]
    Broken {
        /// The panic's message.
        reason: String,
    },
}

/// The order of an update's work.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum KioskSystems {
    /// Takes in messages and what the window reports.
    Receive,
    /// Moves fades on.
    Advance,
    /// Decides whether to draw, and whether to keep the frame.
    Present,
    /// Tells the player, and sets the alarm for the next update.
    Report,
}

/// Runs the stage on the main thread until it is told to quit, its window is closed, or its time is
/// over.
///
/// Captured frames are complete when it returns.
///
/// # Errors
/// [`StageError::NoDisplay`] or [`StageError::NoGpu`] when it cannot start, [`StageError::Gpu`] or
/// [`StageError::OutputGone`] when drawing fails later. The caller exits with status 3, for the
/// supervisor to start again.
pub fn run(
    config: StageConfig,
    inbox: StageInbox,
    events: Sender<StageEvent>,
) -> Result<(), StageError> {
    let started = Instant::now();
    let verdict = FirstFailure::default();
    if !config.offscreen {
        window::find_display()?;
    }
    let gpu = gpu::open(config.offscreen)?;
    let (capture, writer) = capture::start(config.capture.as_ref(), started).unzip();
    let outlet = Outlet::new(events);
    let show = Show {
        started,
        verdict: verdict.clone(),
        capture,
        outlet,
        inbox,
        config,
        gpu,
    };

    let outcome = if show.config.offscreen {
        offscreen::run(show)
    } else {
        window::run(show)
    };
    // The app and with it the writer's channel are gone by now, so this ends.
    if let Some(writer) = writer {
        writer.finish();
    }
    match verdict.take() {
        Some(error) => Err(error),
        None => outcome,
    }
}

/// Everything that one run of the stage is made of.
struct Show {
    config: StageConfig,
    started: Instant,
    inbox: StageInbox,
    outlet: Outlet,
    capture: Option<capture::Capture>,
    verdict: FirstFailure,
    gpu: RenderResources,
}

impl Show {
    /// Installs what window and offscreen mode have in common, and `extra` on top of it.
    fn install(self, app: &mut App, extra: fn(PluginGroupBuilder) -> PluginGroupBuilder) {
        let gpu = gpu::Gpu::of(&self.gpu);
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
        .insert_resource(self.outlet)
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

/// What shows where no zone lies.
#[derive(Resource, Clone, Copy)]
struct Background([u8; 3]);

/// When the run is over.
#[derive(Resource)]
struct Ending {
    at: Option<Instant>,
}

/// The first failure, kept outside the app because the app does not outlive its event loop.
#[derive(Resource, Clone, Default)]
struct FirstFailure(Arc<Mutex<Option<StageError>>>);

impl FirstFailure {
    fn fail(&self, error: StageError) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }

    fn take(&self) -> Option<StageError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
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

fn flush_events(now: Res<Now>, outlet: Res<Outlet>, mut agenda: ResMut<agenda::Agenda>) {
    if !outlet.flush() {
        agenda.wake_at(now.0 + EVENT_RETRY);
    }
}

/// Turns a panic of `work` into an error, so that the process leaves with a status that its
/// supervisor knows.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without a message")
            .to_owned()
    })
}

/// Like [`guarded`] for work whose panic is an answer to the operator: keeps the backtrace off the
/// terminal.
fn guarded_quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let this_thread = std::thread::current().id();
    let loud = Arc::new(std::panic::take_hook());
    let others = Arc::clone(&loud);
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() != this_thread {
            others(info);
        }
    }));
    let outcome = guarded(work);
    drop(std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| loud(info)));
    outcome
}
