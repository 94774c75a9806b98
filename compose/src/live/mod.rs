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
mod kind;
mod language;
mod moment;
mod spot;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use passerby_playout::schedule::live_context::LiveContext;

use crate::live::counter::CounterReel;
use crate::settings::Settings;
use crate::slide::{Patch, Reel};

pub(crate) use crate::live::kind::LiveKind;
pub(crate) use crate::live::language::LiveLanguage;
pub(crate) use crate::live::spot::{Align, LiveSpot, Setting};

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
