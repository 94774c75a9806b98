//! Zones beside and above each other.

use passerby_compose::SlideComposer;
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::content::creative::Creative;
use passerby_playout::messages::stage_messages::{Composer, SlideOrder};
use passerby_playout::screen::geometry::Geometry;
use passerby_playout::settings::config::Config;
use passerby_protocol::campaign::{Colours, Corner, Motion};

use super::*;
use crate::stage::presenter::Output;

const RED: [u8; 3] = [180, 20, 20];
const GREEN: [u8; 3] = [20, 180, 20];
const BLUE: [u8; 3] = [20, 20, 180];
const GREY: [u8; 3] = [90, 90, 90];
const LEFT: Area = Area::new(10, 20, 150, 120);
const RIGHT: Area = Area::new(160, 20, 100, 120);

fn sized(area: Area, colour: [u8; 3]) -> Slide {
    flat(area.width, area.height, colour)
}

/// Checks that every pixel has the colour of the last area that holds it.
fn check(frame: &SeenFrame, areas: &[(Area, [u8; 3])], background: [u8; 3]) {
    for y in 0..frame.picture.height_px {
        for x in 0..frame.picture.width_px {
            let wanted = areas
                .iter()
                .rev()
                .find(|(area, _)| holds(*area, x, y))
                .map_or(background, |(_, colour)| *colour);
            assert_eq!(pixel(frame, x, y), wanted, "{x},{y}");
        }
    }
}

#[test]
fn zones_keep_to_their_areas_to_the_pixel_and_the_rest_is_background() {
    let background = [12, 34, 56];
    let mut stepped = start_with((WIDTH_PX, HEIGHT_PX), background);
    stepped.cut(Zone::MAIN, LEFT, sized(LEFT, RED));
    let frame = stepped.cut(Zone(1), RIGHT, sized(RIGHT, GREEN));
    check(&frame, &[(LEFT, RED), (RIGHT, GREEN)], background);
}

#[test]
fn later_zones_lie_above_whatever_comes_first() {
    let over = Area::new(100, 50, 120, 60);
    let mut stepped = start();
    stepped.cut(Zone(3), over, sized(over, BLUE));
    stepped.cut(Zone(1), RIGHT, sized(RIGHT, GREEN));
    let frame = stepped.cut(Zone::MAIN, LEFT, sized(LEFT, RED));
    let areas = [(LEFT, RED), (RIGHT, GREEN), (over, BLUE)];
    check(&frame, &areas, [0; 3]);
    // And again when a lower zone changes.
    let frame = stepped.cut(Zone(1), RIGHT, sized(RIGHT, GREY));
    let areas = [(LEFT, RED), (RIGHT, GREY), (over, BLUE)];
    check(&frame, &areas, [0; 3]);
}

