//! How one slide gives way to the next, as numbers for both.
//!
//! Invariants:
//! - Transitions follow time, not frames: a slow machine shows fewer steps, not a longer
//!   transition.
//! - The new slide is visible from the first frame on, so that what was asked for begins within a
//!   frame; at the end it is there to the last pixel.
//! - Between them the two slides cover every pixel in every frame: nothing of what lies beneath
//!   shines through.
//! - Where either slide has its code nothing moves and nothing is mixed: the old code is whole in
//!   the first half, the new one in the second.

use std::time::{Duration, Instant};

use passerby_paint::ChangeNumbers;
use passerby_playout::messages::stage_messages::Transition;
use passerby_protocol::campaign::TransitionKind;

/// How much of the new slide is there at once.
const FIRST: f32 = 1.0 / 64.0;
/// The soft edge of a wipe, in shares of the slide's width.
const SOFT: f32 = 1.0 / 24.0;

/// A transition under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct TransitionProgress {
    kind: TransitionKind,
    length: Duration,
    started: Instant,
}

/// Where a transition stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub(super) old: ChangeNumbers,
    pub(super) new: ChangeNumbers,
    /// Whether the new slide's code is the one that is seen.
    pub(super) new_is_read: bool,
}

impl TransitionProgress {
    pub(super) fn start(transition: Transition, now: Instant) -> Self {
        let length = match transition.kind {
            TransitionKind::Cut => Duration::ZERO,
            _ => transition.length,
        };
        Self {
            kind: transition.kind,
            length,
            started: now,
        }
    }

    /// Whether only the new slide is left.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.took(now) >= self.length
    }

    /// How long it is under way.
    pub(super) fn took(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// Where it stands, for slides of a width in pixels of the output.
    pub(super) fn step(&self, now: Instant, width_px: f32) -> Step {
        let elapsed = self.took(now);
        let share = if elapsed >= self.length {
            1.0
        } else {
            elapsed.as_secs_f32() / self.length.as_secs_f32()
        };
        let progress = FIRST + (1.0 - FIRST) * ease(share);
        let (mut old, mut new) = (ChangeNumbers::REST, ChangeNumbers::REST);
        match self.kind {
            TransitionKind::Cut => {}
            // In the steps that every output has, so that nobody has to round them otherwise.
            TransitionKind::CrossFade => new.opacity = (progress * 255.0).round() / 255.0,
            TransitionKind::Slide => {
                // Whole pixels keep both pictures sharp, and leave no gap between them.
                let there_px = (width_px * progress).ceil().min(width_px);
                new.shift_px = width_px - there_px;
                old.shift_px = -there_px;
            }
            TransitionKind::Wipe => {
                new.soft_px = (width_px * SOFT).max(1.0);
                new.edge_px = (width_px + new.soft_px) * progress;
            }
        }
        Step {
            old,
            new,
            new_is_read: share >= 0.5,
        }
    }
}

/// Slow at both ends.
fn ease(share: f32) -> f32 {
    share * share * (3.0 - 2.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(kind: TransitionKind) -> Vec<Step> {
        let started = Instant::now();
        let length = Duration::from_millis(600);
        let timeline = TransitionProgress::start(Transition { kind, length }, started);
        (0..=600)
            .map(|ms| timeline.step(started + Duration::from_millis(ms), 320.0))
            .collect()
    }

    #[test]
    fn the_first_step_shows_and_the_last_is_complete() {
        for (_, kind) in TransitionKind::WORDS {
            let steps = steps(kind);
            let (first, last) = (steps[0], steps[600]);
            assert!(first.new.opacity > 0.0 && first.new.shift_px < 320.0);
            assert!(first.new.edge_px > 1.0);
            assert_eq!(last.new.opacity, 1.0, "{kind:?}");
            assert_eq!(last.new.shift_px, 0.0, "{kind:?}");
            // The edge is so far out that its soft side has left the picture.
            assert!(last.new.edge_px - last.new.soft_px >= 320.0, "{kind:?}");
            let cut = kind == TransitionKind::Cut;
            assert!(first.new_is_read == cut && last.new_is_read, "{kind:?}");
        }
    }

    #[test]
    fn steps_go_one_way_and_pushed_slides_touch() {
        for (_, kind) in TransitionKind::WORDS {
            for pair in steps(kind).windows(2) {
                assert!(pair[1].new.opacity >= pair[0].new.opacity);
                assert!(pair[1].new.shift_px <= pair[0].new.shift_px);
                assert!(pair[1].new.edge_px >= pair[0].new.edge_px);
                assert!(pair[1].new_is_read >= pair[0].new_is_read);
                if kind == TransitionKind::Slide {
                    assert_eq!(pair[0].new.shift_px - pair[0].old.shift_px, 320.0);
                }
            }
        }
    }

    #[test]
    fn a_cut_is_over_at_once_however_long_it_is_said_to_be() {
        let now = Instant::now();
        let long = Transition {
            kind: TransitionKind::Cut,
            length: Duration::from_secs(1),
        };
        assert!(TransitionProgress::start(long, now).is_over(now));
    }
}
