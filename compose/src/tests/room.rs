//! Words, cards and codes find room on screens of every shape.

use passerby_playout::content::creative::Part;

use super::*;

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
    card.parts = [Part {
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
            let code_square = slide.code_square.expect("a code");
            let mut frame_source = slide.frame_source.take().expect("a clock and a countdown");
            let mut due = Vec::new();
            frame_source.begin();
            frame_source.advance(std::time::Duration::ZERO, &mut due);
            let whole = canvas::Area::new(0, 0, slide.width_px, slide.height_px);
            assert!(!due.is_empty());
            for patch in due {
                assert_eq!(patch.area.common(whole), Some(patch.area), "{patch:?}");
                assert_eq!(patch.area.common(code_square), None, "{patch:?}");
                let pixels = patch.area.width as usize * patch.area.height as usize;
                assert_eq!(patch.bytes.len(), pixels * 4);
            }
        }
    }
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
        let code_square = slide.code_square.expect("a code");
        assert_eq!(code_square.common(covered), None);
        assert_eq!(codes(&slide), [code(Corner::BottomRight).url]);
    }
}
