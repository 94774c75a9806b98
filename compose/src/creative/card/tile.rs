//! The room of a card's values, and the rows that they stand in.
//!
//! Invariant: the parts of a tile stand on one baseline, and its label above them.

use crate::creative::card::measure::{Measure, Part, Room, Value};
use crate::creative::card::stack::STEP_MAX;
use crate::raster::canvas::{px, real};

/// The room of one tile at the steps of its parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct TileRoom {
    pub(super) label: Option<Room>,
    pub(super) label_step: u8,
    pub(super) value: Room,
    pub(super) value_step: u8,
    pub(super) was: Option<Room>,
    pub(super) was_step: u8,
    /// What its texts were broken into, in whole pixels.
    pub(super) across: u32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Measure<'_> {
    /// Distance between tiles.
    pub(super) fn tile_gap(&self) -> f32 {
        self.gap() * 2.4
    }

    pub(super) fn tile(&mut self, at: usize, step: u8, width: f32) -> Option<TileRoom> {
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

    pub(super) fn was_gap(&self, value_step: u8) -> f32 {
        self.frame.size(value_step) * 0.28
    }

    pub(super) fn label_gap(&self, label_step: u8) -> f32 {
        self.frame.size(label_step) * 0.65
    }

    /// Puts tiles into rows of a width. `None` when one of them does not fit.
    pub(super) fn rows(&mut self, step: u8, width: f32) -> Option<Vec<Vec<(usize, TileRoom)>>> {
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

    pub(super) fn rows_height(&self, rows: &[Vec<(usize, TileRoom)>]) -> f32 {
        let heights: f32 = rows.iter().map(|row| row_height(row)).sum();
        heights + self.gap() * 1.4 * real(u32::try_from(rows.len().saturating_sub(1)).unwrap_or(0))
    }

    pub(super) fn row_width(&self, row: &[(usize, TileRoom)]) -> f32 {
        let gaps = real(u32::try_from(row.len().saturating_sub(1)).unwrap_or(0)) * self.tile_gap();
        row.iter().map(|(_, room)| room.width).sum::<f32>() + gaps
    }
}

pub(super) fn row_height(row: &[(usize, TileRoom)]) -> f32 {
    row.iter().map(|(_, room)| room.height).fold(0.0, f32::max)
}
