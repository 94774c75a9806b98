//! Paints frames without a GPU.
//!
//! It remembers the frame that is on the output, finds out what of it the next one changes, and
//! paints only that, in bands on a few threads: straight into the memory that the output shows, so
//! that no picture is copied, and kept once.
//!
//! Invariants:
//! - After [`Painter::paint`] the picture is the frame, every pixel of it; what was not painted
//!   anew was that already.
//! - A pixel is what windows take: blue, green, red, 255. Slides are brought into that order once,
//!   when they are loaded.
//! - One row passes through all its layers before the next, so that it stays in the processor's
//!   nearest cache.

mod damage;
mod kept_slide;
mod layer_rows;
mod mix;
mod mixture;
mod moving;
mod picture;
mod scratch;
mod strip;
mod taps;
mod video;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread;

use passerby_compose::slide::{Area, Patch};

use crate::frame::{Frame, SlideId};
use crate::painter::damage::{apart, damage};
use crate::painter::kept_slide::KeptSlide;
use crate::painter::layer_rows::LayerRows;
use crate::painter::scratch::Scratch;
use crate::pixels::SlidePixels;
use crate::store::SlideStore;

/// Longest side of a slide or an output, in pixels.
pub const SIDE_PX_MAX: u32 = 16_384;
/// Most threads that paint one frame.
const THREADS_MAX: usize = 4;
/// Fewer pixels than this a thread are not worth another one.
const THREAD_PIXELS_MIN: u64 = 150_000;

/// Paints frames into a picture in memory.
pub struct Painter {
    slides: BTreeMap<SlideId, KeptSlide>,
    loaded: u64,
    size: (u32, u32),
    shown: Option<Frame>,
    threads_max: usize,
}

impl Default for Painter {
    fn default() -> Self {
        Self {
            slides: BTreeMap::new(),
            loaded: 0,
            size: (0, 0),
            shown: None,
            threads_max: thread::available_parallelism()
                .map_or(1, NonZero::get)
                .min(THREADS_MAX),
        }
    }
}

impl Painter {
    /// Brings a picture up to a frame, for an output of a size, and returns which areas of it have
    /// changed. They do not overlap.
    ///
    /// The picture has rows of the output from its top, four bytes a pixel. It shows the frame that
    /// was painted last, but for `stale` areas; these are painted as well.
    pub fn paint(
        &mut self,
        frame: &Frame,
        size: (u32, u32),
        pixels: &mut [u8],
        stale: &[Area],
    ) -> Vec<Area> {
        let whole = Area::new(0, 0, size.0, size.1);
        let changed = match &self.shown {
            Some(last) if self.size == size => damage(last, frame, &self.slides, size),
            _ => vec![whole],
        };
        if stale.is_empty() {
            self.paint_areas(frame, pixels, size, &changed);
        } else {
            let both = changed.iter().chain(stale).copied().collect();
            self.paint_areas(frame, pixels, size, &apart(both, whole));
        }
        for slide in self.slides.values_mut() {
            slide.patched.clear();
            slide.is_moved = false;
        }
        self.size = size;
        self.shown = Some(frame.clone());
        changed
    }

    /// Paints the last frame once more for whoever wants to keep it: its size, and four bytes a
    /// pixel. Slides that have changed since are seen as they are now.
    pub fn picture(&self) -> ((u32, u32), Vec<u8>) {
        let (width, height) = self.size;
        let mut pixels = vec![0; width as usize * height as usize * 4];
        if let Some(shown) = &self.shown {
            let whole = Area::new(0, 0, width, height);
            self.paint_areas(shown, &mut pixels, self.size, &[whole]);
        }
        (self.size, pixels)
    }

    fn paint_areas(&self, frame: &Frame, pixels: &mut [u8], size: (u32, u32), areas: &[Area]) {
        let layers: Vec<LayerRows> = frame
            .layers
            .iter()
            .filter_map(|layer| Some(LayerRows::new(layer, self.slides.get(&layer.slide)?)))
            .collect();
        let [red, green, blue] = frame.background;
        paint_areas(
            pixels,
            size.0,
            areas,
            &layers,
            [blue, green, red, u8::MAX],
            self.threads_max,
        );
    }

