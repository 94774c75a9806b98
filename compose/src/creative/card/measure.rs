//! What stands on a card, and how much room each part takes at each step of the type scale.
//!
//! Invariant: a part that was measured at a step and a width takes exactly that room when it is set
//! for good.

use std::collections::HashMap;

use crate::live::LiveKind;
use crate::page::frame::Frame;
use crate::text::{Block, Glyphs, HEADLINE_LEADING, LineStyle, SMALL_LEADING, Typesetter, Weight};

/// Smallest text of a card, in pixels; zones in which every size is smaller carry none.
const SIZE_PX_MIN: f32 = 7.0;
/// Most lines of a headline.
const HEADLINE_LINES_MAX: usize = 4;
/// Most lines of a body.
const BODY_LINES_MAX: usize = 10;

/// What stands on a card, besides its picture and its code.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) headline: String,
    pub(super) body: Option<String>,
    pub(super) tiles: Vec<Tile>,
    /// Clock and date, when they are not what the card is about.
    pub(super) status: Vec<LiveKind>,
    /// Pixels of the logo's file.
    pub(super) logo: Option<(u32, u32)>,
}

/// A value that is a graphic element: a price, a countdown, a counter, the time.
#[derive(Debug, Clone)]
pub(super) struct Tile {
    pub(super) label: Option<String>,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// What it costs, and what it cost before.
    Price(String, Option<String>),
    /// What is redrawn while it is on the screen; a label may be live too.
    Live(LiveKind, Option<LiveKind>),
}

/// The room of a text at one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Room {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) ascent: f32,
    pub(super) lines: usize,
    pub(super) whole: bool,
}

/// Which text of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Headline,
    Body,
    /// The label of a tile.
    Label(usize),
    /// The value of a tile.
    Value(usize),
    /// What a tile's value was.
    Was(usize),
}

/// Measures the parts of one card in one frame, each once.
pub(super) struct Measure<'a> {
    pub(super) typesetter: &'a mut Typesetter,
    pub(super) frame: &'a Frame,
    pub(super) content: &'a Content,
    /// The card reads from right to left.
    pub(super) rtl: bool,
    rooms: HashMap<(Part, u8, u32), Option<Room>>,
    live: HashMap<(usize, bool, u8), Room>,
}

impl<'a> Measure<'a> {
    pub(super) fn new(
        typesetter: &'a mut Typesetter,
        frame: &'a Frame,
        content: &'a Content,
    ) -> Self {
        let mut measure = Self {
            typesetter,
            frame,
            content,
            rtl: false,
            rooms: HashMap::new(),
            live: HashMap::new(),
        };
        measure.rtl = measure
            .set(Part::Headline, 7, f32::MAX)
            .is_some_and(|block| block.rtl);
        measure
    }

    /// The same card with other content, for finding out what does not fit.
    pub(super) fn with<'b>(&'b mut self, content: &'b Content) -> Measure<'b> {
        Measure::new(self.typesetter, self.frame, content)
    }

    /// Sets a text at a step of the scale; `None` when it does not fit the width or takes too many
    /// lines.
    pub(super) fn set(&mut self, part: Part, step: u8, width: f32) -> Option<Block> {
        let tile = |at: usize| self.content.tiles.get(at);
        let (text, weight, leading, lines_max) = match part {
            Part::Headline => (
                Some(self.content.headline.as_str()),
                Weight::Bold,
                HEADLINE_LEADING,
                HEADLINE_LINES_MAX,
            ),
            Part::Body => (
                self.content.body.as_deref(),
                Weight::Regular,
                SMALL_LEADING,
                BODY_LINES_MAX,
            ),
            Part::Label(at) => (
                tile(at).and_then(|tile| tile.label.as_deref()),
                Weight::Regular,
                SMALL_LEADING,
                2,
            ),
            Part::Value(at) | Part::Was(at) => {
                let text = match (tile(at).map(|tile| &tile.value)?, part) {
                    (Value::Price(price, _), Part::Value(_)) => Some(price.as_str()),
                    (Value::Price(_, was), _) => was.as_deref(),
                    _ => None,
                };
                let weight = match part {
                    Part::Was(_) => Weight::Regular,
                    _ => Weight::Bold,
                };
                (text, weight, HEADLINE_LEADING, 1)
            }
        };
        let sizes = [self.frame.size(step)];
        if sizes[0] < SIZE_PX_MIN {
            return None;
        }
        let style = LineStyle {
            weight,
            leading,
            sizes: &sizes,
            lines_max,
        };
        self.typesetter.fit_scale(text?, style, width, f32::MAX)
    }

    /// The room of a text at a step of the scale, in a width of whole pixels.
    pub(super) fn room(&mut self, part: Part, step: u8, width: u32) -> Option<Room> {
        if let Some(room) = self.rooms.get(&(part, step, width)) {
            return *room;
        }
        let room = self.set(part, step, width as f32).map(|block| Room {
            width: block.width,
            height: block.height,
            ascent: block.ascent,
            lines: block.lines,
            whole: block.whole,
        });
        self.rooms.insert((part, step, width), room);
        room
    }

    /// The room that a live value takes at most. `slot` tells the card's live values apart.
    pub(super) fn live(&mut self, slot: usize, kind: &LiveKind, bold: bool, step: u8) -> Room {
        if let Some(room) = self.live.get(&(slot, bold, step)) {
            return *room;
        }
        let size = self.frame.size(step);
        let weight = if bold { Weight::Bold } else { Weight::Regular };
        let mut glyphs = Glyphs::new(self.typesetter.fonts(), weight, size);
        let (ascent, descent) = kind.reach();
        let room = Room {
            width: kind.width(&mut glyphs),
            height: (ascent + descent) * size,
            ascent: ascent * size,
            lines: 1,
            whole: true,
        };
        self.live.insert((slot, bold, step), room);
        room
    }
}
