//! On how many screens campaigns with goals air: a goal is one of all of them together, and each
//! gets its part of it.
//!
//! Invariants: what is kept is of one change number, and whatever moves such a count moves that
//! number in its own transaction, so what is found here is what the same transaction would count;
//! at most [`CAMPAIGNS_MAX`] counts are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use passerby_protocol::{Campaign, CampaignId};

use crate::database::{DatabaseError, Transaction, Value};

/// Most counts that are kept; with more campaigns that have goals, all are counted anew.
const CAMPAIGNS_MAX: usize = 4_096;

/// Counts that were made, so that not every manifest counts all screens.
#[derive(Debug, Default)]
pub(super) struct GoalScreens(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    /// Up to which change; `None` before the first count.
    change: Option<u64>,
    screens: BTreeMap<CampaignId, u32>,
}

/// Tells whether the screens of a campaign share anything between them.
pub(super) fn has_goal(campaign: &Campaign) -> bool {
    let mut phases = campaign.phases.iter();
    phases.any(|phase| phase.goal_plays.is_some() || phase.goal_scans.is_some())
}

impl GoalScreens {
    /// Returns on how many screens in service each of these campaigns airs, as `tx` sees it;
    /// `change` is the newest change number that it sees.
    ///
    /// # Errors
    /// The database fails.
    pub(super) fn count(
        &self,
        tx: &Transaction<'_>,
        change: u64,
        campaigns: &BTreeSet<&CampaignId>,
    ) -> Result<BTreeMap<CampaignId, u32>, DatabaseError> {
        let (mut screens, missing) = self.counted().of(change, campaigns);
        if !missing.is_empty() {
            let sets: Vec<_> = missing
                .iter()
                .map(|id| [Value::from(id.as_str())])
                .collect();
            let counts = tx.all_each(
                "SELECT count(*) FROM airing JOIN screens ON number = screen WHERE campaign = ?1 AND revoked_ms IS NULL",
                &sets,
                |row| row.get::<u32>(0),
            )?;
            let counts = missing.into_iter().zip(counts.concat());
            screens.extend(counts.map(|(id, count)| (id.clone(), count)));
            self.counted().keep(change, &screens);
        }
        Ok(screens)
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// What is known of these campaigns, and those of which nothing is.
    fn of<'c>(
        &self,
        change: u64,
        campaigns: &BTreeSet<&'c CampaignId>,
    ) -> (BTreeMap<CampaignId, u32>, Vec<&'c CampaignId>) {
        let (mut known, mut missing) = (BTreeMap::new(), Vec::new());
        for &id in campaigns {
            match self.screens.get(id).filter(|_| self.change == Some(change)) {
                Some(count) => _ = known.insert(id.clone(), *count),
                None => missing.push(id),
            }
        }
        (known, missing)
    }

    fn keep(&mut self, change: u64, screens: &BTreeMap<CampaignId, u32>) {
        if self.change != Some(change) || self.screens.len() + screens.len() > CAMPAIGNS_MAX {
            // Of another state, also of an earlier one: a reader's may be a moment old.
            (self.change, self.screens) = (Some(change), BTreeMap::new());
        }
        let room = CAMPAIGNS_MAX - self.screens.len();
        let kept = screens.iter().take(room);
        self.screens
            .extend(kept.map(|(id, count)| (id.clone(), *count)));
    }
}

#[cfg(test)]
mod tests {
    use passerby_protocol::ScreenNumber;

    use super::*;
    use crate::people::Actor;
    use crate::publish::folder::Publication;
    use crate::store::testing::on_each_database;
    use crate::store::{Store, Targets};

    fn campaign(id: &str, toml: &str) -> Publication {
        let toml = format!("title = 'Cafe'\ntarget = 'https://cafe.example/'\n{toml}");
        Publication {
            id: id.parse().unwrap(),
            campaign: Campaign::parse("campaign.toml", &toml, &["a.png".into()]).unwrap(),
            items: Vec::new(),
            creatives: Vec::new(),
            account_picture: None,
            notes: Vec::new(),
            written: String::new(),
        }
    }

    fn goal_of(store: &Store, screen: ScreenNumber) -> Option<u32> {
        let manifest = store.manifest(screen).unwrap();
        manifest.campaigns[0].campaign.phases[0].goal_plays
    }

    #[test]
    fn another_process_shares_a_goal_between_the_screens_that_there_are_now() {
        on_each_database(|database| {
            let (store, other) = (database.open(), database.open());
            store.set_scan_base("HTTPS://HUB.EXAMPLE", 0).unwrap();
            let first = store
                .add_screen(&Actor::COMMAND_LINE, "one", 1_000)
                .unwrap()
                .0;
            let toml = "[[phase]]\nname = 'all'\ngoal_plays = 1000\n";
            let goal = campaign("goal", toml);
            store
                .publish(&Actor::COMMAND_LINE, &goal, &Targets::Everywhere, 2_000)
                .unwrap();
            let both = |expected| {
                for _ in 0..2 {
                    assert_eq!(goal_of(&store, first), Some(expected));
                    assert_eq!(goal_of(&other, first), Some(expected));
                }
            };
            both(1_000);
            let second = store
                .add_screen(&Actor::COMMAND_LINE, "two", 3_000)
                .unwrap()
                .0;
            both(500);
            store
                .revoke_screen(&Actor::COMMAND_LINE, second, false, 4_000)
                .unwrap();
            both(1_000);
            store.admit(second, &[7; 32], 5_000).unwrap();
            both(500);
            let third = other
                .add_screen(&Actor::COMMAND_LINE, "three", 6_000)
                .unwrap()
                .0;
            both(334);
            let only = Targets::Only(BTreeSet::from([first, third]));
            other
                .publish(&Actor::COMMAND_LINE, &goal, &only, 7_000)
                .unwrap();
            both(500);
        });
    }

    #[test]
    fn of_one_state_each_campaign_is_counted_once_and_those_without_a_goal_never() {
        on_each_database(|database| {
            let store = database.open();
            store.set_scan_base("HTTPS://HUB.EXAMPLE", 0).unwrap();
            let screen = store
                .add_screen(&Actor::COMMAND_LINE, "one", 1_000)
                .unwrap()
                .0;
            let plain = campaign("plain", "");
            store
                .publish(&Actor::COMMAND_LINE, &plain, &Targets::Everywhere, 2_000)
                .unwrap();
            store.manifest(screen).unwrap();
            assert_eq!(store.goal_screens.counted().change, None);
            let toml = "[[phase]]\nname = 'all'\ngoal_scans = 10\n";
            let goal = campaign("goal", toml);
            store
                .publish(&Actor::COMMAND_LINE, &goal, &Targets::Everywhere, 3_000)
                .unwrap();
            store.manifest(screen).unwrap();
            let known = store.goal_screens.counted().screens.clone();
            assert_eq!(known, BTreeMap::from([(goal.id.clone(), 1)]));
            // A count that is known is the one that is given out.
            store.goal_screens.counted().screens.insert(goal.id, 5);
            let manifest = store.manifest(screen).unwrap();
            assert_eq!(manifest.campaigns[0].campaign.phases[0].goal_scans, Some(2));
        });
    }

    #[test]
    fn of_any_number_of_campaigns_a_bounded_number_of_counts_is_kept() {
        let mut counted = Counted::default();
        for number in 0..3 * CAMPAIGNS_MAX {
            let id: CampaignId = format!("c{number}").parse().unwrap();
            counted.keep(1, &BTreeMap::from([(id, 1)]));
            assert!(counted.screens.len() <= CAMPAIGNS_MAX);
        }
    }
}
