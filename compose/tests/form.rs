//! The form of codes on finished slides, looked at from outside: on every size, rotation, layout
//! and corner, with links of every length, over any picture and beside whatever moves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says where"
)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use passerby_compose::SlideComposer;
use passerby_compose::slide::{Area, Patch, Plane, Slide, Travel};
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{Composer, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_playout::screen::layout::PlacedZone;
use passerby_playout::settings::config::Config;
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, Corner, CreativeKind, Motion};
use passerby_testing::random_cases;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Sizes that outputs have, some of them odd in both senses.
const SIZES: [(u32, u32); 14] = [
    (640, 360),
    (641, 479),
    (800, 600),
    (1_024, 600),
    (1_023, 767),
    (1_280, 720),
    (1_366, 768),
    (1_080, 1_920),
    (1_919, 1_079),
    (1_920, 1_080),
    (3_840, 2_160),
    (384, 128),
    (128, 384),
    (1_920, 360),
];

const LAYOUTS: [&str; 6] = [
    "",
    "overscan_percent = 5\n",
    "overscan_percent = 3.3\nkind = 'main-ticker'\n",
    "kind = 'main-side'\nshare_percent = 25\n",
    "kind = 'picture-in-picture'\nshare_percent = 25\ncorner = 'bottom-right'\n",
    "overscan_percent = 2.5\nkind = 'picture-in-picture'\nshare_percent = 30\ncorner = 'top-left'\n",
];

const CORNERS: [Corner; 4] = [
    Corner::TopLeft,
    Corner::TopRight,
    Corner::BottomLeft,
    Corner::BottomRight,
];

/// One slide to be made.
#[derive(Debug, Clone)]
struct Case {
    size: (u32, u32),
    rotation: u16,
    layout: &'static str,
    corner: Corner,
    /// Characters of the link: version 2 to 10 at level M.
    link: usize,
    content: usize,
    headline: bool,
    drifts: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    (
        prop::sample::select(SIZES.to_vec()),
        prop::sample::select(vec![0_u16, 90, 180, 270]),
        prop::sample::select(LAYOUTS.to_vec()),
        prop::sample::select(CORNERS.to_vec()),
        21_usize..=311,
        0_usize..6,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(size, rotation, layout, corner, link, content, headline, drifts)| Case {
                size,
                rotation,
                layout,
                corner,
                link,
                content,
                headline,
                drifts,
            },
        )
}

/// A link of so many characters of the alphanumeric mode, each one different.
fn link(length: usize, salt: u64) -> String {
    let mut dice = salt;
    let letters = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut link = "HTTPS://HUB.EXAMPLE/Q".to_owned();
    while link.len() < length {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = usize::try_from(dice >> 59).expect("five bits");
        link.push(char::from(letters[at]));
    }
    link
}

/// What lies behind the codes.
struct Contents {
    _folder: tempfile::TempDir,
    files: Vec<PathBuf>,
}

impl Contents {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // Noise in all colours, the finest and blackest lines, and darkness.
        let mut noise = 9_u32;
        image::RgbImage::from_fn(311, 211, |_, _| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [red, green, blue, _] = noise.to_be_bytes();
            image::Rgb([red, green, blue])
        })
        .save(at("noise.png"))
        .unwrap();
        image::RgbImage::from_fn(640, 400, |x, y| {
            let dark = (x / 2 + y / 3) % 2 == 0;
            image::Rgb([if dark { 0 } else { 255 }; 3])
        })
        .save(at("lines.png"))
        .unwrap();
        image::RgbImage::from_pixel(160, 300, image::Rgb([3, 0, 8]))
            .save(at("dark.jpg"))
            .unwrap();
        animation(&at("dance.gif"));
        std::fs::write(
            at("sale.card.toml"),
            "headline = '今晚七点 Tonight at seven'\nprice = '¥48'\nclock = true\n[colours]\npaper = '#101018'\nink = '#f4f0e4'\naccent = '#f0c060'\n",
        )
        .unwrap();
        std::fs::write(
            at("news.ticker.toml"),
            "lines = ['下一班车 3 分钟 Next train in 3 minutes', '今日有雨 Rain today']\n",
        )
        .unwrap();
        let names = [
            "noise.png",
            "lines.png",
            "dark.jpg",
            "dance.gif",
            "sale.card.toml",
            "news.ticker.toml",
        ];
        Self {
            files: names.map(at).into(),
            _folder: folder,
        }
    }

    fn order(&self, case: &Case, url: &str) -> SlideOrder {
        let path: &Path = &self.files[case.content];
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let kind = CreativeKind::of_name(&name).unwrap();
        let picture = matches!(kind, CreativeKind::Picture);
        SlideOrder {
            play: None,
            ticket: Ticket(1),
            zone: Zone::MAIN,
            creative: Creative::File(CreativeFile {
                kind,
                name,
                path: path.to_owned(),
                digest: Digest::of(&std::fs::read(path).unwrap()),
                parts: [].into(),
            }),
            motion: if case.drifts && picture {
                Motion::KenBurns
            } else {
                Motion::Still
            },
            sound: false,
            dwell: Some(Duration::from_secs(10)),
            campaign: "Form".into(),
            headline: (case.headline && picture).then(|| "它在等你 Wait for me".into()),
            code: Some(CodeOrder {
                url: url.into(),
                call: "扫码购书 Scan".into(),
                leads_to: "hub.example".into(),
                corner: case.corner,
            }),
            colours: Colours::default(),
        }
    }
}

