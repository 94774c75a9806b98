//! Luma and chroma into the colours of pixels.

use crate::painter::mix::upper_half;
use crate::painter::scratch::Scratch;

/// Pixels that are converted at once.
pub(super) const BLOCK: usize = 64;

/// How much of luma and chroma makes a colour: shares of 4 in 32,768ths, and what is added in
/// 16ths of a step.
///
/// A share stands there once for each pixel of a block. One that stays the same would be widened
/// before the loop, and then no vector instruction multiplies it.
pub(super) struct Mixture {
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
    pub(super) fn of([luma, cb, cr, offset]: [f32; 4]) -> Self {
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

/// Whether a standard has the usual zeros: no Cb in red, no Cr in blue, and as much luma in each
/// colour.
pub(super) fn is_usual([red, green, blue]: &[Mixture; 3]) -> bool {
    red.cb[0] == 0
        && blue.cr[0] == 0
        && red.luma[0] == green.luma[0]
        && green.luma[0] == blue.luma[0]
}

/// Turns a block into colours when its standard [is usual](is_usual). The steps are those of
/// [`Mixture::levels`].
#[inline(always)]
pub(super) fn convert_usual(
    [luma, cb, cr]: [&[i16; BLOCK]; 3],
    [red, green, blue]: &[Mixture; 3],
    out: &mut [[u8; 4]; BLOCK],
) {
    // Two bytes in each number: a byte in a vector of its own would be put in place one by one.
    let (mut first, mut second) = ([0; BLOCK], [0; BLOCK]);
    for at in 0..BLOCK {
        let grey = upper_half(luma[at], green.luma[at]);
        let red = grey + upper_half(cr[at], red.cr[at]) + red.offset;
        let green = grey
            + upper_half(cb[at], green.cb[at])
            + upper_half(cr[at], green.cr[at])
            + green.offset;
        let blue = grey + upper_half(cb[at], blue.cb[at]) + blue.offset;
        first[at] = level(blue) | level(green) << 8;
        second[at] = level(red) | 0xff00;
    }
    for at in 0..BLOCK {
        out[at] = (u32::from(first[at]) | u32::from(second[at]) << 16).to_le_bytes();
    }
}

/// The byte of a sum in 16ths of a step.
#[inline(always)]
#[allow(clippy::cast_sign_loss, reason = "clamped to a byte")]
fn level(sum: i16) -> u16 {
    (sum >> 4).clamp(0, 255) as u16
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
pub(super) fn convert(
    scratch: &mut Scratch,
    skipped: usize,
    colours: &[Mixture; 3],
    out: &mut [u8],
) {
    let count = out.len() / 4;
    let mut luma = &scratch.luma[skipped..][..count];
    let mut cb = &scratch.cb[skipped..][..count];
    let mut cr = &scratch.cr[skipped..][..count];
    let mut out = out.as_chunks_mut::<4>().0;
    if is_usual(colours) {
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
}
