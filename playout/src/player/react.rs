//! What the player does when the world changes while something is on the screen: readings,
//! triggers, and takeovers that do not wait for the end of a play.
//!
//! Invariants: no change is lost, at whatever moment it comes; what was chosen for a later moment
//! airs only if it would still be chosen; and a choice that stays the same is not made anew, so
//! that readings which change often cost nothing.

use crate::messages::stage_messages::Composer;
use crate::player::track::{Counting, Playable, Progress};
use crate::player::{Player, StageLink};
use crate::schedule::rotation::Decision;
use crate::system::clock::Moment;

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    /// Looks at what has changed since the last time.
    pub(super) fn react(&mut self, now: &Moment) {
        let version = self.context.facts(now).version;
        let is_new = std::mem::replace(&mut self.facts_version, version) != version;
        for at in 0..self.tracks.len() {
            let is_time = self.tracks[at]
                .takeover_at_ms
                .take_if(|at_ms| *at_ms <= now.boot_ms)
                .is_some();
            self.tracks[at].is_to_reconsider |= is_new || is_time;
            self.reconsider(at, now);
        }
    }

    /// Asks again what should be on in a zone, and what comes next, if that is to be asked; waits
    /// with it while a slide is on its way to the screen or a notice is on it.
    fn reconsider(&mut self, at: usize, now: &Moment) {
        let Some(on_air) = &self.tracks[at].on_air else {
            return;
        };
        let pending = self.tracks[at].pending.as_ref();
        let is_swapping = pending.is_some_and(|pending| pending.progress() == Progress::Swapping);
        if is_swapping || self.overlay.covers() || on_air.counting != Counting::Seen {
            return;
        }
        let is_house = matches!(on_air.what, Playable::House);
        let due_ms = on_air.until_ms.unwrap_or(now.boot_ms).max(now.boot_ms);
        if !std::mem::take(&mut self.tracks[at].is_to_reconsider) {
            return;
        }
        if is_house {
            // It asks again when its time is over; nothing is due before that if nothing has
            // changed.
            self.end_now(at, now);
            return;
        }
        let is_taken_over = !self.is_takeover_on_air(at) && self.wants_takeover(at, now);
        if is_taken_over {
            let taken = self.tracks[at].take_back();
            self.forget(taken);
            self.end_now(at, now);
            return;
        }
        let is_chosen = self.tracks[at].pending.as_ref().is_some_and(|pending| {
            !pending.redress && matches!(pending.what, Playable::Item(_) | Playable::House)
        });
        if is_chosen && !self.would_choose_again(at, now, due_ms) {
            let taken = self.tracks[at].take_back();
            self.forget(taken);
        }
    }

    /// Lets what is on the air go as soon as something else is ready.
    fn end_now(&mut self, at: usize, now: &Moment) {
        if let Some(on_air) = &mut self.tracks[at].on_air {
            on_air.until_ms = Some(now.boot_ms);
        }
    }

    fn is_takeover_on_air(&self, at: usize) -> bool {
        let on_air = self.tracks[at].on_air.as_ref();
        on_air.is_some_and(|on_air| match &on_air.what {
            Playable::Item(turn) => turn.item.placement().terms.takeover.is_some(),
            Playable::House | Playable::Pairing => false,
        })
    }

    /// Tells whether a takeover that does not wait should be on in a zone now.
    fn wants_takeover(&mut self, at: usize, now: &Moment) -> bool {
        use passerby_protocol::campaign::Takeover;

        let Decision::Item(pick) = self.decide(at, now, now) else {
            return false;
        };
        let item = &self.tracks[at].rotation.catalog()[pick.index];
        item.placement().terms.takeover == Some(Takeover::Now)
    }

    /// Tells whether what is on its way to a zone would be chosen again.
    fn would_choose_again(&mut self, at: usize, now: &Moment, due_ms: u64) -> bool {
        let moment = now.plus_ms(due_ms - now.boot_ms);
        let decision = self.decide(at, &moment, now);
        let pending = self.tracks[at].pending.as_ref();
        match (decision, pending.map(|pending| &pending.what)) {
            (Decision::Item(pick), Some(Playable::Item(turn))) => {
                self.tracks[at].rotation.catalog()[pick.index].key == turn.item.key
            }
            (Decision::House { .. }, Some(Playable::House)) => true,
            _ => false,
        }
    }
}
