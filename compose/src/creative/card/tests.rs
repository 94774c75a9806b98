//! Cards of every kind in frames of every shape: nothing overlaps, nothing leaves the margins.

use passerby_playout::content::creative::Part;
use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Corner, CreativeKind};
use passerby_testing::required_file;

use super::*;
use crate::creative::card;
use crate::raster::bitmap::Pixels;
use crate::raster::canvas::real;
use crate::tests::{planned, words};
use crate::text::fonts::Fonts;

const CORNERS: [Corner; 4] = [
    Corner::BottomRight,
    Corner::BottomLeft,
    Corner::TopRight,
    Corner::TopLeft,
];

/// Shapes of zones, and whether a code has room in them.
const SHAPES: [(u32, u32, bool); 11] = [
    (1_920, 1_080, true),
    (1_080, 1_920, true),
    (1_024, 768, true),
    (900, 900, true),
    (1_920, 540, true),
    (1_920, 384, true),
    (384, 1_920, true),
    (480, 1_080, true),
    (640, 360, true),
    (1_920, 120, false),
    (300, 200, false),
];

const HEADLINES: [&str; 4] = [
    "路过地铁站，看到想读的书",
    "Read it before you see the film",
    "三体 · The Three-Body Problem",
    "Donaudampfschifffahrt für Frühaufsteher",
];
const BODIES: [&str; 4] = [
    "今天到店领取，限量一百册，送完为止。",
    "Bring one, take one. The shelf by the east gate is open day and night.",
    "每周五晚八点，三十把椅子。 Every Friday at eight: thirty chairs.",
    "Größenverhältnisse prüfen, Platz nehmen, staunen.",
];

/// A card with the parts that the bits of `parts` ask for.
fn card(parts: u32, text: usize) -> Card {
    let has = |bit: u32| parts >> bit & 1 == 1;
    let mut card = Card::parse("t", "headline = 'x'").expect("a card");
    card.headline = HEADLINES[text].to_owned();
    card.body = has(0).then(|| BODIES[text].to_owned());
    card.price = has(1).then(|| "¥48".to_owned());
    card.was = has(1).then(|| "¥68".to_owned());
    card.picture = has(2).then(|| "p.jpg".to_owned());
    card.logo = has(3).then(|| "l.png".to_owned());
    card.clock = has(4);
    card.date = has(4);
    if has(5) {
        let text = "headline='x'\n[countdown]\nto='2026-12-24T19:00'\nlabel='距开售 Starts in'\n[counter]\nname='queue'\nunit='桌'";
        let live = Card::parse("t", text).expect("a card");
        card.countdown = live.countdown;
        card.counter = live.counter;
    }
    card
}

fn bitmap(width: u32, height: u32) -> Bitmap {
    Bitmap {
        width,
        height,
        pixels: Pixels::Rgb([90, 40, 160].repeat(width as usize * height as usize)),
    }
}

fn pictures(card: &Card) -> Pictures {
    Pictures {
        picture: card.picture.is_some().then(|| bitmap(160, 90)),
        logo: card.logo.is_some().then(|| bitmap(60, 20)),
    }
}

/// One arrangement with the names and places of everything that must not overlap.
struct Made {
    frame: Frame,
    things: Vec<(String, [f32; 4])>,
    picture: Option<Area>,
}

