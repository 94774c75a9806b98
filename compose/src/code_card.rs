//! The code and its white card: how large it must be, where it stands, and how it is drawn.
//!
//! Invariants: a module is a square of whole pixels on whole pixels, pure black or pure white; the quiet zone of four
//! modules lies inside the card; the code itself, without its quiet zone, is at least a tenth of the viewing distance
//! wide. [`crate::proof`] holds the finished pixels to that.

use passerby_playout::code::{QUIET_MODULES, QrMatrix};
use passerby_playout::show::{ComposeError, Geometry};
use passerby_protocol::campaign::Corner;

use super::canvas::{Area, Canvas, px, real};
use super::layout::Frame;

/// Fewest pixels on a side of a module; below, cameras lose it between the screen's own pixels.
const MODULE_PX_MIN: u32 = 3;
/// Most of the short side that card and quiet zone may take.
const CARD_SHARE_MAX: f32 = 0.64;
/// What the card takes of the short side when nothing asks for more.
const CARD_SHARE: f32 = 0.25;
/// The same on strips, whose short side is very short.
const CARD_SHARE_STRIP: f32 = 0.56;

/// Size and place of a code's card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CodePlan {
    /// Modules on a side, without the quiet zone.
    modules: u32,
    /// Pixels on a side of a module.
    pub(super) module_px: u32,
    /// The white square with the quiet zone, upright.
    pub(super) card: Area,
}

/// Plans the card of a code in a corner of the frame.
pub(super) fn plan(
    matrix: &QrMatrix,
    corner: Corner,
    frame: &Frame,
    screen: &Geometry,
) -> Result<CodePlan, ComposeError> {
    let modules = matrix.modules();
    let across = modules + 2 * QUIET_MODULES;
    let share = if frame.is_strip() {
        CARD_SHARE_STRIP
    } else {
        CARD_SHARE
    };
    let wanted = px(frame.short * share / real(across));
    let required_px =
        pixels_per_cm(screen).map_or(0.0, |density| density * distance_cm(screen) / 10.0);
    let required = px((required_px / real(modules)).ceil());
    let module_px = wanted.max(required).max(MODULE_PX_MIN);
    let side = module_px * across;
    let most = px(frame.short * CARD_SHARE_MAX);
    if side > most {
        return Err(too_large(screen, side, most, modules, required));
    }
    let (right, bottom) = match corner {
        Corner::TopLeft => (false, false),
        Corner::TopRight => (true, false),
        Corner::BottomLeft => (false, true),
        Corner::BottomRight => (true, true),
    };
    let place = |far: bool, length: u32| {
        if far {
            length.saturating_sub(frame.margin + side)
        } else {
            frame.margin
        }
    };
    let card = Area::new(
        place(right, frame.width),
        place(bottom, frame.height),
        side,
        side,
    );
    Ok(CodePlan {
        modules,
        module_px,
        card,
    })
}

fn too_large(screen: &Geometry, side: u32, most: u32, modules: u32, required: u32) -> ComposeError {
    let what = match pixels_per_cm(screen) {
        Some(density) if required > MODULE_PX_MIN => {
            let module_px_max = most / (modules + 2 * QUIET_MODULES);
            let reach_m = real(module_px_max * modules) / density / 10.0;
            format!(
                "people stand {} m away, so its code must be {:.0} cm wide, and with its margin that takes {side} of at most {most} pixels; set screen.viewing_distance_m to {:.1} or less, shorten the link, or use a larger screen",
                screen.viewing_distance_m,
                distance_cm(screen) / 10.0,
                (reach_m * 10.0).floor() / 10.0
            )
        }
        _ => format!(
            "its link makes a code of {modules} modules a side, which takes {side} of at most {most} pixels here; shorten the link, or use a screen with more pixels"
        ),
    };
    ComposeError(format!("the code does not fit: {what}"))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a distance in centimetres needs no more than a float's precision"
)]
fn distance_cm(screen: &Geometry) -> f32 {
    (screen.viewing_distance_m * 100.0) as f32
}

/// Pixels per centimetre of the lit area, in its denser direction; `None` when its size is unknown.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a density needs no more than a float's precision"
)]
pub(super) fn pixels_per_cm(screen: &Geometry) -> Option<f32> {
    let [wide_cm, high_cm] = screen.size_cm?;
    if !(wide_cm > 0.0 && high_cm > 0.0) {
        return None;
    }
    // Somebody who turned the screen may have measured it upright.
    let [width_px, height_px] = screen.screen_px;
    let turned = (wide_cm > high_cm) != (width_px > height_px);
    let (wide_cm, high_cm) = if turned {
        (high_cm, wide_cm)
    } else {
        (wide_cm, high_cm)
    };
    let density = (f64::from(width_px) / wide_cm).max(f64::from(height_px) / high_cm);
    Some(density as f32)
}

/// Draws the code into its card, in the frame as the output shows it: each module whole pixels, pure black or pure white,
/// and the quiet zone but for the card's corners, which are round. Where a font's letters reach past their line, the line
/// loses a tip and the code keeps its quiet zone.
pub(super) fn draw(canvas: &mut Canvas, matrix: &QrMatrix, plan: &CodePlan, frame: &Frame) {
    let _span = tracing::trace_span!("code draw").entered();
    let across = plan.modules + 2 * QUIET_MODULES;
    let mut is_dark = vec![false; (across * across) as usize];
    for y in 0..plan.modules {
        for x in (0..plan.modules).filter(|x| matrix.is_dark(*x, y)) {
            let upright = Area::new(x + QUIET_MODULES, y + QUIET_MODULES, 1, 1);
            let turned = upright.rotated(across, across, frame.rotation);
            is_dark[(turned.y * across + turned.x) as usize] = true;
        }
    }
    let card = plan.card.rotated(frame.width, frame.height, frame.rotation);
    let module_bytes = plan.module_px as usize * 4;
    let mut pixels = Vec::with_capacity(card.width as usize * 4);
    for (row, is_dark) in (0..).zip(is_dark.chunks_exact(across as usize)) {
        pixels.clear();
        for is_dark in is_dark {
            let pixel = if *is_dark { [0, 0, 0, 255] } else { [255; 4] };
            for _ in 0..plan.module_px {
                pixels.extend_from_slice(&pixel);
            }
        }
        let is_end = row == 0 || row == across - 1;
        let (round_px, round_bytes) = if is_end {
            (plan.module_px, module_bytes)
        } else {
            (0, 0)
        };
        let pixels = &pixels[round_bytes..pixels.len() - round_bytes];
        for y in 0..plan.module_px {
            canvas.paste_row(card.x + round_px, card.y + row * plan.module_px + y, pixels);
        }
    }
}
