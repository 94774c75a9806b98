//! What a drawing asks for and will not get: text that nobody here sets, styles and elements that
//! the renderer does not know, typefaces that are not there.
//!
//! Invariants: what people would miss is a loss, what has a good stand-in is a note; nothing is
//! said of what is hidden or empty, nor of an element that has an alternative beside it in a
//! `switch`; each thing is said once, at most [`TOLD_MAX`] of them.

mod text_styles;
mod values;

use std::collections::BTreeSet;

use resvg::usvg::roxmltree::{Document, Node};
use resvg::usvg::{self, FontFamily, Group, fontdb};

use crate::text::fonts::drawings::FAMILY;

/// Most losses, and most notes, of one drawing.
const TOLD_MAX: usize = 12;
/// Most characters of a text or a name that are repeated.
const WORDS_CHARS_MAX: usize = 60;
/// The namespace of links.
const XLINK: &str = "http://www.w3.org/1999/xlink";
/// The namespace of SVG.
const SVG: &str = "http://www.w3.org/2000/svg";

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
/// Elements that change others over time, or run a program.
const MOVES: [&str; 8] = [
    "animate",
    "animateColor",
    "animateMotion",
    "animateTransform",
    "discard",
    "mpath",
    "script",
    "set",
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
/// What CSS computes and the renderer does not, so that the value is not heeded.
const CSS_FUNCTIONS: [&str; 9] = [
    "var(",
    "calc(",
    "color-mix(",
    "oklch(",
    "oklab(",
    "light-dark(",
    "conic-gradient(",
    "linear-gradient(",
    "radial-gradient(",
];
/// Pictures of what lies behind, which filters cannot ask for.
const BACKGROUNDS: [&str; 4] = [
    "BackgroundImage",
    "BackgroundAlpha",
    "FillPaint",
    "StrokePaint",
];

/// What is said about a drawing that will be shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LossReport {
    /// What is left out.
    pub(super) losses: Vec<String>,
    /// What has a stand-in, or does nothing.
    pub(super) notes: Vec<String>,
}

impl LossReport {
    /// Looks at a document.
    pub(super) fn of(document: &Document<'_>) -> Self {
        let mut told = Self::default();
        let mut moves = false;
        for node in document.root().children() {
            let style = node.pi().filter(|pi| pi.target == "xml-stylesheet");
            if style.is_some() {
                told.lose("the style sheet beside it is not read; embed the styles when exporting");
            }
        }
        let all_text = written(document.root());
        let ids: BTreeSet<&str> = document
            .descendants()
            .filter_map(|node| node.attribute("id"))
            .collect();
        for node in document.descendants().filter(Node::is_element) {
            let name = node.tag_name().name();
            if node.tag_name().namespace() != Some(SVG) {
                continue;
            }
            if !all_text.is_empty() {
                told.text_styles(node);
            }
            if name == "textPath" {
                told.text_path(node, &ids);
            }
            moves |= MOVES.contains(&name);
            if name == "style" {
                let css: String = node.children().filter_map(|child| child.text()).collect();
                moves |= told.css(&css, &all_text);
                told.rules(&css, document, &ids);
            }
            told.values(node, &ids);
            for attribute in node.attributes() {
                told.value(attribute.value());
                if matches!(attribute.name(), "in" | "in2")
                    && BACKGROUNDS.contains(&attribute.value())
                {
                    told.lose(&format!(
                        "a filter in it asks for {}, which is not there; export it without, or as PNG",
                        attribute.value()
                    ));
                }
            }
            told.element(node);
        }
        if moves {
            told.note("scripts and animation in it do nothing here: it is drawn as it begins");
        }
        told
    }

