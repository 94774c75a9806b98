//! What the player does when something happens to the time; see [`time`](crate::player::time).

use passerby_protocol::dating::Anchor;

use crate::messages::stage_messages::Composer;
use crate::player::time::{PendingAnchor, anchor_of, ignored};
use crate::player::{Player, StageLink};
use crate::system::clock::{Moment, TimeEvent};

impl<C: Composer, L: StageLink<C::Slide>> Player<C, L> {
    /// Looks at what has happened to the time.
    pub(super) fn note_time(&mut self) {
        self.time.asleep_ms = self.clock.asleep_ms();
        for event in self.clock.events() {
            if let TimeEvent::Ignored {
                source,
                wall_ms,
                believed_ms,
            } = event
            {
                self.problems.report(ignored(source, wall_ms, believed_ms));
            }
            if let Some(anchor) = anchor_of(&event, &self.clock.now().boot) {
                self.keep_anchor(anchor);
            }
        }
    }

    /// Takes an anchor that somebody else made.
    pub(super) fn on_anchor(&mut self, anchor: Anchor) {
        // What led to it comes first.
        self.note_time();
        self.keep_anchor((None, anchor));
    }

    fn keep_anchor(&mut self, anchor: PendingAnchor) {
        let kept = self.time.keep(&mut self.recorder, anchor);
        self.report_error(kept);
        if !std::mem::replace(&mut self.clock_known, true) {
            self.content_changed();
        }
    }

    /// For how long the machine had slept at a moment shortly before `now`, in milliseconds.
    pub(super) fn asleep_at(&self, boot_ms: u64, now: &Moment) -> u64 {
        let asleep_ms = self.clock.asleep_ms();
        let lately_ms = asleep_ms.saturating_sub(self.time.asleep_ms);
        // A sleep that fits between that moment and now was after it.
        if lately_ms <= now.boot_ms.saturating_sub(boot_ms) {
            self.time.asleep_ms
        } else {
            asleep_ms
        }
    }
}
