//! Rows of a moving picture: scaled smoothly, turned, or just copied.

use crate::painter::mix::{mix_wide, mix_wide_each, share};
use crate::painter::scratch::Scratch;
use crate::painter::taps::{Tap, ends_of, run_start, shares_of};

/// A picture, and where its columns and rows are seen.
pub(super) struct PictureRows<'a> {
    pixels: &'a [u8],
    /// Pixels a row.
    width: usize,
    height: usize,
    is_turned: bool,
    /// For each column of the output: of the picture's columns, or of its rows if it is turned.
    columns: Vec<Tap>,
    /// Of each column four times, for the bytes of a pixel.
    shares: Vec<i16>,
    run: Option<usize>,
}

impl<'a> PictureRows<'a> {
    /// Works out which pixels each column shows; `place` gives the share of the picture.
    pub(super) fn new(
        pixels: &'a [u8],
        (width, height): (usize, usize),
        is_turned: bool,
        places: impl Iterator<Item = f32>,
    ) -> Self {
        let length = if is_turned { height } else { width };
        let columns: Vec<_> = places
            .map(|share| Tap::at(share * side(length), length))
            .collect();
        let run = run_start(&columns);
        Self {
            pixels,
            width,
            height,
            is_turned,
            shares: shares_of(&columns, 4),
            columns,
            run,
        }
    }

    /// Fills a row from a column on; `place` is the row's share of the picture.
    pub(super) fn row(&self, place: f32, from: usize, out: &mut [u8], scratch: &mut Scratch) {
        let columns = &self.columns[from..from + out.len() / 4];
        if self.is_turned {
            return self.turned(Tap::at(place * side(self.width), self.width), columns, out);
        }
        let across = Tap::at(place * side(self.height), self.height);
        let line = |y: usize| &self.pixels[y * self.width * 4..(y + 1) * self.width * 4];
        let (first, second) = (line(across.first), line(across.second));
        if let (0, Some(start)) = (across.share, self.run) {
            let start = (start + from) * 4;
            out.copy_from_slice(&first[start..start + out.len()]);
            return;
        }
        // Only the part of the picture that these columns show.
        let (least, most) = ends_of(columns);
        let bytes = least * 4..(most + 1) * 4;
        scratch.wide.resize(bytes.len(), 0);
        let (first, second) = (&first[bytes.clone()], &second[bytes]);
        mix_wide(first, second, across.share, &mut scratch.wide);
        let (pixels, _) = scratch.wide.as_chunks::<4>();
        let [first, second] = &mut scratch.beside;
        first.resize(out.len(), 0);
        second.resize(out.len(), 0);
        let both = first
            .as_chunks_mut()
            .0
            .iter_mut()
            .zip(second.as_chunks_mut().0);
        for ((first, second), tap) in both.zip(columns) {
            *first = pixels[tap.first - least];
            *second = pixels[tap.second - least];
        }
        scratch.mixed.resize(out.len(), 0);
        let shares = &self.shares[from * 4..from * 4 + out.len()];
        mix_wide_each(first, second, shares, &mut scratch.mixed);
        for (byte, mixed) in out.iter_mut().zip(&scratch.mixed) {
            *byte = in_whole_steps(*mixed);
        }
    }

    /// Of a turned picture a row of the output is a column.
    fn turned(&self, down: Tap, columns: &[Tap], out: &mut [u8]) {
        let at = |x: usize, y: usize| {
            let start = (y * self.width + x) * 4;
            &self.pixels[start..start + 4]
        };
        let wide = |y: usize| {
            let mut wide = [0; 4];
            mix_wide(at(down.first, y), at(down.second, y), down.share, &mut wide);
            wide
        };
        for (pixel, tap) in out.chunks_exact_mut(4).zip(columns) {
            if down.share == 0 && tap.share == 0 {
                pixel.copy_from_slice(at(down.first, tap.first));
            } else {
                let mut mixed = [0; 4];
                let shares = [share(f32::from(tap.share) / 256.0); 4];
                mix_wide_each(&wide(tap.first), &wide(tap.second), &shares, &mut mixed);
                pixel.copy_from_slice(&mixed.map(in_whole_steps));
            }
        }
    }
}

/// From 128ths of a step.
#[inline]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mix of bytes is one"
)]
fn in_whole_steps(mixed: i16) -> u8 {
    ((mixed + 64) >> 7) as u8
}

/// A side as a number to multiply with.
#[allow(
    clippy::cast_precision_loss,
    reason = "pixels of a picture fit 24 bits by far"
)]
pub(super) fn side(pixels: usize) -> f32 {
    pixels as f32
}
