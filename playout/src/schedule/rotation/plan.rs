//! A zone's catalogue, made ready to be asked often what airs next.
//!
//! Invariant: what is remembered between picks only saves work; worked out anew, it is the same.

use std::collections::HashMap;

use jiff::Timestamp;
use passerby_protocol::campaign::{AdaptiveBy, Takeover, Trigger};
use passerby_protocol::window::Window;
use passerby_protocol::{Campaign, Placement};

use crate::content::catalog::{Catalog, CatalogItem};
use crate::schedule::adaptive::{Estimate, LearningBounds};
use crate::schedule::rotation::accounts::{AccountId, WEIGHT_ONE};
use crate::schedule::rotation::air_time_left::AirTimeLeft;

use crate::content::catalog::ItemKey;
use crate::schedule::rotation::separation::Distance;
use crate::schedule::rotation::{Accounts, Class, Rules};

/// A zone's rotation.
pub struct Rotation {
    pub(super) rules: Rules,
    pub(super) catalog: Catalog,
    pub(super) items: Vec<Item>,
    /// What has an account of its own, in the order of the catalogue.
    pub(super) entries: Vec<Entry>,
    pub(super) campaigns: Vec<CampaignPlan>,
    pub(super) distances: Vec<Distance>,
    /// Stands for the classes below, where exact shares leave air time over.
    pub(super) rest: AccountId,
    pub(super) seen: Seen,
}

/// A placement.
pub(super) struct Item {
    pub(super) campaign: usize,
    pub(super) class: Class,
    pub(super) account: AccountId,
    /// As a rate.
    pub(super) weight: u64,
    /// In millionths of the zone's air time.
    pub(super) share_ppm: Option<u64>,
    pub(super) length_ms: u64,
    pub(super) distance: usize,
    pub(super) per_hour: Option<u32>,
    pub(super) per_day: Option<u32>,
    pub(super) trigger: Option<Trigger>,
    pub(super) takeover: Option<Takeover>,
    /// Places of the campaign's phases in which it airs; all, when there are none.
    pub(super) phases: Vec<usize>,
    /// It needs a trusted clock.
    pub(super) dated: bool,
}

/// What has an account of its own: a placement, or a group of them.
pub(super) struct Entry {
    pub(super) key: ItemKey,
    pub(super) account: AccountId,
    pub(super) class: Class,
    /// Places of items, in the order of the file.
    pub(super) members: Vec<usize>,
    pub(super) mode: Mode,
}

/// What the placements of a campaign have in common.
pub(super) struct CampaignPlan {
    /// One a phase.
    pub(super) accounts: Vec<AccountId>,
    /// Places of its items in this zone.
    pub(super) members: Vec<usize>,
}

/// What was worked out for the last moment, and until when it holds.
#[derive(Default)]
pub(super) struct Seen {
    /// Of items: their own hours, and the venue's.
    pub(super) windows: Vec<Option<Held>>,
    /// Of campaigns: their phases'.
    pub(super) phases: Vec<Vec<Option<Held>>>,
    /// Whether the conditions of items hold, as of this version of the facts.
    pub(super) conditions: Vec<bool>,
    pub(super) facts_version: Option<u64>,
    /// Of campaigns with a goal.
    pub(super) paces: HashMap<(usize, usize), AirTimeLeft>,
    /// Of groups, as of a day and a version of the counts.
    pub(super) estimates: HashMap<usize, (EstimatesOf, Vec<Estimate>)>,
}

pub(super) type EstimatesOf = (Option<jiff::civil::Date>, u64);

/// A window, and from when on it is known to hold.
#[derive(Clone, Copy)]
pub(super) struct Held {
    from: Timestamp,
    pub(super) window: Window,
}

impl Held {
    /// Whether it holds at an instant.
    fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && self.window.until.is_none_or(|until| now < until)
    }
}

impl Rotation {
    /// Makes a catalogue ready; opens accounts for what is new.
    pub fn new(rules: Rules, catalog: Catalog, accounts: &mut Accounts) -> Self {
        let mut plan = Self {
            rest: accounts.open(&ItemKey("rest".into())),
            items: Vec::with_capacity(catalog.len()),
            entries: Vec::new(),
            campaigns: Vec::new(),
            distances: Vec::new(),
            seen: Seen::default(),
            rules,
            catalog: Catalog::new(),
        };
        let mut places = Places::default();
        let mut kept = Catalog::with_capacity(catalog.len());
        for item in catalog {
            if plan.add(&item, accounts, &mut places) {
                kept.push(item);
            }
        }
        plan.catalog = kept;
        plan.seen.windows = vec![None; plan.items.len()];
        plan.seen.phases = plan
            .campaigns
            .iter()
            .map(|campaign| vec![None; campaign.accounts.len()])
            .collect();
        plan
    }

