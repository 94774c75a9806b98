//! What a creative must be before it may leave for a screen, and the small picture that phones see of it.
//!
//! Invariant: a picture is decoded once here, within limits that its header must keep, so a file that no screen can
//! show is refused while the publisher is still looking.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::CREATIVE_BYTES_MAX;

/// Longest side of a creative, in pixels.
pub const SIDE_PX_MAX: u32 = 20_000;
/// Largest creative, in pixels.
pub const AREA_PX_MAX: u64 = 100_000_000;
/// Longest side of a thumbnail, in pixels.
const THUMBNAIL_SIDE_PX: u32 = 800;
/// Largest thumbnail, in bytes, so that a landing page stays under 60 KB in all.
const THUMBNAIL_BYTES_MAX: usize = 40 << 10;
/// Most characters of what a decoder says.
const WORDS_CHARS_MAX: usize = 200;
/// Bytes that decoding one picture may take.
const DECODE_BYTES_MAX: u64 = 1 << 30;

/// A picture that screens can show.
pub struct Picture {
    /// `image/jpeg`, `image/png`, `image/webp` or `image/gif`.
    pub media_type: &'static str,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// A small JPEG of it.
    pub thumbnail: Thumbnail,
}

/// A small JPEG for landing pages and previews.
#[derive(Clone)]
pub struct Thumbnail {
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// The file.
    pub jpeg: Vec<u8>,
}

/// Says why a file is no creative, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Too many bytes.
    #[error("it has {0} bytes; use a picture of at most {CREATIVE_BYTES_MAX}")]
    Heavy(u64),
    /// Too many pixels.
    #[error(
        "it measures {0} × {1} pixels; use one of at most {SIDE_PX_MAX} a side and {AREA_PX_MAX} in all"
    )]
    Large(u32, u32),
    /// Not one of the four formats.
    #[error("it is not a JPEG, PNG, WebP or GIF picture; export it again as one of these")]
    Format,
    /// Damaged.
    #[error("it cannot be read as a picture ({0}); export it again")]
    Damaged(String),
}

impl Picture {
    /// Checks a file and makes its thumbnail.
    ///
    /// # Errors
    /// See [`PictureError`].
    pub fn read(bytes: &[u8]) -> Result<Self, PictureError> {
        if bytes.len() as u64 > CREATIVE_BYTES_MAX {
            return Err(PictureError::Heavy(bytes.len() as u64));
        }
        let damaged = |error: image::ImageError| {
            PictureError::Damaged(one_line(&error.to_string(), WORDS_CHARS_MAX))
        };
        let format = image::guess_format(bytes).map_err(|_| PictureError::Format)?;
        let media_type = match format {
            ImageFormat::Jpeg => "image/jpeg",
            ImageFormat::Png => "image/png",
            ImageFormat::WebP => "image/webp",
            ImageFormat::Gif => "image/gif",
            _ => return Err(PictureError::Format),
        };
        let reader = || ImageReader::with_format(Cursor::new(bytes), format);
        let (width_px, height_px) = reader().into_dimensions().map_err(damaged)?;
        let area = u64::from(width_px) * u64::from(height_px);
        if width_px.max(height_px) > SIDE_PX_MAX || area > AREA_PX_MAX || area == 0 {
            return Err(PictureError::Large(width_px, height_px));
        }
        let mut reader = reader();
        let mut limits = Limits::default();
        limits.max_alloc = Some(DECODE_BYTES_MAX);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(damaged)?;
        // A camera's note which way is up; screens honour it, so the thumbnail does.
        let orientation = decoder.orientation().map_err(damaged)?;
        let mut pixels = DynamicImage::from_decoder(decoder).map_err(damaged)?;
        pixels.apply_orientation(orientation);
        let thumbnail = Thumbnail::of(&pixels).map_err(damaged)?;
        Ok(Self {
            media_type,
            width_px,
            height_px,
            thumbnail,
        })
    }
}

impl Thumbnail {
    /// Lowers quality, then size, until the file is small enough.
    fn of(pixels: &DynamicImage) -> Result<Self, image::ImageError> {
        let mut side = THUMBNAIL_SIDE_PX.min(pixels.width().max(pixels.height()));
        loop {
            let small = pixels.thumbnail(side, side);
            let small = on_white(&small);
            for quality in [82, 72, 60, 48] {
                let mut jpeg = Vec::new();
                small.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality))?;
                if jpeg.len() <= THUMBNAIL_BYTES_MAX || side <= 64 {
                    return Ok(Self {
                        width_px: small.width(),
                        height_px: small.height(),
                        jpeg,
                    });
                }
            }
            side = side * 3 / 4;
        }
    }
}

/// JPEG has no transparency; what shows through a picture on a page is paper.
fn on_white(pixels: &DynamicImage) -> DynamicImage {
    if !pixels.color().has_alpha() {
        return DynamicImage::ImageRgb8(pixels.to_rgb8());
    }
    let mut paper = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(
        pixels.width(),
        pixels.height(),
        image::Rgba([255; 4]),
    ));
    image::imageops::overlay(&mut paper, &pixels.to_rgba8(), 0, 0);
    DynamicImage::ImageRgb8(paper.to_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(side: u32) -> Vec<u8> {
        let mut state = 1u32;
        let pixels = image::RgbImage::from_fn(side, side, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [_, _, low, high] = state.to_le_bytes();
            image::Rgb([low, high, low ^ high])
        });
        let mut png = Cursor::new(Vec::new());
        pixels.write_to(&mut png, ImageFormat::Png).unwrap();
        png.into_inner()
    }

    #[test]
    fn the_hardest_picture_to_compress_still_has_a_small_thumbnail() {
        let picture = Picture::read(&noise(1200)).unwrap();
        assert!(picture.thumbnail.jpeg.len() <= THUMBNAIL_BYTES_MAX);
        assert_eq!((picture.width_px, picture.media_type), (1200, "image/png"));
    }

    #[test]
    fn a_header_that_claims_too_much_is_refused_before_decoding() {
        let mut png = noise(8);
        png[16..20].copy_from_slice(&30_000u32.to_be_bytes());
        png[20..24].copy_from_slice(&30_000u32.to_be_bytes());
        // The header's checksum; a decoder looks at it first.
        let sum = crc(&png[12..29]);
        png[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(matches!(
            Picture::read(&png),
            Err(PictureError::Large(30_000, 30_000))
        ));
    }

    #[test]
    fn cut_off_and_foreign_files_are_refused() {
        let png = noise(64);
        assert!(matches!(
            Picture::read(&png[..png.len() / 2]),
            Err(PictureError::Damaged(_))
        ));
        assert!(matches!(
            Picture::read(b"GIF89a......"),
            Err(PictureError::Damaged(_))
        ));
        assert!(matches!(
            Picture::read(b"II*\0........"),
            Err(PictureError::Format)
        ));
        assert!(matches!(Picture::read(b""), Err(PictureError::Format)));
    }

    #[test]
    fn a_reason_is_one_line_whatever_the_decoder_says() {
        let cut_off = b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\x03\x11\0\xff\xd9";
        let reason = Picture::read(cut_off).err().map(|error| error.to_string());
        let reason = reason.expect("no picture");
        assert!(
            reason.starts_with("it cannot be read as a picture ("),
            "{reason}"
        );
        assert!(!reason.contains(char::is_control), "{reason:?}");
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                if crc & 1 == 1 {
                    crc >> 1 ^ 0xEDB8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }
}
