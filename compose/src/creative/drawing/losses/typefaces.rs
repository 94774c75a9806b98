//! Typefaces that a drawing asks for and that are not here.
//!
//! Invariant: a missing typeface is told only when none of those that a text asks for is here.

use std::collections::BTreeSet;

use resvg::usvg::{self, FontFamily, Group, fontdb};

use crate::creative::drawing::losses::{LossReport, shortened};
use crate::text::fonts::drawings::FAMILY;

impl LossReport {
    /// Looks at the typefaces of a parsed drawing.
    pub(crate) fn add_typefaces(&mut self, tree: &usvg::Tree, fonts: &fontdb::Database) {
        let mut missing = BTreeSet::new();
        collect_missing(tree.root(), fonts, &mut missing);
        if asks_in_vain_for_italics(tree.root(), fonts) {
            self.lose(
                "its italic text is set upright, as no italic of its typeface is here; convert its texts to paths, or put the font into the font folder",
            );
        }
        for families in missing {
            self.note(&format!(
                "its typeface {families} is not here, and {FAMILY} stands in; convert its texts to paths, or put the font into the font folder"
            ));
        }
    }
}

fn collect_missing(group: &Group, fonts: &fontdb::Database, missing: &mut BTreeSet<String>) {
    for node in group.children() {
        match node {
            usvg::Node::Text(text) => {
                let chunks = text.chunks().iter().flat_map(|chunk| chunk.spans());
                missing.extend(chunks.filter_map(|span| asked(span.font().families(), fonts)));
            }
            usvg::Node::Group(inner) => collect_missing(inner, fonts, missing),
            usvg::Node::Path(_) | usvg::Node::Image(_) => {}
        }
    }
}

/// Whether a text is to be slanted and no typeface that it asks for is.
fn asks_in_vain_for_italics(group: &Group, fonts: &fontdb::Database) -> bool {
    group.children().iter().any(|node| match node {
        usvg::Node::Text(text) => {
            let spans = text.chunks().iter().flat_map(|chunk| chunk.spans());
            let mut slanted = spans.filter(|span| span.font().style() != usvg::FontStyle::Normal);
            slanted.any(|span| {
                let mut families =
                    span.font()
                        .families()
                        .iter()
                        .filter_map(|family| match family {
                            FontFamily::Named(name) => Some(name),
                            _ => None,
                        });
                !families.any(|name| {
                    fonts.faces().any(|face| {
                        let mut known = face.families.iter();
                        face.style != fontdb::Style::Normal
                            && known.any(|(known, _)| known.eq_ignore_ascii_case(name))
                    })
                })
            })
        }
        usvg::Node::Group(inner) => asks_in_vain_for_italics(inner, fonts),
        usvg::Node::Path(_) | usvg::Node::Image(_) => false,
    })
}

/// The typefaces that are asked for by name, if none of them is here.
fn asked(families: &[FontFamily], fonts: &fontdb::Database) -> Option<String> {
    let mut names = Vec::new();
    for family in families {
        let FontFamily::Named(name) = family else {
            continue;
        };
        let is_here = fonts.faces().any(|face| {
            face.families
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        });
        if is_here {
            return None;
        }
        names.push(shortened(name));
    }
    (!names.is_empty()).then(|| names.join(", "))
}
