//! Where things stand: the frame with its margins and type scale, and the page of picture and panel.
//!
//! Invariants: sizes come from eight steps relative to the frame; nothing but the picture reaches into the margins;
//! the card keeps its corner, so that eyes and phones learn the place.

use passerby_playout::show::{ComposeError, Geometry};
use passerby_protocol::campaign::Corner;

use super::canvas::{Area, px, real};
use super::code_card::{CodePlan, pixels_per_cm};
use super::text::{Block, HEADLINE_LEADING, Manner, SMALL_LEADING, Typesetter, Weight, is_blank};

/// The largest output that is composed, in pixels a side.
const SIDE_PX_MAX: u32 = 16_384;
/// From one step of the type scale to the next.
const STEP: f32 = 1.35;
/// The smallest step, as a share of the scale's unit.
const SMALLEST: f32 = 0.022;

/// The upright frame that a page is laid out in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Clockwise turn from this frame to the output.
    pub(super) rotation: u16,
    /// The short side.
    pub(super) short: f32,
    pub(super) margin: u32,
    /// What the type scale is relative to: the short side, and up to half more on strips.
    unit: f32,
    /// Smallest text that can be read from where people stand; 0 when that is unknown.
    floor: f32,
}

impl Frame {
    pub(super) fn of(screen: &Geometry) -> Result<Self, ComposeError> {
        let (width, height) = match screen.rotation {
            0 | 180 => (screen.width_px, screen.height_px),
            90 | 270 => (screen.height_px, screen.width_px),
            other => {
                let what = format!("rotation is {other}; use 0, 90, 180 or 270");
                return Err(ComposeError(what));
            }
        };
        if width == 0 || height == 0 || width.max(height) > SIDE_PX_MAX {
            return Err(ComposeError(format!(
                "the screen has {width} × {height} pixels; use 1 to {SIDE_PX_MAX} a side"
            )));
        }
        let short = real(width.min(height));
        let unit = ((real(width) * real(height)).sqrt() * 0.75).clamp(short, short * 1.5);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a distance needs no more than a float's precision"
        )]
        let floor = pixels_per_cm(screen).map_or(0.0, |density| {
            density * screen.viewing_distance_m as f32 * 100.0 / 200.0
        });
        Ok(Self {
            width,
            height,
            rotation: screen.rotation,
            short,
            margin: px(short * 0.05).max(1),
            unit,
            floor: floor.min(unit * SMALLEST * STEP.powi(3)),
        })
    }

    /// Tells whether the frame is so long that everything stands in one row or column.
    pub(super) fn is_strip(&self) -> bool {
        real(self.width.max(self.height)) / self.short > 2.5
    }

    pub(super) fn is_landscape(&self) -> bool {
        real(self.width) > 1.2 * real(self.height)
    }

    /// Distance between things that belong together.
    pub(super) fn gap(&self) -> f32 {
        real(self.margin) * 0.6
    }

    /// One of the eight sizes, 0 to 7; never smaller than can be read from where people stand.
    pub(super) fn size(&self, step: u8) -> f32 {
        (self.unit * SMALLEST * STEP.powi(i32::from(step))).max(self.floor)
    }

    /// One of the eight sizes, however far away people stand; for what nobody needs to read.
    pub(super) fn unit_size(&self, step: u8) -> f32 {
        self.unit * SMALLEST * STEP.powi(i32::from(step))
    }

    /// Sizes between two steps, largest first.
    pub(super) fn sizes(&self, from: u8, to: u8) -> Vec<f32> {
        let mut sizes: Vec<f32> = (to..=from).rev().map(|step| self.size(step)).collect();
        sizes.dedup();
        sizes
    }
}

/// A block at its place.
pub(super) struct Words {
    pub(super) block: Block,
    pub(super) x: f32,
    pub(super) y: f32,
}

/// The words of an order that go beside a code.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeWords<'a> {
    pub(super) plan: &'a CodePlan,
    pub(super) corner: Corner,
    pub(super) call: &'a str,
    pub(super) leads_to: &'a str,
}

/// A call to action with the line below it that says where the link leads.
pub(super) struct Label {
    pub(super) call: Option<Block>,
    pub(super) host: Option<Block>,
    pub(super) gap: f32,
}

