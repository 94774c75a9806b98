//! The seam between the player, the composer and the stage.
//!
//! The player orders a slide for a zone; the composer makes it (decode, scale, text, code) on a
//! thread of its own; the stage uploads it and answers [`StageEvent::Loaded`]; only then the player
//! sends [`StageCommand::Swap`]. So the next item is ready before the swap, and the stage needs no
//! timer: it sleeps until a message comes.
//!
//! Invariants: every channel is bounded by what the player allows to be under way: in each zone one
//! slide on screen and one loaded; a zone that has shown something is never empty again, but for
//! [`Zone::NOTICE`].

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use passerby_protocol::PlayNumber;
use passerby_protocol::campaign::{Colours, Motion, TransitionKind};
use passerby_protocol::content_fault::{ContentFault, Told};

use crate::code::issuer::CodeOrder;
use crate::content::catalog::CatalogItem;
use crate::content::creative::{Creative, CreativeFile};
use crate::screen::area::Area;
use crate::screen::geometry::{Geometry, Zone};

/// How often a composer is told what may be shown although nothing changed, in milliseconds of the
/// boot clock.
pub const EXPECT_MS: u64 = 3_600_000;

/// Names one slide on its way through composer and stage; never reused while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What a slide shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SlideOrder {
    /// Its name from here on.
    pub ticket: Ticket,
    /// Where it is shown.
    pub zone: Zone,
    /// What it is made from.
    pub creative: Creative,
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
    /// Whether and how a picture moves while it is shown.
    pub motion: Motion,
    /// Whether a video may be heard.
    pub sound: bool,
    /// How long it is meant to be shown; none until something changes.
    pub dwell: Option<Duration>,
}

impl SlideOrder {
    /// The order for an item: silent, without a number, and with no time of its own.
    pub fn of_item(
        ticket: Ticket,
        zone: Zone,
        item: &CatalogItem,
        code: Option<CodeOrder>,
    ) -> Self {
        let placement = item.placement();
        Self {
            ticket,
            zone,
            creative: Creative::File(item.file()),
            campaign: item.campaign_id.to_string(),
            play: None,
            headline: item.campaign.headline_of(placement).map(str::to_owned),
            code,
            colours: item.campaign.colours,
            motion: placement.motion,
            sound: false,
            dwell: None,
        }
    }
}

/// Makes slides. One lives on a thread beside the player, so a slow picture never delays what is on
/// screen.
pub trait Composer: Send + 'static {
    /// A finished slide.
    type Slide: Send + 'static;

    /// Composes one slide for a zone of a screen.
    ///
    /// # Errors
    /// A reason that names the file and what to do; the player skips the item and reports it.
    fn compose(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
    ) -> Result<Composed<Self::Slide>, ComposeError>;

    /// Hears which files may be shown, and where, so that what is long in coming can be fetched
    /// before its first slide is ordered. Told again whenever that changes, and every
    /// [`EXPECT_MS`]. Must not wait for anything but the disk.
    fn expect(&mut self, _coming: &[(CreativeFile, Geometry)]) {}

    /// What is found out later about what was composed, whether it is still shown or not; each is a
    /// sentence that names it. A composer that finds nothing out later says nothing here.
    fn findings(&self) -> Receiver<String> {
        crossbeam_channel::never()
    }
}

/// A finished slide, and a way to hear of it later.
#[derive(Debug)]
pub struct Composed<S> {
    /// The slide, for the stage.
    pub slide: S,
    /// How it is doing, for the player.
    pub health: Health,
}

impl<S> From<S> for Composed<S> {
    fn from(slide: S) -> Self {
        Self {
            slide,
            health: Health::default(),
        }
    }
}

/// What became of a slide that depends on more than its pixels, such as a decoder. Shared with
/// whoever feeds it.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<OnceLock<String>>);

impl Health {
    /// Says why people see less than they should, a poster instead of a video for example. The
    /// first reason stays.
    pub fn fail(&self, reason: String) {
        // A second reason is a consequence of the first.
        let _ = self.0.set(reason);
    }

