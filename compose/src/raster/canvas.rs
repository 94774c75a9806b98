//! Opaque pixels and the few ways to mark them: rectangles, masks, pictures, a quarter turn.
//!
//! Invariants: alpha stays 255 but in a hole that was opened for what moves beneath, and what is
//! drawn over a hole closes it again; everything is clipped to the canvas, so no coordinate can
//! panic.

pub(crate) use passerby_playout::screen::area::Area;
use passerby_protocol::campaign::Rgb;
use tiny_skia::{FillRule, Mask, Path, PathBuilder, Transform};

/// Rounds to whole pixels; what is negative, not a number or past any screen is clamped.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=65535 first; not-a-number becomes 0"
)]
pub(crate) fn px(value: f32) -> u32 {
    value.round().clamp(0.0, 65_535.0) as u32
}

/// Rounds to whole pixels on either side of the origin.
#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped first; not-a-number becomes 0"
)]
pub(crate) fn signed_px(value: f32) -> i32 {
    value.round().clamp(-65_535.0, 65_535.0) as i32
}

/// A pixel count as a coordinate.
pub(crate) fn real(value: u32) -> f32 {
    value as f32
}

/// Rounds a channel that runs from 0 to 255.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255 first"
)]
pub(crate) fn channel(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// An RGBA picture in memory, opaque but for its holes. Alpha is not premultiplied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Canvas {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgba: Vec<u8>,
}

impl Canvas {
    pub(crate) fn filled(width: u32, height: u32, Rgb([red, green, blue]): Rgb) -> Self {
        let pixels = width as usize * height as usize;
        Self {
            width,
            height,
            rgba: [red, green, blue, 255].repeat(pixels),
        }
    }

    pub(crate) const fn area(&self) -> Area {
        Area::new(0, 0, self.width, self.height)
    }

    /// The bytes of one row between two columns; empty outside the canvas.
    fn row(&mut self, y: u32, from: u32, to: u32) -> &mut [u8] {
        let (from, to) = (from.min(self.width), to.min(self.width));
        if y >= self.height || from >= to {
            return &mut [];
        }
        let start = y as usize * self.width as usize;
        &mut self.rgba[(start + from as usize) * 4..(start + to as usize) * 4]
    }

