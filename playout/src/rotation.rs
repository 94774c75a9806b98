//! What airs next: a pure function of the moment and of what has aired.
//!
//! Order: scheduled, then filler, then the house creative; within a class by [`crate::fairness`]. With an untrusted
//! clock only undated content is eligible (no phases, no dayparts).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use passerby_protocol::condition::Venue;

use crate::catalog::{Catalog, CatalogItem};
use crate::clock::Moment;
use crate::fairness::{Claim, FairShare};

/// Where and for how long things air.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The venue's time zone.
    pub time_zone: TimeZone,
    /// What conditions can ask about.
    pub venue: Venue,
    /// Time on screen for creatives that name none, in milliseconds.
    pub dwell_ms: u64,
}

/// What should air next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// An item of the catalogue.
    Item {
        /// Which.
        index: usize,
        /// For how long, in milliseconds.
        dwell_ms: u64,
        /// Which class it was picked from.
        class: Class,
    },
    /// The house creative, since nothing is eligible.
    House {
        /// After this many milliseconds something could be; `None` when only new content can change it.
        until_change_ms: Option<u64>,
    },
}

/// Classes of content, most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// What publishers asked for.
    Scheduled,
    /// Airs when nothing scheduled does.
    Filler,
}

impl Class {
    /// The word for it in timelines and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Filler => "filler",
        }
    }
}

impl Rules {
    /// Picks what airs next. `skip` tells which items cannot be shown at present.
    pub fn next(
        &self,
        now: &Moment,
        catalog: &Catalog,
        shares: &FairShare,
        skip: impl Fn(&CatalogItem) -> bool,
    ) -> Decision {
        let (class, eligible) = self.eligible(now, catalog, skip);
        let claims = self.claims(catalog, &eligible);
        match shares.pick(&claims) {
            Some(picked) => Decision::Item {
                index: eligible[picked],
                dwell_ms: claims[picked].length_ms,
                class,
            },
            None => Decision::House {
                until_change_ms: self.until_change_ms(now, catalog),
            },
        }
    }

    /// Books a play of an item: who was eligible with it at `start` shares the present with it.
    pub fn book(
        &self,
        start: &Moment,
        catalog: &Catalog,
        shares: &mut FairShare,
        played: &CatalogItem,
        visible_ms: u64,
    ) {
        let (_, mut eligible) = self.eligible(start, catalog, |_| false);
        let place = |eligible: &[usize]| {
            eligible
                .iter()
                .position(|&at| catalog[at].key == played.key)
        };
        let Some(at) = place(&eligible).or_else(|| {
            // It was prepared while it was eligible, and its time ended before it was shown: it shares with its class.
            eligible.push(catalog.iter().position(|item| item.key == played.key)?);
            place(&eligible)
        }) else {
            return;
        };
        shares.book(&self.claims(catalog, &eligible), at, visible_ms);
    }

    /// Returns the most important class that has eligible items, and those.
    fn eligible(
        &self,
        now: &Moment,
        catalog: &Catalog,
        skip: impl Fn(&CatalogItem) -> bool,
    ) -> (Class, Vec<usize>) {
        let local = self.local(now);
        let of_class = |filler: bool| -> Vec<usize> {
            let fits = |item: &CatalogItem| {
                item.placement().filler == filler
                    && self.may_air(item, local.as_ref())
                    && !skip(item)
            };
            (0..catalog.len())
                .filter(|&at| fits(&catalog[at]))
                .collect()
        };
        match of_class(false) {
            scheduled if !scheduled.is_empty() => (Class::Scheduled, scheduled),
            _ => (Class::Filler, of_class(true)),
        }
    }

    fn claims<'c>(&self, catalog: &'c Catalog, eligible: &[usize]) -> Vec<Claim<'c>> {
        eligible
            .iter()
            .map(|&at| {
                let (item, placement) = (&catalog[at], catalog[at].placement());
                let length_ms = placement
                    .seconds
                    .map_or(self.dwell_ms, |seconds| u64::from(seconds) * 1_000);
                Claim {
                    key: &item.key,
                    weight: placement.weight,
                    length_ms,
                }
            })
            .collect()
    }

    /// The venue's own time, if it is known.
    pub fn local(&self, now: &Moment) -> Option<Zoned> {
        let timestamp = Timestamp::from_millisecond(now.wall_ms?).ok()?;
        Some(timestamp.to_zoned(self.time_zone.clone()))
    }

    /// The date at the venue, if it is known.
    pub fn local_date(&self, now: &Moment) -> Option<Date> {
        self.local(now).map(|local| local.date())
    }

    fn may_air(&self, item: &CatalogItem, local: Option<&Zoned>) -> bool {
        let placement = item.placement();
        let in_time = match local {
            Some(local) => {
                let (weekday, minute) = weekday_and_minute(local);
                (item.campaign.phases.is_empty() || item.campaign.phase_on(local.date()).is_some())
                    && (placement.dayparts.is_empty()
                        || placement
                            .dayparts
                            .iter()
                            .any(|part| part.contains(weekday, minute)))
            }
            None => !item.campaign.is_dated() && placement.dayparts.is_empty(),
        };
        in_time
            && placement
                .when
                .as_ref()
                .is_none_or(|when| when.holds(&self.venue))
    }

    /// The next edge of a daypart, or the next midnight if anything is dated.
    fn until_change_ms(&self, now: &Moment, catalog: &Catalog) -> Option<u64> {
        let local = self.local(now)?;
        if !catalog
            .iter()
            .any(|item| item.campaign.is_dated() || !item.placement().dayparts.is_empty())
        {
            return None;
        }
        let midnight = local.start_of_day().ok()?.checked_add(1.day()).ok()?;
        let edges = catalog
            .iter()
            .flat_map(|item| &item.placement().dayparts)
            .flat_map(|part| part.edges());
        let next = edges
            .filter_map(|minute| {
                let time = jiff::civil::time(
                    i8::try_from(minute / 60).ok()?,
                    i8::try_from(minute % 60).ok()?,
                    0,
                    0,
                );
                local
                    .date()
                    .to_datetime(time)
                    .to_zoned(self.time_zone.clone())
                    .ok()
            })
            .filter(|edge| *edge > local)
            .chain([midnight])
            .min()?;
        let distance_ms = next.timestamp().as_millisecond() - local.timestamp().as_millisecond();
        Some(distance_ms.max(1).unsigned_abs())
    }
}