fn make(
    typesetter: &mut Typesetter,
    screen: &Geometry,
    card: &Card,
    corner: Option<Corner>,
) -> Result<Made, ComposeError> {
    let frame = Frame::of(screen)?;
    let plan = planned(&frame, screen, corner)?;
    let words = words(plan.as_ref(), "扫码购书 Scan to buy");
    let pictures = pictures(card);
    let content = content_of(card, &pictures);
    let card_context = CardContext {
        frame: &frame,
        code: words.as_ref(),
        colours: &Colours::default(),
        dwell: None,
    };
    let made = card::plan(typesetter, card, &content, &pictures, &card_context)?;
    let mut things: Vec<(String, [f32; 4])> = made
        .placed
        .iter()
        .map(|thing| {
            let place = [
                thing.x,
                thing.y,
                thing.x + thing.width,
                thing.y + thing.height,
            ];
            (format!("{:?}", thing.what), place)
        })
        .collect();
    for (name, words) in [("call", &made.call), ("host", &made.host)] {
        if let Some(words) = words {
            let (right, bottom) = (words.x + words.block.width, words.y + words.block.height);
            things.push((name.to_owned(), [words.x, words.y, right, bottom]));
        }
    }
    if let Some((_, plan)) = &plan {
        let code_square = plan.code_square;
        let place = [
            code_square.x,
            code_square.y,
            code_square.right(),
            code_square.bottom(),
        ]
        .map(real);
        things.push(("code".to_owned(), place));
    }
    Ok(Made {
        frame,
        things,
        picture: made.picture,
    })
}

fn overlap(one: &[f32; 4], other: &[f32; 4]) -> bool {
    let slack = 0.5;
    one[0] + slack < other[2]
        && other[0] + slack < one[2]
        && one[1] + slack < other[3]
        && other[1] + slack < one[3]
}

fn judge(made: &Made, screen: &Geometry, what: &str) {
    let margin = real(made.frame.margin) - 1.0;
    let (width, height) = (real(made.frame.width), real(made.frame.height));
    let places = |area: Area| [area.x, area.y, area.right(), area.bottom()].map(real);
    for (at, (name, place)) in made.things.iter().enumerate() {
        assert!(
            place[0] >= margin
                && place[1] >= margin
                && place[2] <= width - margin
                && place[3] <= height - margin,
            "{what}: {name} at {place:?} leaves the margins"
        );
        for (other, there) in &made.things[at + 1..] {
            assert!(
                !overlap(place, there),
                "{what}: {name} at {place:?} and {other} at {there:?}"
            );
        }
        if let Some(picture) = made.picture {
            assert!(
                !overlap(place, &places(picture)),
                "{what}: {name} on the picture"
            );
        }
        for over in &screen.covered {
            assert!(!overlap(place, &places(*over)), "{what}: {name} is covered");
        }
    }
}

#[test]
fn nothing_overlaps_and_nothing_leaves_the_margins() {
    let mut typesetter = Typesetter::new();
    let mut refused = Vec::new();
    let mut turn = 0;
    for (width, height, roomy) in SHAPES {
        let screen = Geometry::whole(width, height);
        // All parts one by one, and some together.
        for parts in [
            0b0, 0b1, 0b10, 0b100, 0b111, 0b1110, 0b10000, 0b110100, 0b011111,
        ] {
            for with_code in [false, true] {
                turn += 1;
                let text = turn % HEADLINES.len();
                let corner = (with_code && roomy).then(|| CORNERS[turn / 3 % 4]);
                let card = card(parts, text);
                let what = format!("{width}×{height}, parts {parts:b}, text {text}, {corner:?}");
                match make(&mut typesetter, &screen, &card, corner) {
                    Ok(made) => judge(&made, &screen, &what),
                    Err(reason) => refused.push(format!("{what}: {reason}")),
                }
            }
        }
    }
    // What is full of parts may be refused where there is no room; nothing else.
    for reason in &refused {
        let small = [
            "300×200",
            "1920×120",
            "640×360",
            "480×1080",
            "1920×384",
            "384×1920",
        ];
        let crowded = ["1111", "110100"]
            .iter()
            .any(|parts| reason.contains(parts));
        assert!(
            small.iter().any(|size| reason.starts_with(size)) && crowded
                || reason.starts_with("300×200")
                || reason.starts_with("1920×120"),
            "{reason}"
        );
        let advice = ["shorten", "leave out"];
        assert!(advice.iter().any(|word| reason.contains(word)), "{reason}");
    }
    assert!(refused.len() <= 16, "{refused:#?}");
}

