//! Rows of a strip that runs.

use crate::painter::mix::{BLOCK, mix, mix_of_two, share};
use crate::painter::scratch::Scratch;

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
    pub(super) fn row(&self, place: f32, from: usize, out: &mut [u8], scratch: &mut Scratch) {
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
            // One pixel more than is seen: each is mixed with the next.
            let (strip, bytes) = (&mut scratch.strip, out.len());
            strip.resize(bytes + 4, 0);
            self.copy(left, row, strip);
            mix_of_two(out, &strip[..bytes], &strip[4..], &[share(part); BLOCK]);
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

    /// Copies pixels that follow each other, piece by piece.
    fn copy(&self, place: i64, row: usize, out: &mut [u8]) {
        let mut along = self.along(place);
        let mut filled = 0;
        let wanted = out.len() / 4;
        while filled < wanted {
            let left = along % self.row_px;
            let count = (self.row_px - left)
                .min(self.length - along)
                .min(wanted - filled);
            let start = ((along / self.row_px * self.height + row) * self.row_px + left) * 4;
            out[filled * 4..(filled + count) * 4]
                .copy_from_slice(&self.pixels[start..start + count * 4]);
            filled += count;
            along = (along + count) % self.length;
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
