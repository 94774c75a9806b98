//! Opens the GPU, and ends the run when it fails.
//!
//! Invariants:
//! - A missing or failing driver is an error with a reason, never a panic that the operator has to
//!   read.
//! - A GPU that is lost while nothing changes is noticed within [`LOOK_EVERY`].

use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy::render::error_handler::{RenderErrorHandler, RenderErrorPolicy};
use bevy::render::render_resource::PollType;
use bevy::render::renderer::{RenderDevice, RenderInstance, RenderQueue, initialize_renderer};
use bevy::render::settings::{
    Backends, InstanceFlags, RenderResources, WgpuFeatures, WgpuSettings,
};
use bevy::render::{Render, RenderApp, RenderSystems};
use bevy::tasks::block_on;

use crate::stage::agenda::Agenda;
use crate::stage::frame_observer::Holdings;
use crate::stage::guard::guarded_quietly;
use crate::stage::stage_error::{FirstFailure, StageError};
use crate::stage::systems::KioskSystems;
use crate::stage::time::Now;

/// How often a stage at rest asks the GPU for a sign of life. It draws nothing for that.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Where the kernel lists graphics hardware.
const HARDWARE: &str = "/dev/dri";

/// The GPU, for what the stage itself puts on it. Bevy draws in the same update, so that writes go
/// before the frame.
#[derive(Resource, Clone)]
pub(super) struct Gpu {
    pub(super) device: RenderDevice,
    pub(super) queue: RenderQueue,
    instance: RenderInstance,
}

impl Gpu {
    pub(super) fn of(resources: &RenderResources) -> Self {
        Self {
            device: resources.0.clone(),
            queue: resources.1.clone(),
            instance: resources.4.clone(),
        }
    }

    /// Counts what is held on the GPU; nothing where the front end keeps no count.
    pub(super) fn holdings(&self) -> Holdings {
        let Some(report) = self.instance.generate_report() else {
            return Holdings::default();
        };
        let hub = report.hub_report();
        Holdings {
            textures: hub.textures.num_allocated,
            buffers: hub.buffers.num_allocated,
            bind_groups: hub.bind_groups.num_allocated,
        }
    }

    /// The longest texture side that the GPU takes.
    pub(super) fn side_px_max(&self) -> u32 {
        self.device.limits().max_texture_dimension_2d
    }
}

/// Opens the best GPU there is; `WGPU_BACKEND` and `WGPU_ADAPTER_NAME` narrow the choice.
///
/// A window takes Vulkan only: Bevy 0.19 opens OpenGL without the window's display, and then cannot
/// present to it.
pub(super) fn open(offscreen: bool) -> Result<RenderResources, StageError> {
    if let Some(backends) = Backends::from_env() {
        return open_with(backends);
    }
    let vulkan = open_with(Backends::VULKAN);
    let on_hardware = vulkan.as_ref().is_ok_and(|resources| !is_cpu(resources));
    // OpenGL is second best, but better on a real GPU than Vulkan in software.
    if !offscreen || on_hardware || (vulkan.is_ok() && !Path::new(HARDWARE).exists()) {
        return vulkan;
    }
    open_with(Backends::all()).or(vulkan)
}

/// What would draw on the GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// As its driver names it.
    pub name: String,
    /// Whether it is the processor in the end.
    pub is_cpu: bool,
}

/// Opens the GPU that a stage would open, and says which it is.
///
/// # Errors
/// [`StageError::NoGpu`] when there is none.
pub fn look_for_adapter(offscreen: bool) -> Result<Adapter, StageError> {
    let resources = open(offscreen)?;
    Ok(Adapter {
        name: resources.2.name.clone(),
        is_cpu: is_cpu(&resources),
    })
}

/// Bevy does not pass on the names of wgpu's device types.
fn is_cpu(resources: &RenderResources) -> bool {
    format!("{:?}", resources.2.device_type) == "Cpu"
}

fn open_with(backends: Backends) -> Result<RenderResources, StageError> {
    let settings = WgpuSettings {
        backends: Some(backends),
        // Whatever the adapter offers is enough; nothing is demanded, so that small boards are not
        // refused.
        features: WgpuFeatures::empty(),
        instance_flags: InstanceFlags::empty().with_env(),
        ..default()
    };
    // Bevy's initialisation knows no error: it panics when there is no adapter or no device.
    guarded_quietly(|| block_on(initialize_renderer(backends, None, &settings)))
        .map_err(|reason| StageError::NoGpu { reason })
}

pub(super) fn plugin(app: &mut App) {
    app.insert_resource(RenderErrorHandler(|error, main_world, _| {
        main_world.resource::<FirstFailure>().fail(StageError::Gpu {
            reason: format!("{:?}: {}", error.ty, error.description),
        });
        main_world.write_message(AppExit::error());
        RenderErrorPolicy::StopRendering
    }))
    .add_systems(Update, look_again.in_set(KioskSystems::Report));
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.add_systems(Render, look.in_set(RenderSystems::Cleanup));
    }
}

/// Asks for a sign of life. A lost device answers through the error handler above.
fn look(device: Res<RenderDevice>) {
    if let Err(error) = device.poll(PollType::Poll) {
        debug!("the GPU does not say how it is: {error}");
    }
}

fn look_again(now: Res<Now>, mut agenda: ResMut<Agenda>) {
    agenda.wake_at(now.0 + LOOK_EVERY);
}
