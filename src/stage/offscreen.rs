//! The stage without a display: draws into memory, the same way as into a window.
//!
//! Invariant: between two updates the thread sleeps until a message comes or something is due. In a
//! simulation it never sleeps: every update is one frame's time later.

use std::thread;
use std::time::{Duration, Instant};

use bevy::app::PluginsState;
use bevy::asset::RenderAssetUsages;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureUsages};
use bevy::winit::WinitPlugin;
use crossbeam_channel::Select;
use passerby_paint::SIDE_PX_MAX;

use crate::stage::agenda::{Agenda, Next};
use crate::stage::app::StageParts;
use crate::stage::channel::StageInbox;
use crate::stage::cpu_memory::{self, MemoryReader};
use crate::stage::cpu_presenter::Pace;
use crate::stage::frame_observer::{FrameShow, ReadFrame};
use crate::stage::gpu_presenter::Target;
use crate::stage::gpu_reader::GpuReader;
use crate::stage::guard::guarded;
use crate::stage::pipeline::CANVAS;
use crate::stage::presenter::{Output, Presenter, Ready};
use crate::stage::stage_error::StageError;
use crate::stage::time::{Clock, Now, StageTime};

/// The size when none is asked for.
const SIZE_PX: (u32, u32) = (1920, 1080);
/// The time from one frame of a fade on the GPU to the next: what a 60 Hz display would show.
const FRAME: Duration = Duration::from_micros(16_667);
/// How long a simulation waits for shaders between two looks.
const WARM_STEP: Duration = Duration::from_millis(1);

/// What the stage draws into.
#[derive(Resource)]
struct Canvas(AssetId<Image>);

/// Runs the stage until something ends it.
pub(super) fn run(parts: StageParts) -> Result<(), StageError> {
    guarded(|| {
        let observer = parts.config.observer.clone();
        let app = build(parts)?;
        let show = observer.map(|observer| FrameShow::new(observer, reader(&app)));
        drive(app, show)
    })
    .unwrap_or_else(|reason| Err(StageError::Broken { reason }))
}

/// What reads frames back, whatever draws them.
pub(super) fn reader(app: &App) -> Box<dyn ReadFrame> {
    match app.world().get_resource::<Canvas>() {
        Some(canvas) => Box::new(GpuReader::new(canvas.0)),
        None => Box::new(MemoryReader),
    }
}

/// Updates the stage until it wants to leave.
pub(super) fn drive(mut app: App, mut show: Option<FrameShow>) -> Result<(), StageError> {
    while app.should_exit().is_none() {
        match &app.world().resource::<Clock>().time {
            StageTime::Real { .. } => wait(&app),
            // The simulation begins when the stage is ready to draw.
            StageTime::Stepped(_) if !app.world().resource::<Ready>().0 => {
                thread::sleep(WARM_STEP);
            }
            StageTime::Stepped(time) => time.step(),
        }
        app.update();
        if let Some(show) = &mut show
            && app.world().resource::<Ready>().0
            && app.world().resource::<Presenter>().frame().is_drawing()
            && app.should_exit().is_none()
        {
            show.show(&app)
                .map_err(|reason| StageError::Gpu { reason })?;
        }
    }
    Ok(())
}

/// Builds the app and updates it for the first time.
pub(super) fn build(parts: StageParts) -> Result<App, StageError> {
    let (width_px, height_px) = parts.config.size.unwrap_or(SIZE_PX);
    let side_px_max = match &parts.gpu {
        Some(gpu) => gpu.0.limits().max_texture_dimension_2d,
        None => SIDE_PX_MAX,
    };
    if ![width_px, height_px]
        .iter()
        .all(|side| (1..=side_px_max).contains(side))
    {
        return Err(StageError::Size {
            width_px,
            height_px,
            side_px_max,
        });
    }
    let mut app = App::new();
    let on_gpu = parts.gpu.is_some();
    parts.install(&mut app, |plugins| plugins.disable::<WinitPlugin>());
    if on_gpu {
        let canvas = canvas(width_px, height_px);
        let canvas = app.world_mut().resource_mut::<Assets<Image>>().add(canvas);
        app.insert_resource(Canvas(canvas.id()))
            .insert_resource(Target(RenderTarget::Image(canvas.into())));
    } else {
        app.add_plugins(cpu_memory::plugin);
    }
    app.world_mut().resource_mut::<Output>().size_px = Some(UVec2::new(width_px, height_px));

    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();
    app.update();
    Ok(app)
}

/// A picture on the GPU, of numbers as they are coded.
fn canvas(width: u32, height: u32) -> Image {
    let mut canvas = Image::new_uninit(
        Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        },
        TextureDimension::D2,
        CANVAS,
        RenderAssetUsages::RENDER_WORLD,
    );
    canvas.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    canvas
}

/// Sleeps until the next update is due.
fn wait(app: &App) {
    let world = app.world();
    let mut select = Select::new();
    select.recv(&world.resource::<StageInbox>().commands);
    let due = match world.resource::<Agenda>().next() {
        None => {
            select.ready();
            return;
        }
        Some(Next::At(due)) => due,
        Some(Next::Frame) => {
            let now = world.resource::<Now>().0;
            let pace = world.get_resource::<Pace>();
            pace.map_or(now + FRAME, |pace| pace.next_frame(now))
        }
    };
    // A message that is already there is taken at once, also when something is overdue.
    let _ = select.ready_timeout(due.saturating_duration_since(Instant::now()));
}
