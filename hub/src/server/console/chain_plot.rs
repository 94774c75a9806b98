//! A chain of shares as a drawing within the page: the scan above, below it who passed the page on,
//! generation by generation, and beside each the others that they brought.
//!
//! Invariants: at most so many people are drawn as are told ([`NODES_MAX`]), and [`ROWS_MAX`]
//! generations; [`Drawn`] says how many are, so that whoever shows the drawing can say the rest.

use maud::{Markup, html};

use crate::server::console::layout::number;
use crate::store::{LargeChain, NODES_MAX};

const WIDTH: f64 = 360.0;
const ABOVE: f64 = 14.0;
const ROW: f64 = 38.0;
/// Most generations that are drawn.
const ROWS_MAX: usize = 12;
/// How far dots of people lie apart at least.
const DOT: f64 = 5.5;
/// Most dots beside one person.
const DOTS_MAX: u64 = 12;
/// How wide a number is beside them.
const NUMBER: f64 = 34.0;

/// What is drawn of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// People who passed the page on.
    pub(crate) people: usize,
    /// Generations after the scan.
    pub(crate) generations: usize,
}

/// Where somebody stands who passed the page on.
struct Place {
    generation: usize,
    above: Option<usize>,
    /// Others that they brought and that are nowhere else in the drawing.
    ends: u64,
    /// Where their part of the width begins, and how much of it they have with all below them.
    left: f64,
    parts: f64,
}

impl Place {
    fn x(&self, part: f64) -> f64 {
        (self.left + self.parts / 2.0) * part
    }

    fn y(&self) -> f64 {
        y_of(self.generation)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few rows")]
fn y_of(generation: usize) -> f64 {
    ABOVE + generation as f64 * ROW
}

/// Puts everybody into their place.
fn places(chain: &LargeChain) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    // The list is bounded where it is read; whoever draws relies on nobody.
    for node in chain.nodes.iter().take(NODES_MAX) {
        let above = node.above.and_then(|above| places.get(above));
        let generation = above.map_or(0, |above| above.generation + 1);
        places.push(Place {
            generation,
            above: node.above,
            ends: node.brought,
            left: 0.0,
            parts: 0.0,
        });
    }
    // Who passed it on stands in a place of their own, and in no dot.
    for at in 1..places.len() {
        let is_drawn = places[at].generation < ROWS_MAX;
        if let Some(above) = places[at].above.filter(|&above| is_drawn && above < at) {
            places[above].ends = places[above].ends.saturating_sub(1);
        }
    }
    // Everybody stands behind who is above them, so from the end on all below are known.
    for at in (0..places.len()).rev() {
        if places[at].ends > 0 || places[at].parts < 1.0 {
            places[at].parts += 1.0;
        }
        let (parts, is_drawn) = (places[at].parts, places[at].generation < ROWS_MAX);
        if let Some(above) = places[at].above.filter(|&above| is_drawn && above < at) {
            places[above].parts += parts;
        }
    }
    // The dots of somebody come first, then those below.
    let mut next: Vec<f64> = places
        .iter()
        .map(|place| if place.ends > 0 { 1.0 } else { 0.0 })
        .collect();
    for at in 1..places.len() {
        if let Some(above) = places[at].above.filter(|&above| above < at) {
            places[at].left = places[above].left + next[above];
            next[above] += places[at].parts;
        }
    }
    places.retain(|place| place.generation < ROWS_MAX);
    places
}

/// Draws a chain. `name` says what it shows to whoever cannot see it; `title` says of somebody in
/// which generation they are and how many others they brought.
pub(crate) fn tree(
    name: &str,
    chain: &LargeChain,
    title: impl Fn(usize, u64) -> String,
) -> (Markup, Drawn) {
    let places = places(chain);
    let part = WIDTH / places.first().map_or(1.0, |first| first.parts.max(1.0));
    let deepest = places.iter().map(|place| place.generation).max();
    let generations = deepest.map_or(0, |deepest| deepest + 1);
    let drawn = Drawn {
        people: places.len(),
        generations,
    };
    let height = y_of(generations) + ABOVE;
    let markup = html! {
        svg.plot.chain viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(name) {
            @for place in &places {
                @if let Some(above) = place.above.and_then(|above| places.get(above)) {
                    line x1=(at(above.x(part))) y1=(at(above.y())) x2=(at(place.x(part))) y2=(at(place.y())) {}
                }
                (dots(place, part))
            }
            @for (place, node) in places.iter().zip(&chain.nodes) {
                circle.bar-of cx=(at(place.x(part))) cy=(at(place.y())) r=(if place.generation == 0 { "7" } else { "4" }) {
                    title { (title(place.generation, node.brought)) }
                }
            }
        }
    };
    (markup, drawn)
}

/// The others that somebody brought, and how many there are where they have no room.
fn dots(place: &Place, part: f64) -> Markup {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a small width"
    )]
    let room = |width: f64| ((width / DOT).floor().max(1.0) as u64).min(DOTS_MAX);
    let fits = place.ends <= room(part);
    let has_number = !fits && part >= NUMBER + DOT;
    let count = match (fits, has_number) {
        (true, _) => place.ends,
        (false, true) => room(part - NUMBER),
        (false, false) => room(part),
    };
    let (from, y) = (place.left * part, place.y() + ROW);
    #[expect(clippy::cast_precision_loss, reason = "a dozen dots")]
    let width = count as f64 * DOT + if has_number { NUMBER } else { 0.0 };
    let first = from + (part - width).max(0.0) / 2.0 + DOT / 2.0;
    #[expect(clippy::cast_precision_loss, reason = "a dozen dots")]
    let x = |dot: u64| first + dot as f64 * DOT;
    html! {
        @for dot in 0..count {
            line x1=(at(place.x(part))) y1=(at(place.y())) x2=(at(x(dot))) y2=(at(y)) {}
        }
        @for dot in 0..count {
            circle.rest cx=(at(x(dot))) cy=(at(y)) r="2.2" {}
        }
        @if has_number {
            text x=(at(x(count))) y=(at(y + 4.0)) { "+" (number(place.ends - count)) }
        }
    }
}

