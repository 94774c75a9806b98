//! Opens a picture file that anybody may have made, within stated limits.
//!
//! Invariants: nothing is decoded before its size is known and within limits; a hostile file costs one readable error
//! that names it, never a panic; what was hashed is what is decoded.

use std::fs::File;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use passerby_playout::show::ComposeError;
use passerby_protocol::Digest;
use passerby_protocol::limits::CREATIVE_BYTES_MAX;

/// Longest side of a picture, in pixels.
pub const SIDE_PX_MAX: u32 = 20_000;
/// Most pixels of a picture.
pub const PIXELS_MAX: u64 = 100_000_000;
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

/// Decodes a picture file in full and returns its upright width and height in pixels.
///
/// # Errors
/// A reason that names the file and what to do.
pub fn inspect_picture(path: &Path) -> Result<(u32, u32), ComposeError> {
    let bitmap = open(path, None)?;
    Ok((bitmap.width, bitmap.height))
}

/// Opens a picture file. With a digest, the file must still have that content.
pub(super) fn open(path: &Path, creative: Option<&Digest>) -> Result<Bitmap, ComposeError> {
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let says = |what: String| ComposeError(format!("{name}: {what}"));
    let bytes = read(path).map_err(says)?;
    if let Some(creative) = creative
        && Digest::of(&bytes) != *creative
    {
        let what = "the file changed on disk since it was scheduled; reload the content, or put the old file back";
        return Err(says(what.to_owned()));
    }
    // Decoders are written to return errors; this guards against the one that does not.
    catch_unwind(AssertUnwindSafe(|| decode(&bytes)))
        .unwrap_or_else(|_| Err("the decoder gave up on it; export it anew as JPEG or PNG".into()))
        .map_err(says)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "the file is missing; put it back".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "the terminal may not read it; allow that with chmod a+r".to_owned()
        }
        _ => format!("it cannot be read ({error}); check the disk"),
    };
    let kind = std::fs::metadata(path).map_err(unreadable)?;
    if !kind.is_file() {
        return Err("it is not a file; put a picture there".to_owned());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(CREATIVE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    match bytes.len() as u64 {
        0 => Err("the file is empty; copy it again".to_owned()),
        length if length > CREATIVE_BYTES_MAX => Err(format!(
            "the file is larger than {} MiB; export it smaller",
            CREATIVE_BYTES_MAX >> 20
        )),
        _ => Ok(bytes),
    }
}

fn decode(bytes: &[u8]) -> Result<Bitmap, String> {
    let format = match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) => format,
        _ => {
            return Err(
                "it is no JPEG, PNG or WebP picture, whatever its name says; export it as one"
                    .to_owned(),
            );
        }
    };
    if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
        return Err("the picture is cut off; copy it again".to_owned());
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
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
    Ok(Bitmap {
        width,
        height,
        pixels,
    })
}

fn check_size(width: u32, height: u32) -> Result<(), String> {
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

fn explain(error: ImageError) -> String {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the picture is cut off; copy it again".to_owned()
        }
        ImageError::Limits(_) => {
            "the picture needs too much memory to open; make it smaller".to_owned()
        }
        ImageError::Unsupported(error) => {
            format!(
                "this kind of picture is not supported ({error}); export it anew as JPEG or PNG"
            )
        }
        error => format!("the picture is damaged ({error}); export it anew"),
    }
}

fn drop_alpha(rgba: &[u8]) -> Vec<u8> {
    let (pixels, _) = rgba.as_chunks::<4>();
    pixels
        .iter()
        .flat_map(|&[red, green, blue, _]| [red, green, blue])
        .collect()
}

/// Walks the markers of a JPEG to its end-of-image marker. The decoder fills what is missing with grey, which must
/// not reach the glass.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    let mut in_scan = false;
    while let Some(&[first, marker]) = bytes.get(at..at + 2) {
        match (first, marker) {
            (0xFF, 0xD9) => return true,
            (0xFF, 0xFF) => at += 1,
            (0xFF, 0x00 | 0x01 | 0xD0..=0xD8) => at += 2,
            (0xFF, _) => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
                    return false;
                };
                in_scan = marker == 0xDA;
                at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
            }
            _ if in_scan => at += 1,
            // Not at a marker: leave the judgement to the decoder.
            _ => return bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]),
        }
    }
    false
}
