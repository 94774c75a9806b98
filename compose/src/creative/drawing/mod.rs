//! SVG drawings, drawn at their size on screen.
//!
//! A drawing holds everything itself: no file and no address is ever opened for it, pictures inside
//! it are `data:`, and its letters come from the bundled fonts (Noto Sans SC stands in for every
//! family) and the operator's. Scripts and SVG's own animation do nothing.
//!
//! Limits, since a thread that draws cannot be stopped:
//! - text: [`SVG_BYTES_MAX`]; entities of a DTD do not nest;
//! - parsing ([`guard`]): elements, nesting and links between them are counted as they would
//!   unfold, before they do;
//! - drawing ([`cost`]): the time and the layers that it will take are estimated from the parsed
//!   drawing at its size;
//! - parsing and drawing run on a thread of their own with a stack of [`threads::STACK_BYTES`], and
//!   a panic there is an error;
//! - what the estimates miss is waited for [`threads::PATIENCE`] at most. A thread that takes
//!   longer is left to end by itself, and while [`threads::ABANDONED_MAX`] such threads go on, no
//!   other drawing is begun.
//!
//! Invariants: a drawing that is refused costs one reason that names the file; what is transparent
//! shows the paper.

mod cost;
mod embedded;
mod guard;
mod links;
mod losses;
mod threads;

use std::collections::BTreeSet;
use std::sync::Arc;

use passerby_folder::text;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;
use passerby_protocol::file_names::normal_form;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{self, Group, ImageHrefResolver, Node, Options, Tree, roxmltree};

use crate::creative::drawing::embedded::Embedded;
use crate::creative::drawing::losses::LossReport;
use crate::creative::drawing::threads::on_deep_stack;
use crate::page::content::Content;
use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;
use crate::raster::canvas::{px, real};
use crate::raster::palette::Sample;
use crate::raster::scale;
use crate::raster::scale::Crop;
use crate::text::fonts::drawings::{DrawingFonts, FAMILY};

/// Most bytes of an SVG file.
pub const SVG_BYTES_MAX: usize = 8 << 20;
/// Most pixels of all pictures inside a drawing.
pub const EMBEDDED_PIXELS_MAX: u64 = 50_000_000;
/// How many times longer than wide, or wider than long, a drawing may be.
const SHAPE_MAX: f32 = 100.0;
/// Most nodes, elements and texts, of a drawing.
const NODES_MAX: u32 = 200_000;
/// The longer side of a drawing in its own units, as crops count them.
const UNITS: f32 = 10_000.0;
/// The longer side of a drawing as it is glanced at.
const SMALL_SIDE_PX: f32 = 192.0;
/// Longest side of a drawing that becomes a bitmap, in pixels.
const BITMAP_SIDE_PX_MAX: f32 = 4_096.0;
/// The screen that a drawing is measured for when none is known.
const USUAL_SCREEN_PX: (u32, u32) = (1_920, 1_080);
/// A parsed drawing.
pub(crate) struct Drawing {
    name: String,
    tree: Arc<Tree>,
    told: LossReport,
    /// Every character of its texts.
    letters: String,
    /// All of it, small, for what a glance tells.
    small: Bitmap,
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
        let says = |what: String| ComposeError(format!("{name}: {what}"));
        if text.starts_with(&[0x1F, 0x8B]) {
            return Err(says(
                "it is a packed SVG (SVGZ), which is not supported; save it as plain SVG"
                    .to_owned(),
            ));
        }
        if text.len() > SVG_BYTES_MAX {
            return Err(says(format!(
                "the drawing is larger than {} MiB; export it as PNG, or smaller",
                SVG_BYTES_MAX >> 20
            )));
        }
        let text =
            String::from_utf8(text).map_err(|error| says(text::not_utf_8(error.as_bytes())))?;
        let fonts = fonts.clone();
        let (tree, told, letters) = on_deep_stack(move || parse(&text, &fonts)).map_err(says)?;
        let mut drawing = Self {
            name: name.to_owned(),
            tree: Arc::new(tree),
            told,
            letters,
            small: Bitmap {
                width: 0,
                height: 0,
                pixels: Pixels::Rgba(Vec::new()),
            },
        };
        let (width, height) = drawing.size();
        let scale = SMALL_SIDE_PX / UNITS;
        let small = (
            px(real(width) * scale).max(1),
            px(real(height) * scale).max(1),
        );
        drawing.small = drawing.rendered(small)?;
        Ok(drawing)
    }

    /// What is well to know about it.
    pub(crate) fn notes(&self) -> &[String] {
        &self.told.notes
    }

    /// Every character that it writes, each once.
    pub(crate) fn letters(&self) -> &str {
        &self.letters
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
        let size = self.tree.size();
        let side = real(side_px).min(BITMAP_SIDE_PX_MAX);
        let scale = side / size.width().max(size.height());
        self.rendered((
            px(size.width() * scale).max(1),
            px(size.height() * scale).max(1),
        ))
    }

    /// All of it at a size, with its alpha.
    fn rendered(&self, size: (u32, u32)) -> Result<Bitmap, ComposeError> {
        let (width, height) = self.size();
        let pixmap = self.draw(Crop::whole(width, height), size, Color::TRANSPARENT)?;
        Ok(Bitmap {
            width: size.0,
            height: size.1,
            pixels: Pixels::Rgba(pixmap.take_demultiplied()),
        })
    }

    fn draw(&self, crop: Crop, size: (u32, u32), ground: Color) -> Result<Pixmap, ComposeError> {
        let says = |what: String| ComposeError(format!("{}: {what}", self.name));
        let transform = placed(&self.tree, crop, size);
        let tree = Arc::clone(&self.tree);
        on_deep_stack(move || {
            cost::check(&tree, transform, size)?;
            let mut pixmap = Pixmap::new(size.0, size.1)
                .ok_or_else(|| format!("it cannot be drawn at {} × {} pixels", size.0, size.1))?;
            pixmap.fill(ground);
            resvg::render(&tree, transform, &mut pixmap.as_mut());
            Ok(pixmap)
        })
        .map_err(says)
    }
}

