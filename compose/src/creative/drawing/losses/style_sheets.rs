//! What is lost of the style sheets in a drawing: rules that are not heeded, what they ask of the
//! network, and values that are not understood.
//!
//! Invariant: a rule's values are told only where it holds for an element that is shown.

use std::collections::BTreeSet;

use resvg::usvg::roxmltree::{Document, Node};

use crate::creative::drawing::links::without_comments;
use crate::creative::drawing::losses::{
    LossReport, TOLD_MAX, is_hidden, plain, shortened, text_styles, values,
};

impl LossReport {
    /// Looks at a style sheet; whether it moves something.
    pub(super) fn css(&mut self, css: &str, all_text: &str) -> bool {
        let css = without_comments(css);
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

    /// Looks at what the rules of a style sheet say, and to whom.
    pub(super) fn rules(&mut self, css: &str, document: &Document<'_>, ids: &BTreeSet<&str>) {
        let css = without_comments(css);
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
}
