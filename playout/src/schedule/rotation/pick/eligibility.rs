//! What may air at a moment: conditions, times, triggers and caps.
//!
//! Invariant: with an untrusted clock only what is undated may air.

use jiff::Timestamp;

use crate::schedule::rotation::PickSurroundings;
use crate::schedule::rotation::pick::context::PickContext;
use crate::schedule::rotation::plan::{Item, Rotation};

impl Rotation {
    pub(super) fn judge_conditions(&mut self, around: &PickSurroundings<'_>) {
        if self.seen.facts_version == Some(around.facts.version) {
            return;
        }
        let Self { catalog, rules, .. } = self;
        self.seen.conditions = catalog
            .iter()
            .map(|item| {
                let when = item.placement().when.as_ref();
                when.is_none_or(|when| when.holds(&rules.venue, &around.facts.readings))
            })
            .collect();
        self.seen.facts_version = Some(around.facts.version);
    }

    /// The first phase that is on and has not reached a goal that ends it.
    pub(super) fn phase_on(
        &mut self,
        campaign: usize,
        at: Option<Timestamp>,
        around: &PickSurroundings<'_>,
    ) -> Option<usize> {
        let at = at?;
        (0..self.campaigns[campaign].accounts.len()).find(|&phase| {
            self.phase_window(campaign, phase, at).open
                && !(self.campaign(campaign).phases[phase].ends_on_goal
                    && self.standing(campaign, phase, around).plays_left == Some(0))
        })
    }

    pub(super) fn may_air(&mut self, item: usize, context: &PickContext<'_>) -> bool {
        let Item {
            campaign,
            dated,
            account,
            per_hour,
            per_day,
            ..
        } = self.items[item];
        if !self.seen.conditions[item] {
            return false;
        }
        let in_time = match context.at {
            Some(at) => {
                (!dated || self.window(item, at).open)
                    && (self.campaigns[campaign].accounts.is_empty()
                        || context.phases[campaign].is_some_and(|phase| {
                            let wanted = &self.items[item].phases;
                            wanted.is_empty() || wanted.contains(&phase)
                        }))
            }
            None => !dated,
        };
        if !in_time {
            return false;
        }
        if let Some(trigger) = &self.items[item].trigger {
            let since_ms = context
                .around
                .facts
                .since_trigger_ms(&trigger.name, context.now);
            if since_ms.is_none_or(|since_ms| since_ms >= u64::from(trigger.seconds) * 1_000) {
                return false;
            }
        }
        let account = context.around.history.accounts.of(account);
        per_hour.is_none_or(|most| account.hour.within(context.hour) < most)
            && per_day.is_none_or(|most| account.day.within(context.day) < most)
    }
}
