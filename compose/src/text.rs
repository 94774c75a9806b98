//! Sets lines of Chinese and Latin in the bundled fonts and draws them.
//!
//! Invariants: no font of the machine is used; a set block never exceeds the box that it was fitted into; sizes come
//! from the caller's scale, and only a line that fits at none of them is set smaller.

use std::borrow::Cow;
use std::sync::Arc;

use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::{
    FontContext, FontFamily, FontFamilyName, FontWeight, Layout, LayoutContext, LineHeight,
    OverflowWrap, PositionedLayoutItem, StyleProperty, WordBreak,
};
use passerby_protocol::campaign::Rgb;
use swash::FontRef;
use swash::scale::{Render, ScaleContext, Source};
use swash::zeno::Vector;

use super::canvas::{Canvas, signed_px};

/// The bundled fonts, as other drawers of text need them.
pub(super) const BUNDLED: [&[u8]; 2] = [REGULAR, BOLD];

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf");
const BOLD: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Bold.otf");
const FAMILY: &str = "Passerby Sans";
/// Smallest text that is drawn at all.
const SIZE_PX_MIN: f32 = 4.0;

/// How many sizes a text gives up before a Chinese phrase is broken inside.
const PHRASE_STEPS: usize = 2;
/// How many sizes a text gives up so that each language has lines of its own.
const LANGUAGE_STEPS: usize = 2;

/// Line height of headlines, as a multiple of the size.
pub(super) const HEADLINE_LEADING: f32 = 1.25;
/// Line height of small print, as a multiple of the size.
pub(super) const SMALL_LEADING: f32 = 1.5;

/// One of the two weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// How a line may be set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner<'a> {
    pub(super) weight: Weight,
    pub(super) leading: f32,
    /// Sizes in pixels, best first.
    pub(super) sizes: &'a [f32],
    pub(super) lines_max: usize,
}

/// Where lines may break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaks {
    /// At spaces and punctuation, also in Chinese.
    Phrases,
    /// Between any two Chinese characters too.
    Characters,
    /// Wherever the box ends.
    Anywhere,
}

/// A text that was broken into lines.
pub(super) struct Block {
    layout: Layout<()>,
    hangs: Vec<f32>,
    top: f32,
    /// Of the type, in pixels.
    pub(super) size: f32,
    /// From the left edge of the widest line to its right.
    pub(super) width: f32,
    /// From the tops of the first line to the feet of the last.
    pub(super) height: f32,
    pub(super) lines: usize,
    /// Nothing was cut off, and no phrase or word was broken inside.
    pub(super) whole: bool,
}

/// Sets and draws text. It keeps scratch space, so one serves a composer for its whole life.
pub(super) struct Typesetter {
    fonts: FontContext,
    layouts: LayoutContext<()>,
    scaler: ScaleContext,
}

/// Returns the characters of a text that the bundled fonts cannot draw, each once, in order of appearance.
pub fn missing_glyphs(text: &str) -> Vec<char> {
    let mut missing = Vec::new();
    for character in text.chars().filter(|&character| !has_glyph(character)) {
        if !missing.contains(&character) {
            missing.push(character);
        }
    }
    missing
}

/// Tells whether nothing of a text can be drawn.
pub(super) fn is_blank(text: &str) -> bool {
    prepared(text).is_empty()
}

fn has_glyph(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || FontRef::from_index(REGULAR, 0).is_some_and(|font| font.charmap().map(character) != 0)
}

impl Typesetter {
    pub(super) fn new() -> Self {
        let mut collection = Collection::new(CollectionOptions {
            shared: false,
            system_fonts: false,
        });
        for bytes in BUNDLED {
            let info = parley::fontique::FontInfoOverride {
                family_name: Some(FAMILY),
                ..Default::default()
            };
            collection.register_fonts(Blob::new(Arc::new(bytes)), Some(info));
        }
        Self {
            fonts: FontContext {
                collection,
                source_cache: SourceCache::default(),
            },
            layouts: LayoutContext::new(),
            scaler: ScaleContext::new(),
        }
    }