    /// Returns one pixel; black outside.
    #[cfg(test)]
    pub(crate) fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        if x >= self.width || y >= self.height {
            return [0; 3];
        }
        let at = (y as usize * self.width as usize + x as usize) * 4;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2]]
    }

    /// Copies a part; black where it reaches past the canvas.
    pub(crate) fn part(&self, area: Area) -> Self {
        let mut part = Self::filled(area.width, area.height, Rgb([0; 3]));
        if let Some(inside) = self.area().common(area) {
            let bytes = inside.width as usize * 4;
            for y in inside.y..inside.bottom() {
                let from = (y as usize * self.width as usize + inside.x as usize) * 4;
                let to = (y - area.y) as usize * area.width as usize + (inside.x - area.x) as usize;
                part.rgba[to * 4..to * 4 + bytes].copy_from_slice(&self.rgba[from..from + bytes]);
            }
        }
        part
    }

    pub(crate) fn fill(&mut self, area: Area, Rgb([red, green, blue]): Rgb) {
        for y in area.y..area.bottom() {
            for pixel in self.row(y, area.x, area.right()).chunks_exact_mut(4) {
                pixel.copy_from_slice(&[red, green, blue, 255]);
            }
        }
    }

    /// Opens a hole: what lies beneath the canvas is seen there until something is drawn over it.
    pub(crate) fn open_hole(&mut self, area: Area) {
        for y in area.y..area.bottom() {
            for pixel in self.row(y, area.x, area.right()).chunks_exact_mut(4) {
                pixel[3] = 0;
            }
        }
    }

    /// Cuts a hole for what moves beneath, whose left and right edges fade over some pixels.
    pub(crate) fn cut(&mut self, area: Area, fade: u32) {
        let fade = fade.min(area.width / 4);
        for y in area.y..area.bottom() {
            for (x, pixel) in (0_u32..).zip(self.row(y, area.x, area.right()).chunks_exact_mut(4)) {
                let edge = x.min(area.width - 1 - x);
                let cover = 1.0 - (real(edge) / real(fade.max(1))).min(1.0);
                pixel[3] = channel(cover * 255.0);
            }
        }
    }

    /// Copies RGBA pixels into one row, from a column on.
    pub(crate) fn paste_row(&mut self, x: u32, y: u32, pixels: &[u8]) {
        let count = u32::try_from(pixels.len() / 4).unwrap_or(u32::MAX);
        let row = self.row(y, x, x.saturating_add(count));
        let length = row.len();
        row.copy_from_slice(&pixels[..length]);
    }

    /// Copies rows of RGB into an area of the same size.
    pub(crate) fn paste_rgb(&mut self, area: Area, rgb: &[u8]) {
        if area.width == 0 {
            return;
        }
        for (y, source) in (area.y..area.bottom()).zip(rgb.chunks_exact(area.width as usize * 3)) {
            let row = self.row(y, area.x, area.right());
            // By numbers: where the compiler keeps its checks, the iterators that would stand here
            // take longer than all the rest of composing a picture.
            for column in 0..row.len().min(source.len() / 3 * 4) / 4 {
                let (to, from) = (column * 4, column * 3);
                row[to] = source[from];
                row[to + 1] = source[from + 1];
                row[to + 2] = source[from + 2];
            }
        }
    }

    /// Lays a colour over the canvas through a coverage mask whose top left corner is at (`left`,
    /// `top`).
    pub(crate) fn blend(&mut self, left: i32, top: i32, width: u32, coverage: &[u8], colour: Rgb) {
        if width == 0 {
            return;
        }
        let skip = (-left).max(0).unsigned_abs() as usize;
        let from = left.max(0).unsigned_abs();
        let Some(to) = u32::try_from(i64::from(left) + i64::from(width)).ok() else {
            return;
        };
        for (row, coverage) in coverage.chunks_exact(width as usize).enumerate() {
            let Some(y) = i64::try_from(row)
                .ok()
                .and_then(|row| u32::try_from(i64::from(top) + row).ok())
            else {
                continue;
            };
            for (pixel, &cover) in self
                .row(y, from, to)
                .chunks_exact_mut(4)
                .zip(coverage.iter().skip(skip))
            {
                match cover {
                    0 => {}
                    255 => {
                        pixel[..3].copy_from_slice(&colour.0);
                        pixel[3] = 255;
                    }
                    _ if pixel[3] == 255 => {
                        for (under, over) in pixel[..3].iter_mut().zip(colour.0) {
                            *under = mix(*under, over, cover);
                        }
                    }
                    _ => mix_over_hole(pixel, colour, cover),
                }
            }
        }
    }

    /// Fills an anti-aliased shape; the path is in canvas coordinates.
    pub(crate) fn fill_path(&mut self, path: &Path, colour: Rgb, opacity: f32) {
        let bounds = path.bounds();
        let left = signed_px(bounds.left().floor()).max(0);
        let top = signed_px(bounds.top().floor()).max(0);
        let right = signed_px(bounds.right().ceil()).min(i32::try_from(self.width).unwrap_or(0));
        let bottom = signed_px(bounds.bottom().ceil()).min(i32::try_from(self.height).unwrap_or(0));
        let (Ok(width), Ok(height)) = (u32::try_from(right - left), u32::try_from(bottom - top))
        else {
            return;
        };
        let Some(mut mask) = Mask::new(width, height) else {
            return;
        };
        let shift = Transform::from_translate(-(left as f32), -(top as f32));
        mask.fill_path(path, FillRule::Winding, true, shift);
        if opacity < 1.0 {
            for cover in mask.data_mut() {
                *cover = channel(f32::from(*cover) * opacity);
            }
        }
        self.blend(left, top, width, mask.data(), colour);
    }

    pub(crate) fn fill_rounded(&mut self, area: Area, radius: f32, colour: Rgb) {
        if let Some(path) = rounded(area, radius) {
            self.fill_path(&path, colour, 1.0);
        }
    }

    /// Turns the canvas clockwise by 0, 90, 180 or 270 degrees.
    pub(crate) fn rotated(self, rotation: u16) -> Self {
        let (width, height) = (self.width as usize, self.height as usize);
        match rotation {
            180 => {
                let mut rgba = self.rgba;
                let (pixels, _) = rgba.as_chunks_mut::<4>();
                pixels.reverse();
                Self { rgba, ..self }
            }
            90 | 270 => {
                let (source, _) = self.rgba.as_chunks::<4>();
                let mut rgba = vec![0; self.rgba.len()];
                let (target, _) = rgba.as_chunks_mut::<4>();
                // Tiles keep both sides in the cache.
                const TILE: usize = 32;
                for top in (0..height).step_by(TILE) {
                    for left in (0..width).step_by(TILE) {
                        for y in top..(top + TILE).min(height) {
                            for x in left..(left + TILE).min(width) {
                                let at = if rotation == 90 {
                                    x * height + (height - 1 - y)
                                } else {
                                    (width - 1 - x) * height + y
                                };
                                target[at] = source[y * width + x];
                            }
                        }
                    }
                }
                Self {
                    width: self.height,
                    height: self.width,
                    rgba,
                }
            }
            _ => self,
        }
    }
}

