//! `passerby-hub draw-postcards`: draws one postcard after the other, until nobody asks any more.
//!
//! Invariants: before it opens anything it has bound its memory, may write no file, and dies with
//! whoever started it; what it says on standard output are answers and nothing else.

use std::io::{self, Cursor};

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::{DynamicImage, ExtendedColorType, ImageDecoder as _, Limits};
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
    let picture = if order.picture.is_empty() {
        None
    } else {
        Some(opened(&order.picture).map_err(|error| error.to_string())?)
    };
    let card = Postcard {
        picture: picture
            .as_ref()
            .map(|(width, rgb)| (*width, rgb.as_slice())),
        sentence: &order.sentence,
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
    Err("its picture cannot be made small enough".to_owned())
}

/// Opens the small picture, which this hub made.
fn opened(jpeg: &[u8]) -> image::ImageResult<(u32, Vec<u8>)> {
    let mut decoder = JpegDecoder::new(Cursor::new(jpeg))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_SIDE_PX_MAX);
    limits.max_image_height = Some(PICTURE_SIDE_PX_MAX);
    decoder.set_limits(limits)?;
    let pixels = DynamicImage::from_decoder(decoder)?.into_rgb8();
    Ok((pixels.width(), pixels.into_raw()))
}
