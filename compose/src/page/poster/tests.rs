//! Posters and pages whose picture moves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use passerby_playout::messages::stage_messages::{Composer, SlideOrder};
use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::campaign::{Corner, Motion};

use crate::SlideComposer;
use crate::raster::canvas;
use crate::slide::{Area, MovingPicture, Slide, Travel};
use crate::tests::{self, URL};

fn media(name: &str) -> PathBuf {
    passerby_testing::package_folder()
        .join("tests/media")
        .join(name)
}

fn order(path: &Path, headline: Option<&str>, corner: Option<Corner>) -> SlideOrder {
    SlideOrder {
        dwell: Some(Duration::from_secs(10)),
        ..tests::order(tests::file(path), headline, corner.map(tests::code))
    }
}

fn screen(rotation: u16) -> Geometry {
    Geometry {
        rotation,
        ..Geometry::whole(1_280, 720)
    }
}

fn compose(order: &SlideOrder, screen: &Geometry) -> Slide {
    let made = SlideComposer::default().compose(order, screen);
    made.expect("composes").slide
}

/// The slide as the stage shows it at first, opaque.
fn composite(slide: &Slide) -> image::RgbaImage {
    let mut shown = image::RgbaImage::from_raw(slide.width_px, slide.height_px, slide.rgba.clone())
        .expect("whole");
    let Some(moving) = &slide.moving else {
        return shown;
    };
    let MovingPicture::Rgba {
        width_px,
        height_px,
        pixels,
    } = &moving.picture
    else {
        panic!("pixels");
    };
    let picture = image::RgbaImage::from_raw(*width_px, *height_px, pixels.clone()).expect("whole");
    let part = match moving.travel {
        Travel::Still(part) => part,
        Travel::Zoom { from, .. } => from,
        Travel::Run { .. } => panic!("it runs"),
    };
    let area = moving.area;
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            let across = ((x - area.x) as f32 + 0.5) / area.width as f32;
            let down = ((y - area.y) as f32 + 0.5) / area.height as f32;
            let (across, down) = match moving.turn {
                90 => (down, 1.0 - across),
                180 => (1.0 - across, 1.0 - down),
                270 => (1.0 - down, across),
                _ => (across, down),
            };
            let place = |share: f32, from: f32, length: f32, side: u32| {
                canvas::px(((from + share * length) * side as f32).floor()).min(side - 1)
            };
            let under = picture.get_pixel(
                place(across, part[0], part[2], *width_px),
                place(down, part[1], part[3], *height_px),
            );
            let pixel = shown.get_pixel_mut(x, y);
            let alpha = u32::from(pixel[3]);
            for channel in 0..3 {
                let sum =
                    u32::from(pixel[channel]) * alpha + u32::from(under[channel]) * (255 - alpha);
                pixel[channel] = u8::try_from(sum / 255).expect("a byte");
            }
            pixel[3] = 255;
        }
    }
    shown
}

/// Keeps a picture for the eye, where `PASSERBY_LOOK` names a folder.
fn keep(shown: &image::RgbaImage, name: &str) {
    if let Ok(folder) = std::env::var("PASSERBY_LOOK") {
        let path = Path::new(&folder).join(format!("{name}.png"));
        shown.save(path).expect("saves");
    }
}

fn codes(shown: &image::RgbaImage) -> Vec<String> {
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(
        shown.width() as usize,
        shown.height() as usize,
        |x, y| {
            let at = |side: usize| u32::try_from(side).expect("small");
            shown.get_pixel(at(x), at(y))[1]
        },
    );
    let grids = prepared.detect_grids();
    grids
        .iter()
        .filter_map(|grid| grid.decode().ok())
        .map(|(_, text)| text)
        .collect()
}

/// No pixel is see-through outside the moving area, and all of the code square is opaque but for
/// its rounded corners.
fn check_holes(slide: &Slide) {
    let hole = slide.moving.as_ref().map_or(Area::default(), |m| m.area);
    let mut open = 0_u32;
    for y in 0..slide.height_px {
        for x in 0..slide.width_px {
            let alpha = slide.rgba[((y * slide.width_px + x) * 4 + 3) as usize];
            let here = Area::new(x, y, 1, 1);
            open += u32::from(alpha == 0);
            assert!(alpha == 255 || hole.common(here).is_some(), "{x},{y}");
            let inside_code_square = slide.code_square.is_some_and(|code_square| {
                code_square
                    .inset(code_square.width / 12)
                    .common(here)
                    .is_some()
            });
            assert!(
                alpha == 255 || !inside_code_square,
                "the code square at {x},{y}"
            );
        }
    }
    assert!(open > hole.width * hole.height / 2, "{open} open pixels");
}

