//! Distances between plays of one advertiser, and between rivals.
//!
//! Invariant: a distance is measured from the end of one play to the start of the next, on the
//! whole screen, whatever the zone. Where the time between them cannot be known, since the machine
//! has started anew and nothing vouches for its clock, only the time since that start counts.

use std::collections::HashMap;
use std::sync::Arc;

use passerby_protocol::campaign::{Separation, keeps_apart};
use serde::{Deserialize, Serialize};

use crate::system::clock::Moment;

/// Whose plays are kept apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeparationKey {
    /// Who pays.
    pub advertiser: Arc<str>,
    /// For what; none for the advertiser as a whole.
    pub category: Option<Arc<str>>,
}

/// When the newest play of a party ended, and how far it wants others to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayEnd {
    boot: String,
    boot_ms: u64,
    wall_ms: Option<i64>,
    apart_ms: u64,
}

impl PlayEnd {
    fn at(end: &Moment, apart_ms: u64) -> Self {
        Self {
            boot: end.boot.to_string(),
            boot_ms: end.boot_ms,
            wall_ms: end.wall_ms,
            apart_ms,
        }
    }

    /// Time since then, as far as it is known, in milliseconds.
    fn elapsed_ms(&self, now: &Moment) -> u64 {
        if *self.boot == *now.boot {
            return now.boot_ms.saturating_sub(self.boot_ms);
        }
        match (self.wall_ms, now.wall_ms) {
            (Some(then), Some(now)) => u64::try_from(now.saturating_sub(then)).unwrap_or(0),
            _ => now.boot_ms,
        }
    }

    /// How long somebody who wants a distance too has to wait, in milliseconds.
    fn wait_ms(&self, now: &Moment, apart_ms: u64) -> u64 {
        self.apart_ms
            .max(apart_ms)
            .saturating_sub(self.elapsed_ms(now))
    }
}

/// What has ended on a screen, and when.
#[derive(Debug, Clone, Default)]
pub struct Airings {
    advertisers: HashMap<Arc<str>, PlayEnd>,
    /// By category: its advertisers.
    rivals: HashMap<Arc<str>, Vec<(Arc<str>, PlayEnd)>>,
}

/// What a campaign says about distances, ready to be asked often.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Distance {
    advertiser: Option<Arc<str>>,
    category: Option<Arc<str>>,
    apart_ms: u64,
    rivals_apart_ms: u64,
    told: Arc<Separation>,
}

impl Distance {
    pub(super) fn of(separation: &Separation) -> Self {
        Self {
            advertiser: separation.advertiser.as_deref().map(Into::into),
            category: separation.category.as_deref().map(Into::into),
            apart_ms: u64::from(separation.apart_s) * 1_000,
            rivals_apart_ms: u64::from(separation.rivals_apart_s) * 1_000,
            told: Arc::new(separation.clone()),
        }
    }

    /// Tells whether a play of the one makes the other wait.
    pub(super) fn keeps_from(&self, other: &Self) -> bool {
        keeps_apart(&self.told, &other.told) > 0
    }

    /// Whose rivals' plays are told from one's own: who names no advertiser is a party without a
    /// name.
    fn separation_key(&self) -> Arc<str> {
        self.advertiser.clone().unwrap_or_else(|| Arc::from(""))
    }
}

impl Airings {
    /// Takes up what has ended where it was left.
    pub fn restore(ended: impl IntoIterator<Item = (SeparationKey, PlayEnd)>) -> Self {
        let mut airings = Self::default();
        for (separation_key, ended) in ended {
            airings.put(separation_key, ended);
        }
        airings
    }

    /// All that has to be saved.
    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<(SeparationKey, PlayEnd)> {
        let advertisers = self.advertisers.iter().map(|(advertiser, ended)| {
            let separation_key = SeparationKey {
                advertiser: advertiser.clone(),
                category: None,
            };
            (separation_key, ended.clone())
        });
        let rivals = self.rivals.iter().flat_map(|(category, ended)| {
            ended.iter().map(|(advertiser, ended)| {
                let separation_key = SeparationKey {
                    advertiser: advertiser.clone(),
                    category: Some(category.clone()),
                };
                (separation_key, ended.clone())
            })
        });
        advertisers.chain(rivals).collect()
    }

