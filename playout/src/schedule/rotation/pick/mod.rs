//! Picks what airs next.
//!
//! A pick asks [`eligibility`] what may air, [`contenders`] who contends for the air time of a
//! class and at which rate, and, when nothing may air, [`changes`] how long to wait.
//!
//! Invariant: what is picked may air now, and its distance from what aired is kept.

mod changes;
mod contenders;
mod context;
mod eligibility;

use crate::content::catalog::CatalogItem;
use crate::schedule::rotation::accounts::Contender;
use crate::schedule::rotation::booking::{BookedClass, Booking};
use crate::schedule::rotation::group::Chosen;
use crate::schedule::rotation::pick::contenders::Candidates;
use crate::schedule::rotation::pick::context::PickContext;
use crate::schedule::rotation::plan::{Mode, Rotation};
use crate::schedule::rotation::{Class, PickSurroundings, Reason, timestamp};
use crate::system::clock::Moment;

/// Shortest slot of a takeover that is about to end, so that it does not flash.
const TAKEOVER_MS_MIN: u64 = 1_000;

/// What airs next, and what could change that.
#[derive(Debug, Clone)]
pub struct Next {
    /// What airs.
    pub decision: Decision,
    /// After this many milliseconds a takeover may begin that does not wait for the end of a play;
    /// it is not known of what triggers bring.
    pub takeover_in_ms: Option<u64>,
}

/// What should air next.
#[derive(Debug, Clone)]
pub enum Decision {
    /// An item of the catalogue.
    Item(Pick),
    /// The house creative, since nothing is eligible.
    House {
        /// After this many milliseconds something could be; `None` when only new content, a trigger
        /// or a clock that becomes known can change it.
        until_change_ms: Option<u64>,
    },
}

/// An item, and why.
#[derive(Debug, Clone)]
pub struct Pick {
    /// Its place in [`Rotation::catalog`].
    pub index: usize,
    /// For how long, in milliseconds.
    pub dwell_ms: u64,
    /// Which class it was picked from.
    pub class: Class,
    /// Why it airs, for those who publish and operate.
    pub reason: Reason,
    /// What to book once it has aired.
    pub booking: Booking,
}

impl Rotation {
    /// Picks what airs next. `skip` tells which items cannot be shown at present.
    pub fn next(
        &mut self,
        now: &Moment,
        around: PickSurroundings<'_>,
        skip: impl Fn(&CatalogItem) -> bool,
    ) -> Next {
        self.judge_conditions(&around);
        let (hour, day) = self.rules.spans(now, around.history.accounts.aired_ms());
        let at = timestamp(now);
        let context = PickContext {
            now,
            at,
            around,
            hour,
            day,
            phases: (0..self.campaigns.len())
                .map(|campaign| self.phase_on(campaign, at, &around))
                .collect(),
            waits_ms: self
                .distances
                .iter()
                .map(|distance| around.airings.wait_ms(distance, now))
                .collect(),
        };
        let may_air: Vec<bool> = (0..self.items.len())
            .map(|item| self.may_air(item, &context) && !skip(&self.catalog[item]))
            .collect();
        let decision = match self.pick(&context, &may_air) {
            Some(pick) => Decision::Item(pick),
            None => Decision::House {
                until_change_ms: self.until_change_ms(&context),
            },
        };
        Next {
            decision,
            takeover_in_ms: self.takeover_in_ms(&context, &may_air),
        }
    }

    fn pick(&mut self, context: &PickContext<'_>, may_air: &[bool]) -> Option<Pick> {
        let mut legs = Vec::new();
        for class in Class::ALL {
            let candidates = self.candidates(class, context, may_air);
            if candidates.candidacies.is_empty() {
                continue;
            }
            let has_lower =
                (0..self.items.len()).any(|item| may_air[item] && self.items[item].class > class);
            let contenders = self.contenders(
                &candidates.candidacies,
                class == Class::Scheduled && has_lower,
            );
            let ranks = context.around.history.accounts.ranks(class, &contenders);
            // Whose distances all have to wait; a sequence whose next part has to wait says so when
            // it is asked.
            let waits = |item: &usize| context.waits_ms[self.items[*item].distance] > 0;
            let mut waiting: Vec<usize> = (0..candidates.candidacies.len())
                .filter(|&at| candidates.eligible(at).iter().all(waits))
                .collect();
            let mut out = vec![false; contenders.len()];
            waiting.iter().for_each(|&at| out[at] = true);
            while let Some(at) = (0..contenders.len())
                .filter(|&at| !out[at])
                .min_by_key(|&at| ranks[at])
            {
                // Who has waited for its distance is not made to wait for ever by those who need
                // less of one.
                let makes_wait = |other: &usize| {
                    (ranks[*other], *other) < (ranks[at], at)
                        && self.keeps_apart(&candidates, *other, at)
                };
                if waiting.iter().any(makes_wait) {
                    out[at] = true;
                    continue;
                }
                let leg = |contenders: &[Contender]| BookedClass {
                    class,
                    contenders: contenders.into(),
                    aired: at,
                };
                let Some(candidacy) = candidates.candidacies.get(at) else {
                    // The shares are served; what is left goes to the classes below.
                    legs.push(leg(&contenders));
                    break;
                };
                let chosen = self.choose(
                    candidacy.entry,
                    candidates.eligible(at),
                    &context.waits_ms,
                    context.now,
                    &context.around,
                );
                let Some(chosen) = chosen else {
                    waiting.push(at);
                    out[at] = true;
                    continue;
                };
                legs.push(leg(&contenders));
                let reason = chosen.reason.clone().or_else(|| candidacy.reason.clone());
                let reason = reason.unwrap_or(if contenders.len() == 1 {
                    Reason::Only(class)
                } else {
                    Reason::Share(class)
                });
                let mut pick = self.pick_of(&chosen, candidacy.entry, class, reason, legs, context);
                if class == Class::Takeover {
                    let left_ms = self.left_of_takeover_ms(chosen.item, context);
                    pick.dwell_ms = pick.dwell_ms.min(left_ms.max(TAKEOVER_MS_MIN));
                }
                return Some(pick);
            }
        }
        None
    }

    /// Tells whether a play of one candidacy would make another wait.
    fn keeps_apart(&self, candidates: &Candidates, one: usize, other: usize) -> bool {
        let distance = |at: usize| {
            let item = *candidates.eligible(at).first()?;
            Some(&self.distances[self.items[item].distance])
        };
        matches!((distance(one), distance(other)), (Some(one), Some(other)) if one.keeps_from(other))
    }

    fn pick_of(
        &self,
        chosen: &Chosen,
        entry: usize,
        class: Class,
        reason: Reason,
        legs: Vec<BookedClass>,
        context: &PickContext<'_>,
    ) -> Pick {
        let at = chosen.item;
        let item = &self.items[at];
        let entry = &self.entries[entry];
        let group = (entry.mode != Mode::Single).then_some(entry);
        let competes = group
            .filter(|group| matches!(group.mode, Mode::Adaptive(..)))
            .map(|group| (group.key.clone(), self.catalog[at].key.clone()));
        let phases = &self.campaigns[item.campaign].accounts;
        Pick {
            index: at,
            dwell_ms: item.length_ms,
            class,
            reason,
            booking: Booking {
                legs,
                item: item.account,
                group: group.map(|group| (group.account, chosen.place)),
                phase: context.phases[item.campaign].map(|phase| phases[phase]),
                competes,
                distance: self.distances[item.distance].clone(),
            },
        }
    }
}
