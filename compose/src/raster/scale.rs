//! Brings a picture to the size of its area: what to crop, and how to scale.
//!
//! Invariant: scaling happens in linear light, so that fine bright detail keeps its brightness.

use std::sync::OnceLock;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U16x3, U16x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;
use serde::{Deserialize, Serialize};

use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;
use crate::raster::canvas::{Area, channel, px, real};
use crate::raster::palette;
use crate::raster::palette::{Art, Sample, blend};

/// A part of a picture, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Crop {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Crop {
    /// All of a picture.
    pub(crate) fn whole(width: u32, height: u32) -> Self {
        Self {
            left: 0.0,
            top: 0.0,
            width: f64::from(width),
            height: f64::from(height),
        }
    }

    /// The largest part with the shape of an area; of what is cut, less comes off the top, where
    /// faces are.
    pub(crate) fn covering(picture: (u32, u32), area: (u32, u32)) -> Self {
        let (width, height) = (f64::from(picture.0), f64::from(picture.1));
        let shape = f64::from(area.0.max(1)) / f64::from(area.1.max(1));
        let kept_width = width.min(height * shape);
        let kept_height = height.min(width / shape);
        Self {
            left: (width - kept_width) * 0.5,
            top: (height - kept_height) * 0.4,
            width: kept_width,
            height: kept_height,
        }
    }

    /// The share of the longer cut side that is lost, 0 to 1.
    pub(crate) fn loss(&self, (width, height): (u32, u32)) -> f64 {
        let kept = (self.width / f64::from(width)).min(self.height / f64::from(height));
        1.0 - kept
    }
}

/// Returns where a picture lands inside an area when all of it is shown.
pub(crate) fn contained((width, height): (u32, u32), area: Area) -> Area {
    let scale = (real(area.width) / real(width)).min(real(area.height) / real(height));
    let shown_width = px(real(width) * scale).clamp(1, area.width.max(1));
    let shown_height = px(real(height) * scale).clamp(1, area.height.max(1));
    Area::new(
        area.x + area.width.saturating_sub(shown_width) / 2,
        area.y + area.height.saturating_sub(shown_height) / 2,
        shown_width,
        shown_height,
    )
}

/// Scales a part of a picture; what is transparent shows the paper. Returns rows of RGB.
pub(crate) fn scaled(
    bitmap: &Bitmap,
    crop: Crop,
    (width, height): (u32, u32),
    paper: Rgb,
) -> Result<Vec<u8>, ComposeError> {
    if let Some(rgb) = as_it_is(bitmap, crop, (width, height)) {
        return Ok(rgb.to_owned());
    }
    let factor = (crop.width / f64::from(width.max(1))).min(crop.height / f64::from(height.max(1)));
    // Averaging first is cheap and keeps a huge picture from being held twice.
    let by = match factor {
        factor if factor >= 4.5 => 3,
        factor if factor >= 3.0 => 2,
        _ => 1,
    };
    let source = ((bitmap.width / by).max(1), (bitmap.height / by).max(1));
    let crop = crop.shrunk(f64::from(by)).within(source.0, source.1);
    let stride = bitmap.width as usize;
    let gamma = gamma_table();
    let byte = |linear: u16| gamma[usize::from(linear)];
    Ok(match &bitmap.pixels {
        Pixels::Rgb(bytes) => {
            let (pixels, _) = bytes.as_chunks::<3>();
            let linear = averaged_rgb(pixels, stride, source, by as usize);
            let scaled = resize(&linear, source, crop, (width, height))?;
            scaled.iter().flat_map(|pixel| pixel.0.map(byte)).collect()
        }
        Pixels::Rgba(bytes) => {
            let (pixels, _) = bytes.as_chunks::<4>();
            let linear = averaged_rgba(pixels, stride, source, by as usize);
            let scaled = resize(&linear, source, crop, (width, height))?;
            let lay = |&[red, green, blue, alpha]: &[u16; 4]| {
                if alpha == u16::MAX {
                    return [red, green, blue].map(byte);
                }
                let share = f32::from(alpha) / 65_535.0;
                blend(paper, Rgb([red, green, blue].map(byte)), share).0
            };
            scaled.iter().flat_map(|pixel| lay(&pixel.0)).collect()
        }
    })
}

