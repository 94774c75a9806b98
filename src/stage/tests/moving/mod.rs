//! What shows through the holes of a slide.

mod patches;
mod travel;
mod video;

use passerby_compose::slide::{Matrix, Moving, MovingPicture, Travel, VideoCoding};

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
    let mut stepped = start();
    for (number, (picture, turn, travel, area)) in (500..).zip(bad) {
        let ticket = Ticket(number);
        let moving = Moving {
            area,
            picture,
            turn,
            travel,
        };
        stepped.send(StageCommand::Load {
            ticket,
            zone: Zone::MAIN,
            area: WHOLE,
            slide: holed(HOLE, moving),
        });
        let answer = stepped.await_event(
            |event| matches!(event, StageEvent::Refused(t) | StageEvent::Loaded(t) if *t == ticket),
        );
        assert_eq!(answer, StageEvent::Refused(ticket), "number {number}");
    }
}
