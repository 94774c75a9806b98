//! Why something airs, in words for those who publish and operate.

use std::fmt;

use crate::schedule::adaptive;
use crate::schedule::rotation::Class;

/// Why something airs.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// It is furthest behind its share of the air time.
    Share(Class),
    /// It is the only one of its class that may air.
    Only(Class),
    /// Its phase has a goal, and this play keeps it on pace.
    Pace {
        /// Plays that the goal still takes.
        plays_left: u64,
        /// Time on the air that is left for them, in hours.
        hours_left: u64,
    },
    /// It is the next of its sequence.
    Sequence {
        /// From 1.
        place: usize,
        /// How many there are.
        of: usize,
    },
    /// Scans speak for it.
    Scans(adaptive::LearningReason),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(class) => write!(f, "{}, furthest behind its share", class.word()),
            Self::Only(class) => write!(f, "{}, nothing else of it may air now", class.word()),
            Self::Pace {
                plays_left,
                hours_left,
            } => write!(
                f,
                "on pace for its goal: {plays_left} plays left, {hours_left} hours on the air"
            ),
            Self::Sequence { place, of } => write!(f, "part {place} of {of} of its sequence"),
            Self::Scans(reason) => write!(f, "{reason}"),
        }
    }
}