/// The rows of RGB of a picture that is to be seen whole, in its own size, and is opaque.
pub(crate) fn as_it_is(bitmap: &Bitmap, crop: Crop, size: (u32, u32)) -> Option<&[u8]> {
    let Pixels::Rgb(rgb) = &bitmap.pixels else {
        return None;
    };
    let is_whole = crop == Crop::whole(bitmap.width, bitmap.height);
    (is_whole && (bitmap.width, bitmap.height) == size).then_some(rgb)
}

/// Gives rows of RGB an alpha of 255.
pub(crate) fn opaque(rgb: &[u8]) -> Vec<u8> {
    let (pixels, _) = rgb.as_chunks::<3>();
    let mut rgba = Vec::with_capacity(pixels.len() * 4);
    for &[red, green, blue] in pixels {
        rgba.extend_from_slice(&[red, green, blue, 255]);
    }
    rgba
}

/// Lays a picture on paper in its own size. Returns rows of opaque RGBA.
pub(crate) fn flattened(bitmap: Bitmap, paper: Rgb) -> Vec<u8> {
    match bitmap.pixels {
        Pixels::Rgb(rgb) => opaque(&rgb),
        Pixels::Rgba(mut rgba) => {
            for pixel in rgba.as_chunks_mut::<4>().0 {
                let [red, green, blue, alpha] = *pixel;
                if alpha < 255 {
                    let share = f32::from(alpha) / 255.0;
                    let Rgb(laid) = blend(paper, Rgb([red, green, blue]), share);
                    *pixel = [laid[0], laid[1], laid[2], 255];
                }
            }
            rgba
        }
    }
}

/// Looks at the colours of a picture, and at what of it stands on the paper.
pub(crate) fn sample(bitmap: &Bitmap) -> Sample {
    Sample::of(&samples(bitmap)).with_art(art(bitmap))
}

/// Looks at what of a picture stands on the paper.
pub(crate) fn art(bitmap: &Bitmap) -> Option<Art> {
    match &bitmap.pixels {
        Pixels::Rgb(_) => None,
        Pixels::Rgba(rgba) => Art::of(rgba),
    }
}

/// Picks a few thousand pixels of RGB from all over a picture, for its palette; what is nearly
/// transparent is left out.
fn samples(bitmap: &Bitmap) -> Vec<u8> {
    const SIDE: usize = 96;
    let (bytes, channels) = match &bitmap.pixels {
        Pixels::Rgb(bytes) => (bytes, 3),
        Pixels::Rgba(bytes) => (bytes, 4),
    };
    let (width, height) = (bitmap.width as usize, bitmap.height as usize);
    (0..SIDE * SIDE)
        .filter_map(|at| {
            let x = (2 * (at % SIDE) + 1) * width / (2 * SIDE);
            let y = (2 * (at / SIDE) + 1) * height / (2 * SIDE);
            let start = (y * width + x) * channels;
            bytes.get(start..start + channels)
        })
        .filter(|pixel| pixel.get(3).is_none_or(|&alpha| alpha > 127))
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect()
}

impl Crop {
    /// The same part in shares of the picture: `[x, y, width, height]`, 0 to 1.
    pub(crate) fn share(&self, (width, height): (u32, u32)) -> [f32; 4] {
        let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
        [
            self.left / width,
            self.top / height,
            self.width / width,
            self.height / height,
        ]
        .map(narrowed)
    }

    fn shrunk(self, by: f64) -> Self {
        Self {
            left: self.left / by,
            top: self.top / by,
            width: self.width / by,
            height: self.height / by,
        }
    }

    /// Keeps rounding from reaching past the picture's edge.
    fn within(self, width: u32, height: u32) -> Self {
        let (width, height) = (f64::from(width), f64::from(height));
        let left = self.left.clamp(0.0, (width - 1.0).max(0.0));
        let top = self.top.clamp(0.0, (height - 1.0).max(0.0));
        Self {
            left,
            top,
            width: self.width.clamp(0.01, width - left),
            height: self.height.clamp(0.01, height - top),
        }
    }
}

