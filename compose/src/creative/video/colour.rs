//! From colours to a video's numbers and back.
//!
//! Invariants: both ways are exact inverses of each other but for rounding, and the same as in the
//! stage's shader: ITU-R BT.601, BT.709 and BT.2020 with limited or full range, eight bits a
//! number.

use crate::slide::{Matrix, MovingPicture, VideoCoding};

/// A picture in a video's numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Nv12 {
    /// Pixels a row of luma; even.
    pub width_px: u32,
    /// Rows of luma; even.
    pub height_px: u32,
    /// One byte a pixel.
    pub luma: Vec<u8>,
    /// Cb and Cr in turn, for every second pixel of every second row.
    pub chroma: Vec<u8>,
}

impl Nv12 {
    /// Tells whether the planes have the lengths that the size says.
    pub fn is_whole(&self) -> bool {
        let (width, height) = (self.width_px as usize, self.height_px as usize);
        width.is_multiple_of(2)
            && height.is_multiple_of(2)
            && self.luma.len() == width * height
            && self.chroma.len() == width * height / 2
    }

    /// Says how its numbers stand for colours.
    pub fn coded(self, coding: VideoCoding) -> MovingPicture {
        MovingPicture::Nv12 {
            width_px: self.width_px,
            height_px: self.height_px,
            luma: self.luma,
            chroma: self.chroma,
            coding,
        }
    }
}

/// Shares of red and blue in luma.
const fn shares(matrix: Matrix) -> (f32, f32) {
    match matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
        Matrix::Bt2020 => (0.2627, 0.0593),
    }
}

/// Zero and span of luma, and span of chroma, in steps of eight bits.
const fn spans(coding: VideoCoding) -> (f32, f32, f32) {
    if coding.full_range {
        (0.0, 255.0, 255.0)
    } else {
        (16.0, 219.0, 224.0)
    }
}

/// Returns the sRGB colour that a luma and a chroma pair stand for.
pub fn rgb_of_yuv(luma: u8, cb: u8, cr: u8, coding: VideoCoding) -> [u8; 3] {
    let (red_share, blue_share) = shares(coding.matrix);
    let (zero, luma_span, chroma_span) = spans(coding);
    let y = (f32::from(luma) - zero) / luma_span;
    let b_y = (f32::from(cb) - 128.0) / chroma_span * 2.0 * (1.0 - blue_share);
    let r_y = (f32::from(cr) - 128.0) / chroma_span * 2.0 * (1.0 - red_share);
    let green = y - (r_y * red_share + b_y * blue_share) / (1.0 - red_share - blue_share);
    [y + r_y, green, y + b_y].map(|share| byte(share * 255.0))
}

/// Puts the numbers of two planes in turn, eight at once: no other loop is fast where the compiler
/// makes no vector instructions of it.
pub(super) fn pair(cb: &[u8], cr: &[u8], pairs: &mut [u8]) {
    /// Moves four bytes apart, with one of zero behind each.
    #[inline(always)]
    fn apart(four: [u8; 4]) -> u64 {
        let four = u64::from(u32::from_le_bytes(four));
        let twos = (four | four << 16) & 0x0000_ffff_0000_ffff;
        (twos | twos << 8) & 0x00ff_00ff_00ff_00ff
    }
    let (eights, rest) = pairs.as_chunks_mut::<8>();
    let (cb, cb_rest) = cb.as_chunks::<4>();
    let (cr, cr_rest) = cr.as_chunks::<4>();
    for ((eight, cb), cr) in eights.iter_mut().zip(cb).zip(cr) {
        *eight = (apart(*cb) | apart(*cr) << 8).to_le_bytes();
    }
    for ((two, cb), cr) in rest.chunks_exact_mut(2).zip(cb_rest).zip(cr_rest) {
        two.copy_from_slice(&[*cb, *cr]);
    }
}

