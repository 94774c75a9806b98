//! What is painted by what has changed is what is painted at once.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "small numbers, and a test that stops says where"
)]

use passerby_compose::slide::{MovingPicture, Plane};

use super::*;
use crate::frame::{ChangeNumbers, Layer, MovingNumbers, rectangle};

const SIZE: (u32, u32) = (64, 40);

/// Numbers without a pattern, the same every time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, below: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as u32) % below
    }

    fn area(&mut self, (width, height): (u32, u32)) -> Area {
        let (x, y) = (self.throw(width), self.throw(height));
        let (wide, high) = (1 + self.throw(width - x), 1 + self.throw(height - y));
        Area::new(x, y, wide, high)
    }

    fn pixels(&mut self, (width_px, height_px): (u32, u32), hole: Option<Area>) -> SlidePixels {
        let mut rgba = Vec::new();
        for y in 0..height_px {
            for x in 0..width_px {
                let is_hole = hole.is_some_and(|hole| hole.common(Area::new(x, y, 1, 1)).is_some());
                let alpha = if is_hole { 0 } else { 255 };
                rgba.extend([self.throw(256) as u8, x as u8, y as u8, alpha]);
            }
        }
        let picture = hole.map(|hole| MovingPicture::Rgba {
            width_px: hole.width,
            height_px: hole.height,
            pixels: (0..hole.width * hole.height)
                .flat_map(|n| [n as u8, 255 - n as u8, 9, 255])
                .collect(),
        });
        SlidePixels {
            width_px,
            height_px,
            rgba,
            picture,
        }
    }
}

fn moving(hole: Area, start: f32) -> MovingNumbers {
    MovingNumbers {
        area: rectangle(hole),
        across: [0.5, 0.0, start],
        down: [0.0, 1.0, 0.0],
        ..MovingNumbers::default()
    }
}

fn layer(slide: SlideId, area: Area) -> Layer {
    Layer {
        slide,
        area,
        moving: None,
        change: ChangeNumbers::REST,
        code_square: Default::default(),
        calm: Default::default(),
        is_read: true,
    }
}

/// Paints frames one after another, and each of them anew, and compares.
fn compare(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let mut painter = Painter::default();
    let hole = Area::new(5, 6, 20, 10);
    let loaded: Vec<SlideId> = (0..6)
        .map(|n| {
            let pixels = dice.pixels((40, 30), (n % 2 == 0).then_some(hole));
            painter.load(pixels).unwrap()
        })
        .collect();
    let mut frame = Frame {
        background: [1, 2, 3],
        layers: Vec::new(),
    };
    let mut quiet = 0;
    let (mut one, mut other) = (memory(SIZE), memory(SIZE));
    let mut last = Vec::new();
    for step in 0..60 {
        match dice.throw(7) {
            0 => {
                frame.layers.clear();
                for (n, slide) in loaded.iter().enumerate() {
                    if dice.throw(2) == 0 {
                        let mut layer = layer(*slide, dice.area(SIZE));
                        if n % 2 == 0 {
                            layer.moving = Some(moving(hole, 0.1));
                        }
                        frame.layers.push(layer);
                    }
                }
            }
            1 => {
                for layer in &mut frame.layers {
                    layer.change.opacity = dice.throw(65) as f32 / 64.0;
                    layer.calm[0] = rectangle(dice.area(SIZE));
                    layer.is_read = dice.throw(2) == 0;
                }
            }
            2 => {
                for layer in &mut frame.layers {
                    layer.change.shift_px = dice.throw(40) as f32 - 20.0;
                    layer.change.edge_px = dice.throw(60) as f32;
                    layer.code_square = rectangle(dice.area(SIZE));
                }
            }
            3 => {
                for layer in &mut frame.layers {
                    layer.change = ChangeNumbers::REST;
                    layer.is_read = true;
                    if let Some(moving) = &mut layer.moving {
                        moving.across[2] = dice.throw(100) as f32 / 250.0;
                    }
                }
            }
            4 | 5 => {
                let slide = loaded[dice.throw(6) as usize];
                let area = dice.area((40, 30));
                let pixel = [dice.throw(256) as u8, 7, 8, 255];
                let mut patch = Patch {
                    plane: Plane::Still,
                    area,
                    bytes: pixel.repeat((area.width * area.height) as usize),
                };
                painter.patch(slide, &mut patch).unwrap();
            }
            _ => {
                let area = dice.area((hole.width, hole.height));
                let pixel = [dice.throw(256) as u8, 99, 98, 255];
                let mut patch = Patch {
                    plane: Plane::Moving,
                    area,
                    bytes: pixel.repeat((area.width * area.height) as usize),
                };
                painter.patch(loaded[0], &mut patch).unwrap();
            }
        }
        // Two pictures in turn, as a compositor has them: each lacks what came to the other.
        let areas = painter.paint(&frame, SIZE, &mut one, &last);
        std::mem::swap(&mut one, &mut other);
        for (n, area) in areas.iter().enumerate() {
            let others = &areas[n + 1..];
            assert!(others.iter().all(|other| other.common(*area).is_none()));
        }
        quiet += usize::from(areas.is_empty());
        let (size, whole) = painter.picture();
        assert_eq!(size, SIZE);
        assert!(other == whole, "seed {seed}, step {step}: {areas:?}");
        assert!(whole.chunks_exact(4).all(|pixel| pixel[3] == 255));
        let nothing = painter.paint(&frame, SIZE, &mut other, &[]);
        assert!(nothing.is_empty(), "nothing is left");
        last = if step == 0 { vec![ALL] } else { areas };
    }
    quiet
}

