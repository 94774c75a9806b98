//! A drawing as it is parsed and drawn, in the process that does it.

use std::collections::BTreeSet;
use std::sync::Arc;

use passerby_protocol::file_names::normal_form;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{self, Group, ImageHrefResolver, Node, Options, Tree, roxmltree};
use serde::{Deserialize, Serialize};

use crate::creative::drawing::embedded::Embedded;
use crate::creative::drawing::limits::{NODES_MAX, SHAPE_MAX, SMALL_SIDE_PX, UNITS};
use crate::creative::drawing::losses::LossReport;
use crate::creative::drawing::threads::on_deep_stack;
use crate::creative::drawing::{cost, guard};
use crate::raster::canvas::{px, real};
use crate::raster::scale::Crop;
use crate::text::fonts::drawings::{DrawingFonts, FAMILY};

/// A part of a drawing at a size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct View {
    /// In units of which [`UNITS`] are on the longer side of the drawing.
    pub(super) crop: Crop,
    /// Pixels across and down.
    pub(super) size_px: (u32, u32),
    /// Red, green and blue of the paper that shows through; without it what is transparent stays
    /// so.
    pub(super) paper: Option<[u8; 3]>,
}

/// What is known of a drawing once it is parsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct DrawingFacts {
    /// Its own units across and down.
    pub(super) size: (f32, f32),
    /// What of it is not drawn.
    pub(super) losses: Vec<String>,
    /// What is well to know.
    pub(super) notes: Vec<String>,
    /// Every character of its texts, each once.
    pub(super) letters: String,
}

impl DrawingFacts {
    /// Its shape, with [`UNITS`] on the longer side.
    pub(super) fn size_in_units(&self) -> (u32, u32) {
        let (width, height) = self.size;
        let scale = UNITS / width.max(height);
        (px(width * scale).max(1), px(height * scale).max(1))
    }

    /// All of it, as small as it is glanced at.
    pub(super) fn small_view(&self) -> View {
        let (width, height) = self.size_in_units();
        let scale = SMALL_SIDE_PX / UNITS;
        View {
            crop: Crop::whole(width, height),
            size_px: (
                px(real(width) * scale).max(1),
                px(real(height) * scale).max(1),
            ),
            paper: None,
        }
    }
}

/// A parsed drawing.
pub(super) struct Parsed {
    tree: Arc<Tree>,
    pub(super) facts: DrawingFacts,
}

impl Parsed {
    /// Parses a drawing.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub(super) fn read(text: String, fonts: &DrawingFonts) -> Result<Self, String> {
        let fonts = fonts.clone();
        on_deep_stack(move || parse(&text, &fonts))
    }

    /// Draws a part of it.
    ///
    /// # Errors
    /// Why it cannot be drawn at that size, and what to do.
    pub(super) fn draw(&self, view: &View) -> Result<Pixmap, String> {
        let (size, paper) = (view.size_px, view.paper);
        let transform = placed(&self.tree, view.crop, size);
        let tree = Arc::clone(&self.tree);
        on_deep_stack(move || {
            cost::check(&tree, transform, size)?;
            let mut pixmap = Pixmap::new(size.0, size.1)
                .ok_or_else(|| format!("it cannot be drawn at {} × {} pixels", size.0, size.1))?;
            if let Some([red, green, blue]) = paper {
                pixmap.fill(Color::from_rgba8(red, green, blue, 255));
            }
            resvg::render(&tree, transform, &mut pixmap.as_mut());
            Ok(pixmap)
        })
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

fn parse(text: &str, fonts: &DrawingFonts) -> Result<Parsed, String> {
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
        fontdb: Arc::clone(&fonts.database),
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
    told.add_typefaces(&tree, &fonts.database);
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
    Ok(Parsed {
        tree: Arc::new(tree),
        facts: DrawingFacts {
            size: (size.width(), size.height()),
            losses: told.losses,
            notes: told.notes,
            letters: letters.into_iter().collect(),
        },
    })
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
