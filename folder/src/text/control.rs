//! Control characters in texts: end marks of old systems, padding, bells, colours of terminals.
//!
//! Invariants: what ends a page ends a line; the rest is left out where it is little, and where it
//! is much there is no text.

use std::borrow::Cow;

/// So few are never too many, if three times as many other characters stand beside them.
const ALWAYS_FEW: usize = 2;

/// Tells whether a character is a control character that neither parts words nor ends lines.
pub(super) fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}')
}

/// Bytes without NUL and the end mark of DOS behind them.
pub(super) fn without_padding(bytes: &[u8]) -> &[u8] {
    let is_padding = |byte: &u8| matches!(byte, 0 | 0x1A);
    let end = bytes.iter().rposition(|byte| !is_padding(byte));
    &bytes[..end.map_or(0, |last| last + 1)]
}

/// Bytes of a text in which ASCII is ASCII, without control characters; `None` where more than so
/// many of a hundred are such, and where nothing else is there.
pub(super) fn without_controls(bytes: &[u8], percent_max: usize) -> Option<Cow<'_, [u8]>> {
    let is_one = |byte: &u8| is_control(char::from(*byte)) && byte.is_ascii();
    let unpadded = without_padding(bytes);
    let controls = unpadded.iter().filter(|byte| is_one(byte)).count();
    if (unpadded.is_empty() && !bytes.is_empty()) || !are_few(controls, unpadded.len(), percent_max)
    {
        return None;
    }
    Some(if controls == 0 {
        Cow::Borrowed(unpadded)
    } else {
        unpadded
            .iter()
            .copied()
            .filter(|byte| !is_one(byte))
            .collect()
    })
}

/// A text without control characters; `None` where more than so many of a hundred are such, and
/// where nothing else is there.
pub(super) fn cleaned(text: &str, percent_max: usize) -> Option<String> {
    let unpadded = text.trim_end_matches(['\0', '\u{1a}']);
    let controls = unpadded.chars().filter(|&c| is_control(c)).count();
    if (unpadded.is_empty() && !text.is_empty())
        || !are_few(controls, unpadded.chars().count(), percent_max)
    {
        return None;
    }
    let seen = unpadded.chars().filter(|&c| !is_control(c));
    Some(
        seen.map(|c| match c {
            '\u{b}' | '\u{c}' | '\u{85}' => '\n',
            other => other,
        })
        .collect(),
    )
}

/// Tells whether a text changes its letters by escape sequences (ISO 2022), as mail programs of
/// East Asia do.
pub(super) fn has_iso_2022(bytes: &[u8]) -> bool {
    let changes = [b"\x1b$B", b"\x1b$@", b"\x1b$A", b"\x1b$(", b"\x1b$)"];
    bytes
        .windows(3)
        .any(|window| changes.iter().any(|change| window == *change))
}

const fn are_few(controls: usize, all: usize, percent_max: usize) -> bool {
    controls * 100 <= all * percent_max
        || (percent_max > 0 && controls <= ALWAYS_FEW && controls * 4 <= all)
}
