//! What a card is drawn for and of, and what it becomes.

use std::time::Duration;

use passerby_protocol::campaign::Colours;

use crate::live::LiveElement;
use crate::page::frame::Frame;
use crate::page::layout::CodeWords;
use crate::raster::bitmap::Bitmap;
use crate::raster::canvas::Canvas;

/// Share of a side that a picture may lose.
pub(super) const LOSS_MAX: f64 = 0.42;

/// A drawn card, upright, without the modules of its code.
pub(crate) struct CardPage {
    pub(crate) canvas: Canvas,
    /// What is redrawn while it is on the screen.
    pub(crate) live: Vec<LiveElement>,
    /// What people will not see of the words as it was written, and what to do.
    pub(crate) remarks: Vec<String>,
}

/// What a card is drawn for.
pub(crate) struct CardContext<'a> {
    pub(crate) frame: &'a Frame,
    /// The code's plan and its words; none without a code.
    pub(crate) code: Option<&'a CodeWords<'a>>,
    /// The campaign's, for what the card leaves open.
    pub(crate) colours: &'a Colours,
    /// How long it is meant to be shown.
    pub(crate) dwell: Option<Duration>,
}

/// The decoded pictures of a card.
#[derive(Default)]
pub(crate) struct Pictures {
    pub(crate) picture: Option<Bitmap>,
    pub(crate) logo: Option<Bitmap>,
}
