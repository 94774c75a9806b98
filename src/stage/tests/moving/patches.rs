//! Patches of a frame source land where they belong, and a frame source lives as long as its slide.

use std::sync::atomic::AtomicUsize;

use passerby_compose::slide::{FrameSource, Patch, Plane};

use super::*;

/// A frame source that runs a script: at each time some patches.
struct Scripted {
    script: Vec<(Duration, Vec<Patch>)>,
    calls: Arc<Calls>,
}

/// What became of a frame source.
#[derive(Default)]
struct Calls {
    begun: AtomicUsize,
    asked: AtomicUsize,
    dropped: AtomicUsize,
}

impl FrameSource for Scripted {
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

fn scripted(script: Vec<(Duration, Vec<Patch>)>) -> (Option<Box<dyn FrameSource>>, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    let frame_source = Scripted {
        script,
        calls: calls.clone(),
    };
    (Some(Box::new(frame_source)), calls)
}

fn patch(plane: Plane, area: Area, pixel: &[u8]) -> Patch {
    Patch {
        plane,
        area,
        bytes: pixel.repeat((area.width * area.height) as usize),
    }
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
        let (frame_source, _) = scripted(vec![
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
        slide.frame_source = frame_source;
        let mut stepped = start();
        let first = stepped.cut(Zone::MAIN, WHOLE, slide);
        assert!(stepped.step(STEP).is_none(), "nothing is due yet");
        let second = (0..5).find_map(|_| stepped.step(STEP)).expect("patches");
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
    (slide.frame_source, _) = scripted(vec![(
        Duration::ZERO,
        vec![
            patch(Plane::Moving, area, &[81]),
            patch(Plane::Chroma, Area::new(0, 0, 16, 8), &[90, 240]),
        ],
    )]);
    let mut stepped = start();
    let frame = stepped.cut(Zone::MAIN, WHOLE, slide);
    let seen = pixel(&frame, 16, 8);
    assert!(distance(seen, [255, 0, 0]) <= 2, "{seen:?}");
}

#[test]
fn patches_that_do_not_fit_change_nothing() {
    let mut slide = flat(WIDTH_PX, HEIGHT_PX, [90; 3]);
    let at = Area::new(0, 0, 2, 2);
    (slide.frame_source, _) = scripted(vec![(
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
    let mut stepped = start();
    let frame = stepped.cut(Zone::MAIN, WHOLE, slide);
    assert_eq!(frame.picture.rgba, flat(WIDTH_PX, HEIGHT_PX, [90; 3]).rgba);
}

#[test]
fn a_reel_begins_once_is_asked_while_it_is_seen_and_goes_with_its_slide() {
    let mut slide = flat(8, 8, [90; 3]);
    let (frame_source, calls) = scripted(vec![(Duration::from_secs(9), Vec::new())]);
    slide.frame_source = frame_source;
    let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
    let mut stepped = start();
    let ticket = stepped.load(Zone::MAIN, WHOLE, slide);
    for _ in 0..10 {
        stepped.step(STEP);
    }
    assert_eq!((count(&calls.begun), count(&calls.asked)), (0, 0));
    stepped.swap(ticket, TransitionKind::CrossFade, STEP * 5);
    stepped.update();
    assert_eq!((count(&calls.begun), count(&calls.asked)), (1, 1));
    for _ in 0..10 {
        stepped.step(STEP);
    }
    // Also while it is leaving.
    let next = stepped.load(Zone::MAIN, WHOLE, flat(8, 8, [200; 3]));
    stepped.swap(next, TransitionKind::CrossFade, STEP * 5);
    stepped.update();
    let before = count(&calls.asked);
    stepped.step(STEP);
    assert_eq!(count(&calls.asked), before + 1);
    assert_eq!(count(&calls.dropped), 0);
    stepped.step(STEP * 5);
    assert_eq!((count(&calls.dropped), count(&calls.begun)), (1, 1));
}
