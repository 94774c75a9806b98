//! The rotation by itself: catalogues from real campaign files, moments and plays made up.

mod bounds;
mod terms;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use passerby_protocol::campaign::CreativeKind;
use passerby_protocol::condition::Venue;
use passerby_protocol::opening::Opening;
use passerby_protocol::{Assignment, Campaign, Digest};

use super::*;
use crate::content::catalog::{Catalog, CatalogItem};
use crate::schedule::live_context::{Facts, LiveContext, Reading};

/// Monday 2026-11-23, 08:00 in Shanghai.
pub(crate) const MONDAY: &str = "2026-11-23T00:00:00Z";

pub(crate) fn rules() -> Rules {
    Rules {
        time_zone: TimeZone::get("Asia/Shanghai").expect("a zone"),
        screen: "Exit B".into(),
        venue: Venue::default(),
        opening: Opening::default(),
        dwell_ms: 10_000,
        overrides: Vec::new(),
    }
}

/// The placements of a campaign file, each named by its place.
pub(crate) fn campaign(id: &str, toml: &str) -> Catalog {
    let pictures: Vec<String> = ["a.png", "b.png", "c.png"].map(str::to_owned).to_vec();
    let text = format!("title = 'x'\n{toml}");
    let campaign = Arc::new(Campaign::parse("campaign.toml", &text, &pictures).expect(toml));
    (0..campaign.placements.len())
        .map(|placement| CatalogItem {
            key: format!("{id}/{placement}").into(),
            campaign_id: id.parse().expect("an id"),
            campaign: campaign.clone(),
            placement,
            assignment: Assignment::NONE,
            kind: CreativeKind::Picture,
            creative: Digest([0; 32]),
            path: "x".into(),
            parts: Arc::default(),
        })
        .collect()
}

pub(crate) fn at(text: &str) -> Moment {
    let wall_ms = text.parse::<Timestamp>().expect(text).as_millisecond();
    Moment {
        boot: "a".into(),
        boot_ms: 60_000,
        wall_ms: Some(wall_ms),
    }
}

fn unknown() -> Moment {
    Moment {
        wall_ms: None,
        ..at(MONDAY)
    }
}

/// A zone that airs what its rotation picks.
struct Zone {
    rotation: Rotation,
    history: History,
    airings: Airings,
    facts: Arc<Facts>,
    now: Moment,
}

/// One play: whose, when it began, and for how long.
#[derive(Debug, Clone, PartialEq)]
struct Aired {
    /// None for the house.
    key: Option<String>,
    start: Moment,
    visible_ms: u64,
    reason: String,
}

impl Zone {
    fn new(rules: Rules, catalog: Catalog, now: Moment) -> Self {
        let mut history = History::default();
        Self {
            rotation: Rotation::new(rules, catalog, &mut history.accounts),
            history,
            airings: Airings::default(),
            facts: Arc::default(),
            now,
        }
    }

    fn next(&mut self) -> Next {
        let around = PickSurroundings {
            history: &self.history,
            airings: &self.airings,
            facts: &self.facts,
        };
        self.rotation.next(&self.now, around, |_| false)
    }

    /// Airs one play, or the house until something changes.
    fn air(&mut self) -> Aired {
        self.air_for(|planned_ms| planned_ms)
    }

    /// The same for a play that lasts differently than planned.
    fn air_for(&mut self, visible_ms: impl Fn(u64) -> u64) -> Aired {
        let start = self.now.clone();
        match self.next().decision {
            Decision::Item(pick) => {
                let visible_ms = visible_ms(pick.dwell_ms);
                self.now = start.plus_ms(visible_ms);
                pick.booking.book(
                    self.rotation.rules(),
                    &mut self.history,
                    &mut self.airings,
                    (&start, &self.now),
                    visible_ms,
                );
                Aired {
                    key: Some(self.rotation.catalog()[pick.index].key.0.to_string()),
                    start,
                    visible_ms,
                    reason: pick.reason.to_string(),
                }
            }
            Decision::House { until_change_ms } => {
                let visible_ms = until_change_ms.unwrap_or(60_000);
                self.now = start.plus_ms(visible_ms);
                Aired {
                    key: None,
                    start,
                    visible_ms,
                    reason: "house".into(),
                }
            }
        }
    }

    /// The names of the next plays.
    fn plays(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| self.air().key.unwrap_or_else(|| "house".into()))
            .collect()
    }
}

fn zone(toml: &str, now: Moment) -> Zone {
    Zone::new(rules(), campaign("x", toml), now)
}

fn count(plays: &[String], name: &str) -> usize {
    plays.iter().filter(|play| *play == name).count()
}
