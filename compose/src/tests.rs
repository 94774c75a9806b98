//! The composer as a whole, on real files.

use super::*;
use passerby_playout::show::{CreativeFile, Ticket, Zone};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Corner, CreativeKind, Motion};
use std::path::{Path, PathBuf};

fn screen(width_px: u32, height_px: u32, rotation: u16) -> Geometry {
    Geometry {
        width_px,
        height_px,
        rotation,
        ..Geometry::whole(width_px, height_px)
    }
}

fn code(corner: Corner) -> CodeOrder {
    CodeOrder {
        url: "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ".into(),
        call: "扫码购书 Scan to buy".into(),
        leads_to: "hub.example".into(),
        corner,
    }
}

fn order(creative: Creative, headline: Option<&str>, code: Option<CodeOrder>) -> SlideOrder {
    SlideOrder {
        play: None,
        ticket: Ticket(1),
        zone: Zone::MAIN,
        creative,
        motion: Motion::Still,
        sound: false,
        dwell: None,
        campaign: "Test".into(),
        headline: headline.map(str::to_owned),
        code,
        colours: Colours::default(),
    }
}

/// A file as a creative of the kind that its name tells.
fn file(path: &Path) -> Creative {
    let name = path.file_name().expect("a name").to_string_lossy();
    Creative::File(CreativeFile {
        kind: CreativeKind::of_name(&name).unwrap_or(CreativeKind::Picture),
        name: name.into_owned(),
        path: path.to_owned(),
        digest: Digest::of(&std::fs::read(path).unwrap_or_default()),
        parts: [].into(),
    })
}

/// Writes a picture with soft colours and sharp edges.
fn photo(folder: &Path, name: &str, width: u32, height: u32) -> PathBuf {
    let path = folder.join(name);
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        let wave = u8::try_from((x * 255 / width + y * 40 / height) % 256).expect("a byte");
        let stripe = if (x / 37 + y / 53) % 2 == 0 { 40 } else { 200 };
        image::Rgb([wave, stripe, 255 - wave])
    });
    picture.save(&path).expect("writes a picture");
    path
}

fn refusal(path: &Path) -> String {
    let refused =
        SlideComposer::default().compose(&order(file(path), None, None), &screen(320, 240, 0));
    refused.map(|_| ()).expect_err("is refused").0
}

/// A PNG whose header claims a size, with a body that holds next to nothing.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut small = Vec::new();
    image::RgbImage::new(1, 1)
        .write_to(
            &mut std::io::Cursor::new(&mut small),
            image::ImageFormat::Png,
        )
        .expect("encodes");
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut checksum = u32::MAX;
    for byte in &header {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = (checksum >> 1) ^ (0xEDB8_8320 & (0_u32.wrapping_sub(checksum & 1)));
        }
    }
    small.splice(12..29, header);
    small.splice(29..33, (!checksum).to_be_bytes());
    small
}

/// Reads every code in a frame with the independent reader.
fn codes(slide: &Slide) -> Vec<String> {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(
        slide.width_px as usize,
        slide.height_px as usize,
        |x, y| slide.rgba[(y * slide.width_px as usize + x) * 4 + 1],
    );
    let grids = picture.detect_grids();
    grids
        .iter()
        .filter_map(|grid| grid.decode().ok())
        .map(|(_, text)| text)
        .collect()
}