impl Label {
    /// Sets both into a box. `None` when the call to action does not fit.
    pub(super) fn fit(
        typesetter: &mut Typesetter,
        frame: &Frame,
        words: &CodeWords<'_>,
        sizes: &[f32],
        (width, height): (f32, f32),
    ) -> Option<Self> {
        let size = frame.size(0);
        let host = typesetter.fit_line(words.leads_to, Weight::Regular, size, width);
        let host = host.filter(|host| host.height < height * 0.5);
        let gap = size * 0.7;
        let taken = host.as_ref().map_or(0.0, |host| host.height + gap);
        let manner = Manner {
            weight: Weight::Bold,
            leading: (HEADLINE_LEADING + SMALL_LEADING) / 2.0,
            sizes,
            lines_max: 2,
        };
        let mut call = typesetter.fit(words.call, manner, width, height - taken);
        let smallest = sizes.last().copied().unwrap_or_default();
        if call.as_ref().is_none_or(|call| call.size < smallest) {
            let manner = Manner {
                lines_max: 3,
                ..manner
            };
            call = typesetter.fit(words.call, manner, width, height - taken);
        }
        if call.is_none() && !is_blank(words.call) {
            return None;
        }
        Some(Self { call, host, gap })
    }

    pub(super) fn width(&self) -> f32 {
        let width = |block: &Option<Block>| block.as_ref().map_or(0.0, |block| block.width);
        width(&self.call).max(width(&self.host))
    }

    pub(super) fn height(&self) -> f32 {
        let height = |block: &Option<Block>| block.as_ref().map_or(0.0, |block| block.height);
        let gap = if self.call.is_some() && self.host.is_some() {
            self.gap
        } else {
            0.0
        };
        height(&self.call) + gap + height(&self.host)
    }

    /// Stands the label with its top left corner at a point.
    fn placed(self, x: f32, y: f32) -> (Option<Words>, Option<Words>) {
        let below = y + self.height() - self.host.as_ref().map_or(0.0, |host| host.height);
        let call = self.call.map(|block| Words { block, x, y });
        let host = self.host.map(|block| Words { block, x, y: below });
        (call, host)
    }
}

/// A picture with a panel beside it.
pub(super) struct Page {
    pub(super) picture: Area,
    pub(super) panel: Area,
    pub(super) rule: Area,
    pub(super) headline: Words,
    pub(super) call: Option<Words>,
    pub(super) host: Option<Words>,
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

/// How the words stand around the card inside the panel.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Headline across the panel, label beside the card.
    Across,
    /// Headline and label in one column beside the card.
    Column,
    /// Headline, label, card, one above the other.
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

/// Lays a page out in the way that gives the headline most size for the least panel, and lets the picture bleed.
/// `bleeds` tells whether a picture may be cropped to a shape. `None` when nothing fits.
pub(super) fn page(
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
    let inner = panel.inset(frame.margin);
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
    let card = code.plan.card;
    if card.width > inner.width || card.height > inner.height {
        return None;
    }
    let at_left = matches!(code.corner, Corner::TopLeft | Corner::BottomLeft);
    let at_top = matches!(code.corner, Corner::TopLeft | Corner::TopRight);
    let column = width - real(card.width) - gap * 1.4;
    let column_left = if at_left {
        real(card.right()) + gap * 1.4
    } else {
        left
    };
    let breath = gap * 1.6;

    let (label, label_x, headline_x, room) = match order {
        Order::Across | Order::Column if column < frame.size(0) * 4.0 => return None,
        Order::Across => {
            let room = (column, real(card.height));
            let label = Label::fit(typesetter, frame, code, &call_sizes, room)?;
            let room = (width, height - real(card.height) - breath);
            (label, column_left, left, room)
        }
        Order::Column => {
            let room = (column, height * 0.5);
            let label = Label::fit(typesetter, frame, code, &call_sizes, room)?;
            let room = (column, height - label.height() - breath);
            (label, column_left, column_left, room)
        }
        Order::Stack => {
            let room = (width, (height - real(card.height) - gap) * 0.5);
            let label = Label::fit(typesetter, frame, code, &call_sizes, room)?;
            let room = (
                width,
                height - real(card.height) - label.height() - gap - breath,
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
        (Order::Stack, true) => real(card.bottom()) + gap,
        (Order::Stack, false) => real(card.y) - gap - label.height(),
        (_, true) => real(card.y),
        (_, false) => real(card.bottom()) - label.height(),
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
    let manner = Manner {
        weight: Weight::Bold,
        leading: HEADLINE_LEADING,
        sizes: &frame.sizes(7, 1),
        lines_max: 4,
    };
    typesetter.fit(headline, manner, width, height)
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
