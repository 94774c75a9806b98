//! The emergency message: the operator's words over everything.
//!
//! Invariants: it never fails, at any size that a screen can have; it is still, with nothing but
//! its words and one sign; where letters are missing that no font has, it says so, and words that
//! find no room end in an ellipsis.

use passerby_protocol::campaign::Rgb;
use passerby_protocol::file_names::normal_form;
use tiny_skia::{Path, PathBuilder};

use crate::page::frame::Frame;
use crate::raster::canvas::{Area, Canvas, px, real};
use crate::text::fonts::{Fonts, needs_no_ink};
use crate::text::{Block, HEADLINE_LEADING, LineStyle, SMALL_LEADING, Typesetter, Weight};

/// Deep enough that white reaches a contrast of 9:1 on it.
const PAPER: Rgb = Rgb([0x9b, 0x0b, 0x1e]);
const INK: Rgb = Rgb([0xff; 3]);
const SIGN: Rgb = Rgb([0xff, 0xd2, 0x3f]);

/// Shortest side on which the sign has room.
const SIGN_SIDE_MIN: f32 = 90.0;

/// Stands for letters that no font has.
const GAP: char = '…';
/// For passers-by, in the languages of the built-in words.
const CANNOT_BE_SHOWN: &str =
    "有紧急通知，但无法完整显示 There is an emergency message that cannot be shown whole";
/// For those who can mend it.
const WHERE_IT_LIES: &str = "缺少字体，原文在 emergency.txt Letters are missing in the fonts; the message is in emergency.txt";
/// The same where the headline is whole.
const BODY_LACKS: &str = "以下无法完整显示，原文在 emergency.txt This cannot be shown whole; the message is in emergency.txt";

/// Draws the message over the whole frame, and says what of it people will not see as it was
/// written.
pub(crate) fn draw(
    typesetter: &mut Typesetter,
    frame: &Frame,
    headline: &str,
    body: &str,
) -> (Canvas, Vec<String>) {
    let [headline, body] = writable(typesetter.fonts(), headline, body);
    let (headline, body) = (headline.as_str(), body.as_str());
    let mut canvas = Canvas::filled(frame.width, frame.height, PAPER);
    let margin = px(frame.short * 0.08).max(1);
    let inner = frame.area().inset(margin);
    if inner.is_empty() {
        return (canvas, Vec::new());
    }
    let (sign, room) = places(frame, inner);
    let gap = frame.short * 0.06;
    let (width, height) = (real(room.width), real(room.height));
    let share = if typesetter.is_blank(body) { 1.0 } else { 0.62 };
    let large = set(typesetter, frame, headline, true, width, height * share);
    let left = height - large.as_ref().map_or(0.0, |block| block.height + gap);
    let small = set(typesetter, frame, body, false, width, left);
    let between = if large.is_some() && small.is_some() {
        gap
    } else {
        0.0
    };
    let blocks = [large, small];
    let remarks = remarks(typesetter, frame, [headline, body], &blocks);
    let total = blocks
        .iter()
        .flatten()
        .map(|block| block.height)
        .sum::<f32>()
        + between;
    // The sign and the words are centred on each other; above each other they are centred together.
    let stacked = sign.is_some_and(|sign| sign.bottom() <= room.y);
    let mut y = real(room.y) + (height - total).max(0.0) * 0.5;
    let mut shift = 0.0;
    if stacked {
        shift = (height - total).max(0.0) * 0.5;
        y -= shift * 0.35;
    }
    if let Some(sign) = sign {
        let down = real(sign.y) + shift * 0.65;
        draw_sign(&mut canvas, real(sign.x), down, real(sign.width));
    }
    for block in blocks.iter().flatten() {
        let x = if block.rtl {
            real(room.right()) - block.width
        } else {
            real(room.x)
        };
        typesetter.draw(&mut canvas, block, x, y, INK);
        y += block.height + between;
    }
    (canvas, remarks)
}

/// The words that can be written, with a warning where letters are missing. There are always some.
fn writable(fonts: &Fonts, headline: &str, body: &str) -> [String; 2] {
    let [headline, body] = [headline, body].map(normal_form);
    let (headline, body) = (headline.as_ref(), body.as_ref());
    let is_empty = |text: &str| text.chars().all(needs_no_ink);
    let headline_left = without_missing(fonts, headline);
    let body_left = without_missing(fonts, body);
    if headline_left.is_some() || (is_empty(headline) && (is_empty(body) || body_left.is_some())) {
        let headline_left = headline_left.unwrap_or_default();
        let body_left = body_left.unwrap_or_else(|| body.to_owned());
        return [
            CANNOT_BE_SHOWN.to_owned(),
            joined([&headline_left, WHERE_IT_LIES, &body_left]),
        ];
    }
    let body = body_left.map_or_else(|| body.to_owned(), |left| joined([BODY_LACKS, &left]));
    [headline.to_owned(), body]
}

