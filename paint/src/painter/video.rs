//! Rows of a video: luma and chroma, each scaled smoothly, into red, green and blue.
//!
//! The crate `yuv` converts a whole picture of 1920 × 1080 in 0.4 ms of a core, with the nearest
//! chroma; these lines take 3 ms. They convert the rows that are seen, at any size and turn, with
//! chroma where the standards put it, so that the picture is that of a GPU.
//!
//! Numbers are 16 bits wide, luma and chroma in 128ths of a step, so that one vector instruction
//! works on eight of them.

use crate::each_processor::for_each_processor;
use crate::painter::mix::{mix_wide, mix_wide_each, upper_half};
use crate::painter::picture::side;
use crate::painter::scratch::Scratch;
use crate::painter::taps::{Tap, ends_of, pairs_start, run_start, shares_of};

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
/// Pixels that are converted at once.
const BLOCK: usize = 64;

/// How much of luma and chroma makes a colour: shares of 4 in 32,768ths, and what is added in
/// 16ths of a step.
///
/// A share stands there once for each pixel of a block. One that stays the same would be widened
/// before the loop, and then no vector instruction multiplies it.
struct Mixture {
    luma: [i16; BLOCK],
    cb: [i16; BLOCK],
    cr: [i16; BLOCK],
    offset: i16,
}

impl Mixture {
    /// From numbers for luma and chroma of 0 to 1.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "no standard has a share of 4, or an offset of 2,000 steps"
    )]
    fn of([luma, cb, cr, offset]: [f32; 4]) -> Self {
        let share = |share: f32| [(share * 8_192.0).round() as i16; BLOCK];
        // Chroma is counted from its middle.
        let offset = offset * 255.0 + (cb + cr) * 128.0;
        Self {
            luma: share(luma),
            cb: share(cb),
            cr: share(cr),
            // Half a step rounds; one and a half 16ths are what three products lose on average.
            offset: (offset * 16.0 + 9.5).round() as i16,
        }
    }

    /// The levels of a block's pixels, or of fewer.
    #[inline(always)]
    fn levels(&self, luma: &[i16], cb: &[i16], cr: &[i16], levels: &mut [u8]) {
        let numbers = luma.iter().zip(cb).zip(cr);
        let shares = self.luma.iter().zip(&self.cb).zip(&self.cr);
        for (level, (((luma, cb), cr), ((of_luma, of_cb), of_cr))) in
            levels.iter_mut().zip(numbers.zip(shares))
        {
            let sum = upper_half(*luma, *of_luma)
                + upper_half(*cb, *of_cb)
                + upper_half(*cr, *of_cr)
                + self.offset;
            *level = byte(sum >> 4);
        }
    }
}

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
        scratch.wide.resize(self.width, 0);
        mix_wide(above, below, down.share, &mut scratch.wide);
        let columns = from..from + luma.len();
        let [first, second] = &mut scratch.beside;
        first.clear();
        second.clear();
        for tap in &self.luma_columns[columns.clone()] {
            first.push(scratch.wide[tap.first]);
            second.push(scratch.wide[tap.second]);
        }
        mix_wide_each(first, second, &self.luma_shares[columns], luma);
    }

    #[inline(always)]
    fn upright_chroma(&self, place: f32, from: usize, scratch: &mut Scratch) {
        let (width, height) = (self.width / 2, self.height / 2);
        let down = Tap::at(place * side(height), height);
        let line = |y: usize| &self.chroma[y * width * 2..(y + 1) * width * 2];
        let (above, below) = (line(down.first), line(down.second));
        let columns = &self.chroma_columns[from..from + scratch.luma.len()];
        let shares = &self.chroma_shares[from..from + scratch.luma.len()];
        let (least, most) = match self.pairs {
            Some(start) => (start + from / 2, start + (from + columns.len()) / 2),
            None => ends_of(columns),
        };
        let most = most.min(width - 1);
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
            if self.pairs.is_some() {
                spread(pairs, out);
            } else {
                let [first, second] = &mut scratch.beside;
                first.clear();
                second.clear();
                for tap in columns {
                    first.push(pairs[tap.first - least]);
                    second.push(pairs[tap.second - least]);
                }
                mix_wide_each(first, second, shares, out);
            }
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

/// Turns a block into colours when its standard has the usual zeros: no Cb in red, no Cr in blue,
/// and as much luma in each colour. The steps are those of [`Mixture::levels`].
#[inline(always)]
fn convert_usual(
    [luma, cb, cr]: [&[i16; BLOCK]; 3],
    [red, green, blue]: &[Mixture; 3],
    out: &mut [[u8; 4]; BLOCK],
) {
    let mut levels = [[0; BLOCK]; 3];
    for at in 0..BLOCK {
        let grey = upper_half(luma[at], green.luma[at]);
        let sums = [
            grey + upper_half(cr[at], red.cr[at]) + red.offset,
            grey + upper_half(cb[at], green.cb[at])
                + upper_half(cr[at], green.cr[at])
                + green.offset,
            grey + upper_half(cb[at], blue.cb[at]) + blue.offset,
        ];
        for (levels, sum) in levels.iter_mut().zip(sums) {
            levels[at] = byte(sum >> 4);
        }
    }
    let [red, green, blue] = &levels;
    for at in 0..BLOCK {
        out[at] = pixel(red[at], green[at], blue[at]);
    }
}

/// One number, since four bytes would be put together in memory first.
#[inline(always)]
fn pixel(red: u8, green: u8, blue: u8) -> [u8; 4] {
    let [red, green, blue] = [red, green, blue].map(u32::from);
    (blue | green << 8 | red << 16 | 255 << 24).to_le_bytes()
}

#[inline(always)]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte"
)]
fn byte(level: i16) -> u8 {
    level.clamp(0, 255) as u8
}

