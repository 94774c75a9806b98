//! The textures of one slide, and new pixels for them.
//!
//! Invariants:
//! - A texture is made once, with the slide, and lives as long as it. Patches write into it.
//! - Writes are queued on the GPU in the order in which they were asked for, before the frame of
//!   the same update; none is lost, because the texture is there before anybody can ask.
//! - What does not fit is refused before the GPU hears of it.

use bevy::prelude::*;
use bevy::render::render_resource::{
    Extent3d, Origin3d, TexelCopyBufferLayout, TexelCopyTextureInfo, Texture, TextureAspect,
    TextureDescriptor, TextureDimension, TextureFormat, TextureUsages, TextureView,
    TextureViewDescriptor,
};
use passerby_compose::slide::{Area, MovingPicture, Patch, Plane};
use passerby_paint::{PlaneSizes, SlidePixels};

use crate::stage::gpu::Gpu;

/// The form of pictures. Their numbers are mixed as they are coded, so nothing decodes them.
const RGBA: TextureFormat = TextureFormat::Rgba8Unorm;

/// A slide's textures.
pub(super) struct Planes {
    sizes: PlaneSizes,
    still: Texture,
    moving: Option<Texture>,
    chroma: Option<Texture>,
}

impl Planes {
    /// Puts a slide's pixels on the GPU.
    ///
    /// # Errors
    /// Says which of its sizes do not fit together, or do not fit the GPU.
    pub(super) fn upload(gpu: &Gpu, slide: &SlidePixels) -> Result<Self, String> {
        slide.check(gpu.side_px_max())?;
        let still = texture(gpu, slide.width_px, slide.height_px, RGBA, &slide.rgba);
        let (moving, chroma) = match &slide.picture {
            None => (None, None),
            Some(MovingPicture::Rgba {
                width_px,
                height_px,
                pixels,
            }) => (
                Some(texture(gpu, *width_px, *height_px, RGBA, pixels)),
                None,
            ),
            Some(MovingPicture::Nv12 {
                width_px,
                height_px,
                luma,
                chroma,
                ..
            }) => (
                Some(texture(
                    gpu,
                    *width_px,
                    *height_px,
                    TextureFormat::R8Unorm,
                    luma,
                )),
                Some(texture(
                    gpu,
                    width_px / 2,
                    height_px / 2,
                    TextureFormat::Rg8Unorm,
                    chroma,
                )),
            ),
            Some(MovingPicture::Strip {
                row_px,
                height_px,
                length_px,
                pixels,
            }) => {
                let rows = length_px.div_ceil(*row_px) * height_px;
                (Some(texture(gpu, *row_px, rows, RGBA, pixels)), None)
            }
        };
        // Sends the pixels on their way now instead of with the first frame.
        gpu.queue.submit([]);
        Ok(Self {
            sizes: slide.sizes(),
            still,
            moving,
            chroma,
        })
    }

    pub(super) fn still_view(&self) -> TextureView {
        view(&self.still)
    }

    pub(super) fn moving_view(&self) -> Option<TextureView> {
        self.moving.as_ref().map(view)
    }

    pub(super) fn chroma_view(&self) -> Option<TextureView> {
        self.chroma.as_ref().map(view)
    }

    /// Replaces pixels.
    ///
    /// # Errors
    /// Says why they do not fit; nothing is written then.
    pub(super) fn patch(&self, gpu: &Gpu, patch: &Patch) -> Result<(), String> {
        self.sizes.check(patch)?;
        let texture = match patch.plane {
            Plane::Still => Some(&self.still),
            Plane::Moving => self.moving.as_ref(),
            Plane::Chroma => self.chroma.as_ref(),
        };
        if let Some(texture) = texture {
            write(gpu, texture, patch.area, &patch.bytes);
        }
        Ok(())
    }

    /// Pixels of the still layer, across and down.
    pub(super) fn still_px(&self) -> (u32, u32) {
        self.sizes.still
    }
}

/// A texture of one black pixel.
pub(super) fn blank(gpu: &Gpu) -> TextureView {
    view(&texture(gpu, 1, 1, RGBA, &[0, 0, 0, 255]))
}

fn view(texture: &Texture) -> TextureView {
    texture.create_view(&TextureViewDescriptor::default())
}

fn texture(gpu: &Gpu, width: u32, height: u32, format: TextureFormat, bytes: &[u8]) -> Texture {
    let texture = gpu.device.create_texture(&TextureDescriptor {
        label: Some("slide"),
        size: Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        },
        mip_level_count: 1,
        sample_count: 1,
        dimension: TextureDimension::D2,
        format,
        usage: TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST,
        view_formats: &[],
    });
    write(gpu, &texture, Area::new(0, 0, width, height), bytes);
    texture
}

fn write(gpu: &Gpu, texture: &Texture, area: Area, bytes: &[u8]) {
    let pixel_bytes = texture.format().block_copy_size(None).unwrap_or(4);
    gpu.queue.write_texture(
        TexelCopyTextureInfo {
            texture,
            mip_level: 0,
            origin: Origin3d {
                x: area.x,
                y: area.y,
                z: 0,
            },
            aspect: TextureAspect::All,
        },
        bytes,
        TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(area.width * pixel_bytes),
            rows_per_image: None,
        },
        Extent3d {
            width: area.width,
            height: area.height,
            depth_or_array_layers: 1,
        },
    );
}
