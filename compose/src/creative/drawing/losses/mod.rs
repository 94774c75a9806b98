//! What a drawing asks for and will not get: text that nobody here sets, styles and elements that
//! the renderer does not know, typefaces that are not there.
//!
//! Invariants: what people would miss is a loss, what has a good stand-in is a note; nothing is
//! said of what is hidden or empty, nor of an element that has an alternative beside it in a
//! `switch`; each thing is said once, at most [`TOLD_MAX`] of them.

mod elements;
mod style_sheets;
#[cfg(test)]
mod tests;
mod text_styles;
mod typefaces;
mod values;

use std::collections::BTreeSet;

use resvg::usvg::roxmltree::{Document, Node};

/// Most losses, and most notes, of one drawing.
const TOLD_MAX: usize = 12;
/// Most characters of a text or a name that are repeated.
const WORDS_CHARS_MAX: usize = 60;
/// The namespace of links.
const XLINK: &str = "http://www.w3.org/1999/xlink";
/// The namespace of SVG.
const SVG: &str = "http://www.w3.org/2000/svg";
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

    fn lose(&mut self, what: &str) {
        add(&mut self.losses, what);
    }

    fn note(&mut self, what: &str) {
        add(&mut self.notes, what);
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
}

/// A value of CSS without its mark of importance.
fn plain(value: &str) -> &str {
    let value = value.split('!').next().unwrap_or_default();
    value.trim()
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
