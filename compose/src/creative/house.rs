//! The house creative: what airs when nothing else can, drawn from nothing.
//!
//! Two circles pass each other at dusk, and where they meet it is warm. It also carries built-in
//! messages such as the pairing code.
//!
//! Invariant: it never fails, at any size that a screen can have; what has no room is left out.

use passerby_protocol::campaign::{Corner, Rgb};

use crate::page::code_panel;
use crate::page::frame::Frame;
use crate::page::layout::CodeWords;
use crate::raster::canvas::{Area, Canvas, channel, px, real};
use crate::raster::palette::Theme;
use crate::text::{Block, HEADLINE_LEADING, LineStyle, Typesetter, Weight};

const NIGHT: Rgb = Rgb([0x12, 0x1a, 0x3a]);
const DUSK: Rgb = Rgb([0x46, 0x2d, 0x5c]);
const GLOW: Rgb = Rgb([0xd9, 0x6a, 0x52]);
const CREAM: Rgb = Rgb([0xff, 0xf4, 0xe2]);
const CORAL: Rgb = Rgb([0xff, 0x7f, 0x62]);
const TEAL: Rgb = Rgb([0x4f, 0xb8, 0xb6]);
const WARMTH: Rgb = Rgb([0xff, 0xe3, 0xae]);
const VERMILION: Rgb = Rgb([0xc2, 0x3b, 0x2b]);

/// The name on the wall.
const WORDMARK: &str = "Passerby";
/// The line of the house, in both languages.
const LINE: [&str; 2] = ["路过，也是相遇", "Every passer-by is a meeting"];

/// Draws the house creative, with a message in place of its line when there is one.
pub(crate) fn draw(
    typesetter: &mut Typesetter,
    frame: &Frame,
    message: Option<&str>,
    words: Option<&CodeWords<'_>>,
) -> Canvas {
    let theme = Theme {
        paper: NIGHT,
        ink: CREAM,
        accent: CORAL,
        quiet: CREAM,
        accent_on_white: VERMILION,
    };
    let corner = words.map_or(Corner::BottomRight, |words| words.corner);
    let mut canvas = sky(frame.width, frame.height);
    meeting(&mut canvas, frame, corner);
    // What is built in was not written by anybody who could shorten it.
    let mut remarks = Vec::new();
    let code_panel = words.and_then(|words| {
        code_panel::draw(&mut canvas, typesetter, frame, words, &theme, &mut remarks)
    });
    let room = frame.clear(room_for_words(frame, corner, code_panel), None);
    speak(&mut canvas, typesetter, frame, message, room);
    sign(&mut canvas, typesetter, frame, corner, code_panel, room);
    canvas
}

/// A dusk sky: night above, a glow at the foot, dithered so that no bands show.
fn sky(width: u32, height: u32) -> Canvas {
    let mut canvas = Canvas::filled(width, height, NIGHT);
    let rows = canvas.rgba.chunks_exact_mut(width as usize * 4);
    for (y, row) in (0..height).zip(rows) {
        let down = (real(y) + 0.5) / real(height);
        let glow = ((down - 0.5) / 0.5).max(0.0).powi(2) * 0.36;
        let base = lerp(lerp(floats(NIGHT), floats(DUSK), down), floats(GLOW), glow);
        for (x, pixel) in (0..width).zip(row.chunks_exact_mut(4)) {
            paint(pixel, base, dither(x, y));
        }
    }
    canvas
}

