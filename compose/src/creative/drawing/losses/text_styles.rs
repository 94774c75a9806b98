//! Styles of text that browsers draw and the renderer does not.
//!
//! Invariant: a value that changes nothing of the text is no loss.

use svgtypes::FontShorthand;

/// Properties, and what of their values is nothing to lose besides [`NEUTRAL`].
const PROPERTIES: [(&str, &[&str]); 19] = [
    ("-webkit-text-stroke", &[]),
    ("-webkit-text-stroke-width", &[]),
    ("direction", &["ltr"]),
    ("font-feature-settings", &[]),
    ("font-size-adjust", &[]),
    ("font-variant", &[]),
    ("font-variant-alternates", &[]),
    ("font-variant-caps", &[]),
    ("font-variant-east-asian", &[]),
    ("font-variant-numeric", &[]),
    ("font-variant-position", &[]),
    ("text-decoration", &[]),
    ("text-decoration-style", &["solid"]),
    ("text-emphasis", &[]),
    ("text-emphasis-style", &[]),
    ("text-orientation", &["mixed"]),
    ("text-shadow", &[]),
    ("text-transform", &[]),
    ("-webkit-text-emphasis", &[]),
];
/// Values that leave a text as it is.
const NEUTRAL: [&str; 8] = [
    "", "none", "normal", "auto", "initial", "unset", "revert", "0",
];
/// Lines under and over a text that are not drawn as such; straight ones are.
const LINES: [&str; 4] = ["wavy", "dotted", "dashed", "double"];

/// Whether a property with this value loses something of `text`, which it is set for.
pub(super) fn is_lost(name: &str, value: &str, text: &str) -> bool {
    let value = value.replace("!important", "").trim().to_ascii_lowercase();
    let Some((_, others)) = PROPERTIES.iter().find(|(known, _)| *known == name) else {
        return false;
    };
    if NEUTRAL.contains(&&*value) || value == "inherit" || others.contains(&&*value) {
        return false;
    }
    let has_small = || text.chars().any(char::is_lowercase);
    match (name, &*value) {
        ("text-decoration", _) => LINES.iter().any(|line| value.contains(line)),
        ("text-transform", "uppercase" | "capitalize")
        | ("font-variant" | "font-variant-caps", "small-caps") => has_small(),
        ("text-transform", "lowercase") => text.chars().any(char::is_uppercase),
        _ => !text.is_empty(),
    }
}

/// The declarations of a style attribute or of all rules of a style sheet without comments; of
/// `font` also its variant.
pub(super) fn declarations(css: &str) -> impl Iterator<Item = (String, &str)> {
    css.split([';', '{', '}']).flat_map(|declaration| {
        let split = declaration.split_once(':');
        let declared = split.map(|(name, value)| (name.trim().to_ascii_lowercase(), value));
        let variant = declared.as_ref().and_then(|(name, value)| {
            let font = FontShorthand::from_str(value.trim()).ok();
            let variant = font.filter(|_| name == "font")?.font_variant?;
            Some(("font-variant".to_owned(), variant))
        });
        declared.into_iter().chain(variant)
    })
}

/// Properties that may also be attributes.
pub(super) const ATTRIBUTES: [&str; 4] = [
    "direction",
    "font-size-adjust",
    "font-variant",
    "text-decoration",
];
