//! The pictures inside a drawing.
//!
//! Invariants: none is decoded before its size is known and within limits; one that cannot be
//! decoded is found out here, since the renderer would leave it out in silence.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, ImageError};
use resvg::usvg::ImageKind;

use crate::creative::drawing::limits::EMBEDDED_PIXELS_MAX;
use crate::creative::picture;
use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;

/// Makes what the renderer takes of a file.
type Wrap = fn(Arc<Vec<u8>>) -> ImageKind;

/// The pictures inside a drawing, as they come by.
#[derive(Default)]
pub(super) struct Embedded {
    pixels: AtomicU64,
    trouble: Mutex<Option<String>>,
    notes: Mutex<BTreeSet<String>>,
}

/// A picture that can be drawn.
struct Looked {
    kind: Wrap,
    /// What the renderer takes in place of the file.
    instead: Option<Vec<u8>>,
}

impl Embedded {
    /// Looks at one. The renderer decodes it later and leaves out what it cannot decode, so that is
    /// found out here.
    pub(super) fn resolve(&self, data: Arc<Vec<u8>>) -> Option<ImageKind> {
        match self.look(&data) {
            Ok(Looked { kind, instead }) => Some(kind(instead.map_or(data, Arc::new))),
            Err(why) => {
                self.trouble
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert(why);
                None
            }
        }
    }

    fn look(&self, data: &[u8]) -> Result<Looked, String> {
        let (format, kind): (_, Wrap) = match image::guess_format(data) {
            Ok(format @ image::ImageFormat::Png) => (format, ImageKind::PNG),
            Ok(format @ image::ImageFormat::Jpeg) => (format, ImageKind::JPEG),
            Ok(format @ image::ImageFormat::WebP) => (format, ImageKind::WEBP),
            Ok(format @ image::ImageFormat::Gif) => (format, ImageKind::GIF),
            _ => {
                return Err(
                    "a picture inside the drawing is no PNG, JPEG, WebP or GIF; embed it as one"
                        .to_owned(),
                );
            }
        };
        let inside = |why: String| format!("a picture inside the drawing: {why}");
        let mended = picture::mended(format, data.to_vec());
        let is_mended = mended != data;
        let (width, height) = image::ImageReader::with_format(Cursor::new(&mended), format)
            .into_dimensions()
            .map_err(|error| inside(picture::explain(error).words))?;
        picture::check_size(width, height).map_err(|told| inside(told.words))?;
        let pixels = u64::from(width) * u64::from(height);
        if self.pixels.fetch_add(pixels, Ordering::Relaxed) + pixels > EMBEDDED_PIXELS_MAX {
            return Err(format!(
                "the pictures inside the drawing have more than {} million pixels; make them smaller",
                EMBEDDED_PIXELS_MAX / 1_000_000
            ));
        }
        let still = picture::still(format, &mended).map_err(|told| inside(told.words))?;
        let notes = still.notes.iter().cloned().map(inside);
        self.notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(notes);
        // The renderer knows neither profiles nor turns, and forgives less, so it gets what became
        // of them.
        let instead = if still.is_changed || is_mended {
            let png = png_of(&still.bitmap);
            Some(png.map_err(|error| inside(picture::explain(error).words))?)
        } else {
            None
        };
        let kind = if instead.is_some() {
            ImageKind::PNG
        } else {
            kind
        };
        Ok(Looked { kind, instead })
    }

    /// What is well to know about them.
    pub(super) fn notes(&self) -> Vec<String> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.iter().cloned().collect()
    }

    /// The first thing that was wrong with one of them.
    pub(super) fn verdict(&self) -> Result<(), String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone().map_or(Ok(()), Err)
    }
}

fn png_of(bitmap: &Bitmap) -> Result<Vec<u8>, ImageError> {
    let mut png = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::NoFilter);
    let (samples, colours) = match &bitmap.pixels {
        Pixels::Rgb(rgb) => (rgb, ExtendedColorType::Rgb8),
        Pixels::Rgba(rgba) => (rgba, ExtendedColorType::Rgba8),
    };
    encoder.write_image(samples, bitmap.width, bitmap.height, colours)?;
    Ok(png)
}
