//! What of a campaign can never air, and what it has in conflict with others on the same screens:
//! said before it is published.
//!
//! Invariants: what is said is so on the screens that are named, by their dates and hours over the
//! next [`DAYS`] days; conditions, triggers, caps and goals of others are not known here, so what
//! they decide is not held against anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use passerby_protocol::campaign::{MAIN_ZONE, NeverAirs, Placement, keeps_apart};
use passerby_protocol::spans::{Span, common, is_within, union};
use passerby_protocol::{Campaign, foreign};
use serde_json::{Value, json};

use crate::air_times::{Days, PlacementTimes, placements};
use crate::store::{Beside, TargetScreens};

/// How many days ahead conflicts are looked for.
pub const DAYS: u16 = 28;
/// Most findings that are told.
const FINDINGS_MAX: usize = 40;
/// All of a zone's air time, in hundredths of a percent.
const WHOLE: u32 = 10_000;

/// One thing to know before publishing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which placement it is about, from 0, and its file; none of the campaign as a whole.
    pub placement: Option<(usize, String)>,
    /// What it is.
    pub what: What,
    /// On how many of the screens that were looked at.
    pub screens: usize,
}

/// What there is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// There is no screen that it is for.
    NoScreen,
    /// It can never air.
    Never(NeverAirs),
    /// Another campaign, named where one has to do with it, takes the zone over whenever it could
    /// air.
    TakenOver(Option<String>),
    /// It takes the zone over whenever another campaign could air.
    TakesOver(Option<String>),
    /// Both take the zone over at the same time.
    BothTakeOver(Option<String>),
    /// Exact shares come to more than all of the zone's time; so many hundredths of a percent.
    SoldTwice(u32, Vec<Option<String>>),
    /// Something airs always, and so a filler never.
    FillerHidden(Option<String>),
    /// Shares and distances of this and another campaign cannot both be kept.
    TooFarApart(Option<String>, u64),
    /// An emergency message covers the screens until somebody ends it.
    Emergency(String),
}

impl What {
    /// The word for it in calls.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoScreen => "no-screen",
            Self::Never(why) => why.word(),
            Self::TakenOver(_) => "taken-over",
            Self::TakesOver(_) => "takes-over",
            Self::BothTakeOver(_) => "both-take-over",
            Self::SoldTwice(..) => "sold-twice",
            Self::FillerHidden(_) => "filler-hidden",
            Self::TooFarApart(..) => "too-far-apart",
            Self::Emergency(_) => "emergency",
        }
    }

    /// Whether something can never air for it.
    pub const fn is_never(&self) -> bool {
        matches!(
            self,
            Self::NoScreen | Self::Never(_) | Self::TakenOver(_) | Self::FillerHidden(_)
        )
    }
}

/// What a campaign is called that one may have nothing to do with.
fn named(title: &Option<String>) -> &str {
    title.as_deref().unwrap_or("another campaign")
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((at, file)) = &self.placement {
            write!(f, "placement {} ({}) ", at + 1, foreign::escaped(file))?;
        }
        let on = self.screens;
        match &self.what {
            What::NoScreen => write!(f, "it is for no screen that there is"),
            What::Never(why) => write!(f, "can never air on {on} of its screens: {why}"),
            What::TakenOver(by) => write!(
                f,
                "is never seen on {on} of its screens: {} takes the zone over whenever it may air",
                named(by)
            ),
            What::TakesOver(other) => {
                write!(
                    f,
                    "leaves {} no time on {on} screens in the next {DAYS} days",
                    named(other)
                )
            }
            What::BothTakeOver(other) => {
                write!(
                    f,
                    "takes its zone over at the same time as {}, on {on} screens",
                    named(other)
                )
            }
            What::SoldTwice(of, others) => write!(
                f,
                "exact shares come to {} % of a zone on {on} screens, with {}",
                f64::from(*of) / 100.0,
                others.iter().map(named).collect::<Vec<_>>().join(", ")
            ),
            What::FillerHidden(by) => write!(
                f,
                "is a filler, and {} may air whenever it could, on {on} of its screens",
                named(by)
            ),
            What::TooFarApart(other, apart_s) => write!(
                f,
                "its share and that of {} cannot both be kept with {apart_s} s between them, on {on} screens",
                named(other)
            ),
            What::Emergency(headline) => write!(
                f,
                "an emergency message covers {on} of its screens until somebody ends it: {headline}"
            ),
        }
    }
}

/// A finding as JSON.
pub fn json(finding: &Finding) -> Value {
    json!({
        "what": finding.what.word(),
        "never_airs": finding.what.is_never(),
        "placement": finding.placement.as_ref().map(|(at, _)| at + 1),
        "screens": finding.screens,
        "message": finding.to_string(),
    })
}