fn animation(path: &Path) {
    let file = std::fs::File::create(path).unwrap();
    let mut encoder = image::codecs::gif::GifEncoder::new(file);
    for step in 0..5_u32 {
        let picture = image::RgbaImage::from_fn(120, 90, |x, y| {
            let dark = (x + 7 * step) / 9 % 2 == y / 9 % 2;
            image::Rgba([if dark { 0 } else { 230 }, 40, 90, 255])
        });
        let delay = image::Delay::from_numer_denom_ms(60, 1);
        let frame = image::Frame::from_parts(picture, 0, 0, delay);
        encoder.encode_frame(frame).unwrap();
    }
}

/// The zone `main` of a layout on an output.
fn main_zone(case: &Case) -> PlacedZone {
    let config = Config::parse("kiosk.toml", &format!("[layout]\n{}", case.layout)).unwrap();
    let output = Geometry {
        rotation: case.rotation,
        ..Geometry::whole(case.size.0, case.size.1)
    };
    config.layout.place(&output).swap_remove(0)
}

/// Where the codes of a matrix would be dark on an output that is turned; `None` in the quiet zone.
fn module(matrix: &QrMatrix, column: u32, row: u32, rotation: u16) -> Option<bool> {
    let last = matrix.modules() - 1;
    let inside = |at: u32| at.checked_sub(QUIET_MODULES).filter(|at| *at <= last);
    let (column, row) = inside(column).zip(inside(row))?;
    Some(match rotation {
        90 => matrix.is_dark(row, last - column),
        180 => matrix.is_dark(last - column, last - row),
        270 => matrix.is_dark(last - row, column),
        _ => matrix.is_dark(column, row),
    })
}

/// Checks each pixel of the code square, and where the code square lies.
fn check(case: &Case, zone: &PlacedZone, slide: &Slide, matrix: &QrMatrix) {
    let code_square = slide.code_square.expect("a code");
    let across = matrix.modules() + 2 * QUIET_MODULES;
    assert_eq!(code_square.width, code_square.height, "{case:?}");
    assert_eq!(code_square.width % across, 0, "whole pixels: {case:?}");
    let side = code_square.width / across;
    assert!(side >= 3, "{side} pixels a module: {case:?}");

    // In the zone, and its margin away from the edges; not beneath another zone.
    let (wide, high) = (slide.width_px, slide.height_px);
    assert_eq!((wide, high), (zone.area.width, zone.area.height));
    let margin = (wide.min(high) * 5).div_ceil(100).max(1) - 1;
    let room = Area::new(0, 0, wide, high).inset(margin);
    assert_eq!(code_square.common(room), Some(code_square), "{case:?}");
    let (upright_wide, upright_high) = match case.rotation {
        90 | 270 => (high, wide),
        _ => (wide, high),
    };
    for over in &zone.geometry.covered {
        let over = over.rotated(upright_wide, upright_high, case.rotation);
        assert_eq!(over.common(code_square), None, "{case:?}");
    }

    // What moves for beauty keeps a code's width away, so that no camera follows it instead; films
    // and animations are what they are.
    if let Some(moving) = &slide.moving
        && !matches!(moving.travel, Travel::Still(_))
    {
        let code = code_square.inset(QUIET_MODULES * side);
        let near = code.outset(code.width);
        assert_eq!(moving.area.common(near), None, "{case:?}");
    }

    for y in 0..code_square.height {
        for x in 0..code_square.width {
            let (column, row) = (x / side, y / side);
            let dark = module(matrix, column, row, case.rotation);
            let end = |at: u32| at == 0 || at == across - 1;
            if dark.is_none() && end(column) && end(row) {
                continue; // the code square's corners are round
            }
            let at = (((code_square.y + y) * wide + code_square.x + x) * 4) as usize;
            let wanted = if dark == Some(true) { 0 } else { 255 };
            assert_eq!(
                slide.rgba[at..at + 4],
                [wanted, wanted, wanted, 255],
                "{case:?} at {x}, {y} of the code square"
            );
        }
    }
}

