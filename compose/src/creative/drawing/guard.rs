//! Counts what a drawing would unfold to before it is unfolded: copies by `use`, markers on every
//! corner of a path, chains of masks and patterns.
//!
//! Invariants: recursion here is bounded by [`DEPTH_MAX`], and each element is weighed once;
//! numbers saturate.

use std::collections::HashMap;

use resvg::usvg::roxmltree::{Document, Node, NodeId};

use crate::creative::drawing::links::Links;

/// Deepest nesting, with what elements use counted as if it stood in their place.
pub(super) const DEPTH_MAX: u32 = 200;
/// Most elements, with every copy and marker counted; long attributes and texts count for more than
/// one.
pub(super) const UNFOLDED_MAX: u64 = 300_000;
/// Most comparisons of style rules with elements.
const STYLE_WORK_MAX: u64 = 100_000_000;
/// Longest DTD, in bytes.
const DTD_BYTES_MAX: usize = 16 << 10;
/// Most uses of entities of a DTD's own.
const ENTITY_USES_MAX: usize = 2_000;
/// Attribute bytes that weigh as much as an element.
const BYTES_AN_ELEMENT: u64 = 64;
/// The same for pictures, which are only copied.
const DATA_BYTES_AN_ELEMENT: u64 = 1_024;
/// What a byte of shown text weighs in elements.
const ELEMENTS_A_LETTER_BYTE: u64 = 8;

/// Looks at the text before it is parsed: entities that multiply are refused.
pub(super) fn check_text(text: &str) -> Result<(), String> {
    let Some(from) = text.find("<!DOCTYPE") else {
        return Ok(());
    };
    let body = &text[from..];
    let end = match (body.find('['), body.find('>')) {
        (Some(open), Some(close)) if open < close => body.find("]").unwrap_or(body.len()),
        (_, close) => close.unwrap_or(body.len()),
    };
    let dtd = &body[..end];
    if !dtd.contains("<!ENTITY") {
        return Ok(());
    }
    // A bracket inside a value would hide what follows, so it may not be there.
    let nested =
        dtd.contains('&') || text.matches("<!ENTITY").count() != dtd.matches("<!ENTITY").count();
    if nested || dtd.len() > DTD_BYTES_MAX {
        return Err(
            "its DTD defines entities by others, or too long ones; export it as plain SVG"
                .to_owned(),
        );
    }
    let own = text
        .match_indices('&')
        .filter(|&(at, _)| {
            !["#", "amp;", "lt;", "gt;", "quot;", "apos;"]
                .iter()
                .any(|known| text[at + 1..].starts_with(known))
        })
        .count();
    if own > ENTITY_USES_MAX {
        return Err(format!(
            "it uses entities of its own more than {ENTITY_USES_MAX} times; export it as plain SVG"
        ));
    }
    Ok(())
}

