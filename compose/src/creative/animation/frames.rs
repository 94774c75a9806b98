//! The frames of an animation as they are decoded, and how each becomes one on screen.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{
    AnimationDecoder, DynamicImage, Frame, Frames, ImageDecoder, ImageError, ImageFormat, Limits,
};
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;

use crate::creative::animation::outline::Outline;
use crate::creative::animation::webp::WebpFrames;
use crate::creative::picture::FrameColours;
use crate::raster::bitmap::{Bitmap, Pixels};
use crate::raster::scale;
use crate::raster::scale::Crop;

/// Most memory that a decoder may take for one frame, in bytes.
const DECODER_BYTES_MAX: u64 = 256 << 20;
/// What is shorter is an exporter's way to say "as fast as you can", and browsers take it for
/// [`DELAY_UNSAID`].
pub(crate) const DELAY_MIN: Duration = Duration::from_millis(11);
/// How long a frame lasts that names no sensible time.
pub(crate) const DELAY_UNSAID: Duration = Duration::from_millis(100);

/// Where frames come from, again and again.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) name: Arc<str>,
    pub(super) format: ImageFormat,
    pub(super) bytes: Arc<[u8]>,
    pub(super) outline: Outline,
    pub(super) orientation: Orientation,
    /// None when they are sRGB.
    pub(super) colours: Option<FrameColours>,
}

/// How a decoded frame becomes one on screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fitting {
    /// The part to scale down, and the size to scale it to; none keeps the frame as it is.
    pub(super) scaled: Option<(Crop, (u32, u32))>,
    pub(super) paper: Rgb,
}

impl Source {
    /// A frame upright and in sRGB.
    pub(super) fn bitmap(&self, frame: Frame) -> Result<Bitmap, String> {
        let mut rgba = frame.into_buffer();
        if let Some(colours) = &self.colours {
            colours.convert(&mut rgba)?;
        }
        let mut upright = DynamicImage::ImageRgba8(rgba);
        upright.apply_orientation(self.orientation);
        Ok(Bitmap {
            width: upright.width(),
            height: upright.height(),
            pixels: Pixels::Rgba(upright.into_rgba8().into_raw()),
        })
    }

    /// All frames from the first on.
    pub(super) fn frames(&self) -> Result<Frames<'static>, ImageError> {
        let cursor = Cursor::new(Arc::clone(&self.bytes));
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(DECODER_BYTES_MAX);
        Ok(match self.format {
            ImageFormat::Gif => {
                let mut decoder = GifDecoder::new(cursor)?;
                decoder.set_limits(limits)?;
                decoder.into_frames()
            }
            ImageFormat::Png => PngDecoder::with_limits(cursor, limits)?
                .apng()?
                .into_frames(),
            _ => Frames::new(Box::new(WebpFrames::new(
                Arc::clone(&self.bytes),
                self.outline.width,
                self.outline.height,
            )?)),
        })
    }
}

impl Fitting {
    /// Returns rows of opaque RGBA.
    pub(super) fn fit(&self, frame: Bitmap) -> Result<Vec<u8>, ComposeError> {
        match self.scaled {
            Some((crop, size)) => {
                scale::scaled(&frame, crop, size, self.paper).map(|rgb| scale::opaque(&rgb))
            }
            None => Ok(scale::flattened(frame, self.paper)),
        }
    }
}

/// How long a frame is shown.
pub(super) fn delay(frame: &Frame) -> Duration {
    let (numerator_ms, denominator) = frame.delay().numer_denom_ms();
    let delay =
        Duration::from_micros(u64::from(numerator_ms) * 1_000 / u64::from(denominator.max(1)));
    if delay < DELAY_MIN {
        DELAY_UNSAID
    } else {
        delay
    }
}
