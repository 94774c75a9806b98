//! Whether this machine shows transitions well, and cuts where it does not.
//!
//! Invariants:
//! - A transition that stutters once says little, such as that the next slide was being composed
//!   meanwhile; after [`SLOW_MAX`] in a row the next [`CUTS`] are cuts.
//! - Then one is tried again. When it is slow as well, it is cuts again.

use std::time::Duration;

use bevy::prelude::*;
use passerby_playout::messages::stage_messages::Transition;
use passerby_protocol::campaign::TransitionKind;

/// Time that one frame of a transition may take on average.
const FRAME_MAX: Duration = Duration::from_millis(100);
/// Shorter transitions have too few frames to tell.
const LENGTH_MIN: Duration = Duration::from_millis(300);
/// How many slow transitions in a row are enough.
const SLOW_MAX: u32 = 2;
/// How many transitions are cuts before one is tried again.
const CUTS: u32 = 30;

/// How the last transitions went.
#[derive(Resource)]
pub(super) struct Smoothness {
    is_heeded: bool,
    slow: u32,
    cuts_left: u32,
}

impl Smoothness {
    /// Begins with no transition seen; one that is not heeded leaves all of them as they are.
    pub(super) fn new(is_heeded: bool) -> Self {
        Self {
            is_heeded,
            slow: 0,
            cuts_left: 0,
        }
    }

    /// What becomes of a transition on this machine.
    pub(super) fn allow(&mut self, transition: Transition) -> Transition {
        if self.cuts_left == 0 || transition.kind == TransitionKind::Cut {
            return transition;
        }
        self.cuts_left -= 1;
        Transition::CUT
    }

    /// Hears how long a transition took and how many frames showed it. Tells whether the next ones
    /// become cuts because of it.
    pub(super) fn ended(&mut self, took: Duration, frames: u32) -> bool {
        if !self.is_heeded || took < LENGTH_MIN {
            return false;
        }
        if took <= FRAME_MAX * frames {
            self.slow = 0;
            return false;
        }
        self.slow = (self.slow + 1).min(SLOW_MAX);
        let is_too_slow = self.slow == SLOW_MAX;
        if is_too_slow {
            self.cuts_left = CUTS;
        }
        is_too_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FADE: Transition = Transition::fade(Duration::from_millis(600));
    const LENGTH: Duration = FADE.length;

    #[test]
    fn two_slow_transitions_in_a_row_make_cuts_of_the_next_ones_until_one_is_tried_again() {
        let mut smoothness = Smoothness::new(true);
        assert!(!smoothness.ended(LENGTH, 5), "one says little");
        assert!(!smoothness.ended(LENGTH, 6), "a good one");
        assert!(!smoothness.ended(LENGTH, 1));
        assert_eq!(smoothness.allow(FADE), FADE);
        assert!(smoothness.ended(LENGTH, 5), "two in a row");
        for again in [true, false] {
            for _ in 0..CUTS {
                assert_eq!(smoothness.allow(FADE), Transition::CUT);
            }
            assert_eq!(smoothness.allow(FADE), FADE, "one is tried");
            assert_eq!(smoothness.ended(LENGTH, if again { 5 } else { 36 }), again);
        }
        assert_eq!(smoothness.allow(FADE), FADE, "it is fast enough again");
        assert!(!smoothness.ended(LENGTH, 5), "one says little, as before");
    }

    #[test]
    fn cuts_and_short_transitions_tell_nothing() {
        let mut smoothness = Smoothness::new(true);
        for _ in 0..5 {
            assert!(!smoothness.ended(Duration::from_millis(299), 1));
            assert!(!smoothness.ended(Duration::ZERO, 1));
        }
        smoothness.cuts_left = 1;
        assert_eq!(smoothness.allow(Transition::CUT), Transition::CUT);
        assert_eq!(smoothness.cuts_left, 1, "a cut costs none of them");
    }
}
