//! What will air, if nothing interferes: the rotation itself, run ahead of time.
//!
//! Invariant: a timeline asks the same rotation, with the same accounts, as the player does; so it
//! equals what airs while nothing fails, is cut short or changes its content.

mod picture;
#[cfg(test)]
mod tests;
mod warnings;

use std::sync::Arc;

use crate::content::catalog;
use crate::content::catalog::Catalog;
use crate::schedule::live_context::Facts;
use crate::schedule::rotation::{
    Airings, Booking, Class, Decision, History, Next, PickSurroundings, Rotation, Rules,
};
use crate::system::clock::Moment;

pub use crate::schedule::timeline::picture::svg;
pub use crate::schedule::timeline::warnings::warnings;

/// How long the house creative stands in a timeline when nothing is known to end it, in
/// milliseconds.
const HOUSE_MS: u64 = 3_600_000;
/// Shortest stay of the house creative, in milliseconds.
const HOUSE_MS_MIN: u64 = 1_000;

/// What airs in a zone for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The zone's name.
    pub zone: String,
    /// From when on.
    pub start: Moment,
    /// For how long, in milliseconds.
    pub length_ms: u64,
    /// None for the house creative.
    pub item: Option<SlotItem>,
    /// Why, in words.
    pub reason: String,
}

/// An item in a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotItem {
    /// The campaign's name in reports.
    pub campaign: String,
    /// Which of its placements, from 0.
    pub placement: usize,
    /// The creative's name in reports.
    pub creative: String,
    /// What its publisher calls the creative's file.
    pub file: String,
    /// Which class it was picked from.
    pub class: Class,
}

/// Runs a screen ahead of time: an iterator over the slots of all zones, by when they start. It
/// never ends.
pub struct Timeline {
    rules: Rules,
    zones: Vec<ZoneAhead>,
    airings: Airings,
    facts: Arc<Facts>,
}

struct ZoneAhead {
    name: String,
    rotation: Rotation,
    history: History,
    now: Moment,
    /// The play that is on at `now`, until then, to keep others away from it.
    on_air: Option<Booking>,
}

impl Timeline {
    /// Starts at a moment from what has aired. `zones`: their names and what they remember.
    pub fn new(
        rules: &Rules,
        catalog: &Catalog,
        zones: impl IntoIterator<Item = (String, History)>,
        airings: Airings,
        facts: Arc<Facts>,
        from: &Moment,
    ) -> Self {
        let zones = zones.into_iter().map(|(name, mut history)| ZoneAhead {
            rotation: Rotation::new(
                rules.clone(),
                catalog::of_zone(catalog, &name),
                &mut history.accounts,
            ),
            name,
            history,
            now: from.clone(),
            on_air: None,
        });
        Self {
            rules: rules.clone(),
            zones: zones.collect(),
            airings,
            facts,
        }
    }

    /// What zones would air, with their rules.
    pub(crate) fn rotations(&self) -> impl Iterator<Item = (&str, &Rotation)> {
        self.zones
            .iter()
            .map(|zone| (zone.name.as_str(), &zone.rotation))
    }
}

impl Iterator for Timeline {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        let at = (0..self.zones.len()).min_by_key(|&at| self.zones[at].now.boot_ms)?;
        let mut airings = self.airings.clone();
        let now = self.zones[at].now.clone();
        for (other, zone) in self.zones.iter().enumerate() {
            if let (true, Some(booking)) = (other != at, &zone.on_air) {
                booking.keep_away(&mut airings, &now);
            }
        }
        let Self {
            zones,
            facts,
            rules,
            ..
        } = self;
        let zone = &mut zones[at];
        let next = zone.ask(&now, &airings, facts);
        let (length_ms, item, reason) = match next.decision {
            Decision::Item(pick) => {
                let cut_ms = next.takeover_in_ms.filter(|&in_ms| {
                    pick.class != Class::Takeover
                        && in_ms < pick.dwell_ms
                        && zone.is_taken_over(&now.plus_ms(in_ms), &airings, facts)
                });
                let length_ms = cut_ms.unwrap_or(pick.dwell_ms);
                let span = (&now, &now.plus_ms(length_ms));
                pick.booking
                    .book(rules, &mut zone.history, &mut self.airings, span, length_ms);
                let aired = &zone.rotation.catalog()[pick.index];
                let item = SlotItem {
                    campaign: aired.campaign_id.to_string(),
                    placement: aired.placement,
                    creative: aired.creative.to_string(),
                    file: aired.placement().creative.clone(),
                    class: pick.class,
                };
                zone.on_air = Some(pick.booking);
                (length_ms, Some(item), pick.reason.to_string())
            }
            Decision::House { until_change_ms } => {
                zone.on_air = None;
                let length_ms = until_change_ms.unwrap_or(HOUSE_MS).max(HOUSE_MS_MIN);
                (length_ms, None, "nothing else may air".to_owned())
            }
        };
        zone.now = now.plus_ms(length_ms);
        Some(Slot {
            zone: zone.name.clone(),
            start: now,
            length_ms,
            item,
            reason,
        })
    }
}

impl ZoneAhead {
    fn ask(&mut self, at: &Moment, airings: &Airings, facts: &Facts) -> Next {
        let around = PickSurroundings {
            history: &self.history,
            airings,
            facts,
        };
        self.rotation.next(at, around, |_| false)
    }

    /// Tells whether a takeover that does not wait begins at a moment.
    fn is_taken_over(&mut self, at: &Moment, airings: &Airings, facts: &Facts) -> bool {
        matches!(self.ask(at, airings, facts).decision,
            Decision::Item(pick) if pick.class == Class::Takeover)
    }
}
