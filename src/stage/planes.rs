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
use passerby_compose::slide::{Area, Moving, MovingPicture, Patch, Plane, Slide};

use crate::stage::gpu::Gpu;

/// A slide's textures.
pub(super) struct Planes {
    still: Texture,
    moving: Option<Texture>,
    chroma: Option<Texture>,
}

impl Planes {
    /// Puts a slide's pixels on the GPU.
    ///
    /// # Errors
    /// Says which of its sizes do not fit together, or do not fit the GPU.
    pub(super) fn upload(gpu: &Gpu, slide: &Slide) -> Result<Self, String> {
        check("it", slide.width_px, slide.height_px, 4, &slide.rgba, gpu)?;
        if let Some(moving) = &slide.moving {
            check_moving(moving, gpu)?;
        }
        let srgb = TextureFormat::Rgba8UnormSrgb;
        let still = texture(gpu, slide.width_px, slide.height_px, srgb, &slide.rgba);
        let (moving, chroma) = match slide.moving.as_ref().map(|moving| &moving.picture) {
            None => (None, None),
            Some(MovingPicture::Rgba {
                width_px,
                height_px,
                pixels,
            }) => (
                Some(texture(gpu, *width_px, *height_px, srgb, pixels)),
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
                (Some(texture(gpu, *row_px, rows, srgb, pixels)), None)
            }
        };
        // Sends the pixels on their way now instead of with the first frame.
        gpu.queue.submit([]);
        Ok(Self {
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
        let texture = match patch.plane {
            Plane::Still => Some(&self.still),
            Plane::Moving => self.moving.as_ref(),
            Plane::Chroma => self.chroma.as_ref(),
        };
        let Some(texture) = texture else {
            return Err(format!("it has no plane {:?}", patch.plane));
        };
        let area = patch.area;
        let fits = |start: u32, length: u32, side: u32| {
            length > 0 && start.checked_add(length).is_some_and(|end| end <= side)
        };
        if !fits(area.x, area.width, texture.width())
            || !fits(area.y, area.height, texture.height())
        {
            return Err(format!(
                "{area:?} does not lie in a plane of {}x{}",
                texture.width(),
                texture.height()
            ));
        }
        let row_bytes = area.width as usize * patch.plane.pixel_bytes(self.chroma.is_some());
        if patch.bytes.len() != row_bytes * area.height as usize {
            return Err(format!(
                "{area:?} takes {} bytes, not {}",
                row_bytes * area.height as usize,
                patch.bytes.len()
            ));
        }
        write(gpu, texture, area, &patch.bytes);
        Ok(())
    }
}

/// A texture of one black pixel.
pub(super) fn blank(gpu: &Gpu) -> TextureView {
    view(&texture(
        gpu,
        1,
        1,
        TextureFormat::Rgba8UnormSrgb,
        &[0, 0, 0, 255],
    ))
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

/// Says why pixels cannot become a texture.
fn check(
    what: &str,
    width: u32,
    height: u32,
    pixel_bytes: u64,
    bytes: &[u8],
    gpu: &Gpu,
) -> Result<(), String> {
    let side_px_max = gpu.side_px_max();
    let sides = 1..=side_px_max;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(format!(
            "{what} is {width}x{height} pixels, and the GPU takes 1 to {side_px_max} a side"
        ));
    }
    let wanted = u64::from(width) * u64::from(height) * pixel_bytes;
    if bytes.len() as u64 != wanted {
        return Err(format!(
            "{what} has {} bytes where {width}x{height} pixels take {wanted}",
            bytes.len()
        ));
    }
    Ok(())
}

fn check_moving(moving: &Moving, gpu: &Gpu) -> Result<(), String> {
    match &moving.picture {
        MovingPicture::Rgba {
            width_px,
            height_px,
            pixels,
        } => check("its picture", *width_px, *height_px, 4, pixels, gpu),
        MovingPicture::Nv12 {
            width_px,
            height_px,
            luma,
            chroma,
            ..
        } => {
            if width_px % 2 == 1 || height_px % 2 == 1 {
                return Err(format!("its film has an odd side: {width_px}x{height_px}"));
            }
            check("its luma", *width_px, *height_px, 1, luma, gpu)?;
            check("its chroma", width_px / 2, height_px / 2, 2, chroma, gpu)
        }
        MovingPicture::Strip {
            row_px,
            height_px,
            length_px,
            pixels,
        } => {
            let rows = (*row_px > 0 && *length_px > 0)
                .then(|| length_px.div_ceil(*row_px))
                .and_then(|rows| rows.checked_mul(*height_px));
            let Some(rows) = rows else {
                return Err(format!(
                    "its strip of {length_px} pixels in rows of {row_px}x{height_px} has no size"
                ));
            };
            check("its strip", *row_px, rows, 4, pixels, gpu)
        }
    }
}
