//! Books what has aired: on the accounts of who could have aired in its place, for caps, and for
//! those who keep away from it.
//!
//! Invariant: what a booking is made of was known when the play was picked, so that it books the
//! same however late it comes.

use std::sync::Arc;

use crate::content::catalog::ItemKey;
use crate::schedule::rotation::accounts::{AccountId, Contender, Span};
use crate::schedule::rotation::separation::{Airings, Distance, PlayEnd, SeparationKey};
use crate::schedule::rotation::{Class, History, Rules, timestamp};
use crate::system::clock::Moment;

/// What a play means for the accounts: who could have aired in its place, and who did.
#[derive(Debug, Clone, PartialEq)]
pub struct Booking {
    /// One a class: a scheduled play that exact shares leave to fillers has two.
    pub(super) legs: Vec<BookedClass>,
    pub(super) item: AccountId,
    /// The account of its group, and its place in a sequence.
    pub(super) group: Option<(AccountId, u32)>,
    pub(super) phase: Option<AccountId>,
    /// The group and the key by which an adaptive group remembers it.
    pub(super) competes: Option<(ItemKey, ItemKey)>,
    pub(super) distance: Distance,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct BookedClass {
    pub(super) class: Class,
    pub(super) contenders: Arc<[Contender]>,
    pub(super) aired: usize,
}

/// What has to be saved with a play besides the accounts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Booked {
    /// Ends of plays that others keep away from.
    pub ended: Vec<(SeparationKey, PlayEnd)>,
    /// The adaptive group that the play belongs to, and what of it aired.
    pub competed: Option<(ItemKey, ItemKey)>,
}

impl Booking {
    /// Notes that the play is on the screen, in another zone, at a moment that is asked about:
    /// others keep away from it.
    pub fn keep_away(&self, airings: &mut Airings, at: &Moment) {
        airings.note(&self.distance, at);
    }

    /// Books a play that was visible from `start` to `end`; `counted_ms` is what it counts for on
    /// the accounts.
    pub fn book(
        &self,
        rules: &Rules,
        history: &mut History,
        airings: &mut Airings,
        (start, end): (&Moment, &Moment),
        counted_ms: u64,
    ) -> Booked {
        let accounts = &mut history.accounts;
        for leg in &self.legs {
            accounts.book(leg.class, &leg.contenders, leg.aired, counted_ms);
        }
        let (hour, day) = rules.spans(start, accounts.aired_ms());
        accounts.count(self.item, hour, day, 0);
        if let Some((group, place)) = self.group {
            accounts.count(group, hour, day, place);
        }
        if let Some(phase) = self.phase {
            accounts.count(phase, hour, day, 0);
        }
        accounts.pass(counted_ms);
        if let Some((group, key)) = &self.competes {
            history.groups.entry(group.clone()).or_default().book(key);
        }
        Booked {
            ended: airings.note(&self.distance, end),
            competed: self.competes.clone(),
        }
    }
}

impl Rules {
    /// The hour and the day in which a play counts against caps.
    pub(super) fn spans(&self, start: &Moment, aired_ms: u64) -> (Span, Span) {
        match timestamp(start) {
            Some(at) => {
                let local_s = at.as_second() + i64::from(self.time_zone.to_offset(at).seconds());
                (
                    Span::Local(local_s.div_euclid(3_600)),
                    Span::Local(local_s.div_euclid(86_400)),
                )
            }
            None => (
                Span::Aired(aired_ms / 3_600_000),
                Span::Aired(aired_ms / 86_400_000),
            ),
        }
    }
}