/// Two circles and the lens in which they meet, on the code's side of the frame.
fn meeting(canvas: &mut Canvas, frame: &Frame, corner: Corner) {
    let (width, height) = (real(frame.width), real(frame.height));
    let at_left = matches!(corner, Corner::TopLeft | Corner::BottomLeft);
    let at_top = matches!(corner, Corner::TopLeft | Corner::TopRight);
    let (x, y, radius) = if frame.is_landscape() {
        let x = if at_left { 0.26 } else { 0.74 };
        (
            width * x,
            height * 0.5,
            (frame.short * 0.32).min(width * 0.155),
        )
    } else {
        let y = if at_top { 0.70 } else { 0.30 };
        (width * 0.5, height * y, (width * 0.29).min(height * 0.19))
    };
    let circles = [
        (x - radius * 0.46, y + radius * 0.10, TEAL),
        (x + radius * 0.46, y - radius * 0.10, CORAL),
    ];
    let reach = radius * 1.6;
    let columns = px(x - reach)..px(x + reach).min(frame.width);
    let rows = px(y - reach)..px(y + reach).min(frame.height);
    let stride = frame.width as usize * 4;
    for at_y in rows {
        let start = at_y as usize * stride;
        for at_x in columns.clone() {
            let (dot_x, dot_y) = (real(at_x) + 0.5, real(at_y) + 0.5);
            let cover = circles
                .map(|(x, y, _)| (radius - (dot_x - x).hypot(dot_y - y) + 0.5).clamp(0.0, 1.0));
            if cover == [0.0; 2] {
                continue;
            }
            let at = start + at_x as usize * 4;
            let pixel = &mut canvas.rgba[at..at + 4];
            let down = ((dot_y - (y - radius * 1.1)) / (radius * 2.2)).clamp(0.0, 1.0);
            let mut colour = [
                f32::from(pixel[0]),
                f32::from(pixel[1]),
                f32::from(pixel[2]),
            ];
            for ((_, _, own), cover) in circles.iter().zip(cover) {
                colour = lerp(colour, floats(*own), cover * (0.92 - 0.5 * down));
            }
            let warm = lerp(floats(WARMTH), floats(CORAL), down * 0.55);
            colour = lerp(colour, warm, cover[0] * cover[1] * 0.94);
            paint(pixel, colour, dither(at_x, at_y));
        }
    }
}

/// Returns the part of the frame that neither circles nor code need.
fn room_for_words(frame: &Frame, corner: Corner, code_panel: Option<Area>) -> Area {
    let inner = Area::new(0, 0, frame.width, frame.height).inset(frame.margin);
    let at_left = matches!(corner, Corner::TopLeft | Corner::BottomLeft);
    let at_top = matches!(corner, Corner::TopLeft | Corner::TopRight);
    let gap = px(frame.gap() * 1.4);
    let mut room = inner;
    if frame.is_landscape() {
        room.width = px(real(frame.width) * 0.47).saturating_sub(frame.margin);
        if at_left {
            room.x = inner.right().saturating_sub(room.width);
        }
        if let Some(code_panel) = code_panel {
            if at_left && code_panel.right() + gap > room.x {
                room.x = (code_panel.right() + gap).min(inner.right());
                room.width = inner.right() - room.x;
            } else if !at_left && room.right() + gap > code_panel.x {
                room.width = code_panel.x.saturating_sub(gap + room.x);
            }
        }
    } else {
        room.height = px(real(frame.height) * 0.46).saturating_sub(frame.margin);
        if !at_top {
            room.y = inner.bottom().saturating_sub(room.height);
        }
        if let Some(code_panel) = code_panel {
            if at_top {
                let top = px(real(frame.height) * 0.08).max(code_panel.bottom() + gap);
                room.y = top.min(inner.bottom());
                room.height = room.height.min(inner.bottom() - room.y);
            } else {
                room.height = code_panel.y.saturating_sub(gap + room.y);
                // Above a large code the words may reach up among the circles.
                let least = px(real(frame.height) * 0.2);
                if room.height < least {
                    room.y = code_panel.y.saturating_sub(gap + least).max(inner.y);
                    room.height = code_panel.y.saturating_sub(gap + room.y);
                }
            }
        }
    }
    room
}

/// Says the message or the house's line at the foot of the room.
fn speak(
    canvas: &mut Canvas,
    typesetter: &mut Typesetter,
    frame: &Frame,
    message: Option<&str>,
    room: Area,
) {
    let (width, height) = (real(room.width), real(room.height));
    // The wordmark stands above in landscape.
    let height = if frame.is_landscape() {
        height * 0.78
    } else {
        height
    };
    let gap = frame.gap();
    let message = message.map(str::trim).filter(|message| !message.is_empty());
    if real(frame.width) > 4.0 * real(frame.height)
        && speak_in_row(canvas, typesetter, frame, message, room).is_some()
    {
        return;
    }
    let (large, small) = match message {
        Some(message) => (set(typesetter, frame, message, (6, 0), width, height), None),
        None => {
            let large = set(typesetter, frame, LINE[0], (6, 1), width, height * 0.6);
            let left = height - gap - large.as_ref().map_or(0.0, |block| block.height);
            let small = set(typesetter, frame, LINE[1], (3, 0), width, left);
            (large, small)
        }
    };
    let mut bottom = real(room.bottom());
    if frame.is_strip() && frame.is_landscape() {
        let total: f32 = [&large, &small]
            .into_iter()
            .flatten()
            .map(|block| block.height)
            .sum();
        bottom -= (height / 0.78 - total - gap).max(0.0) * 0.25;
    }
    for block in [small, large].into_iter().flatten() {
        bottom -= block.height;
        typesetter.draw(canvas, &block, real(room.x), bottom, CREAM);
        bottom -= gap;
    }
}

