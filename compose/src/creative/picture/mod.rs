//! Decodes pictures that anybody may have made, within stated limits.
//!
//! Invariants: nothing is decoded before its size is known and within limits; a hostile file costs
//! one readable error, never a panic.

mod colour;
mod jpeg;
mod limits;
mod png;
mod still;
mod webp;

use image::ImageFormat;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;
use passerby_protocol::content_fault::Told;

use crate::page::content::Content;
use crate::raster::bitmap::{Bitmap, Pixels};
use crate::raster::palette::Sample;
use crate::raster::scale;
use crate::raster::scale::Crop;

pub(crate) use crate::creative::picture::colour::FrameColours;
pub use crate::creative::picture::limits::{PIXELS_MAX, PROGRESSIVE_PIXELS_MAX, SIDE_PX_MAX};
pub(crate) use crate::creative::picture::limits::{check_size, guarded};
pub(crate) use crate::creative::picture::still::{PixelFacts, Still};
pub(crate) use crate::creative::picture::webp::with_its_alpha;

impl Content for Bitmap {
    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn sample(&self) -> Sample {
        scale::sample(self)
    }

    fn stands_on_paper(&self) -> bool {
        let Pixels::Rgba(rgba) = &self.pixels else {
            return false;
        };
        let (pixels, _) = rgba.as_chunks::<4>();
        let (width, count) = (self.width as usize, pixels.len());
        let corners = [0, width - 1, count - width, count - 1];
        corners.iter().all(|&corner| pixels[corner][3] < 128)
    }

    fn scaled(&self, crop: Crop, size: (u32, u32), paper: Rgb) -> Result<Vec<u8>, ComposeError> {
        scale::scaled(self, crop, size, paper)
    }

    fn ready(&self, crop: Crop, size: (u32, u32)) -> Option<&[u8]> {
        scale::as_it_is(self, crop, size)
    }
}

/// Mends what is wrong in the frame of a file and browsers overlook; its pixels stay as they are.
pub(crate) fn mended(format: ImageFormat, bytes: Vec<u8>) -> Vec<u8> {
    match format {
        ImageFormat::Png => png::with_checksums(png::ended(bytes)),
        ImageFormat::WebP => webp::with_its_alpha(webp::with_its_length(bytes)),
        _ => bytes,
    }
}

/// Decodes one picture, the first frame of it.
pub(crate) fn still(format: ImageFormat, bytes: &[u8]) -> Result<Still, Told> {
    guarded(|| still::decode(format, bytes))?
}

/// Says in plain words why a decoder refused.
pub(crate) fn explain(error: image::ImageError) -> Told {
    still::explain(error)
}

#[cfg(test)]
mod tests;