/// Finds what of a campaign can never air on the screens that it is for, and its conflicts there.
pub fn findings(campaign: &Campaign, targets: &TargetScreens, days: &Days) -> Vec<Finding> {
    let mut found = Vec::new();
    if targets.screens.is_empty() {
        if !targets.is_everywhere {
            found.push(Finding {
                placement: None,
                what: What::NoScreen,
                screens: 0,
            });
        }
        never_anywhere(campaign, days, &mut found);
        return found;
    }
    never(campaign, targets, days, &mut found);
    let own = placements(campaign, days);
    let others: Vec<Other> = targets
        .beside
        .iter()
        .map(|beside| Other {
            beside,
            times: placements(&beside.campaign, days),
        })
        .collect();
    takeovers(campaign, &own, &others, &mut found);
    fillers(campaign, &own, &others, &mut found);
    sold_twice(campaign, &own, targets, &others, &mut found);
    too_far_apart(campaign, &own, &others, &mut found);
    for (headline, screens) in &targets.notices {
        found.push(Finding {
            placement: None,
            what: What::Emergency(headline.clone()),
            screens: *screens,
        });
    }
    found.truncate(FINDINGS_MAX);
    found
}

/// Another campaign with its times.
struct Other<'t> {
    beside: &'t Beside,
    times: Vec<PlacementTimes>,
}

impl Other<'_> {
    fn title(&self) -> Option<String> {
        let title = &self.beside.campaign.title;
        self.beside.is_known.then(|| title.clone())
    }

    fn placements(&self) -> impl Iterator<Item = (&Placement, &PlacementTimes)> {
        self.beside.campaign.placements.iter().zip(&self.times)
    }
}

fn zone_of(placement: &Placement) -> &str {
    placement.zone.as_deref().unwrap_or(MAIN_ZONE)
}

/// Whether nothing but time keeps it from airing.
const fn is_free(placement: &Placement) -> bool {
    placement.when.is_none()
        && placement.terms.trigger.is_none()
        && placement.terms.per_hour.is_none()
        && placement.terms.per_day.is_none()
        && placement.terms.screens.is_empty()
}

fn about(times: &PlacementTimes) -> Option<(usize, String)> {
    Some((times.placement, times.file.clone()))
}

fn never_anywhere(campaign: &Campaign, days: &Days, found: &mut Vec<Finding>) {
    for (at, placement) in campaign.placements.iter().enumerate() {
        if let Some(why) = campaign.never_airs(placement, days.now, &days.zone) {
            found.push(Finding {
                placement: Some((at, placement.creative.clone())),
                what: What::Never(why),
                screens: 0,
            });
        }
    }
}

fn never(campaign: &Campaign, targets: &TargetScreens, days: &Days, found: &mut Vec<Finding>) {
    for (at, placement) in campaign.placements.iter().enumerate() {
        let mut reasons: BTreeMap<NeverAirs, usize> = BTreeMap::new();
        let by_time = campaign.never_airs(placement, days.now, &days.zone);
        for screen in &targets.screens {
            let by_screen = || placement.never_airs_on(screen.traits.as_ref()?);
            if let Some(why) = by_time.or_else(by_screen) {
                *reasons.entry(why).or_default() += 1;
            }
        }
        found.extend(reasons.into_iter().map(|(why, screens)| Finding {
            placement: Some((at, placement.creative.clone())),
            what: What::Never(why),
            screens,
        }));
    }
}

