//! What happens to the time while the player plays: anchors for the ledger, words for people, and
//! sleep.
//!
//! Invariants:
//! - Each change of what is believed reaches the ledger in its order, also when the disk refuses
//!   for a while.
//! - Time that the machine slept is no time in which a play was visible: the display was off. The
//!   seconds before and after count, and the play ends at its planned moment or, if that was slept
//!   through, once the machine is awake.

use std::collections::VecDeque;

use jiff::Timestamp;
use passerby_protocol::dating::Anchor;

use crate::ledger::{Ledger, LedgerError};
use crate::player::record::Recorder;
use crate::system::clock::trust::Source;
use crate::system::clock::{Clock, TimeEvent};

/// Most anchors that wait for a disk that refuses; then the oldest go. Five an hour would be many.
const HELD_MAX: usize = 64;

/// An anchor on its way to the ledger. What was until the first moment, in milliseconds of the boot
/// clock, stays dated as it is.
pub type PendingAnchor = (Option<u64>, Anchor);

/// What the player knows of the time besides the moment.
#[derive(Debug, Default)]
pub struct Time {
    held: VecDeque<PendingAnchor>,
    /// For how long the machine had slept when the player last looked, in milliseconds.
    pub(super) asleep_ms: u64,
}

impl Time {
    /// Takes an anchor, after those that wait.
    fn hold(&mut self, anchor: PendingAnchor) {
        if self.held.len() == HELD_MAX {
            self.held.pop_front();
        }
        self.held.push_back(anchor);
    }

    /// Keeps an anchor, after those that wait.
    ///
    /// # Errors
    /// The disk refuses; the anchor waits.
    pub fn keep(
        &mut self,
        recorder: &mut Recorder,
        anchor: PendingAnchor,
    ) -> Result<(), LedgerError> {
        self.hold(anchor);
        recorder.with_ledger(|ledger| self.write(ledger))
    }

    /// Writes what waits.
    fn write(&mut self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        while let Some((until_boot_ms, anchor)) = self.held.front() {
            match until_boot_ms {
                Some(until_ms) => ledger.anchor_changed(*until_ms, anchor)?,
                None => ledger.anchor(anchor)?,
            }
            self.held.pop_front();
        }
        Ok(())
    }
}

/// The anchor that a change of the time leaves in this boot; `None` for what is not believed.
pub fn anchor_of(event: &TimeEvent, boot: &str) -> Option<PendingAnchor> {
    let (until_boot_ms, boot_ms, wall_ms) = match *event {
        TimeEvent::Vouched { boot_ms, wall_ms } => (None, boot_ms, wall_ms),
        TimeEvent::Changed {
            until_boot_ms,
            boot_ms,
            wall_ms,
        } => (Some(until_boot_ms), boot_ms, wall_ms),
        TimeEvent::Ignored { .. } => return None,
    };
    let anchor = Anchor {
        boot: boot.to_owned(),
        boot_ms,
        wall_ms,
    };
    Some((until_boot_ms, anchor))
}

/// Takes up what an earlier run in this boot knew of the time.
///
/// # Errors
/// The ledger cannot be read.
pub fn resume(clock: &dyn Clock, ledger: &Ledger) -> Result<(), LedgerError> {
    if let Some(anchor) = ledger.newest_anchor(&clock.now().boot)? {
        clock.resume(&anchor);
    }
    Ok(())
}

/// Says that a time is not believed, and what would help.
pub(super) fn ignored(source: Source, wall_ms: i64, believed_ms: Option<i64>) -> String {
    let written = |ms: i64| {
        Timestamp::from_millisecond(ms).map_or_else(
            |_| "a time that no calendar has".to_owned(),
            |at| format!("{at:.0}"),
        )
    };
    let told = written(wall_ms);
    match (source, believed_ms.map(written)) {
        (Source::Machine, Some(believed)) => format!(
            "this machine's clock was set to {told}, and no time service or hub confirms it; the screen goes on by {believed}. Let a time service keep the clock (timedatectl set-ntp true), or set it right and restart"
        ),
        (Source::Machine, None) => format!(
            "this machine's clock says {told}, which cannot be: only years from 2026 to 2099 are believed; set the clock"
        ),
        (Source::Hub, Some(believed)) => format!(
            "the hub says that it is {told}, this screen knows {believed} from this machine's clock, which is vouched for; look at both clocks"
        ),
        (Source::Hub, None) => format!(
            "the hub says that it is {told}, which cannot be: only years from 2026 to 2099 are believed; set the hub's clock"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_believed_is_told_with_both_times_and_what_helps() {
        let told = ignored(Source::Machine, 0, Some(1_835_438_400_000));
        assert!(told.contains("1970-01-01T00:00:00Z"), "{told}");
        assert!(told.contains("2028-02-29T12:00:00Z"), "{told}");
        assert!(told.contains("timedatectl"), "{told}");
        let told = ignored(Source::Hub, i64::MAX, None);
        assert!(told.contains("no calendar"), "{told}");
    }

    #[test]
    fn anchors_wait_for_a_disk_that_refuses_and_keep_their_order() {
        let folder = tempfile::tempdir().expect("folder");
        let (mut ledger, _) = Ledger::open(folder.path()).expect("opens");
        let mut time = Time::default();
        let anchor = |boot_ms: u64, wall_ms| Anchor {
            boot: "a".into(),
            boot_ms,
            wall_ms,
        };
        let other = rusqlite::Connection::open(folder.path().join("ledger.sqlite")).expect("opens");
        other
            .execute_batch("CREATE TRIGGER refuse BEFORE INSERT ON anchors BEGIN SELECT raise(ABORT, 'disk'); END")
            .expect("refuses");
        for at in 0..=HELD_MAX as u64 {
            let held = (
                Some(at * 10_000),
                anchor(at * 10_000 + 1, at.cast_signed() * 86_400_000),
            );
            time.hold(held);
            assert!(time.write(&mut ledger).is_err());
        }
        assert_eq!(time.held.len(), HELD_MAX);
        other.execute_batch("DROP TRIGGER refuse").expect("allows");
        let last = anchor(700_000, 0);
        time.hold((None, last.clone()));
        time.write(&mut ledger).expect("writes");
        assert!(time.held.is_empty());
        assert_eq!(ledger.newest_anchor("a").expect("reads"), Some(last));
    }
}
