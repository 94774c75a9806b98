//! Who has aired how much in a zone: worst-case fair weighted fair queueing (WF²Q+) over recorded
//! plays.
//!
//! Every account has a virtual finish: the air time it has had, divided by its rate. Among those
//! that are not ahead of their share (virtual start at or before the virtual present), the one with
//! the earliest finish airs next. Source: J. C. R. Bennett and H. Zhang, "WF²Q: worst-case fair
//! weighted fair queueing", 1996, and "Hierarchical packet fair queueing algorithms", 1997. Among
//! the same contenders nobody's air time is ever further from its share than the longest slot,
//! early or late.
//!
//! Invariants: the state is a pure function of the plays that were recorded; times are integers;
//! who could not air for a while saves nothing up, and who could air but never did keeps the place
//! that it had when it came.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::content::catalog::ItemKey;
use crate::schedule::rotation::Class;

/// Virtual time counts nanoseconds of air time for a rate of one.
const NS_PER_MS: u128 = 1_000_000;
/// A weight of one, as a rate.
pub(crate) const WEIGHT_ONE: u64 = 1_000_000;

/// Which account, in its zone's [`Accounts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u32);

impl AccountId {
    const fn at(self) -> usize {
        self.0 as usize
    }
}

/// An hour or a day in which plays are counted against a cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Span {
    /// Counted on the venue's clock since 1970.
    Local(i64),
    /// Counted in air time, while the clock is not known.
    Aired(u64),
    /// Before the first play.
    #[default]
    None,
}

/// How often something aired within the present span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AiredCount {
    span: Span,
    plays: u32,
}

impl AiredCount {
    /// Plays within `span`. When the clock has just become known, or was lost, the old span goes
    /// on: so no cap is broken by not knowing what time it was.
    pub(super) fn within(&self, span: Span) -> u32 {
        match (self.span, span) {
            (Span::Local(known), Span::Local(asked)) if known != asked => 0,
            (Span::Aired(known), Span::Aired(asked)) if known != asked => 0,
            _ => self.plays,
        }
    }

    fn add(&mut self, span: Span) {
        *self = Self {
            plays: self.within(span).saturating_add(1),
            span,
        };
    }
}

/// One account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Virtual finish.
    #[serde(rename = "f")]
    finish: u64,
    /// The class in which it could air when that class was last booked.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    class: Option<Class>,
    /// Plays so far.
    #[serde(rename = "n", default)]
    pub(super) plays: u64,
    /// Of a sequence: the place of the member that aired last, from 1.
    #[serde(rename = "s", default)]
    pub(super) place: u32,
    #[serde(rename = "h", default)]
    pub(super) hour: AiredCount,
    #[serde(rename = "d", default)]
    pub(super) day: AiredCount,
}

/// Somebody who could air at a moment: whose account, at what rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contender {
    pub(crate) account: AccountId,
    /// [`WEIGHT_ONE`] for a weight of one.
    pub(crate) rate: u64,
    /// How long its next play will take, in milliseconds.
    pub(crate) length_ms: u64,
    /// Whether its rate changes with who else is there or with what is still owed.
    pub(crate) floats: bool,
}

/// How near somebody is to airing; the least comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// How far ahead of its share, in virtual time; 0 for who is entitled to a play.
    ahead: u64,
    finish: u64,
}

impl Contender {
    fn virtual_length(&self, length_ms: u64) -> u64 {
        let exact = u128::from(length_ms) * NS_PER_MS * u128::from(WEIGHT_ONE)
            / u128::from(self.rate.max(1));
        u64::try_from(exact).unwrap_or(u64::MAX / 4)
    }
}

/// The accounts of one zone.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// The virtual present of each class.
    virtual_times: [u64; Class::COUNT],
    /// Air time of all plays so far, in milliseconds.
    aired_ms: u64,
    names: Arc<AccountNames>,
    accounts: Vec<Account>,
    /// Who could air when a class was last booked.
    contenders: [Vec<AccountId>; Class::COUNT],
    unsaved: BTreeSet<AccountId>,
}

/// The accounts' names. They are shared, so that a copy of the accounts, to look ahead, costs
/// little.
#[derive(Debug, Clone, Default)]
struct AccountNames {
    keys: Vec<ItemKey>,
    index: HashMap<ItemKey, AccountId>,
}

/// What all accounts of a zone have in common, as it is saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualTimes {
    virtual_times: [u64; Class::COUNT],
    aired_ms: u64,
}

impl Accounts {
    /// Takes up the accounts where they were left.
    pub fn restore(
        virtual_times: VirtualTimes,
        accounts: impl IntoIterator<Item = (ItemKey, Account)>,
    ) -> Self {
        let mut restored = Self {
            virtual_times: virtual_times.virtual_times,
            aired_ms: virtual_times.aired_ms,
            ..Self::default()
        };
        for (key, account) in accounts {
            let id = restored.open(&key);
            restored.accounts[id.at()] = account;
            if let Some(class) = account.class {
                restored.contenders[class.at()].push(id);
            }
        }
        restored
    }

    /// What all accounts have in common.
    pub const fn virtual_times(&self) -> VirtualTimes {
        VirtualTimes {
            virtual_times: self.virtual_times,
            aired_ms: self.aired_ms,
        }
    }

    /// Accounts that have changed since [`Accounts::saved`].
    pub fn unsaved(&self) -> impl Iterator<Item = (&ItemKey, &Account)> {
        self.unsaved
            .iter()
            .map(|id| (&self.names.keys[id.at()], &self.accounts[id.at()]))
    }