    /// Sets a text in the largest of the sizes at which it fits, with lines of about equal length. It breaks between
    /// languages and phrases, and inside a Chinese phrase only where that gains much size. Where none of the sizes
    /// fits it goes smaller and may break inside words; `None` when it would become too small to see.
    pub(super) fn fit(
        &mut self,
        text: &str,
        manner: Manner<'_>,
        width: f32,
        height: f32,
    ) -> Option<Block> {
        let text = prepared(text);
        if text.is_empty() {
            return None;
        }
        let fits = |block: &Block, lines_max: usize| {
            block.width <= width && block.height <= height && block.lines <= lines_max
        };
        let by_language = split_languages(&text);
        // What fits at a larger size with a worse break, and the last size at which a better one still wins.
        let mut second: Option<(usize, Block)> = None;
        for (at, &size) in manner.sizes.iter().enumerate() {
            if second.as_ref().is_some_and(|(until, _)| at > *until) {
                break;
            }
            let block = self.set(&text, size, manner, width, Breaks::Phrases);
            if fits(&block, 1) {
                return Some(block);
            }
            let whole = fits(&block, manner.lines_max);
            let Some(split) = &by_language else {
                if whole {
                    return Some(block);
                }
                if second.is_none() {
                    let block = self.set(&text, size, manner, width, Breaks::Characters);
                    second = fits(&block, manner.lines_max).then_some((at + PHRASE_STEPS, block));
                }
                continue;
            };
            let apart = self.set(split, size, manner, width, Breaks::Phrases);
            if fits(&apart, manner.lines_max) {
                return Some(apart);
            }
            if second.is_none() && whole {
                second = Some((at + LANGUAGE_STEPS, block));
            }
        }
        if let Some((_, block)) = second {
            return Some(block);
        }
        // Two languages, neither of which fits in phrases.
        if by_language.is_some() {
            for &size in manner.sizes {
                let block = self.set(&text, size, manner, width, Breaks::Characters);
                if fits(&block, manner.lines_max) {
                    return Some(block);
                }
            }
        }
        let mut size = manner.sizes.last().copied().unwrap_or(SIZE_PX_MIN);
        while size >= SIZE_PX_MIN {
            let block = self.set(&text, size, manner, width, Breaks::Anywhere);
            if fits(&block, usize::MAX) {
                return Some(block);
            }
            size *= 0.9;
        }
        None
    }

    /// Sets a text on one line, and cuts its end off when it is too long.
    pub(super) fn fit_line(
        &mut self,
        text: &str,
        weight: Weight,
        size: f32,
        width: f32,
    ) -> Option<Block> {
        let manner = Manner {
            weight,
            leading: SMALL_LEADING,
            sizes: &[],
            lines_max: 1,
        };
        let mut kept: String = prepared(text).replace('\n', " ");
        let mut shown = kept.clone();
        while !kept.is_empty() {
            let mut block = self.set(&shown, size, manner, f32::MAX, Breaks::Phrases);
            if block.width <= width {
                block.whole = !shown.ends_with('…');
                return Some(block);
            }
            kept.pop();
            shown = format!("{}…", kept.trim_end());
        }
        None
    }

    fn set(
        &mut self,
        text: &str,
        size: f32,
        manner: Manner<'_>,
        width: f32,
        breaks: Breaks,
    ) -> Block {
        let mut builder = self
            .layouts
            .ranged_builder(&mut self.fonts, text, 1.0, false);
        let family = FontFamily::Single(FontFamilyName::Named(Cow::Borrowed(FAMILY)));
        builder.push_default(StyleProperty::FontFamily(family));
        builder.push_default(StyleProperty::FontSize(size));
        builder.push_default(StyleProperty::FontWeight(match manner.weight {
            Weight::Regular => FontWeight::NORMAL,
            Weight::Bold => FontWeight::BOLD,
        }));
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(
            manner.leading,
        )));
        builder.push_default(StyleProperty::WordBreak(match breaks {
            Breaks::Phrases => WordBreak::KeepAll,
            Breaks::Characters | Breaks::Anywhere => WordBreak::Normal,
        }));
        builder.push_default(StyleProperty::OverflowWrap(match breaks {
            Breaks::Phrases | Breaks::Characters => OverflowWrap::Normal,
            Breaks::Anywhere => OverflowWrap::Anywhere,
        }));
        let mut layout = builder.build(text);
        layout.break_all_lines((width < f32::MAX).then_some(width));
        balance(&mut layout, width);
        let mut block = Block::measure(layout, text, size);
        block.whole = breaks == Breaks::Phrases;
        block
    }

    /// Draws a block with its top left corner at (`x`, `y`), clipped to the canvas.
    pub(super) fn draw(&mut self, canvas: &mut Canvas, block: &Block, x: f32, y: f32, ink: Rgb) {
        let origin = y - block.top;
        for (line, hang) in block.layout.lines().zip(&block.hangs) {
            for item in line.items() {
                let PositionedLayoutItem::GlyphRun(run) = item else {
                    continue;
                };
                let font = run.run().font();
                let Some(face) = FontRef::from_index(font.data.as_ref(), font.index as usize)
                else {
                    continue;
                };
                let mut scaler = self
                    .scaler
                    .builder(face)
                    .size(run.run().font_size())
                    .hint(false)
                    .build();
                for glyph in run.positioned_glyphs() {
                    let (left, baseline) = (x + glyph.x - hang, origin + glyph.y);
                    let Ok(id) = u16::try_from(glyph.id) else {
                        continue;
                    };
                    // Quarter pixels sideways; baselines stand on whole pixels, which keeps strokes crisp.
                    let whole = left.floor();
                    let part = ((left - whole) * 4.0).floor() / 4.0;
                    let Some(image) = Render::new(&[Source::Outline])
                        .offset(Vector::new(part, 0.0))
                        .render(&mut scaler, id)
                    else {
                        continue;
                    };
                    canvas.blend(
                        signed_px(whole).saturating_add(image.placement.left),
                        signed_px(baseline).saturating_sub(image.placement.top),
                        image.placement.width,
                        &image.data,
                        ink,
                    );
                }
            }
        }
    }
}

