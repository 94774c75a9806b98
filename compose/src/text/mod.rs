//! Sets lines of text and draws them.
//!
//! Invariants: no font of the machine is used; a set block never exceeds the box that it was fitted
//! into; sizes come from the caller's scale, and only [`Typesetter::fit`] sets a line that fits at
//! none of them smaller.

mod block;
mod breaks;
pub(crate) mod fonts;
mod glyphs;
#[cfg(test)]
mod tests;

use parley::fontique::SourceCache;
use parley::{
    FontContext, FontFamily, FontWeight, LayoutContext, LineHeight, OverflowWrap,
    PositionedLayoutItem, StyleProperty, WordBreak,
};
use passerby_protocol::campaign::Rgb;
use swash::FontRef;
use swash::scale::{Render, ScaleContext, Source};
use swash::zeno::{Transform, Vector};

use crate::raster::canvas::{Canvas, signed_px};
use crate::text::breaks::{Breaks, balance, prepared, split_languages};
use crate::text::fonts::Fonts;

pub(super) use crate::text::block::Block;
pub(super) use crate::text::glyphs::Glyphs;

/// Smallest text that is drawn at all.
const SIZE_PX_MIN: f32 = 4.0;

/// How many sizes a text gives up before a Chinese phrase is broken inside.
const PHRASE_STEPS: usize = 2;
/// How many sizes a text gives up so that each language has lines of its own.
const LANGUAGE_STEPS: usize = 2;

/// Line height of headlines, as a multiple of the size.
pub(super) const HEADLINE_LEADING: f32 = 1.25;
/// Line height of body text and small print, as a multiple of the size.
pub(super) const SMALL_LEADING: f32 = 1.5;

/// One of the two weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// How a line may be set.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineStyle<'a> {
    pub(super) weight: Weight,
    pub(super) leading: f32,
    /// Sizes in pixels, best first.
    pub(super) sizes: &'a [f32],
    pub(super) lines_max: usize,
}

/// Sets and draws text. It keeps scratch space, so one serves a composer for its whole life.
pub(super) struct Typesetter {
    fonts: Fonts,
    context: FontContext,
    layouts: LayoutContext<()>,
    scaler: ScaleContext,
}

impl Typesetter {
    /// Sets text in the bundled fonts alone.
    #[cfg(test)]
    pub(super) fn new() -> Self {
        Self::with_fonts(Fonts::default())
    }

    pub(super) fn with_fonts(fonts: Fonts) -> Self {
        Self {
            context: FontContext {
                collection: fonts.collection(),
                source_cache: SourceCache::default(),
            },
            fonts,
            layouts: LayoutContext::new(),
            scaler: ScaleContext::new(),
        }
    }

    pub(super) fn fonts(&self) -> &Fonts {
        &self.fonts
    }

    /// Tells whether nothing of a text can be drawn.
    pub(super) fn is_blank(&self, text: &str) -> bool {
        prepared(&self.fonts, text).is_empty()
    }

    /// Sets a text in the largest of the sizes at which it fits, with lines of about equal length.
    /// It breaks between languages and phrases, and inside a Chinese phrase only where that gains
    /// much size. Where none of the sizes fits it goes smaller and may break inside words; `None`
    /// when it would become too small to see.
    pub(super) fn fit(
        &mut self,
        text: &str,
        style: LineStyle<'_>,
        width: f32,
        height: f32,
    ) -> Option<Block> {
        if let Some(block) = self.fit_scale(text, style, width, height) {
            return Some(block);
        }
        let text = prepared(&self.fonts, text);
        if text.is_empty() {
            return None;
        }
        let mut size = style.sizes.last().copied().unwrap_or(SIZE_PX_MIN);
        while size >= SIZE_PX_MIN {
            let block = self.set(&text, size, style, width, Breaks::Anywhere);
            if block.width <= width && block.height <= height {
                return Some(block);
            }
            size *= 0.9;
        }
        None
    }