const CORNERS: [Corner; 4] = [
    Corner::TopLeft,
    Corner::TopRight,
    Corner::BottomLeft,
    Corner::BottomRight,
];

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
        let plan = code_card::plan(&matrix, Corner::TopLeft, &frame, &screen).expect("fits");
        let quiet = passerby_playout::code::QUIET_MODULES;
        let across = matrix.modules() + 2 * quiet;
        assert_eq!(plan.card.width, across * plan.module_px);
        for y in 0..plan.card.height {
            for x in 0..plan.card.width {
                let (column, row) = (x / plan.module_px, y / plan.module_px);
                let edge = [column, row]
                    .iter()
                    .any(|&at| at < quiet || at >= across - quiet);
                if edge && [column, row].iter().all(|&at| at == 0 || at == across - 1) {
                    continue; // the rounded corners
                }
                let dark = !edge && matrix.is_dark(column - quiet, row - quiet);
                let pixel = upright.pixel(plan.card.x + x, plan.card.y + y);
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
        let plan = code_card::plan(&matrix, Corner::TopLeft, &frame, &screen).expect("fits");
        let wide_cm = f64::from(matrix.modules() * plan.module_px) * 122.0 / 1_920.0;
        assert!((30.0..32.0).contains(&wide_cm), "{wide_cm} cm");
        let far = Geometry {
            viewing_distance_m: 9.0,
            ..screen
        };
        let refused = code_card::plan(&matrix, Corner::TopLeft, &frame, &far).expect_err("too far");
        assert!(refused.0.contains("viewing_distance_m to 3."), "{refused}");
        assert!(refused.0.contains("90 cm"), "{refused}");
    }
}

#[test]
fn bad_files_cost_one_readable_reason_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("writes");
        path
    };
    let jpeg = std::fs::read(photo(folder.path(), "whole.jpg", 400, 300)).expect("reads");
    let png = std::fs::read(photo(folder.path(), "whole.png", 400, 300)).expect("reads");
    let cases = [
        (write("empty.png", b""), "empty.png: the file is empty"),
        (
            write("garbage.jpg", &[0xA7; 4_000]),
            "garbage.jpg: it is no JPEG, PNG, WebP, GIF or SVG picture",
        ),
        (
            write("cut.jpg", &jpeg[..jpeg.len() / 2]),
            "cut.jpg: the picture is cut off",
        ),
        (
            write("cut.png", &png[..png.len() / 2]),
            "cut.png: the picture is",
        ),
        (
            write("stub.jpg", &jpeg[..3]),
            "stub.jpg: the picture is cut off",
        ),
        (
            write("huge.png", &png_claiming(30_000, 30_000)),
            "huge.png: 30000 × 30000 pixels, more than 20000 a side; make it smaller",
        ),
        (
            write("wide.png", &png_claiming(20_000, 6_000)),
            "wide.png: 20000 × 6000 pixels, more than 100 million",
        ),
        (write("flat.png", &png_claiming(0, 6)), "flat.png: "),
        (
            write("liar.png", &png_claiming(5_000, 5_000)),
            "liar.png: the picture is",
        ),
        (
            folder.path().join("gone.png"),
            "gone.png: the file is missing",
        ),
        (folder.path().to_owned(), "it is not a file"),
    ];
    for (path, reason) in cases {
        let refused = refusal(&path);
        assert!(
            refused.contains(reason),
            "{refused:?} should say {reason:?}"
        );
        assert!(inspect_picture(&path).is_err());
    }
    let mut damaged = png;
    for at in (60..damaged.len()).step_by(7) {
        damaged[at] ^= 0x5A;
    }
    assert!(refusal(&write("damaged.png", &damaged)).starts_with("damaged.png: "));
}

#[test]
fn a_file_past_the_limit_is_refused_by_its_length() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("heavy.jpg");
    let file = std::fs::File::create(&path).expect("makes it");
    file.set_len(passerby_protocol::limits::CREATIVE_BYTES_MAX + 1)
        .expect("stretches it");
    let refused = inspect_picture(&path).expect_err("refused");
    assert_eq!(
        refused.0,
        "heavy.jpg: the file is larger than 64 MiB; export it smaller"
    );
}

#[test]
fn a_file_that_changed_on_disk_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = photo(folder.path(), "poster.png", 64, 64);
    let picture = file(&path);
    photo(folder.path(), "poster.png", 65, 64);
    let refused = SlideComposer::default()
        .compose(&order(picture, None, None), &screen(320, 240, 0))
        .expect_err("refused");
    assert!(
        refused
            .0
            .starts_with("poster.png: the file changed on disk"),
        "{refused}"
    );
}

