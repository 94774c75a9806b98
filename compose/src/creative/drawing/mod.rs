//! SVG drawings, drawn at their size on screen.
//!
//! A drawing holds everything itself: no file and no address is ever opened for it, pictures inside
//! it are `data:`, and its letters come from the bundled fonts (Noto Sans SC stands in for every
//! family) and the operator's. Scripts and SVG's own animation do nothing.
//!
//! Limits:
//! - text: [`SVG_BYTES_MAX`]; entities of a DTD do not nest;
//! - parsing ([`guard`]): elements, nesting and links between them are counted as they would
//!   unfold, before they do;
//! - drawing ([`cost`]): the time and the layers that it will take are estimated from the parsed
//!   drawing at its size;
//! - parsing and drawing run on a thread of their own with a stack of [`threads::STACK_BYTES`],
//!   which is waited for [`threads::PATIENCE`] at most; a panic there is an error;
//! - what counts and estimates miss ends with the process that draws ([`drawing_process`]): a
//!   terminal has each drawing drawn by a child, which has a memory and a time of its own and is
//!   killed.
//!
//! Counts and estimates are the same on every machine, so that a screen takes what `check` and the
//! hub took. What the child's bounds end depends on the machine, and is a fault of the drawing or
//! of the renderer.
//!
//! Invariants: a drawing that is refused costs one reason that names the file; what is transparent
//! shows the paper.

mod cost;
pub mod drawing_process;
mod embedded;
mod guard;
mod limits;
mod links;
mod losses;
mod parsed;
mod threads;

use passerby_folder::text;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;
use passerby_protocol::content_fault::{ContentFault, Told};
use resvg::tiny_skia::Pixmap;

use crate::creative::drawing::drawing_process::DrawingProcess;
use crate::creative::drawing::parsed::{DrawingFacts, Parsed, View};
use crate::page::content::Content;
use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;
use crate::raster::canvas::{px, real};
use crate::raster::palette::Sample;
use crate::raster::scale;
use crate::raster::scale::Crop;
use crate::text::fonts::drawings::DrawingFonts;

pub use crate::creative::drawing::limits::{EMBEDDED_PIXELS_MAX, SVG_BYTES_MAX};

/// Longest side of a drawing that becomes a bitmap, in pixels.
const BITMAP_SIDE_PX_MAX: f32 = 4_096.0;
/// The screen that a drawing is measured for when none is known.
const USUAL_SCREEN_PX: (u32, u32) = (1_920, 1_080);

/// A drawing that can be drawn.
pub(crate) struct Drawing {
    name: String,
    facts: DrawingFacts,
    renderer: Renderer,
    /// All of it, small, for what a glance tells.
    small: Bitmap,
}

/// Where the drawing is drawn.
enum Renderer {
    /// In this process.
    Own(Parsed),
    /// Another, anew each time.
    Process(DrawingProcess),
}

/// Tells whether bytes look like SVG: XML that is no HTML. What it really is, the parser decides.
pub(crate) fn is_svg(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let start = bytes
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .unwrap_or(bytes.len());
    let bytes = &bytes[start..];
    let lower = bytes
        .iter()
        .take(5)
        .map(u8::to_ascii_lowercase)
        .collect::<Vec<_>>();
    [&b"<?xml"[..], b"<svg", b"<!--", b"<!doc"]
        .iter()
        .any(|opening| lower.starts_with(opening))
        // An SVG that was packed with gzip.
        || bytes.starts_with(&[0x1F, 0x8B])
}

/// Brings a text in UTF-16 to UTF-8, as browsers do with an SVG; whatever else there is stays as it
/// is.
pub(crate) fn in_utf_8(bytes: Vec<u8>) -> Vec<u8> {
    // A byte order mark, or what an XML document begins with.
    let openings: [&[u8]; 4] = [b"\xFF\xFE", b"\xFE\xFF", b"<\0", b"\0<"];
    if !openings.iter().any(|opening| bytes.starts_with(opening)) {
        return bytes;
    }
    match text::decode(&bytes) {
        Some(decoded) if decoded.encoding.starts_with("UTF-16") && decoded.damaged == 0 => {
            decoded.text.into_bytes()
        }
        _ => bytes,
    }
}

