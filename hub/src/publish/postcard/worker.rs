//! `passerby-hub draw-postcards`: draws one postcard after the other, until nobody asks any more.
//!
//! Invariants: before it opens anything it has bound its memory, may write no file, and dies with
//! whoever started it; what it says on standard output are answers and nothing else.

use std::io::{self, Cursor};

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::imageops::thumbnail;
use image::{DynamicImage, ExtendedColorType, ImageDecoder as _, Limits, RgbImage};
use passerby_compose::Fonts;
use passerby_compose::confinement::confine;
use passerby_compose::postcard::{HEIGHT_PX, Postcard, PostcardPainter, WIDTH_PX};

use crate::publish::postcard::order::{
    JPEG_BYTES_MAX, MEMORY_BYTES_MAX, PostcardOrder, write_answer,
};

/// Qualities of JPEG that are tried, best first.
const QUALITIES: [u8; 5] = [88, 80, 70, 58, 40];
/// Longest side of the small picture, in pixels.
const PICTURE_SIDE_PX_MAX: u32 = 2_000;
/// Shortest side of one that is made softer, in pixels.
const PICTURE_SIDE_PX_MIN: u32 = 32;

/// Reads orders from standard input and writes answers to standard output.
///
/// # Errors
/// What is wrong with an order, or with writing an answer.
pub fn run() -> io::Result<()> {
    confine(MEMORY_BYTES_MAX)?;
    let mut painter = PostcardPainter::new(Fonts::default());
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(order) = PostcardOrder::read(&mut input)? {
        write_answer(&mut output, &draw(&mut painter, &order))?;
    }
    Ok(())
}

/// Draws one as a JPEG.
pub(super) fn draw(
    painter: &mut PostcardPainter,
    order: &PostcardOrder,
) -> Result<Vec<u8>, String> {
    let mut picture = if order.picture.is_empty() {
        None
    } else {
        Some(opened(&order.picture).map_err(|error| error.to_string())?)
    };
    loop {
        let card = Postcard {
            picture: picture
                .as_ref()
                .map(|picture| (picture.width(), picture.as_raw().as_slice())),
            sentence: &order.sentence,
            title: &order.title,
            name: &order.name,
            seen: &order.seen,
            call: &order.call,
            host: &order.host,
            link: &order.link,
            colours: order.colours,
        };
        let rgb = painter.draw(&card)?;
        for quality in QUALITIES {
            let mut jpeg = Vec::new();
            JpegEncoder::new_with_quality(&mut jpeg, quality)
                .encode(&rgb, WIDTH_PX, HEIGHT_PX, ExtendedColorType::Rgb8)
                .map_err(|error| error.to_string())?;
            if jpeg.len() <= JPEG_BYTES_MAX {
                return Ok(jpeg);
            }
        }
        // What is left is noise, of which a softer one says as much.
        picture = match picture {
            Some(hard) if hard.width().min(hard.height()) >= 2 * PICTURE_SIDE_PX_MIN => {
                Some(thumbnail(&hard, hard.width() / 2, hard.height() / 2))
            }
            _ => return Err("its picture cannot be made small enough".to_owned()),
        };
    }
}

/// Opens the small picture, which this hub made.
fn opened(jpeg: &[u8]) -> image::ImageResult<RgbImage> {
    let mut decoder = JpegDecoder::new(Cursor::new(jpeg))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_SIDE_PX_MAX);
    limits.max_image_height = Some(PICTURE_SIDE_PX_MAX);
    decoder.set_limits(limits)?;
    Ok(DynamicImage::from_decoder(decoder)?.into_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::postcard::tests::order;

    #[test]
    fn a_postcard_with_the_hardest_picture_is_small_enough() {
        let mut state = 1_u32;
        let noise: Vec<u8> = (0..800 * 800 * 3)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_le_bytes()[2]
            })
            .collect();
        let mut picture = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut picture, 90)
            .encode(&noise, 800, 800, image::ExtendedColorType::Rgb8)
            .unwrap();
        let order = PostcardOrder { picture, ..order() };
        let jpeg = draw(&mut PostcardPainter::new(Fonts::default()), &order).unwrap();
        assert!(jpeg.len() <= JPEG_BYTES_MAX, "{}", jpeg.len());
        let read = image::load_from_memory(&jpeg).unwrap();
        assert_eq!((read.width(), read.height()), (1_080, 1_440));
    }
}
