//! Transitions, frame by frame.

use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};

use super::*;

const LENGTH: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(10);

/// A picture without black or white, but for the code square, another one for each slide.
fn with_code_square(number: u32, code_square: Option<Area>) -> Slide {
    let link = format!("CODE {number}");
    let matrix = QrMatrix::encode(&link).expect("fits");
    let mut slide = painted(WIDTH_PX, HEIGHT_PX, |x, y| match code_square {
        Some(code_square) if holds(code_square, x, y) => {
            let module = |along: u32| (along / 3).checked_sub(QUIET_MODULES);
            let dark = module(x - code_square.x)
                .zip(module(y - code_square.y))
                .is_some_and(|(x, y)| matrix.is_dark(x, y));
            if dark { [0, 0, 0, 255] } else { [255; 4] }
        }
        _ if number == 0 => [200, 60 + (x / 4) as u8, 60 + (y / 2) as u8, 255],
        _ => [60 + (y / 2) as u8, 60 + (x / 2 % 100) as u8, 210, 255],
    });
    slide.code_square = code_square;
    slide.caption.creative = number.to_string();
    slide.caption.url = code_square.map(|_| link);
    slide
}

/// Plays one transition and returns the frames before it, in it, and after it, each with its number
/// of milliseconds.
fn play(
    kind: TransitionKind,
    old: Slide,
    new: Slide,
) -> (Vec<(u64, SeenFrame)>, SeenFrame, SeenFrame) {
    let mut stepped = start();
    let first = stepped.cut(Zone::MAIN, WHOLE, old);
    let ticket = stepped.load(Zone::MAIN, WHOLE, new);
    let asked_ms = stepped.time.boot_ms();
    stepped.swap(ticket, kind, LENGTH);
    let mut frames = Vec::new();
    let mut ms = 0;
    loop {
        let frame = stepped
            .update()
            .expect("every frame of a transition is drawn");
        if frames.is_empty() {
            let presented = StageEvent::Presented {
                ticket,
                boot_ms: asked_ms,
            };
            assert!(
                stepped.events.try_iter().any(|event| event == presented),
                "presented with the first frame"
            );
        }
        let over = !frame.zones[0].transition;
        frames.push((ms, frame));
        if over {
            break;
        }
        stepped.time.advance(STEP);
        ms += 10;
    }
    let (_, last) = frames.last().expect("a frame").clone();
    (frames, first, last)
}

fn exact(frame: &SeenFrame, slide: &Slide) -> bool {
    frame.picture.rgba == slide.rgba
}

/// Places where both of two slides have no code square, or where one of them has.
fn calm(code_squares: [Option<Area>; 2], x: u32, y: u32) -> bool {
    code_squares
        .iter()
        .flatten()
        .any(|code_square| holds(*code_square, x, y))
}

#[test]
fn every_transition_keeps_one_code_whole_and_leaves_no_gap() {
    // A code of 21 modules, 3 pixels each, with its quiet zone takes 87.
    let corner = Area::new(200, 80, 90, 90);
    let other = Area::new(20, 40, 88, 90);
    let overlapping = Area::new(170, 60, 96, 87);
    let pairs = [
        [Some(corner), Some(corner)],
        [Some(corner), Some(other)],
        [Some(corner), Some(overlapping)],
        [Some(corner), None],
        [None, Some(other)],
    ];
    let moving = [
        TransitionKind::CrossFade,
        TransitionKind::Slide,
        TransitionKind::Wipe,
    ];
    let mut codes_read = 0;
    for code_squares in pairs {
        for kind in moving {
            let (old, new) = (
                with_code_square(0, code_squares[0]),
                with_code_square(1, code_squares[1]),
            );
            let (drawn, first, last) = play(
                kind,
                with_code_square(0, code_squares[0]),
                with_code_square(1, code_squares[1]),
            );
            let what = format!("{kind:?} {code_squares:?}");
            assert!(exact(&first, &old), "{what}: the old slide is exact");
            assert!(exact(&last, &new), "{what}: the new slide is exact");
            assert_eq!(drawn.len(), 31, "{what}");
            assert!(
                drawn[0].1.picture.rgba != old.rgba,
                "{what}: it begins at once"
            );
            for (ms, frame) in &drawn {
                let new_is_read = *ms >= 150;
                let whole = if new_is_read { &new } else { &old };
                let caption = &frame.zones[0].caption;
                assert_eq!(*caption, whole.caption, "{what} at {ms} ms");
                let wanted = whole.caption.url.iter().cloned().collect();
                let picture = &frame.picture.rgba;
                let read = frames::expect_codes(WIDTH_PX, picture, &wanted, &what);
                codes_read += read;
                for y in 0..HEIGHT_PX {
                    for x in 0..WIDTH_PX {
                        let seen = pixel(frame, x, y);
                        let start = ((y * WIDTH_PX + x) * 4) as usize;
                        if calm(code_squares, x, y) {
                            let wanted = &whole.rgba[start..start + 3];
                            assert_eq!(seen, wanted, "{what} at {ms} ms, {x},{y}");
                        } else {
                            let (least, most) = (seen.iter().min(), seen.iter().max());
                            assert!(most > Some(&50), "{what} at {ms} ms, {x},{y}: black");
                            assert!(
                                least < Some(&250),
                                "{what} at {ms} ms, {x},{y}: a piece of a code square"
                            );
                        }
                    }
                }
            }
        }
    }
    println!("{codes_read} codes read");
    assert!(codes_read > 300, "{codes_read}");
}

