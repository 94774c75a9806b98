//! Ways to cut a frame: into panel and picture, and a panel into words, label and code square.
//!
//! Invariant: the parts of one way never overlap, but for a column that words and label share.

use passerby_protocol::campaign::Corner;
use passerby_protocol::card::CardLayout;

use crate::creative::card::stack::Anchor;
use crate::page::frame::Frame;
use crate::page::layout::CodeWords;
use crate::raster::canvas::{Area, px, real};

/// Most of a frame's length that goes to a picture on a strip, in short sides.
const STRIP_PICTURE: [f32; 4] = [1.0, 1.35, 1.8, 2.4];

/// The frame cut in two, or not at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    pub(super) panel: Area,
    pub(super) picture: Option<Area>,
    pub(super) bonus: f32,
}

/// What is left for the words, and where the label goes.
pub(super) struct Division {
    pub(super) words: Area,
    pub(super) label: Area,
    /// The label keeps to the top of its area, to its foot, or to the middle.
    pub(super) anchor: Anchor,
    pub(super) bonus: f32,
}

/// Ways to cut the frame into a panel, on the code's side, and a picture.
pub(super) fn splits(frame: &Frame, layout: CardLayout, corner: Option<Corner>) -> Vec<Split> {
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

impl Division {
    /// The label begins where the words begin, as long as it stays near its code.
    pub(super) fn flush_left(&self, inner: Area, code_square: Area) -> bool {
        self.label.x == inner.x
            && self.words.x == inner.x
            && self.label.width <= 3 * code_square.width
    }
}

/// Ways to share a panel among words, label and code square.
pub(super) fn divisions(frame: &Frame, inner: Area, code: &CodeWords<'_>) -> Vec<Division> {
    let code_square = code.plan.code_square;
    let at_left = matches!(code.corner, Corner::TopLeft | Corner::BottomLeft);
    let at_top = matches!(code.corner, Corner::TopLeft | Corner::TopRight);
    let gap = px(frame.gap() * 1.4);
    let breath = px(frame.gap() * 1.8);
    let row = |from: u32, to: u32| Area::new(inner.x, from, inner.width, to.saturating_sub(from));
    // Above or below the code square, across the panel.
    let rest = |code_square_top: u32, code_square_bottom: u32, by: u32| {
        if at_top {
            row(code_square_bottom + by, inner.bottom())
        } else {
            row(inner.y, code_square_top.saturating_sub(by))
        }
    };
    // Left or right of the code square, `by` away from it.
    let side = |by: u32| {
        if at_left {
            let x = code_square.right() + by;
            Area::new(x, inner.y, inner.right().saturating_sub(x), inner.height)
        } else {
            Area::new(
                inner.x,
                inner.y,
                code_square.x.saturating_sub(inner.x + by),
                inner.height,
            )
        }
    };
    let foot = if at_top { Anchor::Top } else { Anchor::Bottom };
    let beside = side(gap);
    let mut divisions = Vec::new();
    let in_code_square_rows = Area::new(beside.x, code_square.y, beside.width, code_square.height);
    divisions.push(Division {
        words: rest(code_square.y, code_square.bottom(), breath),
        label: in_code_square_rows,
        anchor: foot,
        bonus: 0.8,
    });
    // One column beside the code square; the label takes what it needs of it.
    divisions.push(Division {
        words: beside,
        label: in_code_square_rows,
        anchor: foot,
        bonus: 0.3,
    });
    // One above the other.
    let most = px(real(inner.height.saturating_sub(code_square.height)) * 0.5);
    let stacked = if at_top {
        Area::new(inner.x, code_square.bottom() + gap / 2, inner.width, most)
    } else {
        Area::new(
            inner.x,
            code_square.y.saturating_sub(gap / 2 + most),
            inner.width,
            most,
        )
    };
    divisions.push(Division {
        words: rest(code_square.y, code_square.bottom(), gap / 2),
        label: stacked,
        anchor: foot,
        bonus: 0.0,
    });
    // The label above or below the code square in a column of its own, the words beside both.
    let narrow = if at_top {
        Area::new(
            code_square.x,
            code_square.bottom() + gap / 2,
            code_square.width,
            inner
                .bottom()
                .saturating_sub(code_square.bottom() + gap / 2),
        )
    } else {
        Area::new(
            code_square.x,
            inner.y,
            code_square.width,
            code_square.y.saturating_sub(gap / 2 + inner.y),
        )
    };
    divisions.push(Division {
        words: side(breath * 2),
        label: narrow,
        anchor: foot,
        bonus: 0.5,
    });
    // Everything in one row: words, label, code square.
    if inner.width > 2 * inner.height {
        for share in [1.0, 1.5, 2.2] {
            let wide = px(real(code_square.width) * share).min(beside.width / 2);
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
                label: Area::new(label_x, code_square.y, wide, code_square.height),
                anchor: Anchor::Middle,
                bonus: 0.3,
            });
        }
    }
    divisions.retain(|division| !division.label.is_empty() && !division.words.is_empty());
    divisions
}
