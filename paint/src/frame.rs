//! One frame, as the stage decides it and a presenter paints it.
//!
//! Invariant: everything that changes over time is here. What moves costs other numbers, never
//! other pixels.

use passerby_compose::slide::Area;

/// Left, top, width and height.
pub type Rectangle = [f32; 4];

/// Names a slide that a presenter keeps; never used again while that presenter lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlideId(pub u64);

/// What lies on the output.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// Where no layer lies: red, green and blue in sRGB.
    pub background: [u8; 3],
    /// The lowest first.
    pub layers: Vec<Layer>,
}

/// One slide in a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Whose pixels they are.
    pub slide: SlideId,
    /// Where it lies at rest, in pixels of the output. None of it is seen outside.
    pub area: Area,
    /// Where its moving layer stands, if it has one.
    pub moving: Option<MovingNumbers>,
    /// Its part of a transition.
    pub change: ChangeNumbers,
    /// Its own code square in pixels of the output; empty without a code.
    pub code_square: Rectangle,
    /// Where nothing moves and nothing is mixed while slides change, in pixels of the output.
    pub calm: [Rectangle; 2],
    /// Whether it is this slide that is seen there.
    pub is_read: bool,
}

/// Where a moving layer stands.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MovingNumbers {
    /// Where it is seen, in pixels of the slide.
    pub area: Rectangle,
    /// From a place in the area (0 to 1) to one in its picture: a row for x. Places are shares of
    /// the picture, or pixels of a strip.
    pub across: [f32; 3],
    /// The row for y.
    pub down: [f32; 3],
    /// A strip's pixels a row, its height and its length.
    pub strip: [f32; 3],
    /// How far right of its luma a video's chroma stands, in shares of the picture.
    pub chroma_shift: f32,
    /// From luma, chroma (0 to 1) and 1 to red, green and blue.
    pub colours: [[f32; 4]; 3],
}

/// A slide's part of a transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangeNumbers {
    /// From 0 to 1.
    pub opacity: f32,
    /// Whole pixels to the right.
    pub shift_px: f32,
    /// Pixels from the slide's left side to the edge; right of it the slide is not seen.
    pub edge_px: f32,
    /// Pixels over which the edge fades.
    pub soft_px: f32,
}

impl ChangeNumbers {
    /// Fully there, where it belongs.
    pub const REST: Self = Self {
        opacity: 1.0,
        shift_px: 0.0,
        edge_px: 1e6,
        soft_px: 1.0,
    };

    /// How much of the slide is seen at a place so many pixels right of its left side.
    pub fn opacity_at(&self, from_left_px: f32) -> f32 {
        let covered = ((self.edge_px - from_left_px) / self.soft_px).clamp(0.0, 1.0);
        self.opacity * covered * covered * (3.0 - 2.0 * covered)
    }
}

impl Layer {
    /// Tells whether every pixel of its area shows it, where it belongs.
    pub(crate) fn is_whole(&self) -> bool {
        let change = &self.change;
        let [first, second] = &self.calm;
        change.opacity >= 1.0
            && change.shift_px == 0.0
            && change.edge_px - change.soft_px >= rectangle(self.area)[2]
            && (self.is_read || (is_empty(first) && is_empty(second)))
    }
}

fn is_empty([_, _, width, height]: &Rectangle) -> bool {
    *width <= 0.0 || *height <= 0.0
}

/// An area as numbers that need not be whole.
#[allow(
    clippy::cast_precision_loss,
    reason = "pixels of an output fit 24 bits by far"
)]
pub fn rectangle(area: Area) -> Rectangle {
    [
        area.x as f32,
        area.y as f32,
        area.width as f32,
        area.height as f32,
    ]
}