/// Scales linear light. Typed by pixel, so that the compiler builds two kernels and not thirteen.
fn resize<P: PixelTrait + Default>(
    pixels: &[P],
    (source_width, source_height): (u32, u32),
    crop: Crop,
    (width, height): (u32, u32),
) -> Result<Vec<P>, ComposeError> {
    // Lanczos rings where it enlarges.
    let enlarges = crop.width < f64::from(width) || crop.height < f64::from(height);
    let filter = if enlarges {
        FilterType::CatmullRom
    } else {
        FilterType::Lanczos3
    };
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .crop(crop.left, crop.top, crop.width, crop.height);
    let mut result = vec![P::default(); width as usize * height as usize];
    let failed = |error: &dyn std::fmt::Display| {
        ComposeError::new(format!(
            "the picture could not be scaled ({error}); export it in another size"
        ))
    };
    let source = TypedImageRef::new(source_width, source_height, pixels).map_err(|e| failed(&e))?;
    let mut target =
        TypedImage::from_pixels_slice(width, height, &mut result).map_err(|e| failed(&e))?;
    Resizer::new()
        .resize_typed(&source, &mut target, &options)
        .map_err(|e| failed(&e))?;
    Ok(result)
}

/// Brings RGB to linear light, averaged over blocks of `by` × `by` pixels.
fn averaged_rgb(
    pixels: &[[u8; 3]],
    stride: usize,
    (width, height): (u32, u32),
    by: usize,
) -> Vec<U16x3> {
    let table = linear_table();
    let mut linear = Vec::with_capacity(width as usize * height as usize);
    if by == 1 {
        linear.extend(
            pixels
                .iter()
                .map(|pixel| U16x3::new(pixel.map(|value| narrow(table[usize::from(value)])))),
        );
        return linear;
    }
    let area = u32::try_from(by * by).unwrap_or(1);
    let mut sums = vec![[0_u32; 3]; width as usize];
    for rows in pixels.chunks(stride * by).take(height as usize) {
        sums.fill([0; 3]);
        for row in rows.chunks_exact(stride) {
            for (sum, block) in sums.iter_mut().zip(row.chunks(by)) {
                for &[red, green, blue] in block {
                    sum[0] += table[usize::from(red)];
                    sum[1] += table[usize::from(green)];
                    sum[2] += table[usize::from(blue)];
                }
            }
        }
        // Pictures narrower than a block are too thin for it to matter.
        linear.extend(
            sums.iter()
                .map(|sum| U16x3::new(sum.map(|sum| narrow(sum / area)))),
        );
    }
    linear
}

/// The same for RGBA; what is transparent has no say in the colour.
fn averaged_rgba(
    pixels: &[[u8; 4]],
    stride: usize,
    (width, height): (u32, u32),
    by: usize,
) -> Vec<U16x4> {
    let table = linear_table();
    let area = u32::try_from(by * by).unwrap_or(1);
    let mut sums = vec![[0_u32; 4]; width as usize];
    let mut linear = Vec::with_capacity(width as usize * height as usize);
    for rows in pixels.chunks(stride * by).take(height as usize) {
        sums.fill([0; 4]);
        for row in rows.chunks_exact(stride) {
            for (sum, block) in sums.iter_mut().zip(row.chunks(by)) {
                for &[red, green, blue, alpha] in block {
                    let weight = u32::from(alpha);
                    sum[0] += table[usize::from(red)] * weight / 255;
                    sum[1] += table[usize::from(green)] * weight / 255;
                    sum[2] += table[usize::from(blue)] * weight / 255;
                    sum[3] += weight;
                }
            }
        }
        linear.extend(sums.iter().map(|&[red, green, blue, alpha]| {
            let colour = |sum: u32| {
                let sum = u64::from(sum) * 255 / u64::from(alpha.max(1));
                u16::try_from(sum).unwrap_or(u16::MAX)
            };
            U16x4::new([
                colour(red),
                colour(green),
                colour(blue),
                narrow(alpha * 257 / area),
            ])
        }));
    }
    linear
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a share of a picture needs no more than a float's precision"
)]
fn narrowed(share: f64) -> f32 {
    (share as f32).clamp(0.0, 1.0)
}

