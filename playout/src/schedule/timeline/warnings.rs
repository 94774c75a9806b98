//! What a publisher or operator should know about a timeline before it airs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use passerby_protocol::spans::{NextOpen, next_open};
use passerby_protocol::window::Window;

use crate::content::catalog::CatalogItem;
use crate::schedule::rotation::Rules;
use crate::schedule::timeline::{Slot, Timeline};

/// So many changes of windows are looked at before something is said never to air.
const EDGES_MAX: usize = 400;
const HOUR_MS: u64 = 3_600_000;

/// Says what is odd: content that can never air, goals that were not met when their phase ended,
/// and hours in which the house creative airs alone. `timeline` is where `slots` were taken from:
/// those that start within `span_ms` of `from`.
pub fn warnings(timeline: &Timeline, from: Timestamp, span_ms: u64, slots: &[Slot]) -> Vec<String> {
    let aired: BTreeSet<(&str, usize)> = slots
        .iter()
        .filter_map(|slot| slot.item.as_ref())
        .map(|item| (item.campaign.as_str(), item.placement))
        .collect();
    let mut found = Vec::new();
    for (zone, rotation) in timeline.rotations() {
        for item in rotation.catalog() {
            let has_aired = aired.contains(&(item.campaign_id.as_str(), item.placement));
            if !has_aired && never_airs(item, rotation.rules(), from) {
                found.push(format!(
                    "placement {} of {} ({}) can never air: its phases, dayparts, recurrence and the venue's hours have no moment in common from now on",
                    item.placement + 1,
                    item.campaign_id,
                    item.placement().creative
                ));
            }
        }
        found.extend(missed_goals(
            zone,
            rotation.catalog(),
            rotation.rules(),
            slots,
        ));
        found.extend(house_hours(zone, rotation.rules(), span_ms, slots));
    }
    found
}

fn never_airs(item: &CatalogItem, rules: &Rules, from: Timestamp) -> bool {
    let zone = &rules.time_zone;
    let window = |at| -> Window {
        item.campaign
            .window(item.placement(), at, zone)
            .and(rules.opening.at(at, zone))
    };
    // What may, but so late that nobody can say, is not called never.
    next_open(window, from, EDGES_MAX) == NextOpen::Never
}

fn missed_goals(zone: &str, catalog: &[CatalogItem], rules: &Rules, slots: &[Slot]) -> Vec<String> {
    let Some(end) = slots.last().and_then(|slot| rules.local(&slot.start)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for item in catalog {
        if !seen.insert(&item.campaign_id) {
            continue;
        }
        for phase in &item.campaign.phases {
            let (Some(goal), Some(until)) = (phase.goal_plays, phase.until) else {
                continue;
            };
            if until >= end.date() {
                continue;
            }
            let plays = slots
                .iter()
                .filter(|slot| slot.zone == zone)
                .filter(|slot| {
                    let date = rules.local_date(&slot.start);
                    slot.item
                        .as_ref()
                        .is_some_and(|aired| aired.campaign == item.campaign_id.as_str())
                        && date.is_some_and(|date| phase.covers(date))
                })
                .count();
            if (plays as u64) < u64::from(goal) {
                found.push(format!(
                    "phase {} of {} ends on {until} with {plays} plays in this timeline, of the {goal} that are its goal",
                    phase.name, item.campaign_id
                ));
            }
        }
    }
    found
}

fn house_hours(zone: &str, rules: &Rules, span_ms: u64, slots: &[Slot]) -> Option<String> {
    let mut content_ms: BTreeMap<u64, u64> = BTreeMap::new();
    let mut first = None;
    for slot in slots.iter().filter(|slot| slot.zone == zone) {
        let origin = *first.get_or_insert(slot.start.boot_ms);
        let (mut at, end) = (
            slot.start.boot_ms - origin,
            (slot.start.boot_ms - origin + slot.length_ms).min(span_ms),
        );
        while at < end {
            let hour = at / HOUR_MS;
            let until = end.min((hour + 1) * HOUR_MS);
            let counted = content_ms.entry(hour).or_insert(0);
            if slot.item.is_some() {
                *counted += until - at;
            }
            at = until;
        }
    }
    let empty: Vec<u64> = content_ms
        .iter()
        .filter(|(_, content_ms)| **content_ms == 0)
        .map(|(hour, _)| *hour)
        .collect();
    let start = slots.iter().find(|slot| slot.zone == zone)?.start.clone();
    let from = rules.local(&start.plus_ms(empty.first()? * HOUR_MS))?;
    Some(format!(
        "zone {zone} shows the house creative alone for {} of {} hours, first in the hour from {}; add a filler = true placement, or wider dayparts",
        empty.len(),
        content_ms.len(),
        from.strftime("%Y-%m-%d %H:%M")
    ))
}
