//! How the parts of a card stand in one free rectangle: above each other, or in a row.
//!
//! Invariants: nothing leaves the rectangle and nothing overlaps; every size is a step of the type
//! scale; what is chosen is the arrangement whose parts are worth most together.

use crate::creative::card::measure::{Measure, Part, Room, Value};
use crate::raster::canvas::{Area, px, real};

/// The largest step of the scale.
pub(super) const STEP_MAX: u8 = 7;
/// The largest step of a body.
const BODY_STEP_MAX: u8 = 3;
/// Widest lines of a body, in sizes of its type.
const BODY_EMS_MAX: f32 = 26.0;
/// The step of clock and date when they stand at the top.
pub(super) const STATUS_STEP: u8 = 2;

/// How the parts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Headline and body above, values below.
    Down,
    /// Headline and body first, values after them.
    Along,
}

/// To which end of its rectangle a stack without values keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Top,
    Middle,
    Bottom,
}

/// The steps that the parts of a stack have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) headline: u8,
    pub(super) body: u8,
    pub(super) value: u8,
}

/// A way to fill a rectangle, and what it is worth.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) flow: Flow,
    pub(super) steps: Steps,
    pub(super) worth: f32,
    pub(super) area: Area,
    /// Pixels that headline and body may take across.
    pub(super) column: u32,
}

/// One thing at its place, upright, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) what: StackContent,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum StackContent {
    /// A text at a step, set in a width of whole pixels.
    Text(Part, u8, u32),
    /// The live value of a tile.
    Live(usize, u8),
    /// The live label of a tile.
    LiveLabel(usize, u8),
    /// A part of the status line.
    Status(usize, u8),
    Rule,
    Logo,
}

