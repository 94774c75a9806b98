//! Tickers: a line that runs from right to left without end.
//!
//! Invariants: the strip's texture is at most [`ROW_PX_MAX`] pixels wide and [`TEXTURE_PX_MAX`]
//! high; the strip is never shorter than what is seen of it; nothing runs within one code width of
//! a code; sizes come from the scale.

use passerby_playout::code::qr::QUIET_MODULES;
use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::{Colours, Corner, Rgb};
use passerby_protocol::card::{Speed, Ticker, colours_or};

use crate::creative::card::{CardContext, file};
use crate::page::frame::Frame;
use crate::page::layout::{CodeWords, Label, label_remarks};
use crate::raster::canvas::{Area, Canvas, px, real};
use crate::raster::palette::{Sample, Theme, WHITE};
use crate::slide::{Moving, MovingPicture, Travel};
use crate::text::{Block, Typesetter, Weight};

/// Widest row of the strip's texture, in pixels.
const ROW_PX_MAX: u32 = 4_096;
/// Most rows of pixels of the strip's texture.
const TEXTURE_PX_MAX: u32 = 4_096;
/// Height of the band, in sizes of its type.
const BAND_EMS: f32 = 2.3;
/// Height of what runs, in sizes of its type.
const RUN_EMS: f32 = 1.5;
/// From one line to the next, in sizes of its type.
const BETWEEN_EMS: f32 = 2.2;
/// The smallest step of a ticker.
const STEP_MIN: u8 = 1;

/// A drawn ticker, upright, with a hole where the strip is seen.
pub(crate) struct TickerPage {
    pub(crate) canvas: Canvas,
    pub(crate) moving: Moving,
    /// What people will not see of the words as it was written, and what to do.
    pub(crate) remarks: Vec<String>,
}

/// Where the parts of a ticker are.
struct Places {
    band: Area,
    /// Pixels of the band in which the line is seen.
    run: Area,
    /// Where the label of the code stands.
    label: Option<Area>,
}

/// Reads a ticker's file and draws it.
///
/// # Errors
/// A reason that names the file and what to do.
pub(crate) fn open(
    typesetter: &mut Typesetter,
    creative: &CreativeFile,
    card_context: &CardContext<'_>,
) -> Result<TickerPage, ComposeError> {
    let text = file::read(creative)?;
    let ticker =
        Ticker::parse(&creative.name, &text).map_err(|problems| file::refused(&problems))?;
    draw(typesetter, &ticker, card_context)
        .map_err(|error| ComposeError::new(format!("{}: {error}", creative.name)))
}

/// The same for a page where nothing moves: its first moment, on a frame that is not turned.
///
/// # Errors
/// A reason that names the file and what to do.
pub(crate) fn open_still(
    typesetter: &mut Typesetter,
    creative: &CreativeFile,
    frame: &Frame,
    colours: &Colours,
) -> Result<Canvas, ComposeError> {
    let card_context = CardContext {
        frame,
        code: None,
        colours,
        dwell: None,
    };
    let TickerPage {
        mut canvas, moving, ..
    } = open(typesetter, creative, &card_context)?;
    if let MovingPicture::Strip {
        row_px,
        height_px,
        length_px,
        pixels,
    } = &moving.picture
    {
        let area = moving.area;
        for (x, y) in (0..area.width).flat_map(|x| (0..area.height).map(move |y| (x, y))) {
            let (at, row) = (x % length_px, y.min(height_px - 1));
            let row = (at / row_px) as usize * *height_px as usize + row as usize;
            let from = (row * *row_px as usize + (at % row_px) as usize) * 4;
            let to = ((area.y + y) as usize * canvas.width as usize + (area.x + x) as usize) * 4;
            let strip = &pixels[from..from + 3];
            let pixel = &mut canvas.rgba[to..to + 4];
            let cover = u32::from(pixel[3]);
            for (channel, strip) in pixel.iter_mut().zip(strip) {
                let mixed = u32::from(*channel) * cover + u32::from(*strip) * (255 - cover);
                *channel = u8::try_from(mixed / 255).unwrap_or(u8::MAX);
            }
            pixel[3] = 255;
        }
    }
    Ok(canvas)
}

