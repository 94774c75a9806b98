//! What airs next in a zone: a pure function of the moment and of what has aired.
//!
//! Order: takeover, scheduled, filler, then the house creative; an emergency lies over all of them
//! (see [`crate::content::emergency`]). Within a class [`accounts`] says whose turn it is. Groups
//! of placements, sequences and adaptive campaigns, have one account and choose among themselves.
//!
//! Invariants:
//! - Equal moments, catalogues and histories give equal picks; nothing here reads a clock or a
//!   generator of random numbers. What is remembered between calls only saves work.
//! - With an untrusted clock only what is undated is eligible.
//! - Caps hold always; so do distances between plays. What they forbid waits, and keeps its right
//!   to air time only while a distance holds it back.

pub mod accounts;
mod air_time_left;
mod booking;
mod group;
mod pace;
mod pick;
mod plan;
mod reason;
mod separation;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use passerby_protocol::campaign::{Campaign, Landing};
use passerby_protocol::condition::Venue;
use passerby_protocol::file_names;
use passerby_protocol::opening::Opening;
use serde::{Deserialize, Serialize};

use crate::content::catalog::ItemKey;
pub use crate::schedule::rotation::accounts::{Account, Accounts, VirtualTimes};
pub use crate::schedule::rotation::booking::{Booked, Booking};
pub use crate::schedule::rotation::pick::{Decision, Next, Pick};
pub use crate::schedule::rotation::plan::Rotation;
pub use crate::schedule::rotation::reason::Reason;
pub use crate::schedule::rotation::separation::{Airings, PlayEnd, SeparationKey};

use crate::content::catalog::CatalogItem;
use crate::schedule::adaptive::Airing;
use crate::schedule::live_context::Facts;
use crate::system::clock::Moment;

/// Where and for how long things air.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The venue's time zone.
    pub time_zone: TimeZone,
    /// The screen's name, as placements call it.
    pub screen: String,
    /// What conditions can ask about.
    pub venue: Venue,
    /// When the venue is open; nothing but the house creative airs while it is closed.
    pub opening: Opening,
    /// Time on screen for creatives that name none, in milliseconds.
    pub dwell_ms: u64,
    /// What this screen does differently.
    pub overrides: Vec<Override>,
}

/// What one screen does differently from what a campaign says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The campaign that this is about.
    pub campaign: String,
    /// Which of its placements, counted from 1; all of them when absent.
    pub placement: Option<usize>,
    /// Whether it airs here at all.
    pub air: bool,
    /// Another weight.
    pub weight: Option<u32>,
    /// Another time on screen, in milliseconds.
    pub dwell_ms: Option<u64>,
}

/// Classes of content, most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Alone on its zone for a time.
    Takeover,
    /// What publishers asked for.
    Scheduled,
    /// Airs when nothing scheduled does.
    Filler,
}

impl Class {
    /// How many there are.
    pub const COUNT: usize = 3;
    const ALL: [Self; Self::COUNT] = [Self::Takeover, Self::Scheduled, Self::Filler];

    const fn at(self) -> usize {
        self as usize
    }

    /// The word for it in timelines and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Takeover => "takeover",
            Self::Scheduled => "scheduled",
            Self::Filler => "filler",
        }
    }
}

/// All that a zone's rotation knows of the past.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Who has aired how much.
    pub accounts: Accounts,
    /// The newest plays of adaptive groups.
    pub groups: BTreeMap<ItemKey, Airing>,
}

/// What else a pick depends on.
#[derive(Clone, Copy)]
pub struct PickSurroundings<'a> {
    /// What the zone has aired.
    pub history: &'a History,
    /// What has ended on the whole screen, and when.
    pub airings: &'a Airings,
    /// Readings, triggers and counts of scans.
    pub facts: &'a Facts,
}

impl Rules {
    /// The venue's own time, if it is known.
    pub fn local(&self, now: &Moment) -> Option<Zoned> {
        Some(timestamp(now)?.to_zoned(self.time_zone.clone()))
    }

    /// The date at the venue, if it is known.
    pub fn local_date(&self, now: &Moment) -> Option<Date> {
        self.local(now).map(|local| local.date())
    }

    /// Tells whether a scan of a campaign's code opens a page of the hub's at a moment, not the
    /// target at once.
    pub fn lands_on_hub(&self, campaign: &Campaign, now: &Moment) -> bool {
        let date = self.local_date(now);
        date.map_or(campaign.landing, |date| campaign.landing_on(date)) != Landing::Redirect
    }

    /// How long this screen shows an item at a time, in milliseconds; none when it never airs here.
    pub fn slot_ms(&self, item: &CatalogItem) -> Option<u64> {
        let placement = item.placement();
        let own = self.override_of(item.campaign_id.as_str(), item.placement);
        let is_for = placement.terms.is_for(&self.screen, &self.venue.tags);
        if !is_for || own.is_some_and(|own| !own.air) {
            return None;
        }
        let own_ms = own.and_then(|own| own.dwell_ms);
        Some(own_ms.unwrap_or_else(|| {
            placement
                .seconds
                .map_or(self.dwell_ms, |seconds| u64::from(seconds) * 1_000)
        }))
    }

    /// What this screen says about a placement, counted from 0.
    fn override_of(&self, campaign: &str, placement: usize) -> Option<&Override> {
        self.overrides.iter().rev().find(|other| {
            file_names::is_same(&other.campaign, campaign)
                && other.placement.is_none_or(|wanted| wanted == placement + 1)
        })
    }
}

fn timestamp(now: &Moment) -> Option<Timestamp> {
    Timestamp::from_millisecond(now.wall_ms?).ok()
}
