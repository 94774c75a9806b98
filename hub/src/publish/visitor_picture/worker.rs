//! `passerby-hub open-picture`: opens one picture with the composer's code, within its limits, and
//! writes it anew, large and small.
//!
//! Invariants: before it opens anything it has bound its memory, may write no file, and dies with
//! whoever started it; what it says on standard output is the answer and nothing else; nothing of
//! the file but its pixels is in the answer.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageFormat, RgbImage};
use passerby_compose::Fonts;
use passerby_compose::confinement::confine;
use passerby_compose::creative::video::{DecoderKind, Tools};
use passerby_compose::judgement::{Judge, Preview};
use passerby_playout::content::creative::CreativeFile;
use passerby_protocol::Digest;
use passerby_protocol::campaign::Colours;
use passerby_protocol::creative::CreativeKind;

use crate::publish::visitor_picture::job::{
    FILE_NAME, LARGE_BYTES_MAX, OpenedPicture, Order, PictureFault, SMALL_BYTES_MAX, bytes_of,
};
use crate::voices::PICTURE_BYTES_MAX;

/// Largest order, in bytes.
const ORDER_BYTES_MAX: u64 = 1 << 10;
/// Longest side of the picture, in pixels.
const LARGE_SIDE_PX: u32 = 1_600;
/// The same of the small one.
const SMALL_SIDE_PX: u32 = 320;
/// The smallest long side that a picture is reduced to, in pixels.
const SIDE_PX_MIN: u32 = 64;
/// Qualities of JPEG that are tried, best first, before the picture is made smaller.
const QUALITIES: [u8; 4] = [84, 74, 62, 50];

/// Reads an order from standard input, obeys it and writes the answer to standard output.
///
/// # Errors
/// What is wrong with the order, or with writing the answer.
pub fn run() -> io::Result<()> {
    let mut order = Vec::new();
    io::stdin().take(ORDER_BYTES_MAX).read_to_end(&mut order)?;
    let order: Order = serde_json::from_slice(&order)?;
    confine(order.memory_bytes_max)?;
    let answer = opened(Path::new(FILE_NAME))?;
    let mut out = io::stdout().lock();
    out.write_all(&bytes_of(&answer))?;
    out.flush()
}

/// Opens a file and makes it anew.
fn opened(path: &Path) -> io::Result<Result<OpenedPicture, PictureFault>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(PICTURE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PICTURE_BYTES_MAX {
        return Ok(Err(PictureFault::Unreadable));
    }
    // No drawing: that is a program of a kind.
    if !matches!(
        image::guess_format(&bytes),
        Ok(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif)
    ) {
        return Ok(Err(PictureFault::Kind));
    }
    let creative = CreativeFile {
        kind: CreativeKind::Picture,
        name: FILE_NAME.to_owned(),
        path: path.to_owned(),
        digest: Digest::of(&bytes),
        parts: Vec::new().into(),
    };
    drop(bytes);
    // Pictures need no ffmpeg.
    let tools = Tools::with(None, Some(DecoderKind::Software), "/");
    let judge = Judge::new(Fonts::default(), tools);
    let Ok(Some(seen)) = judge.preview(&creative, &Colours::default(), LARGE_SIDE_PX) else {
        return Ok(Err(PictureFault::Unreadable));
    };
    Ok(made_anew(seen).map_err(|_| PictureFault::Unreadable))
}

fn made_anew(seen: Preview) -> image::ImageResult<OpenedPicture> {
    let pixels = RgbImage::from_raw(seen.width_px, seen.height_px, seen.rgb).unwrap_or_default();
    let (large, large_px) = jpeg(&pixels, LARGE_SIDE_PX, LARGE_BYTES_MAX)?;
    let (small, small_px) = jpeg(&pixels, SMALL_SIDE_PX, SMALL_BYTES_MAX)?;
    Ok(OpenedPicture {
        large,
        large_px,
        small,
        small_px,
    })
}

