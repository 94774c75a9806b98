//! Where a card's picture, words and code go in a frame of any shape.
//!
//! Invariants: nothing overlaps, and nothing but the picture reaches into the margins or under another zone; the code
//! keeps its corner; every text has a size of the scale.

use passerby_protocol::campaign::Corner;
use passerby_protocol::card::CardLayout;

use super::measure::Measure;
use super::stack::{Anchor, Flow, Placed, Plan};
use crate::canvas::{Area, px, real};
use crate::layout::{CodeWords, Frame, Label, Words};

/// Most of a frame's length that goes to a picture on a strip, in short sides.
const STRIP_PICTURE: [f32; 4] = [1.0, 1.35, 1.8, 2.4];

/// Everything at its place.
pub(super) struct Arrangement {
    pub(super) picture: Option<Area>,
    pub(super) placed: Vec<Placed>,
    pub(super) call: Option<Words>,
    pub(super) host: Option<Words>,
    worth: f32,
}

/// The frame cut in two, or not at all.
#[derive(Debug, Clone, Copy)]
struct Split {
    panel: Area,
    picture: Option<Area>,
    bonus: f32,
}

/// What is left for the words, and where the label goes.
struct Division {
    words: Area,
    label: Area,
    /// The label keeps to the top of its area, to its foot, or to the middle.
    anchor: Anchor,
    bonus: f32,
}

/// Finds the best arrangement. `bleeds` tells whether the picture may be cropped to a shape. `None` when not
/// everything fits.
pub(super) fn arrange(
    measure: &mut Measure<'_>,
    layout: CardLayout,
    has_picture: bool,
    code: Option<&CodeWords<'_>>,
    bleeds: impl Fn(Area) -> bool,
) -> Option<Arrangement> {
    let frame = measure.frame;
    let splits = if has_picture {
        splits(frame, layout, code.map(|code| code.corner))
    } else {
        vec![Split {
            panel: frame.area(),
            picture: None,
            bonus: 0.0,
        }]
    };
    let mut best: Option<Arrangement> = None;
    for split in splits {
        let cropped = split.picture.is_none_or(&bleeds);
        let bonus = split.bonus - if cropped { 0.0 } else { 5.0 };
        let card = code.map(|code| code.plan.card);
        let inner = frame.clear(split.panel.inset(frame.margin), card);
        let Some(made) = fill(measure, inner, code) else {
            continue;
        };
        let worth = made.worth + bonus;
        if best.as_ref().is_none_or(|best| worth > best.worth + 0.001) {
            best = Some(Arrangement {
                picture: split.picture,
                worth,
                ..made
            });
        }
    }
    best
}

/// Ways to cut the frame into a panel, on the code's side, and a picture.
fn splits(frame: &Frame, layout: CardLayout, corner: Option<Corner>) -> Vec<Split> {
    let (width, height) = (frame.width, frame.height);
    let shape = real(width) / real(height);
    let wants_beside = matches!(layout, CardLayout::PictureLeft | CardLayout::PictureRight);
    let wants_upright = matches!(layout, CardLayout::PictureTop | CardLayout::PictureBottom);
    let at_left = matches!(corner, Some(Corner::TopLeft | Corner::BottomLeft));
    let at_top = matches!(corner, Some(Corner::TopLeft | Corner::TopRight));
    // The code's corner outweighs the wish, since a code does not stand on a picture here.
    let panel_left = if corner.is_some() {
        at_left
    } else {
        layout == CardLayout::PictureRight
    };
    let panel_top = if corner.is_some() {
        at_top
    } else {
        layout == CardLayout::PictureBottom
    };
    let mut splits = Vec::new();
    let mut beside = |share: f32, bonus: f32| {
        let across = px(real(width) * share).clamp(1, width);
        let rest = width - across;
        let (panel, picture) = if panel_left {
            (
                Area::new(0, 0, across, height),
                Area::new(across, 0, rest, height),
            )
        } else {
            (
                Area::new(rest, 0, across, height),
                Area::new(0, 0, rest, height),
            )
        };
        splits.push(Split {
            panel,
            picture: Some(picture),
            bonus,
        });
    };
    let free = layout == CardLayout::Auto;
    let strip = frame.is_strip();
    if wants_beside || (free && shape > 0.9) {
        let bonus = if shape > 1.2 { 0.0 } else { -1.0 };
        if strip && shape > 1.0 {
            for sides in STRIP_PICTURE {
                let share = 1.0 - sides / shape;
                beside(share, bonus + 0.5 * sides);
            }
        } else {
            for (at, share) in [5.0 / 12.0, 0.5, 7.0 / 12.0, 8.0 / 12.0]
                .into_iter()
                .enumerate()
            {
                beside(share, bonus - 0.75 * at as f32);
            }
        }
    }
    let mut upright = |share: f32, bonus: f32| {
        let down = px(real(height) * share).clamp(1, height);
        let rest = height - down;
        let (panel, picture) = if panel_top {
            (
                Area::new(0, 0, width, down),
                Area::new(0, down, width, rest),
            )
        } else {
            (
                Area::new(0, rest, width, down),
                Area::new(0, 0, width, rest),
            )
        };
        splits.push(Split {
            panel,
            picture: Some(picture),
            bonus,
        });
    };
    if wants_upright || (free && shape < 1.6) {
        let bonus = if shape > 1.2 { -0.6 } else { 0.0 };
        if strip && shape < 1.0 {
            for sides in STRIP_PICTURE {
                let share = 1.0 - sides * shape;
                upright(share, bonus + 0.5 * sides);
            }
        } else {
            for (at, share) in [0.38, 0.46, 0.54, 0.62].into_iter().enumerate() {
                upright(share, bonus - 0.75 * at as f32);
            }
        }
    }
    splits
}

