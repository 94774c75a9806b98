//! Groups of placements that air on one account: sequences, and creatives that compete by what they
//! bring.
//!
//! Invariant: a sequence whose next part has to wait for its distance waits as a whole; no other
//! part airs in its place.

use passerby_protocol::campaign::AdaptiveBy;
use passerby_protocol::tally::WeekPart;

use crate::content::catalog::ItemKey;
use crate::schedule::adaptive;
use crate::schedule::adaptive::{Airing, Candidate, LearningBounds, Model};
use crate::schedule::rotation::plan::Mode;
use crate::schedule::rotation::plan::Rotation;
use crate::schedule::rotation::{PickSurroundings, Reason};
use crate::system::clock::Moment;
use crate::system::clock::weekday_and_minute;

/// Which of a group's members airs, and why.
pub(super) struct Chosen {
    pub(super) item: usize,
    /// Its place in a sequence, from 1.
    pub(super) place: u32,
    pub(super) reason: Option<Reason>,
}

impl Rotation {
    /// Chooses among the eligible members of an entry; `None` when the one whose turn it is has to
    /// wait for its distance. `waits_ms`: how long each of the plan's distances has to.
    pub(super) fn choose(
        &mut self,
        entry: usize,
        eligible: &[usize],
        waits_ms: &[u64],
        now: &Moment,
        around: &PickSurroundings<'_>,
    ) -> Option<Chosen> {
        let may = |plan: &Self, item: usize| waits_ms[plan.items[item].distance] == 0;
        match self.entries[entry].mode {
            Mode::Single => eligible
                .first()
                .copied()
                .filter(|&item| may(self, item))
                .map(|item| Chosen {
                    item,
                    place: 0,
                    reason: None,
                }),
            Mode::Sequence => self
                .next_in_sequence(entry, eligible, around)
                .filter(|chosen| may(self, chosen.item)),
            Mode::Adaptive(bounds, by) => {
                let open = eligible.iter().copied().filter(|&item| may(self, item));
                let open: Vec<usize> = open.collect();
                self.most_promising(entry, &open, (bounds, by), now, around)
            }
        }
    }

    /// The first eligible member after the one that aired last, and again from the beginning.
    fn next_in_sequence(
        &self,
        entry: usize,
        eligible: &[usize],
        around: &PickSurroundings<'_>,
    ) -> Option<Chosen> {
        let Self { entries, .. } = self;
        let members = &entries[entry].members;
        let last = around.history.accounts.of(entries[entry].account).place as usize;
        let place_of = |item: &usize| members.iter().position(|member| member == item);
        let item = eligible
            .iter()
            .find(|item| place_of(item).is_some_and(|place| place >= last))
            .or(eligible.first())
            .copied()?;
        let place = place_of(&item)?;
        Some(Chosen {
            item,
            place: u32::try_from(place + 1).unwrap_or(0),
            reason: Some(Reason::Sequence {
                place: place + 1,
                of: members.len(),
            }),
        })
    }

    fn most_promising(
        &mut self,
        entry: usize,
        open: &[usize],
        (bounds, by): (LearningBounds, AdaptiveBy),
        now: &Moment,
        around: &PickSurroundings<'_>,
    ) -> Option<Chosen> {
        if open.is_empty() {
            return None;
        }
        let local = self.rules.local(now);
        let part = local.as_ref().map(|local| {
            let (weekday, minute) = weekday_and_minute(local);
            WeekPart::at(weekday, minute)
        });
        let today = local.map(|local| local.date());
        let scans = &around.facts.scans;
        let of = (today, scans.version());
        let members = &self.entries[entry].members;
        let known = self.seen.estimates.get(&entry);
        if known.is_none_or(|(known, _)| *known != of) {
            let counts: Vec<_> = members
                .iter()
                .map(|&item| scans.of(self.catalog[item].assignment))
                .collect();
            let estimates = Model::default().estimate(&counts, by, today);
            self.seen.estimates.insert(entry, (of, estimates));
        }
        let (_, estimates) = self.seen.estimates.get(&entry)?;
        let key = &self.entries[entry].key;
        let nothing = Airing::default();
        let airing = around.history.groups.get(key).unwrap_or(&nothing);
        let candidates: Vec<Candidate<'_>> = open
            .iter()
            .filter_map(|&item| {
                let place = members.iter().position(|&member| member == item)?;
                Some(Candidate {
                    key: &self.catalog[item].key,
                    estimate: &estimates[place],
                })
            })
            .collect();
        let pick = adaptive::pick(&candidates, part, seed_of(key), airing, &bounds)?;
        Some(Chosen {
            item: open[pick.index],
            place: 0,
            reason: Some(Reason::Scans(pick.reason)),
        })
    }
}

/// FNV-1a: a number for a name, the same on every machine.
fn seed_of(key: &ItemKey) -> u64 {
    key.0.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
