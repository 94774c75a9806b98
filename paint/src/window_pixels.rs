//! The picture as windows take it: a number for each pixel, red above green above blue.
//!
//! Written so that the compiler turns the loop into vector instructions; a film passes through here
//! thirty times a second.

use passerby_compose::slide::Area;

use crate::each_processor::for_each_processor;

/// Means nothing to a window; what takes pictures of a screen may take it for opacity.
const OPAQUE: u32 = 0xff << 24;

/// Copies an area of a picture, four bytes a pixel, into a buffer of the same size.
///
/// What of the area lies outside both is left out.
pub fn copy_to_window(pixels: &[u8], width_px: u32, area: Area, buffer: &mut [u32]) {
    let row = width_px as usize;
    let columns = area.x as usize..(area.right().min(width_px) as usize).max(area.x as usize);
    let rows = pixels
        .chunks_exact(row.max(1) * 4)
        .zip(buffer.chunks_exact_mut(row.max(1)));
    for (source, target) in rows.skip(area.y as usize).take(area.height as usize) {
        let source = source.get(columns.start * 4..columns.end * 4);
        let target = target.get_mut(columns.clone());
        if let Some((source, target)) = source.zip(target) {
            copy_row(source.as_chunks().0, target);
        }
    }
}

for_each_processor! {
    fn copy_row(source: &[[u8; 4]], target: &mut [u32]) {
        for (target, source) in target.iter_mut().zip(source) {
            let rgba = u32::from_le_bytes(*source);
            *target = OPAQUE | (rgba & 0xff) << 16 | rgba & 0xff00 | rgba >> 16 & 0xff;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_copied_as_numbers_and_nothing_beside_it() {
        let pixels: Vec<u8> = (0..4 * 3 * 4).collect();
        let mut buffer = vec![7; 12];
        copy_to_window(&pixels, 4, Area::new(1, 1, 2, 9), &mut buffer);
        let pixel = |at: u32| OPAQUE | (at * 4) << 16 | (at * 4 + 1) << 8 | (at * 4 + 2);
        let wanted: Vec<u32> = (0..12)
            .map(|at| match at {
                5 | 6 | 9 | 10 => pixel(at),
                _ => 7,
            })
            .collect();
        assert_eq!(buffer, wanted);
        copy_to_window(&pixels, 4, Area::new(9, 0, 2, 1), &mut buffer);
        copy_to_window(&[], 0, Area::new(0, 0, 2, 1), &mut buffer);
        assert_eq!(buffer, wanted, "what lies outside is left out");
    }
}
