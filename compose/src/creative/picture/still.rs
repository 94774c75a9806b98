//! Decodes pictures that do not move, and the first frame of those that do.
//!
//! Invariants: sizes are judged before anything is decoded; a picture of which a part is missing is
//! refused.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use passerby_protocol::content_fault::{ContentFault, Told};
use passerby_protocol::foreign::one_line;

use crate::creative::picture::colour::Profile;
use crate::creative::picture::jpeg::Ending;
use crate::creative::picture::limits::{DECODED_BYTES_MAX, PROGRESSIVE_PIXELS_MAX, check_size};
use crate::creative::picture::{jpeg, png};
use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;

/// Most characters of what a decoder says.
const WORDS_CHARS_MAX: usize = 200;

/// A decoded picture.
pub(crate) struct Still {
    pub(crate) bitmap: Bitmap,
    /// It differs from what a decoder alone makes of the file: in its colours, its turn or its end.
    pub(crate) is_changed: bool,
    /// How the last pixels of a JPEG look.
    ending: Ending,
    /// What is well to know about it.
    pub(crate) notes: Vec<String>,
}

/// Decodes one picture, turns it upright and brings it to sRGB.
pub(super) fn decode(format: ImageFormat, bytes: &[u8]) -> Result<Still, Told> {
    if format == ImageFormat::Jpeg {
        return decode_jpeg(bytes);
    }
    decode_whole(format, bytes, false)
}

/// Decodes a JPEG of which all is there, whether it has an end-of-image marker or not.
fn decode_jpeg(bytes: &[u8]) -> Result<Still, Told> {
    let markers = jpeg::markers(bytes);
    let is_progressive = markers.is_progressive;
    let decoded = if markers.has_end {
        let decoded = decode_whole(ImageFormat::Jpeg, bytes, is_progressive)?;
        if is_progressive || decoded.ending == Ending::Usual {
            return Ok(decoded);
        }
        Some(decoded)
    } else {
        None
    };
    let Some(ended) = jpeg::ended(bytes, &markers) else {
        return Err(cut_off());
    };
    let decoded = match decoded {
        Some(decoded) => decoded,
        None => decode_whole(ImageFormat::Jpeg, &ended.bytes, is_progressive)?,
    };
    let is_of_zeros = decoded.ending == Ending::Repeated && jpeg::ends_in_zeros(bytes, &markers);
    let other = decode_whole(ImageFormat::Jpeg, &ended.with_others, is_progressive);
    let is_whole = other.is_ok_and(|other| other.bitmap.pixels == decoded.bitmap.pixels);
    if is_whole && !is_of_zeros && jpeg::is_sound(&ended.bytes) {
        Ok(Still {
            is_changed: true,
            ..decoded
        })
    } else if markers.has_end {
        Err(ContentFault::PartDamaged.into())
    } else {
        Err(cut_off())
    }
}

fn cut_off() -> Told {
    ContentFault::CutOff.into()
}

fn decode_whole(format: ImageFormat, bytes: &[u8], is_progressive: bool) -> Result<Still, Told> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    if is_progressive && u64::from(width) * u64::from(height) > PROGRESSIVE_PIXELS_MAX {
        let fault = ContentFault::ProgressiveTooLarge {
            width,
            height,
            million_max: PROGRESSIVE_PIXELS_MAX / 1_000_000,
        };
        return Err(fault.into());
    }
    if decoder.total_bytes() > DECODED_BYTES_MAX {
        let fault = ContentFault::PixelsTooDeep {
            width,
            height,
            bytes_a_pixel: decoder.color_type().bytes_per_pixel().into(),
            mib_max: DECODED_BYTES_MAX >> 20,
        };
        return Err(fault.into());
    }
    let told = PixelFacts::of(format, bytes, &mut decoder);
    let mut notes: Vec<String> = told.note.into_iter().collect();
    let mut is_changed = told.orientation != Orientation::NoTransforms;
    let of_inks = told.profile.as_ref().filter(|profile| profile.is_of_inks());
    let converted = match of_inks.map(|profile| of_inks_to_rgb(profile, bytes, (width, height))) {
        Some(Ok(converted)) => converted,
        Some(Err(note)) => {
            notes.push(note);
            None
        }
        None => None,
    };
    let mut ending = Ending::Usual;
    let mut picture = match converted {
        Some(rgb) => {
            is_changed = true;
            DynamicImage::ImageRgb8(rgb)
        }
        None => {
            let picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
            if format == ImageFormat::Jpeg {
                let channels = usize::from(picture.color().channel_count());
                ending = Ending::of(picture.as_bytes(), width as usize, channels);
            }
            let profile = told.profile.filter(|profile| !profile.is_of_inks());
            match profile.map(|profile| profile.convert(&picture)) {
                Some(Ok(Some(converted))) => {
                    is_changed = true;
                    converted
                }
                Some(Ok(None)) | None => picture,
                Some(Err(note)) => {
                    notes.push(note);
                    picture
                }
            }
        }
    };
    picture.apply_orientation(told.orientation);
    Ok(Still {
        bitmap: bitmap(picture),
        is_changed,
        ending,
        notes,
    })
}

