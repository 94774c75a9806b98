//! Where lines may break, and what of a text is set at all.

use parley::Layout;
use passerby_protocol::file_names::normal_form;

use crate::text::fonts::{Fonts, needs_no_ink};

/// Where lines may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaks {
    /// At spaces and punctuation, also in Chinese.
    Phrases,
    /// Between any two Chinese characters too.
    Characters,
    /// Wherever the box ends.
    Anywhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Chinese,
    Western,
}

/// Trims a text, composes its accents (NFC: fonts have ä, and not the mark that macOS writes behind
/// an a), joins what must stay on one line, and leaves out what the fonts lack. Empty when nothing
/// is left that needs ink.
pub(super) fn prepared(fonts: &Fonts, text: &str) -> String {
    let mut kept: String = normal_form(text.trim())
        .chars()
        .filter(|&character| {
            character == '\n' || (!character.is_control() && fonts.can_draw(character))
        })
        .collect();
    if kept.chars().all(needs_no_ink) {
        return String::new();
    }
    // A line neither starts with a middle dot nor ends inside a hyphenated word.
    for dot in [" ·", " •", " —", " –"] {
        let joined: String = dot.replace(' ', "\u{a0}");
        kept = kept.replace(dot, &joined);
    }
    kept.replace('-', "\u{2011}")
}

/// Searches the narrowest width that needs no more lines, which makes them about equally long: no
/// widows.
pub(super) fn balance(layout: &mut Layout<()>, width: f32) {
    let lines = layout.len();
    if lines < 2 || width == f32::MAX {
        return;
    }
    let (mut narrow, mut wide) = (width / (lines as f32 + 1.0), width);
    let limit = layout.width();
    wide = wide.min(limit.max(narrow));
    let reference = limit;
    while wide - narrow > 1.0 {
        let middle = f32::midpoint(narrow, wide);
        layout.break_all_lines(Some(middle));
        if layout.len() <= lines && layout.width() <= reference.min(middle) {
            wide = middle;
        } else {
            narrow = middle;
        }
    }
    layout.break_all_lines(Some(wide));
    if layout.len() > lines {
        layout.break_all_lines(Some(width));
    }
}

/// Puts a text in two languages on lines of their own, when there is one place where they change.
pub(super) fn split_languages(text: &str) -> Option<String> {
    let mut changes = Vec::new();
    let mut last = None;
    let mut space = None;
    for (at, character) in text.char_indices() {
        if character == '\n' {
            return None;
        }
        if character == ' ' {
            space = Some(at);
        }
        let Some(language) = language(character) else {
            continue;
        };
        if last.is_some_and(|last| last != language) {
            changes.push(space?);
        }
        last = Some(language);
        space = None;
    }
    let [change] = changes[..] else {
        return None;
    };
    let (first, second) = text.split_at(change);
    let dots = |edge: char| edge.is_whitespace() || "·•—–|/".contains(edge);
    Some(format!(
        "{}\n{}",
        first.trim_end_matches(dots),
        second.trim_start_matches(dots)
    ))
}

fn language(character: char) -> Option<Language> {
    match character {
        '\u{2E80}'..='\u{2FDF}' | '\u{3040}'..='\u{9FFF}' => Some(Language::Chinese),
        _ if character.is_alphabetic() => Some(Language::Western),
        _ => None,
    }
}
