//! What shows through the holes of a slide.

use std::sync::atomic::AtomicUsize;

use passerby_compose::slide::{
    Matrix, Moving, MovingPicture, Patch, Plane, Reel, Travel, VideoCoding,
};

use super::*;

const ALL: [f32; 4] = [0.0, 0.0, 1.0, 1.0];
const HOLE: Area = Area::new(40, 30, 96, 64);
const STEP: Duration = Duration::from_millis(10);

/// A grey slide with a hole.
fn holed(hole: Area, moving: Moving) -> Slide {
    let mut slide = painted(WIDTH_PX, HEIGHT_PX, |x, y| {
        let alpha = if holds(hole, x, y) { 0 } else { 255 };
        [90, 90, 90, alpha]
    });
    slide.moving = Some(moving);
    slide
}

fn rgba(width_px: u32, height_px: u32, colour: impl Fn(u32, u32) -> [u8; 4]) -> MovingPicture {
    MovingPicture::Rgba {
        width_px,
        height_px,
        pixels: painted(width_px, height_px, colour).rgba,
    }
}

/// Video of blocks of colours, 16 × 16 pixels each, all in a row.
fn nv12(colours: &[[u8; 3]], coding: VideoCoding) -> MovingPicture {
    let width_px = u32::try_from(colours.len()).unwrap() * 16;
    let mut luma = Vec::new();
    let mut chroma = Vec::new();
    for y in 0..16 {
        for x in 0..width_px {
            let [l, cb, cr] = colours[x as usize / 16];
            luma.push(l);
            if x % 2 == 0 && y % 2 == 0 {
                chroma.extend_from_slice(&[cb, cr]);
            }
        }
    }
    MovingPicture::Nv12 {
        width_px,
        height_px: 16,
        luma,
        chroma,
        coding,
    }
}

/// A reel that runs a script: at each time some patches.
struct Scripted {
    script: Vec<(Duration, Vec<Patch>)>,
    calls: Arc<Calls>,
}

/// What became of a reel.
#[derive(Default)]
struct Calls {
    begun: AtomicUsize,
    asked: AtomicUsize,
    dropped: AtomicUsize,
}

impl Reel for Scripted {
    fn begin(&mut self) {
        self.calls.begun.fetch_add(1, Ordering::Relaxed);
    }

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        assert_eq!(self.calls.begun.load(Ordering::Relaxed), 1);
        self.calls.asked.fetch_add(1, Ordering::Relaxed);
        while self.script.first().is_some_and(|(when, _)| *when <= at) {
            due.extend(self.script.remove(0).1);
        }
        self.script.first().map(|(when, _)| *when)
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.calls.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

fn scripted(script: Vec<(Duration, Vec<Patch>)>) -> (Option<Box<dyn Reel>>, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    let reel = Scripted {
        script,
        calls: calls.clone(),
    };
    (Some(Box::new(reel)), calls)
}

fn patch(plane: Plane, area: Area, pixel: &[u8]) -> Patch {
    Patch {
        plane,
        area,
        bytes: pixel.repeat((area.width * area.height) as usize),
    }
}

#[test]
fn video_has_the_colours_that_the_standards_give() {
    // Luma, Cb, Cr of full red, green, blue, white, black and a grey, as the recommendations work
    // out.
    let cases = [
        (
            Matrix::Bt601,
            false,
            [
                [81, 90, 240],
                [145, 54, 34],
                [41, 240, 110],
                [235, 128, 128],
                [16, 128, 128],
                [126, 128, 128],
            ],
        ),
        (
            Matrix::Bt709,
            false,
            [
                [63, 102, 240],
                [173, 42, 26],
                [32, 240, 118],
                [235, 128, 128],
                [16, 128, 128],
                [126, 128, 128],
            ],
        ),
        (
            Matrix::Bt2020,
            false,
            [
                [74, 97, 240],
                [164, 47, 25],
                [29, 240, 119],
                [235, 128, 128],
                [16, 128, 128],
                [126, 128, 128],
            ],
        ),
        (
            Matrix::Bt601,
            true,
            [
                [76, 85, 255],
                [150, 44, 21],
                [29, 255, 107],
                [255, 128, 128],
                [0, 128, 128],
                [128, 128, 128],
            ],
        ),
        (
            Matrix::Bt709,
            true,
            [
                [54, 99, 255],
                [182, 30, 12],
                [18, 255, 116],
                [255, 128, 128],
                [0, 128, 128],
                [128, 128, 128],
            ],
        ),
    ];
    let wanted = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255; 3],
        [0; 3],
        [128; 3],
    ];
    for (matrix, full_range, colours) in cases {
        let area = Area::new(8, 8, 96, 16);
        let coding = VideoCoding { matrix, full_range };
        let moving = Moving {
            area,
            picture: nv12(&colours, coding),
            turn: 0,
            travel: Travel::Still(ALL),
        };
        let mut rehearsal = Rehearsal::start();
        let frame = rehearsal.cut(Zone::MAIN, WHOLE, holed(area, moving));
        for (number, wanted) in (0..).zip(wanted) {
            for x in 4..12 {
                let seen = pixel(&frame, area.x + number * 16 + x, area.y + 8);
                assert!(
                    distance(seen, wanted) <= 2,
                    "{matrix:?} full {full_range}, colour {number}: {seen:?}, not {wanted:?}"
                );
            }
        }
    }
}

