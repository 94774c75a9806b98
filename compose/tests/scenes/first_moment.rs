//! What people see of a slide: its layers over each other.

use std::time::Duration;

use image::RgbImage;
use passerby_compose::slide::{MovingPicture, Patch, Plane, Slide};

/// Lays the layers of a slide over each other, at the moment when it is drawn first.
pub(crate) fn seen_first(mut slide: Slide) -> RgbImage {
    let width = slide.width_px as usize;
    if let Some(frame_source) = &mut slide.frame_source {
        let mut due: Vec<Patch> = Vec::new();
        frame_source.begin();
        frame_source.advance(Duration::ZERO, &mut due);
        for patch in due {
            assert!(patch.plane == Plane::Still, "{patch:?}");
            let row = patch.area.width as usize * 4;
            for (line, bytes) in patch.bytes.chunks_exact(row).enumerate() {
                let at = ((patch.area.y as usize + line) * width + patch.area.x as usize) * 4;
                slide.rgba[at..at + row].copy_from_slice(bytes);
            }
        }
    }
    let strip = slide.moving.as_ref().map(|moving| {
        let MovingPicture::Strip {
            row_px,
            height_px,
            length_px,
            pixels,
        } = &moving.picture
        else {
            panic!("a ticker runs");
        };
        (moving.area, *row_px, *height_px, *length_px, pixels)
    });
    RgbImage::from_fn(slide.width_px, slide.height_px, |x, y| {
        let at = (y as usize * width + x as usize) * 4;
        let over = &slide.rgba[at..at + 4];
        let under = strip
            .filter(|_| over[3] < 255)
            .map(|(area, row_px, height_px, length_px, pixels)| {
                let along = (x - area.x) % length_px;
                let row = along / row_px * height_px + (y - area.y);
                let at = (row as usize * row_px as usize + (along % row_px) as usize) * 4;
                [pixels[at], pixels[at + 1], pixels[at + 2]]
            })
            .unwrap_or([0; 3]);
        let mix = |channel: usize| {
            let (over, under, cover) = (
                u32::from(over[channel]),
                u32::from(under[channel]),
                u32::from(over[3]),
            );
            u8::try_from((over * cover + under * (255 - cover) + 127) / 255).unwrap_or(255)
        };
        image::Rgb([mix(0), mix(1), mix(2)])
    })
}
