//! The seam between the player, the composer and the stage.
//!
//! The player orders a slide; the composer makes it (decode, scale, text, code) on a thread of its own; the stage
//! uploads it and answers [`StageEvent::Loaded`]; only then the player sends [`StageCommand::Swap`]. So the next item
//! is ready before the swap, and the stage needs no timer: it sleeps until a message comes.
//!
//! Invariant: every channel is bounded by what the player allows to be under way: one slide on screen, one loaded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Sender;
use passerby_protocol::campaign::{Colours, Corner};
use passerby_protocol::{Digest, PlayNumber};

/// Names one slide on its way through composer and stage; never reused while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The lit area and how it is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// Pixels of the output, before rotation.
    pub width_px: u32,
    /// Pixels of the output, before rotation.
    pub height_px: u32,
    /// Clockwise turn of the content: 0, 90, 180 or 270 degrees.
    pub rotation: u16,
    /// What is lit, as mounted, before rotation.
    pub size_cm: Option<[f64; 2]>,
    /// How far away people stand.
    pub viewing_distance_m: f64,
}

/// What a slide shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SlideOrder {
    /// Its name from here on.
    pub ticket: Ticket,
    /// The picture.
    pub picture: Picture,
    /// The campaign's name in reports; empty for built-in screens.
    pub campaign: String,
    /// The number of the play, for the captions of captured frames; none for built-in screens.
    pub play: Option<PlayNumber>,
    /// The line beside the picture; none when the picture says it all.
    pub headline: Option<String>,
    /// The code, its call to action and where it stands.
    pub code: Option<CodeOrder>,
    /// The campaign's colours.
    pub colours: Colours,
}

/// The picture of a slide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// A picture file, named by what it should hash to.
    File {
        /// Where it lies.
        path: PathBuf,
        /// Its name in reports.
        creative: Digest,
    },
    /// The built-in house creative.
    House,
}

/// A code on a slide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOrder {
    /// What it encodes, exactly.
    pub url: String,
    /// The call to action.
    pub call: String,
    /// A small line that says where the link leads, usually a host name.
    pub leads_to: String,
    /// Where its card stands.
    pub corner: Corner,
}

/// Makes slides. One lives on a thread beside the player, so a slow picture never delays what is on screen.
pub trait Composer: Send + 'static {
    /// A finished slide.
    type Slide: Send + Sync + 'static;

    /// Composes one slide for a screen.
    ///
    /// # Errors
    /// A reason that names the file and what to do; the player skips the item and reports it.
    fn compose(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
    ) -> Result<Self::Slide, ComposeError>;
}

/// Says why an item cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ComposeError(pub String);

/// Player to stage.
pub enum StageCommand<S> {
    /// Upload a slide; answered by [`StageEvent::Loaded`] once it can be drawn.
    Load {
        /// Its name.
        ticket: Ticket,
        /// What to draw.
        slide: Arc<S>,
    },
    /// Bring a loaded slide onto the screen.
    Swap {
        /// Which.
        ticket: Ticket,
        /// How long the cross-fade takes; zero cuts.
        fade: Duration,
    },
    /// Forget a loaded slide that will not be shown after all.
    Drop {
        /// Which.
        ticket: Ticket,
    },
    /// Send the picture that is on the screen now.
    Snapshot(Sender<Snapshot>),
    /// Leave.
    Quit,
}

/// Stage to player. Times are CLOCK_BOOTTIME in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageEvent {
    /// The output has this size now; the first one says that the stage can draw.
    Sized {
        /// Pixels.
        width_px: u32,
        /// Pixels.
        height_px: u32,
    },
    /// A slide can be drawn.
    Loaded(Ticket),
    /// The first frame of a slide was presented; its predecessor's play ends here.
    Presented {
        /// Which.
        ticket: Ticket,
        /// When.
        boot_ms: u64,
    },
    /// The operator closed the window, or the output is gone.
    Closed,
}

/// A frame as it was drawn.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Pixels.
    pub width_px: u32,
    /// Pixels.
    pub height_px: u32,
    /// Four bytes a pixel, rows from the top.
    pub rgba: Vec<u8>,
}
