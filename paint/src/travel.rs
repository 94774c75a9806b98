//! What of the moving layer is seen, and where, at a given time.
//!
//! Invariants:
//! - What is seen depends on the time since the slide became visible alone: a slow machine shows
//!   fewer steps, never another pace.
//! - A strip's place is worked out in whole turns of the strip, so that it runs as smoothly after a
//!   month as at first.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "shares and pixels fit f32; times and lengths are worked out in f64"
)]

use std::time::Duration;

use passerby_compose::slide::{Area, Matrix, Moving, MovingPicture, Travel, VideoCoding};

use crate::frame::{MovingNumbers, rectangle};

/// The moving layer without its pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct MovingLayer {
    area: Area,
    turn: u16,
    travel: Travel,
    kind: Kind,
}

/// What a moving layer is; each is painted in a way of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MovingKind {
    /// A picture.
    Rgba,
    /// A video.
    Nv12,
    /// A strip that runs.
    Strip,
}

impl MovingKind {
    /// The kind of a picture.
    pub const fn of(picture: &MovingPicture) -> Self {
        match picture {
            MovingPicture::Rgba { .. } => Self::Rgba,
            MovingPicture::Nv12 { .. } => Self::Nv12,
            MovingPicture::Strip { .. } => Self::Strip,
        }
    }
}

/// What a moving layer is, with its sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Rgba,
    Nv12 {
        width_px: u32,
        coding: VideoCoding,
    },
    Strip {
        row_px: u32,
        height_px: u32,
        length_px: u32,
    },
}

impl MovingLayer {
    /// Keeps what is not pixels.
    ///
    /// # Errors
    /// Says what of it cannot be drawn.
    pub fn of(moving: &Moving) -> Result<Self, String> {
        let kind = match moving.picture {
            MovingPicture::Rgba { .. } => Kind::Rgba,
            MovingPicture::Nv12 {
                width_px, coding, ..
            } => Kind::Nv12 { width_px, coding },
            MovingPicture::Strip {
                row_px,
                height_px,
                length_px,
                ..
            } => Kind::Strip {
                row_px,
                height_px,
                length_px,
            },
        };
        if !matches!(moving.turn, 0 | 90 | 180 | 270) {
            return Err(format!("its moving layer is turned by {}", moving.turn));
        }
        if moving.area.is_empty() {
            return Err("its moving layer has no area".into());
        }
        let sound = match (moving.travel, kind) {
            (Travel::Run { px_per_s }, Kind::Strip { .. }) => {
                px_per_s.is_finite() && px_per_s > 0.0
            }
            (Travel::Still(part), _) => is_part(part),
            (Travel::Zoom { from, to, .. }, Kind::Rgba | Kind::Nv12 { .. }) => {
                is_part(from) && is_part(to)
            }
            (Travel::Zoom { .. }, Kind::Strip { .. }) | (Travel::Run { .. }, _) => false,
        };
        if !sound {
            return Err(format!(
                "its moving layer cannot travel like this: {:?}",
                moving.travel
            ));
        }
        Ok(Self {
            area: moving.area,
            turn: moving.turn,
            travel: moving.travel,
            kind,
        })
    }

    /// What kind of layer it is.
    pub const fn kind(&self) -> MovingKind {
        match self.kind {
            Kind::Rgba => MovingKind::Rgba,
            Kind::Nv12 { .. } => MovingKind::Nv12,
            Kind::Strip { .. } => MovingKind::Strip,
        }
    }

    /// Whether what is seen goes on changing by itself after `at`.
    pub fn moves_after(&self, at: Duration) -> bool {
        match self.travel {
            Travel::Still(_) => false,
            Travel::Zoom { over, .. } => at < over,
            Travel::Run { .. } => true,
        }
    }

