//! Codes on finished frames: whole, alone and large enough.

use passerby_playout::code::issuer::DEFAULT_CALLS;
use passerby_playout::code::qr::QUIET_MODULES;

use super::*;

#[test]
fn every_size_corner_and_rotation_carries_a_code_that_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = file(&photo(folder.path(), "poster.png", 300, 400));
    let mut composer = SlideComposer::default();
    let sizes = [
        (320, 240),
        (640, 480),
        (1_280, 720),
        (1_920, 1_080),
        (1_080, 1_920),
        (1_024, 1_024),
        (1_920, 360),
        (360, 1_920),
    ];
    for (width, height) in sizes {
        for (turn, corner) in CORNERS.into_iter().enumerate() {
            // Each size meets each corner and each rotation, and each headline half of them.
            let rotation = [0, 90, 180, 270][(turn + width as usize / 64) % 4];
            let headline = (turn % 2 == 0).then_some("三体 · The Three-Body Problem");
            let order = order(picture.clone(), headline, Some(code(corner)));
            let slide = composer
                .compose(&order, &screen(width, height, rotation))
                .unwrap_or_else(|error| {
                    panic!("{width}×{height} at {rotation}, {corner:?}: {error}")
                })
                .slide;
            assert_eq!((slide.width_px, slide.height_px), (width, height));
            assert_eq!(slide.rgba.len(), (width * height * 4) as usize);
            assert!(
                slide.rgba.chunks_exact(4).all(|pixel| pixel[3] == 255),
                "opaque"
            );
            assert_eq!(
                slide.caption.url.as_deref(),
                Some(code(corner).url.as_str())
            );
        }
    }
}

#[test]
fn a_whole_frame_shows_exactly_one_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut composer = SlideComposer::default();
    let grey = folder.path().join("grey.png");
    image::RgbImage::from_pixel(640, 400, image::Rgb([120, 90, 60]))
        .save(&grey)
        .expect("writes");
    for rotation in [0, 90, 180, 270] {
        for headline in [None, Some("它在等你回家")] {
            let order = order(file(&grey), headline, Some(code(Corner::BottomRight)));
            let slide = composer
                .compose(&order, &screen(1_280, 720, rotation))
                .expect("composes")
                .slide;
            assert_eq!(codes(&slide), [code(Corner::BottomRight).url]);
        }
    }
}

#[test]
fn modules_are_pure_and_stand_on_whole_pixels() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = file(&photo(folder.path(), "poster.jpg", 640, 360));
    for rotation in [0_u16, 90, 180, 270] {
        let screen = screen(1_280, 720, rotation);
        let order = order(picture.clone(), None, Some(code(Corner::TopLeft)));
        let slide = SlideComposer::default()
            .compose(&order, &screen)
            .expect("composes")
            .slide;
        let canvas = Canvas {
            width: slide.width_px,
            height: slide.height_px,
            rgba: slide.rgba,
        };
        let upright = canvas.rotated((360 - rotation) % 360);
        let frame = Frame::of(&screen).expect("a frame");
        let url = code(Corner::TopLeft).url;
        let matrix = QrMatrix::encode(&url).expect("fits");
        let plan = code_square::plan(matrix.modules(), Corner::TopLeft, &frame, &screen, None)
            .expect("fits");
        let quiet = QUIET_MODULES;
        let across = matrix.modules() + 2 * quiet;
        assert_eq!(plan.code_square.width, across * plan.module_px);
        for y in 0..plan.code_square.height {
            for x in 0..plan.code_square.width {
                let (column, row) = (x / plan.module_px, y / plan.module_px);
                let edge = [column, row]
                    .iter()
                    .any(|&at| at < quiet || at >= across - quiet);
                if edge && [column, row].iter().all(|&at| at == 0 || at == across - 1) {
                    continue; // the rounded corners
                }
                let dark = !edge && matrix.is_dark(column - quiet, row - quiet);
                let pixel = upright.pixel(plan.code_square.x + x, plan.code_square.y + y);
                assert_eq!(
                    pixel,
                    if dark { [0; 3] } else { [255; 3] },
                    "{rotation}: {x},{y}"
                );
            }
        }
    }
}

#[test]
fn a_code_is_at_least_a_tenth_of_the_viewing_distance_wide() {
    for (rotation, size_cm) in [(0, [122.0, 69.0]), (90, [122.0, 69.0]), (90, [69.0, 122.0])] {
        let screen = Geometry {
            size_cm: Some(size_cm),
            ..screen(1_920, 1_080, rotation)
        };
        let frame = Frame::of(&screen).expect("a frame");
        let matrix = QrMatrix::encode(&code(Corner::TopLeft).url).expect("fits");
        let plan = code_square::plan(matrix.modules(), Corner::TopLeft, &frame, &screen, None)
            .expect("fits");
        let wide_cm = f64::from(matrix.modules() * plan.module_px) * 122.0 / 1_920.0;
        assert!((30.0..32.0).contains(&wide_cm), "{wide_cm} cm");
        let far = Geometry {
            viewing_distance_m: 9.0,
            ..screen
        };
        let refused = code_square::plan(matrix.modules(), Corner::TopLeft, &frame, &far, None)
            .expect_err("too far");
        assert!(refused.0.contains("viewing_distance_m to 3."), "{refused}");
        assert!(refused.0.contains("90 cm"), "{refused}");
    }
}

#[test]
fn a_repeat_differs_only_in_its_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = file(&photo(folder.path(), "poster.png", 640, 480));
    let mut composer = SlideComposer::default();
    let screen = screen(640, 480, 90);
    let mut order = order(
        picture.clone(),
        Some("今晚发射"),
        Some(code(Corner::TopRight)),
    );
    let first = composer.compose(&order, &screen).expect("composes").slide;
    if let Creative::File(file) = &picture {
        std::fs::remove_file(&file.path).expect("removes it");
    }
    if let Some(code) = &mut order.code {
        code.url = code.url.replace('Z', "Y");
    }
    let second = composer
        .compose(&order, &screen)
        .expect("comes from the cache")
        .slide;
    assert_ne!(first.rgba, second.rgba);
    assert_eq!(codes(&second), [order.code.expect("a code").url]);
}

#[test]
fn the_built_in_fonts_have_every_letter_of_the_calls_that_nobody_needs_to_write() {
    let (fonts, _) = Fonts::load(&[]);
    for (language, calls) in DEFAULT_CALLS {
        for call in calls {
            assert_eq!(fonts.lacking(call), None, "{language}: {call}");
        }
    }
}
