//! Rows of a video: luma and chroma, each scaled smoothly, into red, green and blue.
//!
//! A kept crate would convert whole pictures and repeat the nearest chroma; here the rows that are
//! seen are converted, at any size and turn, with chroma where the standards put it.
//!
//! Numbers are 16 bits wide, luma and chroma in 128ths of a step, so that one vector instruction
//! works on eight of them.

use crate::painter::mix::{mix_wide, upper_half};
use crate::painter::picture::side;
use crate::painter::scratch::Scratch;
use crate::painter::taps::{Tap, pairs_start, run_start};

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
    chroma_columns: Vec<Tap>,
    run: Option<usize>,
    pairs: Option<usize>,
}

/// How much of luma and chroma makes a colour: shares of 4 in 32,768ths, and what is added in
/// 16ths of a step.
#[derive(Debug, Clone, Copy)]
struct Mixture {
    luma: i16,
    cb: i16,
    cr: i16,
    offset: i16,
}

impl Mixture {
    /// From numbers for luma and chroma of 0 to 1.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "no standard has a share of 4, or an offset of 2,000 steps"
    )]
    fn of([luma, cb, cr, offset]: [f32; 4]) -> Self {
        let share = |share: f32| (share * 8_192.0).round() as i16;
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

    #[inline]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a byte"
    )]
    fn level(self, luma: i16, cb: i16, cr: i16) -> u8 {
        let sum = upper_half(luma, self.luma)
            + upper_half(cb, self.cb)
            + upper_half(cr, self.cr)
            + self.offset;
        (sum >> 4).clamp(0, 255) as u8
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
            luma_columns,
            chroma_columns,
        }
    }

    /// Fills a row from a column on; `place` is the row's share of the picture.
    pub(super) fn row(&self, place: f32, from: usize, out: &mut [u8], scratch: &mut Scratch) {
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

    fn upright_luma(&self, place: f32, from: usize, scratch: &mut Scratch) {
        let down = Tap::at(place * side(self.height), self.height);
        let line = |y: usize| &self.luma[y * self.width..(y + 1) * self.width];
        let (above, below) = (line(down.first), line(down.second));
        let luma = &mut scratch.luma;
        if let Some(start) = self.run {
            let seen = start + from..start + from + luma.len();
            let (above, below) = (&above[seen.clone()], &below[seen]);
            if down.share == 0 {
                for (luma, above) in luma.iter_mut().zip(above) {
                    *luma = i16::from(*above) << 7;
                }
            } else {
                scratch.wide.resize(luma.len(), 0);
                mix_wide(above, below, down.share, &mut scratch.wide);
                for (luma, wide) in luma.iter_mut().zip(&scratch.wide) {
                    *luma = in_128ths(*wide);
                }
            }
            return;
        }
        scratch.wide.resize(self.width, 0);
        mix_wide(above, below, down.share, &mut scratch.wide);
        for (luma, tap) in luma.iter_mut().zip(&self.luma_columns[from..]) {
            let at = |x: usize| in_128ths(scratch.wide[x]);
            *luma = between(at(tap.first), at(tap.second), tap.share);
        }
    }

    fn upright_chroma(&self, place: f32, from: usize, scratch: &mut Scratch) {
        let (width, height) = (self.width / 2, self.height / 2);
        let down = Tap::at(place * side(height), height);
        let line = |y: usize| &self.chroma[y * width * 2..(y + 1) * width * 2];
        let (above, below) = (line(down.first), line(down.second));
        let columns = &self.chroma_columns[from..from + scratch.luma.len()];
        let ends = columns.iter().flat_map(|tap| [tap.first, tap.second]);
        let (least, most) = match self.pairs {
            Some(start) => (start + from / 2, start + (from + columns.len()) / 2),
            None => ends.fold((usize::MAX, 0), |(least, most), at| {
                (least.min(at), most.max(at))
            }),
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
        for ((blue, red), wide) in rooms.zip(scratch.wide.chunks_exact(2)) {
            *blue = from_the_middle(wide[0]);
            *red = from_the_middle(wide[1]);
        }
        for (out, pairs) in [(&mut scratch.cb, blues), (&mut scratch.cr, reds)] {
            // What lies beside the picture is its last pixel once more.
            let last = pairs.len() - 1;
            pairs[last] = pairs[last - 1];
            if self.pairs.is_some() {
                for (two, next) in out.chunks_mut(2).zip(pairs.windows(2)) {
                    two[0] = next[0];
                    if let Some(second) = two.get_mut(1) {
                        *second = (next[0] + next[1]) >> 1;
                    }
                }
            } else {
                for (out, tap) in out.iter_mut().zip(columns) {
                    let (first, second) = (pairs[tap.first - least], pairs[tap.second - least]);
                    *out = between(first, second, tap.share);
                }
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
                    (i16::from(self.chroma[(y * width + x) * 2 + channel]) - 128) << 7
                })
            };
            (*cb, *cr) = (chroma(0), chroma(1));
        }
    }
}

/// From 256ths of a step.
#[allow(clippy::cast_possible_wrap, reason = "half of 16 bits is 15")]
fn in_128ths(wide: u16) -> i16 {
    (wide >> 1) as i16
}

/// From 256ths of a step of chroma, whose middle is 128.
fn from_the_middle(wide: u16) -> i16 {
    in_128ths(wide) - (128 << 7)
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

/// Turns a row of luma and chroma into colours, leaving out so many pixels at its beginning.
fn convert(scratch: &mut Scratch, skipped: usize, colours: &[Mixture; 3], out: &mut [u8]) {
    let count = out.len() / 4;
    let luma = &scratch.luma[skipped..][..count];
    let cb = &scratch.cb[skipped..][..count];
    let cr = &scratch.cr[skipped..][..count];
    for (row, mixture) in scratch.levels.iter_mut().zip(colours) {
        row.resize(count, 0);
        for (((level, luma), cb), cr) in row.iter_mut().zip(luma).zip(cb).zip(cr) {
            *level = mixture.level(*luma, *cb, *cr);
        }
    }
    let [red, green, blue] = &scratch.levels;
    let levels = red.iter().zip(green).zip(blue);
    for (pixel, ((red, green), blue)) in out.chunks_exact_mut(4).zip(levels) {
        // One number, since four bytes would be put together in memory first.
        let [red, green, blue] = [*red, *green, *blue].map(u32::from);
        let rgba = red | green << 8 | blue << 16 | 255 << 24;
        pixel.copy_from_slice(&rgba.to_le_bytes());
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
                        let seen = mixture.level(i16::from(luma) << 7, middle(cb), middle(cr));
                        let off = (f32::from(seen) - exact.clamp(0.0, 255.0)).abs();
                        assert!(off < 0.75, "{luma} {cb} {cr}: {seen}, not {exact}");
                    }
                }
            }
        }
    }
}
