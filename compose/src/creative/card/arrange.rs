//! Where a card's picture, words and code go in a frame of any shape.
//!
//! Invariants: nothing overlaps, and nothing but the picture reaches into the margins or under
//! another zone; the code keeps its corner; every text has a size of the scale.

use passerby_protocol::campaign::Corner;
use passerby_protocol::card::CardLayout;

use crate::creative::card::divide::{Division, Split, divisions, splits};
use crate::creative::card::measure::Measure;
use crate::creative::card::stack::{Anchor, Flow, Placed, Plan};
use crate::page::frame::Frame;
use crate::page::layout::{CodeWords, Label, Words};
use crate::raster::canvas::{Area, px, real};

/// Everything at its place.
pub(super) struct Arrangement {
    pub(super) picture: Option<Area>,
    pub(super) placed: Vec<Placed>,
    pub(super) call: Option<Words>,
    pub(super) host: Option<Words>,
    worth: f32,
}

/// Finds the best arrangement. `bleeds` tells whether the picture may be cropped to a shape. `None`
/// when not everything fits.
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
        let code_square = code.map(|code| code.plan.code_square);
        let inner = frame.clear(split.panel.inset(frame.margin), code_square);
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
    let code_square = code.plan.code_square;
    if code_square.common(inner) != Some(code_square) {
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
    // Beside the code square the label stands next to it; above and below it is flush with its
    // edge.
    let at_left = matches!(code.corner, Corner::TopLeft | Corner::BottomLeft);
    let stands_before = area.right() <= code_square.x;
    let x = if stands_before || (measure.rtl && !at_left && area.x >= code_square.x) {
        real(area.right()) - label.width()
    } else {
        real(area.x)
    };
    let x = if stands_before && !measure.rtl && division.flush_left(inner, code_square) {
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