    /// Looks at the typefaces of a parsed drawing.
    pub(super) fn add_typefaces(&mut self, tree: &usvg::Tree, fonts: &fontdb::Database) {
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

    fn lose(&mut self, what: &str) {
        add(&mut self.losses, what);
    }

    fn note(&mut self, what: &str) {
        add(&mut self.notes, what);
    }

    /// Looks at a style sheet; whether it moves something.
    fn css(&mut self, css: &str, all_text: &str) -> bool {
        let css = crate::creative::drawing::links::without_comments(css);
        for rule in css.split('@').skip(1) {
            let word: String = rule
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '-')
                .collect();
            match word.as_str() {
                "import" => {
                    let from = rule.split(';').next().unwrap_or_default();
                    let from = from.trim_start_matches("import").trim();
                    let from = shortened(from);
                    if from.contains("font") {
                        self.note(&format!(
                            "it asks for web fonts by @import {from}, and nothing is fetched for a drawing; convert its texts to paths, or put the fonts into the font folder"
                        ));
                    } else {
                        self.lose(&format!(
                            "it asks for styles by @import {from}, and nothing is fetched for a drawing; embed them when exporting"
                        ));
                    }
                }
                "font-face" => {
                    let family = rule.split("font-family").nth(1).unwrap_or_default();
                    let family = family.split([';', '}']).next().unwrap_or_default();
                    let family = family.trim_matches(|c: char| ": '\"\n\r\t".contains(c));
                    self.note(&format!(
                        "it brings the web font {:?}, which is not used; convert its texts to paths, or put the font into the font folder",
                        shortened(family)
                    ));
                }
                "media" | "supports" | "layer" | "container" => {
                    self.lose(&format!(
                        "its styles under @{word} are not heeded; export it with presentation attributes"
                    ));
                }
                _ => {}
            }
        }
        self.value(&css);
        for (name, value) in text_styles::declarations(&css) {
            if text_styles::is_lost(&name, value, all_text) {
                self.lose_style(&name);
            }
        }
        css.contains("@keyframes") || css.contains("animation:") || css.contains("animation-name")
    }

    /// Looks at the value of an attribute, or at declarations.
    fn value(&mut self, value: &str) {
        // Pictures and paths are long, and hold no functions.
        if value.len() > 64 << 10 || value.starts_with("data:") {
            return;
        }
        for function in CSS_FUNCTIONS {
            if value.contains(function) {
                self.lose(&format!(
                    "its styles use {function}…), which is not understood, so what they set is lost; export it with presentation attributes"
                ));
            }
        }
    }

    /// Looks at what the rules of a style sheet say, and to whom.
    fn rules(&mut self, css: &str, document: &Document<'_>, ids: &BTreeSet<&str>) {
        let css = crate::creative::drawing::links::without_comments(css);
        for (selectors, declarations) in values::rules(&css) {
            if declarations.contains('{') {
                self.lose(&format!(
                    "its styles for {} hold rules of their own, which are not heeded; export it with presentation attributes",
                    shortened(selectors)
                ));
            }
            let declared = || text_styles::declarations(declarations);
            // What only names values is told where they are used.
            if declared().any(|(name, _)| !name.starts_with("--")) {
                for selector in values::unknown_selectors(selectors) {
                    self.lose(&format!(
                        "its styles for {} are lost, since that selector is not understood; export it with presentation attributes",
                        shortened(selector)
                    ));
                }
            }
            let is_told = self.losses.len() >= TOLD_MAX;
            let is_suspect = |(name, value): &(String, &str)| {
                values::is_unknown_declaration(name, plain(value))
                    || values::target(name, plain(value))
                        .is_some_and(|target| !ids.contains(target))
            };
            let suspects: Vec<_> = declared().filter(is_suspect).collect();
            if is_told || suspects.is_empty() {
                continue;
            }
            let elements = document.descendants().filter(Node::is_element);
            let mut held = elements.filter(|node| values::holds(selectors, *node));
            // The outermost element has the size that its viewBox gives it.
            if held.any(|node| node.parent_element().is_some() && !is_hidden(node)) {
                for (name, value) in suspects {
                    self.declaration(&name, plain(value), ids);
                }
            }
        }
    }

    /// Looks at the attributes and styles of an element.
    fn values(&mut self, node: Node<'_, '_>, ids: &BTreeSet<&str>) {
        let is_root = node.parent_element().is_none();
        if is_root || self.losses.len() >= TOLD_MAX || is_hidden(node) {
            return;
        }
        let link = node.attributes().find(|one| one.name() == "href");
        if let Some(link) = link
            && node.tag_name().name() == "use"
            && let Some(target) = link.value().trim().strip_prefix('#')
        {
            self.target(target, ids);
        }
        for attribute in node.attributes().filter(|one| one.namespace().is_none()) {
            let (name, value) = (attribute.name(), attribute.value());
            if name == "style" {
                for (name, value) in text_styles::declarations(value) {
                    self.declaration(&name, plain(value), ids);
                }
            } else {
                if values::is_unknown(name, value) {
                    self.lose_value(name, value);
                }
                if let Some(target) = values::target(name, value) {
                    self.target(target, ids);
                }
            }
        }
    }

