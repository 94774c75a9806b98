//! Prints what it costs to put pixels onto the GPU that the stage would use, one figure a line:
//! name, value, unit, compared with, ratio.
//!
//! `texture_figures [CODE_SQUARE_PX]`: a texture of a code square, 259 pixels a side unless told
//! otherwise, and one of a whole frame of 1920 × 1080. Both are made, written and waited for,
//! through the same calls as in `stage/planes.rs`.

#![allow(clippy::unwrap_used, reason = "figures of small numbers")]

use std::time::Instant;

use bevy::render::render_resource::{
    Extent3d, Origin3d, PollType, TexelCopyBufferLayout, TexelCopyTextureInfo, TextureAspect,
    TextureDescriptor, TextureDimension, TextureFormat, TextureUsages,
};
use bevy::render::renderer::{RenderDevice, RenderQueue, initialize_renderer};
use bevy::render::settings::{Backends, WgpuFeatures, WgpuSettings};
use bevy::tasks::block_on;

const ROUNDS: u32 = 50;

fn main() {
    let code_square_px: u32 = std::env::args()
        .nth(1)
        .map_or(259, |arg| arg.parse().unwrap());
    let settings = WgpuSettings {
        backends: Some(Backends::VULKAN),
        features: WgpuFeatures::empty(),
        ..WgpuSettings::default()
    };
    let gpu = block_on(initialize_renderer(Backends::VULKAN, None, &settings));
    let (device, queue) = (&gpu.0, &gpu.1);
    for (what, width, height, goal_us) in [
        (
            "texture of a code square",
            code_square_px,
            code_square_px,
            1_500.0,
        ),
        ("texture of a whole frame", 1_920, 1_080, 50_000.0),
    ] {
        let bytes = vec![200; (width * height * 4) as usize];
        upload(device, queue, width, height, &bytes);
        let started = Instant::now();
        for _ in 0..ROUNDS {
            upload(device, queue, width, height, &bytes);
        }
        let value_us = started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
        println!(
            "{what}, {width} × {height} pixels\t{value_us:.1}\tµs\tgoal {goal_us}\t{:.4}",
            value_us / goal_us
        );
    }
}

fn upload(device: &RenderDevice, queue: &RenderQueue, width: u32, height: u32, bytes: &[u8]) {
    let size = Extent3d {
        width,
        height,
        depth_or_array_layers: 1,
    };
    let texture = device.create_texture(&TextureDescriptor {
        label: None,
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: TextureDimension::D2,
        format: TextureFormat::Rgba8UnormSrgb,
        usage: TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
        view_formats: &[],
    });
    queue.write_texture(
        TexelCopyTextureInfo {
            texture: &texture,
            mip_level: 0,
            origin: Origin3d::ZERO,
            aspect: TextureAspect::All,
        },
        bytes,
        TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(width * 4),
            rows_per_image: None,
        },
        size,
    );
    queue.submit([]);
    device.poll(PollType::wait_indefinitely()).unwrap();
}
