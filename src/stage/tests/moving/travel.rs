//! Strips run and pictures zoom, at an even pace.

use super::*;

#[test]
fn a_strip_runs_to_the_left_and_its_end_joins_its_beginning() {
    let (length, height) = (100, 8);
    for turn in [0, 90, 180, 270] {
        let (picture, colour) = strip(length, height);
        let upright = Area::new(0, 0, 96, height);
        let turned = upright.rotated(96, height, turn);
        let hole = Area::new(60, 40, turned.width, turned.height);
        let moving = Moving {
            area: hole,
            picture,
            turn,
            // Three pixels a step.
            travel: Travel::Run { px_per_s: 300.0 },
        };
        let mut stepped = start();
        let mut frame = stepped.cut(Zone::MAIN, WHOLE, holed(hole, moving));
        for step in 0..80 {
            for y in 0..height {
                for x in 0..96 {
                    let place = Area::new(x, y, 1, 1).rotated(96, height, turn);
                    let seen = pixel(&frame, hole.x + place.x, hole.y + place.y);
                    let wanted = colour(x + step * 3, y);
                    assert!(
                        distance(seen, wanted) <= 1,
                        "{turn}°, step {step}, {x},{y}: {seen:?}, not {wanted:?}"
                    );
                }
            }
            frame = stepped.step(STEP).expect("every step moves it");
        }
    }
}

#[test]
fn a_strip_that_follows_itself_goes_on_and_another_begins_anew() {
    let hole = Area::new(20, 40, 96, 8);
    let slide = |creative: &str| {
        let (picture, _) = strip(100, 8);
        let mut slide = holed(
            hole,
            Moving {
                area: hole,
                picture,
                turn: 0,
                travel: Travel::Run { px_per_s: 300.0 },
            },
        );
        creative.clone_into(&mut slide.caption.creative);
        slide
    };
    let (_, colour) = strip(100, 8);
    let seen = |frame: &_, offset: u32| {
        (0..96).all(|x| distance(pixel(frame, hole.x + x, hole.y), colour(x + offset, 0)) <= 1)
    };
    let mut stepped = start();
    stepped.cut(Zone::MAIN, WHOLE, slide("news"));
    for _ in 0..7 {
        stepped.step(STEP);
    }
    let same = stepped.cut(Zone::MAIN, WHOLE, slide("news"));
    assert!(seen(&same, 21), "it goes on");
    let other = stepped.cut(Zone::MAIN, WHOLE, slide("weather"));
    assert!(seen(&other, 0), "it begins");
}

#[test]
fn a_strip_between_two_pixels_is_a_mix_of_them() {
    let pixels = painted(
        32,
        1,
        |x, _| if x % 2 == 0 { [255; 4] } else { [0, 0, 0, 255] },
    );
    let hole = Area::new(60, 40, 32, 1);
    let moving = Moving {
        area: hole,
        picture: MovingPicture::Strip {
            row_px: 32,
            height_px: 1,
            length_px: 32,
            pixels: pixels.rgba,
        },
        turn: 0,
        travel: Travel::Run { px_per_s: 50.0 },
    };
    let mut stepped = start();
    stepped.cut(Zone::MAIN, WHOLE, holed(hole, moving));
    let frame = stepped.step(STEP).expect("it moves");
    for x in hole.x..hole.right() {
        // Half of the number that stands for white.
        let seen = pixel(&frame, x, hole.y);
        assert!(distance(seen, [128; 3]) <= 2, "{seen:?}");
    }
}

#[test]
fn a_zoom_goes_at_an_even_pace_and_then_rests() {
    // White right of a third of the picture.
    let picture = rgba(
        300,
        100,
        |x, _| if x < 100 { [0, 0, 0, 255] } else { [255; 4] },
    );
    let hole = Area::new(0, 0, 300, 100);
    let moving = Moving {
        area: hole,
        picture,
        turn: 0,
        travel: Travel::Zoom {
            from: ALL,
            to: [0.25, 0.25, 0.5, 0.5],
            over: Duration::from_millis(100),
        },
    };
    let edge = |frame: &SeenFrame| {
        (0..300)
            .position(|x| pixel(frame, x, 50)[0] > 128)
            .expect("an edge")
    };
    let mut stepped = start();
    let mut frame = stepped.cut(Zone::MAIN, WHOLE, holed(hole, moving));
    for step in 0..=10_u32 {
        let share = f64::from(step) / 10.0;
        let (left, width) = (0.25 * share, 1.0 - 0.5 * share);
        let wanted = (1.0 / 3.0 - left) / width * 300.0;
        let seen = edge(&frame) as f64;
        assert!(
            (seen - wanted).abs() <= 1.5,
            "step {step}: {seen}, not {wanted}"
        );
        match stepped.step(STEP) {
            Some(next) => frame = next,
            None => assert_eq!(step, 10, "it rests too early"),
        }
    }
    assert!(stepped.step(STEP).is_none(), "it has come to rest");
}