fn takeovers(
    campaign: &Campaign,
    own: &[PlacementTimes],
    others: &[Other<'_>],
    found: &mut Vec<Finding>,
) {
    for other in others {
        let screens = other.beside.screens.len();
        let over = |zone: &str, all: &mut dyn Iterator<Item = (&Placement, &PlacementTimes)>| {
            let spans = all
                .filter(|(one, _)| {
                    zone_of(one) == zone && one.terms.takeover.is_some() && is_free(one)
                })
                .flat_map(|(_, times)| times.spans.clone());
            union(spans.collect::<Vec<Span>>())
        };
        for (placement, times) in campaign.placements.iter().zip(own) {
            let zone = zone_of(placement);
            let mut add = |what| {
                found.push(Finding {
                    placement: about(times),
                    what,
                    screens,
                });
            };
            let theirs = over(zone, &mut other.placements());
            if times.takes_over {
                if !common(&times.spans, &theirs).is_empty() {
                    add(What::BothTakeOver(other.title()));
                }
                let spans = other
                    .placements()
                    .filter(|(one, _)| zone_of(one) == zone && one.terms.takeover.is_none())
                    .flat_map(|(_, times)| times.spans.clone());
                let spans = union(spans.collect::<Vec<Span>>());
                if is_free(placement) && !spans.is_empty() && is_within(&spans, &times.spans) {
                    add(What::TakesOver(other.title()));
                }
            } else if !times.spans.is_empty() && is_within(&times.spans, &theirs) {
                add(What::TakenOver(other.title()));
            }
        }
    }
}

fn fillers(
    campaign: &Campaign,
    own: &[PlacementTimes],
    others: &[Other<'_>],
    found: &mut Vec<Finding>,
) {
    for (placement, times) in campaign.placements.iter().zip(own) {
        if !times.is_filler || times.spans.is_empty() {
            continue;
        }
        for other in others {
            let separation = &other.beside.campaign.separation;
            if separation.apart_s > 0 || separation.rivals_apart_s > 0 {
                continue;
            }
            let spans = other
                .placements()
                .filter(|(one, _)| {
                    zone_of(one) == zone_of(placement) && !one.filler && is_free(one)
                })
                .flat_map(|(_, times)| times.spans.clone());
            if is_within(&times.spans, &union(spans.collect::<Vec<Span>>())) {
                found.push(Finding {
                    placement: about(times),
                    what: What::FillerHidden(other.title()),
                    screens: other.beside.screens.len(),
                });
                break;
            }
        }
    }
}

/// The most that exact shares come to at one time, in hundredths of a percent.
fn most(shares: &[(u32, &[Span])]) -> u32 {
    let mut edges: Vec<Timestamp> = shares
        .iter()
        .flat_map(|(_, spans)| spans.iter().map(|span| span.from))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let at = |edge: &Timestamp| -> u32 {
        let open = shares.iter().filter(|(_, spans)| {
            spans
                .iter()
                .any(|one| one.from <= *edge && *edge < one.until)
        });
        open.map(|(share, _)| share).sum()
    };
    edges.iter().map(at).max().unwrap_or(0)
}

fn sold_twice(
    campaign: &Campaign,
    own: &[PlacementTimes],
    targets: &TargetScreens,
    others: &[Other<'_>],
    found: &mut Vec<Finding>,
) {
    let with_share = |one: &Placement| one.terms.share.map(u32::from);
    let zones: BTreeSet<&str> = campaign
        .placements
        .iter()
        .filter(|one| one.terms.share.is_some())
        .map(zone_of)
        .collect();
    for zone in zones {
        let of = |all: &mut dyn Iterator<Item = (&Placement, &PlacementTimes)>| {
            let all = all.filter(|(one, _)| zone_of(one) == zone);
            all.filter_map(|(one, times)| Some((with_share(one)?, times.spans.clone())))
                .collect::<Vec<_>>()
        };
        let ours = of(&mut campaign.placements.iter().zip(own));
        let theirs: Vec<_> = others
            .iter()
            .map(|other| (other, of(&mut other.placements())))
            .filter(|(_, shares)| !shares.is_empty())
            .collect();
        // Screens with the same neighbours come to the same.
        let mut alike: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
        for screen in &targets.screens {
            let here = theirs.iter().enumerate();
            let here = here.filter(|(_, (other, _))| other.beside.screens.contains(&screen.number));
            *alike.entry(here.map(|(at, _)| at).collect()).or_default() += 1;
        }
        let mut worst: Option<(u32, Vec<usize>)> = None;
        let mut screens = 0;
        for (here, count) in alike {
            let all = here.iter().flat_map(|at| &theirs[*at].1).chain(&ours);
            let all: Vec<(u32, &[Span])> = all.map(|(share, spans)| (*share, &spans[..])).collect();
            let most = most(&all);
            if most > WHOLE {
                screens += count;
                if worst.as_ref().is_none_or(|(known, _)| most > *known) {
                    worst = Some((most, here));
                }
            }
        }
        if let Some((most, here)) = worst {
            let mut titles: Vec<Option<String>> =
                here.iter().map(|at| theirs[*at].0.title()).collect();
            if titles.is_empty() {
                titles.push(Some(campaign.title.clone()));
            }
            found.push(Finding {
                placement: None,
                what: What::SoldTwice(most, titles),
                screens,
            });
        }
    }
}

/// Between two plays that keep apart lies the distance, so of all time they have at most what their
/// own length is of that and the distance.
fn too_far_apart(
    campaign: &Campaign,
    own: &[PlacementTimes],
    others: &[Other<'_>],
    found: &mut Vec<Finding>,
) {
    let shares = |all: &mut dyn Iterator<Item = (&Placement, &PlacementTimes)>| {
        let mut longest_s = 0;
        let mut shares = Vec::new();
        for (placement, times) in all {
            if let (Some(share), Some(seconds)) = (placement.terms.share, placement.seconds) {
                longest_s = longest_s.max(u64::from(seconds));
                shares.push((u32::from(share), times.spans.clone()));
            }
        }
        (shares, longest_s)
    };
    let (ours, our_s) = shares(&mut campaign.placements.iter().zip(own));
    for other in others {
        let apart_s = keeps_apart(&campaign.separation, &other.beside.campaign.separation);
        let (theirs, their_s) = shares(&mut other.placements());
        if apart_s == 0 || ours.is_empty() || theirs.is_empty() {
            continue;
        }
        let all = ours.iter().chain(&theirs);
        let all: Vec<(u32, &[Span])> = all.map(|(share, spans)| (*share, &spans[..])).collect();
        let length_s = our_s.max(their_s);
        let room = u64::from(WHOLE) * length_s / (length_s + u64::from(apart_s));
        if u64::from(most(&all)) > room {
            found.push(Finding {
                placement: None,
                what: What::TooFarApart(other.title(), apart_s.into()),
                screens: other.beside.screens.len(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
