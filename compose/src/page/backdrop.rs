//! What stands behind a picture that does not fill its place.

use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;

use crate::page::content::Content;
use crate::raster::bitmap::{Bitmap, Pixels};
use crate::raster::canvas::{channel, px, real};
use crate::raster::scale::{Crop, scaled, softened};

/// Makes a backdrop of a picture itself: blurred beyond recognition and darkened. Returns rows of
/// RGB.
pub(crate) fn backdrop(
    content: &dyn Content,
    (width, height): (u32, u32),
    paper: Rgb,
) -> Result<Vec<u8>, ComposeError> {
    let crop = Crop::covering(content.size(), (width, height));
    let shape = real(width) / real(height.max(1));
    let small = if shape >= 1.0 {
        (px(12.0 * shape).clamp(12, 64), 12)
    } else {
        (12, px(12.0 / shape).clamp(12, 64))
    };
    let mut rgb = content.scaled(crop, small, paper)?;
    for _ in 0..2 {
        rgb = softened(&rgb, small);
    }
    for value in &mut rgb {
        *value = channel(f32::from(*value) * 0.5);
    }
    let tiny = Bitmap {
        width: small.0,
        height: small.1,
        pixels: Pixels::Rgb(rgb),
    };
    scaled(&tiny, Crop::whole(small.0, small.1), (width, height), paper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backdrop_fills_its_area_and_is_darker_than_the_picture() {
        let bitmap = Bitmap {
            width: 30,
            height: 90,
            pixels: Pixels::Rgb(vec![200; 30 * 90 * 3]),
        };
        let rgb = backdrop(&bitmap, (320, 180), Rgb([0; 3])).expect("made");
        assert_eq!(rgb.len(), 320 * 180 * 3);
        assert!(rgb.iter().all(|&value| (90..=110).contains(&value)));
    }
}