impl Drawing {
    /// Parses a drawing.
    pub(crate) fn open(
        name: &str,
        text: Vec<u8>,
        fonts: &DrawingFonts,
    ) -> Result<Self, ComposeError> {
        let says = |told: Told| ComposeError::new(told.of(name));
        if text.starts_with(&[0x1F, 0x8B]) {
            return Err(says(ContentFault::PackedDrawing.into()));
        }
        if text.len() > SVG_BYTES_MAX {
            let mib_max = (SVG_BYTES_MAX >> 20) as u64;
            return Err(says(ContentFault::DrawingTooLarge { mib_max }.into()));
        }
        let text = String::from_utf8(text);
        let text = text.map_err(|error| says(text::not_utf_8(error.as_bytes()).into()))?;
        let (facts, renderer, small) = match DrawingProcess::of(&text, fonts) {
            Some(process) => {
                let (facts, small) = process.open().map_err(|why| says(why.into()))?;
                (facts, Renderer::Process(process), small)
            }
            None => {
                let parsed = Parsed::read(text, fonts).map_err(|why| says(why.into()))?;
                let small = parsed.draw(&parsed.facts.small_view());
                let small = small.map_err(|why| says(why.into()))?;
                (parsed.facts.clone(), Renderer::Own(parsed), small)
            }
        };
        Ok(Self {
            name: name.to_owned(),
            facts,
            renderer,
            small: bitmap_of(small),
        })
    }

    /// What is well to know about it.
    pub(crate) fn notes(&self) -> &[String] {
        &self.facts.notes
    }

    /// Every character that it writes, each once.
    pub(crate) fn letters(&self) -> &str {
        &self.facts.letters
    }

    /// Draws it once for a usual screen, as `passerby check` does.
    pub(crate) fn inspect(&self) -> Result<(), ComposeError> {
        let (width, height) = self.size();
        let scale =
            (real(USUAL_SCREEN_PX.0) / real(width)).min(real(USUAL_SCREEN_PX.1) / real(height));
        let size = (
            px(real(width) * scale).max(1),
            px(real(height) * scale).max(1),
        );
        self.scaled(Crop::whole(width, height), size, Rgb([255; 3]))
            .map(|_| ())
    }

    /// Draws all of it with `side_px` on its longer side, or [`BITMAP_SIDE_PX_MAX`] if that is
    /// less.
    pub(crate) fn bitmap(&self, side_px: u32) -> Result<Bitmap, ComposeError> {
        let (width, height) = self.facts.size;
        let side = real(side_px).min(BITMAP_SIDE_PX_MAX);
        let scale = side / width.max(height);
        self.rendered((px(width * scale).max(1), px(height * scale).max(1)))
    }

    /// All of it at a size, with its alpha.
    fn rendered(&self, size: (u32, u32)) -> Result<Bitmap, ComposeError> {
        let (width, height) = self.size();
        self.draw(Crop::whole(width, height), size, None)
            .map(bitmap_of)
    }

    fn draw(
        &self,
        crop: Crop,
        size_px: (u32, u32),
        paper: Option<Rgb>,
    ) -> Result<Pixmap, ComposeError> {
        let view = View {
            crop,
            size_px,
            paper: paper.map(|Rgb(paper)| paper),
        };
        match &self.renderer {
            Renderer::Own(parsed) => parsed.draw(&view),
            Renderer::Process(process) => process.draw(&view),
        }
        .map_err(|what| ComposeError::new(format!("{}: {what}", self.name)))
    }
}

fn bitmap_of(pixmap: Pixmap) -> Bitmap {
    Bitmap {
        width: pixmap.width(),
        height: pixmap.height(),
        pixels: Pixels::Rgba(pixmap.take_demultiplied()),
    }
}

impl Content for Drawing {
    fn losses(&self) -> &[String] {
        &self.facts.losses
    }

    /// Its shape, with [`limits::UNITS`] on the longer side.
    fn size(&self) -> (u32, u32) {
        self.facts.size_in_units()
    }

    fn sample(&self) -> Sample {
        scale::sample(&self.small)
    }

    fn stands_on_paper(&self) -> bool {
        self.small.stands_on_paper()
    }

    fn scaled(&self, crop: Crop, size: (u32, u32), paper: Rgb) -> Result<Vec<u8>, ComposeError> {
        let pixmap = self.draw(crop, size, Some(paper))?;
        let (pixels, _) = pixmap.data().as_chunks::<4>();
        Ok(pixels
            .iter()
            .flat_map(|&[red, green, blue, _]| [red, green, blue])
            .collect())
    }
}

#[cfg(test)]
mod tests;