/// Draws a ticker.
///
/// # Errors
/// Its lines are too long for a texture, or have letters that no font has.
pub(crate) fn draw(
    typesetter: &mut Typesetter,
    ticker: &Ticker,
    card_context: &CardContext<'_>,
) -> Result<TickerPage, ComposeError> {
    let frame = card_context.frame;
    for line in &ticker.lines {
        let missing = typesetter.fonts().missing_glyphs(line);
        if let Some(letter) = missing.into_iter().find(|c| c.is_alphanumeric()) {
            return Err(ComposeError::new(format!(
                "the line {line:?} has {letter} (U+{:04X}), which no font here has; write it without, or put a font that has it into the font folder",
                u32::from(letter)
            )));
        }
    }
    let colours = colours_or(&ticker.colours, card_context.colours);
    let theme = Theme::choose(&colours, &Sample::of(&[]));
    for step in (STEP_MIN..=6).rev() {
        let size = frame.size(step);
        let places = places(frame, card_context.code, size);
        let Some(places) = places.filter(|places| real(places.band.height) >= size * RUN_EMS)
        else {
            continue;
        };
        let Some(strip) = strip(typesetter, &ticker.lines, &places, size, &theme)? else {
            continue;
        };
        return finish(
            typesetter,
            ticker,
            card_context,
            &theme,
            &places,
            size,
            strip,
        );
    }
    let what = "its lines are too long or the zone is too small for a line that can be read; write fewer and shorter lines";
    Err(ComposeError::new(what.to_owned()))
}

fn finish(
    typesetter: &mut Typesetter,
    ticker: &Ticker,
    card_context: &CardContext<'_>,
    theme: &Theme,
    places: &Places,
    size: f32,
    strip: MovingPicture,
) -> Result<TickerPage, ComposeError> {
    let frame = card_context.frame;
    let blank = ticker.lines.iter().filter(|line| typesetter.is_blank(line));
    let mut remarks: Vec<String> = blank
        .map(|line| {
            format!("its line {line:?} has nothing that the fonts can draw and does not run; write it in letters")
        })
        .collect();
    let mut canvas = Canvas::filled(frame.width, frame.height, theme.paper);
    if places.band.height < frame.height {
        let thin = px(frame.short * 0.006).max(2);
        let band = places.band;
        let line = Area::new(0, band.y.saturating_sub(thin), frame.width, thin);
        canvas.fill(line, theme.accent);
        canvas.fill(Area::new(0, band.bottom(), frame.width, thin), theme.accent);
    }
    if let Some(code) = card_context.code {
        let too_long = || {
            let call = code.call;
            ComposeError::new(format!(
                "its call to action {call:?} does not fit on this screen; shorten it"
            ))
        };
        if let Some(area) = places.label {
            let room = (real(area.width), real(area.height));
            let label = Label::fit(typesetter, frame, code, &frame.sizes(3, 0), room)
                .ok_or_else(too_long)?;
            let y = real(area.y) + (real(area.height) - label.height()) / 2.0;
            let x = if area.x < code.plan.code_square.x {
                real(area.right()) - label.width()
            } else {
                real(area.x)
            };
            let (set, below) = (label.call.as_ref(), label.host.as_ref());
            remarks.extend(label_remarks(typesetter, frame, code, set, below));
            let (call, host) = label.placed(x, y);
            for (words, ink) in [(call, theme.accent), (host, theme.quiet)] {
                if let Some(words) = words {
                    typesetter.draw(&mut canvas, &words.block, words.x, words.y, ink);
                }
            }
        }
        canvas.fill_rounded(code.plan.code_square, real(code.plan.module_px), WHITE);
    }
    canvas.cut(places.run, px(size * 0.8));
    let ems_per_s = match ticker.speed {
        Speed::Slow => 1.8,
        Speed::Normal => 2.8,
        Speed::Fast => 4.2,
    };
    Ok(TickerPage {
        canvas,
        moving: Moving {
            area: places
                .run
                .rotated(frame.width, frame.height, frame.rotation),
            picture: strip,
            turn: frame.rotation,
            travel: Travel::Run {
                px_per_s: size * ems_per_s,
            },
        },
        remarks,
    })
}

