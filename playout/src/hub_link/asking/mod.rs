//! When to ask the hub for what is new, and by which call: a state machine without I/O.
//!
//! A hub that has the call for changes holds its answer back until there are some. With an older
//! one the terminal asks by the calls that it has, every ten seconds.
//!
//! Invariants:
//! - Between an answer and the next call there is a pause of at least
//!   [`PAUSE_MS_MIN`](passerby_protocol::changes::PAUSE_MS_MIN), whatever the hub says, and never
//!   more than [`QUICK_MAX`] times in a row a shorter one than an older hub would get.
//! - Terminals that lose a hub at one moment come back at random moments of the time that it told
//!   them.
//! - Where held calls break, they become shorter, and then the terminal polls at the hub's pace;
//!   after an hour it tries again whether they still break.
//! - A call after a failure is answered at once, so that nobody waits for a minute to hear that the
//!   hub is back.
//! - Times are arguments, of the boot clock: it does not matter how wall clocks are set.

use passerby_protocol::changes::Pace;
use passerby_protocol::limits::HOLD_MS_MAX;

use crate::hub_link::back_off::back_off_ms;

/// So many held calls in a row that break say that something on the way breaks them; one alone may
/// be the end of a hub.
const CUTS_MAX: u32 = 2;
/// Calls that break sooner are not worth holding, in milliseconds.
const HOLD_MS_MIN: u64 = 5_000;
/// After so long it is tried again whether calls may be held for longer, or whether the hub has the
/// call by now, in milliseconds.
const TRY_AGAIN_MS: u64 = 3_600_000;
/// So many answers in a row may come at once with something new before the terminal takes its time.
const QUICK_MAX: u32 = 3;

/// How to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// For changes.
    Changes {
        /// For how long the hub may hold its answer back, in milliseconds; 0 not at all. `None`
        /// when the answer should come at once, whatever there is.
        hold_ms: Option<u64>,
    },
    /// By a heartbeat and for the manifest: the hub has no call for changes.
    Apart,
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// What the hub has, and the terminal has it too by now or not.
    Changes {
        /// When to ask again.
        pace: Pace,
        /// The hub had something that the terminal had not.
        is_news: bool,
        /// The terminal has all of it now.
        is_taken: bool,
    },
    /// All that was asked for apart.
    Apart,
    /// The hub does not have the call for changes.
    NoSuchCall,
    /// No answer of the hub's: the connection broke, or something on the way answered.
    Broken {
        /// From `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// An answer that helps nobody, or what came cannot be used.
    Failed {
        /// From `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
}

/// The state of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// For how long an older hub is left alone, in milliseconds: also the shortest pause after
    /// [`QUICK_MAX`] quick answers.
    poll_ms: u64,
    failures: u32,
    /// Whether the last call was answered as it should be.
    is_heard: bool,
    /// For how long answers may be held back.
    hold_ms: u64,
    /// When it was found that they may not be for longer.
    shortened_ms: Option<u64>,
    cuts: u32,
    quick: u32,
    /// When it was found that the hub does not have the call.
    lacking_ms: Option<u64>,
    /// What the hub said last.
    pace: Option<Pace>,
}

impl Asking {
    /// Begins with a hub of which nothing is known.
    pub const fn new(poll_ms: u64) -> Self {
        Self {
            poll_ms,
            failures: 0,
            is_heard: false,
            hold_ms: HOLD_MS_MAX,
            shortened_ms: None,
            cuts: 0,
            quick: 0,
            lacking_ms: None,
            pace: None,
        }
    }

    /// Says how to ask now.
    pub fn call(&mut self, now_ms: u64) -> Call {
        let is_over = |since_ms: u64| now_ms.saturating_sub(since_ms) >= TRY_AGAIN_MS;
        if self.lacking_ms.is_some_and(is_over) {
            self.lacking_ms = None;
        }
        if self.shortened_ms.is_some_and(is_over) {
            (self.shortened_ms, self.hold_ms) = (None, HOLD_MS_MAX);
        }
        match self.lacking_ms {
            Some(_) => Call::Apart,
            None => Call::Changes {
                hold_ms: self.is_heard.then_some(self.hold_ms),
            },
        }
    }

    /// Takes what came of a call that was made at `asked_ms`, and says how long to wait before the
    /// next one, in milliseconds. `random` is any number.
    pub fn came(&mut self, call: Call, came: Came, times: Times, random: u64) -> u64 {
        match came {
            Came::Apart => {
                self.heard();
                self.poll_ms
            }
            Came::NoSuchCall => {
                self.lacking_ms = Some(times.now_ms);
                // Nothing was asked of it yet.
                0
            }
            Came::Changes {
                pace,
                is_news,
                is_taken,
            } => {
                self.heard();
                self.pace = Some(pace);
                if matches!(call, Call::Changes { hold_ms: Some(_) }) {
                    self.cuts = 0;
                }
                let is_quick = is_news && times.took_ms() < self.poll_ms;
                self.quick = if is_quick { self.quick + 1 } else { 0 };
                let pause_ms = pace.pause_ms(random);
                if is_taken && self.quick <= QUICK_MAX {
                    pause_ms
                } else {
                    pause_ms.max(self.poll_ms)
                }
            }
            Came::Broken { retry_after_ms } => {
                self.broke(call, times);
                self.fail(retry_after_ms, random)
            }
            Came::Failed { retry_after_ms } => self.fail(retry_after_ms, random),
        }
    }

    fn heard(&mut self) {
        (self.is_heard, self.failures) = (true, 0);
    }

    fn fail(&mut self, retry_after_ms: Option<u64>, random: u64) -> u64 {
        let pause_ms = back_off_ms(self.failures, retry_after_ms, random);
        let was_heard = std::mem::replace(&mut self.is_heard, false);
        self.failures = self.failures.saturating_add(1);
        // Others lost the hub at the same moment.
        let return_ms = self.pace.filter(|_| was_heard);
        pause_ms.max(return_ms.map_or(0, |pace| pace.return_ms(random)))
    }

    /// Notes that a held call broke.
    fn broke(&mut self, call: Call, times: Times) {
        let Call::Changes {
            hold_ms: Some(hold_ms @ 1..),
        } = call
        else {
            return;
        };
        self.cuts += 1;
        if self.cuts < CUTS_MAX {
            return;
        }
        self.cuts = 0;
        let half_ms = times.took_ms().min(hold_ms) / 2;
        self.hold_ms = if half_ms < HOLD_MS_MIN { 0 } else { half_ms };
        self.shortened_ms = Some(times.now_ms);
    }
}

/// When a call was made and when it ended, in milliseconds of the boot clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it was made.
    pub asked_ms: u64,
    /// Now.
    pub now_ms: u64,
}

impl Times {
    /// How long it took.
    pub const fn took_ms(self) -> u64 {
        self.now_ms.saturating_sub(self.asked_ms)
    }
}

#[cfg(test)]
mod tests;
