//! Opens a picture file that anybody may have made, within stated limits.
//!
//! Invariants: nothing is decoded before its size is known and within limits; a hostile file costs one readable error
//! that names it, never a panic; what was hashed is what is decoded; what a file is, its content tells and not its name.

mod jpeg;
mod still;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use image::ImageFormat;
use passerby_playout::show::{ComposeError, CreativeFile, Health};
use passerby_protocol::Digest;
use passerby_protocol::campaign::Rgb;
use passerby_protocol::limits::CREATIVE_BYTES_MAX;

use super::animation::{self, Animation};
use super::drawing::{self, Drawing, Fonts};
use super::file;
use super::fit::{self, Crop};
use super::poster::Content;

/// Longest side of a picture, in pixels.
pub const SIDE_PX_MAX: u32 = 20_000;
/// Most pixels of a picture.
pub const PIXELS_MAX: u64 = 100_000_000;
/// Most pixels of a progressive JPEG, which is held twice while it is decoded.
pub const PROGRESSIVE_PIXELS_MAX: u64 = 50_000_000;
/// Most memory that one decoded picture may take, in bytes.
const DECODED_BYTES_MAX: u64 = 512 << 20;

/// A decoded picture, upright.
pub(super) struct Bitmap {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Pixels,
}

/// Eight bits a channel, rows from the top.
pub(super) enum Pixels {
    Rgb(Vec<u8>),
    /// Alpha is not premultiplied.
    Rgba(Vec<u8>),
}

impl Content for Bitmap {
    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn samples(&self) -> Result<Vec<u8>, ComposeError> {
        Ok(fit::samples(self))
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
        fit::scaled(self, crop, size, paper)
    }
}

/// What a picture or drawing file holds, as `passerby check` reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Pixels across, upright; of a drawing, its own units.
    pub width_px: u32,
    /// Pixels down, upright; of a drawing, its own units.
    pub height_px: u32,
    /// How many frames it has; 1 for what does not move.
    pub frames: u32,
    /// What is well to know although the file will be shown.
    pub notes: Vec<String>,
}

/// Decodes a picture or drawing file in full and returns its upright width and height in pixels.
///
/// # Errors
/// A reason that names the file and what to do.
pub fn inspect_picture(path: &Path) -> Result<(u32, u32), ComposeError> {
    inspect(path).map(|found| (found.width_px, found.height_px))
}

/// Decodes a picture or drawing file in full, every frame of it up to [`animation::INSPECTED_PIXELS_MAX`], and says
/// what it holds.
///
/// # Errors
/// A reason that names the file and what to do.
pub fn inspect(path: &Path) -> Result<Inspection, ComposeError> {
    let name = name_of(path);
    let (width_px, height_px, frames, notes) = match read_and_decode(&name, path, None)? {
        Opened::Still(bitmap, notes) => (bitmap.width, bitmap.height, 1, notes),
        Opened::Animation(animation) => {
            let (width, height) = animation.size();
            animation.inspect()?;
            (width, height, animation.frames(), Vec::new())
        }
        Opened::Drawing(text) => {
            let drawing = Drawing::open(&name, text, Fonts::bundled())?;
            drawing.inspect()?;
            let (width, height) = drawing.size();
            (width, height, 1, drawing.notes().to_vec())
        }
    };
    Ok(Inspection {
        width_px,
        height_px,
        frames,
        notes,
    })
}

/// Opens a picture file, the first frame of it if it is animated. With a digest, the file must still have that content.
pub(super) fn open(path: &Path, creative: Option<&Digest>) -> Result<Bitmap, ComposeError> {
    let name = name_of(path);
    match read_and_decode(&name, path, creative)? {
        Opened::Still(bitmap, _) => Ok(bitmap),
        Opened::Animation(animation) => Ok(animation.into_first()),
        Opened::Drawing(text) => Drawing::open(&name, text, Fonts::bundled())?.bitmap(),
    }
}

/// Opens a creative that is a picture or a drawing, ready for its place. What happens to it while it is shown is told
/// to `health`.
pub(super) fn load(
    file: &CreativeFile,
    fonts: &Fonts,
    health: &Health,
) -> Result<Box<dyn Content>, ComposeError> {
    Ok(
        match read_and_decode(&file.name, &file.path, Some(&file.digest))? {
            Opened::Still(bitmap, _) => Box::new(bitmap),
            Opened::Animation(animation) => Box::new(animation.reporting_to(health.clone())),
            Opened::Drawing(text) => Box::new(Drawing::open(&file.name, text, fonts)?),
        },
    )
}

/// A file whose kind is known.
enum Opened {
    /// With what is well to know about it.
    Still(Bitmap, Vec<String>),
    Animation(Animation),
    /// The text of an SVG.
    Drawing(Vec<u8>),
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn read_and_decode(
    name: &str,
    path: &Path,
    creative: Option<&Digest>,
) -> Result<Opened, ComposeError> {
    let says = |what: String| ComposeError(format!("{name}: {what}"));
    let bytes = read(path).map_err(says)?;
    if let Some(creative) = creative
        && Digest::of(&bytes) != *creative
    {
        let what = "the file changed on disk since it was scheduled; reload the content, or put the old file back";
        return Err(says(what.to_owned()));
    }
    if drawing::is_svg(&bytes) {
        return Ok(Opened::Drawing(bytes));
    }
    decode(name, bytes).map_err(says)
}

fn decode(name: &str, bytes: Vec<u8>) -> Result<Opened, String> {
    let format = match image::guess_format(&bytes) {
        Ok(
            format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif),
        ) => format,
        _ => {
            return Err(
                "it is no JPEG, PNG, WebP, GIF or SVG picture, whatever its name says; export it as one"
                    .to_owned(),
            );
        }
    };
    let mut notes = Vec::new();
    if let Some(outline) = animation::outline(format, &bytes)? {
        let bytes: Arc<[u8]> = bytes.into();
        match guarded(|| Animation::open(name, format, &bytes, outline))? {
            Ok(animation) => return Ok(Opened::Animation(animation)),
            Err(animation::Cannot::Move(why)) => notes.push(why),
            Err(animation::Cannot::Show(why)) => return Err(why),
        }
        return Ok(Opened::Still(still(format, &bytes)?, notes));
    }
    Ok(Opened::Still(still(format, &bytes)?, notes))
}

/// Decoders are written to return errors; this guards against the one that does not.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| "the decoder gave up on it; export it anew as JPEG or PNG".to_owned())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = file::read_start(path, CREATIVE_BYTES_MAX + 1, "picture")?;
    if bytes.len() as u64 > CREATIVE_BYTES_MAX {
        return Err(format!(
            "the file is larger than {} MiB; export it smaller",
            CREATIVE_BYTES_MAX >> 20
        ));
    }
    Ok(bytes)
}

/// Refuses a size that is past the limits, before anything is decoded.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), String> {
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
pub(super) fn still(format: ImageFormat, bytes: &[u8]) -> Result<Bitmap, String> {
    guarded(|| still::decode(format, bytes))?
}

/// Says in plain words why a decoder refused.
pub(super) fn explain(error: image::ImageError) -> String {
    still::explain(error)
}

#[cfg(test)]
mod tests;