    /// The reason, if something failed.
    pub fn trouble(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Says why an item cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ComposeError(pub String, Option<ContentFault>);

impl ComposeError {
    /// Says why.
    pub fn new(told: impl Into<Told>) -> Self {
        let Told { words, fault } = told.into();
        Self(words, fault)
    }

    /// The reason in a form that can be said in any language, where there is one.
    pub const fn fault(&self) -> Option<&ContentFault> {
        self.1.as_ref()
    }
}

/// How one slide gives way to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// How one slide gives way to the next.
    pub kind: TransitionKind,
    /// How long it takes; zero cuts.
    pub length: Duration,
}

impl Transition {
    /// Changes at once.
    pub const CUT: Self = Self {
        kind: TransitionKind::Cut,
        length: Duration::ZERO,
    };

    /// Through the old slide, in `length`.
    pub const fn fade(length: Duration) -> Self {
        Self {
            kind: TransitionKind::CrossFade,
            length,
        }
    }
}

/// Player to stage.
pub enum StageCommand<S> {
    /// Upload a slide; answered by [`StageEvent::Loaded`] once it can be drawn, or by
    /// [`StageEvent::Refused`].
    Load {
        /// By which later commands name the slide.
        ticket: Ticket,
        /// Where it will be shown.
        zone: Zone,
        /// What the zone covers, in pixels of the output.
        area: Area,
        /// What to draw.
        slide: S,
    },
    /// Bring a loaded slide onto the screen.
    Swap {
        /// The slide that is meant.
        ticket: Ticket,
        /// How the slide comes onto the screen.
        transition: Transition,
    },
    /// Forget a loaded slide that will not be shown after all.
    Drop {
        /// The slide that is meant.
        ticket: Ticket,
    },
    /// Take away what a zone shows, at once; answered by [`StageEvent::Cleared`]. For
    /// [`Zone::NOTICE`], and for zones that the layout no longer has.
    Clear {
        /// The zone that is meant.
        zone: Zone,
    },
    /// Send the picture that is on the screen now.
    Snapshot(Sender<Snapshot>),
    /// Send the picture that is on the screen as soon as no slide gives way to another.
    SnapshotAtRest(Sender<Snapshot>),
    /// Ends the stage.
    Quit,
}

/// Stage to player. Times are CLOCK_BOOTTIME in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageEvent {
    /// The output has this size now; the first one says that the stage can draw.
    Sized {
        /// Pixels across.
        width_px: u32,
        /// Pixels down.
        height_px: u32,
    },
    /// A slide can be drawn.
    Loaded(Ticket),
    /// A slide cannot be drawn here; the log says why.
    Refused(Ticket),
    /// The first frame of a slide was presented; its predecessor's play ends here.
    Presented {
        /// The slide that is meant.
        ticket: Ticket,
        /// The moment, in milliseconds of the boot clock.
        boot_ms: u64,
    },
    /// The first frame without what a zone had shown was presented.
    Cleared {
        /// The zone that is meant.
        zone: Zone,
        /// The moment, in milliseconds of the boot clock.
        boot_ms: u64,
    },
    /// This machine shows too few frames of a transition; the next transitions are cuts.
    TransitionsStutter,
    /// The operator closed the window, or the output is gone.
    Closed,
}

/// A frame as it was drawn.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Four bytes a pixel, rows from the top.
    pub rgba: Vec<u8>,
    /// What it shows, zone by zone, the lowest first; empty where nobody keeps it.
    pub zones: Vec<SnapshotZone>,
}

/// What a zone showed on a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotZone {
    /// The zone that is meant.
    pub zone: Zone,
    /// The campaign's name; empty for built-in screens.
    pub campaign: String,
    /// The creative's name.
    pub creative: String,
    /// The play number in the code; none without a minted code.
    pub play: Option<u32>,
    /// Where its codes are, in pixels of the snapshot: one, or two while a slide gives way to
    /// another.
    pub codes: Vec<Area>,
}
