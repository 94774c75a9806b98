//! The pictures inside a drawing.
//!
//! Invariants: none is decoded before its size is known and within limits; one that cannot be decoded is found out here,
//! since the renderer would leave it out in silence.

use std::io::Cursor;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use resvg::usvg::ImageKind;

use super::EMBEDDED_PIXELS_MAX;
use crate::picture;

/// Makes what the renderer takes of a file.
type Wrap = fn(Arc<Vec<u8>>) -> ImageKind;

/// The pictures inside a drawing, as they come by.
#[derive(Default)]
pub(super) struct Embedded {
    pixels: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Embedded {
    /// Looks at one. The renderer decodes it later and leaves out what it cannot decode, so that is found out here.
    pub(super) fn resolve(&self, data: Arc<Vec<u8>>) -> Option<ImageKind> {
        match self.look(&data) {
            Ok(kind) => Some(kind(data)),
            Err(why) => {
                self.trouble
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert(why);
                None
            }
        }
    }

    fn look(&self, data: &[u8]) -> Result<Wrap, String> {
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
        let (width, height) = image::ImageReader::with_format(Cursor::new(data), format)
            .into_dimensions()
            .map_err(|error| inside(picture::explain(error)))?;
        picture::check_size(width, height).map_err(inside)?;
        let pixels = u64::from(width) * u64::from(height);
        if self.pixels.fetch_add(pixels, Ordering::Relaxed) + pixels > EMBEDDED_PIXELS_MAX {
            return Err(format!(
                "the pictures inside the drawing have more than {} million pixels; make them smaller",
                EMBEDDED_PIXELS_MAX / 1_000_000
            ));
        }
        picture::still(format, data).map_err(inside)?;
        Ok(kind)
    }

    /// The first thing that was wrong with one of them.
    pub(super) fn verdict(&self) -> Result<(), String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone().map_or(Ok(()), Err)
    }
}