#[test]
fn a_transition_stays_in_its_zone() {
    for (_, kind) in TransitionKind::WORDS {
        let mut stepped = start();
        stepped.cut(Zone::MAIN, LEFT, sized(LEFT, RED));
        stepped.cut(Zone(1), RIGHT, sized(RIGHT, GREEN));
        let ticket = stepped.load(Zone(1), RIGHT, sized(RIGHT, BLUE));
        stepped.swap(ticket, kind, Duration::from_millis(100));
        for _ in 0..12 {
            let Some(frame) = stepped.update() else {
                break;
            };
            for y in 0..HEIGHT_PX {
                for x in (0..WIDTH_PX).filter(|x| !holds(RIGHT, *x, y)) {
                    let wanted = if holds(LEFT, x, y) { RED } else { [0; 3] };
                    assert_eq!(pixel(&frame, x, y), wanted, "{kind:?} {x},{y}");
                }
            }
            stepped.time.advance(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_notice_lies_over_everything_at_once_and_goes_at_once() {
    let mut stepped = start();
    stepped.cut(Zone::MAIN, LEFT, sized(LEFT, RED));
    let before = stepped.cut(Zone(7), RIGHT, sized(RIGHT, GREEN));
    let ticket = stepped.load(Zone::NOTICE, WHOLE, sized(WHOLE, GREY));
    // A fade would half cover the codes beneath.
    stepped.swap(ticket, TransitionKind::CrossFade, Duration::from_secs(1));
    let frame = stepped.frame();
    check(&frame, &[(WHOLE, GREY)], [0; 3]);
    assert_eq!(frame.zones.len(), 3);
    stepped.step(Duration::from_millis(10));
    stepped.events.try_iter().for_each(drop);

    stepped.send(StageCommand::Clear { zone: Zone::NOTICE });
    let boot_ms = stepped.time.boot_ms();
    let frame = stepped.frame();
    assert_eq!(frame.picture.rgba, before.picture.rgba);
    let cleared = StageEvent::Cleared {
        zone: Zone::NOTICE,
        boot_ms,
    };
    assert!(stepped.events.try_iter().any(|event| event == cleared));
    // Clearing what is empty answers as well.
    stepped.send(StageCommand::Clear { zone: Zone(5) });
    stepped.frame();
    let zone = Zone(5);
    let cleared = StageEvent::Cleared { zone, boot_ms };
    assert!(stepped.events.try_iter().any(|event| event == cleared));
}

#[test]
fn clearing_a_transition_takes_both_slides_away() {
    let mut stepped = start();
    // What was read back to warm the stage up goes first.
    stepped.update();
    stepped.update();
    let empty = stepped.inventory();
    stepped.cut(Zone(2), LEFT, sized(LEFT, RED));
    let ticket = stepped.load(Zone(2), LEFT, sized(LEFT, BLUE));
    stepped.swap(ticket, TransitionKind::CrossFade, Duration::from_secs(1));
    stepped.frame();
    stepped.send(StageCommand::Clear { zone: Zone(2) });
    let frame = stepped.frame();
    check(&frame, &[], [0; 3]);
    assert!(frame.zones.is_empty());
    stepped.update();
    assert_eq!(stepped.inventory(), empty);
}

#[test]
fn slides_are_stretched_with_the_output_until_new_ones_come() {
    let mut stepped = start();
    stepped.cut(Zone::MAIN, Area::new(0, 0, 200, 180), flat(200, 180, RED));
    let right = Area::new(200, 0, 120, 180);
    stepped.cut(Zone(1), right, flat(120, 180, GREEN));
    // On the GPU the canvas stays; what lies on it behaves as if it had half the width.
    let mut output = stepped.app.world_mut().resource_mut::<Output>();
    output.size_px = Some(UVec2::new(WIDTH_PX / 2, HEIGHT_PX));
    let frame = stepped.frame();
    let areas = [
        (Area::new(0, 0, 100, 180), RED),
        (Area::new(100, 0, 60, 180), GREEN),
    ];
    check(&frame, &areas, [0; 3]);
    let (width_px, height_px) = (WIDTH_PX / 2, HEIGHT_PX);
    let sized = StageEvent::Sized {
        width_px,
        height_px,
    };
    assert!(stepped.events.try_iter().any(|event| event == sized));
}

#[test]
fn codes_keep_their_pixels_in_zones_that_overscan_has_moved() {
    let link = "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let (wide, high) = (641, 479);
    let mut codes_read = 0;
    for (rotation, layout) in [
        (0, "overscan_percent = 3.3\n"),
        (90, "overscan_percent = 5\nkind = 'main-ticker'\n"),
        (180, "overscan_percent = 7.7\n"),
        (
            270,
            "overscan_percent = 2.1\nkind = 'main-side'\nshare_percent = 25\n",
        ),
    ] {
        let config = Config::parse("kiosk.toml", &format!("[layout]\n{layout}")).expect("good");
        let output = Geometry {
            rotation,
            ..Geometry::whole(wide, high)
        };
        let mut stepped = start_with((wide, high), [12, 34, 56]);
        for (placed, corner) in config
            .layout
            .place(&output)
            .iter()
            .zip([Corner::BottomRight, Corner::TopLeft])
        {
            let order = SlideOrder {
                play: None,
                ticket: Ticket(0),
                zone: placed.zone,
                creative: Creative::House,
                motion: Motion::Still,
                sound: false,
                dwell: None,
                campaign: String::new(),
                headline: None,
                code: (placed.zone == Zone::MAIN).then(|| CodeOrder {
                    url: link.into(),
                    call: "扫码 Scan".into(),
                    leads_to: "hub.example".into(),
                    corner,
                }),
                colours: Colours::default(),
            };
            let composed = SlideComposer::default().compose(&order, &placed.geometry);
            let slide = composed.expect("composes").slide;
            let (pixels, code_square) = (slide.rgba.clone(), slide.code_square);
            assert_eq!(
                code_square.is_some(),
                placed.zone == Zone::MAIN,
                "room for a code"
            );
            let frame = stepped.cut(placed.zone, placed.area, slide);
            let row = placed.area.width as usize * 4;
            for (y, wanted) in (placed.area.y..).zip(pixels.chunks_exact(row)) {
                let start = ((y * wide + placed.area.x) * 4) as usize;
                assert!(
                    frame.picture.rgba[start..start + row] == *wanted,
                    "row {y} of {placed:?}"
                );
            }
            let wanted = [link.to_owned()].into();
            codes_read += frames::expect_codes(wide, &frame.picture.rgba, &wanted, layout);
        }
    }
    println!("{codes_read} codes read");
    assert_eq!(codes_read, 6);
}