pub(crate) fn weekday_and_minute(local: &Zoned) -> (u8, u16) {
    let weekday = local.weekday().to_monday_zero_offset().unsigned_abs();
    let minute =
        u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
    (weekday, minute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fairness::ItemKey;
    use passerby_protocol::{Assignment, Campaign, Digest};
    use std::sync::Arc;

    fn rules() -> Rules {
        Rules {
            time_zone: TimeZone::get("Asia/Shanghai").expect("zone"),
            venue: Venue::default(),
            dwell_ms: 10_000,
        }
    }

    fn catalog(toml: &str) -> Catalog {
        let pictures: Vec<String> = ["a.png", "b.png", "c.png"].map(str::to_owned).to_vec();
        let campaign = Arc::new(
            Campaign::parse("campaign.toml", &format!("title = 'x'\n{toml}"), &pictures)
                .expect(toml),
        );
        (0..campaign.placements.len())
            .map(|placement| CatalogItem {
                key: ItemKey(format!("{placement}")),
                campaign_id: "x".parse().expect("id"),
                campaign: campaign.clone(),
                placement,
                assignment: Assignment::NONE,
                kind: passerby_protocol::campaign::CreativeKind::Picture,
                creative: Digest([0; 32]),
                path: "x".into(),
                parts: Arc::default(),
            })
            .collect()
    }

    fn at(text: Option<&str>) -> Moment {
        let wall_ms = text.map(|text| {
            text.parse::<Timestamp>()
                .expect("timestamp")
                .as_millisecond()
        });
        Moment {
            boot: "b".into(),
            boot_ms: 0,
            wall_ms,
        }
    }

    fn picks(catalog: &Catalog, now: &Moment, count: usize) -> Vec<usize> {
        let (rules, mut shares) = (rules(), FairShare::default());
        (0..count)
            .map(|_| match rules.next(now, catalog, &shares, |_| false) {
                Decision::Item {
                    index, dwell_ms, ..
                } => {
                    rules.book(now, catalog, &mut shares, &catalog[index], dwell_ms);
                    index
                }
                Decision::House { .. } => usize::MAX,
            })
            .collect()
    }

    #[test]
    fn weights_share_the_air_time() {
        let catalog =
            catalog("[[placement]]\ncreative='a.png'\nweight=3\n[[placement]]\ncreative='b.png'\n");
        let picks = picks(&catalog, &at(None), 8);
        assert_eq!(
            picks.iter().filter(|&&pick| pick == 0).count(),
            6,
            "{picks:?}"
        );
    }

    #[test]
    fn an_untrusted_clock_airs_only_what_is_undated() {
        let dated = catalog("[[phase]]\nname='p'\n");
        assert_eq!(
            rules().next(&at(None), &dated, &FairShare::default(), |_| false),
            Decision::House {
                until_change_ms: None
            }
        );
        let parts = catalog(
            "[[placement]]\ncreative='a.png'\ndayparts=['07:00-08:00']\n[[placement]]\ncreative='b.png'\n",
        );
        assert_eq!(picks(&parts, &at(None), 3), [1, 1, 1]);
    }

    #[test]
    fn dayparts_are_in_the_venues_time_and_the_house_knows_when_it_ends() {
        let catalog =
            catalog("[[placement]]\ncreative='a.png'\ndayparts=['mon-fri 07:00-08:00']\n");
        // Monday 2026-11-23, 06:30 in Shanghai.
        let early = at(Some("2026-11-22T22:30:00Z"));
        let decision = rules().next(&early, &catalog, &FairShare::default(), |_| false);
        assert_eq!(
            decision,
            Decision::House {
                until_change_ms: Some(30 * 60_000)
            }
        );
        assert_eq!(picks(&catalog, &at(Some("2026-11-22T23:00:00Z")), 1), [0]);
    }

    #[test]
    fn fillers_wait_for_scheduled_content_and_skipped_items_for_their_repair() {
        let catalog = catalog(
            "[[placement]]\ncreative='a.png'\nfiller=true\n[[placement]]\ncreative='b.png'\n",
        );
        assert_eq!(picks(&catalog, &at(None), 2), [1, 1]);
        let broken = |item: &CatalogItem| item.key.0 == "1";
        let decision = rules().next(&at(None), &catalog, &FairShare::default(), broken);
        assert!(matches!(
            decision,
            Decision::Item {
                index: 0,
                class: Class::Filler,
                ..
            }
        ));
    }
}
