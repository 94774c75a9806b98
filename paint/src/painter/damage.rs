//! Which parts of the output differ between two frames.
//!
//! Invariant: what is left out looks the same in both; what is named may look the same too.

use std::collections::BTreeMap;

use passerby_compose::slide::Area;

use crate::frame::{Frame, Layer, Rectangle, SlideId, rectangle};
use crate::painter::kept_slide::{KeptSlide, around};

/// Most areas that are painted apart; more of them become one.
const AREAS_MAX: usize = 16;

/// Lists what differs, without overlaps and within an output of a size.
pub(super) fn damage(
    last: &Frame,
    next: &Frame,
    slides: &BTreeMap<SlideId, KeptSlide>,
    (width_px, height_px): (u32, u32),
) -> Vec<Area> {
    let whole = Area::new(0, 0, width_px, height_px);
    let order = |frame: &Frame, other: &Frame| -> Vec<SlideId> {
        let layers = frame.layers.iter().map(|layer| layer.slide);
        layers
            .filter(|slide| find(other, *slide).is_some())
            .collect()
    };
    if last.background != next.background || order(last, next) != order(next, last) {
        return vec![whole];
    }
    let mut areas = Vec::new();
    for (place, layer) in last.layers.iter().enumerate() {
        if find(next, layer.slide).is_none() && !is_hidden(layer, &last.layers[place + 1..], next) {
            areas.push(layer.area);
        }
    }
    for layer in &next.layers {
        match find(last, layer.slide) {
            None => areas.push(layer.area),
            Some(before) => {
                if let Some(slide) = slides.get(&layer.slide) {
                    changed(before, layer, slide, &mut areas);
                }
            }
        }
    }
    apart(areas, whole)
}

fn find(frame: &Frame, slide: SlideId) -> Option<&Layer> {
    frame.layers.iter().find(|layer| layer.slide == slide)
}

/// Tells whether a layer that goes was not seen: something that stays lies over all of it.
fn is_hidden(layer: &Layer, above: &[Layer], next: &Frame) -> bool {
    let covers = |other: &Layer| other.is_whole() && holds(other.area, layer.area);
    above
        .iter()
        .any(|other| covers(other) && find(next, other.slide).is_some_and(covers))
}

/// Tells whether one area lies in another.
pub(super) fn holds(outer: Area, inner: Area) -> bool {
    outer.common(inner) == Some(inner)
}

/// Adds what differs in a layer that is in both frames.
fn changed(before: &Layer, layer: &Layer, slide: &KeptSlide, areas: &mut Vec<Area>) {
    let both_whole = before.is_whole() && layer.is_whole() && before.area == layer.area;
    let is_same = both_whole
        || Layer {
            moving: layer.moving,
            ..before.clone()
        } == *layer;
    if !is_same {
        areas.push(before.area);
        areas.push(layer.area);
        return;
    }
    let moves = slide.is_moved || before.moving != layer.moving;
    if !layer.is_whole() {
        // Where its pixels are seen depends on the transition.
        if moves || !slide.patched.is_empty() {
            areas.push(layer.area);
        }
        return;
    }
    let on_output = |area: Rectangle| scaled(area, layer, slide.sizes.still);
    if moves {
        for moving in before.moving.iter().chain(&layer.moving) {
            areas.push(on_output(moving.area));
        }
    }
    for patched in &slide.patched {
        areas.push(on_output(rectangle(*patched)));
    }
}

/// The pixels of the output on which a part of a slide is seen.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "pixels of an output"
)]
fn scaled([x, y, width, height]: Rectangle, layer: &Layer, (wide, high): (u32, u32)) -> Area {
    let along = |from: f32, length: f32, start: u32, side: u32, pixels: u32| {
        let scale = f64::from(side) / f64::from(pixels.max(1));
        let first = (f64::from(from) * scale).floor().max(0.0) as u32;
        let last = ((f64::from(from) + f64::from(length)) * scale).ceil() as u32;
        let (first, last) = (first.min(side), last.min(side));
        (start + first, last - first)
    };
    let area = layer.area;
    let (left, width) = along(x, width, area.x, area.width, wide);
    let (top, height) = along(y, height, area.y, area.height, high);
    Area::new(left, top, width, height)
}

/// Joins what overlaps, and cuts off what lies outside.
pub(super) fn apart(areas: Vec<Area>, whole: Area) -> Vec<Area> {
    let mut apart: Vec<Area> = Vec::new();
    for area in areas {
        let Some(mut area) = area.common(whole) else {
            continue;
        };
        // Joining may make it touch another one.
        while let Some(place) = apart.iter().position(|other| other.common(area).is_some()) {
            area = around(area, apart.swap_remove(place));
        }
        apart.push(area);
    }
    if apart.len() > AREAS_MAX {
        let all = apart.drain(..).reduce(around);
        apart.extend(all);
    }
    apart
}