impl Block {
    fn measure(layout: Layout<()>, text: &str, size: f32) -> Self {
        let lines = layout.len();
        // Opening marks fill the right half of their square; hanging them out aligns the ink.
        let hangs: Vec<f32> = layout
            .lines()
            .map(|line| {
                let first = text
                    .get(line.text_range())
                    .and_then(|line| line.chars().next());
                if first.is_some_and(|first| "《「『“‘（【〈〔".contains(first)) {
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
            lines,
            whole: true,
            layout,
        }
    }
}

/// How far a text reaches above and below its baselines, as a share of its size.
fn reach(text: &str) -> (f32, f32) {
    let mut reach = (0.74_f32, 0.02_f32);
    for character in text.chars() {
        let (above, below) = match character {
            'A'..='Z' | '0'..='9' | ' ' | '.' | ':' => (0.75, 0.02),
            'a'..='z' | '!'..='~' => (0.80, 0.23),
            '\u{2E80}'..='\u{9FFF}' | '\u{FF00}'..='\u{FFEF}' => (0.88, 0.13),
            _ => (0.98, 0.26),
        };
        reach = (reach.0.max(above), reach.1.max(below));
    }
    reach
}

/// Searches the narrowest width that needs no more lines, which makes them about equally long: no widows.
fn balance(layout: &mut Layout<()>, width: f32) {
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

/// Trims a text, joins what must stay on one line, and leaves out what the fonts lack.
fn prepared(text: &str) -> String {
    let mut kept: String = text
        .trim()
        .chars()
        .filter(|&character| character == '\n' || (!character.is_control() && has_glyph(character)))
        .collect();
    // A line neither starts with a middle dot nor ends inside a hyphenated word.
    for dot in [" ·", " •", " —", " –"] {
        let joined: String = dot.replace(' ', "\u{a0}");
        kept = kept.replace(dot, &joined);
    }
    kept.replace('-', "\u{2011}")
}

/// Puts a text in two languages on lines of their own, when there is one place where they change.
fn split_languages(text: &str) -> Option<String> {
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Chinese,
    Western,
}

fn language(character: char) -> Option<Language> {
    match character {
        '\u{2E80}'..='\u{2FDF}' | '\u{3040}'..='\u{9FFF}' => Some(Language::Chinese),
        _ if character.is_alphabetic() => Some(Language::Western),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [f32; 4] = [96.0, 64.0, 40.0, 24.0];

    fn manner() -> Manner<'static> {
        Manner {
            weight: Weight::Bold,
            leading: HEADLINE_LEADING,
            sizes: &SIZES,
            lines_max: 4,
        }
    }

    #[test]
    fn missing_glyphs_finds_rare_hanzi_and_emoji_and_nothing_else() {
        assert_eq!(missing_glyphs("读𠀀书🎉，Ünïcode «ok» 🎉"), ['𠀀', '🎉']);
        assert!(missing_glyphs("路过地铁站，看到想读的书。Scan to buy! ¥99 №5 →").is_empty());
    }

    #[test]
    fn ink_never_leaves_the_box_that_a_text_was_fitted_into() {
        let mut typesetter = Typesetter::new();
        let texts = [
            "路过地铁站，看到想读的书。",
            "三体 · The Three-Body Problem",
            "《百年孤独》“限时”开售，今天到店领取（限量一百册）！",
            "Ångström Çédille jpqy — Größenverhältnis",
            "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十",
            "Donaudampfschifffahrtsgesellschaftskapitän",
        ];
        for text in texts {
            for (width, height) in [
                (690_u32, 600_u32),
                (300, 300),
                (160, 90),
                (900, 120),
                (90, 500),
            ] {
                let (wide, high) = (width as f32, height as f32);
                let block = typesetter
                    .fit(text, manner(), wide, high)
                    .unwrap_or_else(|| panic!("{text} fits {width}×{height}"));
                assert!(block.width <= wide && block.height <= high);
                let mut canvas = Canvas::filled(width + 80, height + 80, Rgb([255; 3]));
                typesetter.draw(&mut canvas, &block, 40.0, 40.0, Rgb([0; 3]));
                let mut inked = 0;
                for y in 0..canvas.height {
                    for x in 0..canvas.width {
                        if canvas.pixel(x, y) != [255; 3] {
                            inked += 1;
                            // A j may lean out of its line a little.
                            let lean = 2 + crate::canvas::px(block.size * 0.06);
                            let inside = (40 - lean..width + 40 + lean).contains(&x)
                                && (38..height + 42).contains(&y);
                            assert!(
                                inside,
                                "{text} at {} px: ink at {x},{y} of {width}×{height}",
                                block.size
                            );
                        }
                    }
                }
                assert!(inked > 100, "{text} is drawn");
            }
        }
    }

    #[test]
    fn no_line_starts_with_chinese_punctuation_and_none_is_a_widow() {
        let mut typesetter = Typesetter::new();
        for text in [
            "路过地铁站，看到想读的书。",
            "今天，明天，后天，都是好日子！",
            "Read it before you see the film",
        ] {
            for width in [150, 200, 260, 333, 420, 500, 640] {
                let text = prepared(text);
                let block = typesetter.set(&text, 40.0, manner(), width as f32, Breaks::Characters);
                let lines: Vec<&str> = block
                    .layout
                    .lines()
                    .filter_map(|line| text.get(line.text_range()))
                    .collect();
                for line in &lines {
                    let first = line.chars().next().unwrap_or(' ');
                    assert!(!"，。！？、；：》」』”’）】".contains(first), "{lines:?}");
                }
                if lines.len() > 1 {
                    let last = lines.last().map_or(0, |line| line.trim().chars().count());
                    assert!(last >= 2, "{lines:?}");
                }
            }
        }
    }

    #[test]
    fn languages_and_phrases_stay_whole() {
        let mut typesetter = Typesetter::new();
        let mut lines = |text: &str, width: f32| -> Vec<String> {
            let text = prepared(text);
            let split = split_languages(&text);
            let block = typesetter.fit(&text, manner(), width, 900.0).expect("fits");
            let shown = if block
                .layout
                .lines()
                .any(|line| line.text_range().end > text.len())
                || block.lines > 1
            {
                split.unwrap_or(text)
            } else {
                text
            };
            block
                .layout
                .lines()
                .filter_map(|line| {
                    shown
                        .get(line.text_range())
                        .map(|line| line.trim().to_owned())
                })
                .collect()
        };
        assert_eq!(
            lines("清晨第一杯，从街角开始", 690.0),
            ["清晨第一杯，", "从街角开始"]
        );
        assert_eq!(
            lines("扫码购书 Scan to buy", 560.0),
            ["扫码购书", "Scan to buy"]
        );
        assert_eq!(
            split_languages("三体\u{a0}· The Three Body Problem").as_deref(),
            Some("三体\nThe Three Body Problem")
        );
        assert_eq!(split_languages("用 Passerby 扫码"), None);
    }

    #[test]
    fn a_long_host_ends_in_an_ellipsis() {
        let mut typesetter = Typesetter::new();
        let host = "a-very-long-name-of-a-shop.example";
        let block = typesetter
            .fit_line(host, Weight::Regular, 20.0, 120.0)
            .expect("some of it");
        assert!(block.width <= 120.0 && block.lines == 1);
        assert!(
            typesetter
                .fit_line(host, Weight::Regular, 20.0, 3.0)
                .is_none()
        );
    }
}