/// Puts the band into the middle, or into the middle of what the code leaves free. `None` when
/// nothing is left.
fn places(frame: &Frame, code: Option<&CodeWords<'_>>, size: f32) -> Option<Places> {
    let high = px(size * BAND_EMS).min(frame.height);
    let slim = px(size * RUN_EMS).min(high);
    let whole = |band: Area| Places {
        band,
        run: Area::new(0, band.y + (band.height - slim) / 2, frame.width, slim),
        label: None,
    };
    let free = frame.clear(frame.area(), None);
    let middle = |from: u32, to: u32| {
        let room = to.checked_sub(from).filter(|&room| room >= high)?;
        Some(Area::new(0, from + (room - high) / 2, frame.width, high))
    };
    let Some(code) = code else {
        return middle(free.y, free.bottom()).map(whole);
    };
    let code_square = code.plan.code_square;
    let quiet = QUIET_MODULES * code.plan.module_px;
    let near = code_square
        .inset(quiet)
        .outset(code_square.width - 2 * quiet)
        .common(frame.area())?;
    let at_left = matches!(code.corner, Corner::TopLeft | Corner::BottomLeft);
    let gap = px(frame.gap());
    let beside = |until: u32| {
        if at_left {
            let x = code_square.right() + gap;
            Area::new(
                x,
                code_square.y,
                until.saturating_sub(x),
                code_square.height,
            )
        } else {
            let end = code_square.x.saturating_sub(gap);
            Area::new(
                until,
                code_square.y,
                end.saturating_sub(until),
                code_square.height,
            )
        }
    };
    let apart = |band: &Area| {
        let run = whole(*band).run;
        near.common(run).is_none() && code_square.common(*band).is_none()
    };
    let band = middle(free.y, free.bottom())?;
    let above = || middle(free.y, near.y);
    let below = || middle(near.bottom(), free.bottom());
    if let Some(band) = Some(band).filter(apart).or_else(above).or_else(below) {
        // Nothing runs in the code's rows, so the label may take the room beside it.
        let clear = frame.clear(frame.area().inset(frame.margin), Some(code_square));
        let until = if at_left { clear.right() } else { clear.x };
        return Some(Places {
            label: Some(beside(until)),
            ..whole(band)
        });
    }
    let (from, to) = if at_left {
        (near.right(), frame.width)
    } else {
        (0, near.x)
    };
    let run = Area::new(
        from,
        band.y + (high - slim) / 2,
        to.saturating_sub(from),
        slim,
    );
    let until = if at_left {
        near.right().saturating_sub(gap)
    } else {
        near.x + gap
    };
    (real(run.width) >= size * 4.0).then_some(Places {
        band,
        run,
        label: Some(beside(until)),
    })
}

/// Draws the strip. `None` when it is too long for a texture at this size.
fn strip(
    typesetter: &mut Typesetter,
    lines: &[String],
    places: &Places,
    size: f32,
    theme: &Theme,
) -> Result<Option<MovingPicture>, ComposeError> {
    let blocks: Vec<Block> = lines
        .iter()
        .filter_map(|line| typesetter.fit_line(line, Weight::Bold, size, f32::MAX))
        .collect();
    if blocks.is_empty() {
        let what = "its lines have nothing that the fonts can draw; write them in letters";
        return Err(ComposeError::new(what.to_owned()));
    }
    let height = places.run.height;
    let between = px(size * BETWEEN_EMS);
    let once: u64 = blocks
        .iter()
        .map(|block| u64::from(wide(block)) + u64::from(between))
        .sum();
    // A line that is shorter than what is seen of it comes again.
    let times = (u64::from(places.run.width) + 1).div_ceil(once).max(1);
    let length = u32::try_from(once * times).unwrap_or(u32::MAX);
    let row_px = length.min(ROW_PX_MAX);
    let pieces = length.div_ceil(row_px);
    if u64::from(pieces) * u64::from(height) > u64::from(TEXTURE_PX_MAX) {
        return Ok(None);
    }
    let Rgb([red, green, blue]) = theme.paper;
    let count = row_px as usize * height as usize * pieces as usize;
    let mut pixels = [red, green, blue, 255].repeat(count);
    let mut at = 0;
    for _ in 0..times {
        for block in &blocks {
            let mut canvas = Canvas::filled(wide(block), height, theme.paper);
            // Capitals and Chinese have the same middle.
            let baseline = real(height) / 2.0 + size * 0.37;
            let y = (baseline - block.ascent).round();
            typesetter.draw(&mut canvas, block, size * 0.1, y, theme.ink);
            lay(&mut pixels, row_px, &canvas, at);
            at += canvas.width;
            let side = px(size * 0.22).max(2);
            let mut canvas = Canvas::filled(between, height, theme.paper);
            let dot = Area::new(
                between.saturating_sub(side) / 2,
                (height - side) / 2,
                side,
                side,
            );
            canvas.fill_rounded(dot, real(side) / 2.0, theme.accent);
            lay(&mut pixels, row_px, &canvas, at);
            at += canvas.width;
        }
    }
    Ok(Some(MovingPicture::Strip {
        row_px,
        height_px: height,
        length_px: length,
        pixels,
    }))
}

/// Pixels that a line takes on the strip, with what leans out of it.
fn wide(block: &Block) -> u32 {
    px((block.width + block.size * 0.2).ceil())
}

/// Copies a canvas into the strip from the `at`th pixel on.
fn lay(pixels: &mut [u8], row_px: u32, canvas: &Canvas, at: u32) {
    for x in 0..canvas.width {
        let (piece, column) = ((at + x) / row_px, (at + x) % row_px);
        for y in 0..canvas.height {
            let row = piece as usize * canvas.height as usize + y as usize;
            let to = (row * row_px as usize + column as usize) * 4;
            let from = (y as usize * canvas.width as usize + x as usize) * 4;
            pixels[to..to + 4].copy_from_slice(&canvas.rgba[from..from + 4]);
        }
    }
}

#[cfg(test)]
mod tests;
