//! The slides that are shown, and how far a picture is from them.

use std::collections::BTreeSet;

use passerby_compose::slide::{Caption, Slide};
use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};
use passerby_playout::screen::area::Area;

pub(crate) const WIDTH_PX: u32 = 640;
pub(crate) const HEIGHT_PX: u32 = 360;

/// Where slides that have room for one show their code.
const CODE_SQUARE: Area = Area::new(20, 16, CODE_SQUARE_PX, CODE_SQUARE_PX);
/// 25 modules and the quiet zone, 4 pixels each.
const CODE_SQUARE_PX: u32 = (25 + 2 * 4) * 4;

pub(crate) fn url(number: u32) -> String {
    format!("HTTPS://HUB.EXAMPLE/Q/{number}")
}

/// Tells what a pixel of the code square shows.
fn code_square_pixel(matrix: &QrMatrix, x: u32, y: u32) -> [u8; 4] {
    let at = |along: u32| (along / 4).checked_sub(QUIET_MODULES);
    let dark = at(x).zip(at(y)).is_some_and(|(x, y)| matrix.is_dark(x, y));
    if dark { [0, 0, 0, 255] } else { [255; 4] }
}

/// A colour of its own for every slide, its code if there is room, and black and white bars in the
/// lower half that spell its number.
pub(crate) fn slide(number: u32, (width_px, height_px): (u32, u32)) -> Slide {
    let colour = [
        u8::try_from(number * 53 % 200 + 40).unwrap(),
        u8::try_from(number * 97 % 200 + 40).unwrap(),
        u8::try_from(number * 29 % 200 + 40).unwrap(),
        255,
    ];
    let matrix = QrMatrix::encode(&url(number)).unwrap();
    assert_eq!((matrix.modules() + 2 * QUIET_MODULES) * 4, CODE_SQUARE_PX);
    let has_code = width_px >= 320 && height_px >= 2 * CODE_SQUARE.bottom();
    let mut rgba = Vec::with_capacity((width_px * height_px * 4) as usize);
    for y in 0..height_px {
        for x in 0..width_px {
            if has_code
                && (CODE_SQUARE.x..CODE_SQUARE.right()).contains(&x)
                && (CODE_SQUARE.y..CODE_SQUARE.bottom()).contains(&y)
            {
                rgba.extend_from_slice(&code_square_pixel(
                    &matrix,
                    x - CODE_SQUARE.x,
                    y - CODE_SQUARE.y,
                ));
                continue;
            }
            let bar = (number >> (x / 3 % 8)) & 1 == 1;
            rgba.extend_from_slice(match (y > height_px / 2, bar) {
                (false, _) => &colour,
                (true, true) => &[0, 0, 0, 255],
                (true, false) => &[255; 4],
            });
        }
    }
    let caption = Caption {
        campaign: "test".into(),
        creative: format!("slide-{number}"),
        play: Some(number),
        url: has_code.then(|| url(number)),
    };
    let mut slide = Slide::still(width_px, height_px, rgba, caption);
    slide.code_square = has_code.then_some(CODE_SQUARE);
    slide
}

/// The pixels of the code square and those of everything else, a row after the other.
pub(crate) fn parted(rgba: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut code_square, mut rest) = (Vec::new(), Vec::new());
    for (y, row) in (0..).zip(rgba.chunks_exact(WIDTH_PX as usize * 4)) {
        if (CODE_SQUARE.y..CODE_SQUARE.bottom()).contains(&y) {
            let (from, to) = (CODE_SQUARE.x as usize * 4, CODE_SQUARE.right() as usize * 4);
            code_square.extend_from_slice(&row[from..to]);
            rest.extend_from_slice(&row[..from]);
            rest.extend_from_slice(&row[to..]);
        } else {
            rest.extend_from_slice(row);
        }
    }
    (code_square, rest)
}

/// The largest difference to the best mix of two pictures, in levels of 255.
pub(crate) fn distance_to_mix(picture: &[u8], old: &[u8], new: &[u8]) -> f64 {
    // Flat colours make few distinct cases out of very many pixels.
    let cases: BTreeSet<(u8, u8, u8)> = old
        .iter()
        .zip(new)
        .zip(picture)
        .map(|((old, new), seen)| (*old, *new, *seen))
        .collect();
    let worst = |share: f64| {
        cases.iter().fold(0.0, |worst: f64, (old, new, seen)| {
            let mix = f64::from(*old) * (1.0 - share) + f64::from(*new) * share;
            worst.max((mix - f64::from(*seen)).abs())
        })
    };
    // One share has to explain every pixel.
    (0..=10_000)
        .map(|n| worst(f64::from(n) / 10_000.0))
        .fold(f64::INFINITY, f64::min)
}
