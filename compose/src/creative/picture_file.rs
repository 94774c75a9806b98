//! Opens a file that is a picture, an animation or a drawing, whatever its name says.
//!
//! Invariants: what was hashed is what is decoded; what a file is, its content tells and not its
//! name; a hostile file costs one readable error that names it, never a panic.

use std::path::Path;
use std::sync::Arc;

use image::ImageFormat;
use passerby_playout::content::creative::{CreativeFile, Part};
use passerby_playout::messages::stage_messages::{ComposeError, Health};
use passerby_protocol::Digest;
use passerby_protocol::campaign::Colours;
use passerby_protocol::content_fault::{ContentFault, Told};
use passerby_protocol::limits::CREATIVE_BYTES_MAX;

use crate::creative::animation::{self, Animation};
use crate::creative::drawing::{self, Drawing};
use crate::creative::file;
use crate::creative::other_kinds;
use crate::creative::picture::{guarded, mended, still};
use crate::page::content::Content;
use crate::raster::bitmap::Bitmap;
use crate::raster::palette::Theme;
use crate::text::fonts;
use crate::text::fonts::drawings::DrawingFonts;

/// What a picture or drawing file holds, as `passerby check` reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Pixels across, upright; of a drawing, its own units.
    pub width_px: u32,
    /// Pixels down, upright; of a drawing, its own units.
    pub height_px: u32,
    /// How many frames it has; 1 for what does not move.
    pub frames: u32,
    /// Every character of a drawing's texts, each once; one that no font has is shown as an empty
    /// box.
    pub letters: String,
    /// What of it is left out although the file will be shown.
    pub losses: Vec<String>,
    /// What is well to know although the file will be shown.
    pub notes: Vec<String>,
}

/// Decodes a picture or drawing file in full, every frame of it up to
/// [`animation::INSPECTED_PIXELS_MAX`], and says what it holds. The text of a drawing is set in
/// `fonts`.
///
/// # Errors
/// A reason that names the file and what to do.
pub fn inspect(path: &Path, fonts: &fonts::Fonts) -> Result<Inspection, ComposeError> {
    let name = name_of(path);
    let opened = read_and_decode(&name, path, None)?;
    inspected(&name, opened, fonts, &Colours::default())
}

/// The same for a file that must still be what it was, in a campaign with `colours`.
pub(crate) fn look(
    name: &str,
    path: &Path,
    digest: &Digest,
    fonts: &fonts::Fonts,
    colours: &Colours,
) -> Result<Inspection, ComposeError> {
    let opened = read_and_decode(name, path, Some(digest))?;
    inspected(name, opened, fonts, colours)
}

fn inspected(
    name: &str,
    opened: Opened,
    fonts: &fonts::Fonts,
    colours: &Colours,
) -> Result<Inspection, ComposeError> {
    let on_paper = |content: &dyn Content, notes: &[String]| {
        let mut notes = notes.to_vec();
        notes.extend(Theme::remark(colours, &content.sample()));
        notes
    };
    let still = |(width_px, height_px)| Inspection {
        width_px,
        height_px,
        frames: 1,
        letters: String::new(),
        losses: Vec::new(),
        notes: Vec::new(),
    };
    Ok(match opened {
        Opened::Still(bitmap, notes) => Inspection {
            notes: on_paper(&bitmap, &notes),
            ..still((bitmap.width, bitmap.height))
        },
        Opened::Animation(animation) => Inspection {
            frames: animation.frames(),
            losses: animation.inspect().into_iter().collect(),
            notes: on_paper(&animation, animation.notes()),
            ..still(animation.size())
        },
        Opened::Drawing(text) => {
            let drawing = Drawing::open(name, text, fonts.of_drawings())?;
            drawing.inspect()?;
            Inspection {
                letters: drawing.letters().to_owned(),
                losses: drawing.losses().to_vec(),
                notes: on_paper(&drawing, drawing.notes()),
                ..still(drawing.size())
            }
        }
    })
}

/// Opens a picture that a creative refers to: the first frame of it if it is animated; a drawing
/// with `drawn_px` pixels on its longer side.
pub(crate) fn open(
    part: &Part,
    fonts: &DrawingFonts,
    drawn_px: u32,
) -> Result<Bitmap, ComposeError> {
    match read_and_decode(&part.name, &part.path, Some(&part.digest))? {
        Opened::Still(bitmap, _) => Ok(bitmap),
        Opened::Animation(animation) => Ok(animation.into_first()),
        Opened::Drawing(text) => Drawing::open(&part.name, text, fonts)?.bitmap(drawn_px),
    }
}

/// Opens a creative that is a picture or a drawing, ready for its place. What happens to it while
/// it is shown is told to `health`.
pub(crate) fn load(
    file: &CreativeFile,
    fonts: &DrawingFonts,
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

/// What a file is called in messages.
pub(crate) fn name_of(path: &Path) -> String {
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
    let says = |told: Told| ComposeError::new(told.of(name));
    let bytes = read(path).map_err(says)?;
    if let Some(creative) = creative
        && Digest::of(&bytes) != *creative
    {
        return Err(says(ContentFault::Changed.into()));
    }
    let bytes = drawing::in_utf_8(bytes);
    if let Some(other) = other_kinds::named(&bytes) {
        return Err(says(other.into()));
    }
    if drawing::is_svg(&bytes) {
        return Ok(Opened::Drawing(bytes));
    }
    decode(name, bytes).map_err(says)
}

fn decode(name: &str, bytes: Vec<u8>) -> Result<Opened, Told> {
    let format = match image::guess_format(&bytes) {
        Ok(
            format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif),
        ) => format,
        _ => return Err(ContentFault::NoPicture.into()),
    };
    let bytes = mended(format, bytes);
    let mut notes = Vec::new();
    if let Some(outline) = animation::outline(format, &bytes)? {
        let bytes: Arc<[u8]> = bytes.into();
        match guarded(|| Animation::open(name, format, &bytes, outline))? {
            Ok(animation) => return Ok(Opened::Animation(animation)),
            Err(animation::AnimationError::OnlyStill(why)) => notes.push(why),
            Err(animation::AnimationError::Unreadable(why)) => return Err(why),
        }
        return opened_still(format, &bytes, notes);
    }
    opened_still(format, &bytes, notes)
}

fn opened_still(format: ImageFormat, bytes: &[u8], mut notes: Vec<String>) -> Result<Opened, Told> {
    let still = still(format, bytes)?;
    notes.extend(still.notes);
    Ok(Opened::Still(still.bitmap, notes))
}

fn read(path: &Path) -> Result<Vec<u8>, Told> {
    let bytes = file::read_start(path, CREATIVE_BYTES_MAX + 1, "picture")?;
    if bytes.len() as u64 > CREATIVE_BYTES_MAX {
        let mib_max = CREATIVE_BYTES_MAX >> 20;
        return Err(ContentFault::FileTooLarge { mib_max }.into());
    }
    Ok(bytes)
}
