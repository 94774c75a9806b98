//! Decodes pictures that anybody may have made, within stated limits.
//!
//! Invariants: nothing is decoded before its size is known and within limits; a hostile file costs
//! one readable error, never a panic.

mod colour;
mod jpeg;
mod png;
mod still;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::ImageFormat;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;

use crate::page::content::Content;
use crate::raster::bitmap::{Bitmap, Pixels};
use crate::raster::palette::Sample;
use crate::raster::scale;
use crate::raster::scale::Crop;

pub(crate) use crate::creative::picture::colour::FrameColours;
pub(crate) use crate::creative::picture::still::{PixelFacts, Still};
pub(crate) use crate::creative::picture::webp::with_its_alpha;

/// Longest side of a picture, in pixels.
pub const SIDE_PX_MAX: u32 = 20_000;
/// Most pixels of a picture.
pub const PIXELS_MAX: u64 = 100_000_000;
/// Most pixels of a progressive JPEG, which is held twice while it is decoded.
pub const PROGRESSIVE_PIXELS_MAX: u64 = 50_000_000;
/// Most memory that one decoded picture may take, in bytes.
const DECODED_BYTES_MAX: u64 = 512 << 20;

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
}

/// Mends what is wrong in the frame of a file and browsers overlook; its pixels stay as they are.
pub(crate) fn mended(format: ImageFormat, bytes: Vec<u8>) -> Vec<u8> {
    match format {
        ImageFormat::Png => png::with_checksums(png::ended(bytes)),
        ImageFormat::WebP => webp::with_its_alpha(webp::with_its_length(bytes)),
        _ => bytes,
    }
}

/// Decoders are written to return errors; this guards against the one that does not.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| "the decoder gave up on it; export it anew as JPEG or PNG".to_owned())
}

/// Refuses a size that is past the limits, before anything is decoded.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), String> {
    if width.max(height) > SIDE_PX_MAX {
        return Err(format!(
            "{width} × {height} pixels, more than {SIDE_PX_MAX} a side; make it smaller"
        ));
    }
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(format!(
            "{width} × {height} pixels, more than {} million; make it smaller",
            PIXELS_MAX / 1_000_000
        ));
    }
    if width == 0 || height == 0 {
        return Err("the picture has no pixels; export it anew".to_owned());
    }
    Ok(())
}

/// Decodes one picture, the first frame of it.
pub(crate) fn still(format: ImageFormat, bytes: &[u8]) -> Result<Still, String> {
    guarded(|| still::decode(format, bytes))?
}

/// Says in plain words why a decoder refused.
pub(crate) fn explain(error: image::ImageError) -> String {
    still::explain(error)
}

#[cfg(test)]
mod tests;