    /// How many slides are kept.
    pub fn slides(&self) -> usize {
        self.slides.len()
    }
}

impl SlideStore for Painter {
    fn load(&mut self, pixels: SlidePixels) -> Result<SlideId, String> {
        pixels.check(SIDE_PX_MAX)?;
        self.loaded += 1;
        let id = SlideId(self.loaded);
        self.slides.insert(id, KeptSlide::new(pixels));
        Ok(id)
    }

    fn patch(&mut self, slide: SlideId, patch: &mut Patch) -> Result<(), String> {
        match self.slides.get_mut(&slide) {
            Some(slide) => slide.patch(patch),
            None => Err("it is gone".into()),
        }
    }

    fn keep(&mut self, slides: &[SlideId]) {
        self.slides.retain(|id, _| slides.contains(id));
    }

    fn side_px_max(&self) -> u32 {
        SIDE_PX_MAX
    }
}

/// Paints areas of a picture, in bands of rows on a few threads.
fn paint_areas(
    pixels: &mut [u8],
    width_px: u32,
    areas: &[Area],
    layers: &[LayerRows],
    background: [u8; 4],
    threads_max: usize,
) {
    let top = areas.iter().map(|area| area.y).min().unwrap_or_default();
    let bottom = areas.iter().map(|area| area.bottom()).max();
    let Some(rows) = bottom.map(|bottom| bottom - top).filter(|rows| *rows > 0) else {
        return;
    };
    let row_bytes = width_px as usize * 4;
    let first = top as usize * row_bytes;
    let pixels = &mut pixels[first..first + rows as usize * row_bytes];
    let painted: u64 = areas
        .iter()
        .map(|area| u64::from(area.width) * u64::from(area.height))
        .sum();
    let worth = usize::try_from(painted / THREAD_PIXELS_MIN).unwrap_or(threads_max);
    let threads = worth.clamp(1, threads_max);
    let band_rows = rows.div_ceil(u32::try_from(threads).unwrap_or(1)).max(1);
    let paint_band = |band: &mut [u8], band_top: u32| {
        let mut scratch = Scratch::default();
        for area in areas {
            paint_area(
                band,
                row_bytes,
                band_top,
                *area,
                layers,
                background,
                &mut scratch,
            );
        }
    };
    let mut bands = pixels
        .chunks_mut(band_rows as usize * row_bytes)
        .zip((top..).step_by(band_rows as usize));
    let own = bands.next();
    thread::scope(|scope| {
        for (band, band_top) in bands {
            scope.spawn(move || paint_band(band, band_top));
        }
        if let Some((band, band_top)) = own {
            paint_band(band, band_top);
        }
    });
}

/// Paints the rows of an area that lie in a band.
fn paint_area(
    band: &mut [u8],
    row_bytes: usize,
    band_top: u32,
    area: Area,
    layers: &[LayerRows],
    background: [u8; 4],
    scratch: &mut Scratch,
) {
    scratch.background.clear();
    // What lies beneath something that covers all of it is not seen.
    let lowest = layers.iter().rposition(|layer| layer.covers(area));
    let seen = &layers[lowest.unwrap_or_default()..];
    let columns = area.x as usize * 4..area.right() as usize * 4;
    for (y, row) in (band_top..).zip(band.chunks_exact_mut(row_bytes)) {
        if !(area.y..area.bottom()).contains(&y) {
            continue;
        }
        let row = &mut row[columns.clone()];
        let mut seen = seen;
        if let [below, above, rest @ ..] = seen
            && lowest.is_some()
            && above.paint_with_below(below, y, area.x, row)
        {
            seen = rest;
        }
        if lowest.is_none() {
            if scratch.background.is_empty() {
                scratch.background.extend(background.repeat(row.len() / 4));
            }
            row.copy_from_slice(&scratch.background);
        }
        for layer in seen {
            layer.paint(y, area.x, row, scratch);
        }
    }
}

#[cfg(test)]
mod tests;
