//! Rows of a video: luma and chroma, each scaled smoothly, into red, green and blue.
//!
//! The crate `yuv` converts a whole picture of 1920 × 1080 in 0.4 ms of a core, with the nearest
//! chroma. These lines take 0.9 ms where each pixel of the film is one of the output, block by
//! block, and 3 ms else. They convert the rows that are seen, at any size and turn, with chroma
//! where the standards put it, so that the picture is that of a GPU.
//!
//! Numbers are 16 bits wide, luma and chroma in 128ths of a step, so that one vector instruction
//! works on eight of them.

use crate::each_processor::for_each_processor;
use crate::painter::mix::{mix_wide, mix_wide_each};
use crate::painter::mixture::{BLOCK, Mixture, convert, convert_usual, is_usual};
use crate::painter::picture::side;
use crate::painter::scratch::Scratch;
use crate::painter::taps::{Tap, pairs_start, run_start, shares_of};

/// A video's planes, and where their columns and rows are seen.
pub(super) struct VideoRows<'a> {
    luma: &'a [u8],
    chroma: &'a [u8],
    width: usize,
    height: usize,
    is_turned: bool,
    chroma_shift: f32,
    colours: [Mixture; 3],
    luma_columns: Vec<Tap>,
    luma_shares: Vec<i16>,
    chroma_columns: Vec<Tap>,
    chroma_shares: Vec<i16>,
    run: Option<usize>,
    pairs: Option<usize>,
}

/// Chroma of no colour, in 128ths of a step.
const MIDDLE: i16 = 128 << 7;
/// Pairs of pixels that are filled at once where each is one of the film.
const PAIRS: usize = BLOCK;

impl<'a> VideoRows<'a> {
    pub(super) fn new(
        (luma, chroma): (&'a [u8], &'a [u8]),
        (width, height): (usize, usize),
        is_turned: bool,
        (chroma_shift, colours): (f32, [[f32; 4]; 3]),
        places: impl Iterator<Item = f32> + Clone,
    ) -> Self {
        let (length, shift) = if is_turned {
            (height, 0.0)
        } else {
            (width, chroma_shift)
        };
        let luma_columns: Vec<_> = places
            .clone()
            .map(|share| Tap::at(share * side(length), length))
            .collect();
        let half = length / 2;
        let chroma_columns: Vec<_> = places
            .map(|share| Tap::at((share + shift) * side(half), half))
            .collect();
        Self {
            luma,
            chroma,
            width,
            height,
            is_turned,
            chroma_shift,
            colours: colours.map(Mixture::of),
            run: run_start(&luma_columns).filter(|_| !is_turned),
            pairs: pairs_start(&chroma_columns).filter(|_| !is_turned),
            luma_shares: shares_of(&luma_columns, 1),
            chroma_shares: shares_of(&chroma_columns, 1),
            luma_columns,
            chroma_columns,
        }
    }

    /// Fills a row from a column on; `place` is the row's share of the picture.
    pub(super) fn row(&self, place: f32, from: usize, out: &mut [u8], scratch: &mut Scratch) {
        fill_row(self, place, from, out, scratch);
    }

    #[inline(always)]
    fn fill(&self, place: f32, from: usize, out: &mut [u8], scratch: &mut Scratch) {
        let filled = self.fill_blocks(place, from, out);
        self.fill_rest(place, from + filled, &mut out[filled * 4..], scratch);
    }

    /// Fills blocks of a row of which each pixel of the output is one of the film: what lies
    /// between reading and writing stays in the processor. Returns how many pixels it has filled.
    #[inline(always)]
    fn fill_blocks(&self, place: f32, from: usize, out: &mut [u8]) -> usize {
        let down = Tap::at(place * side(self.height), self.height);
        let (Some(run), Some(pairs)) = (self.run, self.pairs) else {
            return 0;
        };
        if down.share != 0 || !from.is_multiple_of(2) || !is_usual(&self.colours) {
            return 0;
        }
        let (width, height) = (self.width / 2, self.height / 2);
        let chroma_down = Tap::at(place * side(height), height);
        let first = pairs + from / 2;
        let line = |y: usize| &self.chroma[(y * width + first) * 2..(y + 1) * width * 2];
        let (above, below) = (line(chroma_down.first), line(chroma_down.second));
        let (above, below) = (above.as_chunks::<2>().0, below.as_chunks::<2>().0);
        let luma = &self.luma[down.first * self.width + run + from..(down.first + 1) * self.width];
        let lumas = luma.as_chunks::<2>().0.as_chunks::<PAIRS>().0;
        let blocks = out.as_chunks_mut::<8>().0.as_chunks_mut::<PAIRS>().0;
        let mut pairs = 0;
        for (out, luma) in blocks.iter_mut().zip(lumas) {
            // The last pair of a block leads to the first one of the next.
            let (Some(above), Some(below)) = (
                above[pairs..].first_chunk::<{ PAIRS + 1 }>(),
                below[pairs..].first_chunk::<{ PAIRS + 1 }>(),
            ) else {
                break;
            };
            let chroma = [above, below];
            fill_block(luma, chroma, chroma_down.share, &self.colours, out);
            pairs += PAIRS;
        }
        pairs * 2
    }

