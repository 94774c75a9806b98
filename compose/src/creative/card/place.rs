//! Puts the parts of a planned stack at their places.
//!
//! Invariant: everything stays in the plan's rectangle; cards that read from right to left are its
//! mirror image.

use crate::creative::card::measure::{Measure, Part, Value};
use crate::creative::card::stack::{Anchor, Flow, Placed, Plan, STATUS_STEP, StackContent};
use crate::creative::card::tile::{TileRoom, row_height};
use crate::raster::canvas::real;

impl Measure<'_> {
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
            what: StackContent::Rule,
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
            what: StackContent::Rule,
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
                what: StackContent::Text(part, step, width),
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
                what: StackContent::Logo,
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
                what: StackContent::Status(at, STATUS_STEP),
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
                Value::Live(_, Some(_)) => StackContent::LiveLabel(at, room.label_step),
                _ => StackContent::Text(Part::Label(at), room.label_step, room.across),
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
                StackContent::Live(at, room.value_step)
            } else {
                StackContent::Text(Part::Value(at), room.value_step, room.across)
            },
            x,
            y: value_top,
            width: room.value.width,
            height: room.value.height,
        });
        if let Some(was) = room.was {
            placed.push(Placed {
                what: StackContent::Text(Part::Was(at), room.was_step, room.across),
                x: x + room.value.width + self.was_gap(room.value_step),
                y: value_top + room.value.ascent - was.ascent,
                width: was.width,
                height: was.height,
            });
        }
    }
}