/// Puts a picture of three bytes a pixel in sRGB, rows from the top, into a video's numbers. Chroma
/// is the mean of four pixels. `None` when a side is odd or zero, or `rgb` does not have `width_px`
/// × `height_px` pixels.
pub fn nv12_of_rgb(rgb: &[u8], width_px: u32, height_px: u32, coding: VideoCoding) -> Option<Nv12> {
    let (width, height) = (width_px as usize, height_px as usize);
    let is_even = width.is_multiple_of(2) && height.is_multiple_of(2);
    if !is_even || width == 0 || rgb.len() != width * height * 3 || rgb.is_empty() {
        return None;
    }
    let (red_share, blue_share) = shares(coding.matrix);
    let (zero, luma_span, chroma_span) = spans(coding);
    let mut luma = Vec::with_capacity(width * height);
    let mut chroma = Vec::with_capacity(width * height / 2);
    for rows in rgb.chunks_exact(width * 3 * 2) {
        // Sums of red minus luma and blue minus luma over two rows, per chroma pair.
        let mut sums = vec![(0.0_f32, 0.0_f32); width / 2];
        for row in rows.chunks_exact(width * 3) {
            for (at, pixel) in row.chunks_exact(3).enumerate() {
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(|byte| f32::from(byte) / 255.0);
                let y = red_share * r + (1.0 - red_share - blue_share) * g + blue_share * b;
                luma.push(byte(zero + y * luma_span));
                let sum = &mut sums[at / 2];
                sum.0 += (b - y) / (2.0 * (1.0 - blue_share));
                sum.1 += (r - y) / (2.0 * (1.0 - red_share));
            }
        }
        for (cb, cr) in sums {
            chroma.push(byte(128.0 + cb / 4.0 * chroma_span));
            chroma.push(byte(128.0 + cr / 4.0 * chroma_span));
        }
    }
    Some(Nv12 {
        width_px,
        height_px,
        luma,
        chroma,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to what a byte holds"
)]
fn byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODINGS: [VideoCoding; 6] = {
        const fn coding(matrix: Matrix, full_range: bool) -> VideoCoding {
            VideoCoding { matrix, full_range }
        }
        [
            coding(Matrix::Bt601, false),
            coding(Matrix::Bt601, true),
            coding(Matrix::Bt709, false),
            coding(Matrix::Bt709, true),
            coding(Matrix::Bt2020, false),
            coding(Matrix::Bt2020, true),
        ]
    };

    #[test]
    fn planes_are_put_in_turn_whatever_their_length() {
        for length in [0, 1, 3, 4, 9, 32] {
            let cb: Vec<u8> = (0..length).map(|at| 255 - at).collect();
            let cr: Vec<u8> = (0..length).map(|at| at * 3).collect();
            let mut pairs = vec![7; usize::from(length) * 2];
            pair(&cb, &cr, &mut pairs);
            let wanted: Vec<u8> = cb.iter().zip(&cr).flat_map(|(cb, cr)| [*cb, *cr]).collect();
            assert_eq!(pairs, wanted);
        }
    }

    #[test]
    fn black_and_white_are_what_the_standards_say() {
        for coding in CODINGS {
            let (black, white) = if coding.full_range {
                (0, 255)
            } else {
                (16, 235)
            };
            let picture =
                nv12_of_rgb(&[[0; 12], [255; 12]].concat(), 2, 4, coding).expect("a picture");
            assert!(picture.is_whole());
            assert_eq!(picture.luma, [[black; 4], [white; 4]].concat());
            assert_eq!(picture.chroma, [128; 4]);
            assert_eq!(rgb_of_yuv(black, 128, 128, coding), [0; 3]);
            assert_eq!(rgb_of_yuv(white, 128, 128, coding), [255; 3]);
        }
    }

    #[test]
    fn pure_red_is_what_the_standards_say() {
        let red = |coding| {
            let picture = nv12_of_rgb(&[255, 0, 0].repeat(4), 2, 2, coding).expect("a picture");
            (picture.luma[0], picture.chroma[0], picture.chroma[1])
        };
        assert_eq!(red(CODINGS[0]), (81, 90, 240));
        assert_eq!(red(CODINGS[2]), (63, 102, 240));
        assert_eq!(red(CODINGS[1]), (76, 85, 255));
    }

    #[test]
    fn there_and_back_is_the_same_colour() {
        for coding in CODINGS {
            for colour in 0..4096_u32 {
                let [r, g, b] = [colour >> 8, colour >> 4, colour].map(|nibble| (nibble & 15) * 17);
                let rgb = [r, g, b].map(|value| u8::try_from(value).expect("a byte"));
                let picture = nv12_of_rgb(&rgb.repeat(4), 2, 2, coding).expect("a picture");
                let back = rgb_of_yuv(
                    picture.luma[0],
                    picture.chroma[0],
                    picture.chroma[1],
                    coding,
                );
                for (was, is) in rgb.iter().zip(back) {
                    assert!(was.abs_diff(is) <= 3, "{coding:?} {rgb:?} {back:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_whole_picture_is_refused() {
        for (bytes, width, height) in [(27, 3, 3), (0, 0, 0), (12, 2, 4), (18, 3, 2)] {
            assert!(nv12_of_rgb(&vec![0; bytes], width, height, CODINGS[0]).is_none());
        }
    }
}
