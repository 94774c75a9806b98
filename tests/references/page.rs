//! Pieces of Markdown, with a paragraph or an entry of a list on each line.

/// A paragraph.
pub(crate) fn paragraph(text: &str) -> String {
    format!("{text}\n")
}

/// An entry of a list, so many levels deep.
pub(crate) fn entry(depth: usize, text: &str) -> String {
    format!("{}* {text}\n", "  ".repeat(depth))
}

/// A table.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let mut text = format!("| {} |\n|{}\n", heads.join(" | "), "---|".repeat(N));
    for row in rows {
        text += &format!("| {} |\n", row.join(" | "));
    }
    text
}

/// Ends a text as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    match text.ends_with(['.', ':', '?']) || text.is_empty() {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

/// Begins a text as the middle of a sentence, unless its first word is always written large.
pub(crate) fn in_sentence(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            format!("{}{}", first.to_lowercase(), &text[first.len_utf8()..])
        }
        _ => text.to_owned(),
    }
}