/// Turns a row of luma and chroma into colours, leaving out so many pixels at its beginning.
#[inline(always)]
fn convert(scratch: &mut Scratch, skipped: usize, colours: &[Mixture; 3], out: &mut [u8]) {
    let count = out.len() / 4;
    let mut luma = &scratch.luma[skipped..][..count];
    let mut cb = &scratch.cb[skipped..][..count];
    let mut cr = &scratch.cr[skipped..][..count];
    let mut out = out.as_chunks_mut::<4>().0;
    let [red, green, blue] = colours;
    let is_usual = red.cb[0] == 0
        && blue.cr[0] == 0
        && red.luma[0] == green.luma[0]
        && green.luma[0] == blue.luma[0];
    if is_usual {
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let (lumas, rest_of_luma) = luma.as_chunks::<BLOCK>();
        let (cbs, rest_of_cb) = cb.as_chunks::<BLOCK>();
        let (crs, rest_of_cr) = cr.as_chunks::<BLOCK>();
        for (((block, luma), cb), cr) in blocks.iter_mut().zip(lumas).zip(cbs).zip(crs) {
            convert_usual([luma, cb, cr], colours, block);
        }
        (out, luma, cb, cr) = (rest, rest_of_luma, rest_of_cb, rest_of_cr);
    }
    let count = out.len();
    for (row, mixture) in scratch.levels.iter_mut().zip(colours) {
        row.resize(count, 0);
        let numbers = luma
            .chunks(BLOCK)
            .zip(cb.chunks(BLOCK))
            .zip(cr.chunks(BLOCK));
        for (levels, ((luma, cb), cr)) in row.chunks_mut(BLOCK).zip(numbers) {
            mixture.levels(luma, cb, cr, levels);
        }
    }
    let [red, green, blue] = &scratch.levels;
    let levels = red.iter().zip(green).zip(blue);
    for (out, ((red, green), blue)) in out.iter_mut().zip(levels) {
        *out = pixel(*red, *green, *blue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_within_one_step_of_the_exact_ones() {
        // BT.709, of video range.
        let rows = [
            [1.164_384, 0.0, 1.792_741, -0.972_945],
            [1.164_384, -0.213_249, -0.532_909, 0.301_483],
            [1.164_384, 2.112_402, 0.0, -1.133_402],
        ];
        for row in rows {
            let mixture = Mixture::of(row);
            for luma in (0..=255_u8).step_by(3) {
                for cb in (0..=255_u8).step_by(5) {
                    for cr in (0..=255_u8).step_by(5) {
                        let [l, b, r] = [luma, cb, cr].map(f32::from);
                        let exact = row[0] * l + row[1] * b + row[2] * r + row[3] * 255.0;
                        let middle = |chroma: u8| (i16::from(chroma) - 128) << 7;
                        let mut seen = [0];
                        let wide = [i16::from(luma) << 7];
                        mixture.levels(&wide, &[middle(cb)], &[middle(cr)], &mut seen);
                        let off = (f32::from(seen[0]) - exact.clamp(0.0, 255.0)).abs();
                        assert!(off < 0.75, "{luma} {cb} {cr}: {seen:?}, not {exact}");
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_have_the_levels_of_single_pixels() {
        let rows = [
            [1.164_384, 0.0, 1.792_741, -0.972_945],
            [1.164_384, -0.213_249, -0.532_909, 0.301_483],
            [1.164_384, 2.112_402, 0.0, -1.133_402],
        ];
        let unusual = [rows[1]; 3];
        for rows in [rows, unusual] {
            let colours = rows.map(Mixture::of);
            let count = 3 * BLOCK + 17;
            let number = |at: usize, step: usize| i16::try_from(at * step % 256).expect("a byte");
            let mut scratch = Scratch {
                luma: (0..count).map(|at| number(at, 7) << 7).collect(),
                cb: (0..count).map(|at| (number(at, 13) - 128) << 7).collect(),
                cr: (0..count).map(|at| (number(at, 29) - 128) << 7).collect(),
                ..Scratch::default()
            };
            let skipped = 5;
            let mut out = vec![0; (count - skipped) * 4];
            convert(&mut scratch, skipped, &colours, &mut out);
            for (pixel, at) in out.chunks_exact(4).zip(skipped..) {
                for (seen, mixture) in pixel.iter().zip(colours.iter().rev()) {
                    let mut wanted = [0];
                    let numbers = [&scratch.luma, &scratch.cb, &scratch.cr];
                    let [luma, cb, cr] = numbers.map(|row| &row[at..=at]);
                    mixture.levels(luma, cb, cr, &mut wanted);
                    assert_eq!(*seen, wanted[0], "pixel {at}");
                }
                assert_eq!(pixel[3], 255);
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
