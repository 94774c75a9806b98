//! Who is owed air time: worst-case fair weighted fair queueing (WF²Q+) over recorded plays.
//!
//! Every item has a virtual finish: the air time it has had, divided by its weight. Among the items that are not ahead
//! of their share (virtual start at or before the virtual present), the one with the earliest finish airs next. Source:
//! J. C. R. Bennett and H. Zhang, "Hierarchical packet fair queueing algorithms", 1997.
//!
//! Invariants: the state is a pure function of the plays that were recorded; times are integers; an item that was not
//! eligible for a while saves nothing up.

use std::collections::{BTreeMap, BTreeSet};

/// Virtual time counts microseconds of air time for a weight of one.
const SCALE: u64 = 1_000;

/// Names what shares are counted for: one placement of one campaign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey(pub String);

/// Something that wants to air: its name, weight and length.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Whose.
    pub key: &'a ItemKey,
    /// Share of air time relative to the others, at least 1.
    pub weight: u32,
    /// How long its next play will take, in milliseconds.
    pub length_ms: u64,
}

/// The account of all items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FairShare {
    virtual_now: u64,
    /// Of every item that was eligible at the last booking, and of those that are ahead of their share.
    finish: BTreeMap<ItemKey, u64>,
    unsaved: BTreeSet<ItemKey>,
}

impl FairShare {
    /// Takes up an account where it was left.
    pub const fn restore(virtual_now: u64, finish: BTreeMap<ItemKey, u64>) -> Self {
        Self {
            virtual_now,
            finish,
            unsaved: BTreeSet::new(),
        }
    }

    /// The virtual present.
    pub const fn virtual_now(&self) -> u64 {
        self.virtual_now
    }

    /// What changed since [`FairShare::saved`]: each item and its virtual finish, `None` for forgotten items.
    pub fn unsaved(&self) -> impl Iterator<Item = (&ItemKey, Option<u64>)> {
        self.unsaved
            .iter()
            .map(|key| (key, self.finish.get(key).copied()))
    }

    /// Notes that all changes are on disk.
    pub fn saved(&mut self) {
        self.unsaved.clear();
    }

    /// Picks who airs next; `None` when there are no claims. Ties go to the earlier claim.
    pub fn pick(&self, claims: &[Claim<'_>]) -> Option<usize> {
        let present = self.present(claims);
        claims
            .iter()
            .enumerate()
            .filter(|(_, claim)| self.start(claim) <= present)
            .min_by_key(|(_, claim)| {
                self.start(claim) + virtual_length(claim.length_ms, claim.weight)
            })
            .map(|(at, _)| at)
    }

    /// Books a play of `claims[played]` that was visible for `visible_ms`, while all `claims` were eligible.
    pub fn book(&mut self, claims: &[Claim<'_>], played: usize, visible_ms: u64) {
        let Some(claim) = claims.get(played) else {
            return;
        };
        let present = self.present(claims);
        let weights: u64 = claims.iter().map(|claim| u64::from(claim.weight)).sum();
        for newcomer in claims {
            if !self.finish.contains_key(newcomer.key) {
                self.set(newcomer.key, self.virtual_now);
            }
        }
        self.set(
            claim.key,
            self.start(claim) + virtual_length(visible_ms, claim.weight),
        );
        self.virtual_now = present + visible_ms.saturating_mul(SCALE) / weights.max(1);
        let absent: Vec<ItemKey> = self
            .finish
            .iter()
            .filter(|(key, finish)| {
                **finish <= self.virtual_now && claims.iter().all(|claim| claim.key != *key)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in absent {
            self.finish.remove(&key);
            self.unsaved.insert(key);
        }
    }

    fn set(&mut self, key: &ItemKey, finish: u64) {
        self.finish.insert(key.clone(), finish);
        self.unsaved.insert(key.clone());
    }

    fn start(&self, claim: &Claim<'_>) -> u64 {
        self.finish
            .get(claim.key)
            .copied()
            .unwrap_or(self.virtual_now)
    }

    /// The virtual present, moved on so that at least one claim is not ahead of its share.
    fn present(&self, claims: &[Claim<'_>]) -> u64 {
        claims
            .iter()
            .map(|claim| self.start(claim))
            .min()
            .unwrap_or(0)
            .max(self.virtual_now)
    }
}

fn virtual_length(length_ms: u64, weight: u32) -> u64 {
    length_ms.saturating_mul(SCALE) / u64::from(weight.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn aired_time_follows_the_weights_within_two_longest_slots(
            mix in prop::collection::vec((1u32..20, 2u64..60), 1..8), plays in 50usize..400
        ) {
            let keys: Vec<ItemKey> = (0..mix.len()).map(|at| ItemKey(format!("item {at}"))).collect();
            let claims: Vec<Claim<'_>> = mix.iter().zip(&keys)
                .map(|(&(weight, seconds), key)| Claim { key, weight, length_ms: seconds * 1_000 }).collect();
            let mut shares = FairShare::default();
            let mut aired = vec![0u64; claims.len()];
            let weights: u64 = claims.iter().map(|claim| u64::from(claim.weight)).sum();
            let longest = claims.iter().map(|claim| claim.length_ms).max().unwrap_or(0);
            for _ in 0..plays {
                let picked = shares.pick(&claims).expect("there are claims");
                shares.book(&claims, picked, claims[picked].length_ms);
                aired[picked] += claims[picked].length_ms;
                let total: u64 = aired.iter().sum();
                for (claim, aired) in claims.iter().zip(&aired) {
                    let owed = total * u64::from(claim.weight) / weights;
                    prop_assert!(aired.abs_diff(owed) <= 2 * longest, "{aired} of {owed}, longest {longest}");
                }
            }
        }

        #[test]
        fn a_restart_after_any_play_changes_no_later_pick(stop in 0usize..60) {
            let keys = [ItemKey("a".into()), ItemKey("b".into()), ItemKey("c".into())];
            let claims: Vec<Claim<'_>> = keys.iter().zip([3u32, 1, 2]).map(|(key, weight)| Claim { key, weight, length_ms: 7_000 }).collect();
            let mut shares = FairShare::default();
            let mut restarted = FairShare::default();
            for play in 0..80 {
                if play == stop {
                    restarted = FairShare::restore(restarted.virtual_now, restarted.finish.clone());
                }
                let picked = shares.pick(&claims).expect("there are claims");
                prop_assert_eq!(restarted.pick(&claims), Some(picked));
                shares.book(&claims, picked, 7_000);
                restarted.book(&claims, picked, 7_000);
            }
        }
    }

    #[test]
    fn who_was_away_neither_saves_up_nor_starves() {
        let (a, b) = (ItemKey("a".into()), ItemKey("b".into()));
        let alone = [Claim {
            key: &a,
            weight: 1,
            length_ms: 10_000,
        }];
        let both = [
            alone[0],
            Claim {
                key: &b,
                weight: 1,
                length_ms: 10_000,
            },
        ];
        let mut shares = FairShare::default();
        for _ in 0..100 {
            shares.book(&alone, 0, 10_000);
        }
        let mut first_ten = [0; 2];
        for _ in 0..10 {
            let picked = shares.pick(&both).expect("there are claims");
            shares.book(&both, picked, 10_000);
            first_ten[picked] += 1;
        }
        assert_eq!(first_ten, [5, 5]);
    }
}
