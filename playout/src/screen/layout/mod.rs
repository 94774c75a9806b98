//! The screen's zones: how they are written in kiosk.toml, and which pixels each of them gets.
//!
//! Invariants:
//! - The first zone is `main`. Names are unique; there are at most [`ZONES_MAX`] zones.
//! - Zones lie inside what overscan leaves. Two zones either share no pixel, or the later one lies
//!   wholly on the earlier one without covering all of it.
//! - Edges that are the same in percent are the same in pixels, so zones that abut on paper abut on
//!   the screen, at any size and rotation.

use passerby_protocol::toml_fields::Section;

mod read;
mod zones;

pub use crate::screen::layout::zones::{
    Layout, MAIN, OVERSCAN_PERCENT_MAX, PlacedZone, SIDE_PERCENT_MIN, ZONES_MAX,
};

/// What the reference says of the shares that second zones get.
pub(crate) fn shares() -> String {
    read::shares()
}

impl Layout {
    /// Reads the section `[layout]`; what is wrong is reported to the section.
    pub fn read(section: &Section<'_>) -> Self {
        read::layout(section)
    }
}

#[cfg(test)]
mod tests;