/// Refuses what unfolds past the limits, and what asks for other files.
pub(super) fn check(document: &Document<'_>) -> Result<(), String> {
    for node in document.descendants() {
        if let Some(outside) = Links::outside(node) {
            return Err(format!(
                "it asks for {:?}, and a drawing must hold everything itself; embed that when exporting",
                shortened(outside)
            ));
        }
    }
    let links = Links::of(document);
    let marker = heaviest_marker(document, &links)?;
    let mut scale = Scale {
        links: &links,
        marker,
        weighed: HashMap::new(),
        under_way: Vec::new(),
    };
    let whole = scale.weigh(document.root_element(), 0)?;
    if whole.unfolded > UNFOLDED_MAX {
        return Err(format!(
            "with all its copies the drawing has more than {UNFOLDED_MAX} elements; simplify it, or export it as PNG"
        ));
    }
    if whole.unfolded.saturating_mul(links.rule_count as u64) > STYLE_WORK_MAX {
        return Err(
            "the drawing has too many style rules for its many elements; export it with presentation attributes"
                .to_owned(),
        );
    }
    Ok(())
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// What the heaviest marker weighs, 0 without markers. It is put on every corner of a path.
fn heaviest_marker(document: &Document<'_>, links: &Links<'_, '_>) -> Result<u64, String> {
    let mut heaviest = 0;
    for marker in document
        .descendants()
        .filter(|node| node.tag_name().name() == "marker")
    {
        let mut weight = 0_u64;
        for node in marker.descendants() {
            let uses_more = node.tag_name().name() == "use"
                || links
                    .from(node)
                    .iter()
                    .any(|target| target.tag_name().name() == "marker");
            if uses_more && node != marker {
                return Err(
                    "a marker in it uses other elements or markers; draw the marker itself"
                        .to_owned(),
                );
            }
            weight = weight.saturating_add(own_weight(node));
        }
        heaviest = heaviest.max(weight);
    }
    Ok(heaviest)
}

/// What an element weighs by itself.
fn own_weight(node: Node<'_, '_>) -> u64 {
    let mut weight = 1;
    for attribute in node.attributes() {
        let length = attribute.value().len() as u64;
        weight += if attribute.value().starts_with("data:") {
            length / DATA_BYTES_AN_ELEMENT
        } else {
            length / BYTES_AN_ELEMENT
        };
    }
    let is_shown = node.parent().is_some_and(|parent| {
        matches!(
            parent.tag_name().name(),
            "text" | "tspan" | "textPath" | "tref" | "a"
        )
    });
    if let Some(text) = node.text().filter(|_| node.is_text() && is_shown) {
        // Each letter is shaped and becomes an outline.
        weight += text.trim().len() as u64 * ELEMENTS_A_LETTER_BYTE;
    }
    weight
}

/// At most how many corners an element's outline has.
fn corners(node: Node<'_, '_>) -> u64 {
    match node.tag_name().name() {
        "path" => node.attribute("d").map_or(0, |d| d.len() as u64 / 2),
        "polyline" | "polygon" => node.attribute("points").map_or(0, |p| p.len() as u64 / 3),
        "line" | "rect" | "circle" | "ellipse" => 16,
        _ => 0,
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    unfolded: u64,
    depth: u32,
}

struct Scale<'a, 'input> {
    links: &'a Links<'a, 'input>,
    marker: u64,
    weighed: HashMap<NodeId, Weight>,
    /// The elements on the way to this one.
    under_way: Vec<NodeId>,
}

impl<'a, 'input> Scale<'a, 'input> {
    fn weigh(&mut self, node: Node<'a, 'input>, depth: u32) -> Result<Weight, String> {
        let too_deep = || {
            format!(
                "its elements nest more than {DEPTH_MAX} deep, with what they use; flatten its groups"
            )
        };
        if let Some(&weight) = self.weighed.get(&node.id()) {
            return if depth + weight.depth > DEPTH_MAX {
                Err(too_deep())
            } else {
                Ok(weight)
            };
        }
        if depth > DEPTH_MAX {
            return Err(too_deep());
        }
        if self.under_way.contains(&node.id()) {
            return Err("an element in it uses itself; mend that, or export it as PNG".to_owned());
        }
        self.under_way.push(node.id());
        let mut weight = Weight {
            unfolded: own_weight(node).saturating_add(corners(node).saturating_mul(self.marker)),
            depth: 0,
        };
        if node.is_element() {
            for inner in node.children() {
                self.add(&mut weight, inner, depth, true)?;
            }
            for used in self.links.from(node) {
                // Gradients are shared; all else may be copied for each use.
                let copied = !used.tag_name().name().ends_with("Gradient");
                self.add(&mut weight, used, depth, copied)?;
            }
        }
        self.under_way.pop();
        self.weighed.insert(node.id(), weight);
        Ok(weight)
    }

    fn add(
        &mut self,
        weight: &mut Weight,
        inner: Node<'a, 'input>,
        depth: u32,
        counts: bool,
    ) -> Result<(), String> {
        let inner = self.weigh(inner, depth + 1)?;
        if counts {
            weight.unfolded = weight.unfolded.saturating_add(inner.unfolded);
        }
        weight.depth = weight.depth.max(inner.depth + 1);
        Ok(())
    }
}