/// Runs what feeds a slide for two seconds and checks that nothing of it reaches the code square.
fn run(case: &Case, slide: &mut Slide) -> usize {
    let code_square = slide.code_square.expect("a code");
    let Some(mut frame_source) = slide.frame_source.take() else {
        return 0;
    };
    frame_source.begin();
    let mut patches = 0;
    for step in 0..40 {
        let mut due: Vec<Patch> = Vec::new();
        frame_source.advance(Duration::from_millis(50 * step), &mut due);
        for patch in due {
            patches += 1;
            // What is pushed into the moving layer lies beneath the opaque code square.
            if patch.plane == Plane::Still {
                assert_eq!(patch.area.common(code_square), None, "{case:?}");
            }
        }
    }
    patches
}

#[test]
fn every_code_on_any_screen_has_whole_pixels_and_stands_alone_on_white() {
    let contents = Contents::make();
    let composer = RefCell::new(SlideComposer::default());
    let (drawn, too_large, patches) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let modules = RefCell::new(BTreeSet::new());
    let mut runner = TestRunner::new(ProptestConfig {
        source_file: Some(file!()),
        ..random_cases(220)
    });
    runner
        .run(&cases(), |case| {
            let url = link(case.link, case.link as u64);
            let matrix = QrMatrix::encode(&url).unwrap();
            let zone = main_zone(&case);
            let order = contents.order(&case, &url);
            let made = composer.borrow_mut().compose(&order, &zone.geometry);
            match made {
                Ok(composed) => {
                    let mut slide = composed.slide;
                    check(&case, &zone, &slide, &matrix);
                    patches.set(patches.get() + run(&case, &mut slide));
                    modules.borrow_mut().insert(matrix.modules());
                    drawn.set(drawn.get() + 1);
                }
                Err(error) => {
                    // Small screens have no room for long links or for words; nothing else may
                    // fail.
                    let small = [
                        "does not fit",
                        "no place",
                        "pixels here",
                        "too near the edge",
                    ];
                    let told = small.iter().any(|why| error.0.contains(why));
                    prop_assert!(told, "{case:?}: {error}");
                    let roomy = case.size.0.min(case.size.1) >= 720
                        && case.link <= 60
                        && !case.layout.contains("kind");
                    prop_assert!(!roomy, "{case:?}: {error}");
                    too_large.set(too_large.get() + 1);
                }
            }
            Ok(())
        })
        .unwrap();
    let (drawn, too_large, patches) = (drawn.get(), too_large.get(), patches.get());
    let modules = modules.into_inner();
    println!(
        "{drawn} codes of {modules:?} modules drawn, {too_large} had no room, {patches} patches beside them"
    );
    assert!(drawn > 80, "{drawn}");
    assert!(modules.len() >= 6, "{modules:?}");
    assert!(patches > 20, "{patches}");
}

#[test]
fn every_length_of_link_is_drawn_at_every_rotation_on_a_large_screen() {
    let contents = Contents::make();
    let mut composer = SlideComposer::default();
    // The most characters that versions 2 to 10 hold at level M.
    for (version, length) in (2..).zip([38, 61, 90, 122, 154, 178, 221, 262, 311]) {
        for (turn, rotation) in [0, 90, 180, 270].into_iter().enumerate() {
            let case = Case {
                size: (1_281, 721),
                rotation,
                layout: LAYOUTS[1],
                corner: CORNERS[turn],
                link: length,
                content: turn % 3,
                headline: false,
                drifts: true,
            };
            let url = link(length, 77 + length as u64);
            let matrix = QrMatrix::encode(&url).unwrap();
            assert_eq!(matrix.version(), version);
            let zone = main_zone(&case);
            let made = composer.compose(&contents.order(&case, &url), &zone.geometry);
            let slide = made
                .unwrap_or_else(|error| panic!("{case:?}: {error}"))
                .slide;
            check(&case, &zone, &slide, &matrix);
        }
    }
}