const ALL: Area = Area::new(0, 0, SIZE.0, SIZE.1);

fn memory((width, height): (u32, u32)) -> Vec<u8> {
    vec![0; width as usize * height as usize * 4]
}

#[test]
fn painting_what_has_changed_gives_the_same_as_painting_everything() {
    let quiet: usize = (0..40).map(compare).sum();
    println!("{quiet} frames without a change");
}

#[test]
fn many_threads_paint_what_one_does() {
    let size = (1_100, 700);
    let mut dice = Dice(7);
    let mut pictures = Vec::new();
    for threads_max in [1, 4] {
        let mut painter = Painter {
            threads_max,
            ..Painter::default()
        };
        dice.0 = 7;
        let below = painter.load(dice.pixels(size, None)).unwrap();
        let above = painter.load(dice.pixels(size, None)).unwrap();
        let whole = Area::new(0, 0, size.0, size.1);
        let mut frame = Frame {
            background: [0; 3],
            layers: vec![layer(below, whole), layer(above, whole)],
        };
        frame.layers[1].change.opacity = 0.3;
        let mut pixels = memory(size);
        painter.paint(&frame, size, &mut pixels, &[]);
        pictures.push(pixels);
    }
    assert!(pictures[0] == pictures[1]);
}

#[test]
fn a_slide_that_leaves_beneath_one_that_covers_it_costs_nothing() {
    let mut dice = Dice(3);
    let mut painter = Painter::default();
    let [old, new] = [(), ()].map(|()| painter.load(dice.pixels(SIZE, None)).unwrap());
    let whole = Area::new(0, 0, SIZE.0, SIZE.1);
    let mut frame = Frame {
        background: [0; 3],
        layers: vec![layer(old, whole), layer(new, whole)],
    };
    let mut pixels = memory(SIZE);
    painter.paint(&frame, SIZE, &mut pixels, &[]);
    frame.layers.remove(0);
    let areas = painter.paint(&frame, SIZE, &mut pixels, &[]);
    assert!(areas.is_empty());
    frame.layers[0].moving = None;
    frame.layers[0].slide = old;
    let areas = painter.paint(&frame, SIZE, &mut pixels, &[]);
    assert_eq!(areas, [whole]);
}

#[test]
fn what_nobody_keeps_is_gone_and_what_does_not_fit_is_refused() {
    let mut dice = Dice(5);
    let mut painter = Painter::default();
    let [first, second] = [(), ()].map(|()| painter.load(dice.pixels((4, 4), None)).unwrap());
    painter.keep(&[second]);
    assert_eq!(painter.slides(), 1);
    let mut patch = Patch {
        plane: Plane::Still,
        area: Area::new(0, 0, 1, 1),
        bytes: vec![0; 4],
    };
    assert!(painter.patch(first, &mut patch).is_err());
    assert!(painter.patch(second, &mut patch).is_ok());
    let mut wrong = dice.pixels((4, 4), None);
    wrong.rgba.pop();
    assert!(painter.load(wrong).is_err());
    let wide = SlidePixels {
        width_px: SIDE_PX_MAX + 1,
        ..dice.pixels((4, 4), None)
    };
    assert!(painter.load(wide).is_err());
}
