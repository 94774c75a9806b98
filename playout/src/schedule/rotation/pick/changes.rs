//! When it may change what could air: the end of a takeover, the next one, and the next time
//! that anything may be eligible.
//!
//! Invariant: at the latest then something is asked anew; an answer that is too early costs only a
//! pick.

use jiff::Timestamp;
use passerby_protocol::campaign::Takeover;

use crate::schedule::rotation::pick::context::PickContext;
use crate::schedule::rotation::plan::Rotation;

impl Rotation {
    /// How long a takeover may go on, in milliseconds: it ends with its time, not with its slot.
    pub(super) fn left_of_takeover_ms(&mut self, item: usize, context: &PickContext<'_>) -> u64 {
        let closes_ms = context.at.and_then(|now| {
            let at = self.changes_at(item, now)?;
            Some(ms_until(now, at))
        });
        let triggered_ms = self.items[item].trigger.as_ref().and_then(|trigger| {
            let since_ms = context
                .around
                .facts
                .since_trigger_ms(&trigger.name, context.now)?;
            Some((u64::from(trigger.seconds) * 1_000).saturating_sub(since_ms))
        });
        let ends = [closes_ms, triggered_ms].into_iter().flatten();
        ends.min().unwrap_or(u64::MAX)
    }

    /// After how many milliseconds a takeover opens that does not wait for the end of a play.
    pub(super) fn takeover_in_ms(
        &mut self,
        context: &PickContext<'_>,
        may_air: &[bool],
    ) -> Option<u64> {
        let now = context.at?;
        let items = (0..self.items.len())
            .filter(|&item| self.items[item].takeover == Some(Takeover::Now) && !may_air[item]);
        let closed: Vec<usize> = items.collect();
        closed
            .into_iter()
            .filter_map(|item| self.changes_at(item, now))
            .min()
            .map(|at| ms_until(now, at))
    }

    /// When it may next change whether an item's time has come.
    fn changes_at(&mut self, item: usize, now: Timestamp) -> Option<Timestamp> {
        let campaign = self.items[item].campaign;
        let own = if self.items[item].dated {
            self.window(item, now).until
        } else {
            None
        };
        let phases = 0..self.campaigns[campaign].accounts.len();
        phases
            .filter_map(|phase| self.phase_window(campaign, phase, now).until)
            .chain(own)
            .min()
    }

    /// After how many milliseconds something could be eligible that is not.
    pub(super) fn until_change_ms(&mut self, context: &PickContext<'_>) -> Option<u64> {
        let waits_ms = context
            .waits_ms
            .iter()
            .copied()
            .filter(|&wait_ms| wait_ms > 0);
        let is_capped = self
            .items
            .iter()
            .any(|item| item.per_hour.or(item.per_day).is_some());
        let hour_ms = context.at.filter(|_| is_capped).map(|now| {
            let local_s =
                now.as_second() + i64::from(self.rules.time_zone.to_offset(now).seconds());
            u64::try_from(3_600 - local_s.rem_euclid(3_600)).unwrap_or(3_600) * 1_000
        });
        let waits_ms = waits_ms.min();
        let edge_ms = context.at.and_then(|now| {
            let edges = (0..self.items.len()).filter_map(|item| self.changes_at(item, now));
            Some(ms_until(now, edges.min()?))
        });
        [waits_ms, hour_ms, edge_ms].into_iter().flatten().min()
    }
}

fn ms_until(now: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond() - now.as_millisecond())
        .unwrap_or(0)
        .max(1)
}