#[test]
fn a_wrong_name_does_not_matter_and_orientation_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = photo(folder.path(), "poster.png", 64, 48);
    let other = folder.path().join("really-a-png.jpg");
    std::fs::rename(&path, &other).expect("renames");
    assert_eq!(inspect_picture(&other), Ok((64, 48)));

    let path = photo(folder.path(), "turned.jpg", 64, 48);
    let jpeg = std::fs::read(&path).expect("reads");
    // An EXIF block with one entry: orientation 6, a quarter turn.
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut turned = jpeg[..2].to_vec();
    turned.extend([0xFF, 0xE1]);
    turned.extend(u16::try_from(exif.len() + 2).expect("short").to_be_bytes());
    turned.extend(exif);
    turned.extend(&jpeg[2..]);
    std::fs::write(&path, turned).expect("writes");
    assert_eq!(inspect_picture(&path), Ok((48, 64)));
}

#[test]
fn a_letter_that_no_font_has_is_named_and_an_emoji_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = file(&photo(folder.path(), "poster.png", 64, 48));
    let mut composer = SlideComposer::default();
    let mut compose = |line| {
        composer.compose(
            &order(picture.clone(), Some(line), None),
            &screen(640, 480, 0),
        )
    };
    let refused = compose("读𠀀书").expect_err("refused");
    assert!(refused.0.contains("𠀀 (U+20000)"), "{refused}");
    assert!(compose("读书 🎉").is_ok());
    assert!(compose("🎉").is_ok());
}

#[test]
fn the_house_never_fails_at_any_size() {
    let mut composer = SlideComposer::default();
    let long = "配对此屏幕 Pair this screen: ABCD-EFGH, then wait for a moment please";
    for (width, height) in [
        (1, 1),
        (64, 64),
        (64, 640),
        (640, 64),
        (100, 75),
        (320, 240),
        (240, 320),
        (1_920, 360),
        (360, 1_920),
        (1_024, 1_024),
        (3_840, 2_160),
    ] {
        for (at, corner) in CORNERS.into_iter().enumerate() {
            let mut geometry = screen(width, height, [0, 90, 180, 270][at]);
            if at == 3 {
                geometry.size_cm = Some([10.0, 10.0]);
                geometry.viewing_distance_m = 50.0;
            }
            for headline in [None, Some("Pair this screen: ABCD-EFGH"), Some(long)] {
                for code in [None, Some(code(corner))] {
                    let slide = composer
                        .compose(&order(Creative::House, headline, code), &geometry)
                        .unwrap_or_else(|error| panic!("{width}×{height}: {error}"))
                        .slide;
                    assert_eq!(slide.rgba.len(), (width * height * 4) as usize);
                    assert_eq!(slide.caption.creative, "house");
                }
            }
        }
    }
}

