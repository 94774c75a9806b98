//! The glass: what the output is, whether this update draws on it, and what came of it.
//!
//! Invariants:
//! - An update in which nothing changed draws nothing and presents nothing: the camera is switched off for it.
//! - [`StageEvent::Sized`] is first sent when every shader is compiled, so that the first slide is drawn at once.
//! - [`StageEvent::Presented`] is sent right after the frame was handed to the output, and only if it was.
//! - A frame that the output did not take is drawn again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::PollType;
use bevy::render::render_resource::{CachedPipelineState, PipelineCache, PipelineDescriptor};
use bevy::render::renderer::RenderDevice;
use bevy::render::texture::GpuImage;
use bevy::render::view::ExtractedWindows;
use bevy::render::{Render, RenderApp, RenderSystems};
use bevy::ui_render::UiAntiAlias;
use passerby_playout::show::{StageEvent, Ticket};

use super::agenda::Agenda;
use super::channel::Outlet;
use super::{BootClock, KioskSystems, Now, StageError, Verdict};

/// How long shaders may take to compile; a Pi needs seconds.
const WARM_UP_MAX: Duration = Duration::from_secs(60);
/// How often a cold stage looks whether its shaders are there.
const WARM_UP_STEP: Duration = Duration::from_millis(5);
/// How soon a frame that the output did not take is tried again.
const MISSED_RETRY: Duration = Duration::from_millis(100);
/// How soon an unfinished upload is looked at again.
const UPLOAD_RETRY: Duration = Duration::from_millis(5);
/// How long the GPU may work on one offscreen frame.
const FRAME_MAX: Duration = Duration::from_secs(20);

/// The pipelines without which a frame would be incomplete, by Bevy's labels.
const PIPELINES: [&str; 2] = ["ui_pipeline", "screenshot-to-screen"];

/// Where the camera draws, and how large that is.
#[derive(Resource, Default)]
pub(super) struct Output {
    /// Pixels; none before there is an output.
    pub(super) size_px: Option<UVec2>,
    reported_px: Option<UVec2>,
}

/// The camera's target, for reading frames back.
#[derive(Resource, Clone)]
pub(super) struct Target(pub(super) RenderTarget);

/// Whether this update has something new to draw.
#[derive(Resource, Default)]
pub(super) struct Changed(pub(super) bool);

/// Whether everything that drawing needs is compiled.
#[derive(Resource, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Warm(pub(super) bool);

/// What main world and render world tell each other about a frame. They never run at the same time.
#[derive(Resource, Clone, Default)]
pub(super) struct Glass(Arc<Mutex<Frame>>);

/// One frame on its way to the output.
#[derive(Default)]
pub(super) struct Frame {
    /// Whether this update draws.
    drawing: bool,
    /// Whether the last drawn frame did not reach the output.
    pub(super) missed: bool,
    /// Whether every pipeline is compiled.
    compiled: bool,
    /// Textures under way to the GPU.
    pub(super) uploads: Vec<(Ticket, AssetId<Image>)>,
    /// The slide that this frame shows first.
    pub(super) debut: Option<Ticket>,
}

impl Glass {
    pub(super) fn frame(&self) -> MutexGuard<'_, Frame> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The speck that makes Bevy compile what slides need.
#[derive(Component)]
struct Speck;

pub(super) fn plugin(app: &mut App) {
    let glass = Glass::default();
    let outlet = app.world().resource::<Outlet>().clone();
    let clock = *app.world().resource::<BootClock>();
    let verdict = app.world().resource::<Verdict>().clone();
    app.init_resource::<Output>()
        .init_resource::<Changed>()
        .init_resource::<Warm>()
        .insert_resource(glass.clone())
        .add_systems(Startup, lay_out)
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
            .insert_resource(glass)
            .insert_resource(outlet)
            .insert_resource(clock)
            .insert_resource(verdict)
            .add_systems(
                Render,
                (look_at_pipelines, report_uploads, report_frame)
                    .chain()
                    .in_set(RenderSystems::Cleanup),
            );
    }
}

