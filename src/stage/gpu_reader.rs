//! Reads offscreen frames back from the GPU for an observer, while the stage waits.

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
use passerby_playout::messages::stage_messages::Snapshot;

use crate::stage::frame_observer::{Holdings, ReadFrame};
use crate::stage::gpu::Gpu;

/// How long the GPU may take to hand a frame over.
const HAND_OVER_MAX: Duration = Duration::from_secs(20);
/// Rows of a copied texture begin at multiples of this, as WebGPU wants it.
const ROW_STEP: u32 = 256;

/// Reads what the stage draws into.
pub(super) struct GpuReader {
    canvas: AssetId<Image>,
    buffer: Option<Buffer>,
}

impl ReadFrame for GpuReader {
    fn read(&mut self, app: &App) -> Result<(Snapshot, Holdings), String> {
        let render = app.sub_app(RenderApp).world();
        let Some(canvas) = render.resource::<RenderAssets<GpuImage>>().get(self.canvas) else {
            return Err("there is no canvas".into());
        };
        let gpu = app.world().resource::<Gpu>();
        let (width_px, height_px) = (canvas.texture.width(), canvas.texture.height());
        let rgba = self.copy(gpu, &canvas.texture)?;
        let picture = Snapshot {
            width_px,
            height_px,
            rgba,
            zones: Vec::new(),
        };
        Ok((picture, gpu.holdings()))
    }
}

impl GpuReader {
    pub(super) fn new(canvas: AssetId<Image>) -> Self {
        Self {
            canvas,
            buffer: None,
        }
    }

    fn copy(&mut self, gpu: &Gpu, texture: &Texture) -> Result<Vec<u8>, String> {
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
