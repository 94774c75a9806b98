//! Reads `[layout]` of kiosk.toml.

use std::ops::RangeInclusive;
use std::str::FromStr;

use passerby_protocol::campaign::{Corner, Rgb, zone_name};
use passerby_protocol::toml_fields::{Placed, Section};

use crate::screen::layout::zones::{
    Layout, MAIN, MilliPercent, OVERSCAN_PERCENT_MAX, Plan, SIDE_PERCENT_MIN, WHOLE, ZONES_MAX,
    ZonePlace,
};

/// The second zone of a layout: how much of the screen it may get, in percent, and what it gets
/// where nothing is said.
struct SecondZone {
    percent: RangeInclusive<f64>,
    usual: MilliPercent,
}

const SIDE: SecondZone = SecondZone {
    percent: 10.0..=50.0,
    usual: 30_000,
};
const TICKER: SecondZone = SecondZone {
    percent: 5.0..=30.0,
    usual: 12_000,
};
const INSET: SecondZone = SecondZone {
    percent: 10.0..=50.0,
    usual: 28_000,
};

/// What the reference says of the shares of second zones.
pub(super) fn shares() -> String {
    let kinds = [
        ("main-side", SIDE),
        ("main-ticker", TICKER),
        ("picture-in-picture", INSET),
    ];
    let kinds = kinds.map(
        |(
            kind,
            SecondZone {
                percent: range,
                usual,
            },
        )| {
            let (least, most, usual) = (range.start(), range.end(), percent(usual));
            format!("`{kind}` {least} to {most}, absent {usual}")
        },
    );
    kinds.join("; ")
}

/// The layouts that have a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Full,
    MainSide,
    MainTicker,
    PictureInPicture,
}

/// An edge of the screen.
#[derive(Clone, Copy)]
enum Edge {
    Left,
    Right,
    Top,
    Bottom,
}

/// A zone as it was written: its name, and its left, top, right and bottom edges.
type Written = (Option<Placed<String>>, Option<[MilliPercent; 4]>);

pub(super) fn layout(section: &Section<'_>) -> Layout {
    let mut layout = Layout::default();
    if let Some(background) =
        section.parsed("background", "a colour such as \"#101820\"", Rgb::from_str)
    {
        layout.background = background.value;
    }
    if let Some(overscan) = section.number("overscan_percent", 0.0..=OVERSCAN_PERCENT_MAX) {
        layout.overscan = share(overscan.value);
    }
    let kinds = [
        ("full", Kind::Full),
        ("main-side", Kind::MainSide),
        ("main-ticker", Kind::MainTicker),
        ("picture-in-picture", Kind::PictureInPicture),
    ];
    match section.choice("kind", &kinds) {
        Some(kind) => layout.zones = named(section, kind.value),
        None => {
            let zones = custom(section);
            if !zones.is_empty() {
                layout.zones = zones;
            }
        }
    }
    layout
}

fn named(section: &Section<'_>, kind: Kind) -> Vec<Plan> {
    let percent = |zone: SecondZone| {
        section
            .number("share_percent", zone.percent)
            .map_or(zone.usual, |percent| share(percent.value))
    };
    match kind {
        Kind::Full => Layout::default().zones,
        Kind::MainSide => {
            let sides = [
                ("right", Edge::Right),
                ("left", Edge::Left),
                ("top", Edge::Top),
                ("bottom", Edge::Bottom),
            ];
            let edge = section.choice("side", &sides);
            split(
                "side",
                edge.map_or(Edge::Right, |edge| edge.value),
                percent(SIDE),
            )
        }
        Kind::MainTicker => {
            let sides = [("bottom", Edge::Bottom), ("top", Edge::Top)];
            let edge = section.choice("side", &sides);
            split(
                "ticker",
                edge.map_or(Edge::Bottom, |edge| edge.value),
                percent(TICKER),
            )
        }
        Kind::PictureInPicture => {
            let corners = [
                ("top-left", Corner::TopLeft),
                ("top-right", Corner::TopRight),
                ("bottom-left", Corner::BottomLeft),
                ("bottom-right", Corner::BottomRight),
            ];
            // Codes stand at the bottom right unless a campaign says otherwise.
            let corner = section
                .choice("corner", &corners)
                .map_or(Corner::TopRight, |corner| corner.value);
            let inset = Plan {
                name: "inset".to_owned(),
                place: ZonePlace::Inset(corner, percent(INSET)),
            };
            let mut zones = Layout::default().zones;
            zones.push(inset);
            zones
        }
    }
}