#[test]
fn video_that_is_scaled_is_smooth() {
    let coding = VideoCoding {
        matrix: Matrix::Bt709,
        full_range: false,
    };
    let moving = Moving {
        area: HOLE,
        picture: nv12(&[[60, 128, 128], [180, 128, 128]], coding),
        turn: 0,
        travel: Travel::Still(ALL),
    };
    let mut rehearsal = Rehearsal::start();
    let frame = rehearsal.cut(Zone::MAIN, WHOLE, holed(HOLE, moving));
    let row: Vec<u8> = (HOLE.x..HOLE.right())
        .map(|x| pixel(&frame, x, HOLE.y + 20)[0])
        .collect();
    assert!(row.is_sorted(), "{row:?}");
    let between = row.iter().filter(|&&v| v > row[0] + 5 && v < row[95] - 5);
    assert!(between.count() >= 2, "{row:?}");
}

#[test]
fn patches_land_where_they_belong_in_layers_of_every_turn() {
    let (wide, high) = (24, 16);
    let upright = Area::new(0, 0, wide, high);
    for turn in [0, 90, 180, 270] {
        let turned = upright.rotated(wide, high, turn);
        let hole = Area::new(50, 40, turned.width, turned.height);
        let spot = Area::new(3, 2, 7, 4);
        let colour = |x: u32, y: u32| [100 + x as u8, 100 + y as u8, 50, 255];
        let mut slide = holed(
            hole,
            Moving {
                area: hole,
                picture: rgba(wide, high, colour),
                turn,
                travel: Travel::Still(ALL),
            },
        );
        let late = Duration::from_millis(25);
        let still = Area::new(hole.x + 1, hole.y + 1, 2, 2);
        let (reel, _) = scripted(vec![
            (
                Duration::ZERO,
                vec![patch(Plane::Moving, spot, &[0, 0, 0, 255])],
            ),
            (
                late,
                vec![
                    // The later one of the same call wins.
                    patch(Plane::Moving, spot, &[1, 1, 1, 255]),
                    patch(Plane::Moving, spot, &[250, 0, 0, 255]),
                    patch(Plane::Still, still, &[0, 0, 250, 255]),
                ],
            ),
        ]);
        slide.reel = reel;
        let mut rehearsal = Rehearsal::start();
        let first = rehearsal.cut(Zone::MAIN, WHOLE, slide);
        assert!(rehearsal.step(STEP).is_none(), "nothing is due yet");
        let second = (0..5).find_map(|_| rehearsal.step(STEP)).expect("patches");
        for (frame, late) in [(first, false), (second, true)] {
            for y in 0..high {
                for x in 0..wide {
                    let place = Area::new(x, y, 1, 1).rotated(wide, high, turn);
                    let (px, py) = (hole.x + place.x, hole.y + place.y);
                    let [r, g, b, _] = colour(x, y);
                    let wanted = match (late, holds(spot, x, y)) {
                        (true, _) if holds(still, px, py) => [0, 0, 250],
                        (false, true) => [0; 3],
                        (true, true) => [250, 0, 0],
                        (_, false) => [r, g, b],
                    };
                    let seen = pixel(&frame, px, py);
                    assert!(
                        distance(seen, wanted) <= 1,
                        "{turn}°, {x},{y}: {seen:?}, not {wanted:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn video_patches_change_both_planes() {
    let coding = VideoCoding {
        matrix: Matrix::Bt601,
        full_range: false,
    };
    let area = Area::new(0, 0, 32, 16);
    let moving = Moving {
        area,
        picture: nv12(&[[16, 128, 128], [16, 128, 128]], coding),
        turn: 0,
        travel: Travel::Still(ALL),
    };
    let mut slide = holed(area, moving);
    (slide.reel, _) = scripted(vec![(
        Duration::ZERO,
        vec![
            patch(Plane::Moving, area, &[81]),
            patch(Plane::Chroma, Area::new(0, 0, 16, 8), &[90, 240]),
        ],
    )]);
    let mut rehearsal = Rehearsal::start();
    let frame = rehearsal.cut(Zone::MAIN, WHOLE, slide);
    let seen = pixel(&frame, 16, 8);
    assert!(distance(seen, [255, 0, 0]) <= 2, "{seen:?}");
}

#[test]
fn patches_that_do_not_fit_change_nothing() {
    let mut slide = flat(WIDTH_PX, HEIGHT_PX, [90; 3]);
    let at = Area::new(0, 0, 2, 2);
    (slide.reel, _) = scripted(vec![(
        Duration::ZERO,
        vec![
            patch(Plane::Still, Area::new(WIDTH_PX - 1, 0, 2, 1), &[0; 4]),
            patch(Plane::Still, Area::new(0, HEIGHT_PX, 1, 1), &[0; 4]),
            patch(Plane::Still, Area::new(u32::MAX, u32::MAX, 1, 1), &[0; 4]),
            patch(Plane::Still, Area::new(0, 0, 0, 0), &[0; 4]),
            patch(Plane::Still, at, &[0; 3]),
            patch(Plane::Moving, at, &[0; 4]),
            patch(Plane::Chroma, at, &[0; 2]),
        ],
    )]);
    let mut rehearsal = Rehearsal::start();
    let frame = rehearsal.cut(Zone::MAIN, WHOLE, slide);
    assert_eq!(frame.picture.rgba, flat(WIDTH_PX, HEIGHT_PX, [90; 3]).rgba);
}

#[test]
fn a_reel_begins_once_is_asked_while_it_is_seen_and_goes_with_its_slide() {
    let mut slide = flat(8, 8, [90; 3]);
    let (reel, calls) = scripted(vec![(Duration::from_secs(9), Vec::new())]);
    slide.reel = reel;
    let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
    let mut rehearsal = Rehearsal::start();
    let ticket = rehearsal.load(Zone::MAIN, WHOLE, slide);
    for _ in 0..10 {
        rehearsal.step(STEP);
    }
    assert_eq!((count(&calls.begun), count(&calls.asked)), (0, 0));
    rehearsal.swap(ticket, TransitionKind::CrossFade, STEP * 5);
    rehearsal.update();
    assert_eq!((count(&calls.begun), count(&calls.asked)), (1, 1));
    for _ in 0..10 {
        rehearsal.step(STEP);
    }
    // Also while it is leaving.
    let next = rehearsal.load(Zone::MAIN, WHOLE, flat(8, 8, [200; 3]));
    rehearsal.swap(next, TransitionKind::CrossFade, STEP * 5);
    rehearsal.update();
    let before = count(&calls.asked);
    rehearsal.step(STEP);
    assert_eq!(count(&calls.asked), before + 1);
    assert_eq!(count(&calls.dropped), 0);
    rehearsal.step(STEP * 5);
    assert_eq!((count(&calls.dropped), count(&calls.begun)), (1, 1));
}

/// A strip in rows of 32 pixels, each pixel of it with a colour of its own.
fn strip(length_px: u32, height_px: u32) -> (MovingPicture, impl Fn(u32, u32) -> [u8; 3]) {
    let colour = move |along: u32, down: u32| {
        let along = along % length_px;
        [
            50 + (along * 2) as u8,
            40 + (down * 9) as u8,
            255 - along as u8,
        ]
    };
    let row_px = 32;
    let rows = length_px.div_ceil(row_px);
    let pixels = painted(row_px, rows * height_px, |x, y| {
        let [r, g, b] = colour(y / height_px * row_px + x, y % height_px);
        [r, g, b, 255]
    });
    let picture = MovingPicture::Strip {
        row_px,
        height_px,
        length_px,
        pixels: pixels.rgba,
    };
    (picture, colour)
}

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
        let mut rehearsal = Rehearsal::start();
        let mut frame = rehearsal.cut(Zone::MAIN, WHOLE, holed(hole, moving));
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
            frame = rehearsal.step(STEP).expect("every step moves it");
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
    let mut rehearsal = Rehearsal::start();
    rehearsal.cut(Zone::MAIN, WHOLE, slide("news"));
    for _ in 0..7 {
        rehearsal.step(STEP);
    }
    let same = rehearsal.cut(Zone::MAIN, WHOLE, slide("news"));
    assert!(seen(&same, 21), "it goes on");
    let other = rehearsal.cut(Zone::MAIN, WHOLE, slide("weather"));
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
    let mut rehearsal = Rehearsal::start();
    rehearsal.cut(Zone::MAIN, WHOLE, holed(hole, moving));
    let frame = rehearsal.step(STEP).expect("it moves");
    for x in hole.x..hole.right() {
        // Half of the light.
        let seen = pixel(&frame, x, hole.y);
        assert!(distance(seen, [188; 3]) <= 2, "{seen:?}");
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
    let mut rehearsal = Rehearsal::start();
    let mut frame = rehearsal.cut(Zone::MAIN, WHOLE, holed(hole, moving));
    for step in 0..=10_u32 {
        let share = f64::from(step) / 10.0;
        let (left, width) = (0.25 * share, 1.0 - 0.5 * share);
        let wanted = (1.0 / 3.0 - left) / width * 300.0;
        let seen = edge(&frame) as f64;
        assert!(
            (seen - wanted).abs() <= 1.5,
            "step {step}: {seen}, not {wanted}"
        );
        match rehearsal.step(STEP) {
            Some(next) => frame = next,
            None => assert_eq!(step, 10, "it rests too early"),
        }
    }
    assert!(rehearsal.step(STEP).is_none(), "it has come to rest");
}

#[test]
fn slides_whose_moving_layer_makes_no_sense_are_refused() {
    let still = Travel::Still(ALL);
    let coding = VideoCoding {
        matrix: Matrix::Bt709,
        full_range: false,
    };
    let picture = || rgba(4, 4, |_, _| [255; 4]);
    let odd = MovingPicture::Nv12 {
        width_px: 3,
        height_px: 2,
        luma: vec![0; 6],
        chroma: vec![0; 2],
        coding,
    };
    let short = MovingPicture::Nv12 {
        width_px: 4,
        height_px: 4,
        luma: vec![0; 16],
        chroma: vec![0; 7],
        coding,
    };
    let no_strip = MovingPicture::Strip {
        row_px: 0,
        height_px: 4,
        length_px: 10,
        pixels: Vec::new(),
    };
    let (strip, _) = strip(100, 8);
    let run = |px_per_s| Travel::Run { px_per_s };
    let beyond = Travel::Still([0.5, 0.0, 0.6, 1.0]);
    let bad: Vec<(MovingPicture, u16, Travel, Area)> = vec![
        (odd, 0, still, HOLE),
        (short, 0, still, HOLE),
        (no_strip, 0, run(5.0), HOLE),
        (picture(), 45, still, HOLE),
        (picture(), 0, run(5.0), HOLE),
        (picture(), 0, beyond, HOLE),
        (picture(), 0, Travel::Still([f32::NAN; 4]), HOLE),
        (picture(), 0, still, Area::default()),
        (strip.clone(), 0, run(0.0), HOLE),
        (strip, 0, run(f32::INFINITY), HOLE),
    ];
    let mut rehearsal = Rehearsal::start();
    for (number, (picture, turn, travel, area)) in (500..).zip(bad) {
        let ticket = Ticket(number);
        let moving = Moving {
            area,
            picture,
            turn,
            travel,
        };
        rehearsal.send(StageCommand::Load {
            ticket,
            zone: Zone::MAIN,
            area: WHOLE,
            slide: holed(HOLE, moving),
        });
        let answer = rehearsal.await_event(
            |event| matches!(event, StageEvent::Refused(t) | StageEvent::Loaded(t) if *t == ticket),
        );
        assert_eq!(answer, StageEvent::Refused(ticket), "number {number}");
    }
}