    fn put(&mut self, separation_key: SeparationKey, ended: PlayEnd) {
        match separation_key.category {
            None => {
                self.advertisers.insert(separation_key.advertiser, ended);
            }
            Some(category) => {
                let rivals = self.rivals.entry(category).or_default();
                rivals.retain(|(advertiser, _)| *advertiser != separation_key.advertiser);
                rivals.push((separation_key.advertiser, ended));
            }
        }
    }

    /// Notes the end of a play; returns what has to be saved.
    pub(super) fn note(
        &mut self,
        distance: &Distance,
        end: &Moment,
    ) -> Vec<(SeparationKey, PlayEnd)> {
        let separation_key = |category| SeparationKey {
            advertiser: distance.separation_key(),
            category,
        };
        let own = distance
            .advertiser
            .as_ref()
            .map(|_| (separation_key(None), PlayEnd::at(end, distance.apart_ms)));
        let category = distance.category.clone().map(|category| {
            (
                separation_key(Some(category)),
                PlayEnd::at(end, distance.rivals_apart_ms),
            )
        });
        let ended: Vec<(SeparationKey, PlayEnd)> = own.into_iter().chain(category).collect();
        for (separation_key, ended) in &ended {
            self.put(separation_key.clone(), ended.clone());
        }
        ended
    }

    /// How long a campaign has to wait for its distances, in milliseconds; 0 when it may air.
    pub(super) fn wait_ms(&self, distance: &Distance, now: &Moment) -> u64 {
        let own = distance
            .advertiser
            .as_ref()
            .and_then(|advertiser| self.advertisers.get(advertiser))
            .map_or(0, |ended| ended.wait_ms(now, distance.apart_ms));
        let separation_key = distance.separation_key();
        let rivals = distance
            .category
            .as_ref()
            .and_then(|category| self.rivals.get(category))
            .into_iter()
            .flatten()
            .filter(|(advertiser, _)| *advertiser != separation_key)
            .map(|(_, ended)| ended.wait_ms(now, distance.rivals_apart_ms))
            .max()
            .unwrap_or(0);
        own.max(rivals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(boot: &str, boot_ms: u64, wall_ms: Option<i64>) -> Moment {
        Moment {
            boot: boot.into(),
            boot_ms,
            wall_ms,
        }
    }

    fn distance(advertiser: &str, category: &str, apart_s: u32, rivals_apart_s: u32) -> Distance {
        Distance::of(&Separation {
            advertiser: Some(advertiser.into()),
            category: Some(category.into()),
            apart_s,
            rivals_apart_s,
        })
    }

    #[test]
    fn rivals_wait_for_the_longer_of_both_distances_and_ones_own_for_its_own() {
        let (lumen, nero) = (
            distance("Lumen", "coffee", 60, 0),
            distance("Nero", "coffee", 0, 300),
        );
        let tea = distance("Tea House", "tea", 0, 300);
        let mut airings = Airings::default();
        airings.note(&lumen, &moment("a", 1_000, None));
        let later = moment("a", 21_000, None);
        assert_eq!(airings.wait_ms(&lumen, &later), 40_000);
        assert_eq!(airings.wait_ms(&nero, &later), 280_000);
        assert_eq!(airings.wait_ms(&tea, &later), 0);
    }

    #[test]
    fn after_a_restart_the_clock_tells_or_else_the_wait_begins_anew() {
        let lumen = distance("Lumen", "coffee", 60, 0);
        let mut airings = Airings::default();
        let saved = airings.note(&lumen, &moment("a", 500_000, Some(1_000_000)));
        let restored = Airings::restore(saved);
        let known = moment("b", 2_000, Some(1_050_000));
        assert_eq!(restored.wait_ms(&lumen, &known), 10_000);
        assert_eq!(restored.wait_ms(&lumen, &moment("b", 2_000, None)), 58_000);
    }
}
