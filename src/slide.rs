//! A finished slide, on its way from the composer to the stage.
//!
//! Invariant: `rgba` is opaque and holds exactly `width_px` × `height_px` pixels, already rotated for the output.

/// One frame as the screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slide {
    /// Pixels of the output.
    pub width_px: u32,
    /// Pixels of the output.
    pub height_px: u32,
    /// Four bytes a pixel, rows from the top, alpha 255.
    pub rgba: Vec<u8>,
    /// What it shows, for captures and reports.
    pub caption: Caption,
}

/// Says what a slide shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caption {
    /// The campaign's name; empty for built-in screens.
    pub campaign: String,
    /// The creative's SHA-256 in hexadecimal, or `house`.
    pub creative: String,
    /// The play number that its code carries; the player sets it.
    pub play: Option<u32>,
    /// What its code encodes, exactly.
    pub url: Option<String>,
}