    /// Has every account saved with the next play.
    #[cfg(test)]
    pub(super) fn touch(&mut self) {
        let accounts = 0..u32::try_from(self.accounts.len()).unwrap_or(u32::MAX);
        self.unsaved.extend(accounts.map(AccountId));
    }

    /// Notes that all changes are on disk.
    pub fn saved(&mut self) {
        self.unsaved.clear();
    }

    /// Air time of all plays so far, in milliseconds.
    pub(super) const fn aired_ms(&self) -> u64 {
        self.aired_ms
    }

    /// The account of a name; a new one is opened for a new name.
    pub(crate) fn open(&mut self, key: &ItemKey) -> AccountId {
        if let Some(id) = self.names.index.get(key) {
            return *id;
        }
        let id = AccountId(u32::try_from(self.accounts.len()).unwrap_or(u32::MAX));
        let names = Arc::make_mut(&mut self.names);
        names.keys.push(key.clone());
        names.index.insert(key.clone(), id);
        self.accounts.push(Account::default());
        id
    }

    /// How many plays were counted under a name.
    pub fn plays_of(&self, key: &ItemKey) -> u64 {
        self.names.index.get(key).map_or(0, |id| self.of(*id).plays)
    }

    /// The account with a number.
    pub(crate) fn of(&self, id: AccountId) -> &Account {
        &self.accounts[id.at()]
    }

    /// Where a contender's next play starts in virtual time. Who newly comes, or comes back, starts
    /// at the present.
    fn start(&self, class: Class, contender: &Contender) -> u64 {
        let present = self.virtual_times[class.at()];
        let account = self.of(contender.account);
        if account.class != Some(class) {
            return account
                .finish
                .max(present)
                .min(self.latest(class, contender));
        }
        if contender.floats {
            account.finish.min(self.latest(class, contender))
        } else {
            account.finish
        }
    }

    /// As far ahead as one play takes somebody.
    fn latest(&self, class: Class, contender: &Contender) -> u64 {
        self.virtual_times[class.at()].saturating_add(contender.virtual_length(contender.length_ms))
    }

    /// The virtual present, moved on so that at least one contender is not ahead of its share.
    fn present(&self, class: Class, contenders: &[Contender]) -> u64 {
        contenders
            .iter()
            .map(|contender| self.start(class, contender))
            .min()
            .unwrap_or(0)
            .max(self.virtual_times[class.at()])
    }

    /// Whose turn it is, least first: who is entitled to a play before who is ahead of its share,
    /// and among the entitled who would finish first. Ties go to the earlier contender.
    pub(crate) fn ranks(&self, class: Class, contenders: &[Contender]) -> Vec<Rank> {
        let present = self.present(class, contenders);
        let rank = |contender: &Contender| {
            let start = self.start(class, contender);
            Rank {
                ahead: start.saturating_sub(present),
                finish: start.saturating_add(contender.virtual_length(contender.length_ms)),
            }
        };
        contenders.iter().map(rank).collect()
    }

    /// Books air time for `contenders[aired]`, while all `contenders` could air.
    pub(crate) fn book(
        &mut self,
        class: Class,
        contenders: &[Contender],
        aired: usize,
        visible_ms: u64,
    ) {
        let Some(contender) = contenders.get(aired) else {
            return;
        };
        let present = self.present(class, contenders);
        let finish = self.start(class, contender) + contender.virtual_length(visible_ms);
        let rates: u128 = contenders
            .iter()
            .map(|contender| u128::from(contender.rate))
            .sum();
        let step = u128::from(visible_ms) * NS_PER_MS * u128::from(WEIGHT_ONE) / rates.max(1);
        self.enter(class, contenders);
        self.virtual_times[class.at()] = present + u64::try_from(step).unwrap_or(0);
        self.accounts[contender.account.at()].finish = finish;
        self.unsaved.insert(contender.account);
    }

    /// Notes who could air: who newly could gets a place at the present, who no longer can loses
    /// it.
    fn enter(&mut self, class: Class, contenders: &[Contender]) {
        let known = &self.contenders[class.at()];
        if known.len() == contenders.len()
            && known
                .iter()
                .zip(contenders)
                .all(|(id, contender)| *id == contender.account)
        {
            return;
        }
        for contender in contenders {
            let start = self.start(class, contender);
            let account = &mut self.accounts[contender.account.at()];
            if account.class != Some(class) {
                account.finish = start;
                self.unsaved.insert(contender.account);
            }
        }
        for id in std::mem::take(&mut self.contenders[class.at()]) {
            let account = &mut self.accounts[id.at()];
            if account.class == Some(class) {
                account.class = None;
                self.unsaved.insert(id);
            }
        }
        for contender in contenders {
            self.accounts[contender.account.at()].class = Some(class);
        }
        self.contenders[class.at()] = contenders
            .iter()
            .map(|contender| contender.account)
            .collect();
    }

    /// Counts a play of a placement, group or phase.
    pub(super) fn count(&mut self, id: AccountId, hour: Span, day: Span, place: u32) {
        let account = &mut self.accounts[id.at()];
        account.plays += 1;
        account.hour.add(hour);
        account.day.add(day);
        account.place = place;
        self.unsaved.insert(id);
    }

    /// Notes that a play has had so much air time.
    pub(super) const fn pass(&mut self, visible_ms: u64) {
        self.aired_ms += visible_ms;
    }
}
