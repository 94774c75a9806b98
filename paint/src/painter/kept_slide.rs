//! A slide as the painter keeps it.
//!
//! Invariants:
//! - What a patch has changed is known until it was painted.
//! - Pixels are in the order of windows, blue first; those of a moving picture are opaque.

use std::mem;
use std::ops::Range;

use passerby_compose::slide::{Area, MovingPicture, Patch, Plane};

use crate::pixels::{PlaneSizes, SlidePixels};
use crate::window_pixels::{swap_and_cover, swap_and_look};

/// Most patched areas that are kept apart; more of them count as one.
const PATCHED_MAX: usize = 8;

/// Where a row of a still layer is not opaque.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RowHoles {
    /// From the first such pixel to the last.
    pub(super) all: Range<u32>,
    /// The first of them with nothing in them at all.
    pub(super) clear: Range<u32>,
}

/// A slide's pixels, and what has changed of them.
pub(super) struct KeptSlide {
    pub(super) sizes: PlaneSizes,
    pub(super) still: Vec<u8>,
    /// The holes of each row; nothing at all for a slide without holes.
    holes: Vec<RowHoles>,
    pub(super) picture: Option<MovingPicture>,
    /// Areas of the still layer with new pixels.
    pub(super) patched: Vec<Area>,
    /// Whether its moving picture has new pixels.
    pub(super) is_moved: bool,
}

impl KeptSlide {
    pub(super) fn new(mut pixels: SlidePixels) -> Self {
        let sizes = pixels.sizes();
        let has_hole = swap_and_look(&mut pixels.rgba);
        if let Some(MovingPicture::Rgba { pixels, .. } | MovingPicture::Strip { pixels, .. }) =
            &mut pixels.picture
        {
            swap_and_cover(pixels);
        }
        let mut slide = Self {
            sizes,
            still: pixels.rgba,
            holes: Vec::new(),
            picture: pixels.picture,
            patched: Vec::new(),
            is_moved: false,
        };
        let (width, height) = sizes.still;
        if has_hole {
            slide.holes = (0..height)
                .map(|y| RowHoles::of(slide.still_row(y, 0..width)))
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

    /// The holes of a row, if the slide has any.
    pub(super) fn holes(&self, y: u32) -> Option<&RowHoles> {
        self.holes.get(y as usize)
    }

    /// Replaces pixels.
    pub(super) fn patch(&mut self, patch: &mut Patch) -> Result<(), String> {
        self.sizes.check(patch)?;
        let (width, _) = self.sizes.still;
        match patch.plane {
            Plane::Still => {
                let has_hole = swap_and_look(&mut patch.bytes);
                write(&mut self.still, width, 4, patch);
                self.renew_holes(patch, has_hole);
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
                    ) => {
                        swap_and_cover(&mut patch.bytes);
                        write(pixels, *width_px, 4, patch);
                    }
                    Some(MovingPicture::Nv12 { width_px, luma, .. }) => {
                        replace(luma, *width_px, 1, patch);
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
                    replace(chroma, *width_px / 2, 2, patch);
                }
            }
        }
        Ok(())
    }

    fn renew_holes(&mut self, patch: &Patch, has_hole: bool) {
        let (width, height) = self.sizes.still;
        if self.holes.is_empty() && has_hole {
            self.holes = vec![RowHoles::default(); height as usize];
        }
        if !self.holes.is_empty() {
            for y in patch.area.y..patch.area.bottom() {
                self.holes[y as usize] = RowHoles::of(self.still_row(y, 0..width));
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

/// Puts new pixels in the place of a video's: all of them at once without a copy.
fn replace(plane: &mut Vec<u8>, width: u32, pixel_bytes: usize, patch: &mut Patch) {
    if patch.bytes.len() == plane.len() {
        mem::swap(plane, &mut patch.bytes);
    } else {
        write(plane, width, pixel_bytes, patch);
    }
}

fn write(plane: &mut [u8], width: u32, pixel_bytes: usize, patch: &Patch) {
    let area = patch.area;
    let row_bytes = area.width as usize * pixel_bytes;
    for (y, bytes) in (area.y as usize..).zip(patch.bytes.chunks_exact(row_bytes)) {
        let start = (y * width as usize + area.x as usize) * pixel_bytes;
        plane[start..start + row_bytes].copy_from_slice(bytes);
    }
}

impl RowHoles {
    fn of(row: &[u8]) -> Self {
        let alphas = || row.chunks_exact(4).map(|pixel| pixel[3]);
        let is_hole = |alpha: u8| alpha < 255;
        let Some(first) = alphas().position(is_hole) else {
            return Self::default();
        };
        let after = alphas().rev().position(is_hole).unwrap_or_default();
        let end = row.len() / 4 - after;
        let start = alphas().take_while(|alpha| *alpha > 0).count();
        let length = alphas().skip(start).take_while(|alpha| *alpha == 0).count();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            all: small(first)..small(end),
            clear: small(start)..small(start + length),
        }
    }
}
