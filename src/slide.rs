//! One composed frame: what the composer hands to the stage.
//!
//! Invariant: `rgba` holds exactly `width_px` × `height_px` opaque pixels, already rotated for the output, so that the
//! stage has nothing left to do but to upload and to show them.

use std::fmt;

/// A finished full-frame picture and what it stands for.
#[derive(Clone, PartialEq, Eq)]
pub struct Slide {
    /// Pixels a row.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
    /// Four bytes a pixel in sRGB, alpha 255, rows from the top.
    pub rgba: Vec<u8>,
    /// What it shows.
    pub caption: Caption,
}

/// What a slide shows, as captured frames report it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caption {
    /// The campaign's name; empty for built-in screens.
    pub campaign: String,
    /// The creative's name.
    pub creative: String,
    /// The play number in the code; none without a minted code.
    pub play: Option<u32>,
    /// What the code encodes, exactly; none without a code.
    pub url: Option<String>,
}

impl fmt::Debug for Slide {
    /// Leaves the pixels out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slide")
            .field("width_px", &self.width_px)
            .field("height_px", &self.height_px)
            .field("caption", &self.caption)
            .finish_non_exhaustive()
    }
}