    fn declaration(&mut self, name: &str, value: &str, ids: &BTreeSet<&str>) {
        if values::is_unknown_declaration(name, value) {
            self.lose_value(name, value);
        }
        if let Some(target) = values::target(name, value) {
            self.target(target, ids);
        }
    }

    fn target(&mut self, target: &str, ids: &BTreeSet<&str>) {
        if !ids.contains(target) {
            self.lose(&format!(
                "it uses #{}, which is not there; export it anew, or as PNG",
                shortened(target)
            ));
        }
    }

    fn lose_value(&mut self, name: &str, value: &str) {
        // Those are told by their function.
        if CSS_FUNCTIONS.iter().any(|known| value.contains(known)) {
            return;
        }
        self.lose(&format!(
            "its {name} {:?} is not understood, so that it is drawn without; export it with presentation attributes, or as PNG",
            shortened(value)
        ));
    }

    /// Looks at what an element says about its text in its attributes.
    fn text_styles(&mut self, node: Node<'_, '_>) {
        let style = node.attribute("style").unwrap_or_default();
        let styles = text_styles::declarations(style);
        let attributes = text_styles::ATTRIBUTES
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), node.attribute(name)?)));
        // Whether it is lost at all is asked first, since the text of a group takes a while to
        // gather.
        for (name, value) in styles.chain(attributes) {
            if text_styles::is_lost(&name, value, "Aa")
                && text_styles::is_lost(&name, value, &written(node))
                && !is_hidden(node)
            {
                self.lose_style(&name);
            }
        }
    }

    fn lose_style(&mut self, name: &str) {
        self.lose(&format!(
            "the {name} of its text is not drawn; convert its texts to paths when exporting, or export it as PNG"
        ));
    }

    /// Looks for the path that a text runs along.
    fn text_path(&mut self, node: Node<'_, '_>, ids: &BTreeSet<&str>) {
        let target = node.attribute((XLINK, "href")).or(node.attribute("href"));
        let is_there = target
            .and_then(|target| target.trim().strip_prefix('#'))
            .is_some_and(|id| ids.contains(id));
        let text = text_of(node);
        if !is_there && !text.is_empty() && !is_hidden(node) {
            self.lose(&format!(
                "its text {text:?} runs along a path that is not there; put it on a path of the drawing, or convert it to paths"
            ));
        }
    }

    fn element(&mut self, node: Node<'_, '_>) {
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

/// A value of CSS without its mark of importance.
fn plain(value: &str) -> &str {
    let value = value.split('!').next().unwrap_or_default();
    value.trim()
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

fn is_hidden(node: Node<'_, '_>) -> bool {
    node.ancestors().filter(Node::is_element).any(|outer| {
        let style = outer.attribute("style").unwrap_or_default();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        outer.attribute("display") == Some("none")
            || style.contains("display:none")
            || matches!(outer.tag_name().name(), "metadata" | "desc" | "title")
    })
}

/// The characters of the texts in it, or of the text that it is in, without order.
fn written(node: Node<'_, '_>) -> String {
    let is_text = |node: &Node<'_, '_>| node.tag_name().name() == "text";
    let mut letters = BTreeSet::new();
    for inner in node.descendants().filter(Node::is_text) {
        if inner.ancestors().any(|outer| is_text(&outer)) {
            let text = inner.text().unwrap_or_default();
            letters.extend(text.chars().filter(|c| !c.is_whitespace()));
        }
    }
    letters.into_iter().collect()
}

/// What it writes, in one line.
fn text_of(node: Node<'_, '_>) -> String {
    let mut text = String::new();
    for inner in node.descendants().filter(Node::is_text) {
        text.push_str(inner.text().unwrap_or_default());
        text.push(' ');
        if text.len() > WORDS_CHARS_MAX * 16 {
            break;
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    shortened(&words.join(" "))
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(WORDS_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn add(list: &mut Vec<String>, what: &str) {
    if list.len() < TOLD_MAX && !list.iter().any(|told| told == what) {
        list.push(what.to_owned());
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

#[cfg(test)]
mod tests;
