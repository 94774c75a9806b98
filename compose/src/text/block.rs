//! A text that was broken into lines, and how much room its ink takes.

use parley::Layout;

/// A text that was broken into lines.
pub(crate) struct Block {
    pub(super) layout: Layout<()>,
    pub(super) hangs: Vec<f32>,
    pub(super) top: f32,
    /// Of the type, in pixels.
    pub(crate) size: f32,
    /// From the left edge of the widest line to its right.
    pub(crate) width: f32,
    /// From the tops of the first line to the feet of the last.
    pub(crate) height: f32,
    /// From the top to the first baseline.
    pub(crate) ascent: f32,
    pub(crate) lines: usize,
    /// Nothing was cut off, and no phrase or word was broken inside.
    pub(crate) whole: bool,
    /// Its end was cut off.
    pub(crate) is_cut: bool,
    /// It reads from right to left, so its lines end flush on the left and begin flush on the
    /// right.
    pub(crate) rtl: bool,
}

impl Block {
    pub(super) fn measure(layout: Layout<()>, text: &str, size: f32) -> Self {
        let lines = layout.len();
        let rtl = layout.is_rtl();
        // Opening marks fill the right half of their square; hanging them out aligns the ink.
        let hangs: Vec<f32> = layout
            .lines()
            .map(|line| {
                let first = text
                    .get(line.text_range())
                    .and_then(|line| line.chars().next());
                if !rtl && first.is_some_and(|first| "《「『“‘（【〈〔".contains(first))
                {
                    size * 0.4
                } else {
                    0.0
                }
            })
            .collect();
        let width = layout
            .lines()
            .zip(&hangs)
            .map(|(line, hang)| line.metrics().advance - line.metrics().trailing_whitespace - hang)
            .fold(0.0, f32::max);
        let baseline = |line: usize| layout.get(line).map_or(0.0, |line| line.metrics().baseline);
        let (above, below) = reach(text);
        let top = baseline(0) - above * size;
        let bottom = baseline(lines.saturating_sub(1)) + below * size;
        Self {
            hangs,
            top,
            size,
            width,
            height: bottom - top,
            ascent: above * size,
            lines,
            whole: true,
            is_cut: false,
            rtl,
            layout,
        }
    }
}

/// How far a text reaches above and below its baselines, as a share of its size.
pub(super) fn reach(text: &str) -> (f32, f32) {
    let mut reach = (0.74_f32, 0.02_f32);
    for character in text.chars() {
        let (above, below) = match character {
            'A'..='Z' | '0'..='9' | ' ' | '.' | ':' | '\u{a0}' => (0.75, 0.02),
            '¥' | '€' | '£' | '–' | '−' => (0.75, 0.02),
            'a'..='z' | '!'..='~' => (0.80, 0.23),
            '\u{2E80}'..='\u{9FFF}' | '\u{FF00}'..='\u{FFEF}' => (0.88, 0.13),
            '\u{AC00}'..='\u{D7A3}' => (0.88, 0.13),
            // Vowel signs and tall letters: Semitic, Indic, Thai, Lao, Tibetan, Burmese, Khmer.
            '\u{0590}'..='\u{109F}'
            | '\u{1780}'..='\u{17FF}'
            | '\u{FB1D}'..='\u{FDFF}'
            | '\u{FE70}'..='\u{FEFC}' => (1.12, 0.48),
            _ => (0.98, 0.26),
        };
        reach = (reach.0.max(above), reach.1.max(below));
    }
    reach
}
