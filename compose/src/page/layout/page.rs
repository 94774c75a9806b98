//! The page: a picture with a panel beside it that carries the headline and the code.

use passerby_protocol::campaign::Corner;

use crate::page::frame::{Frame, STEP};
use crate::page::layout::{CodeWords, Label, Words};
use crate::raster::canvas::{Area, px, real};
use crate::text::{Block, HEADLINE_LEADING, LineStyle, Typesetter, Weight};

/// A picture with a panel beside it.
pub(crate) struct Page {
    pub(crate) picture: Area,
    pub(crate) panel: Area,
    pub(crate) rule: Area,
    pub(crate) headline: Words,
    pub(crate) call: Option<Words>,
    pub(crate) host: Option<Words>,
}

impl Page {
    /// Steps of the type scale that its words have, less what they suffered for it.
    fn worth(&self, frame: &Frame) -> f32 {
        let steps = |words: &Words| (words.block.size / frame.unit_size(0)).ln() / STEP.ln();
        let harm = |words: &Words| if words.block.whole { 0.0 } else { 1.5 };
        let headline = steps(&self.headline) - harm(&self.headline);
        let call = self.call.as_ref().map_or(0.0, |call| {
            // A call that is as loud as the headline makes two headlines.
            let loud = call.block.size > self.headline.block.size * 0.6;
            steps(call) * 0.3 - harm(call) - if loud { 3.0 } else { 0.0 }
        });
        headline + call - self.host.as_ref().map_or(0.0, harm)
    }
}

/// How the words stand around the code square inside the panel.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Headline across the panel, label beside the code square.
    Across,
    /// Headline and label in one column beside the code square.
    Column,
    /// Headline, label, code square, one above the other.
    Stack,
}

/// Where the panel is in relation to the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Split {
    /// Left or right of it.
    Beside,
    /// Above or below it.
    Upright,
}

/// Lays a page out in the way that gives the headline most size for the least panel, and lets the
/// picture bleed. `bleeds` tells whether a picture may be cropped to a shape. `None` when nothing
/// fits.
pub(crate) fn page(
    typesetter: &mut Typesetter,
    frame: &Frame,
    headline: &str,
    code: Option<&CodeWords<'_>>,
    bleeds: impl Fn(Area) -> bool,
) -> Option<Page> {
    let shape = real(frame.width) / real(frame.height);
    let beside: &[f32] = &[5.0 / 12.0, 0.46, 0.50, 0.56, 0.62, 0.68];
    let upright: &[f32] = &[0.36, 0.40, 0.44, 0.48, 0.54, 0.62];
    // Frames of about 4:3 can be split either way; strips only across their length.
    let mut splits = Vec::new();
    if shape > 0.9 {
        let bonus = if shape > 1.2 { 0.0 } else { -1.0 };
        splits.extend(
            beside
                .iter()
                .map(|&share| (Split::Beside, share, share - beside[0], bonus)),
        );
    }
    if shape < 1.6 {
        let bonus = if shape > 1.2 { -0.6 } else { 0.0 };
        splits.extend(
            upright
                .iter()
                .map(|&share| (Split::Upright, share, share - upright[0], bonus)),
        );
    }
    let cost = if frame.is_strip() { 7.0 } else { 14.0 };
    let mut best: Option<(f32, Page)> = None;
    for (split, share, excess, bonus) in splits {
        let (panel, picture) = parts(frame, code.map(|code| code.corner), split, share);
        let bonus = bonus - excess * cost - if bleeds(picture) { 0.0 } else { 2.5 };
        for (order, extra) in [
            (Order::Across, 0.8),
            (Order::Column, 0.7),
            (Order::Stack, 0.0),
        ] {
            let Some(page) = arrange(typesetter, frame, headline, code, panel, picture, order)
            else {
                continue;
            };
            let score = page.worth(frame) + bonus + extra;
            if best.as_ref().is_none_or(|(best, _)| score > *best + 0.001) {
                best = Some((score, page));
            }
            if code.is_none() {
                break;
            }
        }
    }
    best.map(|(_, page)| page)
}

/// Splits the frame into panel and picture; the panel is on the code's side.
fn parts(frame: &Frame, corner: Option<Corner>, split: Split, share: f32) -> (Area, Area) {
    let (width, height) = (frame.width, frame.height);
    let corner = corner.unwrap_or(Corner::BottomRight);
    if split == Split::Beside {
        let across = px(real(width) * share).clamp(1, width);
        let rest = width - across;
        if matches!(corner, Corner::TopLeft | Corner::BottomLeft) {
            (
                Area::new(0, 0, across, height),
                Area::new(across, 0, rest, height),
            )
        } else {
            (
                Area::new(rest, 0, across, height),
                Area::new(0, 0, rest, height),
            )
        }
    } else {
        let down = px(real(height) * share).clamp(1, height);
        let rest = height - down;
        if matches!(corner, Corner::TopLeft | Corner::TopRight) {
            (
                Area::new(0, 0, width, down),
                Area::new(0, down, width, rest),
            )
        } else {
            (
                Area::new(0, rest, width, down),
                Area::new(0, 0, width, rest),
            )
        }
    }
}