fn narrow(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

/// Eight-bit sRGB to sixteen-bit linear light.
fn linear_table() -> &'static [u32; 256] {
    static TABLE: OnceLock<[u32; 256]> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = [0; 256];
        for (value, entry) in (0_u8..=255).zip(&mut table) {
            let grey = Rgb([value; 3]);
            *entry = px(palette::luminance(grey) * 65_535.0);
        }
        table
    })
}

/// Sixteen-bit linear light to eight-bit sRGB.
fn gamma_table() -> &'static [u8] {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    TABLE.get_or_init(|| {
        (0..=u16::MAX)
            .map(|value| channel(palette::gamma(f32::from(value) / 65_535.0) * 255.0))
            .collect()
    })
}

/// Averages each pixel with its neighbours.
pub(crate) fn softened(rgb: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    let mut soft = vec![0; rgb.len()];
    for y in 0..height {
        for x in 0..width {
            for channel in 0..3 {
                let (mut sum, mut count) = (0_u32, 0_u32);
                for near_y in y.saturating_sub(1)..(y + 2).min(height) {
                    for near_x in x.saturating_sub(1)..(x + 2).min(width) {
                        sum += u32::from(rgb[(near_y * width + near_x) * 3 + channel]);
                        count += 1;
                    }
                }
                soft[(y * width + x) * 3 + channel] = u8::try_from(sum / count).unwrap_or(0);
            }
        }
    }
    soft
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_keeps_the_areas_shape_and_knows_what_it_loses() {
        let crop = Crop::covering((4_000, 3_000), (1_920, 1_080));
        assert!((crop.width / crop.height - 16.0 / 9.0).abs() < 1e-6);
        assert!((crop.loss((4_000, 3_000)) - 0.25).abs() < 1e-6);
        assert!(Crop::covering((1_600, 900), (1_920, 1_080)).loss((1_600, 900)) < 1e-6);
    }

    #[test]
    fn fine_stripes_keep_their_light_when_they_are_scaled_down() {
        for (width, height) in [(640, 640), (200, 200)] {
            let stripes: Vec<u8> = (0..1_280 * 1_280)
                .flat_map(|at| [if at % 2 == 0 { 0 } else { 255 }; 3])
                .collect();
            let bitmap = Bitmap {
                width: 1_280,
                height: 1_280,
                pixels: Pixels::Rgb(stripes),
            };
            let crop = Crop::whole(1_280, 1_280);
            let rgb = scaled(&bitmap, crop, (width, height), Rgb([0; 3])).expect("scales");
            let middle = rgb[rgb.len() / 2];
            // Half of the light is 188; averaging the numbers themselves would give 128.
            assert!((165..=200).contains(&middle), "{middle}");
        }
    }

    #[test]
    fn a_picture_of_the_wanted_size_stays_as_it_is_with_the_short_way_and_the_long_one() {
        let rgb: Vec<u8> = (0..=255)
            .flat_map(|level| [level, 255 - level, 9])
            .collect();
        let rgba: Vec<u8> = rgb
            .chunks_exact(3)
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255])
            .collect();
        for pixels in [Pixels::Rgb(rgb.clone()), Pixels::Rgba(rgba)] {
            let bitmap = Bitmap {
                width: 16,
                height: 16,
                pixels,
            };
            let crop = Crop::whole(16, 16);
            let seen = scaled(&bitmap, crop, (16, 16), Rgb([0; 3])).expect("scales");
            assert_eq!(seen, rgb);
        }
    }

    #[test]
    fn what_is_transparent_shows_the_paper() {
        for side in [8, 64] {
            let bitmap = Bitmap {
                width: 64,
                height: 64,
                pixels: Pixels::Rgba([255, 0, 0, 0].repeat(64 * 64)),
            };
            let rgb =
                scaled(&bitmap, Crop::whole(64, 64), (side, side), Rgb([1, 2, 3])).expect("scales");
            assert_eq!(rgb[..3], [1, 2, 3]);
        }
    }
}
