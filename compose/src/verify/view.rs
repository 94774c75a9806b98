//! A part of a frame in greys, as a reader sees it.

use crate::raster::canvas::{Area, Canvas};

/// Pixels in greys, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

impl View {
    /// Takes a part of RGBA pixels, as far as it lies on them. Holes are black.
    pub fn new(width_px: u32, rgba: &[u8], part: Area) -> Self {
        let width = width_px as usize;
        let height = rgba.len() / 4 / width.max(1);
        let (left, top) = (part.x as usize, part.y as usize);
        let right = (part.right() as usize).min(width);
        let bottom = (part.bottom() as usize).min(height);
        let (wide, high) = (right.saturating_sub(left), bottom.saturating_sub(top));
        let mut grey = Vec::with_capacity(wide * high);
        for y in top..bottom {
            let row = rgba.get((y * width + left) * 4..(y * width + right) * 4);
            grey.extend(row.unwrap_or_default().chunks_exact(4).map(luminance));
        }
        Self {
            width: wide,
            height: high,
            grey,
        }
    }

    pub(super) fn of(canvas: &Canvas, part: Area) -> Self {
        Self::new(canvas.width, &canvas.rgba, part)
    }

    /// Looks from further away: keeps the middle one of every so many pixels.
    #[must_use]
    pub fn from_afar(&self, stride: usize) -> Self {
        let stride = stride.max(1);
        let (width, height) = (self.width / stride, self.height / stride);
        let grey = (0..height)
            .flat_map(|y| {
                let start = (y * stride + stride / 2) * self.width + stride / 2;
                let row = self.grey.get(start..).unwrap_or_default();
                row.iter().step_by(stride).take(width).copied()
            })
            .collect();
        Self {
            width,
            height,
            grey,
        }
    }

    /// Pixels a row.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Pixels down.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// All pixels.
    pub fn grey(&self) -> &[u8] {
        &self.grey
    }
}

fn luminance(pixel: &[u8]) -> u8 {
    let [red, green, blue, 255] = *pixel else {
        return 0;
    };
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    u8::try_from(sum / 1_000).unwrap_or(u8::MAX)
}
