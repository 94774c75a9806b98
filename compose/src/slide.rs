//! One composed slide: what the composer hands to the stage.
//!
//! A slide is a still layer with holes, what moves beneath the holes, and a [`FrameSource`] that
//! feeds both while the slide is on the screen.
//!
//! Invariants:
//! - `rgba` holds exactly `width_px` × `height_px` pixels, already rotated for the output. Alpha is
//!   255 everywhere but in the hole for `moving`, which it covers completely where alpha is less.
//! - Nothing of a slide changes inside its code square, and nothing moves over it.

use std::fmt;
use std::time::Duration;

pub use passerby_playout::screen::area::Area;

/// A finished slide and what it stands for.
pub struct Slide {
    /// Pixels a row.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Four bytes a pixel in sRGB with straight alpha, rows from the top.
    pub rgba: Vec<u8>,
    /// What shows through the holes of the still layer.
    pub moving: Option<Moving>,
    /// The white code square with its quiet zone, in pixels of the slide; none without a code.
    pub code_square: Option<Area>,
    /// What feeds the slide while it is on the screen.
    pub frame_source: Option<Box<dyn FrameSource>>,
    /// What it shows.
    pub caption: Caption,
}

impl Slide {
    /// A slide that does not move and has no code.
    pub fn still(width_px: u32, height_px: u32, rgba: Vec<u8>, caption: Caption) -> Self {
        Self {
            width_px,
            height_px,
            rgba,
            moving: None,
            code_square: None,
            frame_source: None,
            caption,
        }
    }
}

/// The layer beneath the still one.
#[derive(Clone, PartialEq)]
pub struct Moving {
    /// Where it is seen, in pixels of the slide.
    pub area: Area,
    /// Its first picture.
    pub picture: MovingPicture,
    /// Clockwise turn from the picture to the slide: 0, 90, 180 or 270 degrees. Only `area` is
    /// turned already.
    pub turn: u16,
    /// What of the picture is seen, and how that changes.
    pub travel: Travel,
}

/// Pixels that may be replaced while they are seen. Width and height are those of the upright
/// picture.
#[derive(Clone, PartialEq, Eq)]
pub enum MovingPicture {
    /// Four opaque bytes a pixel in sRGB.
    Rgba {
        /// Pixels a row.
        width_px: u32,
        /// Pixels down.
        height_px: u32,
        /// Rows from the top.
        pixels: Vec<u8>,
    },
    /// Video: a plane of luma, and one of chroma pairs with half as many rows and half as many
    /// pairs a row.
    Nv12 {
        /// Pixels a row of luma; even.
        width_px: u32,
        /// Rows of luma; even.
        height_px: u32,
        /// One byte a pixel.
        luma: Vec<u8>,
        /// Cb and Cr in turn.
        chroma: Vec<u8>,
        /// How its numbers stand for colours.
        coding: VideoCoding,
    },
    /// A line that runs from right to left without end: an opaque strip, cut into rows of `row_px`
    /// that the texture holds one below the other. Its end joins its beginning.
    Strip {
        /// Pixels a row; the last row may be filled up with what is never seen.
        row_px: u32,
        /// Rows of pixels of one piece of the strip.
        height_px: u32,
        /// Pixels of the whole strip from its beginning to its end.
        length_px: u32,
        /// Four opaque bytes a pixel in sRGB, all pieces one below the other.
        pixels: Vec<u8>,
    },
}

/// How a video's numbers stand for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoCoding {
    /// Which sums of red, green and blue its luma and chroma are.
    pub matrix: Matrix,
    /// Whether 0 to 255 are all used; else luma runs from 16 to 235 and chroma from 16 to 240.
    pub full_range: bool,
}

/// Which sums of red, green and blue a video's luma and chroma are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// ITU-R BT.601: standard definition.
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020, constant in nothing: ultra high definition. Its wider primaries are not
    /// converted.
    Bt2020,
}

/// Which part of the picture is seen. Parts are `[x, y, width, height]` in shares of the upright
/// picture, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Travel {
    /// Always the same part.
    Still([f32; 4]),
    /// From one part to another at an even pace, then it rests.
    Zoom {
        /// The share of the picture that shows at first.
        from: [f32; 4],
        /// In the end.
        to: [f32; 4],
        /// From first to last.
        over: Duration,
    },
    /// The picture is a [`MovingPicture::Strip`] that runs at this many of its pixels a second.
    Run {
        /// Pixels a second, more than zero.
        px_per_s: f32,
    },
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

/// Feeds a slide while it is on the screen: the frames of a video or an animation, the digits of a
/// clock.
///
/// It belongs to one slide and is dropped with it; dropping ends its threads and children, and
/// never blocks for long.
pub trait FrameSource: Send + Sync + 'static {
    /// Is told that the slide is drawn for the first time now. Called once.
    fn begin(&mut self);

    /// Pushes what is due at `at`, counted from [`FrameSource::begin`], and returns when it wants
    /// to be asked next, counted the same way; `None` when nothing is to come. Never blocks; what
    /// is not ready is left for the next call. A later patch may replace an earlier one of the same
    /// call.
    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration>;

    /// Takes back a patch that was used, to fill its bytes anew; what they hold by now means
    /// nothing. Returns one of which it can make no use.
    fn take_back(&mut self, patch: Patch) -> Option<Patch> {
        Some(patch)
    }
}

/// New pixels for a part of a layer.
#[derive(Clone, PartialEq, Eq)]
pub struct Patch {
    /// Which plane they belong to.
    pub plane: Plane,
    /// Where they go, in pixels of the plane (of the slide for [`Plane::Still`], of chroma pairs
    /// for [`Plane::Chroma`]).
    pub area: Area,
    /// All of the area's pixels in the plane's form, rows from the top.
    pub bytes: Vec<u8>,
}

/// The textures of a slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// The still layer: four bytes a pixel.
    Still,
    /// The moving picture: four bytes a pixel, or one of luma.
    Moving,
    /// The chroma of a video: two bytes a pair.
    Chroma,
}

impl Plane {
    /// Bytes of one pixel, given whether the moving picture is a video.
    pub const fn pixel_bytes(self, is_video: bool) -> usize {
        match self {
            Self::Still => 4,
            Self::Moving if is_video => 1,
            Self::Moving => 4,
            Self::Chroma => 2,
        }
    }
}

impl fmt::Debug for Slide {
    /// Leaves the pixels out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slide")
            .field("width_px", &self.width_px)
            .field("height_px", &self.height_px)
            .field("moving", &self.moving)
            .field("code_square", &self.code_square)
            .field("has_frame_source", &self.frame_source.is_some())
            .field("caption", &self.caption)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Moving {
    /// Leaves the pixels out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.picture {
            MovingPicture::Rgba { .. } => "rgba",
            MovingPicture::Nv12 { .. } => "nv12",
            MovingPicture::Strip { .. } => "strip",
        };
        f.debug_struct("Moving")
            .field("area", &self.area)
            .field("picture", &what)
            .field("turn", &self.turn)
            .field("travel", &self.travel)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Patch {
    /// Leaves the pixels out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch")
            .field("plane", &self.plane)
            .field("area", &self.area)
            .finish_non_exhaustive()
    }
}
