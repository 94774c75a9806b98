//! When what is published may air, as stretches of time: by its dates, its hours and its
//! recurrence, as terminals ask for them.
//!
//! Invariants: [`Campaign::window`] decides, here as on a screen, so there is one truth; conditions
//! on the venue, triggers, caps and goals are taken to hold, since the hub does not know them ahead
//! of time; at most [`CAMPAIGNS_MAX`] campaigns of a screen, [`DAYS_MAX`] days and so many changes
//! of each placement are looked at, and what was left out is said.

pub mod conflicts;
pub mod many;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use passerby_protocol::campaign::Placement;
use passerby_protocol::spans::{NextOpen, Span, next_open, spans, union};
use passerby_protocol::{Campaign, CampaignId};
use serde::Serialize;

use crate::drafts::text::Standing;

/// Most days that are looked at.
pub const DAYS_MAX: u16 = 31;
/// Most campaigns of one screen that are told.
pub const CAMPAIGNS_MAX: usize = 60;
/// Most changes of one placement within an answer.
const CHANGES_MAX: usize = 800;
/// Most changes that are looked at before it is said that something opens no more.
const CHANGES_AHEAD_MAX: usize = 400;

/// The days that somebody asks about.
#[derive(Debug, Clone)]
pub struct Days {
    /// The first one.
    pub first: Date,
    /// How many.
    pub count: u16,
    /// Where the sun rises on them.
    pub zone: TimeZone,
    /// Now.
    pub now: Timestamp,
}

/// When one placement may air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementTimes {
    /// Which one, from 0.
    pub placement: usize,
    /// What its publisher calls its creative's file.
    pub file: String,
    /// Its zone; `None` for the main one.
    pub zone: Option<String>,
    /// Whether everything else of its zone waits for it.
    pub takes_over: bool,
    /// Whether it airs only when nothing else may.
    pub is_filler: bool,
    /// How it stands by its dates.
    pub standing: Standing,
    /// When it may air, on the days that were asked about.
    pub spans: Vec<Span>,
    /// When it may air next.
    pub next: NextOpen,
}

/// When one campaign may air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignTimes {
    /// The name of its folder.
    pub campaign: CampaignId,
    /// Its title.
    pub title: String,
    /// How it stands by its dates.
    pub standing: Standing,
    /// When one of its placements may air.
    pub spans: Vec<Span>,
    /// Its placements.
    pub placements: Vec<PlacementTimes>,
}

impl Days {
    /// When the first day begins and the last one ends.
    pub fn range(&self) -> (Timestamp, Timestamp) {
        let at = |date: Date, otherwise| {
            let start = date.to_zoned(self.zone.clone());
            start.map_or(otherwise, |start| start.timestamp())
        };
        let last = self.first.checked_add(i64::from(self.count).days());
        (
            at(self.first, Timestamp::MIN),
            at(last.unwrap_or(Date::MAX), Timestamp::MAX),
        )
    }
}

/// Finds when the placements of a campaign may air.
pub fn placements(campaign: &Campaign, days: &Days) -> Vec<PlacementTimes> {
    let range = days.range();
    let placements = campaign.placements.iter().enumerate();
    placements
        .map(|(at, placement)| {
            let window = |now| campaign.window(placement, now, &days.zone);
            let next = next_open(window, days.now, CHANGES_AHEAD_MAX);
            PlacementTimes {
                placement: at,
                file: placement.creative.clone(),
                zone: placement.zone.clone(),
                takes_over: placement.terms.takeover.is_some(),
                is_filler: placement.filler,
                standing: standing(campaign, placement, next, days),
                spans: spans(window, range, CHANGES_MAX).spans,
                next,
            }
        })
        .collect()
}

fn standing(campaign: &Campaign, placement: &Placement, next: NextOpen, days: &Days) -> Standing {
    if next == NextOpen::Never {
        Standing::Ended
    } else if campaign.dates(placement, days.now, &days.zone).open {
        Standing::Airing
    } else {
        Standing::Future
    }
}