fn arrange(
    typesetter: &mut Typesetter,
    frame: &Frame,
    headline: &str,
    code: Option<&CodeWords<'_>>,
    panel: Area,
    picture: Area,
    order: Order,
) -> Option<Page> {
    let inner = frame.clear(
        panel.inset(frame.margin),
        code.map(|code| code.plan.code_square),
    );
    let (left, top) = (real(inner.x), real(inner.y));
    let (width, height) = (real(inner.width), real(inner.height));
    let gap = frame.gap();
    let thickness = (frame.short * 0.006).max(2.0).round();
    let rule_room = thickness + gap;
    let call_sizes = frame.sizes(3, 0);

    let Some(code) = code else {
        let block = fit_headline(typesetter, frame, headline, width, height - rule_room)?;
        let y = top + (height - rule_room - block.height) * 0.5;
        return Some(with_rule(
            frame, panel, picture, left, y, thickness, gap, block,
        ));
    };
    let code_square = code.plan.code_square;
    if code_square.width > inner.width || code_square.height > inner.height {
        return None;
    }
    let at_left = matches!(code.corner, Corner::TopLeft | Corner::BottomLeft);
    let at_top = matches!(code.corner, Corner::TopLeft | Corner::TopRight);
    let column = width - real(code_square.width) - gap * 1.4;
    let column_left = if at_left {
        real(code_square.right()) + gap * 1.4
    } else {
        left
    };
    let breath = gap * 1.6;

    let (label, label_x, headline_x, room) = match order {
        Order::Across | Order::Column if column < frame.size(0) * 4.0 => return None,
        Order::Across => {
            let room = (column, real(code_square.height));
            let label = Label::fit(typesetter, frame, code, &call_sizes, room)?;
            let room = (width, height - real(code_square.height) - breath);
            (label, column_left, left, room)
        }
        Order::Column => {
            let room = (column, height * 0.5);
            let label = Label::fit(typesetter, frame, code, &call_sizes, room)?;
            let room = (column, height - label.height() - breath);
            (label, column_left, column_left, room)
        }
        Order::Stack => {
            let room = (width, (height - real(code_square.height) - gap) * 0.5);
            let label = Label::fit(typesetter, frame, code, &call_sizes, room)?;
            let room = (
                width,
                height - real(code_square.height) - label.height() - gap - breath,
            );
            // Flush with the code itself, not with its white.
            (label, left, left, room)
        }
    };
    let block = fit_headline(typesetter, frame, headline, room.0, room.1 - rule_room)?;
    let headline_height = rule_room + block.height;
    let y = if at_top {
        top + height - headline_height
    } else {
        top
    };
    let label_y = match (order, at_top) {
        (Order::Stack, true) => real(code_square.bottom()) + gap,
        (Order::Stack, false) => real(code_square.y) - gap - label.height(),
        (_, true) => real(code_square.y),
        (_, false) => real(code_square.bottom()) - label.height(),
    };
    let mut page = with_rule(frame, panel, picture, headline_x, y, thickness, gap, block);
    (page.call, page.host) = label.placed(label_x, label_y);
    Some(page)
}

fn fit_headline(
    typesetter: &mut Typesetter,
    frame: &Frame,
    headline: &str,
    width: f32,
    height: f32,
) -> Option<Block> {
    let style = LineStyle {
        weight: Weight::Bold,
        leading: HEADLINE_LEADING,
        sizes: &frame.sizes(7, 1),
        lines_max: 4,
    };
    typesetter.fit(headline, style, width, height)
}

#[expect(clippy::too_many_arguments, reason = "the parts of one page")]
fn with_rule(
    frame: &Frame,
    panel: Area,
    picture: Area,
    x: f32,
    y: f32,
    thickness: f32,
    gap: f32,
    block: Block,
) -> Page {
    let length = px(frame.short * 0.09).min(px(block.width));
    Page {
        picture,
        panel,
        rule: Area::new(px(x), px(y), length, px(thickness)),
        headline: Words {
            block,
            x,
            y: y + thickness + gap,
        },
        call: None,
        host: None,
    }
}
