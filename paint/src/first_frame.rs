//! The first frame of one slide by itself, for whoever wants to see it before it airs.

use std::time::Duration;

use passerby_compose::slide::{Area, Slide};

use crate::frame::{ChangeNumbers, Frame, Layer, Rectangle, rectangle};
use crate::painter::Painter;
use crate::pixels::SlidePixels;
use crate::store::SlideStore as _;
use crate::travel::MovingLayer;
use crate::window_pixels::swap_and_cover;

/// Paints a slide as the output shows it from its first frame on, without a transition: four bytes
/// a pixel, opaque, rows from the top.
///
/// # Errors
/// Says why it cannot be painted.
pub fn first_frame(
    slide: Slide,
    area: Area,
    size_px: (u32, u32),
    background: [u8; 3],
) -> Result<Vec<u8>, String> {
    let Slide {
        width_px,
        height_px,
        rgba,
        moving,
        code_square,
        frame_source,
        ..
    } = slide;
    let look = moving.as_ref().map(MovingLayer::of).transpose()?;
    let mut painter = Painter::default();
    let id = painter.load(SlidePixels {
        width_px,
        height_px,
        rgba,
        picture: moving.map(|moving| moving.picture),
    })?;
    if let Some(mut source) = frame_source {
        source.begin();
        let mut due = Vec::new();
        source.advance(Duration::ZERO, &mut due);
        for patch in &mut due {
            painter.patch(id, patch)?;
        }
    }
    let layer = Layer {
        slide: id,
        area,
        moving: look.map(|look| look.numbers(Duration::ZERO)),
        change: ChangeNumbers::REST,
        code_square: code_square.map_or_else(Rectangle::default, |square| {
            rectangle(Area::new(
                area.x + square.x,
                area.y + square.y,
                square.width,
                square.height,
            ))
        }),
        calm: [Rectangle::default(); 2],
        is_read: true,
    };
    let layers = vec![layer];
    let mut pixels = vec![0; size_px.0 as usize * size_px.1 as usize * 4];
    painter.paint(&Frame { background, layers }, size_px, &mut pixels, &[]);
    swap_and_cover(&mut pixels);
    Ok(pixels)
}
