//! Rows of a strip that runs.

use crate::painter::mix::{BLOCK, mix, mix_of_two, share};

/// A strip, and where its columns and rows are seen.
pub(super) struct StripRows<'a> {
    pixels: &'a [u8],
    /// Pixels a row of the memory that it lies in.
    row_px: usize,
    height: usize,
    length: usize,
    is_turned: bool,
    /// For each column of the output: a place along the strip, or across it if it is turned.
    columns: Vec<f32>,
    /// Whether each column is one pixel further than the one before.
    is_run: bool,
}

impl<'a> StripRows<'a> {
    pub(super) fn new(
        pixels: &'a [u8],
        [row_px, height, length]: [usize; 3],
        is_turned: bool,
        places: impl Iterator<Item = f32>,
    ) -> Self {
        let columns: Vec<f32> = places.collect();
        let first = columns.first().copied().unwrap_or_default();
        let is_run = !is_turned
            && columns
                .iter()
                .enumerate()
                .all(|(n, place)| (*place - first - step(n)).abs() < 1.0 / 64.0);
        Self {
            pixels,
            row_px,
            height,
            length,
            is_turned,
            columns,
            is_run,
        }
    }

    /// Fills a row from a column on; `place` is the row's, in pixels of the strip.
    pub(super) fn row(&self, place: f32, from: usize, out: &mut [u8]) {
        let columns = &self.columns[from..from + out.len() / 4];
        if self.is_turned {
            let (left, part) = parted(place);
            for (pixel, across) in out.chunks_exact_mut(4).zip(columns) {
                let row = self.row_at(*across);
                pixel.copy_from_slice(self.pixel(left, row));
                mix(pixel, self.pixel(left + 1, row), share(part));
            }
            return;
        }
        let row = self.row_at(place);
        if self.is_run {
            let (left, part) = parted(columns.first().copied().unwrap_or_default());
            self.run(left, row, share(part), out);
            return;
        }
        for (pixel, along) in out.chunks_exact_mut(4).zip(columns) {
            let (left, part) = parted(*along);
            pixel.copy_from_slice(self.pixel(left, row));
            mix(pixel, self.pixel(left + 1, row), share(part));
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rows of a strip"
    )]
    fn row_at(&self, place: f32) -> usize {
        (place.floor().max(0.0) as usize).min(self.height - 1)
    }

    /// The strip's place, in the turn of it that its memory holds.
    #[allow(
        clippy::cast_possible_wrap,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pixels of a strip"
    )]
    fn along(&self, place: i64) -> usize {
        place.rem_euclid(self.length as i64) as usize
    }

    fn pixel(&self, place: i64, row: usize) -> &[u8] {
        let along = self.along(place);
        let row = along / self.row_px * self.height + row;
        let start = (row * self.row_px + along % self.row_px) * 4;
        &self.pixels[start..start + 4]
    }

    /// Fills a row with pixels that follow each other, each mixed with the next, piece by piece as
    /// they lie in memory.
    fn run(&self, place: i64, row: usize, share: i16, out: &mut [u8]) {
        let mut along = self.along(place);
        let (mut out, shares) = (out, [share; BLOCK]);
        while !out.is_empty() {
            let left = along % self.row_px;
            let rest = (self.row_px - left).min(self.length - along);
            let start = ((along / self.row_px * self.height + row) * self.row_px + left) * 4;
            // The last pixel of a piece is followed by the first one of another.
            let count = (rest - 1).min(out.len() / 4);
            let (piece, after) = out.split_at_mut(count * 4);
            let bytes = piece.len();
            let (these, next) = (&self.pixels[start..], &self.pixels[start + 4..]);
            mix_of_two(piece, &these[..bytes], &next[..bytes], &shares);
            along = (along + count) % self.length;
            out = after;
            if count + 1 == rest && !out.is_empty() {
                let (last, after) = out.split_at_mut(4);
                let at = i64::try_from(along).unwrap_or_default();
                last.copy_from_slice(self.pixel(at, row));
                mix(last, self.pixel(at + 1, row), share);
                along = (along + 1) % self.length;
                out = after;
            }
        }
    }
}

/// The pixel left of a place, and how far from its middle the place is.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "pixels of a strip"
)]
fn parted(place: f32) -> (i64, f32) {
    let left = (place - 0.5).floor();
    (left as i64, place - 0.5 - left)
}

#[allow(clippy::cast_precision_loss, reason = "columns of an output")]
fn step(column: usize) -> f32 {
    column as f32
}
