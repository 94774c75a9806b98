//! A small picture of what was on a screen, for the people who run it.
//!
//! Invariants: the codes are covered before anything else is done with the pixels, so that no phone
//! can scan one from a picture; the picture is upright however the screen hangs; it has at most
//! [`FRAME_SIDE_PX_MAX`] pixels a side and [`BYTES_MAX`] bytes.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder as _, RgbImage, RgbaImage, imageops};
use passerby_playout::messages::stage_messages::Snapshot;
use passerby_playout::screen::area::Area;
use passerby_protocol::limits::FRAME_SIDE_PX_MAX;

/// Largest picture, in bytes.
pub const BYTES_MAX: usize = 40 << 10;
/// What covers a code: the grey of a white card in shadow.
const COVER: [u8; 3] = [200; 3];
/// How well pictures are kept, the best first; what is still too large then has half the pixels a
/// side.
const QUALITIES: [u8; 4] = [82, 70, 55, 35];

/// A finished picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallFrame {
    /// Pixels a row.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// The JPEG.
    pub jpeg: Vec<u8>,
}

impl SmallFrame {
    /// Makes one of a snapshot of a screen whose content is turned clockwise by so many degrees.
    /// `None` of a snapshot without pixels.
    pub fn of(snapshot: Snapshot, rotation: u16) -> Option<Self> {
        let picture = upright(shrunk(covered(snapshot))?, rotation);
        let half = || {
            let [width, height] = [picture.width(), picture.height()].map(|px| (px / 2).max(1));
            imageops::thumbnail(&picture, width, height)
        };
        encoded(&picture).or_else(|| encoded(&half()))
    }
}

/// Paints over what phones could scan.
fn covered(mut snapshot: Snapshot) -> Snapshot {
    let (width, height) = (snapshot.width_px, snapshot.height_px);
    let codes: Vec<Area> = snapshot
        .zones
        .iter()
        .flat_map(|zone| zone.codes.iter().copied())
        .collect();
    for code in codes {
        let (left, right) = (code.x.min(width), code.right().min(width));
        for y in code.y.min(height)..code.bottom().min(height) {
            let row = (y as usize * width as usize) * 4;
            let pixels = row + left as usize * 4..row + right as usize * 4;
            let Some(pixels) = snapshot.rgba.get_mut(pixels) else {
                continue;
            };
            for pixel in pixels.chunks_exact_mut(4) {
                pixel[..3].copy_from_slice(&COVER);
            }
        }
    }
    snapshot
}

/// Each pixel is the mean of those that it stands for.
fn shrunk(snapshot: Snapshot) -> Option<RgbImage> {
    let (width, height) = (snapshot.width_px, snapshot.height_px);
    let longer = width.max(height);
    if width == 0 || height == 0 {
        return None;
    }
    let small = |px: u32| {
        let exact = u64::from(px) * u64::from(FRAME_SIDE_PX_MAX.min(longer));
        let small = u32::try_from(exact / u64::from(longer)).unwrap_or(px);
        small.max(1)
    };
    let picture = RgbaImage::from_raw(width, height, snapshot.rgba)?;
    let picture = imageops::thumbnail(&picture, small(width), small(height));
    Some(DynamicImage::ImageRgba8(picture).to_rgb8())
}

/// Turns a picture back whose content is turned clockwise.
fn upright(picture: RgbImage, rotation: u16) -> RgbImage {
    match rotation {
        90 => imageops::rotate270(&picture),
        180 => imageops::rotate180(&picture),
        270 => imageops::rotate90(&picture),
        _ => picture,
    }
}

/// As well kept as fits.
fn encoded(picture: &RgbImage) -> Option<SmallFrame> {
    let (width_px, height_px) = picture.dimensions();
    QUALITIES.into_iter().find_map(|quality| {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality)
            .write_image(
                picture.as_raw(),
                width_px,
                height_px,
                ExtendedColorType::Rgb8,
            )
            .ok()?;
        (jpeg.len() <= BYTES_MAX).then_some(SmallFrame {
            width_px,
            height_px,
            jpeg,
        })
    })
}

