//! Single glyphs, drawn once and stamped often: the digits of clocks and counters.
//!
//! Invariants: every digit has the same advance, so nothing jumps; a glyph that was asked for once
//! is never drawn again; at most [`GLYPHS_MAX`] are kept.

use std::collections::HashMap;

use passerby_protocol::campaign::Rgb;
use swash::scale::{Render, ScaleContext, Source};

use crate::raster::canvas::{Canvas, signed_px};
use crate::text::Weight;
use crate::text::fonts::Fonts;

/// Most glyphs that one set keeps; one more starts it anew.
const GLYPHS_MAX: usize = 256;

/// The glyphs of one weight and size.
pub(crate) struct Glyphs {
    fonts: Fonts,
    scaler: ScaleContext,
    bold: bool,
    size: f32,
    digit: f32,
    drawn: HashMap<char, Glyph>,
}

/// One glyph, ready to be stamped.
#[derive(Clone, Default)]
pub(crate) struct Glyph {
    /// From its origin to that of the next.
    pub(crate) advance: f32,
    left: i32,
    /// From the baseline up to its first row.
    top: i32,
    width: u32,
    coverage: Vec<u8>,
}

impl Glyphs {
    /// Draws the digits at once; other glyphs when they are first asked for.
    pub(crate) fn new(fonts: &Fonts, weight: Weight, size: f32) -> Self {
        let mut glyphs = Self {
            fonts: fonts.clone(),
            scaler: ScaleContext::with_max_entries(2),
            bold: weight == Weight::Bold,
            size,
            digit: 0.0,
            drawn: HashMap::new(),
        };
        let digits: Vec<(char, Glyph)> = ('0'..='9')
            .map(|digit| (digit, glyphs.render(digit)))
            .collect();
        let widest = digits.iter().map(|(_, g)| g.advance).fold(0.0, f32::max);
        glyphs.digit = widest;
        for (digit, mut glyph) in digits {
            // A narrow digit stands in the middle of its cell.
            glyph.left += signed_px((widest - glyph.advance) / 2.0);
            glyph.advance = widest;
            glyphs.drawn.insert(digit, glyph);
        }
        glyphs
    }

    /// The same weight at another size.
    pub(crate) fn resized(&self, size: f32) -> Self {
        let weight = if self.bold {
            Weight::Bold
        } else {
            Weight::Regular
        };
        Self::new(&self.fonts, weight, size)
    }

    /// The advance of every digit, in pixels.
    pub(crate) fn digit_advance(&self) -> f32 {
        self.digit
    }

    /// Returns a glyph, drawing it if need be. What no font has is empty.
    pub(crate) fn get(&mut self, character: char) -> &Glyph {
        if !self.drawn.contains_key(&character) {
            let glyph = self.render(character);
            if self.drawn.len() >= GLYPHS_MAX {
                self.drawn.retain(|kept, _| kept.is_ascii_digit());
            }
            self.drawn.insert(character, glyph);
        }
        &self.drawn[&character]
    }

    /// From the beginning of a text to its end, in pixels.
    pub(crate) fn width(&mut self, text: &str) -> f32 {
        text.chars().map(|c| self.get(c).advance).sum()
    }

    /// Draws a text with the origin of its first glyph at `x` on a baseline.
    pub(crate) fn draw(
        &mut self,
        canvas: &mut Canvas,
        text: &str,
        x: f32,
        baseline: f32,
        ink: Rgb,
    ) {
        let mut at = x;
        for character in text.chars() {
            let glyph = self.get(character);
            glyph.stamp(canvas, at, baseline, ink);
            at += glyph.advance;
        }
    }

    fn render(&mut self, character: char) -> Glyph {
        let Some((font, id)) = self.fonts.face_of(character, self.bold) else {
            return Glyph::default();
        };
        let advance = font.glyph_metrics(&[]).scale(self.size).advance_width(id);
        let mut scaler = self.scaler.builder(font).size(self.size).build();
        let image = Render::new(&[Source::Outline]).render(&mut scaler, id);
        let mut glyph = Glyph {
            advance,
            ..Glyph::default()
        };
        if let Some(image) = image {
            glyph.left = image.placement.left;
            glyph.top = image.placement.top;
            glyph.width = image.placement.width;
            glyph.coverage = image.data;
        }
        glyph
    }
}

impl Glyph {
    /// Lays the glyph over a canvas with its origin at (`x`, `baseline`).
    pub(crate) fn stamp(&self, canvas: &mut Canvas, x: f32, baseline: f32, ink: Rgb) {
        canvas.blend(
            signed_px(x).saturating_add(self.left),
            signed_px(baseline).saturating_sub(self.top),
            self.width,
            &self.coverage,
            ink,
        );
    }
}