/// Finds when a campaign may air.
pub fn campaign(id: &CampaignId, campaign: &Campaign, days: &Days) -> CampaignTimes {
    let placements = placements(campaign, days);
    let has = |wanted| placements.iter().any(|one| one.standing == wanted);
    let standing = [Standing::Airing, Standing::Future];
    let standing = standing.into_iter().find(|wanted| has(*wanted));
    CampaignTimes {
        campaign: id.clone(),
        title: campaign.title.clone(),
        standing: standing.unwrap_or(Standing::Ended),
        spans: union(placements.iter().flat_map(|one| one.spans.iter().copied())),
        placements,
    }
}

/// A stretch of time as calls and commands say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SaidSpan {
    /// Unix time in milliseconds.
    pub from_ms: i64,
    /// The same.
    pub until_ms: i64,
}

impl From<&Span> for SaidSpan {
    fn from(span: &Span) -> Self {
        Self {
            from_ms: span.from.as_millisecond(),
            until_ms: span.until.as_millisecond(),
        }
    }
}

/// A campaign's times as JSON.
pub fn json(times: &CampaignTimes) -> serde_json::Value {
    let said = |spans: &[Span]| spans.iter().map(SaidSpan::from).collect::<Vec<_>>();
    let placements: Vec<_> = times
        .placements
        .iter()
        .map(|one| {
            let next_ms = match one.next {
                NextOpen::At(at) => Some(at.as_millisecond()),
                NextOpen::Never | NextOpen::NotBefore(_) => None,
            };
            serde_json::json!({
                "placement": one.placement + 1,
                "file": passerby_protocol::foreign::escaped(&one.file),
                "zone": one.zone,
                "takes_over": one.takes_over,
                "filler": one.is_filler,
                "standing": one.standing.word(),
                "next_ms": next_ms,
                "spans": said(&one.spans),
            })
        })
        .collect();
    serde_json::json!({
        "campaign": times.campaign,
        "title": times.title,
        "standing": times.standing.word(),
        "spans": said(&times.spans),
        "placements": placements,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "title = 'Jazz'
[[phase]]
name = 'past'
until = 2026-11-30
[[phase]]
name = 'now'
from = 2026-12-01
until = 2026-12-24
[[phase]]
name = 'later'
from = 2027-01-01
[[placement]]
creative = 'a.png'
phases = ['past']
[[placement]]
creative = 'b.png'
phases = ['now']
dayparts = ['mon-fri 17:00-19:00']
[[placement]]
creative = 'c.png'
phases = ['later']
";

    fn days() -> Days {
        Days {
            // A Friday.
            first: jiff::civil::date(2026, 12, 4),
            count: 4,
            zone: TimeZone::get("Asia/Shanghai").unwrap(),
            now: "2026-12-04T04:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn placements_have_their_hours_on_the_days_of_their_phases_in_the_place_of_the_screen() {
        let names = ["a.png", "b.png", "c.png"].map(str::to_owned);
        let jazz = Campaign::parse("campaign.toml", TEXT, &names).unwrap();
        let times = campaign(&"jazz".parse().unwrap(), &jazz, &days());
        let standing: Vec<Standing> = times.placements.iter().map(|one| one.standing).collect();
        assert_eq!(
            standing,
            [Standing::Ended, Standing::Airing, Standing::Future]
        );
        assert_eq!(times.standing, Standing::Airing);
        let said: Vec<String> = times
            .spans
            .iter()
            .map(|span| format!("{} {}", span.from, span.until))
            .collect();
        assert_eq!(
            said,
            [
                "2026-12-04T09:00:00Z 2026-12-04T11:00:00Z",
                "2026-12-07T09:00:00Z 2026-12-07T11:00:00Z"
            ]
        );
        let told = json(&times);
        assert_eq!(told["placements"][1]["next_ms"], 1_796_374_800_000_i64);
        assert_eq!(told["placements"][0]["next_ms"], serde_json::Value::Null);
    }
}