    #[inline(always)]
    fn fill_rest(&self, place: f32, from: usize, out: &mut [u8], scratch: &mut Scratch) {
        let count = out.len() / 4;
        // Pairs of columns stay whole, so that the quick way is open to every part of a row.
        let first = from & !1;
        let skipped = from - first;
        let columns = first..from + count;
        for room in [&mut scratch.luma, &mut scratch.cb, &mut scratch.cr] {
            room.resize(columns.len(), 0);
        }
        if self.is_turned {
            self.turned(place, columns.start, scratch);
        } else {
            self.upright_luma(place, columns.start, scratch);
            self.upright_chroma(place, columns.start, scratch);
        }
        convert(scratch, skipped, &self.colours, out);
    }

    #[inline(always)]
    fn upright_luma(&self, place: f32, from: usize, scratch: &mut Scratch) {
        let down = Tap::at(place * side(self.height), self.height);
        let line = |y: usize| &self.luma[y * self.width..(y + 1) * self.width];
        let (above, below) = (line(down.first), line(down.second));
        let luma = &mut scratch.luma;
        if let Some(start) = self.run {
            let seen = start + from..start + from + luma.len();
            let (above, below) = (&above[seen.clone()], &below[seen]);
            mix_wide(above, below, down.share, luma);
            return;
        }
        let columns = from..from + luma.len();
        let plane = self.luma.as_ptr().addr();
        let beside = &mut scratch.beside;
        let (above, below) = scratch.luma_lines.both(plane, down, |y, scaled| {
            let [first, second] = beside;
            self.spread_luma(&self.luma[y * self.width..][..self.width], first, second);
            scaled.resize(first.len(), 0);
            mix_wide_each(first, second, &self.luma_shares, scaled);
        });
        let (above, below) = (&above[columns.clone()], &below[columns]);
        mix_lines(above, below, down.share, &mut scratch.down, luma);
    }

    /// The two pixels that each column lies between.
    #[inline(always)]
    fn spread_luma(&self, row: &[u8], first: &mut Vec<i16>, second: &mut Vec<i16>) {
        let columns = &self.luma_columns;
        first.resize(columns.len(), 0);
        second.resize(columns.len(), 0);
        for ((first, second), tap) in first.iter_mut().zip(second).zip(columns) {
            *first = i16::from(row[tap.first]) << 7;
            *second = i16::from(row[tap.second]) << 7;
        }
    }

    /// The same of chroma: each column's Cb, then each column's Cr.
    #[inline(always)]
    fn spread_chroma(&self, row: &[[u8; 2]], first: &mut Vec<i16>, second: &mut Vec<i16>) {
        let columns = &self.chroma_columns;
        let wide = |level: u8| (i16::from(level) << 7) - MIDDLE;
        for (numbers, is_second) in [(first, false), (second, true)] {
            numbers.resize(columns.len() * 2, 0);
            let (blues, reds) = numbers.split_at_mut(columns.len());
            for ((blue, red), tap) in blues.iter_mut().zip(reds).zip(columns) {
                let [cb, cr] = row[if is_second { tap.second } else { tap.first }];
                *blue = wide(cb);
                *red = wide(cr);
            }
        }
    }

    /// Chroma of a picture that is scaled across.
    #[inline(always)]
    fn scaled_chroma(&self, down: Tap, from: usize, scratch: &mut Scratch) {
        let width = self.width / 2;
        let all = self.chroma_columns.len();
        let plane = self.chroma.as_ptr().addr();
        let beside = &mut scratch.beside;
        let (above, below) = scratch.chroma_lines.both(plane, down, |y, scaled| {
            let [first, second] = beside;
            let row = &self.chroma[y * width * 2..][..width * 2];
            self.spread_chroma(row.as_chunks().0, first, second);
            scaled.resize(first.len(), 0);
            let halves = first.chunks_exact(all).zip(second.chunks_exact(all));
            for (scaled, (first, second)) in scaled.chunks_exact_mut(all).zip(halves) {
                mix_wide_each(first, second, &self.chroma_shares, scaled);
            }
        });
        let columns = from..from + scratch.luma.len();
        for (half, out) in [&mut scratch.cb, &mut scratch.cr].into_iter().enumerate() {
            let part = half * all + columns.start..half * all + columns.end;
            let (above, below) = (&above[part.clone()], &below[part]);
            mix_lines(above, below, down.share, &mut scratch.down, out);
        }
    }