/// Fills a panel's free rectangle with the words and the label of the code.
fn fill(
    measure: &mut Measure<'_>,
    inner: Area,
    code: Option<&CodeWords<'_>>,
) -> Option<Arrangement> {
    let Some(code) = code else {
        let plan = best_plan(measure, inner)?;
        return Some(Arrangement {
            picture: None,
            placed: measure.place(&plan, Anchor::Middle),
            call: None,
            host: None,
            worth: plan.worth,
        });
    };
    let card = code.plan.card;
    if card.common(inner) != Some(card) {
        return None;
    }
    let at_top = matches!(code.corner, Corner::TopLeft | Corner::TopRight);
    let mut best: Option<(Plan, Division, Label)> = None;
    for division in divisions(measure.frame, inner, code) {
        let Some(label) = fit_label(measure, code, division.label) else {
            continue;
        };
        // What the label leaves free in its own column goes to the words.
        let division = tightened(measure, division, &label);
        let Some(mut plan) = best_plan(measure, division.words) else {
            continue;
        };
        plan.worth += division.bonus + label_worth(measure.frame, &label);
        if best
            .as_ref()
            .is_none_or(|(best, ..)| plan.worth > best.worth + 0.001)
        {
            best = Some((plan, division, label));
        }
    }
    let (plan, division, label) = best?;
    let anchor = if at_top { Anchor::Bottom } else { Anchor::Top };
    let placed = measure.place(&plan, anchor);
    let area = division.label;
    let free = real(area.height) - label.height();
    let y = match division.anchor {
        Anchor::Top => 0.0,
        Anchor::Middle => free / 2.0,
        Anchor::Bottom => free,
    };
    // Beside the card the label stands next to it; above and below it is flush with its edge.
    let at_left = matches!(code.corner, Corner::TopLeft | Corner::BottomLeft);
    let stands_before = area.right() <= card.x;
    let x = if stands_before || (measure.rtl && !at_left && area.x >= card.x) {
        real(area.right()) - label.width()
    } else {
        real(area.x)
    };
    let x = if stands_before && !measure.rtl && division.flush_left(inner) {
        real(area.x)
    } else {
        x
    };
    let worth = plan.worth;
    let (call, host) = label.placed(x, real(area.y) + y);
    Some(Arrangement {
        picture: None,
        placed,
        call,
        host,
        worth,
    })
}

impl Division {
    /// The label begins where the words begin.
    fn flush_left(&self, inner: Area) -> bool {
        self.label.x == inner.x && self.words.x == inner.x
    }
}

fn best_plan(measure: &mut Measure<'_>, area: Area) -> Option<Plan> {
    let shape = real(area.width) / real(area.height.max(1));
    let down = measure.plan(area, Flow::Down);
    if shape < 1.8 {
        return down;
    }
    let along = measure.plan(area, Flow::Along).map(|mut plan| {
        plan.worth -= if shape < 3.5 { 1.0 } else { 0.0 };
        plan
    });
    match (down, along) {
        (Some(down), Some(along)) if down.worth >= along.worth => Some(down),
        (down, None) => down,
        (_, along) => along,
    }
}