    /// What is seen `at` so long after the slide became visible.
    pub fn numbers(&self, at: Duration) -> MovingNumbers {
        let [x, y, width, height] = self.part(at);
        // Rows from a place in the area, 0 to 1, to one in the upright picture, 0 to 1.
        let (across, down) = match self.turn {
            90 => ([0.0, 1.0, 0.0], [-1.0, 0.0, 1.0]),
            180 => ([-1.0, 0.0, 1.0], [0.0, -1.0, 1.0]),
            270 => ([0.0, -1.0, 1.0], [1.0, 0.0, 0.0]),
            _ => ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        };
        let row = |[u, v, one]: [f64; 3], start: f64, length: f64| {
            [u * length, v * length, one * length + start].map(|number| number as f32)
        };
        let (strip, chroma_shift, colours) = match self.kind {
            Kind::Rgba => ([0.0; 3], 0.0, [[0.0; 4]; 3]),
            Kind::Nv12 { width_px, coding } => {
                // A pair of chroma stands where the left one of its two pixels stands.
                let shift = (0.5 / f64::from(width_px)) as f32;
                ([0.0; 3], shift, colours(coding))
            }
            Kind::Strip {
                row_px,
                height_px,
                length_px,
            } => (
                [row_px as f32, height_px as f32, length_px as f32],
                0.0,
                [[0.0; 4]; 3],
            ),
        };
        MovingNumbers {
            area: rectangle(self.area),
            across: row(across, x, width),
            down: row(down, y, height),
            strip,
            chroma_shift,
            colours,
        }
    }

    /// The part of the upright picture that is seen: in shares of it, or in pixels of a strip.
    fn part(&self, at: Duration) -> [f64; 4] {
        if let Kind::Strip {
            height_px,
            length_px,
            ..
        } = self.kind
        {
            let height = f64::from(height_px);
            let (wide, high) = if self.turn.is_multiple_of(180) {
                (self.area.width, self.area.height)
            } else {
                (self.area.height, self.area.width)
            };
            let start = match self.travel {
                Travel::Run { px_per_s } => {
                    (f64::from(px_per_s) * at.as_secs_f64()).rem_euclid(f64::from(length_px))
                }
                Travel::Still(_) | Travel::Zoom { .. } => 0.0,
            };
            return [
                start,
                0.0,
                f64::from(wide) * height / f64::from(high),
                height,
            ];
        }
        match self.travel {
            Travel::Still(part) => part.map(f64::from),
            Travel::Zoom { from, to, over } => {
                let share = if at >= over {
                    1.0
                } else {
                    at.as_secs_f64() / over.as_secs_f64()
                };
                std::array::from_fn(|n| {
                    f64::from(from[n]) * (1.0 - share) + f64::from(to[n]) * share
                })
            }
            // Kept out by `of`.
            Travel::Run { .. } => [0.0, 0.0, 1.0, 1.0],
        }
    }
}

/// Tells whether these are shares of a picture.
fn is_part([x, y, width, height]: [f32; 4]) -> bool {
    // Sums of shares are not exact.
    const MOST: f32 = 1.0 + 1e-4;
    x >= 0.0 && y >= 0.0 && width > 0.0 && height > 0.0 && x + width <= MOST && y + height <= MOST
}

/// Rows from luma, Cb, Cr (each 0 to 1) and 1 to red, green and blue, from the coefficients that
/// the ITU gives.
fn colours(coding: VideoCoding) -> [[f32; 4]; 3] {
    let (red, blue) = match coding.matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
        Matrix::Bt2020 => (0.2627, 0.0593),
    };
    let green = 1.0 - red - blue;
    let (luma_first, luma_steps, chroma_steps) = if coding.full_range {
        (0.0, 255.0, 255.0)
    } else {
        (16.0, 219.0, 224.0)
    };
    let row = |cb: f64, cr: f64| {
        let (cb, cr) = (cb * 255.0 / chroma_steps, cr * 255.0 / chroma_steps);
        let offset = -luma_first / luma_steps - (cb + cr) * 128.0 / 255.0;
        let numbers = [255.0 / luma_steps, cb, cr, offset];
        numbers.map(|number| number as f32)
    };
    [
        row(0.0, 2.0 * (1.0 - red)),
        row(
            -2.0 * (1.0 - blue) * blue / green,
            -2.0 * (1.0 - red) * red / green,
        ),
        row(2.0 * (1.0 - blue), 0.0),
    ]
}
