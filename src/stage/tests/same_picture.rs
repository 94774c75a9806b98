//! Both presenters give the same picture.
//!
//! The same commands at the same times go to a stage on the GPU and to one without. Pictures are
//! smooth where they are scaled, since a driver may round a place by some thousandths of a pixel.

use passerby_compose::slide::{Matrix, Moving, MovingPicture, Travel, VideoCoding};

use super::*;

const ALL: [f32; 4] = [0.0, 0.0, 1.0, 1.0];
const SIZE_PX: (u32, u32) = (160, 96);
const LENGTH: Duration = Duration::from_millis(200);
/// No divisor of anything else here, so that steps fall everywhere.
const STEP: Duration = Duration::from_millis(17);

/// How far a picture that was scaled may be apart: Mesa's CPU driver filters in 8 bits and rounds
/// down, luma and chroma of a film add up, and mixing rounds once more.
const FILTERED_STEPS_MAX: u8 = 4;

/// A number that follows from a place, without a pattern.
fn noise(x: u32, y: u32, seed: u32) -> u8 {
    let mixed = (x.wrapping_mul(73_856_093) ^ y.wrapping_mul(19_349_663))
        .wrapping_add(seed.wrapping_mul(83_492_791))
        .wrapping_mul(2_654_435_761);
    (mixed >> 24) as u8
}

/// A number that changes slowly from pixel to pixel.
fn slow(x: u32, y: u32, seed: u32) -> u8 {
    let wave = |at: u32| 127 - (at % 255).abs_diff(127);
    (wave(x + seed * 31) + wave(y + seed * 57)) as u8
}

fn smooth(width_px: u32, height_px: u32, seed: u32) -> Vec<u8> {
    let colour = |x, y| {
        [
            slow(x, y, seed),
            slow(x, y, seed + 1),
            slow(x, y, seed + 2),
            255,
        ]
    };
    painted(width_px, height_px, colour).rgba
}

fn rgba((width_px, height_px): (u32, u32), seed: u32) -> MovingPicture {
    MovingPicture::Rgba {
        width_px,
        height_px,
        pixels: smooth(width_px, height_px, seed),
    }
}

fn video((width_px, height_px): (u32, u32), full_range: bool) -> MovingPicture {
    let plane = |width: u32, height: u32, seeds: &[u32]| {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        places
            .flat_map(|(x, y)| seeds.iter().map(move |seed| slow(x, y, *seed) / 2 + 64))
            .collect()
    };
    MovingPicture::Nv12 {
        width_px,
        height_px,
        luma: plane(width_px, height_px, &[3]),
        chroma: plane(width_px / 2, height_px / 2, &[5, 8]),
        coding: VideoCoding {
            matrix: if full_range {
                Matrix::Bt601
            } else {
                Matrix::Bt709
            },
            full_range,
        },
    }
}

fn strip(height_px: u32) -> MovingPicture {
    let (row_px, length_px) = (64, 150);
    let rows = u32::div_ceil(length_px, row_px);
    MovingPicture::Strip {
        row_px,
        height_px,
        length_px,
        pixels: smooth(row_px, rows * height_px, 4),
    }
}

/// A slide of noise with a code square, and a hole whose corners are half there.
fn slide(seed: u32, code_square: Option<Area>, moving: Option<Moving>) -> Slide {
    let (width_px, height_px) = SIZE_PX;
    let hole = moving.as_ref().map(|moving| moving.area);
    let mut slide = painted(width_px, height_px, |x, y| {
        let alpha = match hole {
            Some(hole) if holds(hole, x, y) && (x - hole.x) + (y - hole.y) < 6 => 90,
            Some(hole) if holds(hole, x, y) => 0,
            _ => 255,
        };
        let grey = noise(x, y, seed);
        [grey, 255 - grey, noise(y, x, seed), alpha]
    });
    slide.code_square = code_square;
    slide.moving = moving;
    slide
}

/// The same stage twice.
struct Pair([SteppedStage; 2]);

impl Pair {
    fn start(size: (u32, u32)) -> Self {
        let stage = |draw_with| SteppedStage::start_with(draw_with, size, [12, 200, 77]);
        Self([stage(DrawWith::Cpu), stage(DrawWith::Gpu)])
    }

    fn swap(
        &mut self,
        area: Area,
        slide: impl Fn() -> Slide,
        kind: TransitionKind,
        length: Duration,
    ) {
        for stage in &mut self.0 {
            let ticket = stage.load(Zone::MAIN, area, slide());
            stage.swap(ticket, kind, length);
        }
    }

    /// Draws both, and compares them.
    fn compare(&mut self, what: &str, steps_max: u8) -> bool {
        let [cpu, gpu] = &mut self.0;
        let (Some(cpu), Some(gpu)) = (cpu.update(), gpu.update()) else {
            return false;
        };
        let (cpu, gpu) = (&cpu.picture, &gpu.picture);
        assert_eq!(cpu.width_px, gpu.width_px, "{what}");
        let mut worst = (0, 0);
        for (place, (cpu, gpu)) in cpu.rgba.iter().zip(&gpu.rgba).enumerate() {
            worst = worst.max((cpu.abs_diff(*gpu), place));
        }
        let (steps, place) = worst;
        let (x, y) = (
            place as u32 / 4 % cpu.width_px,
            place as u32 / 4 / cpu.width_px,
        );
        assert!(
            steps <= steps_max,
            "{what}: {steps} steps apart at {x},{y}, channel {}: {} without a GPU, {} with one",
            place % 4,
            cpu.rgba[place],
            gpu.rgba[place],
        );
        true
    }