impl Content for Drawing {
    fn losses(&self) -> &[String] {
        &self.told.losses
    }

    /// Its shape, with [`UNITS`] on the longer side.
    fn size(&self) -> (u32, u32) {
        let size = self.tree.size();
        let scale = UNITS / size.width().max(size.height());
        (
            px(size.width() * scale).max(1),
            px(size.height() * scale).max(1),
        )
    }

    fn sample(&self) -> Sample {
        scale::sample(&self.small)
    }

    fn stands_on_paper(&self) -> bool {
        self.small.stands_on_paper()
    }

    fn scaled(
        &self,
        crop: Crop,
        size: (u32, u32),
        Rgb([red, green, blue]): Rgb,
    ) -> Result<Vec<u8>, ComposeError> {
        let pixmap = self.draw(crop, size, Color::from_rgba8(red, green, blue, 255))?;
        let (pixels, _) = pixmap.data().as_chunks::<4>();
        Ok(pixels
            .iter()
            .flat_map(|&[red, green, blue, _]| [red, green, blue])
            .collect())
    }
}

/// From the drawing's own coordinates to the pixels of a part of it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a place on a screen needs no more than a float's precision"
)]
fn placed(tree: &Tree, crop: Crop, (width, height): (u32, u32)) -> Transform {
    let size = tree.size();
    let units = UNITS / size.width().max(size.height());
    let scale_x = real(width) / crop.width as f32;
    let scale_y = real(height) / crop.height as f32;
    Transform::from_row(
        units * scale_x,
        0.0,
        0.0,
        units * scale_y,
        -(crop.left as f32) * scale_x,
        -(crop.top as f32) * scale_y,
    )
}

/// Returns the drawing, what is told about it, and its letters.
fn parse(text: &str, fonts: &DrawingFonts) -> Result<(Tree, LossReport, String), String> {
    guard::check_text(text)?;
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        nodes_limit: NODES_MAX,
        ..roxmltree::ParsingOptions::default()
    };
    let xml = roxmltree::Document::parse_with_options(text, options).map_err(|error| {
        match error {
            roxmltree::Error::NodesLimitReached => {
                format!("the drawing has more than {NODES_MAX} elements and texts; simplify it, or export it as PNG")
            }
            error => format!("the drawing is damaged ({error}); export it anew"),
        }
    })?;
    if xml.root_element().tag_name().name() != "svg" {
        return Err("it is no SVG drawing; export it as one".to_owned());
    }
    guard::check(&xml)?;
    let mut told = LossReport::of(&xml);
    let embedded = Embedded::default();
    let options = Options {
        font_family: FAMILY.to_owned(),
        fontdb: Arc::clone(&fonts.0),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, data, _| embedded.resolve(data)),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    let tree = Tree::from_xmltree(&xml, &options).map_err(|error| match error {
        usvg::Error::InvalidSize => {
            "the drawing has no size; give its svg element a viewBox, or a width and a height"
                .to_owned()
        }
        error => format!("the drawing is damaged ({error}); export it anew"),
    })?;
    embedded.verdict()?;
    told.notes.extend(embedded.notes());
    told.add_typefaces(&tree, &fonts.0);
    let size = tree.size();
    let shape = size.width() / size.height();
    if !(1.0 / SHAPE_MAX..=SHAPE_MAX).contains(&shape) {
        return Err(format!(
            "the drawing is {} × {} units, more than {SHAPE_MAX} times longer one way than the other; change its viewBox",
            size.width(),
            size.height()
        ));
    }
    let mut letters = BTreeSet::new();
    collect_letters(tree.root(), &mut letters);
    Ok((tree, told, letters.into_iter().collect()))
}

fn collect_letters(group: &Group, letters: &mut BTreeSet<char>) {
    for node in group.children() {
        match node {
            Node::Text(text) => {
                for chunk in text.chunks() {
                    letters.extend(normal_form(chunk.text()).chars());
                }
            }
            Node::Group(inner) => collect_letters(inner, letters),
            Node::Path(_) | Node::Image(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
