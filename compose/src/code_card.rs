//! The code and its white card: how large it must be, where it stands, and the proof that it scans.
//!
//! Invariants: a module is a square of whole pixels on whole pixels, pure black or pure white; the quiet zone of four
//! modules lies inside the card, and the card inside the frame's margin; the code passed the gate of
//! [`passerby_playout::legibility`]; a code that an independent reader does not read back from the finished pixels is an error.

use std::time::Duration;

use passerby_playout::code::{QUIET_MODULES, QrMatrix};
use passerby_playout::legibility::{self, Illegible, Legible, Question};
use passerby_playout::show::{ComposeError, Geometry};
use passerby_protocol::campaign::{Corner, Rgb};

use super::canvas::{Area, Canvas, px};
use super::layout::{self, Frame};

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
    let matrix = QrMatrix::encode(link).map_err(|error| ComposeError(error.to_string()))?;
    let frame = Frame::of(screen)?;
    let modules = matrix.modules();
    let (_, plan) = layout::plan_code(modules, corner, &frame, screen, Some(dwell))?;
    Ok(CodeInspection {
        modules,
        legible: plan.legible(screen),
    })
}

impl CodePlan {
    /// What the gate says of it.
    fn legible(&self, screen: &Geometry) -> Legible {
        legibility::of(self.modules, self.module_px, screen)
    }
}

/// Plans the card of a code in a corner of the frame.
///
/// # Errors
/// People could not read it; see [`legibility`].
pub(super) fn plan(
    modules: u32,
    corner: Corner,
    frame: &Frame,
    screen: &Geometry,
    dwell: Option<Duration>,
) -> Result<CodePlan, ComposeError> {
    let across = modules + 2 * QUIET_MODULES;
    let share = if frame.is_strip() {
        CARD_SHARE_STRIP
    } else {
        CARD_SHARE
    };
    let room_px = px(frame.short * CARD_SHARE_MAX);
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

#[expect(
    clippy::needless_pass_by_value,
    reason = "a reason is told once and ends here"
)]
fn refused(reason: Illegible) -> ComposeError {
    ComposeError(format!("the code would not be read: {reason}"))
}

/// Blackens the dark modules on a white card, in the frame as the output shows it.
pub(super) fn draw(canvas: &mut Canvas, matrix: &QrMatrix, plan: &CodePlan, frame: &Frame) {
    let first_x = plan.card.x + QUIET_MODULES * plan.module_px;
    let first_y = plan.card.y + QUIET_MODULES * plan.module_px;
    for y in 0..plan.modules {
        let mut x = 0;
        while x < plan.modules {
            let run = (x..plan.modules)
                .take_while(|&x| matrix.is_dark(x, y))
                .count();
            let run = u32::try_from(run).unwrap_or(0);
            if run > 0 {
                let area = Area::new(
                    first_x + x * plan.module_px,
                    first_y + y * plan.module_px,
                    run * plan.module_px,
                    plan.module_px,
                );
                let area = area.rotated(frame.width, frame.height, frame.rotation);
                canvas.fill(area, Rgb([0; 3]));
            }
            x += run.max(1);
        }
    }
}

/// Reads the code back from the finished pixels and compares it with its link.
pub(super) fn prove(
    canvas: &Canvas,
    plan: &CodePlan,
    frame: &Frame,
    url: &str,
) -> Result<(), ComposeError> {
    let card = plan.card.rotated(frame.width, frame.height, frame.rotation);
    // Looking from afar first is quick; looking closely is the second opinion.
    let far = (plan.module_px / 3).max(1);
    let mut why = "no reader finds it".to_owned();
    for stride in [far, (far / 2).max(1), 1] {
        match read(canvas, card, stride) {
            Ok(text) if text == url => return Ok(()),
            Ok(text) => why = format!("it reads as {text:?}"),
            Err(Some(reason)) => why = reason,
            Err(None) => {}
        }
    }
    Err(ComposeError(format!(
        "the code would not scan: {why} instead of {url:?}; change the link a little, or the code's corner"
    )))
}

/// Looks for one code in an area, at every `stride`th pixel.
fn read(canvas: &Canvas, area: Area, stride: u32) -> Result<String, Option<String>> {
    let (width, height) = (area.width / stride, area.height / stride);
    let grey = |x: usize, y: usize| {
        let at = |along: usize| u32::try_from(along).unwrap_or(0) * stride + stride / 2;
        let [red, green, blue] = canvas.pixel(area.x + at(x), area.y + at(y)).map(u32::from);
        u8::try_from((299 * red + 587 * green + 114 * blue) / 1_000).unwrap_or(u8::MAX)
    };
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(width as usize, height as usize, grey);
    let grids = picture.detect_grids();
    let grid = grids.first().ok_or(None)?;
    grid.decode()
        .map(|(_, text)| text)
        .map_err(|error| Some(error.to_string()))
}