#[test]
fn a_zone_that_lies_over_this_one_is_avoided() {
    let mut typesetter = Typesetter::new();
    for covered in [
        Area::new(1_400, 720, 520, 360),
        Area::new(0, 0, 700, 400),
        Area::new(0, 900, 1_920, 180),
        Area::new(0, 0, 480, 1_080),
    ] {
        let screen = Geometry {
            covered: vec![covered],
            ..Geometry::whole(1_920, 1_080)
        };
        for (at, corner) in CORNERS.into_iter().enumerate() {
            for parts in [0b11, 0b111] {
                let card = card(parts, at);
                let what = format!("{covered:?}, {corner:?}, {parts:b}");
                let made = make(&mut typesetter, &screen, &card, Some(corner))
                    .unwrap_or_else(|reason| panic!("{what}: {reason}"));
                judge(&made, &screen, &what);
            }
        }
    }
    let screen = Geometry {
        covered: vec![Area::new(0, 0, 1_920, 200), Area::new(0, 880, 1_920, 200)],
        ..Geometry::whole(1_920, 1_080)
    };
    let refused = make(&mut typesetter, &screen, &card(0, 0), Some(CORNERS[0]));
    let reason = refused.err().expect("no corner is free").0;
    assert!(reason.contains("every corner"), "{reason}");
}

#[test]
fn a_card_says_what_to_shorten() {
    let mut typesetter = Typesetter::new();
    let screen = Geometry::whole(260, 150);
    let mut long = card(0b1, 0);
    long.body = Some("路过地铁站看到想读的书".repeat(25));
    let reason = make(&mut typesetter, &screen, &long, None)
        .err()
        .expect("refused");
    assert!(reason.0.contains("body does not fit"), "{reason}");
    let reason = make(&mut typesetter, &Geometry::whole(64, 20), &card(0, 1), None);
    let reason = reason.err().expect("refused");
    assert!(reason.0.contains("headline"), "{reason}");
}

#[test]
fn a_body_is_shown_however_short_the_time_where_there_is_room_and_is_named_where_there_is_none() {
    let mut typesetter = Typesetter::new();
    let mut made = |width: u32, height: u32, card: &Card, seconds: u64| {
        let frame = Frame::of(&Geometry::whole(width, height)).expect("a frame");
        let card_context = CardContext {
            frame: &frame,
            code: None,
            colours: &Default::default(),
            dwell: Some(Duration::from_secs(seconds)),
        };
        draw(&mut typesetter, card, &Pictures::default(), &card_context)
    };
    let mut long = card(0b1, 0);
    let brief = made(1_920, 1_080, &long, 5).expect("drawn");
    let without = Card {
        body: None,
        ..long.clone()
    };
    let bare = made(1_920, 1_080, &without, 5).expect("drawn");
    assert!(brief.remarks.is_empty(), "{:?}", brief.remarks);
    assert!(
        brief.canvas.rgba != bare.canvas.rgba,
        "the body is not there"
    );
    assert!(brief.canvas.rgba == made(1_920, 1_080, &long, 20).expect("drawn").canvas.rgba);

    long.body = Some("路过地铁站看到想读的书".repeat(25));
    let brief = made(260, 150, &long, 5).expect("airs without its body");
    assert_eq!(brief.remarks.len(), 1);
    assert!(
        brief.remarks[0].contains("body does not fit"),
        "{:?}",
        brief.remarks
    );
    let without = Card {
        body: None,
        ..long.clone()
    };
    assert!(brief.canvas.rgba == made(260, 150, &without, 5).expect("drawn").canvas.rgba);
    assert!(made(260, 150, &long, 10).is_err(), "long enough to be read");
}