/// Decodes a picture of four inks by its profile; `None` when it has no inks.
fn of_inks_to_rgb(
    profile: &Profile,
    bytes: &[u8],
    (width, height): (u32, u32),
) -> Result<Option<RgbImage>, String> {
    let Some(inks) = jpeg::inks(bytes).ok().flatten() else {
        return profile.convert(&DynamicImage::new_rgb8(1, 1)).map(|_| None);
    };
    Ok(RgbImage::from_raw(width, height, profile.of_inks(&inks)?))
}

/// What a file tells about its pixels, beside them.
pub(crate) struct PixelFacts {
    pub(crate) orientation: Orientation,
    /// What its numbers stand for, where that is not sRGB for sure.
    pub(crate) profile: Option<Profile>,
    /// Why what it tells is not heeded.
    pub(crate) note: Option<String>,
}

impl PixelFacts {
    /// Of what tells nothing.
    pub(crate) const fn nothing() -> Self {
        Self {
            orientation: Orientation::NoTransforms,
            profile: None,
            note: None,
        }
    }

    /// Asks a decoder, and the bytes where that does not know.
    pub(crate) fn of(format: ImageFormat, bytes: &[u8], decoder: &mut dyn ImageDecoder) -> Self {
        // Damaged notes of a camera are no reason to hide a good picture.
        let mut orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let icc = decoder.icc_profile().ok().flatten();
        let mut read = match &icc {
            Some(icc) => Profile::of_icc(icc).map(Some),
            None => Ok(None),
        };
        if format == ImageFormat::Png {
            let chunks = png::chunks(bytes);
            match Profile::of_png(&chunks.colours) {
                Ok(None) => {}
                told => read = told,
            }
            let told = chunks.exif.and_then(Orientation::from_exif_chunk);
            orientation = told.unwrap_or(orientation);
        }
        let (profile, note) = match read {
            Ok(profile) => (profile, None),
            Err(note) => (None, Some(note)),
        };
        Self {
            orientation,
            profile,
            note,
        }
    }
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
pub(super) fn explain(error: ImageError) -> Told {
    // Some decoders end lines, and some repeat what is in the file.
    let words = |error: &dyn std::fmt::Display| one_line(&error.to_string(), WORDS_CHARS_MAX);
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            cut_off()
        }
        ImageError::Limits(_) => ContentFault::NeedsMemory.into(),
        ImageError::Unsupported(error) => match words(&error) {
            words if is_plain(&words) => Told::with(
                format!(
                    "this kind of picture is not supported ({words}); export it anew as JPEG or PNG"
                ),
                ContentFault::Unsupported,
            ),
            _ => ContentFault::Unsupported.into(),
        },
        error => match words(&error) {
            words if is_plain(&words) => Told::with(
                format!("the picture is damaged ({words}); export it anew"),
                ContentFault::Damaged,
            ),
            _ => ContentFault::Damaged.into(),
        },
    }
}

/// Whether words of a decoder are meant for people: some print values of a program, such as
/// `Some(Kind { a: 1 })`.
fn is_plain(words: &str) -> bool {
    let is_code = |word: &str| {
        let mut pairs = word.chars().zip(word.chars().skip(1));
        // Names of chunks, such as IDAT and iCCP, have four letters.
        word.chars().count() > 4 && pairs.any(|(a, b)| a.is_lowercase() && b.is_uppercase())
    };
    let mut pairs = words.chars().zip(words.chars().skip(1));
    !words.contains(['{', '}', '[', ']', '`', '_', '"'])
        && !words.contains("::")
        && !pairs.any(|(a, b)| a.is_alphanumeric() && b == '(')
        && !words.split(|c: char| !c.is_alphanumeric()).any(is_code)
}

fn drop_alpha(rgba: &[u8]) -> Vec<u8> {
    let (pixels, _) = rgba.as_chunks::<4>();
    pixels
        .iter()
        .flat_map(|&[red, green, blue, _]| [red, green, blue])
        .collect()
}
