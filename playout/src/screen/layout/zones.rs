//! The zones of a screen, and the pixels that each of them gets.

use passerby_protocol::campaign::{Corner, Rgb};

use crate::screen::area::Area;
use crate::screen::geometry::{Geometry, Zone};

/// Most zones of a screen.
pub const ZONES_MAX: usize = 8;
/// The name of the zone that every screen has.
pub const MAIN: &str = "main";
/// Smallest side of a zone, in percent of the screen's.
pub const SIDE_PERCENT_MIN: f64 = 4.0;
/// Most that overscan may take off each side, in percent.
pub const OVERSCAN_PERCENT_MAX: f64 = 10.0;

/// A share of a side, in thousandths of a percent; whole numbers, so that equal shares are equal
/// pixels.
pub(super) type MilliPercent = u64;
/// All of a side.
pub(super) const WHOLE: MilliPercent = 100_000;
/// How far a picture in a picture keeps from the edges, as a share of the shorter side.
const INSET_MARGIN: MilliPercent = 4_000;

/// How a screen is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What is seen where no zone is.
    pub background: Rgb,
    pub(super) overscan: MilliPercent,
    pub(super) zones: Vec<Plan>,
}

/// One zone before the size of the output is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) place: ZonePlace,
}

/// Where a zone lies on the upright screen, within what overscan leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZonePlace {
    /// Left, top, right and bottom edges.
    Edges([MilliPercent; 4]),
    /// In a corner, with the same margin to both edges and this share of both sides.
    Inset(Corner, MilliPercent),
}

/// One zone on an output.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedZone {
    /// Its number; zones with higher numbers lie on top.
    pub zone: Zone,
    /// What placements call it.
    pub name: String,
    /// What it covers, in pixels of the output.
    pub area: Area,
    /// The zone as the composer sees it.
    pub geometry: Geometry,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            background: Rgb([0; 3]),
            overscan: 0,
            zones: vec![Plan::edges(MAIN, [0, 0, WHOLE, WHOLE])],
        }
    }
}

impl Layout {
    /// The names of the zones, `main` first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.zones.iter().map(|plan| plan.name.as_str())
    }

    /// Tells whether the screen has a zone of that name.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Places the zones on an output, `main` first. `output` is the whole of it, with its rotation.
    pub fn place(&self, output: &Geometry) -> Vec<PlacedZone> {
        let rotation = output.rotation;
        let (width, height) = match rotation {
            90 | 270 => (output.height_px, output.width_px),
            _ => (output.width_px, output.height_px),
        };
        let upright: Vec<Area> = self
            .zones
            .iter()
            .map(|plan| plan.place.area(self.overscan, width, height))
            .collect();
        let placed = self.zones.iter().zip(0u8..).zip(&upright);
        placed
            .map(|((plan, number), &area)| {
                let above = upright.iter().skip(usize::from(number) + 1);
                let covered = above
                    .filter_map(|other| area.common(*other))
                    .map(|part| {
                        Area::new(part.x - area.x, part.y - area.y, part.width, part.height)
                    })
                    .collect();
                let turned = area.rotated(width, height, rotation);
                PlacedZone {
                    zone: Zone(number),
                    name: plan.name.clone(),
                    area: turned,
                    geometry: Geometry {
                        width_px: turned.width,
                        height_px: turned.height,
                        covered,
                        ..output.clone()
                    },
                }
            })
            .collect()
    }
}

impl Plan {
    pub(super) fn edges(name: &str, edges: [MilliPercent; 4]) -> Self {
        Self {
            name: name.to_owned(),
            place: ZonePlace::Edges(edges),
        }
    }
}

impl ZonePlace {
    /// The pixels of the upright screen that it gets.
    fn area(self, overscan: MilliPercent, width: u32, height: u32) -> Area {
        let (left, top) = (part(width, overscan), part(height, overscan));
        let (width, height) = (width - 2 * left, height - 2 * top);
        let [x, y, right, bottom] = match self {
            Self::Edges([x, y, right, bottom]) => [
                part(width, x),
                part(height, y),
                part(width, right),
                part(height, bottom),
            ],
            Self::Inset(corner, share) => {
                let margin = part(width.min(height), INSET_MARGIN);
                let (wide, high) = (part(width, share).max(1), part(height, share).max(1));
                let x = match corner {
                    Corner::TopLeft | Corner::BottomLeft => margin,
                    Corner::TopRight | Corner::BottomRight => width - wide - margin,
                };
                let y = match corner {
                    Corner::TopLeft | Corner::TopRight => margin,
                    Corner::BottomLeft | Corner::BottomRight => height - high - margin,
                };
                [x, y, x + wide, y + high]
            }
        };
        // An output of a few pixels still gives every zone one.
        let (x, y) = (
            x.min(width.saturating_sub(1)),
            y.min(height.saturating_sub(1)),
        );
        Area::new(
            left + x,
            top + y,
            right.max(x + 1) - x,
            bottom.max(y + 1) - y,
        )
    }
}

/// A share of a length, to the nearest pixel.
fn part(length: u32, share: MilliPercent) -> u32 {
    let pixels = (u64::from(length) * share + WHOLE / 2) / WHOLE;
    u32::try_from(pixels).unwrap_or(length)
}