/// Divides the screen between `main` and a second zone along one of its edges.
fn split(name: &str, edge: Edge, share: MilliPercent) -> Vec<Plan> {
    let rest = WHOLE - share;
    let (main, second) = match edge {
        Edge::Left => ([share, 0, WHOLE, WHOLE], [0, 0, share, WHOLE]),
        Edge::Right => ([0, 0, rest, WHOLE], [rest, 0, WHOLE, WHOLE]),
        Edge::Top => ([0, share, WHOLE, WHOLE], [0, 0, WHOLE, share]),
        Edge::Bottom => ([0, 0, WHOLE, rest], [0, rest, WHOLE, WHOLE]),
    };
    vec![Plan::edges(MAIN, main), Plan::edges(name, second)]
}

fn custom(section: &Section<'_>) -> Vec<Plan> {
    let zones: Vec<Written> = section.tables("zone", ZONES_MAX, |zone| (name(zone), edges(zone)));
    for (at, (name, area)) in zones.iter().enumerate() {
        let Some(name) = name else { continue };
        let say = |message: String| section.problem(name, message);
        let word = &name.value;
        if at == 0 && word != MAIN {
            say(format!(
                "the first zone is called {word:?}; call it {MAIN:?}, it is where placements without a zone air"
            ));
        }
        for (earlier, other) in &zones[..at] {
            let Some(earlier) = earlier.as_ref().map(|earlier| &earlier.value) else {
                continue;
            };
            if earlier == word {
                say(format!(
                    "there is a zone {word:?} already; give each its own name"
                ));
            }
            let (Some(area), Some(other)) = (area, other) else {
                continue;
            };
            if area == other {
                say(format!(
                    "zone {word:?} covers all of zone {earlier:?}; make it smaller or move it"
                ));
            } else if overlap(*area, *other) && !lies_inside(*area, *other) {
                say(format!(
                    "zone {word:?} overlaps zone {earlier:?}; let them abut, or put {word:?} wholly inside {earlier:?} as a picture in a picture"
                ));
            }
        }
    }
    zones
        .into_iter()
        .filter_map(|(name, area)| Some(Plan::edges(&name?.value, area?)))
        .collect()
}

fn name(zone: &Section<'_>) -> Option<Placed<String>> {
    let name = zone.parsed("name", "a zone's name such as \"main\"", zone_name);
    if name.is_none() && !zone.has("name") {
        zone.missing("name", "\"main\"");
    }
    name
}

/// Left, top, right and bottom.
fn edges(zone: &Section<'_>) -> Option<[MilliPercent; 4]> {
    let start = |key| zone.number(key, 0.0..=100.0);
    let (x, y) = (start("x"), start("y"));
    let side = |key: &'static str, accepted: &str, from: Option<&Placed<f64>>| {
        let Some(side) = zone.number(key, SIDE_PERCENT_MIN..=100.0) else {
            if !zone.has(key) {
                zone.missing(key, accepted);
            }
            return None;
        };
        let from = from.map_or(0, |from| share(from.value));
        let end = from + share(side.value);
        if end > WHOLE {
            zone.problem(
                &side,
                format!(
                    "{key} is {}, which ends outside the screen; use at most {}",
                    side.value,
                    percent(WHOLE - from)
                ),
            );
            return None;
        }
        Some([from, end])
    };
    let across = side("width", "100, in percent of the screen", x.as_ref());
    let down = side("height", "100, in percent of the screen", y.as_ref());
    let ([left, right], [top, bottom]) = (across?, down?);
    Some([left, top, right, bottom])
}

fn overlap(one: [MilliPercent; 4], other: [MilliPercent; 4]) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

fn lies_inside(inner: [MilliPercent; 4], outer: [MilliPercent; 4]) -> bool {
    outer[0] <= inner[0] && outer[1] <= inner[1] && inner[2] <= outer[2] && inner[3] <= outer[3]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers are checked to lie between 0 and 100"
)]
fn share(percent: f64) -> MilliPercent {
    (percent * 1_000.0).round() as MilliPercent
}

#[expect(clippy::cast_precision_loss, reason = "at most 100,000")]
fn percent(share: MilliPercent) -> f64 {
    share as f64 / 1_000.0
}
