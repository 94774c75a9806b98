//! Live elements: the parts of a slide that are redrawn while it is on the screen.
//!
//! Each is a [`LiveSpot`] on the finished canvas. When its slide is drawn it becomes a [`Reel`]
//! that stamps glyphs over the canvas's own pixels, turns them for the output, and hands them over
//! as a patch of the still layer.
//!
//! Invariants:
//! - A patch is made only when what is shown changes, and covers exactly the spot's area.
//! - The time comes from [`Settings::clock`] alone. Without a trusted clock a clock and a date show
//!   nothing, and a countdown shows a dash; never a wrong time.
//! - Digits stand in cells of equal width, so nothing jumps.
//! - The first call of [`Reel::advance`] brings everything that is known, however long ago the
//!   slide was composed.

mod counter;
mod moment;
mod spot;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use passerby_playout::schedule::live_context::LiveContext;

use crate::live::counter::CounterReel;
use crate::settings::Settings;
use crate::slide::{Patch, Reel};
use crate::text::Glyphs;

pub(crate) use crate::live::spot::{Align, LiveSpot, Setting};

/// How long a spot that shows nothing, or waits for long, sleeps before it looks at the clock
/// again: clocks are set.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How often a counter looks at its reading.
pub(crate) const READING_EVERY: Duration = Duration::from_secs(1);

impl LiveSpot {
    /// Starts what feeds it. Costs the drawing of a few glyphs.
    pub(crate) fn reel(&self, settings: &Settings) -> Box<dyn Reel> {
        match self.kind() {
            LiveKind::Counter { name, unit } => Box::new(CounterReel::new(
                self.style(),
                Arc::<LiveContext>::clone(&settings.context),
                name.clone(),
                unit.clone(),
            )),
            LiveKind::Clock | LiveKind::Date(_) | LiveKind::Countdown { .. } => {
                self.moment_reel(settings)
            }
        }
    }
}

/// The language of a date and of the units of a countdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiveLanguage {
    Chinese,
    English,
}

impl LiveLanguage {
    /// The language that a card speaks first.
    pub(crate) fn of(text: &str) -> Self {
        let chinese = |c: char| ('\u{3400}'..='\u{9FFF}').contains(&c);
        if text.chars().any(chinese) {
            Self::Chinese
        } else {
            Self::English
        }
    }
}

/// What a live element shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LiveKind {
    /// Hours and minutes.
    Clock,
    /// Day, month and weekday.
    Date(LiveLanguage),
    /// What is left until a moment of the venue's.
    Countdown {
        to: DateTime,
        done: Option<String>,
        language: LiveLanguage,
    },
    /// A reading of the live context.
    Counter { name: String, unit: Option<String> },
}

/// Digits that a counter has room for.
const COUNTER_DIGITS: usize = 4;

impl LiveKind {
    /// How far it reaches above and below its baseline, as a share of its size.
    pub(crate) fn reach(&self) -> (f32, f32) {
        match self {
            Self::Clock => (0.76, 0.03),
            Self::Counter { unit: None, .. } => (0.76, 0.04),
            Self::Date(LiveLanguage::English) => (0.80, 0.23),
            Self::Date(LiveLanguage::Chinese) | Self::Countdown { .. } | Self::Counter { .. } => {
                (0.88, 0.14)
            }
        }
    }

    /// The widest that it can become, in pixels. A longer reading is cut off at the room that it
    /// got.
    pub(crate) fn width(&self, glyphs: &mut Glyphs) -> f32 {
        let widest = |texts: &[String], glyphs: &mut Glyphs| {
            texts
                .iter()
                .map(|text| glyphs.width(text))
                .fold(0.0, f32::max)
        };
        match self {
            Self::Clock => glyphs.width("00:00"),
            Self::Date(language) => widest(&moment::widest_dates(*language), glyphs),
            Self::Countdown { language, .. } => {
                widest(&moment::widest_countdowns(*language), glyphs)
            }
            Self::Counter { unit, .. } => {
                let unit = unit.as_ref().map_or(0.0, |unit| {
                    glyphs.width(" ") + glyphs.width(unit) * counter::UNIT_SHARE
                });
                glyphs.digit_advance() * COUNTER_DIGITS as f32 + unit
            }
        }
    }
}

/// Several reels on one slide.
pub(crate) struct Reels(Vec<Box<dyn Reel>>);

impl Reels {
    /// Joins some reels into one; none when there are none.
    pub(crate) fn joined(mut reels: Vec<Box<dyn Reel>>) -> Option<Box<dyn Reel>> {
        match reels.len() {
            0 => None,
            1 => reels.pop(),
            _ => Some(Box::new(Self(reels))),
        }
    }
}

impl Reel for Reels {
    fn begin(&mut self) {
        for reel in &mut self.0 {
            reel.begin();
        }
    }

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        self.0
            .iter_mut()
            .filter_map(|reel| reel.advance(at, due))
            .min()
    }
}