fn mix(under: u8, over: u8, cover: u8) -> u8 {
    let (under, over, cover) = (u32::from(under), u32::from(over), u32::from(cover));
    let sum = under * (255 - cover) + over * cover + 127;
    u8::try_from(sum / 255).unwrap_or(u8::MAX)
}

/// Lays a colour over a pixel that is not opaque; the soft edge of a panel over a hole.
fn mix_over_hole(pixel: &mut [u8], Rgb(colour): Rgb, cover: u8) {
    let cover = u32::from(cover);
    let rest = u32::from(pixel[3]) * (255 - cover) / 255;
    let alpha = cover + rest;
    for (under, over) in pixel[..3].iter_mut().zip(colour) {
        let sum = u32::from(over) * cover + u32::from(*under) * rest + alpha / 2;
        *under = u8::try_from(sum / alpha.max(1)).unwrap_or(u8::MAX);
    }
    pixel[3] = u8::try_from(alpha).unwrap_or(u8::MAX);
}

/// Outlines a rectangle with rounded corners.
fn rounded(area: Area, radius: f32) -> Option<Path> {
    // How far the handles of a cubic stand off so that it follows a quarter of a circle.
    const HANDLE: f32 = 0.552_285;
    let (left, top) = (real(area.x), real(area.y));
    let (right, bottom) = (real(area.right()), real(area.bottom()));
    let radius = radius
        .min((right - left) / 2.0)
        .min((bottom - top) / 2.0)
        .max(0.0);
    let near = radius * (1.0 - HANDLE);
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.cubic_to(right - near, top, right, top + near, right, top + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(
        right,
        bottom - near,
        right - near,
        bottom,
        right - radius,
        bottom,
    );
    path.line_to(left + radius, bottom);
    path.cubic_to(
        left + near,
        bottom,
        left,
        bottom - near,
        left,
        bottom - radius,
    );
    path.line_to(left, top + radius);
    path.cubic_to(left, top + near, left + near, top, left + radius, top);
    path.close();
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_canvas_and_a_turned_area_agree() {
        for rotation in [0, 90, 180, 270] {
            let mut canvas = Canvas::filled(70, 50, Rgb([0; 3]));
            let area = Area::new(3, 5, 11, 2);
            canvas.fill(area, Rgb([255; 3]));
            let turned = canvas.rotated(rotation);
            let landed = area.rotated(70, 50, rotation);
            for y in 0..turned.height {
                for x in 0..turned.width {
                    let inside = (landed.x..landed.right()).contains(&x)
                        && (landed.y..landed.bottom()).contains(&y);
                    assert_eq!(
                        turned.pixel(x, y) == [255; 3],
                        inside,
                        "{rotation}: {x},{y}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_drawn_over_a_hole_closes_it_with_soft_edges() {
        let mut canvas = Canvas::filled(4, 1, Rgb([9; 3]));
        canvas.open_hole(Area::new(0, 0, 3, 9));
        canvas.blend(0, 0, 4, &[0, 128, 255, 128], Rgb([200; 3]));
        let (pixels, _) = canvas.rgba.as_chunks::<4>();
        assert_eq!(pixels[0][3], 0);
        assert_eq!(pixels[1], [200, 200, 200, 128]);
        assert_eq!(pixels[2], [200, 200, 200, 255]);
        assert_eq!(pixels[3], [105, 105, 105, 255]);
        canvas.blend(1, 0, 1, &[128], Rgb([0; 3]));
        let (pixels, _) = canvas.rgba.as_chunks::<4>();
        assert_eq!(pixels[1][3], 191);
        assert!(pixels[1][0].abs_diff(66) <= 1, "{:?}", pixels[1]);
        canvas.fill(Area::new(0, 0, 1, 1), Rgb([1; 3]));
        assert_eq!(canvas.rgba[3], 255);
    }

    #[test]
    fn marks_outside_the_canvas_are_clipped() {
        let mut canvas = Canvas::filled(4, 4, Rgb([9; 3]));
        canvas.fill(Area::new(3, 3, 10, 10), Rgb([1; 3]));
        canvas.fill(Area::new(40, 40, 10, 10), Rgb([1; 3]));
        canvas.blend(-2, -2, 4, &[255; 16], Rgb([2; 3]));
        canvas.blend(-20, 90, 4, &[255; 16], Rgb([2; 3]));
        canvas.fill_rounded(Area::new(2, 0, 90, 90), 3.0, Rgb([3; 3]));
        assert_eq!(canvas.pixel(0, 0), [2; 3]);
        assert_eq!(canvas.rgba.len(), 64);
    }
}
