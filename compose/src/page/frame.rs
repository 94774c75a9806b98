//! The upright frame that everything is laid out in: its margins and its type scale.
//!
//! Invariant: sizes come from eight steps relative to the frame.

use passerby_playout::code::legibility::pixels_per_cm;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_playout::screen::geometry::Geometry;

use crate::raster::canvas::{Area, px, real};

/// The largest output that is composed, in pixels a side.
const SIDE_PX_MAX: u32 = 16_384;
/// From one step of the type scale to the next.
pub(super) const STEP: f32 = 1.35;
/// The smallest step, as a share of the scale's unit.
const SMALLEST: f32 = 0.022;
/// How many times the short side the scale's unit may be, on strips.
const UNIT_SHARE_MAX: f32 = 2.4;
/// Fewest pixels of a size in which Chinese can be told apart, whoever looks.
const LEGIBLE_PX_MIN: f32 = 10.0;

/// The upright frame that a page is laid out in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Clockwise turn from this frame to the output.
    pub(crate) rotation: u16,
    /// The short side.
    pub(crate) short: f32,
    pub(crate) margin: u32,
    /// What the type scale is relative to: the short side, and more on strips.
    unit: f32,
    /// Smallest text that can be read from where people stand.
    floor: f32,
    /// Parts that other zones lie over.
    covered: Vec<Area>,
}

impl Frame {
    pub(crate) fn of(screen: &Geometry) -> Result<Self, ComposeError> {
        let (width, height) = match screen.rotation {
            0 | 180 => (screen.width_px, screen.height_px),
            90 | 270 => (screen.height_px, screen.width_px),
            other => {
                let what = format!("rotation is {other}; use 0, 90, 180 or 270");
                return Err(ComposeError::new(what));
            }
        };
        if width == 0 || height == 0 || width.max(height) > SIDE_PX_MAX {
            return Err(ComposeError::new(format!(
                "the screen has {width} × {height} pixels; use 1 to {SIDE_PX_MAX} a side"
            )));
        }
        let short = real(width.min(height));
        let unit =
            ((real(width) * real(height)).sqrt() * 0.75).clamp(short, short * UNIT_SHARE_MAX);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a distance needs no more than a float's precision"
        )]
        let floor = pixels_per_cm(screen).map_or(0.0, |density| {
            (density * screen.viewing_distance_m * 100.0 / 200.0) as f32
        });
        Ok(Self {
            width,
            height,
            rotation: screen.rotation,
            short,
            margin: px(short * 0.05).max(1),
            unit,
            floor: floor
                .max(LEGIBLE_PX_MIN)
                .min(unit * SMALLEST * STEP.powi(3)),
            covered: screen.covered.clone(),
        })
    }

    /// All of it.
    pub(crate) const fn area(&self) -> Area {
        Area::new(0, 0, self.width, self.height)
    }

    /// Tells whether another zone lies over an area, or nearly touches it.
    pub(crate) fn is_covered(&self, area: Area) -> bool {
        let near = area.outset(self.margin / 2);
        self.covered.iter().any(|over| over.common(near).is_some())
    }

    /// The largest part of an area that no other zone lies over. With `keep`, one that still holds
    /// it, if it is free.
    pub(crate) fn clear(&self, area: Area, keep: Option<Area>) -> Area {
        let mut clear = area;
        for over in &self.covered {
            let over = over.outset(self.margin);
            if over.common(clear).is_none() {
                continue;
            }
            let (right, bottom) = (clear.right(), clear.bottom());
            let between = |from: u32, to: u32| to.saturating_sub(from);
            let (x, y) = (over.right().max(clear.x), over.bottom().max(clear.y));
            let parts = [
                Area::new(clear.x, clear.y, between(clear.x, over.x), clear.height),
                Area::new(x, clear.y, between(x, right), clear.height),
                Area::new(clear.x, clear.y, clear.width, between(clear.y, over.y)),
                Area::new(clear.x, y, clear.width, between(y, bottom)),
            ];
            let size = |part: &Area| {
                let holds = keep.is_none_or(|keep| part.common(keep) == Some(keep));
                (holds, u64::from(part.width) * u64::from(part.height))
            };
            clear = parts.into_iter().max_by_key(size).unwrap_or(clear);
        }
        clear
    }

    /// Tells whether the frame is so long that everything stands in one row or column.
    pub(crate) fn is_strip(&self) -> bool {
        real(self.width.max(self.height)) / self.short > 2.5
    }

    pub(crate) fn is_landscape(&self) -> bool {
        real(self.width) > 1.2 * real(self.height)
    }

    /// Distance between things that belong together.
    pub(crate) fn gap(&self) -> f32 {
        real(self.margin) * 0.6
    }

    /// One of the eight sizes, 0 to 7; never smaller than can be read from where people stand.
    pub(crate) fn size(&self, step: u8) -> f32 {
        (self.unit * SMALLEST * STEP.powi(i32::from(step))).max(self.floor)
    }

    /// One of the eight sizes, however far away people stand; for what nobody needs to read.
    pub(crate) fn unit_size(&self, step: u8) -> f32 {
        self.unit * SMALLEST * STEP.powi(i32::from(step))
    }

    /// How many steps above the smallest a size is; small ones may be raised to what can be read.
    pub(crate) fn steps_of(&self, size: f32) -> f32 {
        (size / self.unit_size(0)).ln() / STEP.ln()
    }

    /// Sizes between two steps, largest first.
    pub(crate) fn sizes(&self, from: u8, to: u8) -> Vec<f32> {
        let mut sizes: Vec<f32> = (to..=from).rev().map(|step| self.size(step)).collect();
        sizes.dedup();
        sizes
    }
}