    /// What may air in the zone, without what this screen leaves out.
    pub const fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The rules that it was made with.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Adds an item, unless this screen leaves it out.
    fn add(&mut self, item: &CatalogItem, accounts: &mut Accounts, places: &mut Places) -> bool {
        let (campaign, placement) = (&item.campaign, item.placement());
        let Some(length_ms) = self.rules.slot_ms(item) else {
            return false;
        };
        let own = self
            .rules
            .override_of(item.campaign_id.as_str(), item.placement);
        let weight = own.and_then(|own| own.weight).unwrap_or(placement.weight);
        let at = self.items.len();
        let campaign_at = self.campaign_of(item, accounts, places);
        self.campaigns[campaign_at].members.push(at);
        let class = class_of(placement);
        let distance = self.distance_of(campaign);
        self.items.push(Item {
            campaign: campaign_at,
            class,
            account: accounts.open(&item.key),
            weight: u64::from(weight) * WEIGHT_ONE,
            share_ppm: placement.terms.share.map(|share| u64::from(share) * 100),
            length_ms: length_ms.max(1),
            distance,
            per_hour: placement.terms.per_hour,
            per_day: placement.terms.per_day,
            trigger: placement.terms.trigger.clone(),
            takeover: placement.terms.takeover,
            phases: phases_of(campaign, placement),
            dated: campaign.is_dated() || placement.is_dated() || !self.rules.opening.is_always(),
        });
        let (key, mode) = group_of(item, class);
        match places.entries.get(&key) {
            Some(entry) => self.entries[*entry].members.push(at),
            None => {
                places.entries.insert(key.clone(), self.entries.len());
                self.entries.push(Entry {
                    key: key.clone(),
                    account: accounts.open(&key),
                    class,
                    members: vec![at],
                    mode,
                });
            }
        }
        true
    }

    fn campaign_of(
        &mut self,
        item: &CatalogItem,
        accounts: &mut Accounts,
        places: &mut Places,
    ) -> usize {
        let source = source_of(item);
        if let Some(at) = places.campaigns.get(&source) {
            return *at;
        }
        let phases = item.campaign.phases.iter();
        let plan = CampaignPlan {
            accounts: phases
                .map(|phase| {
                    accounts.open(&ItemKey(format!("phase {source}/{}", phase.name).into()))
                })
                .collect(),
            members: Vec::new(),
        };
        self.campaigns.push(plan);
        places.campaigns.insert(source, self.campaigns.len() - 1);
        self.campaigns.len() - 1
    }

    fn distance_of(&mut self, campaign: &Campaign) -> usize {
        let distance = Distance::of(&campaign.separation);
        let known = self.distances.iter().position(|known| *known == distance);
        known.unwrap_or_else(|| {
            self.distances.push(distance);
            self.distances.len() - 1
        })
    }

    /// Whether an item's own hours and the venue's let it air at an instant, and until when.
    pub(super) fn window(&mut self, item: usize, now: Timestamp) -> Window {
        if let Some(held) = self.seen.windows[item]
            && held.holds(now)
        {
            return held.window;
        }
        let zone = &self.rules.time_zone;
        let placement = self.catalog[item].placement();
        let window = placement
            .at(now, zone)
            .and(self.rules.opening.at(now, zone));
        self.seen.windows[item] = Some(Held { from: now, window });
        window
    }

    /// Whether a phase is on at an instant, and until when.
    pub(super) fn phase_window(&mut self, campaign: usize, phase: usize, now: Timestamp) -> Window {
        if let Some(held) = self.seen.phases[campaign][phase]
            && held.holds(now)
        {
            return held.window;
        }
        let window = self.campaign(campaign).phases[phase].at(now, &self.rules.time_zone);
        self.seen.phases[campaign][phase] = Some(Held { from: now, window });
        window
    }

    pub(super) fn campaign(&self, campaign: usize) -> &Campaign {
        let first = self.campaigns[campaign].members[0];
        &self.catalog[first].campaign
    }
}

/// Where things were put.
#[derive(Default)]
struct Places {
    campaigns: HashMap<String, usize>,
    entries: HashMap<ItemKey, usize>,
}

const fn class_of(placement: &Placement) -> Class {
    match (placement.terms.takeover, placement.filler) {
        (Some(_), _) => Class::Takeover,
        (None, true) => Class::Filler,
        (None, false) => Class::Scheduled,
    }
}

fn phases_of(campaign: &Campaign, placement: &Placement) -> Vec<usize> {
    (0..campaign.phases.len())
        .filter(|&at| placement.terms.phases.contains(&campaign.phases[at].name))
        .collect()
}

/// The campaign, and where it came from: a local one and the hub's may have the same name.
fn source_of(item: &CatalogItem) -> String {
    let from = if item.assignment.get() == 0 {
        "local"
    } else {
        "hub"
    };
    format!("{from} {}", item.campaign_id)
}

/// Whose account an item airs on.
fn group_of(item: &CatalogItem, class: Class) -> (ItemKey, Mode) {
    let word = class.word();
    let source = source_of(item);
    let placement = item.placement();
    if let Some(name) = &placement.terms.sequence {
        return (
            ItemKey(format!("sequence {word} {source}/{name}").into()),
            Mode::Sequence,
        );
    }
    let Some(adaptive) = item.campaign.adaptive else {
        return (item.key.clone(), Mode::Single);
    };
    let mut name = if adaptive.among_campaigns {
        format!("adaptive {word}")
    } else {
        format!("adaptive {word} {source}")
    };
    // Campaigns compete with those that want the same. Of scans the name is as it always was, since
    // plays are booked under it.
    if adaptive.among_campaigns && adaptive.by != AdaptiveBy::Scans {
        name += &format!(" by {}", adaptive.by.word());
    }
    let bounds = LearningBounds {
        floor_percent: adaptive.floor_percent,
        ceiling_percent: adaptive.ceiling_percent,
        ..LearningBounds::default()
    };
    (ItemKey(name.into()), Mode::Adaptive(bounds, adaptive.by))
}

/// How a group chooses among its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// There is but one.
    Single,
    /// One after the other, in the order of the file.
    Sequence,
    /// By how often they are scanned, or bring what else is wanted.
    Adaptive(LearningBounds, AdaptiveBy),
}