#[test]
fn right_to_left_cards_begin_on_the_right() {
    let font = required_file("/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(font, folder.path().join("a.ttf")).expect("copies");
    let (fonts, problems) = Fonts::load(&[folder.path().to_owned()]);
    assert!(problems.is_empty(), "{problems:?}");
    let mut typesetter = Typesetter::with_fonts(fonts);
    let mut card = card(0b11, 0);
    card.headline = "كتاب جديد لكل مسافر".to_owned();
    card.body = Some("القراءة رحلة لا تحتاج إلى تذكرة.".to_owned());
    for (width, height, roomy) in SHAPES {
        let screen = Geometry::whole(width, height);
        let corner = roomy.then_some(Corner::BottomLeft);
        let what = format!("{width}×{height}");
        let Ok(made) = make(&mut typesetter, &screen, &card, corner) else {
            assert!(!roomy, "{what} is refused");
            continue;
        };
        judge(&made, &screen, &what);
        if let Some((_, rule)) = made.things.iter().find(|(name, _)| name == "Rule") {
            let (_, headline) = made
                .things
                .iter()
                .find(|(name, _)| name.contains("Headline"))
                .expect("a headline");
            assert!(
                rule[2] + 0.5 >= headline[2],
                "{what}: {rule:?} {headline:?}"
            );
        }
    }
    // The ink itself is where it was promised.
    let frame = Frame::of(&Geometry::whole(640, 360)).expect("a frame");
    let card_context = CardContext {
        frame: &frame,
        code: None,
        colours: &Colours::default(),
        dwell: None,
    };
    let page = draw(&mut typesetter, &card, &Pictures::default(), &card_context).expect("draws");
    let paper = page.canvas.pixel(0, 0);
    let inked = |canvas: &Canvas, from: u32, to: u32| {
        (from..to).any(|x| (0..canvas.height).any(|y| canvas.pixel(x, y) != paper))
    };
    assert!(
        !inked(&page.canvas, 0, frame.margin),
        "ink in the left margin"
    );
    assert!(
        // A letter may lean out of its cell a little.
        !inked(&page.canvas, 640 - frame.margin / 2, 640),
        "ink in the right margin"
    );
}

#[test]
fn the_pictures_of_a_card_may_be_drawings_and_animations() {
    let media = passerby_testing::package_folder().join("tests/media");
    let part = |name: &str| {
        let path = media.join(name);
        let digest = Digest::of(&std::fs::read(&path).expect("reads"));
        Part {
            name: name.to_owned(),
            path,
            digest,
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.card.toml");
    let frame = Frame::of(&Geometry::whole(640, 360)).expect("a frame");
    let card_context = CardContext {
        frame: &frame,
        code: None,
        colours: &Colours::default(),
        dwell: None,
    };
    // Colours that nothing else on the card has.
    for (name, key, colour) in [
        ("shapes.svg", "logo", [0, 255, 0]),
        ("shapes.svg", "picture", [0, 0, 255]),
        ("twice.gif", "picture", [255, 0, 0]),
        ("twice.webp", "picture", [255, 0, 0]),
        ("twice.apng", "logo", [255, 0, 0]),
    ] {
        let text =
            format!("headline = 'Hello'\n{key} = '{name}'\ncolours = {{ paper = '#777' }}\n")
                .replace("#777", "#777777");
        std::fs::write(&path, &text).expect("writes");
        let file = CreativeFile {
            kind: CreativeKind::Card,
            name: "a.card.toml".to_owned(),
            path: path.clone(),
            digest: Digest::of(text.as_bytes()),
            parts: [part(name)].into(),
        };
        let page = open(&mut Typesetter::new(), &file, &card_context).expect(name);
        let is_there = (0..360).any(|y| {
            (0..640).any(|x| {
                let pixel = page.canvas.pixel(x, y);
                (0..3).all(|at| pixel[at].abs_diff(colour[at]) < 12)
            })
        });
        assert!(is_there, "{name} as {key} is not to be seen");
    }
}