#[test]
fn eighty_characters_still_fit_on_the_smallest_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = file(&photo(folder.path(), "poster.png", 640, 480));
    let mut composer = SlideComposer::default();
    let chinese = "路过地铁站看到想读的书"
        .chars()
        .cycle()
        .take(80)
        .collect::<String>();
    let latin = "Every passer-by is a meeting and every meeting a book to read on the way to work";
    for line in [chinese.as_str(), latin] {
        for (width, height) in [(320, 240), (1_920, 1_080), (1_080, 1_920), (1_920, 360)] {
            let code = CodeOrder {
                call: line.to_owned(),
                ..code(Corner::BottomRight)
            };
            for headline in [None, Some(line)] {
                let order = order(picture.clone(), headline, Some(code.clone()));
                let made = composer.compose(&order, &screen(width, height, 0));
                assert!(made.is_ok(), "{width}×{height}: {:?}", made.err());
            }
        }
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
fn cards_of_every_shape_and_turn_carry_a_code_that_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = photo(folder.path(), "beans.png", 320, 240);
    let text = "headline = '新豆到店，今天就喝'\nprice = '¥48'\nwas = '¥68'\npicture = 'beans.png'\nclock = true\n\
                [countdown]\nto = '2026-12-24T19:00'\nlabel = '距开售 Starts in'\n";
    let path = folder.path().join("sale.card.toml");
    std::fs::write(&path, text).expect("writes");
    let Creative::File(mut card) = file(&path) else {
        panic!("a file");
    };
    card.parts = [passerby_playout::show::Part {
        name: "beans.png".into(),
        digest: Digest::of(&std::fs::read(&picture).expect("reads")),
        path: picture,
    }]
    .into();
    let mut composer = SlideComposer::default();
    let sizes = [
        (1_280, 720),
        (720, 1_280),
        (1_000, 1_000),
        (1_920, 384),
        (480, 1_080),
    ];
    for (turn, (width, height)) in sizes.into_iter().enumerate() {
        for (at, corner) in CORNERS.into_iter().enumerate() {
            let rotation = [0, 90, 180, 270][(at + turn) % 4];
            let mut screen = screen(width, height, rotation);
            if rotation % 180 == 90 {
                (screen.width_px, screen.height_px) = (height, width);
            }
            let order = order(Creative::File(card.clone()), None, Some(code(corner)));
            let mut slide = composer
                .compose(&order, &screen)
                .unwrap_or_else(|error| panic!("{width}×{height} at {rotation}: {error}"))
                .slide;
            assert_eq!(
                codes(&slide),
                [code(corner).url],
                "{width}×{height} at {rotation}"
            );
            let frame = Frame::of(&screen).expect("a frame");
            assert_eq!((frame.width, frame.height), (width, height));
            let card = slide.card.expect("a code");
            let mut reel = slide.reel.take().expect("a clock and a countdown");
            let mut due = Vec::new();
            reel.begin();
            reel.advance(std::time::Duration::ZERO, &mut due);
            let whole = canvas::Area::new(0, 0, slide.width_px, slide.height_px);
            assert!(!due.is_empty());
            for patch in due {
                assert_eq!(patch.area.common(whole), Some(patch.area), "{patch:?}");
                assert_eq!(patch.area.common(card), None, "{patch:?}");
                let pixels = patch.area.width as usize * patch.area.height as usize;
                assert_eq!(patch.bytes.len(), pixels * 4);
            }
        }
    }
}

#[test]
fn a_card_without_its_picture_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sale.card.toml");
    for (text, reason) in [
        (
            "headline = 'a'\npicture = 'gone.png'\n",
            "sale.card.toml: gone.png is not beside the card",
        ),
        (
            "headline = 'a'\nprize = 'x'\n",
            "sale.card.toml:2: unknown key",
        ),
        ("", "sale.card.toml:1: headline is missing"),
        ("headline = '读𠀀书'\n", "sale.card.toml: headline has 𠀀"),
    ] {
        std::fs::write(&path, text).expect("writes");
        let refused = refusal(&path);
        assert!(
            refused.contains(reason),
            "{refused:?} should say {reason:?}"
        );
    }
    std::fs::write(&path, [0xff, 0xfe, 0x00]).expect("writes");
    assert!(refusal(&path).contains("not UTF-8"));
}

#[test]
fn a_poster_moves_its_code_from_under_another_zone() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = file(&photo(folder.path(), "poster.png", 640, 360));
    let mut composer = SlideComposer::default();
    let covered = canvas::Area::new(800, 400, 480, 320);
    for headline in [None, Some("三体 · The Three-Body Problem")] {
        let geometry = Geometry {
            covered: vec![covered],
            ..screen(1_280, 720, 0)
        };
        let order = order(picture.clone(), headline, Some(code(Corner::BottomRight)));
        let slide = composer.compose(&order, &geometry).expect("composes").slide;
        let card = slide.card.expect("a code");
        assert_eq!(card.common(covered), None);
        assert_eq!(codes(&slide), [code(Corner::BottomRight).url]);
    }
}