fn at(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use passerby_protocol::ScreenNumber;

    use super::*;
    use crate::store::Node;

    fn chain(nodes: &[(Option<usize>, u64)]) -> LargeChain {
        LargeChain {
            screen: ScreenNumber::new(1).unwrap(),
            name: None,
            campaign: "cafe".into(),
            began: String::new(),
            links: nodes.iter().map(|node| node.1).sum(),
            depth: 2,
            newest: String::new(),
            nodes: nodes
                .iter()
                .map(|&(above, brought)| Node { above, brought })
                .collect(),
            links_left_out: 0,
        }
    }

    fn drawn(nodes: &[(Option<usize>, u64)]) -> (String, Drawn) {
        let title = |generation, brought| format!("{generation} <{brought}>");
        let (markup, drawn) = tree("<chain>", &chain(nodes), title);
        (markup.into_string(), drawn)
    }

    #[test]
    fn everybody_of_a_small_chain_is_drawn_once_and_within_the_width() {
        // Three by who scanned, of whom one brought two more.
        let (svg, drawn) = drawn(&[(None, 3), (Some(0), 2)]);
        assert_eq!((drawn.people, drawn.generations), (2, 2));
        assert_eq!(svg.matches("bar-of").count(), 2);
        assert_eq!(svg.matches("class=\"rest\"").count(), 2 + 2);
        assert!(svg.contains("aria-label=\"&lt;chain&gt;\"") && svg.contains("0 &lt;3&gt;"));
        for place in svg.split("cx=\"").skip(1) {
            let x: f64 = place.split('"').next().unwrap().parse().unwrap();
            assert!((0.0..=WIDTH).contains(&x), "{x}");
        }
    }

    #[test]
    fn who_brought_very_many_has_a_few_dots_and_their_number() {
        let (svg, _) = drawn(&[(None, 100_000)]);
        assert_eq!(svg.matches("class=\"rest\"").count(), 12);
        assert!(svg.contains("+99\u{202f}988"), "{svg}");
    }

    #[test]
    fn a_long_chain_and_a_wide_one_stay_small() {
        let long: Vec<_> = (0..80).map(|at: usize| (at.checked_sub(1), 1)).collect();
        let (svg, drawn_long) = drawn(&long);
        assert_eq!((drawn_long.people, drawn_long.generations), (12, 12));
        // The last one has brought somebody who is not drawn as a person.
        assert_eq!(svg.matches("class=\"rest\"").count(), 1);
        let wide: Vec<_> = std::iter::once((None, 79))
            .chain((1..80).map(|_| (Some(0), 500)))
            .collect();
        let (svg, drawn_wide) = drawn(&wide);
        assert_eq!(drawn_wide.people, 80);
        assert!(svg.len() < 40_000, "{} bytes", svg.len());
        let (svg, drawn_none) = drawn(&[]);
        assert_eq!(drawn_none.people, 0);
        assert!(svg.contains("<svg"));
    }
}
