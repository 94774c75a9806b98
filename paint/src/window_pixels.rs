//! The order in which windows take a pixel: blue, green, red, and one byte more.
//!
//! Written so that the compiler turns the loops into vector instructions; every slide passes
//! through here once.

use crate::each_processor::for_each_processor;

/// Swaps red and blue, and tells whether any pixel is not opaque.
pub(crate) fn swap_and_look(pixels: &mut [u8]) -> bool {
    let mut all = u32::MAX;
    swap(pixels, &mut all, 0);
    all.to_le_bytes()[3] != u8::MAX
}

/// Swaps red and blue, and makes every pixel opaque.
pub(crate) fn swap_and_cover(pixels: &mut [u8]) {
    swap(pixels, &mut 0, OPAQUE);
}

/// What makes a pixel opaque.
const OPAQUE: u32 = u32::from_le_bytes([0, 0, 0, 255]);

for_each_processor! {
    fn swap(pixels: &mut [u8], all: &mut u32, besides: u32) {
        let mut common = *all;
        for pixel in pixels.as_chunks_mut::<4>().0 {
            let old = u32::from_le_bytes(*pixel);
            common &= old;
            let new = old & 0xff00_ff00 | (old & 0xff) << 16 | old >> 16 & 0xff | besides;
            *pixel = new.to_le_bytes();
        }
        *all = common;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn red_and_blue_change_places_and_holes_are_seen() {
        let opaque: Vec<u8> = (0..40_u8)
            .flat_map(|at| [at, at + 1, at + 2, 255])
            .collect();
        let mut pixels = opaque.clone();
        assert!(!swap_and_look(&mut pixels));
        assert_eq!(pixels[..8], [2, 1, 0, 255, 3, 2, 1, 255]);
        assert!(!swap_and_look(&mut pixels));
        assert_eq!(pixels, opaque);
        pixels[39 * 4 + 3] = 254;
        assert!(swap_and_look(&mut pixels));
        swap_and_cover(&mut pixels);
        assert_eq!(pixels, opaque);
    }
}