    fn advance(&self) {
        for stage in &self.0 {
            stage.time.advance(STEP);
        }
    }

    /// Plays a transition to its end, and some of what moves after it.
    fn play(&mut self, what: &str, steps_max: u8) -> usize {
        let mut compared = 0;
        for step in 0..14 {
            compared += usize::from(self.compare(&format!("{what}, step {step}"), steps_max));
            self.advance();
        }
        compared
    }
}

/// A moving layer of every kind and turn, copied and scaled.
fn moving_layers() -> Vec<(String, Moving)> {
    let upright = Area::new(24, 12, 64, 48);
    let mut layers = Vec::new();
    for turn in [0, 90, 180, 270] {
        let area = match turn {
            0 | 180 => upright,
            _ => Area::new(24, 12, 48, 64),
        };
        let zoom = Travel::Zoom {
            from: ALL,
            to: [0.1, 0.2, 0.6, 0.6],
            over: Duration::from_millis(150),
        };
        let run = Travel::Run { px_per_s: 77.0 };
        let still = Travel::Still(ALL);
        let part = Travel::Still([0.25, 0.0, 0.5, 1.0]);
        for (name, picture, travel) in [
            ("a picture as it is", rgba((64, 48), 1), still),
            ("a picture made larger", rgba((48, 36), 1), still),
            ("a picture that zooms", rgba((96, 72), 1), zoom),
            ("a video as it is", video((64, 48), false), still),
            ("a video made larger", video((48, 36), true), still),
            ("a part of a video", video((128, 48), false), part),
            ("a strip", strip(48), run),
            ("a strip made larger", strip(30), run),
        ] {
            let name = format!("{name}, turned by {turn}");
            layers.push((
                name,
                Moving {
                    area,
                    picture,
                    turn,
                    travel,
                },
            ));
        }
    }
    layers
}

#[test]
fn every_kind_of_layer_looks_the_same_with_a_gpu_and_without() {
    let area = Area::new(0, 0, SIZE_PX.0, SIZE_PX.1);
    let mut pair = Pair::start(SIZE_PX);
    let mut compared = 0;
    let kinds = TransitionKind::WORDS;
    for (number, (name, moving)) in (0..).zip(moving_layers()) {
        let (_, kind) = kinds[number % kinds.len()];
        let code_square = (number % 3 > 0).then(|| Area::new(100, 30, 40, 40));
        let next = || slide(number as u32, code_square, Some(moving.clone()));
        pair.swap(area, next, kind, LENGTH);
        let is_filtered = !name.starts_with("a picture as it is");
        let steps_max = if is_filtered { FILTERED_STEPS_MAX } else { 1 };
        compared += pair.play(&format!("{name}, {kind:?}"), steps_max);
    }
    println!("{compared} frames compared");
    assert!(compared > 300, "{compared}");
}

#[test]
fn every_transition_looks_the_same_with_a_gpu_and_without() {
    let area = Area::new(7, 5, SIZE_PX.0, SIZE_PX.1);
    let mut compared = 0;
    let code_squares = [
        None,
        Some(Area::new(10, 10, 40, 40)),
        Some(Area::new(30, 20, 40, 40)),
        // At the edge there is a neighbour on one side only.
        Some(Area::new(120, 50, 40, 40)),
    ];
    for (_, kind) in TransitionKind::WORDS {
        let mut pair = Pair::start((SIZE_PX.0 + 20, SIZE_PX.1 + 9));
        for (seed, code_square) in (0..).zip(code_squares) {
            pair.swap(area, || slide(seed, code_square, None), kind, LENGTH);
            compared += pair.play(&format!("{kind:?} to {code_square:?}"), 1);
        }
    }
    println!("{compared} frames compared");
    assert!(compared > 150, "{compared}");
}

#[test]
fn stretched_slides_look_the_same_with_a_gpu_and_without() {
    let mut compared = 0;
    let mut pair = Pair::start((200, 120));
    for (number, area) in (0..).zip([
        Area::new(3, 4, 190, 111),
        Area::new(0, 0, 97, 60),
        Area::new(50, 20, 160, 70),
    ]) {
        for (_, kind) in TransitionKind::WORDS {
            let next = || {
                let (width_px, height_px) = SIZE_PX;
                let rgba = smooth(width_px, height_px, number);
                let mut slide = Slide::still(width_px, height_px, rgba, Caption::default());
                slide.code_square = Some(Area::new(20, 20, 30, 30));
                slide
            };
            pair.swap(area, next, kind, LENGTH);
            compared += pair.play(&format!("{kind:?} in {area:?}"), 1);
        }
    }
    println!("{compared} frames compared");
    assert!(compared > 100, "{compared}");
}
