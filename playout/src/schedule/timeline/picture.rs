//! A timeline as a picture: a lane a zone, a colour a campaign.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::schedule::timeline::Slot;

const WIDTH: f64 = 1_200.0;
const LEFT: f64 = 90.0;
const TOP: f64 = 34.0;
const LANE: f64 = 46.0;
const GAP: f64 = 10.0;
/// Golden angle in degrees: neighbours in a list are far apart in colour.
const TURN: f64 = 137.508;
/// Most marks on the axis of time.
const MARKS_MAX: i64 = 12;

/// Draws slots, which are ordered by their starts, as an SVG document.
pub fn svg(slots: &[Slot], time_zone: &TimeZone) -> String {
    let zones = ordered(slots.iter().map(|slot| slot.zone.as_str()));
    let campaigns = ordered(slots.iter().filter_map(|slot| {
        let item = slot.item.as_ref()?;
        Some(item.campaign.as_str())
    }));
    let start_ms = slots
        .iter()
        .map(|slot| slot.start.boot_ms)
        .min()
        .unwrap_or(0);
    let end_ms = slots
        .iter()
        .map(|slot| slot.start.boot_ms + slot.length_ms)
        .max()
        .unwrap_or(1);
    let scale = (WIDTH - LEFT - 10.0) / as_f64(end_ms.saturating_sub(start_ms).max(1));
    let lanes = as_f64(zones.len() as u64);
    let legend_top = TOP + lanes * (LANE + GAP) + 24.0;
    let height = legend_top + 22.0 * as_f64(campaigns.len() as u64 + 1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\"><rect width=\"100%\" height=\"100%\" fill=\"#fbfaf7\"/>"
    );
    marks(
        &mut out,
        slots,
        time_zone,
        start_ms,
        scale,
        legend_top - 24.0,
    );
    for (name, lane) in &zones {
        let top = TOP + as_f64(*lane as u64) * (LANE + GAP);
        let _ = write!(
            out,
            "<text x=\"10\" y=\"{:.1}\" fill=\"#333\">{}</text>",
            top + LANE / 2.0 + 5.0,
            escaped(name)
        );
    }
    for (zone, name, from_ms, until_ms) in joined(slots) {
        let lane = zones.get(zone).copied().unwrap_or(0);
        let colour = name.map_or_else(
            || "#e3e0d8".to_owned(),
            |name| colour_of(campaigns.get(name).copied().unwrap_or(0)),
        );
        let _ = write!(
            out,
            "<rect x=\"{:.2}\" y=\"{:.1}\" width=\"{:.2}\" height=\"{LANE}\" fill=\"{colour}\"><title>{}</title></rect>",
            LEFT + as_f64(from_ms - start_ms) * scale,
            TOP + as_f64(lane as u64) * (LANE + GAP),
            as_f64(until_ms - from_ms) * scale,
            escaped(name.unwrap_or("house")),
        );
    }
    for (name, at) in &campaigns {
        let y = legend_top + 22.0 * as_f64(*at as u64);
        let _ = write!(
            out,
            "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"14\" height=\"14\" fill=\"{}\"/><text x=\"{}\" y=\"{:.1}\" fill=\"#333\">{}</text>",
            colour_of(*at),
            LEFT + 22.0,
            y + 12.0,
            escaped(name)
        );
    }
    out.push_str("</svg>\n");
    out
}

/// Names with their places, in the order in which they come first.
fn ordered<'s>(names: impl Iterator<Item = &'s str>) -> BTreeMap<&'s str, usize> {
    let mut places = BTreeMap::new();
    for name in names {
        let next = places.len();
        places.entry(name).or_insert(next);
    }
    places
}

/// What stands in a lane for a while: zone, campaign, from and until. Plays of one campaign that
/// follow each other are one.
fn joined(slots: &[Slot]) -> Vec<(&str, Option<&str>, u64, u64)> {
    let mut spans: Vec<(&str, Option<&str>, u64, u64)> = Vec::new();
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for slot in slots {
        let name = slot.item.as_ref().map(|item| item.campaign.as_str());
        let (from_ms, until_ms) = (slot.start.boot_ms, slot.start.boot_ms + slot.length_ms);
        match last.get(slot.zone.as_str()).map(|&at| &mut spans[at]) {
            Some(span) if span.1 == name && span.3 == from_ms => span.3 = until_ms,
            _ => {
                last.insert(&slot.zone, spans.len());
                spans.push((&slot.zone, name, from_ms, until_ms));
            }
        }
    }
    spans
}

/// Marks on the axis of time, in the venue's hours.
fn marks(
    out: &mut String,
    slots: &[Slot],
    time_zone: &TimeZone,
    start_ms: u64,
    scale: f64,
    bottom: f64,
) {
    let Some(first) = slots.first() else { return };
    let span_ms = slots
        .last()
        .map_or(0, |last| last.start.boot_ms + last.length_ms - start_ms);
    let Some(wall_ms) = first.start.wall_ms else {
        return;
    };
    let span_s = i64::try_from(span_ms / 1_000).unwrap_or(i64::MAX / 4);
    let steps = [
        60, 300, 900, 3_600, 10_800, 21_600, 86_400, 604_800, 2_678_400,
    ];
    let step_s = steps
        .into_iter()
        .find(|step| span_s / step <= MARKS_MAX)
        .unwrap_or(2_678_400);
    let offset_s = Timestamp::from_millisecond(wall_ms)
        .map_or(0, |at| i64::from(time_zone.to_offset(at).seconds()));
    let first_s = wall_ms.div_euclid(1_000);
    let mut at_s = (first_s + offset_s).div_euclid(step_s) * step_s + step_s - offset_s;
    while at_s < first_s + span_s {
        let Ok(at) = Timestamp::from_second(at_s) else {
            return;
        };
        let local = at.to_zoned(time_zone.clone());
        let words = if step_s >= 86_400 {
            local.strftime("%m-%d").to_string()
        } else {
            local.strftime("%H:%M").to_string()
        };
        let x = LEFT + as_f64(u64::try_from((at_s - first_s) * 1_000).unwrap_or(0)) * scale;
        let _ = write!(
            out,
            "<path d=\"M{x:.1} {TOP}V{bottom:.1}\" stroke=\"#cfcabd\"/><text x=\"{x:.1}\" y=\"22\" text-anchor=\"middle\" fill=\"#555\">{words}</text>"
        );
        at_s += step_s;
    }
}

fn colour_of(at: usize) -> String {
    let hue = (as_f64(at as u64) * TURN) % 360.0;
    format!("hsl({hue:.0} 48% 56%)")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of months, and counts"
)]
const fn as_f64(number: u64) -> f64 {
    number as f64
}
