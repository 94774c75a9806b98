//! When campaigns may air on several screens: each is worked out once, on however many it is, and
//! no more of them than are told.
//!
//! Invariant: what is told of a campaign is what [`campaign`] says of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use passerby_protocol::campaign::Phase;
use passerby_protocol::spans::{NextOpen, next_open};
use passerby_protocol::{Campaign, CampaignId};

use crate::air_times::{CAMPAIGNS_MAX, CHANGES_AHEAD_MAX, CampaignTimes, Days, campaign};

/// What was worked out so far, for some days.
#[derive(Debug)]
pub struct ManyTimes<'d> {
    days: &'d Days,
    is_over: BTreeMap<CampaignId, bool>,
    times: BTreeMap<CampaignId, Arc<CampaignTimes>>,
}

/// The campaigns of a screen that are told, and how many more there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Those that are not over come first.
    pub campaigns: Vec<Arc<CampaignTimes>>,
    /// How many were left out.
    pub left_out: usize,
}

impl<'d> ManyTimes<'d> {
    /// Nothing yet.
    pub const fn new(days: &'d Days) -> Self {
        Self {
            days,
            is_over: BTreeMap::new(),
            times: BTreeMap::new(),
        }
    }

    /// Finds when the campaigns of a screen may air, at most [`CAMPAIGNS_MAX`] of them and so many
    /// that they have no more stretches of time than this, but for those of the last; at least
    /// one.
    pub fn of<'c>(
        &mut self,
        published: impl IntoIterator<Item = (&'c CampaignId, &'c Arc<Campaign>)>,
        stretches_max: usize,
    ) -> Told {
        let published = self.in_order(published);
        let (mut told, mut stretches) = (Told::default(), 0);
        for (id, known) in &published {
            if told.campaigns.len() == CAMPAIGNS_MAX
                || (stretches >= stretches_max && !told.campaigns.is_empty())
            {
                break;
            }
            let times = self.times_of(id, known);
            stretches += times.stretches();
            told.campaigns.push(times);
        }
        told.left_out = published.len() - told.campaigns.len();
        told
    }

    /// Finds the first campaigns of a screen that may air on the days, so many at most.
    pub fn airing<'c>(
        &mut self,
        published: impl IntoIterator<Item = (&'c CampaignId, &'c Arc<Campaign>)>,
        count_max: usize,
    ) -> Told {
        let published = self.in_order(published);
        let mut told = Told::default();
        for (at, (id, known)) in published.iter().enumerate() {
            if told.campaigns.len() == count_max {
                told.left_out = published.len() - at;
                break;
            }
            let times = self.times_of(id, known);
            if !times.spans.is_empty() {
                told.campaigns.push(times);
            }
        }
        told
    }

    /// Those that are over come last.
    fn in_order<'c>(
        &mut self,
        published: impl IntoIterator<Item = (&'c CampaignId, &'c Arc<Campaign>)>,
    ) -> Vec<(&'c CampaignId, &'c Arc<Campaign>)> {
        let mut published: Vec<_> = published.into_iter().collect();
        published.sort_by_cached_key(|(id, known)| self.is_over(id, known));
        published
    }

    fn is_over(&mut self, id: &CampaignId, known: &Campaign) -> bool {
        if let Some(is_over) = self.is_over.get(id) {
            return *is_over;
        }
        // To look ahead takes long where there are many, and its dates alone tell of most.
        let today = self.days.now.to_zoned(self.days.zone.clone()).date();
        let goes_on = |phase: &Phase| phase.until.is_none_or(|until| until >= today);
        if known.phases.is_empty() || known.phases.iter().any(goes_on) {
            self.is_over.insert(id.clone(), false);
            return false;
        }
        let (from, _) = self.days.range();
        let window = |now| known.at(now, &self.days.zone);
        let next = next_open(window, from.min(self.days.now), CHANGES_AHEAD_MAX);
        let is_over = next == NextOpen::Never;
        self.is_over.insert(id.clone(), is_over);
        is_over
    }

    fn times_of(&mut self, id: &CampaignId, known: &Campaign) -> Arc<CampaignTimes> {
        if let Some(times) = self.times.get(id) {
            return Arc::clone(times);
        }
        let times = Arc::new(campaign(id, known, self.days));
        self.times.insert(id.clone(), Arc::clone(&times));
        times
    }
}

impl CampaignTimes {
    /// How many stretches of time are told of it and its placements; one at least.
    fn stretches(&self) -> usize {
        let of_placements = self.placements.iter().map(|one| 1 + one.spans.len());
        1 + self.spans.len() + of_placements.sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn of(toml: &str) -> Arc<Campaign> {
        let text = format!("title = 'x'\n{toml}");
        Arc::new(Campaign::parse("campaign.toml", &text, &["a.png".into()]).unwrap())
    }

    fn ids(count: usize) -> Vec<CampaignId> {
        (0..count)
            .map(|at| format!("c{at:03}").parse().unwrap())
            .collect()
    }

    fn days() -> Days {
        Days {
            // A Friday.
            first: jiff::civil::date(2026, 12, 4),
            count: 7,
            zone: TimeZone::UTC,
            now: "2026-12-04T04:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn campaigns_that_are_over_are_the_first_to_be_left_out() {
        let over = of("[[phase]]\nname = 'p'\nuntil = 2026-11-01\n");
        let airs = of("");
        let ids = ids(CAMPAIGNS_MAX + 1);
        let published = ids
            .iter()
            .enumerate()
            .map(|(at, id)| (id, if at == 0 { &over } else { &airs }));
        let days = days();
        let told = ManyTimes::new(&days).of(published, usize::MAX);
        assert_eq!((told.campaigns.len(), told.left_out), (CAMPAIGNS_MAX, 1));
        assert_eq!(told.campaigns[0].campaign, ids[1]);
    }

    #[test]
    fn no_more_stretches_are_told_than_asked_for_and_those_left_out_are_counted() {
        let daily = of("[[placement]]\ncreative = 'a.png'\ndayparts = ['07:00-08:00']\n");
        let ids = ids(9);
        let days = days();
        let mut many = ManyTimes::new(&days);
        // Seven of the campaign, as many of its placement, and one for each of both.
        for (most, count) in [(0, 1), (1, 1), (16, 1), (17, 2), (33, 3), (1_000, 9)] {
            let told = many.of(ids.iter().map(|id| (id, &daily)), most);
            assert_eq!((told.campaigns.len(), told.left_out), (count, 9 - count));
        }
        assert_eq!(
            *many.of(ids.iter().map(|id| (id, &daily)), 0).campaigns[0],
            campaign(&ids[0], &daily, &days)
        );
    }

    #[test]
    fn those_that_air_on_the_days_are_found_behind_those_that_do_not() {
        let (late, airs) = (of("[[phase]]\nname = 'p'\nfrom = 2027-01-01\n"), of(""));
        let ids = ids(6);
        let published = || {
            let all = ids.iter().enumerate();
            all.map(|(at, id)| (id, if at % 2 == 0 { &late } else { &airs }))
        };
        let days = days();
        let told = ManyTimes::new(&days).airing(published(), 2);
        let named: Vec<_> = told.campaigns.iter().map(|one| &one.campaign).collect();
        assert_eq!(named, [&ids[1], &ids[3]]);
        assert_eq!(told.left_out, 2);
        assert_eq!(ManyTimes::new(&days).airing(published(), 4).left_out, 0);
    }
}
