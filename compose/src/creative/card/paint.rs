//! Draws an arranged card, and makes live elements of what is redrawn later.

use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;

use crate::creative::card::arrange::Arrangement;
use crate::creative::card::measure::{Content, Measure, Part, Value};
use crate::creative::card::page::{CardContext, CardPage, LOSS_MAX, Pictures};
use crate::creative::card::stack::{Placed, StackContent};
use crate::live::{Align, LiveElement, LiveKind, Setting};
use crate::page::frame::Frame;
use crate::page::layout::label_remarks;
use crate::raster::bitmap::Bitmap;
use crate::raster::canvas::{Area, Canvas, px, real};
use crate::raster::palette::{Theme, WHITE};
use crate::raster::scale;
use crate::raster::scale::Crop;
use crate::text::{Typesetter, Weight};

/// Draws everything but the modules of the code and what is live.
pub(super) fn paint(
    typesetter: &mut Typesetter,
    content: &Content,
    pictures: &Pictures,
    card_context: &CardContext<'_>,
    theme: &Theme,
    arrangement: &Arrangement,
) -> Result<CardPage, ComposeError> {
    let frame = card_context.frame;
    let mut canvas = Canvas::filled(frame.width, frame.height, theme.paper);
    if let (Some(room), Some(bitmap)) = (arrangement.picture, &pictures.picture) {
        hang(&mut canvas, frame, bitmap, room, theme)?;
    }
    let mut elements: Vec<(LiveKind, Placed, u8, bool, Rgb)> = Vec::new();
    for thing in &arrangement.placed {
        match thing.what {
            StackContent::Rule => canvas.fill(whole(thing), theme.accent),
            StackContent::Logo => {
                if let Some(logo) = &pictures.logo {
                    let area = whole(thing);
                    let all = Crop::whole(logo.width, logo.height);
                    let rgb = scale::scaled(logo, all, (area.width, area.height), theme.paper)?;
                    canvas.paste_rgb(area, &rgb);
                }
            }
            StackContent::Text(part, step, width) => {
                let ink = match part {
                    Part::Value(_) => theme.accent,
                    Part::Label(_) | Part::Was(_) | Part::Body => theme.quiet,
                    Part::Headline => theme.ink,
                };
                let mut measure = Measure::new(typesetter, frame, content);
                if let Some(block) = measure.set(part, step, real(width)) {
                    typesetter.draw(&mut canvas, &block, thing.x, thing.y, ink);
                }
                if matches!(part, Part::Was(_)) {
                    strike(&mut canvas, frame, thing, step, ink);
                }
            }
            StackContent::Live(at, step) => {
                if let Value::Live(kind, _) = &content.tiles[at].value {
                    let ink = match kind {
                        LiveKind::Clock => theme.ink,
                        _ => theme.accent,
                    };
                    elements.push((kind.clone(), *thing, step, true, ink));
                }
            }
            StackContent::LiveLabel(at, step) => {
                if let Value::Live(_, Some(kind)) = &content.tiles[at].value {
                    elements.push((kind.clone(), *thing, step, false, theme.quiet));
                }
            }
            StackContent::Status(at, step) => {
                let ink = if at == 0 { theme.ink } else { theme.quiet };
                elements.push((content.status[at].clone(), *thing, step, at == 0, ink));
            }
        }
    }
    if let Some(call) = &arrangement.call {
        typesetter.draw(&mut canvas, &call.block, call.x, call.y, theme.accent);
    }
    if let Some(host) = &arrangement.host {
        typesetter.draw(&mut canvas, &host.block, host.x, host.y, theme.quiet);
    }
    if let Some(code) = card_context.code {
        canvas.fill_rounded(code.plan.code_square, real(code.plan.module_px), WHITE);
    }
    let rtl = Measure::new(typesetter, frame, content).rtl;
    let live: Vec<LiveElement> = elements
        .into_iter()
        .map(|(kind, thing, step, bold, ink)| {
            element(
                typesetter,
                &canvas,
                frame,
                kind,
                &thing,
                (step, bold),
                ink,
                rtl,
            )
        })
        .collect();
    let mut remarks = Vec::new();
    if live.iter().any(LiveElement::lacks_end) {
        remarks.push("countdown.done has no room where the countdown stands, and 00:00:00 is shown in the end; shorten it".to_owned());
    }
    if let Some(code) = card_context.code {
        let (call, host) = (arrangement.call.as_ref(), arrangement.host.as_ref());
        let (call, host) = (call.map(|call| &call.block), host.map(|host| &host.block));
        remarks.extend(label_remarks(typesetter, frame, code, call, host));
    }
    Ok(CardPage {
        canvas,
        live,
        remarks,
    })
}

/// Hangs the picture so that it fills its room, or all of it inside the room where cropping would
/// cost too much.
fn hang(
    canvas: &mut Canvas,
    frame: &Frame,
    bitmap: &Bitmap,
    room: Area,
    theme: &Theme,
) -> Result<(), ComposeError> {
    if room.is_empty() {
        return Ok(());
    }
    let size = (bitmap.width, bitmap.height);
    let crop = Crop::covering(size, (room.width, room.height));
    let (crop, shown) = if crop.loss(size) <= LOSS_MAX {
        (crop, room)
    } else {
        let shown = scale::contained(size, room.inset(frame.margin));
        (Crop::whole(size.0, size.1), shown)
    };
    let rgb = scale::scaled(bitmap, crop, (shown.width, shown.height), theme.paper)?;
    canvas.paste_rgb(shown, &rgb);
    Ok(())
}

/// Strikes a price through, a little rising, as a hand would.
fn strike(canvas: &mut Canvas, frame: &Frame, thing: &Placed, step: u8, ink: Rgb) {
    let thick = (frame.size(step) * 0.07).max(1.5);
    let middle = thing.y + thing.height * 0.55;
    let (left, right) = (thing.x, thing.x + thing.width);
    let rise = thing.height * 0.12;
    let mut path = tiny_skia::PathBuilder::new();
    path.move_to(left, middle + rise);
    path.line_to(right, middle - rise);
    path.line_to(right, middle - rise + thick);
    path.line_to(left, middle + rise + thick);
    path.close();
    if let Some(path) = path.finish() {
        canvas.fill_path(&path, ink, 1.0);
    }
}

/// Makes a live element of a place; a little wider than its text, for what leans out of its cells.
#[expect(clippy::too_many_arguments, reason = "the parts of one live element")]
fn element(
    typesetter: &mut Typesetter,
    canvas: &Canvas,
    frame: &Frame,
    kind: LiveKind,
    thing: &Placed,
    (step, bold): (u8, bool),
    ink: Rgb,
    rtl: bool,
) -> LiveElement {
    let size = frame.size(step);
    let lean = px((size * 0.06).ceil()).max(1);
    let inner = whole(thing);
    let area = Area::new(
        inner.x.saturating_sub(lean),
        inner.y,
        inner.width + 2 * lean,
        inner.height + 1,
    );
    let area = area.common(canvas.area()).unwrap_or_default();
    let setting = Setting {
        weight: if bold { Weight::Bold } else { Weight::Regular },
        size,
        ink,
        align: if rtl { Align::Right } else { Align::Left },
        baseline: kind.reach().0 * size,
        lean,
    };
    LiveElement::on(canvas, frame.rotation, kind, area, setting, typesetter)
}

/// The whole pixels of a place.
fn whole(thing: &Placed) -> Area {
    Area::new(
        px(thing.x),
        px(thing.y),
        px(thing.width.ceil()).max(1),
        px(thing.height.ceil()).max(1),
    )
}
