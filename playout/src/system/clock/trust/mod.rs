//! What time it is believed to be: a state machine that reads nothing itself.
//!
//! It is shown the machine's two clocks again and again, with what a time service says of them, and
//! hears the hub's word. Once something has vouched for the wall time, that is latched as its
//! distance from CLOCK_BOOTTIME and goes on by it.
//!
//! Invariants:
//! - Before anything has vouched there is no time; afterwards there always is one, for the rest of
//!   the boot.
//! - A clock that somebody sets moves nothing by itself. A step is believed when a time service
//!   still keeps the clock after it, [`LOOK_MS`] later and without a break; or when the hub's word
//!   agrees with it.
//! - What is outside [`WALL_MS`] is never believed, whoever says it.
//! - While a source of this machine (time service or operator) vouches, the hub alone moves
//!   nothing.

use std::collections::VecDeque;

use passerby_protocol::limits::WALL_MS;

/// A clock that moved by more was set, in milliseconds. A leap second is less.
pub const STEP_MS: u64 = 1_500;
/// For how long a step, or a new word of the hub, must stand before it is believed, in
/// milliseconds.
pub const LOOK_MS: u64 = 5_000;
/// How far the hub's clock and the machine's may be apart and still agree, in milliseconds.
pub const AGREE_MS: u64 = 120_000;
/// Most events that wait to be asked for; then the oldest go.
pub const EVENTS_MAX: usize = 16;
/// What two readings of one clock may be apart, in milliseconds.
const SAME_MS: u64 = 20;
/// A word of the hub that is no further off says nothing new: answers take time, in milliseconds.
const HUB_SLACK_MS: u64 = 2_000;
/// A word of the hub that is no further off vouches for the time as it is, in milliseconds.
const HUB_SAME_MS: u64 = 250;
/// For how long the hub's last word speaks against a step, in milliseconds: a day.
const HUB_WORD_MS: u64 = 86_400_000;
/// How often an anchor is made while somebody vouches, in milliseconds.
const HOUR_MS: u64 = 3_600_000;
/// A clock that nobody corrects drifts by at most one part in so many.
const DRIFT_PARTS: u64 = 2_000;

/// The machine's clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// CLOCK_BOOTTIME in milliseconds.
    pub boot_ms: u64,
    /// CLOCK_REALTIME as Unix milliseconds, right or wrong.
    pub wall_ms: i64,
    /// A time service keeps the clock now, as the kernel says.
    pub is_kept: bool,
    /// A time service has set the clock in this boot, and it was not set back since.
    pub was_set: bool,
}

/// Whose word it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The machine's clock.
    Machine,
    /// The hub's answers in this boot.
    Hub,
}

/// What happened to the time. Moments are CLOCK_BOOTTIME and Unix time, both in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeEvent {
    /// This is what time it was: the first word of a boot, or one that says that nothing has
    /// changed.
    Vouched {
        /// The moment, in milliseconds of the boot clock.
        boot_ms: u64,
        /// What time it was then, in milliseconds of Unix time.
        wall_ms: i64,
    },
    /// Another time is believed from a moment on than before.
    Changed {
        /// The last moment at which anybody vouched for the time as it was.
        until_boot_ms: u64,
        /// When the new time was first told.
        boot_ms: u64,
        /// What time it was then.
        wall_ms: i64,
    },
    /// A time is not believed.
    Ignored {
        /// Who says so.
        source: Source,
        /// What it says.
        wall_ms: i64,
        /// What was believed at that moment.
        believed_ms: Option<i64>,
    },
}

/// Another time that has been told and is not believed yet.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    offset_ms: i64,
    since_ms: u64,
}

/// Decides what time it is. Offsets are Unix time less CLOCK_BOOTTIME, in milliseconds.
#[derive(Debug, Default)]
pub struct Trust {
    /// The operator says that the machine's clock is right.
    operator: bool,
    /// What is believed.
    offset_ms: Option<i64>,
    /// It rests only on a time service having set the clock at some time.
    is_weak: bool,
    /// When somebody last vouched for it.
    vouched_ms: u64,
    /// What the machine's clock said last, and whether a time service kept it then.
    machine: Option<(i64, bool)>,
    /// The machine's clock has said what is believed at some time.
    has_agreed: bool,
    step: Option<Candidate>,
    hub: Option<Candidate>,
    hub_step: Option<Candidate>,
    /// What was last told to be ignored.
    ignored: Option<(Source, i64)>,
    anchored_ms: u64,
    events: VecDeque<TimeEvent>,
}

