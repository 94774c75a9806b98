//! Reads a code back from the pixels of the finished frame, and so knows that it scans.
//!
//! Two things are looked at. First the form, pixel by pixel: every module is a square of whole
//! pixels, pure black or pure white, the quiet zone is pure white, and nothing of it is a hole.
//! Then the readers: rxing, then rqrr, neither of which drew the code, each on the code square and
//! what lies around it.
//!
//! Invariants:
//! - A code of the wrong form is an error, whatever the readers make of it.
//! - The code scans when at least one reader reads exactly its link and none reads anything else.
//!   Either reader misses some codes whose pixels are perfect (`benches/readers.rs` counts them),
//!   so one that finds nothing is no verdict.
//! - What moves beneath a hole counts as black, the worst that may come there.

use std::collections::VecDeque;
use std::fmt;

use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};
use passerby_playout::messages::stage_messages::ComposeError;

use crate::page::code_square::CodePlan;
use crate::page::frame::Frame;
use crate::raster::canvas::{Area, Canvas};

pub use crate::verify::readers::{Reader, ReaderInput};
pub use crate::verify::view::View;

mod readers;
mod view;

/// How far around the code square the readers look, in modules.
const AROUND_MODULES: u32 = 3;

/// Most codes that are remembered as proved.
const PROVED_MAX: usize = 64;

/// Proves codes, and remembers which links it has read on which frames: local campaigns repeat
/// theirs from play to play.
#[derive(Debug, Default)]
pub(super) struct CodeVerifier {
    /// The frame's number and the link, oldest first.
    proved: VecDeque<(u64, String)>,
}

impl CodeVerifier {
    /// Proves that a code scans, and that it has the form that makes it scan for others too. `base`
    /// names the frame beneath the code; what was read on it once is not read again, only looked at
    /// for its form.
    ///
    /// # Errors
    /// The form is wrong, or the readers do not agree on its link; the reason says who saw what.
    pub(super) fn verify(
        &mut self,
        base: u64,
        canvas: &Canvas,
        matrix: &QrMatrix,
        plan: &CodePlan,
        frame: &Frame,
        url: &str,
    ) -> Result<(), ComposeError> {
        check_form(canvas, matrix, plan, frame)?;
        if self
            .proved
            .iter()
            .any(|(at, known)| *at == base && known == url)
        {
            return Ok(());
        }
        read_back(canvas, plan, frame, url)?;
        if self.proved.len() == PROVED_MAX {
            self.proved.pop_front();
        }
        self.proved.push_back((base, url.to_owned()));
        Ok(())
    }
}

/// Reads a code from the code square with its surroundings and compares it with its link.
fn read_back(
    canvas: &Canvas,
    plan: &CodePlan,
    frame: &Frame,
    url: &str,
) -> Result<(), ComposeError> {
    let view = surroundings(canvas, plan, frame);
    let seen = Reader::ALL.map(|reader| (reader, reader.read(&view, plan.module_px)));
    judge(&seen, url)
}

/// The code square with what lies around it, as the output shows it.
pub(super) fn surroundings(canvas: &Canvas, plan: &CodePlan, frame: &Frame) -> View {
    let code_square = plan
        .code_square
        .rotated(frame.width, frame.height, frame.rotation);
    let around = code_square.outset(AROUND_MODULES * plan.module_px);
    View::of(canvas, around)
}

/// Decides from what the readers saw; see the module.
fn judge(seen: &[(Reader, ReaderInput)], url: &str) -> Result<(), ComposeError> {
    let exact = |sight: &ReaderInput| matches!(sight, ReaderInput::Text(text) if text == url);
    let other = |sight: &ReaderInput| matches!(sight, ReaderInput::Text(text) if text != url);
    let scans = seen.iter().any(|(_, sight)| exact(sight));
    if scans && !seen.iter().any(|(_, sight)| other(sight)) {
        return Ok(());
    }
    let saw: Vec<String> = seen
        .iter()
        .map(|(reader, sight)| format!("{reader} {sight}"))
        .collect();
    Err(ComposeError::new(format!(
        "the code would not scan: {} instead of {url:?}; change the link a little, or the code's corner",
        saw.join(", ")
    )))
}

