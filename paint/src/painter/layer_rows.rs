//! Rows of one layer of a frame: its slide, where the transition has it, and how much of it.
//!
//! Invariant: where either slide of a transition has its code, the pixels are those of one slide,
//! unmixed and in their place.

use passerby_compose::slide::Area;

use crate::frame::{Layer, rectangle};
use crate::painter::kept_slide::KeptSlide;
use crate::painter::mix::{BLOCK, WHOLE, cover, mix_each, mix_even, mix_of_two, share};
use crate::painter::moving::{MovingRows, PixelRange};
use crate::painter::scratch::Scratch;

/// A layer, ready to be painted row by row.
pub(super) struct LayerRows<'a> {
    slide: &'a KeptSlide,
    area: Area,
    /// For each column of the area the one of the slide, when their sizes differ.
    columns: Option<Vec<u32>>,
    moving: Option<MovingRows<'a>>,
    shift: i64,
    opacity: Opacity,
    calm: [PixelRange; 2],
    is_read: bool,
    code_square: PixelRange,
    pub(super) is_whole: bool,
}

enum Opacity {
    Whole,
    /// The same for each byte.
    Even([i16; BLOCK]),
    Each(Edge),
}

/// The edge of a wipe.
struct Edge {
    /// For each byte of a row of the area.
    shares: Vec<i16>,
    /// Columns that are wholly there, then those that are there in part; none of the others.
    whole: usize,
    seen: usize,
}