impl Trust {
    /// Begins a boot in which nothing is known. `operator` is the operator's word that the
    /// machine's clock is right although no time service keeps it.
    pub fn new(operator: bool) -> Self {
        Self {
            operator,
            ..Self::default()
        }
    }

    /// Returns what time it is believed to be at a moment of this boot.
    pub fn wall_at(&self, boot_ms: u64) -> Option<i64> {
        Some(self.offset_ms?.saturating_add_unsigned(boot_ms))
    }

    /// Tells whether the machine's clock says what is believed, so that it need not be asked
    /// whether anybody keeps it.
    pub fn agrees(&self, boot_ms: u64, wall_ms: i64) -> bool {
        let offset_ms = wall_ms.saturating_sub_unsigned(boot_ms);
        self.offset_ms
            .is_some_and(|known| known.abs_diff(offset_ms) <= SAME_MS)
    }

    /// Looks at the machine's clocks; returns what time it is believed to be.
    pub fn read(&mut self, reading: ClockReading) -> Option<i64> {
        let ClockReading {
            boot_ms, wall_ms, ..
        } = reading;
        let machine_ms = wall_ms.saturating_sub_unsigned(boot_ms);
        self.machine = Some((machine_ms, reading.is_kept));
        let is_vouched = reading.is_kept || self.operator;
        let is_possible = WALL_MS.contains(&wall_ms);
        match self.offset_ms {
            None if !is_possible && is_vouched => {
                self.ignore(Source::Machine, boot_ms, machine_ms);
            }
            None if is_possible && (is_vouched || reading.was_set) => {
                self.is_weak = !is_vouched;
                self.has_agreed = true;
                self.believe_first(boot_ms, machine_ms);
            }
            None => {}
            Some(known_ms) if known_ms.abs_diff(machine_ms) <= STEP_MS => {
                self.step = None;
                self.has_agreed = true;
                self.forget_ignored(Source::Machine);
                if is_vouched && is_possible {
                    self.follow(boot_ms, known_ms, machine_ms);
                }
            }
            Some(known_ms) => {
                let hub_says_otherwise = self.hub_speaks_for(known_ms, machine_ms, boot_ms);
                if reading.is_kept && is_possible && !hub_says_otherwise {
                    self.watch_step(boot_ms, machine_ms);
                } else {
                    self.step = None;
                    // A clock that was never right is no news.
                    if self.has_agreed || is_vouched {
                        self.ignore(Source::Machine, boot_ms, machine_ms);
                    }
                }
            }
        }
        self.wall_at(boot_ms)
    }

    /// Hears the hub's word: it was `wall_ms` at `boot_ms`.
    pub fn learn(&mut self, boot_ms: u64, wall_ms: i64) {
        let hub_ms = wall_ms.saturating_sub_unsigned(boot_ms);
        if !WALL_MS.contains(&wall_ms) {
            self.ignore(Source::Hub, boot_ms, hub_ms);
            return;
        }
        self.hub = Some(Candidate {
            offset_ms: hub_ms,
            since_ms: boot_ms,
        });
        let Some(known_ms) = self.offset_ms else {
            self.is_weak = false;
            self.believe_first(boot_ms, hub_ms);
            return;
        };
        let off_ms = known_ms.abs_diff(hub_ms);
        if off_ms <= HUB_SLACK_MS {
            self.hub_step = None;
            self.forget_ignored(Source::Hub);
            if off_ms <= HUB_SAME_MS {
                self.is_weak = false;
                self.vouched_ms = self.vouched_ms.max(boot_ms);
            }
            return;
        }
        if let Some((machine_ms, is_kept)) = self.machine
            && known_ms.abs_diff(machine_ms) > STEP_MS
            && machine_ms.abs_diff(hub_ms) <= AGREE_MS
        {
            // The machine's clock was set and the hub says the same: two against what was believed.
            let is_vouched = is_kept || self.operator;
            self.change(boot_ms, if is_vouched { machine_ms } else { hub_ms });
            return;
        }
        let is_vouched = self.operator || self.machine.is_some_and(|(_, is_kept)| is_kept);
        if is_vouched {
            if off_ms > AGREE_MS {
                self.ignore(Source::Hub, boot_ms, hub_ms);
            }
            return;
        }
        let drift_ms_max = AGREE_MS + boot_ms.saturating_sub(self.vouched_ms) / DRIFT_PARTS;
        let stands = self.hub_step.is_some_and(|step| {
            step.offset_ms.abs_diff(hub_ms) <= STEP_MS
                && boot_ms.saturating_sub(step.since_ms) >= LOOK_MS
        });
        if off_ms <= drift_ms_max || stands {
            self.change(boot_ms, hub_ms);
        } else if self
            .hub_step
            .is_none_or(|step| step.offset_ms.abs_diff(hub_ms) > STEP_MS)
        {
            self.hub_step = Some(Candidate {
                offset_ms: hub_ms,
                since_ms: boot_ms,
            });
        }
    }

