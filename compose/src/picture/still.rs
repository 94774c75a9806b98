//! Decodes pictures that do not move, and the first frame of those that do.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use passerby_protocol::foreign::one_line;

use super::{Bitmap, DECODED_BYTES_MAX, PROGRESSIVE_PIXELS_MAX, Pixels, check_size, jpeg};

/// Most characters of what a decoder says.
const WORDS_CHARS_MAX: usize = 200;

/// Decodes one picture and turns it upright.
pub(super) fn decode(format: ImageFormat, bytes: &[u8]) -> Result<Bitmap, String> {
    let markers = (format == ImageFormat::Jpeg).then(|| jpeg::markers(bytes));
    if markers.is_some_and(|markers| !markers.whole) {
        return Err("the picture is cut off; copy it again".to_owned());
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    if markers.is_some_and(|markers| markers.progressive)
        && u64::from(width) * u64::from(height) > PROGRESSIVE_PIXELS_MAX
    {
        return Err(format!(
            "{width} × {height} pixels in a progressive JPEG, more than {} million; export it as a baseline JPEG, or smaller",
            PROGRESSIVE_PIXELS_MAX / 1_000_000
        ));
    }
    if decoder.total_bytes() > DECODED_BYTES_MAX {
        return Err(format!(
            "{width} × {height} pixels of {} bytes take more than {} MiB; export it with 8 bits a channel, or smaller",
            decoder.color_type().bytes_per_pixel(),
            DECODED_BYTES_MAX >> 20
        ));
    }
    // A damaged orientation is no reason to hide a good picture.
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
    picture.apply_orientation(orientation);
    Ok(bitmap(picture))
}

/// Brings a picture to eight bits a channel, without alpha where it has none to speak of.
fn bitmap(picture: DynamicImage) -> Bitmap {
    let (width, height) = (picture.width(), picture.height());
    let pixels = if picture.color().has_alpha() {
        let rgba = picture.into_rgba8().into_raw();
        if rgba.chunks_exact(4).all(|pixel| pixel[3] == 255) {
            Pixels::Rgb(drop_alpha(&rgba))
        } else {
            Pixels::Rgba(rgba)
        }
    } else {
        Pixels::Rgb(picture.into_rgb8().into_raw())
    };
    Bitmap {
        width,
        height,
        pixels,
    }
}

/// Says in plain words why a decoder refused.
pub(super) fn explain(error: ImageError) -> String {
    // Some decoders end lines, and some repeat what is in the file.
    let words = |error: &dyn std::fmt::Display| one_line(&error.to_string(), WORDS_CHARS_MAX);
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the picture is cut off; copy it again".to_owned()
        }
        ImageError::Limits(_) => {
            "the picture needs too much memory to open; make it smaller".to_owned()
        }
        ImageError::Unsupported(error) => {
            format!(
                "this kind of picture is not supported ({}); export it anew as JPEG or PNG",
                words(&error)
            )
        }
        error => format!("the picture is damaged ({}); export it anew", words(&error)),
    }
}

fn drop_alpha(rgba: &[u8]) -> Vec<u8> {
    let (pixels, _) = rgba.as_chunks::<4>();
    pixels
        .iter()
        .flat_map(|&[red, green, blue, _]| [red, green, blue])
        .collect()
}