#[cfg(test)]
mod tests {
    use passerby_playout::messages::stage_messages::SnapshotZone;
    use passerby_playout::screen::geometry::Zone;

    use super::*;

    fn snapshot(width: u32, height: u32, paint: impl Fn(u32, u32) -> [u8; 3]) -> Snapshot {
        let at = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Snapshot {
            width_px: width,
            height_px: height,
            rgba: at
                .flat_map(|(x, y)| {
                    let [red, green, blue] = paint(x, y);
                    [red, green, blue, 255]
                })
                .collect(),
            zones: Vec::new(),
        }
    }

    fn decoded(frame: &SmallFrame) -> RgbImage {
        let picture = image::load_from_memory(&frame.jpeg).expect("a picture");
        assert_eq!(
            (picture.width(), picture.height()),
            (frame.width_px, frame.height_px)
        );
        picture.to_rgb8()
    }

    /// Noise without a pattern, the same every time.
    fn noise(x: u32, y: u32) -> [u8; 3] {
        let mixed = (x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B))
            .wrapping_mul(0xC2B2_AE35)
            .to_be_bytes();
        [mixed[0], mixed[1], mixed[2]]
    }

    #[test]
    fn any_picture_fits_its_bounds_and_keeps_its_shape() {
        for (size, small) in [
            ((1920, 1080), (480, 270)),
            ((1080, 1920), (270, 480)),
            ((480, 480), (480, 480)),
            ((300, 20), (300, 20)),
            ((5_000, 3), (480, 1)),
            ((1, 1), (1, 1)),
        ] {
            let frame = SmallFrame::of(snapshot(size.0, size.1, noise), 0).expect("a frame");
            assert!(frame.jpeg.len() <= BYTES_MAX, "{}", frame.jpeg.len());
            let halves = small.0 / 2 == frame.width_px;
            assert!((frame.width_px, frame.height_px) == small || halves);
            decoded(&frame);
        }
        let nothing = snapshot(0, 0, noise);
        assert_eq!(SmallFrame::of(nothing, 0), None);
    }

    #[test]
    fn a_pixel_is_the_mean_of_those_that_it_stands_for() {
        let stripes = snapshot(960, 540, |x, _| [if x % 2 == 0 { 0 } else { 255 }; 3]);
        let picture = shrunk(stripes).expect("a picture");
        assert!(
            picture
                .pixels()
                .all(|pixel| pixel.0.iter().all(|level| level.abs_diff(128) <= 1))
        );
    }

    #[test]
    fn a_screen_that_hangs_turned_is_seen_upright() {
        // Red is up for whoever stands before it.
        let red = [255, 0, 0];
        for (rotation, is_up) in [
            (0, (|_, y| y < 120) as fn(u32, u32) -> bool),
            (90, |x, _| x >= 120),
            (180, |_, y| y >= 120),
            (270, |x, _| x < 120),
        ] {
            let painted = snapshot(240, 240, |x, y| if is_up(x, y) { red } else { [0; 3] });
            let frame = SmallFrame::of(painted, rotation).expect("a frame");
            let picture = decoded(&frame);
            assert!(picture.get_pixel(120, 20)[0] > 200, "{rotation}");
            assert!(picture.get_pixel(120, 220)[0] < 50, "{rotation}");
        }
    }

    #[test]
    fn of_codes_nothing_is_left_also_where_they_reach_past_an_end() {
        let mut painted = snapshot(400, 300, noise);
        let zone = |codes| SnapshotZone {
            zone: Zone::MAIN,
            campaign: String::new(),
            creative: String::new(),
            play: None,
            codes,
        };
        painted.zones = vec![
            zone(vec![Area::new(10, 20, 100, 100)]),
            zone(vec![Area::new(350, 250, 100, 100)]),
        ];
        let picture = covered(painted);
        for (x, y, is_covered) in [
            (10, 20, true),
            (109, 119, true),
            (9, 20, false),
            (110, 119, false),
            (399, 299, true),
            (349, 299, false),
        ] {
            let at = (y * 400 + x) * 4;
            let pixel = &picture.rgba[at..at + 3];
            assert_eq!(pixel == COVER, is_covered, "{x} {y}");
        }
    }
}