    #[inline(always)]
    fn upright_chroma(&self, place: f32, from: usize, scratch: &mut Scratch) {
        let (width, height) = (self.width / 2, self.height / 2);
        let down = Tap::at(place * side(height), height);
        let line = |y: usize| &self.chroma[y * width * 2..(y + 1) * width * 2];
        let (above, below) = (line(down.first), line(down.second));
        let Some(start) = self.pairs else {
            return self.scaled_chroma(down, from, scratch);
        };
        let least = start + from / 2;
        let most = (start + (from + scratch.luma.len()) / 2).min(width - 1);
        let seen = least * 2..(most + 1) * 2;
        scratch.wide.resize(seen.len(), 0);
        let (above, below) = (&above[seen.clone()], &below[seen]);
        mix_wide(above, below, down.share, &mut scratch.wide);
        let [blues, reds] = &mut scratch.pairs;
        for room in [&mut *blues, &mut *reds] {
            room.resize(most - least + 2, 0);
        }
        let rooms = blues.iter_mut().zip(reds.iter_mut());
        for ((blue, red), wide) in rooms.zip(scratch.wide.as_chunks::<2>().0) {
            let [cb, cr] = *wide;
            *blue = cb - MIDDLE;
            *red = cr - MIDDLE;
        }
        for (out, pairs) in [(&mut scratch.cb, blues), (&mut scratch.cr, reds)] {
            // What lies beside the picture is its last pixel once more.
            let last = pairs.len() - 1;
            pairs[last] = pairs[last - 1];
            spread(pairs, out);
        }
    }

    /// Of a turned picture a row of the output is a column.
    fn turned(&self, place: f32, from: usize, scratch: &mut Scratch) {
        let width = self.width / 2;
        let luma_column = Tap::at(place * side(self.width), self.width);
        let chroma_column = Tap::at((place + self.chroma_shift) * side(width), width);
        let columns = self.luma_columns[from..]
            .iter()
            .zip(&self.chroma_columns[from..]);
        let rooms = scratch.luma.iter_mut().zip(&mut scratch.cb);
        let rooms = rooms.zip(&mut scratch.cr);
        for (((luma, cb), cr), (luma_row, chroma_row)) in rooms.zip(columns) {
            let at = |x, y| i16::from(self.luma[y * self.width + x]) << 7;
            *luma = both_ways(luma_column, *luma_row, at);
            let chroma = |channel: usize| {
                both_ways(chroma_column, *chroma_row, |x, y| {
                    (i16::from(self.chroma[(y * width + x) * 2 + channel]) << 7) - MIDDLE
                })
            };
            (*cb, *cr) = (chroma(0), chroma(1));
        }
    }
}

/// Turns a block of luma and the two rows of chroma that it lies between into colours; the steps
/// are those of [`mix_wide`] and [`spread`]. The first pixels of pairs and the second ones go
/// apart, bytes are taken out of numbers, and each loop makes one row: so no vector is put together
/// piece by piece.
#[inline(always)]
#[allow(clippy::cast_possible_wrap, reason = "half of 16 bits is 15")]
fn fill_block(
    luma: &[[u8; 2]; PAIRS],
    [above, below]: [&[[u8; 2]; PAIRS + 1]; 2],
    share: u16,
    colours: &[Mixture; 3],
    out: &mut [[u8; 8]; PAIRS],
) {
    let rest = 256 - share;
    let mixed = |above: u16, below: u16| ((above * rest + below * share) >> 1) as i16 - MIDDLE;
    let (mut words_above, mut words_below) = ([0; PAIRS + 1], [0; PAIRS + 1]);
    for (words, line) in [(&mut words_above, above), (&mut words_below, below)] {
        for (word, bytes) in words.iter_mut().zip(line) {
            *word = u16::from_le_bytes(*bytes);
        }
    }
    let (mut cb, mut cr) = ([0; PAIRS + 1], [0; PAIRS + 1]);
    for ((cb, above), below) in cb.iter_mut().zip(&words_above).zip(&words_below) {
        *cb = mixed(above & 255, below & 255);
    }
    for ((cr, above), below) in cr.iter_mut().zip(&words_above).zip(&words_below) {
        *cr = mixed(above >> 8, below >> 8);
    }
    let (mut next_cb, mut next_cr) = ([0; PAIRS], [0; PAIRS]);
    for (next, row) in [(&mut next_cb, &cb), (&mut next_cr, &cr)] {
        for ((out, here), next) in next.iter_mut().zip(row).zip(&row[1..]) {
            *out = (here + next) >> 1;
        }
    }
    let (mut first, mut second) = ([0; PAIRS], [0; PAIRS]);
    for (first, bytes) in first.iter_mut().zip(luma) {
        *first = ((u16::from_le_bytes(*bytes) & 255) << 7) as i16;
    }
    for (second, bytes) in second.iter_mut().zip(luma) {
        *second = ((u16::from_le_bytes(*bytes) >> 8) << 7) as i16;
    }
    let ([cb @ .., _], [cr @ .., _]) = (&cb, &cr);
    let (mut firsts, mut seconds) = ([[0; 4]; PAIRS], [[0; 4]; PAIRS]);
    convert_usual([&first, cb, cr], colours, &mut firsts);
    convert_usual([&second, &next_cb, &next_cr], colours, &mut seconds);
    for ((out, first), second) in out.iter_mut().zip(&firsts).zip(&seconds) {
        let [first, second] = [first, second].map(|pixel| u64::from(u32::from_le_bytes(*pixel)));
        *out = (first | second << 32).to_le_bytes();
    }
}