impl<'a> LayerRows<'a> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "pixels of an output"
    )]
    pub(super) fn new(layer: &Layer, slide: &'a KeptSlide) -> Self {
        let area = layer.area;
        let (wide, high) = slide.sizes.still;
        let columns = (wide != area.width).then(|| {
            (0..area.width)
                .map(|column| nearest(column, area.width, wide))
                .collect()
        });
        let moving = layer.moving.as_ref().zip(slide.picture.as_ref());
        let change = &layer.change;
        let width = rectangle(area)[2];
        let opacity = if change.edge_px - change.soft_px < width {
            let shares = (0..area.width)
                .flat_map(|column| [share(change.opacity_at(column as f32 + 0.5)); 4]);
            let shares: Vec<i16> = shares.collect();
            let columns = || shares.chunks_exact(4).map(|shares| shares[0]);
            let whole = columns().take_while(|share| *share == WHOLE).count();
            let seen = columns().take_while(|share| *share > 0).count();
            Opacity::Each(Edge {
                shares,
                whole,
                seen,
            })
        } else if change.opacity >= 1.0 {
            Opacity::Whole
        } else {
            Opacity::Even([share(change.opacity); BLOCK])
        };
        Self {
            slide,
            area,
            columns,
            moving: moving
                .map(|(numbers, picture)| MovingRows::new(numbers, picture, area, (wide, high))),
            shift: change.shift_px.round() as i64,
            opacity,
            calm: layer.calm.map(PixelRange::within),
            is_read: layer.is_read,
            code_square: PixelRange::within(layer.code_square),
            is_whole: layer.is_whole(),
        }
    }

    /// Tells whether it lies over all of an area.
    pub(super) fn covers(&self, area: Area) -> bool {
        self.is_whole && self.area.common(area) == Some(area)
    }

    /// Paints a row of a fade over a layer that covers all of it: both are read, and only what
    /// comes of them is written. Tells whether it could.
    pub(super) fn paint_with_below(&self, below: &Self, y: u32, from: u32, row: &mut [u8]) -> bool {
        let Opacity::Even(shares) = &self.opacity else {
            return false;
        };
        let to = from + u32::try_from(row.len() / 4).unwrap_or_default();
        let is_inside = (self.area.y..self.area.bottom()).contains(&y)
            && self.area.x <= from
            && to <= self.area.right();
        let is_calm = self.calm.iter().any(|calm| calm.has_row(i64::from(y)));
        if !is_inside || is_calm || self.shift != 0 {
            return false;
        }
        let (from, count) = (i64::from(from), row.len() / 4);
        let below = below.still_part(y, from, count);
        let Some((below, above)) = below.zip(self.still_part(y, from, count)) else {
            return false;
        };
        mix_of_two(row, below, above, shares);
        true
    }

    /// Paints its part of a row of the output that begins at column `from`.
    pub(super) fn paint(&self, y: u32, from: u32, row: &mut [u8], scratch: &mut Scratch) {
        let to = from + u32::try_from(row.len() / 4).unwrap_or_default();
        if !(self.area.y..self.area.bottom()).contains(&y) {
            return;
        }
        let first = i64::from(from.max(self.area.x));
        let end = i64::from(to.min(self.area.right()));
        let calm = self.calm.iter().filter(|calm| calm.has_row(i64::from(y)));
        let mut at = first;
        while at < end {
            let inside = calm
                .clone()
                .find(|calm| (calm.left..calm.right).contains(&at));
            let next = match inside {
                Some(calm) => calm.right.min(end),
                None => {
                    let later = calm.clone().map(|calm| calm.left);
                    later
                        .filter(|left| *left > at)
                        .min()
                        .unwrap_or(end)
                        .min(end)
                }
            };
            let start = usize_of(at - i64::from(from)) * 4;
            let stop = usize_of(next - i64::from(from)) * 4;
            let part = &mut row[start..stop];
            if inside.is_none() {
                self.paint_moved(y, at, part, scratch);
            } else if self.is_read {
                self.copy(y, at, part, scratch);
            }
            at = next;
        }
    }

    /// Paints a stretch without calm places.
    fn paint_moved(&self, y: u32, from: i64, row: &mut [u8], scratch: &mut Scratch) {
        let to = from + count_of(row);
        let start = from.max(i64::from(self.area.x) + self.shift);
        let end = to.min(i64::from(self.area.right()) + self.shift);
        if start >= end {
            return;
        }
        let row = &mut row[usize_of(start - from) * 4..usize_of(end - from) * 4];
        let hidden = (self.shift != 0 && self.code_square.has_row(i64::from(y))).then(|| {
            let within = |at: i64| (at + self.shift).clamp(start, end);
            (
                within(self.code_square.left),
                within(self.code_square.right),
            )
        });
        let Some((left, right)) = hidden.filter(|(left, right)| left < right) else {
            return self.mix(y, start, row, scratch);
        };
        let (before, row) = row.split_at_mut(usize_of(left - start) * 4);
        let (hidden, after) = row.split_at_mut(usize_of(right - left) * 4);
        self.mix(y, start, before, scratch);
        self.hide(y, left, hidden, scratch);
        self.mix(y, right, after, scratch);
    }

    /// Mixes a stretch of the slide in; columns are those of the output.
    fn mix(&self, y: u32, from: i64, row: &mut [u8], scratch: &mut Scratch) {
        match &self.opacity {
            Opacity::Whole => self.copy(y, from - self.shift, row, scratch),
            opacity => {
                let at_rest = from - self.shift;
                if let Some(above) = self.still_part(y, at_rest, row.len() / 4) {
                    return self.blend(opacity, from, row, above);
                }
                let mut above = std::mem::take(&mut scratch.row);
                above.resize(row.len(), 0);
                self.copy(y, at_rest, &mut above, scratch);
                self.blend(opacity, from, row, &above);
                scratch.row = above;
            }
        }
    }

    /// A stretch of the slide as it lies in memory, where that is what is seen of it at rest.
    fn still_part(&self, y: u32, from: i64, count: usize) -> Option<&[u8]> {
        if self.columns.is_some() {
            return None;
        }
        let slide = self.slide;
        let line = nearest(y - self.area.y, self.area.height, slide.sizes.still.1);
        let first = u32::try_from(from - i64::from(self.area.x)).ok()?;
        let end = first + u32::try_from(count).ok()?;
        let is_opaque = slide.holes(line).is_none_or(|holes| {
            holes.all.is_empty() || holes.all.end <= first || end <= holes.all.start
        });
        is_opaque.then(|| slide.still_row(line, first..end))
    }

    fn blend(&self, opacity: &Opacity, from: i64, row: &mut [u8], above: &[u8]) {
        match opacity {
            Opacity::Whole => row.copy_from_slice(above),
            Opacity::Even(shares) => mix_even(row, above, shares),
            Opacity::Each(edge) => {
                let first = usize_of(from - i64::from(self.area.x));
                let end = first + row.len() / 4;
                let [whole, seen] = [edge.whole, edge.seen].map(|at| at.clamp(first, end));
                let (whole, seen) = ((whole - first) * 4, (seen - first) * 4);
                row[..whole].copy_from_slice(&above[..whole]);
                let shares = &edge.shares[first * 4 + whole..first * 4 + seen];
                mix_each(&mut row[whole..seen], &above[whole..seen], shares);
            }
        }
    }

    /// What a slide in motion shows where its code square would be: half a code must not be seen,
    /// so each row leads from the pixel left of the code square over to the one right of it.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "pixels of an output, and a mix of two bytes"
    )]
    fn hide(&self, y: u32, from: i64, row: &mut [u8], scratch: &mut Scratch) {
        let (left, right) = (self.code_square.left - 1, self.code_square.right);
        let inside = |at: i64| {
            (i64::from(self.area.x)..i64::from(self.area.right()))
                .contains(&at)
                .then_some(at)
        };
        let mut pixel = |at: Option<i64>| {
            at.map(|at| {
                let mut pixel = [0; 4];
                self.copy(y, at, &mut pixel, scratch);
                pixel
            })
        };
        let (before, behind) = (pixel(inside(left)), pixel(inside(right)));
        let white = [255; 4];
        let first = before.or(behind).unwrap_or(white);
        let last = behind.or(before).unwrap_or(white);
        let mut hidden = Vec::with_capacity(row.len());
        for column in from..from + count_of(row) {
            let way = (column - self.shift - left) as f32 / (right - left) as f32;
            hidden.extend(first.iter().zip(&last).map(|(first, last)| {
                let (first, last) = (f32::from(*first), f32::from(*last));
                (first + (last - first) * way).round() as u8
            }));
        }
        self.blend(&self.opacity, from, row, &hidden);
    }

    /// Copies a stretch of the slide as it is at rest; columns are those of the output.
    fn copy(&self, y: u32, from: i64, row: &mut [u8], scratch: &mut Scratch) {
        let slide = self.slide;
        let down = y - self.area.y;
        let line = nearest(down, self.area.height, slide.sizes.still.1);
        let first = u32::try_from(from - i64::from(self.area.x)).unwrap_or_default();
        let end = first + u32::try_from(row.len() / 4).unwrap_or_default();
        let Some(holes) = slide.holes(line) else {
            return self.copy_still(line, first, row);
        };
        // Left of the row's holes, within them, and right of them. Where sizes differ, anywhere.
        let (from, to) = match self.columns {
            None => (holes.all.start, holes.all.end),
            Some(_) => (first, end),
        };
        let from = from.clamp(first, end);
        let to = to.clamp(from, end);
        let (before, rest) = row.split_at_mut((from - first) as usize * 4);
        let (within, after) = rest.split_at_mut((to - from) as usize * 4);
        self.copy_still(line, first, before);
        self.copy_still(line, to, after);
        let moving = self
            .moving
            .as_ref()
            .filter(|moving| moving.rows.contains(&down));
        let clear = match (moving, &self.columns) {
            // Where nothing lies above it the moving layer needs no mixing.
            (Some(moving), None) => {
                let start = holes.clear.start.max(moving.columns.start).clamp(from, to);
                start..holes.clear.end.min(moving.columns.end).clamp(start, to)
            }
            _ => from..from,
        };
        let (before, rest) = within.split_at_mut((clear.start - from) as usize * 4);
        let (shown, after) = rest.split_at_mut((clear.end - clear.start) as usize * 4);
        self.cover(moving, (line, down), from, before, scratch);
        if let Some(moving) = moving.filter(|_| !shown.is_empty()) {
            moving.row(down, clear.start, shown, scratch);
        }
        self.cover(moving, (line, down), clear.end, after, scratch);
    }

    /// Puts a stretch of the still layer over what of the moving layer shows through its holes.
    fn cover(
        &self,
        moving: Option<&MovingRows<'_>>,
        (line, down): (u32, u32),
        from: u32,
        row: &mut [u8],
        scratch: &mut Scratch,
    ) {
        if row.is_empty() {
            return;
        }
        let to = from + u32::try_from(row.len() / 4).unwrap_or_default();
        let seen = moving.map_or(to..to, |moving| {
            let start = moving.columns.start.clamp(from, to);
            start..moving.columns.end.clamp(start, to)
        });
        let mut below = std::mem::take(&mut scratch.moving);
        below.clear();
        below.resize(row.len(), 0);
        if let Some(moving) = moving.filter(|_| !seen.is_empty()) {
            let bytes = (seen.start - from) as usize * 4..(seen.end - from) as usize * 4;
            moving.row(down, seen.start, &mut below[bytes], scratch);
        }
        self.copy_still(line, from, row);
        cover(&mut below, row);
        row.copy_from_slice(&below);
        scratch.moving = below;
    }

    fn copy_still(&self, line: u32, first: u32, row: &mut [u8]) {
        let slide = self.slide;
        let count = u32::try_from(row.len() / 4).unwrap_or_default();
        match &self.columns {
            None => row.copy_from_slice(slide.still_row(line, first..first + count)),
            Some(columns) => {
                let still = slide.still_row(line, 0..slide.sizes.still.0);
                let columns = &columns[first as usize..][..count as usize];
                for (pixel, column) in row.chunks_exact_mut(4).zip(columns) {
                    let start = *column as usize * 4;
                    pixel.copy_from_slice(&still[start..start + 4]);
                }
            }
        }
    }
}

/// The pixel of a slide that a pixel of its area shows.
fn nearest(pixel: u32, side: u32, slide_px: u32) -> u32 {
    let place = (u64::from(pixel) * 2 + 1) * u64::from(slide_px) / (u64::from(side.max(1)) * 2);
    u32::try_from(place).unwrap_or_default().min(slide_px - 1)
}

fn usize_of(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

fn count_of(row: &[u8]) -> i64 {
    i64::try_from(row.len() / 4).unwrap_or_default()
}
