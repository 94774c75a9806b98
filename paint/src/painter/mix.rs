//! Mixes rows of bytes.
//!
//! Written so that the compiler turns each loop into vector instructions that every 64-bit x86 and
//! ARM has: whole slices, 16-bit steps, no branch.

use crate::each_processor::for_each_processor;

/// Everything, in the steps of [`share`].
pub(super) const WHOLE: i16 = i16::MAX;

/// A share of 1 in 32,768ths; all of it is [`WHOLE`].
#[allow(clippy::cast_possible_truncation, reason = "within 0 and 32767")]
pub(super) fn share(of: f32) -> i16 {
    (of.clamp(0.0, 1.0) * 32_768.0).round().min(32_767.0) as i16
}

/// The upper half of a product: what vectors of 16-bit numbers can do at once.
#[inline(always)]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the upper half fits 16 bits"
)]
pub(super) fn upper_half(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

/// What lies between two bytes. Off by less than 0.6 from the exact mix.
#[inline(always)]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mix of two bytes is one"
)]
fn between(below: u8, above: u8, share: i16) -> u8 {
    let far = (i16::from(above) - i16::from(below)) << 7;
    let way = upper_half(far, share);
    (i16::from(below) + ((way + 32) >> 6)) as u8
}

/// Mixes one share of what lies above into what lies below.
pub(super) fn mix(below: &mut [u8], above: &[u8], share: i16) {
    for (below, above) in below.iter_mut().zip(above) {
        *below = between(*below, *above, share);
    }
}

/// Bytes that are mixed at once with one share.
pub(super) const BLOCK: usize = 64;

for_each_processor! {
    /// Mixes with one share, which stands there once for each byte of a block: a number that stays
    /// the same would be widened before the loop, and then no vector instruction multiplies it.
    pub(super) fn mix_even(below: &mut [u8], above: &[u8], shares: &[i16; BLOCK]) {
        let (blocks, rest) = below.as_chunks_mut::<BLOCK>();
        let (blocks_above, rest_above) = above.as_chunks::<BLOCK>();
        for (below, above) in blocks.iter_mut().zip(blocks_above) {
            for at in 0..BLOCK {
                below[at] = between(below[at], above[at], shares[at]);
            }
        }
        for ((below, above), share) in rest.iter_mut().zip(rest_above).zip(shares) {
            *below = between(*below, *above, *share);
        }
    }
}

for_each_processor! {
    /// The same of two rows into a third one: what lies below is read once and written nowhere.
    pub(super) fn mix_of_two(out: &mut [u8], below: &[u8], above: &[u8], shares: &[i16; BLOCK]) {
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let (blocks_below, rest_below) = below.as_chunks::<BLOCK>();
        let (blocks_above, rest_above) = above.as_chunks::<BLOCK>();
        let both = blocks_below.iter().zip(blocks_above);
        for (out, (below, above)) in blocks.iter_mut().zip(both) {
            for at in 0..BLOCK {
                out[at] = between(below[at], above[at], shares[at]);
            }
        }
        let both = rest_below.iter().zip(rest_above);
        for ((out, (below, above)), share) in rest.iter_mut().zip(both).zip(shares) {
            *out = between(*below, *above, *share);
        }
    }
}

for_each_processor! {
    /// Mixes with a share for each byte.
    pub(super) fn mix_each(below: &mut [u8], above: &[u8], shares: &[i16]) {
        for ((below, above), share) in below.iter_mut().zip(above).zip(shares) {
            *below = between(*below, *above, *share);
        }
    }
}

/// Mixes a row with the one that follows it by `share` of 256, into 128ths of a step.
#[inline(always)]
#[allow(clippy::cast_possible_wrap, reason = "half of 16 bits is 15")]
pub(super) fn mix_wide(first: &[u8], second: &[u8], share: u16, wide: &mut [i16]) {
    if share == 0 {
        for (wide, first) in wide.iter_mut().zip(first) {
            *wide = i16::from(*first) << 7;
        }
        return;
    }
    let rest = 256 - share;
    for ((wide, first), second) in wide.iter_mut().zip(first).zip(second) {
        *wide = ((u16::from(*first) * rest + u16::from(*second) * share) >> 1) as i16;
    }
}

/// Mixes numbers in 128ths of a step, with a share for each.
#[inline(always)]
pub(super) fn mix_wide_each(first: &[i16], second: &[i16], shares: &[i16], mixed: &mut [i16]) {
    let numbers = first.iter().zip(second).zip(shares);
    for (mixed, ((first, second), share)) in mixed.iter_mut().zip(numbers) {
        *mixed = first + 2 * upper_half(second - first, *share);
    }
}

for_each_processor! {
    /// Puts a still row with holes over what shows through them, rounding once. What comes of it is
    /// opaque.
    #[allow(clippy::cast_possible_truncation, reason = "a mix of bytes is one")]
    pub(super) fn cover(below: &mut [u8], still: &[u8]) {
        for (below, still) in below.chunks_exact_mut(4).zip(still.chunks_exact(4)) {
            let (alpha, through) = (u32::from(still[3]), 255 - u32::from(still[3]));
            for (below, still) in below.iter_mut().zip(still) {
                let both = u32::from(*still) * alpha + u32::from(*below) * through;
                *below = (((both + 128) * 257) >> 16) as u8;
            }
            below[3] = u8::MAX;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mix_is_within_one_step_of_the_exact_one() {
        for share_256ths in 0..=256_u16 {
            let exact = f32::from(share_256ths) / 256.0;
            let share = share(exact);
            for below in 0..=255_u8 {
                for above in (0..=255_u8).step_by(5) {
                    let wanted = f32::from(below) * (1.0 - exact) + f32::from(above) * exact;
                    let seen = f32::from(between(below, above, share));
                    assert!(
                        (seen - wanted).abs() < 0.6,
                        "{below} {above} {share_256ths}: {seen}, not {wanted}"
                    );
                }
            }
        }
    }

    #[test]
    fn one_share_mixes_as_a_share_for_each_byte() {
        let row: Vec<u8> = (0..=255).chain(0..77).collect();
        let above: Vec<u8> = row.iter().rev().map(|level| level ^ 0x5a).collect();
        for share_255ths in [0_u8, 1, 100, 254, 255] {
            let share = share(f32::from(share_255ths) / 255.0);
            let (mut even, mut each) = (row.clone(), row.clone());
            mix_even(&mut even, &above, &[share; BLOCK]);
            mix_each(&mut each, &above, &vec![share; row.len()]);
            assert_eq!(even, each);
            let mut out = vec![7; row.len()];
            mix_of_two(&mut out, &row, &above, &[share; BLOCK]);
            assert_eq!(out, each);
        }
    }

    #[test]
    fn equal_bytes_stay_as_they_are_whatever_the_share() {
        for share_256ths in 0..=256_u16 {
            let share = share(f32::from(share_256ths) / 256.0);
            let mut row: Vec<u8> = (0..=255).collect();
            let above = row.clone();
            mix(&mut row, &above, share);
            assert_eq!(row, above);
        }
    }

    #[test]
    fn a_cover_hides_where_it_is_opaque_and_shows_all_where_it_has_a_hole() {
        let mut row = vec![10, 20, 30, 255, 10, 20, 30, 255, 200, 100, 0, 255];
        cover(&mut row, &[1, 2, 3, 255, 9, 9, 9, 0, 50, 50, 50, 128]);
        assert_eq!(row[..7], [1, 2, 3, 255, 10, 20, 30]);
        assert_eq!(row[8..], [125, 75, 25, 255]);
    }
}
