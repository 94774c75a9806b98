//! The order of an update's work.

use bevy::prelude::SystemSet;

/// The order of an update's work.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum KioskSystems {
    /// Takes in messages and what the window reports.
    Receive,
    /// Moves fades on.
    Advance,
    /// Decides whether to draw, and whether to keep the frame.
    Present,
    /// Tells the player, and sets the alarm for the next update.
    Report,
}