/// Lowers quality, then size, until the file is small enough.
fn jpeg(
    pixels: &RgbImage,
    side_px: u32,
    bytes_max: usize,
) -> image::ImageResult<(Vec<u8>, (u32, u32))> {
    let whole = image::DynamicImage::ImageRgb8(pixels.clone());
    let mut side = pixels.width().max(pixels.height()).min(side_px);
    loop {
        // A strip that is very long still has a pixel across.
        let shrunk = whole.thumbnail(side, side).into_rgb8();
        for quality in QUALITIES {
            let mut jpeg = Vec::new();
            JpegEncoder::new_with_quality(&mut jpeg, quality).encode(
                &shrunk,
                shrunk.width(),
                shrunk.height(),
                ExtendedColorType::Rgb8,
            )?;
            if jpeg.len() <= bytes_max || side <= SIDE_PX_MIN {
                return Ok((jpeg, (shrunk.width(), shrunk.height())));
            }
        }
        side = (side * 3 / 4).max(SIDE_PX_MIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A photograph with an orientation, a place and a name in it, as phones write them.
    fn with_exif(pixels: &RgbImage) -> Vec<u8> {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 90)
            .encode_image(pixels)
            .unwrap();
        // Big-endian TIFF with one entry: orientation 6, turned by a quarter; and words.
        let mut exif =
            b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        exif.extend(b"Secret Place 31.2304N");
        let length = u16::try_from(exif.len() + 2).unwrap();
        let mut out = jpeg[..2].to_vec();
        out.extend([0xff, 0xe1]);
        out.extend(length.to_be_bytes());
        out.extend(exif);
        out.extend(&jpeg[2..]);
        out
    }

    fn open(bytes: &[u8]) -> Result<OpenedPicture, PictureFault> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, bytes).unwrap();
        opened(&path).unwrap()
    }

    #[test]
    fn a_photograph_is_upright_small_and_says_nothing_but_its_pixels() {
        let mut state = 1_u32;
        let noise = RgbImage::from_fn(2_000, 1_000, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [_, red, green, blue] = state.to_le_bytes();
            image::Rgb([red, green, blue])
        });
        let photograph = with_exif(&noise);
        let has = |bytes: &[u8]| bytes.windows(6).any(|part| part == b"Secret");
        assert!(has(&photograph));
        let opened = open(&photograph).unwrap();
        assert!(!has(&opened.large) && !has(&opened.small));
        assert!(!opened.large.windows(4).any(|part| part == b"Exif"));
        assert!(
            opened.large.len() <= LARGE_BYTES_MAX,
            "{}",
            opened.large.len()
        );
        assert!(opened.small.len() <= SMALL_BYTES_MAX);
        let (width, height) = opened.large_px;
        assert!(
            height > width && height <= LARGE_SIDE_PX,
            "{width}x{height}"
        );
        let read = image::load_from_memory(&opened.large).unwrap();
        assert_eq!((read.width(), read.height()), opened.large_px);
        let read = image::load_from_memory(&opened.small).unwrap();
        assert!(read.height() <= SMALL_SIDE_PX);
        assert_eq!((read.width(), read.height()), opened.small_px);
        let again = crate::publish::visitor_picture::job::read(&bytes_of(&Ok(opened.clone())));
        assert_eq!(again, Some(Ok(opened)));
    }

    #[test]
    fn what_is_no_picture_is_told_from_a_damaged_one() {
        assert_eq!(
            open(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            Err(PictureFault::Kind)
        );
        assert_eq!(open(b"MZ\x90\0"), Err(PictureFault::Kind));
        assert_eq!(open(b""), Err(PictureFault::Kind));
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\xff\xff\xff\0\xff\xff\xff\x08\x02\0\0\0";
        assert_eq!(open(png), Err(PictureFault::Unreadable));
        let cut = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
        assert_eq!(open(cut), Err(PictureFault::Unreadable));
        let answer = bytes_of(&Err(PictureFault::Kind));
        let read = crate::publish::visitor_picture::job::read;
        assert_eq!(read(&answer), Some(Err(PictureFault::Kind)));
        assert_eq!(read(&answer[..answer.len() - 1]), None);
        assert_eq!(read(&[answer.as_slice(), b"x"].concat()), None);
    }
}