    /// The same at the sizes of the scale only, and never broken inside a Western word.
    pub(super) fn fit_scale(
        &mut self,
        text: &str,
        style: LineStyle<'_>,
        width: f32,
        height: f32,
    ) -> Option<Block> {
        let text = prepared(&self.fonts, text);
        if text.is_empty() {
            return None;
        }
        let fits = |block: &Block| {
            block.width <= width && block.height <= height && block.lines <= style.lines_max
        };
        let by_language = split_languages(&text);
        // What fits at a larger size with a worse break, and the last size at which a better one
        // still wins.
        let mut second: Option<(usize, Block)> = None;
        for (at, &size) in style.sizes.iter().enumerate() {
            if second.as_ref().is_some_and(|(until, _)| at > *until) {
                break;
            }
            let block = self.set(&text, size, style, width, Breaks::Phrases);
            let whole = fits(&block);
            if whole && block.lines == 1 {
                return Some(block);
            }
            let Some(split) = &by_language else {
                if whole {
                    return Some(block);
                }
                if second.is_none() {
                    let block = self.set(&text, size, style, width, Breaks::Characters);
                    second = fits(&block).then_some((at + PHRASE_STEPS, block));
                }
                continue;
            };
            let apart = self.set(split, size, style, width, Breaks::Phrases);
            if fits(&apart) {
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
        by_language?;
        for &size in style.sizes {
            let block = self.set(&text, size, style, width, Breaks::Characters);
            if fits(&block) {
                return Some(block);
            }
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
        let style = LineStyle {
            weight,
            leading: SMALL_LEADING,
            sizes: &[],
            lines_max: 1,
        };
        let mut kept: String = prepared(&self.fonts, text).replace('\n', " ");
        let mut shown = kept.clone();
        let mut is_cut = false;
        while !kept.is_empty() {
            let mut block = self.set(&shown, size, style, f32::MAX, Breaks::Phrases);
            if block.width <= width {
                (block.whole, block.is_cut) = (!is_cut, is_cut);
                return Some(block);
            }
            kept.pop();
            is_cut = true;
            shown = format!("{}…", kept.trim_end());
        }
        None
    }

    /// Sets as much of a text as fits at the smallest of the sizes, and ends it with an ellipsis.
    pub(super) fn fit_start(
        &mut self,
        text: &str,
        style: LineStyle<'_>,
        width: f32,
        height: f32,
    ) -> Option<Block> {
        let kept: Vec<char> = prepared(&self.fonts, text).chars().collect();
        let size = style.sizes.last().copied()?;
        let mut set = |count: usize| {
            let start: String = kept[..count].iter().collect();
            let shown = format!("{}…", start.trim_end());
            let block = self.set(&shown, size, style, width, Breaks::Anywhere);
            let fits = block.width <= width && block.height <= height;
            (fits && block.lines <= style.lines_max).then_some(block)
        };
        let (mut good, mut bad) = (0, kept.len());
        let mut best = None;
        while bad - good > 1 {
            let middle = usize::midpoint(good, bad);
            match set(middle) {
                Some(block) => (good, best) = (middle, Some(block)),
                None => bad = middle,
            }
        }
        best.map(|mut block| {
            (block.whole, block.is_cut) = (false, true);
            block
        })
    }

    fn set(
        &mut self,
        text: &str,
        size: f32,
        style: LineStyle<'_>,
        width: f32,
        breaks: Breaks,
    ) -> Block {
        let families = self.fonts.families(text);
        let mut builder = self
            .layouts
            .ranged_builder(&mut self.context, text, 1.0, false);
        let family = FontFamily::List(families.into());
        builder.push_default(StyleProperty::FontFamily(family));
        builder.push_default(StyleProperty::FontSize(size));
        builder.push_default(StyleProperty::FontWeight(match style.weight {
            Weight::Regular => FontWeight::NORMAL,
            Weight::Bold => FontWeight::BOLD,
        }));
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(
            style.leading,
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
            let line_x = if block.rtl {
                x + block.width - line.metrics().advance
            } else {
                x - hang
            };
            for item in line.items() {
                let PositionedLayoutItem::GlyphRun(run) = item else {
                    continue;
                };
                let font = run.run().font();
                let Some(face) = FontRef::from_index(font.data.as_ref(), font.index as usize)
                else {
                    continue;
                };
                let size = run.run().font_size();
                let mut scaler = self
                    .scaler
                    .builder(face)
                    .size(size)
                    .hint(false)
                    .normalized_coords(run.run().normalized_coords())
                    .build();
                let synthesis = run.run().synthesis();
                let mut render = Render::new(&[Source::Outline]);
                // A font of the operator's may lack the bold; thickening it keeps the headline a
                // headline.
                if synthesis.embolden() {
                    render.embolden(size * 0.02);
                }
                if let Some(degrees) = synthesis.skew() {
                    let lean = degrees.to_radians().tan();
                    render.transform(Some(Transform::new(1.0, 0.0, lean, 1.0, 0.0, 0.0)));
                }
                for glyph in run.positioned_glyphs() {
                    let (left, baseline) = (line_x + glyph.x, origin + glyph.y);
                    let Ok(id) = u16::try_from(glyph.id) else {
                        continue;
                    };
                    // Quarter pixels sideways; baselines stand on whole pixels, which keeps strokes
                    // crisp.
                    let whole = left.floor();
                    let part = ((left - whole) * 4.0).floor() / 4.0;
                    let Some(image) = render
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