#[test]
fn an_animation_moves_beneath_the_code_panel_and_beside_the_panel_at_any_turn() {
    let corners = [
        Corner::TopLeft,
        Corner::TopRight,
        Corner::BottomLeft,
        Corner::BottomRight,
    ];
    for (turn, corner) in (0_u16..).zip(corners) {
        for headline in [None, Some("三体 · The Three-Body Problem")] {
            let rotation = turn * 90;
            let order = order(&media("forever.gif"), headline, Some(corner));
            let slide = compose(&order, &screen(rotation));
            assert!(slide.frame_source.is_some());
            let moving = slide.moving.as_ref().expect("it moves");
            assert_eq!(moving.turn, rotation);
            check_holes(&slide);
            let shown = composite(&slide);
            let kind = if headline.is_some() { "page" } else { "poster" };
            keep(&shown, &format!("{kind}-{rotation}"));
            assert_eq!(codes(&shown), [URL]);
            let (x, y) = (
                moving.area.x + moving.area.width / 2,
                moving.area.y + moving.area.height / 2,
            );
            assert_eq!(shown.get_pixel(x, y).0, [255, 0, 0, 255]);
        }
    }
}

#[test]
fn ken_burns_moves_what_is_far_from_the_code_and_rests_otherwise() {
    let photo = media("rgb.png");
    let zooms = |headline: Option<&str>, corner, dwell: Option<u64>, geometry: &Geometry| {
        let mut order = order(&photo, headline, corner);
        order.motion = Motion::KenBurns;
        order.dwell = dwell.map(Duration::from_secs);
        let slide = compose(&order, geometry);
        assert!(
            slide.frame_source.is_none(),
            "no frame source turns for a zoom"
        );
        if let Some(moving) = &slide.moving {
            check_holes(&slide);
            if let Some(code_square) = slide.code_square {
                assert_eq!(
                    code_square.outset(code_square.width).common(moving.area),
                    None
                );
            }
            keep(&composite(&slide), "ken-burns");
        }
        slide.moving.is_some_and(
            |m| matches!(m.travel, Travel::Zoom { over, .. } if over == Duration::from_secs(10)),
        )
    };
    let corner = Some(Corner::BottomRight);
    assert!(zooms(None, None, Some(10), &screen(0)));
    assert!(zooms(None, None, Some(10), &screen(270)));
    assert!(!zooms(None, corner, Some(10), &screen(0)));
    assert!(!zooms(None, None, None, &screen(0)));
    assert!(!zooms(None, None, Some(0), &screen(0)));
    let line = Some("它在等你回家");
    assert!(zooms(line, corner, Some(10), &screen(0)));
    // A code that must be read from afar comes too near to its picture.
    let far = Geometry {
        size_cm: Some([122.0, 69.0]),
        viewing_distance_m: 3.0,
        ..screen(0)
    };
    assert!(!zooms(line, corner, Some(10), &far));
}

#[test]
fn a_repeat_of_a_zoom_comes_from_the_cache_with_its_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("photo.png");
    std::fs::copy(media("rgb.png"), &path).expect("copies");
    let mut order = order(&path, None, None);
    order.motion = Motion::KenBurns;
    let mut composer = SlideComposer::default();
    let first = composer.compose(&order, &screen(0)).expect("composes");
    std::fs::remove_file(&path).expect("removes it");
    let again = composer
        .compose(&order, &screen(0))
        .expect("from the cache");
    assert_eq!(first.slide.rgba, again.slide.rgba);
    assert!(first.slide.moving == again.slide.moving && again.slide.moving.is_some());
    // Another length is another slide.
    order.dwell = Some(Duration::from_secs(3));
    assert!(composer.compose(&order, &screen(0)).is_err());
}

#[test]
fn drawings_become_posters_and_pages() {
    let mut composer = SlideComposer::default();
    for (name, headline) in [
        ("links.svg", None),
        ("links.svg", Some("路过，也是相遇")),
        ("picture_inside.svg", None),
    ] {
        let order = order(&media(name), headline, Some(Corner::BottomLeft));
        let made = composer.compose(&order, &screen(0)).expect("composes");
        assert!(made.slide.moving.is_none());
        let shown = composite(&made.slide);
        keep(&shown, &format!("{name}-{}", headline.is_some()));
        assert_eq!(codes(&shown), [URL]);
    }
}

#[test]
fn what_stands_on_paper_gets_paper_around_it() {
    // The picture is 960 pixels wide in the middle; both places are at the foot, outside and inside
    // of it.
    let grounds = |name: &str| {
        let slide = compose(&order(&media(name), None, None), &screen(0));
        [0, 1_000].map(|x| slide.rgba[(719 * 1_280 + x) * 4..][..4].to_vec())
    };
    let [outside, inside] = grounds("links.svg");
    assert_eq!(outside, inside, "one ground");
    let [outside, inside] = grounds("rgb.png");
    assert_ne!(outside, inside, "a backdrop");
}
