//! The white panel over a picture: the code square, grown by its call to action and host.
//!
//! Invariants: no word stands bare over a picture; no word reaches into the code square, whose rim
//! is the code's quiet zone.

use passerby_playout::code::qr::QUIET_MODULES;
use passerby_protocol::campaign::Corner;

use crate::page::code_square::CodePlan;
use crate::page::frame::Frame;
use crate::page::layout::{CodeWords, Label, label_remarks};
use crate::raster::canvas::{Area, Canvas, px, real};
use crate::raster::palette::{SLATE, Theme, WHITE};
use crate::text::Typesetter;

/// Draws the panel and returns what it covers; what people will not see of the words goes to
/// `remarks`. `None`, with nothing drawn, when the call to action does not fit.
pub(crate) fn draw(
    canvas: &mut Canvas,
    typesetter: &mut Typesetter,
    frame: &Frame,
    words: &CodeWords<'_>,
    theme: &Theme,
    remarks: &mut Vec<String>,
) -> Option<Area> {
    let code_square = words.plan.code_square;
    let quiet = real(QUIET_MODULES * words.plan.module_px);
    // What letters reach over their box stays out of the quiet zone.
    let apart = real(words.plan.module_px);
    let bare = typesetter.is_blank(words.call) && typesetter.is_blank(words.leads_to);
    if bare {
        fill(canvas, code_square, words.plan);
        return Some(code_square);
    }
    let at_left = matches!(words.corner, Corner::TopLeft | Corner::BottomLeft);
    let at_top = matches!(words.corner, Corner::TopLeft | Corner::TopRight);

    // Above or below the code when that stays compact, beside it where height is short.
    let clear = frame.clear(frame.area().inset(frame.margin), Some(code_square));
    let free = real(if at_top {
        clear.bottom().saturating_sub(code_square.bottom())
    } else {
        code_square.y.saturating_sub(clear.y)
    });
    let upright = (
        real(code_square.width) - 2.0 * quiet,
        free.min(real(code_square.height)) - quiet - apart,
    );
    let sizes = frame.sizes(3, 1);
    let label = (!frame.is_strip() || !frame.is_landscape())
        .then(|| Label::fit(typesetter, frame, words, &sizes, upright))
        .flatten()
        .filter(|label| {
            let smallest = frame.size(1) * 0.99;
            label.call.as_ref().is_none_or(|call| call.size >= smallest)
        });
    let (code_panel, x, y, label) = if let Some(label) = label {
        let grown = px((label.height() + quiet + apart).ceil());
        let height = code_square.height + grown;
        let x = real(code_square.x) + quiet;
        if at_top {
            let code_panel = Area::new(code_square.x, code_square.y, code_square.width, height);
            (code_panel, x, real(code_square.bottom()) + apart, label)
        } else {
            let top = code_square.y.saturating_sub(grown);
            let code_panel = Area::new(code_square.x, top, code_square.width, height);
            (code_panel, x, real(top) + quiet, label)
        }
    } else {
        let free = real(if at_left {
            clear.right().saturating_sub(code_square.right())
        } else {
            code_square.x.saturating_sub(clear.x)
        }) - quiet
            - apart;
        let room = (
            free.min(real(code_square.width) * 2.2),
            real(code_square.height) - 2.0 * quiet,
        );
        let label = Label::fit(typesetter, frame, words, &frame.sizes(3, 0), room);
        if label.is_none() && clear != frame.area().inset(frame.margin) {
            // Another zone lies where the label would stand: the code alone is better than none.
            remarks.extend(label_remarks(typesetter, frame, words, None, None));
            fill(canvas, code_square, words.plan);
            return Some(code_square);
        }
        let label = label?;
        let grown = px((label.width() + quiet + apart).ceil());
        let y = real(code_square.y) + (real(code_square.height) - label.height()) / 2.0;
        let width = code_square.width + grown;
        if at_left {
            let code_panel = Area::new(code_square.x, code_square.y, width, code_square.height);
            (code_panel, real(code_square.right()) + apart, y, label)
        } else {
            let left = code_square.x.saturating_sub(grown);
            let code_panel = Area::new(left, code_square.y, width, code_square.height);
            (code_panel, real(left) + quiet, y, label)
        }
    };
    let (call, host) = (label.call.as_ref(), label.host.as_ref());
    remarks.extend(label_remarks(typesetter, frame, words, call, host));
    fill(canvas, code_panel, words.plan);
    let bottom = y + label.height();
    if let Some(call) = &label.call {
        typesetter.draw(canvas, call, x, y, theme.accent_on_white);
    }
    if let Some(host) = &label.host {
        typesetter.draw(canvas, host, x, bottom - host.height, SLATE);
    }
    Some(code_panel)
}

fn fill(canvas: &mut Canvas, code_panel: Area, plan: &CodePlan) {
    canvas.fill_rounded(code_panel, real(plan.module_px), WHITE);
}

#[cfg(test)]
mod tests {
    use passerby_playout::screen::geometry::Geometry;
    use passerby_protocol::campaign::Rgb;

    use super::*;
    use crate::raster::palette::Sample;
    use crate::tests::{planned, words};

    #[test]
    fn no_word_reaches_into_the_quiet_zone() {
        let mut typesetter = Typesetter::new();
        let mut panels = 0;
        for (width, height) in [
            (320, 240),
            (641, 479),
            (1_280, 720),
            (1_080, 1_920),
            (1_920, 1_080),
            (1_920, 360),
            (384, 128),
        ] {
            for corner in [
                Corner::TopLeft,
                Corner::TopRight,
                Corner::BottomLeft,
                Corner::BottomRight,
            ] {
                for call in ["扫码购书 Scan to buy", "（抢）jpgqy，", "Ågjy"] {
                    let screen = Geometry::whole(width, height);
                    let frame = Frame::of(&screen).expect("a frame");
                    let Ok(plan) = planned(&frame, &screen, Some(corner)) else {
                        continue;
                    };
                    let words = words(plan.as_ref(), call).expect("a code");
                    let mut canvas = Canvas::filled(width, height, Rgb([0; 3]));
                    let theme = Theme::choose(&Default::default(), &Sample::of(&[]));
                    let mut remarks = Vec::new();
                    if draw(
                        &mut canvas,
                        &mut typesetter,
                        &frame,
                        &words,
                        &theme,
                        &mut remarks,
                    )
                    .is_none()
                    {
                        continue;
                    }
                    panels += 1;
                    let (code_square, round) = (words.plan.code_square, words.plan.module_px);
                    for (x, y) in (code_square.y..code_square.bottom())
                        .flat_map(|y| (code_square.x..code_square.right()).map(move |x| (x, y)))
                    {
                        let end =
                            |at: u32, from: u32, to: u32| at < from + round || at >= to - round;
                        if end(x, code_square.x, code_square.right())
                            && end(y, code_square.y, code_square.bottom())
                        {
                            continue;
                        }
                        assert_eq!(
                            canvas.pixel(x, y),
                            [255; 3],
                            "{width}×{height}, {corner:?}, {call}: {x}, {y}"
                        );
                    }
                }
            }
        }
        assert!(panels > 60, "{panels}");
    }
}