fn lay_out(mut commands: Commands, target: Res<Target>) {
    commands.spawn((
        Camera2d,
        Camera {
            clear_color: ClearColorConfig::Custom(Color::BLACK),
            ..default()
        },
        target.0.clone(),
        Msaa::Off,
        // Anti-aliasing would soften the frame's outermost pixels.
        UiAntiAlias::Off,
        IsDefaultUiCamera,
    ));
    commands.spawn((
        Speck,
        Node {
            position_type: PositionType::Absolute,
            width: px(1),
            height: px(1),
            ..default()
        },
        ImageNode::solid_color(Color::BLACK),
    ));
}

fn clear_changed(mut changed: ResMut<Changed>) {
    changed.0 = false;
}

fn warm_up(
    mut commands: Commands,
    now: Res<Now>,
    glass: Res<Glass>,
    specks: Query<Entity, With<Speck>>,
    verdict: Res<Verdict>,
    mut warm: ResMut<Warm>,
    mut changed: ResMut<Changed>,
    mut agenda: ResMut<Agenda>,
    mut exit: MessageWriter<AppExit>,
    mut since: Local<Option<Instant>>,
) {
    if warm.0 {
        return;
    }
    if glass.frame().compiled {
        warm.0 = true;
        for speck in &specks {
            commands.entity(speck).despawn();
        }
        return;
    }
    changed.0 = true;
    agenda.wake_at(now.0 + WARM_UP_STEP);
    if now.0 - *since.get_or_insert(now.0) > WARM_UP_MAX {
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
    warm: Res<Warm>,
    mut output: ResMut<Output>,
    mut changed: ResMut<Changed>,
    outlet: Res<Outlet>,
) {
    if output.size_px == output.reported_px || !warm.0 {
        return;
    }
    if let Some(size_px) = output.size_px {
        output.reported_px = output.size_px;
        changed.0 = true;
        outlet.send(StageEvent::Sized {
            width_px: size_px.x,
            height_px: size_px.y,
        });
    }
}

fn draw_if_changed(
    now: Res<Now>,
    glass: Res<Glass>,
    changed: Res<Changed>,
    mut cameras: Query<&mut Camera>,
    mut agenda: ResMut<Agenda>,
) {
    let mut frame = glass.frame();
    frame.drawing = changed.0 || frame.missed;
    for mut camera in &mut cameras {
        camera.is_active = frame.drawing;
    }
    // The render world works after this, so what it could not finish is seen to a moment later.
    if frame.drawing {
        agenda.wake_at(now.0 + MISSED_RETRY);
    }
    if !frame.uploads.is_empty() {
        agenda.wake_at(now.0 + UPLOAD_RETRY);
    }
}

fn look_at_pipelines(pipelines: Res<PipelineCache>, glass: Res<Glass>) {
    let mut frame = glass.frame();
    if frame.compiled {
        return;
    }
    let compiled = |wanted: &&str| {
        pipelines.pipelines().any(|pipeline| {
            matches!(&pipeline.descriptor, PipelineDescriptor::RenderPipelineDescriptor(render)
                if render.label.as_deref() == Some(*wanted))
                && matches!(pipeline.state, CachedPipelineState::Ok(_))
        })
    };
    frame.compiled =
        PIPELINES.iter().all(compiled) && pipelines.waiting_pipelines().next().is_none();
}

fn report_uploads(images: Res<RenderAssets<GpuImage>>, glass: Res<Glass>, outlet: Res<Outlet>) {
    glass.frame().uploads.retain(|(ticket, image)| {
        let under_way = images.get(*image).is_none();
        if !under_way {
            outlet.send(StageEvent::Loaded(*ticket));
        }
        under_way
    });
}

fn report_frame(
    windows: Res<ExtractedWindows>,
    device: Res<RenderDevice>,
    glass: Res<Glass>,
    clock: Res<BootClock>,
    outlet: Res<Outlet>,
    verdict: Res<Verdict>,
) {
    let mut frame = glass.frame();
    if !frame.drawing {
        return;
    }
    let presented = if windows.is_empty() {
        // Nothing paces an offscreen stage but the GPU itself: without this wait, frames would pile up before it.
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
    if presented && let Some(ticket) = frame.debut.take() {
        outlet.send(StageEvent::Presented {
            ticket,
            boot_ms: (clock.0)(),
        });
    }
}
