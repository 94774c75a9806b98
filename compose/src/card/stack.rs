//! How the parts of a card stand in one free rectangle: above each other, or in a row.
//!
//! Invariants: nothing leaves the rectangle and nothing overlaps; every size is a step of the type scale; what is
//! chosen is the arrangement whose parts are worth most together.

use super::measure::{Measure, Part, Room, Value};
use crate::canvas::{Area, px, real};

/// The largest step of the scale.
const STEP_MAX: u8 = 7;
/// The largest step of a body.
const BODY_STEP_MAX: u8 = 3;
/// Widest lines of a body, in sizes of its type.
const BODY_EMS_MAX: f32 = 26.0;
/// The step of clock and date when they stand at the top.
const STATUS_STEP: u8 = 2;

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
    area: Area,
    /// Pixels that headline and body may take across.
    column: u32,
}

/// One thing at its place, upright, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    pub(super) what: What,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
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

/// The room of one tile at the steps of its parts.
#[derive(Debug, Clone, Copy)]
struct TileRoom {
    label: Option<Room>,
    label_step: u8,
    value: Room,
    value_step: u8,
    was: Option<Room>,
    was_step: u8,
    /// What its texts were broken into, in whole pixels.
    across: u32,
    width: f32,
    height: f32,
}

impl Measure<'_> {
    fn gap(&self) -> f32 {
        self.frame.gap()
    }

    fn rule(&self) -> f32 {
        (self.frame.short * 0.006).max(2.0).round()
    }

    /// Distance between tiles.
    fn tile_gap(&self) -> f32 {
        self.gap() * 2.4
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

    fn status(&mut self) -> Vec<Room> {
        let kinds = self.content.status.clone();
        kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| self.live(200 + at, kind, at == 0, STATUS_STEP))
            .collect()
    }

    /// Width and height of the line at the top.
    fn top_line(&mut self) -> (f32, f32) {
        let logo = self.logo().unwrap_or_default();
        let status = self.status();
        let between = self.gap();
        let width = status.iter().map(|room| room.width + between).sum::<f32>();
        let height = status.iter().map(|room| room.height).fold(logo.1, f32::max);
        (logo.0 + width, height)
    }

    fn tile(&mut self, at: usize, step: u8, width: f32) -> Option<TileRoom> {
        let content = self.content;
        let tile = content.tiles.get(at)?;
        let label_step = step.saturating_sub(3).min(2);
        let (value_step, was_step) = ((step + 1).min(STEP_MAX), step.saturating_sub(2));
        let across = px(width.floor());
        let mut label = match &tile.label {
            Some(_) => Some(self.room(Part::Label(at), label_step, across)?),
            None => None,
        };
        let (value, value_step, was) = match &tile.value {
            Value::Price(_, was) => {
                let value = self.room(Part::Value(at), value_step, across)?;
                let was = match was {
                    Some(_) => Some(self.room(Part::Was(at), was_step, across)?),
                    None => None,
                };
                (value, value_step, was)
            }
            Value::Live(kind, above) => {
                if let Some(above) = above {
                    label = Some(self.live(100 + at, above, false, label_step));
                }
                (self.live(at, kind, true, step), step, None)
            }
        };
        let beside = was.map_or(0.0, |was| self.was_gap(value_step) + was.width);
        let above = label.map_or(0.0, |label| label.height + self.label_gap(label_step));
        let room = TileRoom {
            label,
            label_step,
            value,
            value_step,
            was,
            was_step,
            across,
            width: (value.width + beside).max(label.map_or(0.0, |label| label.width)),
            height: above + value.height,
        };
        (room.width <= width).then_some(room)
    }

    fn was_gap(&self, value_step: u8) -> f32 {
        self.frame.size(value_step) * 0.28
    }

    fn label_gap(&self, label_step: u8) -> f32 {
        self.frame.size(label_step) * 0.65
    }

    /// Puts tiles into rows of a width. `None` when one of them does not fit.
    fn rows(&mut self, step: u8, width: f32) -> Option<Vec<Vec<(usize, TileRoom)>>> {
        let gap = self.tile_gap();
        let mut rows: Vec<Vec<(usize, TileRoom)>> = Vec::new();
        let mut left = 0.0;
        for at in 0..self.content.tiles.len() {
            let room = self.tile(at, step, width)?;
            match rows.last_mut() {
                Some(row) if room.width + gap <= left => {
                    left -= room.width + gap;
                    row.push((at, room));
                }
                _ => {
                    left = width - room.width;
                    rows.push(vec![(at, room)]);
                }
            }
        }
        Some(rows)
    }

    fn rows_height(&self, rows: &[Vec<(usize, TileRoom)>]) -> f32 {
        let heights: f32 = rows.iter().map(|row| row_height(row)).sum();
        heights + self.gap() * 1.4 * real(u32::try_from(rows.len().saturating_sub(1)).unwrap_or(0))
    }

    /// Steps of the scale that a size really is, also where small ones are raised to what can be read.
    fn steps(&self, step: u8) -> f32 {
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
        worth -= if headline.whole { 0.0 } else { 1.5 };
        worth -= if headline.lines > 3 { 0.5 } else { 0.0 };
        let mut smallest = f32::MAX;
        if let Some(body) = body {
            worth += 0.45 * self.steps(steps.body).min(2.4);
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
    fn body_gap(&self, headline: u8) -> f32 {
        (self.gap() * 0.8).max(self.frame.size(headline) * 0.45)
    }

    fn body_width(&self, step: u8, column: u32) -> u32 {
        column.min(px(self.frame.size(step) * BODY_EMS_MAX))
    }

    fn row_width(&self, row: &[(usize, TileRoom)]) -> f32 {
        let gaps = real(u32::try_from(row.len().saturating_sub(1)).unwrap_or(0)) * self.tile_gap();
        row.iter().map(|(_, room)| room.width).sum::<f32>() + gaps
    }

    /// Puts everything of a plan at its place.
    pub(super) fn place(&mut self, plan: &Plan, anchor: Anchor) -> Vec<Placed> {
        let mut placed = Vec::new();
        let done = match plan.flow {
            Flow::Down => self.place_down(plan, anchor, &mut placed),
            Flow::Along => self.place_along(plan, &mut placed),
        };
        debug_assert!(done.is_some(), "a plan is made of what was measured");
        if self.rtl {
            let (left, right) = (real(plan.area.x), real(plan.area.right()));
            for thing in &mut placed {
                thing.x = right - (thing.x - left) - thing.width;
            }
        }
        placed
    }

    fn place_down(&mut self, plan: &Plan, anchor: Anchor, placed: &mut Vec<Placed>) -> Option<()> {
        let area = plan.area;
        let (left, right) = (real(area.x), real(area.right()));
        let gap = self.gap();
        let rows = self.rows(plan.steps.value, real(area.width))?;
        let tiles = self.rows_height(&rows);
        let (_, top_height) = self.top_line();
        let mut y = real(area.y);
        self.place_top_line(left, right, y, top_height, placed);
        if top_height > 0.0 {
            y += top_height + gap * 1.6;
        }
        let words = self.words_height(plan)?;
        let block = self.rule() + gap + words;
        let free = real(area.bottom()) - y - block;
        if rows.is_empty() {
            y += match anchor {
                Anchor::Top => 0.0,
                Anchor::Middle => free * 0.5,
                Anchor::Bottom => free,
            };
        }
        placed.push(Placed {
            what: What::Rule,
            x: left,
            y,
            width: (self.frame.short * 0.09).min(real(area.width)),
            height: self.rule(),
        });
        self.place_words(plan, left, y + self.rule() + gap, placed)?;
        let mut y = real(area.bottom()) - tiles;
        for row in rows {
            let height = row_height(&row);
            let mut x = left;
            for (at, room) in row {
                self.place_tile(at, &room, x, y + height, placed);
                x += room.width + self.tile_gap();
            }
            y += height + gap * 1.4;
        }
        Some(())
    }

    fn place_along(&mut self, plan: &Plan, placed: &mut Vec<Placed>) -> Option<()> {
        let area = plan.area;
        let gap = self.gap();
        let middle = real(area.y) + real(area.height) / 2.0;
        let mut x = real(area.x);
        let (top_width, top_height) = self.top_line();
        if top_width > 0.0 {
            let right = x + top_width;
            self.place_top_line(x, right, middle - top_height / 2.0, top_height, placed);
            x = right + self.tile_gap();
        }
        let words = self.words_height(plan)?;
        let y = middle - words / 2.0;
        placed.push(Placed {
            what: What::Rule,
            x,
            y,
            width: self.rule(),
            height: words,
        });
        self.place_words(plan, x + self.rule() + gap, y, placed)?;
        let rows = self.rows(plan.steps.value, f32::from(u16::MAX))?;
        for row in rows {
            let height = row_height(&row);
            let mut x = real(area.right()) - self.row_width(&row);
            for (at, room) in row {
                self.place_tile(at, &room, x, middle + height / 2.0, placed);
                x += room.width + self.tile_gap();
            }
        }
        Some(())
    }

    fn words_height(&mut self, plan: &Plan) -> Option<f32> {
        let headline = self.room(Part::Headline, plan.steps.headline, plan.column)?;
        let body = match self.content.body {
            Some(_) => {
                let width = self.body_width(plan.steps.body, plan.column);
                self.room(Part::Body, plan.steps.body, width)?.height
                    + self.body_gap(plan.steps.headline)
            }
            None => 0.0,
        };
        Some(headline.height + body)
    }

    fn place_words(&mut self, plan: &Plan, x: f32, y: f32, placed: &mut Vec<Placed>) -> Option<()> {
        let mut below = y;
        let mut texts = vec![(Part::Headline, plan.steps.headline, plan.column)];
        if self.content.body.is_some() {
            let width = self.body_width(plan.steps.body, plan.column);
            texts.push((Part::Body, plan.steps.body, width));
        }
        for (part, step, width) in texts {
            let room = self.room(part, step, width)?;
            placed.push(Placed {
                what: What::Text(part, step, width),
                x,
                y: below,
                width: room.width,
                height: room.height,
            });
            below += room.height + self.body_gap(plan.steps.headline);
        }
        Some(())
    }

    /// The logo at the beginning of a line, clock and date at its end.
    fn place_top_line(
        &mut self,
        left: f32,
        right: f32,
        y: f32,
        height: f32,
        placed: &mut Vec<Placed>,
    ) {
        let logo = self.logo();
        if let Some((width, high)) = logo {
            placed.push(Placed {
                what: What::Logo,
                x: left,
                y: y + (height - high) / 2.0,
                width,
                height: high,
            });
        }
        let gap = self.gap();
        let status = self.status();
        let whole = status.iter().map(|room| room.width).sum::<f32>()
            + gap * real(u32::try_from(status.len().saturating_sub(1)).unwrap_or(0));
        let mut x = if logo.is_some() { right - whole } else { left };
        let foot = status
            .iter()
            .map(|room| room.height - room.ascent)
            .fold(0.0, f32::max);
        for (at, room) in status.iter().enumerate() {
            // All stand on one baseline.
            let top = y + height - foot - room.ascent;
            placed.push(Placed {
                what: What::Status(at, STATUS_STEP),
                x,
                y: top,
                width: room.width,
                height: room.height,
            });
            x += room.width + gap;
        }
    }

    fn place_tile(&self, at: usize, room: &TileRoom, x: f32, foot: f32, placed: &mut Vec<Placed>) {
        let top = foot - room.height;
        let live = matches!(self.content.tiles[at].value, Value::Live(..));
        if let Some(label) = room.label {
            let what = match &self.content.tiles[at].value {
                Value::Live(_, Some(_)) => What::LiveLabel(at, room.label_step),
                _ => What::Text(Part::Label(at), room.label_step, room.across),
            };
            placed.push(Placed {
                what,
                x,
                y: top,
                width: label.width,
                height: label.height,
            });
        }
        let value_top = foot - room.value.height;
        placed.push(Placed {
            what: if live {
                What::Live(at, room.value_step)
            } else {
                What::Text(Part::Value(at), room.value_step, room.across)
            },
            x,
            y: value_top,
            width: room.value.width,
            height: room.value.height,
        });
        if let Some(was) = room.was {
            placed.push(Placed {
                what: What::Text(Part::Was(at), room.was_step, room.across),
                x: x + room.value.width + self.was_gap(room.value_step),
                y: value_top + room.value.ascent - was.ascent,
                width: was.width,
                height: was.height,
            });
        }
    }
}

fn row_height(row: &[(usize, TileRoom)]) -> f32 {
    row.iter().map(|(_, room)| room.height).fold(0.0, f32::max)
}