/// Says it in one row, large enough to fill a flat strip. `None`, with nothing drawn, when it does
/// not fit.
fn speak_in_row(
    canvas: &mut Canvas,
    typesetter: &mut Typesetter,
    frame: &Frame,
    message: Option<&str>,
    room: Area,
) -> Option<()> {
    let (width, height) = (real(room.width), real(room.height));
    let line = |typesetter: &mut Typesetter, text: &str, sizes: &[f32], width: f32| {
        let style = LineStyle {
            weight: Weight::Bold,
            leading: HEADLINE_LEADING,
            sizes,
            lines_max: 1,
        };
        typesetter.fit_scale(text, style, width, height)
    };
    let between = frame.short * 0.3;
    let sizes = frame.sizes(7, 0);
    let (large, small) = sizes.iter().find_map(|&size| {
        let large = line(typesetter, message.unwrap_or(LINE[0]), &[size], width)?;
        if message.is_some() {
            return Some((large, None));
        }
        let left = width - large.width - between;
        let least = size * 0.4;
        let below: Vec<f32> = sizes
            .iter()
            .copied()
            .filter(|&small| small <= size * 0.6 && small >= least)
            .collect();
        let small = line(typesetter, LINE[1], &below, left)?;
        Some((large, Some(small)))
    })?;
    let top = real(room.y) + (height - large.height) / 2.0;
    let baseline = top + large.ascent;
    let x = real(room.x);
    typesetter.draw(canvas, &large, x, top, CREAM);
    if let Some(small) = small {
        let top = baseline - small.ascent;
        typesetter.draw(canvas, &small, x + large.width + between, top, CREAM);
    }
    Some(())
}

/// Puts the wordmark into the free upper corner.
fn sign(
    canvas: &mut Canvas,
    typesetter: &mut Typesetter,
    frame: &Frame,
    corner: Corner,
    code_panel: Option<Area>,
    room: Area,
) {
    let size = frame.size(2).min(frame.unit_size(2));
    let Some(block) = typesetter.fit_line(WORDMARK, Weight::Bold, size, real(room.width)) else {
        return;
    };
    let mark = size * 0.36;
    let whole = block.width + mark * 3.6;
    let at_left = matches!(corner, Corner::TopLeft | Corner::BottomLeft);
    let landscape = frame.is_landscape();
    let x = if code_panel.is_some() && corner == Corner::TopLeft && !landscape {
        real(frame.width - frame.margin) - whole
    } else if landscape && at_left {
        real(room.x)
    } else {
        real(frame.margin)
    };
    let y = real(frame.margin);
    if frame.short < 160.0 || (landscape && whole > real(room.width)) {
        return;
    }
    let middle = y + block.height * 0.5;
    for (offset, colour) in [(0.0, TEAL), (1.0, CORAL)] {
        let left = px(x + mark * offset);
        let dot = Area::new(left, px(middle - mark), px(mark * 2.0), px(mark * 2.0));
        canvas.fill_rounded(dot, mark, colour);
    }
    typesetter.draw(canvas, &block, x + mark * 3.6, y, CREAM);
}

fn set(
    typesetter: &mut Typesetter,
    frame: &Frame,
    text: &str,
    (from, to): (u8, u8),
    width: f32,
    height: f32,
) -> Option<Block> {
    let style = LineStyle {
        weight: if from > 4 {
            Weight::Bold
        } else {
            Weight::Regular
        },
        leading: HEADLINE_LEADING,
        sizes: &frame.sizes(from, to),
        lines_max: 4,
    };
    typesetter.fit(text, style, width, height)
}

fn floats(Rgb(channels): Rgb) -> [f32; 3] {
    channels.map(f32::from)
}

fn lerp(one: [f32; 3], other: [f32; 3], share: f32) -> [f32; 3] {
    [0, 1, 2].map(|at| one[at] + (other[at] - one[at]) * share)
}

fn paint(pixel: &mut [u8], colour: [f32; 3], noise: f32) {
    for (value, colour) in pixel.iter_mut().zip(colour) {
        *value = channel(colour + noise);
    }
}

/// Interleaved gradient noise (Jimenez, 2014), within half a step of a channel.
fn dither(x: u32, y: u32) -> f32 {
    (52.982_918 * (0.067_110_56 * real(x) + 0.005_837_15 * real(y)).fract()).fract() - 0.5
}
