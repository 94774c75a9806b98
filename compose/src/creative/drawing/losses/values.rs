//! Values and selectors that the renderer does not understand: each is asked of the parser that the
//! renderer asks.
//!
//! Invariant: nothing is called unknown that the renderer's own parser takes.

use std::str::FromStr as _;

use simplecss::{AttributeOperator, Element, PseudoClass, Selector};
use svgtypes::{
    Color, FilterValueListParser, FontShorthand, FuncIRI, Length, LengthListParser, LengthUnit,
    Paint, Transform,
};

use resvg::usvg::roxmltree::Node;

/// Properties of CSS that move, cut or size a shape in browsers and not here.
const CSS_ONLY: [&str; 20] = [
    "backdrop-filter",
    "cx",
    "cy",
    "d",
    "height",
    "mask-image",
    "offset",
    "offset-path",
    "perspective",
    "r",
    "rotate",
    "rx",
    "ry",
    "scale",
    "translate",
    "width",
    "x",
    "y",
    "-webkit-mask",
    "zoom",
];
/// Values that mean the same here as in browsers, or nothing.
const USUAL: [&str; 8] = [
    "", "auto", "inherit", "initial", "none", "normal", "revert", "unset",
];
/// Sizes of letters by name.
const SIZES: [&str; 9] = [
    "xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large", "smaller", "larger",
];
/// What never holds while nobody touches the drawing, or makes boxes that drawings do not have.
const NEVER: [&str; 9] = [
    ":hover",
    ":active",
    ":focus",
    ":visited",
    ":target",
    ":checked",
    ":disabled",
    "::",
    ":before",
];

/// Whether the renderer does not understand a value of an attribute or of a property that both
/// know.
pub(super) fn is_unknown(name: &str, value: &str) -> bool {
    let value = value.trim();
    if USUAL.contains(&&*value.to_ascii_lowercase()) {
        return false;
    }
    match name {
        "fill" | "stroke" => Paint::from_str(value).is_err(),
        "color" | "flood-color" | "lighting-color" | "stop-color" => {
            !value.eq_ignore_ascii_case("currentcolor") && Color::from_str(value).is_err()
        }
        "font-size" => is_unknown_size(value),
        "cx" | "cy" | "height" | "r" | "rx" | "ry" | "stroke-dashoffset" | "stroke-width"
        | "width" | "x1" | "x2" | "y1" | "y2" | "letter-spacing" | "word-spacing" => {
            Length::from_str(value).is_err()
        }
        // Of texts they are lists.
        "x" | "y" | "dx" | "dy" | "stroke-dasharray" => {
            LengthListParser::from(value).any(|length| length.is_err())
        }
        "fill-opacity" | "flood-opacity" | "opacity" | "stop-opacity" | "stroke-opacity" => {
            !Length::from_str(value)
                .is_ok_and(|length| matches!(length.unit, LengthUnit::None | LengthUnit::Percent))
        }
        "gradientTransform" | "patternTransform" | "transform" => {
            Transform::from_str(value).is_err()
        }
        "clip-path" | "mask" => FuncIRI::from_str(value).is_err(),
        "filter" => FilterValueListParser::from(value).any(|value| value.is_err()),
        _ => false,
    }
}

/// Whether the renderer does not understand a declaration of CSS.
pub(super) fn is_unknown_declaration(name: &str, value: &str) -> bool {
    if CSS_ONLY.contains(&name) {
        return !USUAL.contains(&&*value.trim().to_ascii_lowercase());
    }
    if name == "font" {
        // The reader of style sheets ends a value at the slash of a line's height.
        if value.contains('/') {
            return true;
        }
        return !USUAL.contains(&value.trim())
            && FontShorthand::from_str(value).map_or(true, |font| is_unknown_size(font.font_size));
    }
    is_unknown(name, value)
}

fn is_unknown_size(size: &str) -> bool {
    !SIZES.contains(&size) && Length::from_str(size).is_err()
}

/// The targets of `url(#…)` in a value that draws nothing where they are missing.
pub(super) fn target<'a>(name: &str, value: &'a str) -> Option<&'a str> {
    let value = value.trim();
    match name {
        "fill" | "stroke" => match Paint::from_str(value) {
            Ok(Paint::FuncIRI(target, None)) => Some(target),
            _ => None,
        },
        "clip-path" | "filter" | "marker-end" | "marker-mid" | "marker-start" | "mask" => {
            FuncIRI::from_str(value).ok().map(|target| target.0)
        }
        _ => None,
    }
}

/// The rules of a style sheet without comments and without rules that begin with `@`: selectors and
/// declarations.
pub(super) fn rules(css: &str) -> Vec<(&str, &str)> {
    let mut rules = Vec::new();
    let mut rest = css;
    while let Some((head, body)) = rest.split_once('{') {
        // Statements such as @import end before the selector begins.
        let selector = head.rsplit([';', '}']).next().unwrap_or_default().trim();
        let mut depth = 1_usize;
        let end = body.find(|sign| {
            depth = match sign {
                '{' => depth + 1,
                '}' => depth - 1,
                _ => depth,
            };
            depth == 0
        });
        let (inside, behind) = body.split_at(end.unwrap_or(body.len()));
        if !selector.starts_with('@') {
            rules.push((selector, inside));
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    rules
}

/// The selectors of a rule that the renderer does not understand and that may hold.
pub(super) fn unknown_selectors(selectors: &str) -> impl Iterator<Item = &str> {
    let selectors = split_outside_brackets(selectors).into_iter();
    selectors.map(str::trim).filter(|selector| {
        !selector.is_empty()
            && !NEVER.iter().any(|never| selector.contains(never))
            && Selector::parse(selector).is_none()
    })
}

/// Whether a rule holds for an element.
pub(super) fn holds(selectors: &str, node: Node<'_, '_>) -> bool {
    split_outside_brackets(selectors)
        .into_iter()
        .any(|selector| {
            let selector = Selector::parse(selector.trim());
            selector.is_some_and(|selector| selector.matches(&StyledNode(node)))
        })
}

/// Splits at commas, but not those of `:is(a, b)`.
fn split_outside_brackets(selectors: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let splits = selectors.split(|sign| {
        match sign {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        sign == ',' && depth == 0
    });
    splits.collect()
}

/// An element as selectors ask for it.
struct StyledNode<'a, 'input: 'a>(Node<'a, 'input>);

impl Element for StyledNode<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        self.0.parent_element().map(StyledNode)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.0.prev_sibling_element().map(StyledNode)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.0.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        self.0
            .attribute(name)
            .is_some_and(|value| operator.matches(value))
    }

    fn pseudo_class_matches(&self, class: PseudoClass<'_>) -> bool {
        class == PseudoClass::FirstChild && self.0.prev_sibling_element().is_none()
    }
}
