//! Who contends for the air time of a class, and at which rate: weights, exact shares, and what
//! goals still owe.
//!
//! Invariant: exact shares and goals take [`SHARES_PPM_MAX`] of the time at most where anybody has
//! neither.

use std::ops::Range;

use crate::schedule::rotation::accounts::Contender;
use crate::schedule::rotation::pace::GOALS_PPM_MAX;
use crate::schedule::rotation::pick::context::PickContext;
use crate::schedule::rotation::plan::Rotation;
use crate::schedule::rotation::{Class, Reason};

/// The whole of a zone's air time.
const WHOLE_PPM: u64 = 1_000_000;
/// Most that exact shares and goals take from content that has neither.
const SHARES_PPM_MAX: u64 = 950_000;

/// What of a class could air.
#[derive(Default)]
pub(super) struct Candidates {
    pub(super) candidacies: Vec<Candidacy>,
    /// Places of items, candidacy by candidacy.
    items: Vec<usize>,
}

impl Candidates {
    /// The eligible items of a candidacy.
    pub(super) fn eligible(&self, at: usize) -> &[usize] {
        let range = self.candidacies.get(at).map(|found| found.eligible.clone());
        range.map_or(&[], |range| &self.items[range])
    }
}

/// An entry that could air.
pub(super) struct Candidacy {
    pub(super) entry: usize,
    /// Where its eligible items stand in the field's.
    eligible: Range<usize>,
    weight: u64,
    share_ppm: u64,
    length_ms: u64,
    pub(super) reason: Option<Reason>,
}

impl Rotation {
    /// What of a class could air, distances aside.
    pub(super) fn candidates(
        &mut self,
        class: Class,
        context: &PickContext<'_>,
        may_air: &[bool],
    ) -> Candidates {
        let mut candidates = Candidates::default();
        for entry in 0..self.entries.len() {
            if self.entries[entry].class != class {
                continue;
            }
            let from = candidates.items.len();
            let members = self.entries[entry].members.iter().copied();
            candidates
                .items
                .extend(members.filter(|&item| may_air[item]));
            let mut candidacy = Candidacy {
                entry,
                eligible: from..candidates.items.len(),
                weight: 0,
                share_ppm: 0,
                length_ms: 0,
                reason: None,
            };
            if candidacy.eligible.is_empty() {
                continue;
            }
            for &item in &candidates.items[from..] {
                self.add_contender(item, context, &mut candidacy);
            }
            candidates.candidacies.push(candidacy);
        }
        candidates
    }

    /// Adds what one placement asks for to what its entry does.
    fn add_contender(&mut self, at: usize, context: &PickContext<'_>, candidacy: &mut Candidacy) {
        let item = &self.items[at];
        let (campaign, weight, length_ms) = (item.campaign, item.weight, item.length_ms);
        candidacy.length_ms = candidacy.length_ms.max(length_ms);
        if let Some(share_ppm) = item.share_ppm {
            candidacy.share_ppm += share_ppm;
            return;
        }
        let phase = context.phases[campaign];
        let left = phase.and_then(|phase| {
            let standing = self.standing(campaign, phase, &context.around);
            Some((phase, standing.plays_left?))
        });
        let (Some((phase, plays_left)), Some(now)) = (left, context.at) else {
            candidacy.weight += weight;
            return;
        };
        if plays_left == 0 {
            // More plays are welcome where nobody else wants the time.
            candidacy.weight += 1;
            return;
        }
        let Some(left_ms) = self.left_ms(campaign, phase, now) else {
            candidacy.weight += weight;
            return;
        };
        let mates = self.campaigns[campaign].members.iter();
        let weights: u64 = mates
            .map(|&mate| &self.items[mate])
            .filter(|mate| mate.phases.is_empty() || mate.phases.contains(&phase))
            .map(|mate| mate.weight)
            .sum();
        let owed_ms = u128::from(plays_left) * u128::from(length_ms) * u128::from(weight)
            / u128::from(weights.max(1));
        let ppm = owed_ms * u128::from(WHOLE_PPM) / u128::from(left_ms.max(1));
        let ppm = u64::try_from(ppm).unwrap_or(u64::MAX).min(GOALS_PPM_MAX);
        candidacy.share_ppm += ppm.max(1);
        candidacy.reason = Some(Reason::Pace {
            plays_left,
            hours_left: left_ms / 3_600_000,
        });
    }

    /// Rates for a class: weights as they are, and exact shares so that they come out beside them.
    pub(super) fn contenders(&self, candidacies: &[Candidacy], has_lower: bool) -> Vec<Contender> {
        let weights: u64 = candidacies
            .iter()
            .filter(|candidacy| candidacy.share_ppm == 0)
            .map(|candidacy| candidacy.weight)
            .sum();
        let shares: u64 = candidacies
            .iter()
            .map(|candidacy| candidacy.share_ppm)
            .sum();
        let shares_max = if weights == 0 {
            WHOLE_PPM
        } else {
            SHARES_PPM_MAX
        };
        // More than all that there is, is shared out in proportion.
        let fits = |share_ppm: u64| {
            if shares <= shares_max {
                u128::from(share_ppm)
            } else {
                u128::from(share_ppm) * u128::from(shares_max) / u128::from(shares)
            }
        };
        let rest = WHOLE_PPM - shares.min(shares_max);
        let rate = |candidacy: &Candidacy| match (candidacy.share_ppm, weights) {
            (0, _) => candidacy.weight,
            (share_ppm, 0) => u64::try_from(fits(share_ppm)).unwrap_or(WHOLE_PPM),
            (share_ppm, weights) => {
                let exact = fits(share_ppm) * u128::from(weights) / u128::from(rest.max(1));
                u64::try_from(exact).unwrap_or(u64::MAX / 4).max(1)
            }
        };
        let mut contenders: Vec<Contender> = candidacies
            .iter()
            .map(|candidacy| Contender {
                account: self.entries[candidacy.entry].account,
                rate: rate(candidacy),
                length_ms: candidacy.length_ms,
                floats: candidacy.share_ppm > 0,
            })
            .collect();
        if has_lower && weights == 0 && rest > 0 {
            contenders.push(Contender {
                account: self.rest,
                rate: rest,
                length_ms: self.rules.dwell_ms,
                floats: true,
            });
        }
        contenders
    }
}
