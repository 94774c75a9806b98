//! Who of a group has aired: its newest recorded plays, and what they leave open under the bounds.

use std::collections::{BTreeMap, VecDeque};

use passerby_protocol::limits::PLACEMENTS_MAX;

use crate::content::catalog::ItemKey;

/// How many of its newest plays a group remembers; as many as a campaign has placements, so that a
/// turn can be told.
pub const PLAYS_REMEMBERED: usize = PLACEMENTS_MAX;

/// Over how many plays a ceiling holds as a whole number of plays.
pub(super) const CEILING_PLAYS: u64 = 100;

/// The newest recorded plays of a group, whoever of it is eligible at present.
///
/// It is a function of the recorded plays alone: book each once, in the order of the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Airing {
    plays: u64,
    /// The numbers of the plays of each key, oldest first; none older than [`PLAYS_REMEMBERED`].
    numbers: BTreeMap<ItemKey, VecDeque<u64>>,
}

impl Airing {
    /// Takes up a group where it was left: how many plays it has had in all, and the keys of the
    /// newest, oldest first. At most [`PLAYS_REMEMBERED`] are looked at; with fewer, who is not
    /// among them has its turn at once.
    pub fn restore<I>(plays: u64, newest: I) -> Self
    where
        I: IntoIterator<Item = ItemKey>,
        I::IntoIter: ExactSizeIterator,
    {
        let newest = newest.into_iter();
        let count = newest.len() as u64;
        let mut airing = Self {
            plays: plays.max(count) - count,
            numbers: BTreeMap::new(),
        };
        for key in newest {
            airing.book(&key);
        }
        airing
    }

    /// Books a recorded play of the group.
    pub fn book(&mut self, key: &ItemKey) {
        match self.numbers.get_mut(key) {
            Some(numbers) => numbers.push_back(self.plays),
            None => {
                self.numbers
                    .insert(key.clone(), VecDeque::from([self.plays]));
            }
        }
        self.plays += 1;
        let forgotten = self.plays.saturating_sub(PLAYS_REMEMBERED as u64);
        // One play comes, so at most one goes.
        let gone = self.numbers.iter_mut().find_map(|(key, numbers)| {
            (numbers.front()? < &forgotten).then(|| {
                numbers.pop_front();
                (key.clone(), numbers.is_empty())
            })
        });
        if let Some((key, true)) = gone {
            self.numbers.remove(&key);
        }
    }

    /// How many plays the group has had; the number of its next pick.
    pub fn plays(&self) -> u64 {
        self.plays
    }

    /// The keys of the newest plays, oldest first; with [`Airing::plays`] all that
    /// [`Airing::restore`] needs.
    pub fn newest(&self) -> Vec<ItemKey> {
        let mut numbered: Vec<(u64, &ItemKey)> = self
            .numbers
            .iter()
            .flat_map(|(key, numbers)| numbers.iter().map(move |&number| (number, key)))
            .collect();
        numbered.sort_unstable_by_key(|play| play.0);
        numbered.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// The number of a key's newest play; `None` when it is not remembered.
    pub(super) fn last(&self, key: &ItemKey) -> Option<u64> {
        self.numbers.get(key)?.back().copied()
    }

    /// Tells whether one more play leaves every stretch of up to [`CEILING_PLAYS`] plays that ends
    /// with it at no more than a share of `most / of` of them, rounded up.
    pub(super) fn has_room(&self, key: &ItemKey, most: u64, of: u64) -> bool {
        let Some(numbers) = self.numbers.get(key) else {
            return true;
        };
        // With the one to come, the j-th newest play starts a stretch of `length` that holds j + 1
        // of them.
        numbers
            .iter()
            .rev()
            .map(|number| self.plays - number + 1)
            .take_while(|&length| length <= CEILING_PLAYS)
            .zip(1u64..)
            .all(|(length, earlier)| earlier * of < most * length)
    }
}