    /// Takes up what an earlier run in this boot believed, unless somebody vouches for something
    /// else now.
    pub fn resume(&mut self, boot_ms: u64, wall_ms: i64) {
        if WALL_MS.contains(&wall_ms) && (self.offset_ms.is_none() || self.is_weak) {
            self.offset_ms = Some(wall_ms.saturating_sub_unsigned(boot_ms));
            (self.vouched_ms, self.anchored_ms) = (boot_ms, boot_ms);
            self.is_weak = false;
            // They speak of what has just been replaced.
            self.events.clear();
        }
    }

    /// Returns what happened since it was last asked, oldest first.
    pub fn events(&mut self) -> Vec<TimeEvent> {
        self.events.drain(..).collect()
    }

    fn believe_first(&mut self, boot_ms: u64, offset_ms: i64) {
        self.offset_ms = Some(offset_ms);
        self.ignored = None;
        self.vouch(boot_ms);
    }

    /// Somebody vouches for what is believed.
    fn vouch(&mut self, boot_ms: u64) {
        self.vouched_ms = self.vouched_ms.max(boot_ms);
        self.anchored_ms = boot_ms;
        if let Some(wall_ms) = self.wall_at(boot_ms) {
            self.tell(TimeEvent::Vouched { boot_ms, wall_ms });
        }
    }

    /// Goes with a clock that somebody vouches for and that moved a little, or not at all.
    fn follow(&mut self, boot_ms: u64, known_ms: i64, machine_ms: i64) {
        self.is_weak = false;
        if known_ms.abs_diff(machine_ms) > SAME_MS {
            self.change(boot_ms, machine_ms);
        } else if boot_ms.saturating_sub(self.anchored_ms) >= HOUR_MS {
            self.vouch(boot_ms);
        } else {
            self.vouched_ms = self.vouched_ms.max(boot_ms);
        }
    }

    fn watch_step(&mut self, boot_ms: u64, machine_ms: i64) {
        let same = self
            .step
            .filter(|step| step.offset_ms.abs_diff(machine_ms) <= STEP_MS);
        match same {
            Some(step) if boot_ms.saturating_sub(step.since_ms) >= LOOK_MS => {
                self.change(step.since_ms, machine_ms);
            }
            Some(_) => {}
            None => {
                self.step = Some(Candidate {
                    offset_ms: machine_ms,
                    since_ms: boot_ms,
                });
            }
        }
    }

    /// Believes another time, which was first told at `boot_ms`.
    fn change(&mut self, boot_ms: u64, offset_ms: i64) {
        let boot_ms = boot_ms.max(self.vouched_ms.saturating_add(1));
        let until_boot_ms = self.vouched_ms;
        self.offset_ms = Some(offset_ms);
        (self.vouched_ms, self.anchored_ms) = (boot_ms, boot_ms);
        (self.step, self.hub_step, self.ignored) = (None, None, None);
        self.is_weak = false;
        self.tell(TimeEvent::Changed {
            until_boot_ms,
            boot_ms,
            wall_ms: offset_ms.saturating_add_unsigned(boot_ms),
        });
    }

    /// Tells whether the hub's last word is for what is believed and against the machine's clock.
    fn hub_speaks_for(&self, known_ms: i64, machine_ms: i64, boot_ms: u64) -> bool {
        self.hub.is_some_and(|hub| {
            boot_ms.saturating_sub(hub.since_ms) <= HUB_WORD_MS
                && hub.offset_ms.abs_diff(known_ms) <= AGREE_MS
                && hub.offset_ms.abs_diff(machine_ms) > AGREE_MS
        })
    }

    /// Tells once that a time is not believed.
    fn ignore(&mut self, source: Source, boot_ms: u64, offset_ms: i64) {
        let is_told = self.ignored.is_some_and(|(known, told_ms)| {
            known == source && told_ms.abs_diff(offset_ms) <= AGREE_MS
        });
        if !is_told {
            self.ignored = Some((source, offset_ms));
            self.tell(TimeEvent::Ignored {
                source,
                wall_ms: offset_ms.saturating_add_unsigned(boot_ms),
                believed_ms: self.wall_at(boot_ms),
            });
        }
    }

    fn forget_ignored(&mut self, source: Source) {
        self.ignored.take_if(|(known, _)| *known == source);
    }

    fn tell(&mut self, event: TimeEvent) {
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

#[cfg(test)]
mod tests;
