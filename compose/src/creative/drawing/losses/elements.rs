//! Elements that the renderer does not draw, and what is lost with each.
//!
//! Invariant: what stands inside a lost element is not told again.

use resvg::usvg::roxmltree::Node;

use crate::creative::drawing::losses::{LossReport, MOVES, is_hidden, shortened, text_of};

/// Elements that are drawn, or that say something about others.
const KNOWN: [&str; 57] = [
    "a",
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feImage",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "filter",
    "g",
    "image",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "metadata",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "style",
    "svg",
    "switch",
    "symbol",
    "text",
    "textPath",
    "title",
    "tref",
    "tspan",
    "use",
    "view",
];
/// Elements of fonts that a drawing brings itself; the text is set in another typeface.
const FONTS: [&str; 12] = [
    "font",
    "hkern",
    "missing-glyph",
    "vkern",
    "font-face",
    "font-face-format",
    "font-face-name",
    "font-face-src",
    "font-face-uri",
    "glyph",
    "glyphRef",
    "altGlyphDef",
];

impl LossReport {
    /// Looks at an element by its name.
    pub(super) fn element(&mut self, node: Node<'_, '_>) {
        let name = node.tag_name().name();
        if KNOWN.contains(&name) || MOVES.contains(&name) {
            return;
        }
        // What is inside a lost element was said with it.
        let is_inside = node
            .ancestors()
            .skip(1)
            .any(|outer| outer.is_element() && !KNOWN.contains(&outer.tag_name().name()));
        if is_inside || is_hidden(node) {
            return;
        }
        if FONTS.contains(&name) {
            return self.note(
                "it brings a font of its own, which is not used; convert its texts to paths, or put the font into the font folder",
            );
        }
        let text = text_of(node);
        match name {
            "flowRoot" | "textArea" => {
                if !text.is_empty() {
                    self.lose(&format!(
                        "its text {text:?} is flowed text, which only Inkscape draws; in Inkscape choose Text, Convert to Text, and save it again, or convert it to paths"
                    ));
                }
            }
            "foreignObject" => {
                let is_shown = node.descendants().any(|inner| {
                    inner.is_element()
                        && matches!(
                            inner.tag_name().name(),
                            "img" | "canvas" | "video" | "iframe" | "svg"
                        )
                });
                if has_alternative(node) || (text.is_empty() && !is_shown) {
                    return;
                }
                let what = if text.is_empty() {
                    "a web page's piece".to_owned()
                } else {
                    format!("its text {text:?}")
                };
                self.lose(&format!(
                    "{what} is in a foreignObject, which only browsers draw; export it with plain text, or as PNG"
                ));
            }
            "meshgradient" | "meshGradient" | "hatch" | "solidcolor" | "solidColor" => {
                self.lose(&format!(
                    "what is filled with its {name} stays empty; export it with a usual gradient, or as PNG"
                ));
            }
            // Their parts, and what has nothing to show.
            "meshpatch" | "meshrow" | "hatchpath" | "flowRegion" | "flowRegionExclude" => {}
            _ => {
                let what = if text.is_empty() {
                    String::new()
                } else {
                    format!(" with {text:?}")
                };
                self.lose(&format!(
                    "its element {}{what} is not drawn; export it as plain SVG, or as PNG",
                    shortened(name)
                ));
            }
        }
    }
}

/// Whether a `switch` around it offers something else.
fn has_alternative(node: Node<'_, '_>) -> bool {
    let switch = node
        .parent_element()
        .filter(|outer| outer.tag_name().name() == "switch");
    switch.is_some_and(|switch| {
        let others = switch.children().filter(Node::is_element);
        others
            .filter(|other| *other != node)
            .any(|other| KNOWN.contains(&other.tag_name().name()))
    })
}