/// Mixes two rows by one share, in 256ths.
#[inline(always)]
fn mix_lines(above: &[i16], below: &[i16], share: u16, shares: &mut Vec<i16>, out: &mut [i16]) {
    if share == 0 {
        out.copy_from_slice(above);
        return;
    }
    // As a row: a number that stays the same would be widened before the loop.
    shares.clear();
    shares.resize(out.len(), i16::try_from(share << 7).unwrap_or(i16::MAX));
    mix_wide_each(above, below, shares, out);
}

for_each_processor! {
    fn fill_row(
        rows: &VideoRows<'_>,
        place: f32,
        from: usize,
        out: &mut [u8],
        scratch: &mut Scratch,
    ) {
        rows.fill(place, from, out, scratch);
    }
}

fn both_ways(across: Tap, down: Tap, at: impl Fn(usize, usize) -> i16) -> i16 {
    let line = |y: usize| between(at(across.first, y), at(across.second, y), across.share);
    between(line(down.first), line(down.second), down.share)
}

#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "what lies between two numbers is no larger"
)]
fn between(first: i16, second: i16, share: u16) -> i16 {
    let far = i32::from(second) - i32::from(first);
    (i32::from(first) + ((far * i32::from(share) + 128) >> 8)) as i16
}

/// Has each number stand for two pixels, the second one half way to the next number.
#[inline(always)]
fn spread(pairs: &[i16], out: &mut [i16]) {
    let (twos, one) = out.as_chunks_mut::<2>();
    let left = twos.len();
    let next = pairs.iter().skip(1);
    for (two, (here, next)) in twos.iter_mut().zip(pairs.iter().zip(next)) {
        *two = [*here, (here + next) >> 1];
    }
    if let ([one], Some(here)) = (one, pairs.get(left)) {
        *one = *here;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "small numbers"
    )]
    fn blocks_of_a_row_have_the_colours_of_its_other_pixels() {
        let (width, height) = (322, 8);
        let luma: Vec<u8> = (0..width * height)
            .map(|at| (at * 37 % 251) as u8)
            .collect();
        let chroma: Vec<u8> = (0..width * height / 2)
            .map(|at| (at * 53 % 241) as u8)
            .collect();
        let colours = [
            [1.164_384, 0.0, 1.792_741, -0.972_945],
            [1.164_384, -0.213_249, -0.532_909, 0.301_483],
            [1.164_384, 2.112_402, 0.0, -1.133_402],
        ];
        // A part of the picture, and all of it; chroma lies on the first pixel of each pair.
        for (first, seen) in [(0, width), (6, 300), (64, 258)] {
            let places = (first..first + seen).map(|x| (x as f32 + 0.5) / width as f32);
            let shift = 0.25 / (width / 2) as f32;
            let planes = (&luma[..], &chroma[..]);
            let rows = VideoRows::new(planes, (width, height), false, (shift, colours), places);
            for y in 0..height {
                let place = (y as f32 + 0.5) / height as f32;
                let mut scratch = Scratch::default();
                let (mut blocks, mut rest) = (vec![0; seen * 4], vec![1; seen * 4]);
                assert!(rows.fill_blocks(place, 0, &mut blocks) >= 2 * PAIRS);
                rows.fill(place, 0, &mut blocks, &mut scratch);
                rows.fill_rest(place, 0, &mut rest, &mut scratch);
                assert_eq!(blocks, rest, "{seen} pixels from {first}, row {y}");
            }
        }
    }

    #[test]
    fn a_number_for_two_pixels_stands_for_the_first_and_for_half_the_way_to_the_next() {
        for (pixels, wanted) in [
            (4, vec![10, 15, 20, 25]),
            (3, vec![10, 15, 20]),
            (0, vec![]),
        ] {
            let mut out = vec![0; pixels];
            spread(&[10, 20, 30], &mut out);
            assert_eq!(out, wanted);
        }
    }
}