/// Ways to share a panel among words, label and card.
fn divisions(frame: &Frame, inner: Area, code: &CodeWords<'_>) -> Vec<Division> {
    let card = code.plan.card;
    let at_left = matches!(code.corner, Corner::TopLeft | Corner::BottomLeft);
    let at_top = matches!(code.corner, Corner::TopLeft | Corner::TopRight);
    let gap = px(frame.gap() * 1.4);
    let breath = px(frame.gap() * 1.8);
    let row = |from: u32, to: u32| Area::new(inner.x, from, inner.width, to.saturating_sub(from));
    // Above or below the card, across the panel.
    let rest = |card_top: u32, card_bottom: u32, by: u32| {
        if at_top {
            row(card_bottom + by, inner.bottom())
        } else {
            row(inner.y, card_top.saturating_sub(by))
        }
    };
    // Left or right of the card, `by` away from it.
    let side = |by: u32| {
        if at_left {
            let x = card.right() + by;
            Area::new(x, inner.y, inner.right().saturating_sub(x), inner.height)
        } else {
            Area::new(
                inner.x,
                inner.y,
                card.x.saturating_sub(inner.x + by),
                inner.height,
            )
        }
    };
    let foot = if at_top { Anchor::Top } else { Anchor::Bottom };
    let beside = side(gap);
    let mut divisions = Vec::new();
    let in_card_rows = Area::new(beside.x, card.y, beside.width, card.height);
    divisions.push(Division {
        words: rest(card.y, card.bottom(), breath),
        label: in_card_rows,
        anchor: foot,
        bonus: 0.8,
    });
    // One column beside the card; the label takes what it needs of it.
    divisions.push(Division {
        words: beside,
        label: in_card_rows,
        anchor: foot,
        bonus: 0.3,
    });
    // One above the other.
    let most = px(real(inner.height.saturating_sub(card.height)) * 0.5);
    let stacked = if at_top {
        Area::new(inner.x, card.bottom() + gap / 2, inner.width, most)
    } else {
        Area::new(
            inner.x,
            card.y.saturating_sub(gap / 2 + most),
            inner.width,
            most,
        )
    };
    divisions.push(Division {
        words: rest(card.y, card.bottom(), gap / 2),
        label: stacked,
        anchor: foot,
        bonus: 0.0,
    });
    // The label above or below the card in a column of its own, the words beside both.
    let narrow = if at_top {
        Area::new(
            card.x,
            card.bottom() + gap / 2,
            card.width,
            inner.bottom().saturating_sub(card.bottom() + gap / 2),
        )
    } else {
        Area::new(
            card.x,
            inner.y,
            card.width,
            card.y.saturating_sub(gap / 2 + inner.y),
        )
    };
    divisions.push(Division {
        words: side(breath * 2),
        label: narrow,
        anchor: foot,
        bonus: 0.5,
    });
    // Everything in one row: words, label, card.
    if inner.width > 2 * inner.height {
        for share in [1.0, 1.5, 2.2] {
            let wide = px(real(card.width) * share).min(beside.width / 2);
            let label_x = if at_left {
                beside.x
            } else {
                beside.right().saturating_sub(wide)
            };
            let words_x = if at_left {
                beside.x + wide + 2 * breath
            } else {
                inner.x
            };
            let words_end = if at_left {
                inner.right()
            } else {
                label_x.saturating_sub(2 * breath)
            };
            divisions.push(Division {
                words: Area::new(
                    words_x,
                    inner.y,
                    words_end.saturating_sub(words_x),
                    inner.height,
                ),
                label: Area::new(label_x, card.y, wide, card.height),
                anchor: Anchor::Middle,
                bonus: 0.3,
            });
        }
    }
    divisions.retain(|division| !division.label.is_empty() && !division.words.is_empty());
    divisions
}

/// Sets the label at sizes of the scale only.
fn fit_label(measure: &mut Measure<'_>, code: &CodeWords<'_>, area: Area) -> Option<Label> {
    let frame = measure.frame;
    let sizes = frame.sizes(3, 0);
    let room = (real(area.width), real(area.height));
    let label = Label::fit(measure.typesetter, frame, code, &sizes, room)?;
    let least = frame.size(0) * 0.99;
    let legible = label.call.as_ref().is_none_or(|call| call.size >= least);
    legible.then_some(label)
}

/// Gives the words what the label does not need where both share a column.
fn tightened(measure: &Measure<'_>, mut division: Division, label: &Label) -> Division {
    let Some(shared) = division.words.common(division.label) else {
        return division;
    };
    let breath = px(measure.frame.gap() * 1.8);
    let needed = px(label.height().ceil()) + breath;
    let words = division.words;
    let most = shared.height.max(needed);
    division.words = match division.anchor {
        Anchor::Top => {
            let y = (division.label.y + needed).min(words.bottom());
            Area::new(words.x, y, words.width, words.bottom() - y)
        }
        _ => {
            let bottom = division.label.bottom().saturating_sub(needed.min(most));
            Area::new(
                words.x,
                words.y,
                words.width,
                bottom.saturating_sub(words.y),
            )
        }
    };
    division
}

/// A label that is loud and whole is worth something.
fn label_worth(frame: &Frame, label: &Label) -> f32 {
    let call = label.call.as_ref().map_or(0.0, |call| {
        let harm = if call.whole { 0.0 } else { 1.0 };
        0.3 * frame.steps_of(call.size) - harm
    });
    let harm = label.host.as_ref().is_some_and(|host| !host.whole);
    call - if harm { 1.0 } else { 0.0 }
}
