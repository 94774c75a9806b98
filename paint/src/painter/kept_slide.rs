//! A slide as the painter keeps it.
//!
//! Invariants:
//! - Where its still layer is not opaque, its colours are multiplied by alpha.
//! - What a patch has changed is known until it was painted.

use std::ops::Range;

use passerby_compose::slide::{Area, MovingPicture, Patch, Plane};

use crate::pixels::{PlaneSizes, SlidePixels};

/// Most patched areas that are kept apart; more of them count as one.
const PATCHED_MAX: usize = 8;

/// A slide's pixels, and what has changed of them.
pub(super) struct KeptSlide {
    pub(super) sizes: PlaneSizes,
    pub(super) still: Vec<u8>,
    /// For each row, where nothing covers the moving layer; nothing at all for a slide without
    /// holes.
    clear: Vec<Range<u32>>,
    pub(super) picture: Option<MovingPicture>,
    /// Areas of the still layer with new pixels.
    pub(super) patched: Vec<Area>,
    /// Whether its moving picture has new pixels.
    pub(super) is_moved: bool,
}

impl KeptSlide {
    pub(super) fn new(pixels: SlidePixels) -> Self {
        let sizes = pixels.sizes();
        let mut slide = Self {
            sizes,
            still: pixels.rgba,
            clear: Vec::new(),
            picture: pixels.picture,
            patched: Vec::new(),
            is_moved: false,
        };
        let (width, height) = sizes.still;
        if slide.still.chunks_exact(4).any(|pixel| pixel[3] != 255) {
            multiply(&mut slide.still);
            slide.clear = (0..height)
                .map(|y| clear_range(slide.still_row(y, 0..width)))
                .collect();
        }
        slide
    }

    /// Bytes of a row of the still layer.
    pub(super) fn still_row(&self, y: u32, columns: Range<u32>) -> &[u8] {
        let start = y as usize * self.sizes.still.0 as usize;
        let (from, to) = (columns.start as usize, columns.end as usize);
        &self.still[(start + from) * 4..(start + to) * 4]
    }

    /// Where nothing of a row covers the moving layer.
    pub(super) fn clear(&self, y: u32) -> Range<u32> {
        self.clear.get(y as usize).cloned().unwrap_or(0..0)
    }

    /// Tells whether its still layer has holes.
    pub(super) fn has_holes(&self) -> bool {
        !self.clear.is_empty()
    }

    /// Replaces pixels.
    pub(super) fn patch(&mut self, patch: &Patch) -> Result<(), String> {
        self.sizes.check(patch)?;
        let (width, _) = self.sizes.still;
        match patch.plane {
            Plane::Still => {
                write(&mut self.still, width, 4, patch, |row| {
                    if row.chunks_exact(4).any(|pixel| pixel[3] != 255) {
                        multiply(row);
                    }
                });
                self.renew_clear(patch);
                if self.patched.len() < PATCHED_MAX {
                    self.patched.push(patch.area);
                } else {
                    let all = self.patched.drain(..).fold(patch.area, around);
                    self.patched.push(all);
                }
            }
            Plane::Moving => {
                self.is_moved = true;
                match &mut self.picture {
                    Some(
                        MovingPicture::Rgba {
                            width_px, pixels, ..
                        }
                        | MovingPicture::Strip {
                            row_px: width_px,
                            pixels,
                            ..
                        },
                    ) => write(pixels, *width_px, 4, patch, |_| {}),
                    Some(MovingPicture::Nv12 { width_px, luma, .. }) => {
                        write(luma, *width_px, 1, patch, |_| {});
                    }
                    None => {}
                }
            }
            Plane::Chroma => {
                self.is_moved = true;
                if let Some(MovingPicture::Nv12 {
                    width_px, chroma, ..
                }) = &mut self.picture
                {
                    write(chroma, *width_px / 2, 2, patch, |_| {});
                }
            }
        }
        Ok(())
    }

    fn renew_clear(&mut self, patch: &Patch) {
        let has_hole = patch.bytes.chunks_exact(4).any(|pixel| pixel[3] != 255);
        let (width, height) = self.sizes.still;
        if self.clear.is_empty() && has_hole {
            self.clear = vec![0..0; height as usize];
        }
        if !self.clear.is_empty() {
            for y in patch.area.y..patch.area.bottom() {
                self.clear[y as usize] = clear_range(self.still_row(y, 0..width));
            }
        }
    }
}

/// The smallest area around two.
pub(super) fn around(a: Area, b: Area) -> Area {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let right = a.right().max(b.right());
    let bottom = a.bottom().max(b.bottom());
    Area::new(x, y, right - x, bottom - y)
}

fn write(plane: &mut [u8], width: u32, pixel_bytes: usize, patch: &Patch, then: fn(&mut [u8])) {
    let area = patch.area;
    let row_bytes = area.width as usize * pixel_bytes;
    for (y, bytes) in (area.y as usize..).zip(patch.bytes.chunks_exact(row_bytes)) {
        let start = (y * width as usize + area.x as usize) * pixel_bytes;
        let row = &mut plane[start..start + row_bytes];
        row.copy_from_slice(bytes);
        then(row);
    }
}

/// Multiplies colours by alpha.
#[allow(clippy::cast_possible_truncation, reason = "a share of a byte is one")]
fn multiply(pixels: &mut [u8]) {
    for pixel in pixels.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        for channel in &mut pixel[..3] {
            *channel = (((u32::from(*channel) * alpha + 128) * 257) >> 16) as u8;
        }
    }
}

/// The first stretch of a row without anything in it.
fn clear_range(row: &[u8]) -> Range<u32> {
    let alphas = || row.chunks_exact(4).map(|pixel| pixel[3]);
    let start = alphas().take_while(|alpha| *alpha > 0).count();
    let length = alphas().skip(start).take_while(|alpha| *alpha == 0).count();
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    small(start)..small(start + length)
}
