//! Shows every drawn frame to somebody in the same process.
//!
//! Invariant: a frame is shown right after the update that drew it, before the next one; while the
//! observer looks at it the stage waits. So nothing piles up, and nothing is left out.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{
    Buffer, BufferDescriptor, BufferUsages, CommandEncoderDescriptor, Extent3d, MapMode, PollType,
    TexelCopyBufferInfo, TexelCopyBufferLayout, Texture,
};
use bevy::render::texture::GpuImage;
use passerby_compose::slide::Caption;
use passerby_playout::messages::stage_messages::Snapshot;
use passerby_playout::screen::geometry::Zone;

use crate::stage::gpu::{Gpu, Holdings};
use crate::stage::slides::Slides;
use crate::stage::time::{Clock, Now};

/// How long the GPU may take to hand a frame over.
const HAND_OVER_MAX: Duration = Duration::from_secs(20);
/// Rows of a copied texture begin at multiples of this, as WebGPU wants it.
const ROW_STEP: u32 = 256;

/// Somebody who sees every frame that an offscreen stage draws. For tests: it makes the stage wait.
#[derive(Clone)]
pub struct FrameObserver(pub Arc<dyn Fn(SeenFrame) + Send + Sync>);

impl fmt::Debug for FrameObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrameObserver")
    }
}

/// A frame and what stands on it.
#[derive(Debug, Clone)]
pub struct SeenFrame {
    /// Time since the stage was started.
    pub at: Duration,
    /// CLOCK_BOOTTIME in milliseconds when it was seen.
    pub boot_ms: u64,
    /// The whole output.
    pub picture: Snapshot,
    /// What each zone shows, in the order of the zones.
    pub zones: Vec<SeenZone>,
    /// What is held on the GPU after it.
    pub on_gpu: Holdings,
}

/// What a zone shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenZone {
    /// The zone that is meant.
    pub zone: Zone,
    /// Of the slide whose code can be read.
    pub caption: Caption,
    /// Whether one slide is giving way to another.
    pub transition: bool,
}

/// Reads frames back for an observer.
pub(super) struct FrameReader {
    observer: FrameObserver,
    canvas: AssetId<Image>,
    buffer: Option<Buffer>,
}

impl FrameReader {
    pub(super) fn new(observer: FrameObserver, canvas: AssetId<Image>) -> Self {
        Self {
            observer,
            canvas,
            buffer: None,
        }
    }

    /// Shows the frame of the update that has just run.
    ///
    /// # Errors
    /// Says why the GPU did not hand it over.
    pub(super) fn show(&mut self, app: &App) -> Result<(), String> {
        let world = app.world();
        let render = app.sub_app(RenderApp).world();
        let Some(canvas) = render.resource::<RenderAssets<GpuImage>>().get(self.canvas) else {
            return Err("there is no canvas".into());
        };
        let gpu = world.resource::<Gpu>();
        let (width_px, height_px) = (canvas.texture.width(), canvas.texture.height());
        let rgba = self.read(gpu, &canvas.texture)?;
        let clock = world.resource::<Clock>();
        let zones = world.resource::<Slides>().on_screen().map(|seen| SeenZone {
            zone: seen.zone,
            caption: seen.caption.clone(),
            transition: seen.transition,
        });
        (self.observer.0)(SeenFrame {
            at: world.resource::<Now>().0 - clock.started,
            boot_ms: clock.boot_ms(),
            picture: Snapshot {
                width_px,
                height_px,
                rgba,
            },
            zones: zones.collect(),
            on_gpu: gpu.holdings(),
        });
        Ok(())
    }

    fn read(&mut self, gpu: &Gpu, texture: &Texture) -> Result<Vec<u8>, String> {
        let (width, height) = (texture.width(), texture.height());
        let row = width * 4;
        let padded = row.next_multiple_of(ROW_STEP);
        let buffer = self.buffer.get_or_insert_with(|| {
            gpu.device.create_buffer(&BufferDescriptor {
                label: Some("frame_observer"),
                size: u64::from(padded) * u64::from(height),
                usage: BufferUsages::COPY_DST | BufferUsages::MAP_READ,
                mapped_at_creation: false,
            })
        });
        let mut encoder = gpu
            .device
            .create_command_encoder(&CommandEncoderDescriptor::default());
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            TexelCopyBufferInfo {
                buffer,
                layout: TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(padded),
                    rows_per_image: None,
                },
            },
            Extent3d {
                width,
                height,
                depth_or_array_layers: 1,
            },
        );
        gpu.queue.submit([encoder.finish()]);
        let (mapped, outcome) = mpsc::channel();
        buffer.slice(..).map_async(MapMode::Read, move |result| {
            // Nobody waits any more when the poll below has failed.
            let _ = mapped.send(result);
        });
        gpu.device
            .wgpu_device()
            .poll(PollType::Wait {
                submission_index: None,
                timeout: Some(HAND_OVER_MAX),
            })
            .map_err(|error| error.to_string())?;
        match outcome.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err("the frame was not handed over".into()),
        }
        let mut rgba = Vec::with_capacity(row as usize * height as usize);
        for line in buffer
            .slice(..)
            .get_mapped_range()
            .chunks_exact(padded as usize)
        {
            rgba.extend_from_slice(&line[..row as usize]);
        }
        buffer.unmap();
        Ok(rgba)
    }
}