impl Measure<'_> {
    pub(super) fn gap(&self) -> f32 {
        self.frame.gap()
    }

    pub(super) fn rule(&self) -> f32 {
        (self.frame.short * 0.006).max(2.0).round()
    }

    /// Pixels that a logo takes: as high as large small print, and about as wide as it is loud.
    pub(super) fn logo(&self) -> Option<(f32, f32)> {
        let (width, height) = self.content.logo?;
        let shape = real(width) / real(height.max(1));
        // The same surface for wide and tall logos.
        let side = self.frame.size(STATUS_STEP + 1) * 1.7;
        let high = (side / shape.sqrt()).clamp(side * 0.55, side * 1.3);
        Some(((high * shape).max(1.0), high))
    }

    pub(super) fn status(&mut self) -> Vec<Room> {
        let kinds = self.content.status.clone();
        kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| self.live(200 + at, kind, at == 0, STATUS_STEP))
            .collect()
    }

    /// Width and height of the line at the top.
    pub(super) fn top_line(&mut self) -> (f32, f32) {
        let logo = self.logo().unwrap_or_default();
        let status = self.status();
        let between = self.gap();
        let width = status.iter().map(|room| room.width + between).sum::<f32>();
        let height = status.iter().map(|room| room.height).fold(logo.1, f32::max);
        (logo.0 + width, height)
    }

    /// Steps of the scale that a size really is, also where small ones are raised to what can be
    /// read.
    pub(super) fn steps(&self, step: u8) -> f32 {
        self.frame.steps_of(self.frame.size(step))
    }

    /// Finds the best way to fill a rectangle; `None` when not everything fits.
    pub(super) fn plan(&mut self, area: Area, flow: Flow) -> Option<Plan> {
        if area.is_empty() {
            return None;
        }
        let mut best: Option<Plan> = None;
        let has_body = self.content.body.is_some();
        let tiles = self.content.tiles.len();
        for headline in (1..=STEP_MAX).rev() {
            for value in (2..=STEP_MAX).rev() {
                for body in (0..=BODY_STEP_MAX).rev() {
                    let steps = Steps {
                        headline,
                        body,
                        value,
                    };
                    if let Some(plan) = self.try_steps(area, flow, steps)
                        && best.as_ref().is_none_or(|best| plan.worth > best.worth)
                    {
                        best = Some(plan);
                    }
                    if !has_body {
                        break;
                    }
                }
                if tiles == 0 {
                    break;
                }
            }
        }
        best
    }

    fn try_steps(&mut self, area: Area, flow: Flow, steps: Steps) -> Option<Plan> {
        let (width, height) = (real(area.width), real(area.height));
        let gap = self.gap();
        let (top_width, top_height) = self.top_line();
        let rows = match flow {
            Flow::Down => self.rows(steps.value, width)?,
            Flow::Along => self.rows(steps.value, f32::from(u16::MAX))?,
        };
        let column = match flow {
            Flow::Down => {
                if top_width > width {
                    return None;
                }
                area.width
            }
            Flow::Along => {
                let tiles: f32 = rows.iter().map(|row| self.row_width(row)).sum();
                let mut taken = self.rule() + gap;
                if tiles > 0.0 {
                    taken += tiles + self.tile_gap();
                }
                if top_width > 0.0 {
                    taken += top_width + self.tile_gap();
                }
                px((width - taken).max(0.0).floor())
            }
        };
        let headline = self.room(Part::Headline, steps.headline, column)?;
        let body = match self.content.body {
            Some(_) => {
                Some(self.room(Part::Body, steps.body, self.body_width(steps.body, column))?)
            }
            None => None,
        };
        let words =
            headline.height + body.map_or(0.0, |body| body.height + self.body_gap(steps.headline));
        let tiles = self.rows_height(&rows);
        let needed = match flow {
            Flow::Down => {
                let top = if top_height > 0.0 {
                    top_height + gap * 1.6
                } else {
                    0.0
                };
                let below = if rows.is_empty() {
                    0.0
                } else {
                    tiles + gap * 2.0
                };
                top + self.rule() + gap + words + below
            }
            Flow::Along => words.max(tiles).max(top_height),
        };
        if needed > height {
            return None;
        }
        let mut worth = self.steps(steps.headline);
        worth -= if headline.whole { 0.0 } else { 3.5 };
        worth -= if headline.lines > 3 { 0.5 } else { 0.0 };
        let mut smallest = f32::MAX;
        if let Some(body) = body {
            worth += 0.75 * self.steps(steps.body).min(2.4);
            worth -= if body.lines > 6 { 0.6 } else { 0.0 };
            worth -= if steps.body == 0 { 0.5 } else { 0.0 };
            smallest = smallest.min(self.frame.size(steps.body));
        }
        for (at, room) in rows.iter().flatten() {
            worth += 0.5 * self.steps(steps.value);
            // Two loud things are none; the headline stays the first.
            let loud = self.steps(room.value_step) - self.steps(steps.headline) - 1.0;
            worth -= 0.6 * loud.max(0.0);
            if matches!(self.content.tiles[*at].value, Value::Price(..)) {
                // A price is at least about as loud as the headline.
                let short = self.steps(steps.headline) - 1.0 - self.steps(room.value_step);
                worth -= 0.6 * short.max(0.0);
            }
            if room.label.is_some() {
                smallest = smallest.min(self.frame.size(room.label_step));
            }
        }
        worth -= 0.4 * real(u32::try_from(rows.len().saturating_sub(1)).unwrap_or(0));
        // The headline is three times the smallest text, or nearly.
        if smallest < f32::MAX && self.frame.size(steps.headline) < 2.9 * smallest {
            worth -= 1.5;
        }
        Some(Plan {
            flow,
            steps,
            worth,
            area,
            column,
        })
    }

    /// From the headline to the body: air in proportion to the headline.
    pub(super) fn body_gap(&self, headline: u8) -> f32 {
        (self.gap() * 0.8).max(self.frame.size(headline) * 0.45)
    }

    pub(super) fn body_width(&self, step: u8, column: u32) -> u32 {
        column.min(px(self.frame.size(step) * BODY_EMS_MAX))
    }
}
