//! Where things stand in a frame: the label of a code, and the page.
//!
//! Invariants: nothing but the picture reaches into the margins; the code square keeps its corner,
//! so that eyes and phones learn the place, unless another zone lies over that corner.

mod page;

use crate::page::frame::Frame;

use passerby_protocol::campaign::Corner;

use crate::page::code_square::CodePlan;
use crate::text::{Block, HEADLINE_LEADING, LineStyle, SMALL_LEADING, Typesetter, Weight};

pub(crate) use crate::page::layout::page::page;

/// A block at its place.
pub(crate) struct Words {
    pub(crate) block: Block,
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// The words of an order that go beside a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeWords<'a> {
    pub(crate) plan: &'a CodePlan,
    pub(crate) corner: Corner,
    pub(crate) call: &'a str,
    pub(crate) leads_to: &'a str,
}

/// A call to action with the line below it that says where the link leads.
pub(crate) struct Label {
    pub(crate) call: Option<Block>,
    pub(crate) host: Option<Block>,
    pub(crate) gap: f32,
}

/// Says what of a code's words people will not see as it was written. `call` and `host` are what
/// was set of them.
pub(crate) fn label_remarks(
    typesetter: &Typesetter,
    frame: &Frame,
    words: &CodeWords<'_>,
    call: Option<&Block>,
    host: Option<&Block>,
) -> Vec<String> {
    let (line, leads_to) = (words.call, words.leads_to);
    let mut remarks = Vec::new();
    match call {
        None if !typesetter.is_blank(line) => remarks.push(format!(
            "its call to action {line:?} has no room beside its code and is left out; shorten it, or give it a larger zone"
        )),
        Some(call) if call.size < frame.size(0) * 0.99 => remarks.push(format!(
            "its call to action {line:?} is set smaller than people can read from where they stand; shorten it"
        )),
        _ => {}
    }
    let what = match host {
        None if !typesetter.is_blank(leads_to) => "has no room and is left out",
        Some(host) if host.is_cut => "has not enough room and is cut off",
        _ => return remarks,
    };
    remarks.push(format!(
        "the line {leads_to:?} below its call to action, which says where the code leads, {what}; use a shorter host, or a larger zone"
    ));
    remarks
}

impl Label {
    /// Sets both into a box. `None` when the call to action does not fit.
    pub(crate) fn fit(
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
        let style = LineStyle {
            weight: Weight::Bold,
            leading: (HEADLINE_LEADING + SMALL_LEADING) / 2.0,
            sizes,
            lines_max: 2,
        };
        let mut call = typesetter.fit(words.call, style, width, height - taken);
        let smallest = sizes.last().copied().unwrap_or_default();
        if call.as_ref().is_none_or(|call| call.size < smallest) {
            let style = LineStyle {
                lines_max: 3,
                ..style
            };
            call = typesetter.fit(words.call, style, width, height - taken);
        }
        if call.is_none() && !typesetter.is_blank(words.call) {
            return None;
        }
        Some(Self { call, host, gap })
    }

    pub(crate) fn width(&self) -> f32 {
        let width = |block: &Option<Block>| block.as_ref().map_or(0.0, |block| block.width);
        width(&self.call).max(width(&self.host))
    }

    pub(crate) fn height(&self) -> f32 {
        let height = |block: &Option<Block>| block.as_ref().map_or(0.0, |block| block.height);
        let gap = if self.call.is_some() && self.host.is_some() {
            self.gap
        } else {
            0.0
        };
        height(&self.call) + gap + height(&self.host)
    }

    /// Stands the label with its top left corner at a point.
    pub(crate) fn placed(self, x: f32, y: f32) -> (Option<Words>, Option<Words>) {
        let below = y + self.height() - self.host.as_ref().map_or(0.0, |host| host.height);
        let call = self.call.map(|block| Words { block, x, y });
        let host = self.host.map(|block| Words { block, x, y: below });
        (call, host)
    }
}
