//! Live elements: the parts of a slide that are redrawn while it is on the screen.
//!
//! Each is a [`LiveElement`] on the finished canvas. When its slide is drawn it becomes a
//! [`FrameSource`] that stamps glyphs over the canvas's own pixels, turns them for the output, and
//! hands them over as a patch of the still layer.
//!
//! Invariants:
//! - A patch is made only when what is shown changes, and covers exactly the element's area.
//! - The time comes from [`Settings::clock`] alone. Without a trusted clock a clock and a date show
//!   nothing, and a countdown shows a dash; never a wrong time.
//! - Digits stand in cells of equal width, so nothing jumps.
//! - The first call of [`FrameSource::advance`] brings everything that is known, however long ago
//!   the slide was composed.

mod counter;
mod element;
mod kind;
mod language;
mod moment;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use passerby_playout::schedule::live_context::LiveContext;

use crate::live::counter::CounterFrameSource;
use crate::settings::Settings;
use crate::slide::{FrameSource, Patch};

pub(crate) use crate::live::element::{Align, LiveElement, Setting};
pub(crate) use crate::live::kind::LiveKind;
pub(crate) use crate::live::language::LiveLanguage;

impl LiveElement {
    /// Starts what feeds it. Costs the drawing of a few glyphs.
    pub(crate) fn frame_source(&self, settings: &Settings) -> Box<dyn FrameSource> {
        match self.kind() {
            LiveKind::Counter { name, unit } => Box::new(CounterFrameSource::new(
                self.style(),
                Arc::<LiveContext>::clone(&settings.context),
                name.clone(),
                unit.clone(),
            )),
            LiveKind::Clock | LiveKind::Date(_) | LiveKind::Countdown { .. } => {
                self.moment_frame_source(settings)
            }
        }
    }
}

/// Several frame sources on one slide.
pub(crate) struct FrameSources(Vec<Box<dyn FrameSource>>);

impl FrameSources {
    /// Joins some frame sources into one; none when there are none.
    pub(crate) fn joined(
        mut frame_sources: Vec<Box<dyn FrameSource>>,
    ) -> Option<Box<dyn FrameSource>> {
        match frame_sources.len() {
            0 => None,
            1 => frame_sources.pop(),
            _ => Some(Box::new(Self(frame_sources))),
        }
    }
}

impl FrameSource for FrameSources {
    fn begin(&mut self) {
        for frame_source in &mut self.0 {
            frame_source.begin();
        }
    }

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        self.0
            .iter_mut()
            .filter_map(|frame_source| frame_source.advance(at, due))
            .min()
    }

    fn take_back(&mut self, patch: Patch) -> Option<Patch> {
        self.0
            .iter_mut()
            .try_fold(patch, |patch, frame_source| frame_source.take_back(patch))
    }
}