#[test]
fn a_cut_is_complete_in_its_first_frame() {
    let code_square = Some(Area::new(200, 90, 90, 70));
    let (frames, _, last) = play(
        TransitionKind::Cut,
        with_code_square(0, None),
        with_code_square(1, code_square),
    );
    assert_eq!(frames.len(), 1);
    assert!(exact(&last, &with_code_square(1, code_square)));
}

#[test]
fn a_pushed_slide_is_the_slide_moved() {
    let (old, new) = (with_code_square(0, None), with_code_square(1, None));
    let (frames, _, _) = play(
        TransitionKind::Slide,
        with_code_square(0, None),
        with_code_square(1, None),
    );
    let mut last_there = 0;
    for (ms, frame) in &frames {
        let colour = |slide: &Slide, x: u32, y: u32| {
            let start = ((y * WIDTH_PX + x) * 4) as usize;
            [
                slide.rgba[start],
                slide.rgba[start + 1],
                slide.rgba[start + 2],
            ]
        };
        let explains = |there: u32| {
            (0..WIDTH_PX).all(|x| {
                let wanted = if x >= WIDTH_PX - there {
                    colour(&new, x + there - WIDTH_PX, 30)
                } else {
                    colour(&old, x + there, 30)
                };
                pixel(frame, x, 30) == wanted
            })
        };
        let there = (last_there..=WIDTH_PX).find(|there| explains(*there));
        let there = there.unwrap_or_else(|| panic!("at {ms} ms no shift explains it"));
        assert!(there > 0);
        last_there = there;
    }
    assert_eq!(last_there, WIDTH_PX);
}

#[test]
fn a_wipe_is_new_on_the_left_and_old_on_the_right() {
    let (old, new) = ([200, 60, 60], [60, 60, 200]);
    let (frames, _, _) = play(
        TransitionKind::Wipe,
        flat(WIDTH_PX, HEIGHT_PX, old),
        flat(WIDTH_PX, HEIGHT_PX, new),
    );
    for (ms, frame) in &frames {
        let row: Vec<[u8; 3]> = (0..WIDTH_PX).map(|x| pixel(frame, x, 90)).collect();
        let mixed = row.iter().filter(|&&p| p != old && p != new).count();
        assert!(mixed <= 16, "{mixed} pixels are mixed at {ms} ms");
        let redness: Vec<u8> = row.iter().map(|p| p[0]).collect();
        assert!(redness.is_sorted(), "at {ms} ms: {redness:?}");
    }
}

#[test]
fn slides_are_cut_in_once_transitions_have_stuttered_twice() {
    let mut stepped = start();
    stepped.cut(Zone::MAIN, WHOLE, flat(8, 8, [90, 0, 0]));
    let mut fade_in = |every: Duration| {
        let ticket = stepped.load(Zone::MAIN, WHOLE, flat(8, 8, [0, 90, 0]));
        stepped.swap(
            ticket,
            TransitionKind::CrossFade,
            Duration::from_millis(600),
        );
        let mut changing = 0;
        while stepped
            .step(every)
            .is_some_and(|frame| frame.zones[0].transition)
        {
            changing += 1;
        }
        // The last frame of the one that is over, and what comes after it.
        stepped.step_unseen(every);
        let events: Vec<_> = stepped.events.try_iter().collect();
        (changing, events.contains(&StageEvent::TransitionsStutter))
    };
    let slow = Duration::from_millis(250);
    assert_eq!(fade_in(slow), (3, false), "one says little");
    assert_eq!(fade_in(slow), (3, true), "two in a row");
    assert_eq!(fade_in(STEP), (0, false), "it is cut in");
}

#[test]
fn a_swap_that_was_never_drawn_leaves_the_old_slide_in_place() {
    let mut stepped = start();
    stepped.cut(Zone::MAIN, WHOLE, flat(8, 8, [100, 0, 0]));
    let skipped = stepped.load(Zone::MAIN, WHOLE, flat(8, 8, [0, 100, 0]));
    let next = stepped.load(Zone::MAIN, WHOLE, flat(8, 8, [0, 0, 100]));
    stepped.swap(skipped, TransitionKind::CrossFade, LENGTH);
    stepped.swap(next, TransitionKind::CrossFade, LENGTH);
    let mut drawn = Vec::new();
    for _ in 0..40 {
        if let Some(frame) = stepped.step(STEP) {
            drawn.push(pixel(&frame, 5, 5));
        }
    }
    assert_eq!(drawn.last(), Some(&[0, 0, 100]));
    assert!(
        drawn.iter().all(|p| p[1] == 0),
        "the skipped slide is never seen"
    );
    let presented: Vec<_> = stepped.events.try_iter().collect();
    assert_eq!(presented.len(), 1, "{presented:?}");
}

#[test]
fn a_first_slide_has_its_code_whole_from_the_first_frame_on() {
    let code_square = Area::new(200, 90, 90, 70);
    let slide = with_code_square(0, Some(code_square));
    let mut stepped = start();
    let ticket = stepped.load(Zone::MAIN, WHOLE, with_code_square(0, Some(code_square)));
    stepped.swap(ticket, TransitionKind::CrossFade, LENGTH);
    for _ in 0..31 {
        let frame = stepped.update().expect("a frame");
        assert_eq!(frame.zones[0].caption, slide.caption);
        for y in code_square.y..code_square.bottom() {
            let start = ((y * WIDTH_PX + code_square.x) * 4) as usize;
            let row = start..start + code_square.width as usize * 4;
            assert_eq!(frame.picture.rgba[row.clone()], slide.rgba[row]);
        }
        stepped.time.advance(STEP);
    }
}
