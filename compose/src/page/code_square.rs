//! The code and its white square: how large it must be, where it stands, and how it is drawn.
//!
//! Invariants: a module is a square of whole pixels on whole pixels, pure black or pure white; the
//! quiet zone of four modules lies inside the code square, and the code square inside the frame's
//! margin; the code is legible, see [`passerby_playout::code::legibility`]. [`crate::verify`]
//! holds the finished pixels to that.

use std::time::Duration;

use passerby_playout::code::legibility;
use passerby_playout::code::legibility::{Illegible, Legible, Question};
use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::campaign::Corner;
use passerby_protocol::content_fault::{ContentFault, Told};

use crate::page::frame::Frame;
use crate::raster::canvas::{Area, Canvas, px};

/// Most of the short side that code square and quiet zone may take.
const CODE_SQUARE_SHARE_MAX: f32 = 0.64;
/// What the code square takes of the short side when nothing asks for more.
const CODE_SQUARE_SHARE: f32 = 0.25;
/// The same on strips, whose short side is very short.
const CODE_SQUARE_SHARE_STRIP: f32 = 0.56;

/// Size and place of a code square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CodePlan {
    /// Modules on a side, without the quiet zone.
    modules: u32,
    /// Pixels on a side of a module.
    pub(crate) module_px: u32,
    /// The white square with the quiet zone, upright.
    pub(crate) code_square: Area,
}

/// A code as a screen would show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodeInspection {
    /// Modules on a side, without the quiet zone.
    pub modules: u32,
    /// Its size in pixels and centimetres, and from how far it can be read.
    pub legible: Legible,
}

/// Judges the code of a link as an order for it would be, in a zone of a screen.
///
/// # Errors
/// Why people could not read it.
pub fn inspect_code(
    link: &str,
    corner: Corner,
    screen: &Geometry,
    dwell: Duration,
) -> Result<CodeInspection, ComposeError> {
    let planned = QrMatrix::plan(link).map_err(|error| ComposeError::new(error.to_string()))?;
    let frame = Frame::of(screen)?;
    let modules = planned.modules();
    let (_, plan) = plan_code(modules, corner, &frame, screen, Some(dwell))?;
    Ok(CodeInspection {
        modules,
        legible: legibility::of(modules, plan.module_px, screen),
    })
}

/// Plans the code square in a corner of the frame.
///
/// # Errors
/// People could not read it; see [`legibility`].
pub(crate) fn plan(
    modules: u32,
    corner: Corner,
    frame: &Frame,
    screen: &Geometry,
    dwell: Option<Duration>,
) -> Result<CodePlan, ComposeError> {
    let across = modules + 2 * QUIET_MODULES;
    let share = if frame.is_strip() {
        CODE_SQUARE_SHARE_STRIP
    } else {
        CODE_SQUARE_SHARE
    };
    let room_px = px(frame.short * CODE_SQUARE_SHARE_MAX);
    let question = Question {
        modules,
        wanted_px: f64::from(frame.short * share),
        room_px,
        dwell,
    };
    let legible = legibility::judge(&question, screen).map_err(refused)?;
    let module_px = legible.module_px;
    let side = module_px * across;
    let needed_px = side + 2 * frame.margin;
    if needed_px > frame.width.min(frame.height) {
        let room_px = frame.width.min(frame.height);
        return Err(refused(Illegible::TooNearEdge { needed_px, room_px }));
    }
    let (right, bottom) = match corner {
        Corner::TopLeft => (false, false),
        Corner::TopRight => (true, false),
        Corner::BottomLeft => (false, true),
        Corner::BottomRight => (true, true),
    };
    let place = |far: bool, length: u32| {
        if far {
            length - frame.margin - side
        } else {
            frame.margin
        }
    };
    let code_square = Area::new(
        place(right, frame.width),
        place(bottom, frame.height),
        side,
        side,
    );
    Ok(CodePlan {
        modules,
        module_px,
        code_square,
    })
}

/// The same with whole numbers.
fn fault_of(reason: Illegible) -> ContentFault {
    let ms = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    match reason {
        Illegible::TooFar {
            distance_m,
            reach_m,
            ..
        } => ContentFault::CodeTooFar {
            distance_cm: centimetres(distance_m),
            reach_cm: centimetres(reach_m),
        },
        Illegible::TooSmall {
            needed_px, room_px, ..
        } => ContentFault::CodeTooSmall {
            needed: needed_px,
            room: room_px,
        },
        Illegible::TooShort { dwell, needed } => ContentFault::CodeTooShort {
            dwell_ms: ms(dwell),
            needed_ms: ms(needed),
        },
        Illegible::TooPale { .. } => ContentFault::CodeTooPale,
        Illegible::TooNearEdge { needed_px, room_px } => ContentFault::CodeTooNearEdge {
            needed: needed_px,
            room: room_px,
        },
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits"
)]
fn centimetres(metres: f64) -> u32 {
    (metres * 100.0).round().clamp(0.0, 1e6) as u32
}

fn refused(reason: Illegible) -> ComposeError {
    let words = format!("the code would not be read: {reason}");
    ComposeError::new(Told::with(words, fault_of(reason)))
}

/// Draws the code into its code square, in the frame as the output shows it: each module whole
/// pixels, pure black or pure white, and the quiet zone but for the code square's corners, which
/// are round. Where a font's letters reach past their line, the line loses a tip and the code keeps
/// its quiet zone.
pub(crate) fn draw(canvas: &mut Canvas, matrix: &QrMatrix, plan: &CodePlan, frame: &Frame) {
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
    let code_square = plan
        .code_square
        .rotated(frame.width, frame.height, frame.rotation);
    let module_bytes = plan.module_px as usize * 4;
    let mut pixels = Vec::with_capacity(code_square.width as usize * 4);
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
            canvas.paste_row(
                code_square.x + round_px,
                code_square.y + row * plan.module_px + y,
                pixels,
            );
        }
    }
}

/// Plans the code square, in its own corner or, where another zone lies over that, in the next
/// one that is free.
///
/// # Errors
/// The code does not fit, or no corner is free.
pub(crate) fn plan_code(
    modules: u32,
    corner: Corner,
    frame: &Frame,
    screen: &Geometry,
    dwell: Option<Duration>,
) -> Result<(Corner, CodePlan), ComposeError> {
    use Corner::{BottomLeft, BottomRight, TopLeft, TopRight};
    let corners = match corner {
        TopLeft => [TopLeft, TopRight, BottomLeft, BottomRight],
        TopRight => [TopRight, TopLeft, BottomRight, BottomLeft],
        BottomLeft => [BottomLeft, BottomRight, TopLeft, TopRight],
        BottomRight => [BottomRight, BottomLeft, TopRight, TopLeft],
    };
    for corner in corners {
        let plan = plan(modules, corner, frame, screen, dwell)?;
        if !frame.is_covered(plan.code_square) {
            return Ok((corner, plan));
        }
    }
    let what = "every corner of the zone lies under another zone, so its code has no place; make the other zones smaller, or air it without a code";
    Err(ComposeError::new(what.to_owned()))
}
