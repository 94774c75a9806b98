//! What a live element shows, and the room that it needs.

use jiff::civil::DateTime;

use crate::live::language::LiveLanguage;
use crate::live::moment;
use crate::text::Glyphs;

/// The size of a unit, as a share of the number's.
pub(super) const UNIT_SHARE: f32 = 0.5;

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
                    glyphs.width(" ") + glyphs.width(unit) * UNIT_SHARE
                });
                glyphs.digit_advance() * COUNTER_DIGITS as f32 + unit
            }
        }
    }
}