/// What can be written of a text, with an ellipsis for each run of letters that cannot; `None` when
/// no letter is missing. Signs and emoji are left out without a word, unless there is nothing else.
fn without_missing(fonts: &Fonts, text: &str) -> Option<String> {
    let is_missing = |c: char| !fonts.can_draw(c);
    let has_words = text.chars().any(|c| c.is_alphanumeric());
    let tells = |c: char| is_missing(c) && (c.is_alphanumeric() || !has_words);
    if !text.chars().any(tells) {
        return None;
    }
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut left = String::new();
        for c in line.chars() {
            if !is_missing(c) {
                left.push(c);
            } else if c.is_alphanumeric() && !left.ends_with(GAP) {
                left.push(GAP);
            }
        }
        if left.chars().any(|c| c.is_alphanumeric()) {
            lines.push(left);
        }
    }
    Some(lines.join("\n"))
}

fn joined<const N: usize>(parts: [&str; N]) -> String {
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

fn remarks(
    typesetter: &Typesetter,
    frame: &Frame,
    texts: [&str; 2],
    blocks: &[Option<Block>; 2],
) -> Vec<String> {
    let mut remarks = Vec::new();
    for (text, block) in texts.into_iter().zip(blocks) {
        let what = match block {
            None if !typesetter.is_blank(text) => "has no room and is left out",
            Some(block) if block.is_cut => "does not fit, and its end is cut off",
            Some(block) if block.size < frame.size(0) * 0.99 => {
                "is set smaller than people can read from where they stand"
            }
            _ => continue,
        };
        let start: String = text.chars().take(20).collect();
        remarks.push(format!(
            "the message that begins with {start:?} {what}; shorten it"
        ));
    }
    remarks
}

/// The square of the sign, if it has room, and what is left for the words.
fn places(frame: &Frame, inner: Area) -> (Option<Area>, Area) {
    if frame.short < SIGN_SIDE_MIN {
        return (None, inner);
    }
    let gap = px(frame.gap() * 2.0);
    if frame.is_landscape() {
        let side = px(frame.short * 0.34).min(inner.width / 4);
        let sign = Area::new(inner.x, inner.y + (inner.height - side) / 2, side, side);
        let x = sign.right() + gap;
        let room = Area::new(x, inner.y, inner.right().saturating_sub(x), inner.height);
        (Some(sign), room)
    } else {
        let side = px(frame.short * 0.30).min(inner.height / 4);
        let sign = Area::new(inner.x, inner.y, side, side);
        let y = sign.bottom() + gap;
        let room = Area::new(inner.x, y, inner.width, inner.bottom().saturating_sub(y));
        (Some(sign), room)
    }
}

/// Sets one of the texts as large as it fits, else as much of it as fits.
fn set(
    typesetter: &mut Typesetter,
    frame: &Frame,
    text: &str,
    is_headline: bool,
    width: f32,
    height: f32,
) -> Option<Block> {
    let sizes = if is_headline {
        frame.sizes(7, 0)
    } else {
        frame.sizes(4, 0)
    };
    let style = LineStyle {
        weight: if is_headline {
            Weight::Bold
        } else {
            Weight::Regular
        },
        leading: if is_headline {
            HEADLINE_LEADING
        } else {
            SMALL_LEADING
        },
        sizes: &sizes,
        lines_max: if is_headline { 5 } else { 12 },
    };
    if let Some(block) = typesetter.fit_scale(text, style, width, height) {
        return Some(block);
    }
    let unbounded = LineStyle {
        lines_max: usize::MAX,
        ..style
    };
    typesetter
        .fit_start(text, unbounded, width, height)
        .or_else(|| typesetter.fit(text, style, width, height))
        .or_else(|| {
            let tiny = [4.0];
            let style = LineStyle {
                sizes: &tiny,
                ..unbounded
            };
            typesetter.fit_start(text, style, width, height)
        })
}

/// A triangle with rounded corners and an exclamation mark, in a square.
fn draw_sign(canvas: &mut Canvas, x: f32, y: f32, side: f32) {
    let at = |across: f32, down: f32| (x + side * across, y + side * down);
    let corners = [at(0.5, 0.04), at(1.0, 0.93), at(0.0, 0.93)];
    if let Some(path) = rounded_triangle(corners, side * 0.12) {
        canvas.fill_path(&path, SIGN, 1.0);
    }
    let bar = [
        at(0.445, 0.34),
        at(0.555, 0.34),
        at(0.53, 0.64),
        at(0.47, 0.64),
    ];
    let mut path = PathBuilder::new();
    for (at, (x, y)) in bar.into_iter().enumerate() {
        if at == 0 {
            path.move_to(x, y);
        } else {
            path.line_to(x, y);
        }
    }
    path.close();
    let (dot_x, dot_y) = at(0.5, 0.755);
    path.push_circle(dot_x, dot_y, side * 0.062);
    if let Some(path) = path.finish() {
        canvas.fill_path(&path, PAPER, 1.0);
    }
}

fn rounded_triangle(corners: [(f32, f32); 3], radius: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (at, &(x, y)) in corners.iter().enumerate() {
        let towards = |(other_x, other_y): (f32, f32)| {
            let (dx, dy) = (other_x - x, other_y - y);
            let length = dx.hypot(dy).max(0.001);
            (x + dx / length * radius, y + dy / length * radius)
        };
        let (from, to) = (
            towards(corners[(at + 2) % 3]),
            towards(corners[(at + 1) % 3]),
        );
        if at == 0 {
            path.move_to(from.0, from.1);
        } else {
            path.line_to(from.0, from.1);
        }
        path.quad_to(x, y, to.0, to.1);
    }
    path.close();
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_playout::screen::geometry::Geometry;

    #[test]
    fn a_notice_says_that_letters_are_missing_and_shows_what_can_be_written() {
        let fonts = Fonts::default();
        let traditional = writable(&fonts, "緊急：請立即離開大樓", "");
        assert_eq!(traditional[0], CANNOT_BE_SHOWN);
        assert!(
            traditional[1].starts_with("…急：…立即…大…"),
            "{traditional:?}"
        );
        assert!(traditional[1].contains("emergency.txt"));
        for headline in ["حريق", "화재", "🎉", ""] {
            let [headline, body] = writable(&fonts, headline, "");
            assert_eq!(headline, CANNOT_BE_SHOWN);
            assert_eq!(body, WHERE_IT_LIES);
            assert_eq!(fonts.lacking(&(headline + &body)), None);
        }
        assert_eq!(
            writable(&fonts, "Fire 火警", "화재\nUse the stairs"),
            [
                "Fire 火警".to_owned(),
                format!("{BODY_LACKS}\nUse the stairs")
            ]
        );
        assert_eq!(fonts.lacking(BODY_LACKS), None);
        for whole in [["Fire 🎉", "Use the stairs."], ["火警", ""]] {
            assert_eq!(writable(&fonts, whole[0], whole[1]), whole);
        }
    }

    #[test]
    fn accents_as_macos_writes_them_are_set_as_letters() {
        let fonts = Fonts::default();
        assert_eq!(
            writable(&fonts, "Geba\u{308}ude ra\u{308}umen, E\u{301}vacuez", ""),
            ["Gebäude räumen, Évacuez", ""]
        );
    }

    #[test]
    fn a_notice_never_fails_and_is_never_silent_on_a_real_screen() {
        let mut typesetter = Typesetter::new();
        let long =
            "请立即沿绿色标志离开本站，不要使用电梯，不要返回取行李。 Leave the station now. "
                .repeat(12);
        for (width, height) in [
            (1, 1),
            (3, 900),
            (64, 64),
            (1_920, 120),
            (120, 1_920),
            (480, 1_080),
            (300, 200),
            (1_920, 1_080),
            (1_080, 1_920),
        ] {
            let frame = Frame::of(&Geometry::whole(width, height)).expect("a frame");
            for (headline, body) in [
                ("紧急疏散 Evacuate now", long.as_str()),
                (long.as_str(), ""),
                ("𠀀🎉", "🎉"),
                ("", ""),
                ("火警", "请走楼梯。"),
            ] {
                let (canvas, remarks) = draw(&mut typesetter, &frame, headline, body);
                let is_long = long == headline || long == body;
                assert!(
                    is_long || width.min(height) < 200 || remarks.is_empty(),
                    "{width}×{height}: {remarks:?}"
                );
                let has_no_room = (4_000..70_000).contains(&(width * height));
                assert!(
                    !is_long || !has_no_room || !remarks.is_empty(),
                    "{width}×{height}"
                );
                assert_eq!((canvas.width, canvas.height), (width, height));
                let marked = |pixel: &&[u8]| pixel[..3] != PAPER.0;
                let ink = canvas.rgba.chunks_exact(4).filter(marked).count();
                assert!(
                    width.min(height) < 64 || ink > 20,
                    "{width}×{height}: {headline:.20} marks {ink} pixels"
                );
            }
        }
    }
}