/// Compares every pixel of the code square with the matrix. The corners of the code square, one
/// module each, may be rounded.
pub(super) fn check_form(
    canvas: &Canvas,
    matrix: &QrMatrix,
    plan: &CodePlan,
    frame: &Frame,
) -> Result<(), ComposeError> {
    let _span = tracing::trace_span!("code form").entered();
    let across = matrix.modules() + 2 * QUIET_MODULES;
    let side = plan.module_px as usize;
    let upright = frame.area();
    if plan.code_square.common(upright) != Some(plan.code_square)
        || plan.code_square.width != across * plan.module_px
    {
        return Err(malformed(&format_args!(
            "its code square of {} pixels does not lie in the frame",
            plan.code_square.width
        )));
    }
    let code_square = plan
        .code_square
        .rotated(frame.width, frame.height, frame.rotation);
    let mut wanted: Vec<u8> = Vec::with_capacity(code_square.width as usize * 4);
    for row in 0..across {
        wanted.clear();
        for column in 0..across {
            let channel = if is_dark(matrix, column, row, frame.rotation) {
                0
            } else {
                255
            };
            for _ in 0..side {
                wanted.extend_from_slice(&[channel, channel, channel, 255]);
            }
        }
        // In the first and the last row of modules the code square may have round corners.
        let corner = if row == 0 || row == across - 1 {
            side * 4
        } else {
            0
        };
        let inner = corner..wanted.len() - corner;
        for y in 0..plan.module_px {
            let y = code_square.y + row * plan.module_px + y;
            let start = (y as usize * canvas.width as usize + code_square.x as usize) * 4;
            let drawn = canvas.rgba.get(start..start + wanted.len());
            if drawn.map(|drawn| &drawn[inner.clone()]) != Some(&wanted[inner.clone()]) {
                return Err(stain(canvas, &wanted, inner, Area { y, ..code_square }));
            }
        }
    }
    Ok(())
}

/// Tells whether a module of the code square is dark on an output that is turned clockwise; the
/// quiet zone is not.
fn is_dark(matrix: &QrMatrix, column: u32, row: u32, rotation: u16) -> bool {
    let last = matrix.modules() + 2 * QUIET_MODULES - 1;
    let (x, y) = match rotation {
        90 => (row, last - column),
        180 => (last - column, last - row),
        270 => (last - row, column),
        _ => (column, row),
    };
    x.checked_sub(QUIET_MODULES)
        .zip(y.checked_sub(QUIET_MODULES))
        .is_some_and(|(x, y)| matrix.is_dark(x, y))
}

/// Says where the first wrong pixel of a row is.
fn stain(canvas: &Canvas, wanted: &[u8], inner: std::ops::Range<usize>, row: Area) -> ComposeError {
    let first = inner.start / 4;
    for (x, wanted) in (row.x..).zip(wanted.chunks_exact(4)).skip(first) {
        let at = (row.y as usize * canvas.width as usize + x as usize) * 4;
        let drawn = canvas.rgba.get(at..at + 4).unwrap_or_default();
        if drawn != wanted {
            let is = match drawn {
                [red, green, blue, 255] => format!("#{red:02x}{green:02x}{blue:02x}"),
                _ => "a hole".to_owned(),
            };
            let colour = if wanted[0] == 0 { "black" } else { "white" };
            return malformed(&format_args!(
                "the pixel at {x}, {} is {is}, not pure {colour}",
                row.y
            ));
        }
    }
    malformed(&format_args!("its code square is not as it was drawn"))
}

fn malformed(what: &fmt::Arguments<'_>) -> ComposeError {
    ComposeError::new(format!(
        "the code lost its form: {what}; something was drawn over it or too close to it, which is a fault of the terminal; please report it"
    ))
}

#[cfg(test)]
mod tests;
