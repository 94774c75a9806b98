//! The frame source of a counter: digits that roll to the next number and rest.
//!
//! Invariant: a roll takes at most [`ROLL`]; between rolls nothing is drawn.

use std::sync::Arc;
use std::time::Duration;

use passerby_playout::schedule::live_context::{LiveContext, Reading};

use crate::live::element::{ElementStyle, UNKNOWN};
use crate::live::kind::UNIT_SHARE;
use crate::raster::canvas::{Canvas, real};
use crate::slide::{FrameSource, Patch};
use crate::text::Glyphs;

/// How often a counter looks at its reading.
const READING_EVERY: Duration = Duration::from_secs(1);
/// How long digits roll.
const ROLL: Duration = Duration::from_millis(600);
/// From one picture of a roll to the next.
const FRAME: Duration = Duration::from_millis(33);
/// Most characters of a reading that are shown; the last of a longer one is an ellipsis.
const CHARS_MAX: usize = 16;

/// Feeds one counter.
pub(super) struct CounterFrameSource {
    style: ElementStyle,
    small: Option<(Glyphs, String)>,
    context: Arc<LiveContext>,
    name: String,
    shown: Option<Shown>,
    roll: Option<Roll>,
    look_at: Duration,
}

#[derive(Debug, Clone, PartialEq)]
struct Shown {
    text: String,
    number: Option<f64>,
}

struct Roll {
    from: Shown,
    began: Duration,
}

impl CounterFrameSource {
    pub(super) fn new(
        style: ElementStyle,
        context: Arc<LiveContext>,
        name: String,
        unit: Option<String>,
    ) -> Self {
        let setting = style.element.setting;
        let small = unit.map(|unit| {
            let size = setting.size * UNIT_SHARE;
            let mut glyphs = style.glyphs.resized(size);
            glyphs.width(&unit);
            (glyphs, unit)
        });
        Self {
            style,
            small,
            context,
            name,
            shown: None,
            roll: None,
            look_at: Duration::ZERO,
        }
    }

    fn reading(&self) -> Shown {
        match self.context.get(&self.name) {
            Some(Reading::Number(number)) => Shown {
                text: written(number),
                number: Some(number),
            },
            Some(Reading::Text(text)) => Shown {
                text: shortened(&text),
                number: None,
            },
            None => Shown {
                text: UNKNOWN.to_owned(),
                number: None,
            },
        }
    }

    /// Draws the way from one number to the next; `share` runs from 0 to 1.
    fn draw(&mut self, from: Option<&Shown>, to: &Shown, share: f32) -> Canvas {
        let unit_width = match &mut self.small {
            Some((glyphs, unit)) => glyphs.width(unit) + self.style.glyphs.get(' ').advance,
            None => 0.0,
        };
        let width = self.style.glyphs.width(&to.text) + unit_width;
        if width > self.style.element.width() {
            // Smaller, and with its unit.
            let unit = self.small.as_ref().map(|(_, unit)| format!(" {unit}"));
            let whole = format!("{}{}", to.text, unit.unwrap_or_default());
            return self.style.draw(&whole);
        }
        let mut canvas = self.style.element.ground();
        let setting = self.style.element.setting;
        let start = self.style.element.start(width);
        let rising = match (from.and_then(|from| from.number), to.number) {
            (Some(from), Some(to)) => to >= from,
            _ => true,
        };
        let way = real(self.style.element.area.height) * if rising { -1.0 } else { 1.0 };
        // Cells are counted from the right, where ones stand under ones.
        let old: Vec<char> = from.map_or(Vec::new(), |from| from.text.chars().rev().collect());
        let mut x = start + self.style.glyphs.width(&to.text);
        for (at, character) in to.text.chars().rev().enumerate() {
            let glyph = self.style.glyphs.get(character);
            x -= glyph.advance;
            let before = old.get(at).copied();
            if before == Some(character) || from.is_none() {
                glyph.stamp(&mut canvas, x, setting.baseline, setting.ink);
                continue;
            }
            let arrives = setting.baseline - way * (1.0 - share);
            glyph.stamp(&mut canvas, x, arrives, setting.ink);
            if let Some(before) = before {
                let leaves = setting.baseline + way * share;
                let glyph = self.style.glyphs.get(before);
                glyph.stamp(&mut canvas, x, leaves, setting.ink);
            }
        }
        if let Some((glyphs, unit)) = &mut self.small {
            let x = start + width - glyphs.width(unit);
            glyphs.draw(&mut canvas, unit, x, setting.baseline, setting.ink);
        }
        canvas
    }
}

impl FrameSource for CounterFrameSource {
    fn begin(&mut self) {
        self.shown = None;
        self.roll = None;
        self.look_at = Duration::ZERO;
    }

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        if at >= self.look_at && self.roll.is_none() {
            self.look_at = at + READING_EVERY;
            let now = self.reading();
            if self.shown.as_ref() != Some(&now) && now.text.ends_with('…') {
                tracing::warn!(
                    counter = self.name,
                    "the reading is longer than {CHARS_MAX} characters and is cut off; send a shorter one"
                );
            }
            match self.shown.replace(now.clone()) {
                None => {
                    let canvas = self.draw(None, &now, 1.0);
                    due.push(self.style.element.patch(canvas));
                }
                Some(before) if before != now => {
                    self.roll = Some(Roll {
                        from: before,
                        began: at,
                    });
                }
                Some(_) => {}
            }
        }
        let (Some(roll), Some(to)) = (self.roll.take(), self.shown.clone()) else {
            return Some(self.look_at);
        };
        let passed = at.saturating_sub(roll.began).as_secs_f32() / ROLL.as_secs_f32();
        let canvas = self.draw(Some(&roll.from), &to, eased(passed));
        due.push(self.style.element.patch(canvas));
        if passed >= 1.0 {
            return Some(self.look_at.max(at));
        }
        let end = roll.began + ROLL;
        self.roll = Some(roll);
        Some((at + FRAME).min(end))
    }
}

/// Writes a number the way a shop would: whole where it is whole, else with one decimal.
fn written(number: f64) -> String {
    let tenths = (number * 10.0).round() / 10.0;
    let text = if tenths.fract() == 0.0 {
        format!("{tenths:.0}")
    } else {
        format!("{tenths:.1}")
    };
    // Not a hyphen, and no minus before nothing.
    match text.strip_prefix('-') {
        Some("0") => "0".to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// Cuts a text that is too long, and shows that.
fn shortened(text: &str) -> String {
    if text.chars().nth(CHARS_MAX).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(CHARS_MAX - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Slow at both ends.
fn eased(share: f32) -> f32 {
    let share = share.clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_that_is_too_long_shows_that_it_is_cut_off() {
        assert_eq!(shortened("B17"), "B17");
        assert_eq!(shortened("1234567890123456"), "1234567890123456");
        assert_eq!(shortened("12345678901234567"), "123456789012345…");
        assert_eq!(
            shortened("十二点以后请到二号窗口继续办理业务"),
            "十二点以后请到二号窗口继续办理…"
        );
    }

    #[test]
    fn numbers_are_written_the_way_a_shop_would() {
        for (number, text) in [
            (0.0, "0"),
            (-0.01, "0"),
            (12.0, "12"),
            (21.46, "21.5"),
            (-3.0, "−3"),
            (1_000_000.04, "1000000"),
        ] {
            assert_eq!(written(number), text);
        }
    }
}
