//! When to send plays, how many, and what each answer means: a state machine without I/O.
//!
//! Status rules of DESIGN.md ("Hub protocol"): 409 rewinds, 413 halves, 400/422 bisects to the poison row, 401/403
//! stops and says so, 410 means decommissioned, everything else backs off with full jitter from 1 s to 15 min.
//! Source of the jitter: M. Brooker, "Exponential Backoff And Jitter", 2015.
//!
//! Invariant: the machine holds no plays. Whatever happens, the ledger's cursor alone says what the hub has.

use passerby_protocol::limits::BATCH_PLAYS_MAX;
use passerby_protocol::wire::PlaysReply;

/// Longest pause after failures, in milliseconds.
pub const BACKOFF_MS_MAX: u64 = 15 * 60_000;
const BACKOFF_MS_MIN: u64 = 1_000;
/// Rows of a first batch; grows while batches are taken.
const ROWS_AT_FIRST: usize = 1_000;

/// What came of sending a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: the hub has all rows up to `acked_through`.
    Acked(PlaysReply),
    /// 409: the hub wants another seq next.
    Gap {
        /// That seq.
        expected_seq: u64,
    },
    /// 413: too large.
    TooLarge,
    /// 400 or 422: a row or the batch is not understood.
    Refused,
    /// 401 or 403.
    Unauthorised,
    /// 410.
    Decommissioned,
    /// No answer, 429, 5xx, or something that is no hub (a captive portal).
    Unavailable {
        /// From `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
}

/// What to do with the ledger after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing; the machine knows when to try again.
    Keep,
    /// Move the cursor: the hub has all rows up to this seq.
    AckThrough(u64),
    /// Set this row aside and go on.
    Quarantine(u64),
}

/// Why plays are not sent any more until a person acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The hub does not know this screen's credentials.
    Unauthorised,
    /// The hub has retired this screen.
    Decommissioned,
}

/// The state of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    rows: usize,
    failures: u32,
    next_at_ms: u64,
    stopped: Option<Stopped>,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            rows: ROWS_AT_FIRST,
            failures: 0,
            next_at_ms: 0,
            stopped: None,
        }
    }
}

impl Sync {
    /// How many rows the next batch may have.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// When to send next, in milliseconds of the boot clock; `None` when a person has to act first.
    pub fn next_at_ms(&self) -> Option<u64> {
        self.stopped.is_none().then_some(self.next_at_ms)
    }

    /// Why nothing is sent any more.
    pub const fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// Takes an answer to a batch of `rows` rows from `first_seq` on. `random` is any number; it spreads retries.
    pub fn answered(
        &mut self,
        now_ms: u64,
        first_seq: u64,
        rows: usize,
        answer: &Answer,
        random: u64,
    ) -> Verdict {
        match answer {
            Answer::Acked(reply) => {
                self.failures = 0;
                self.rows = (self.rows * 2).min(BATCH_PLAYS_MAX);
                self.next_at_ms = now_ms + reply.next_after_ms.min(BACKOFF_MS_MAX);
                Verdict::AckThrough(reply.acked_through)
            }
            Answer::Gap { expected_seq } => {
                // Not at once: a hub that asks for a row which is gone would be asked again and again.
                self.back_off(now_ms, None, random);
                Verdict::AckThrough(expected_seq.saturating_sub(1))
            }
            Answer::TooLarge if rows > 1 => {
                self.rows = rows / 2;
                Verdict::Keep
            }
            Answer::Refused if rows > 1 => {
                self.rows = rows / 2;
                Verdict::Keep
            }
            Answer::TooLarge | Answer::Refused => {
                self.back_off(now_ms, None, random);
                self.rows = ROWS_AT_FIRST;
                Verdict::Quarantine(first_seq)
            }
            Answer::Unauthorised => {
                self.stopped = Some(Stopped::Unauthorised);
                Verdict::Keep
            }
            Answer::Decommissioned => {
                self.stopped = Some(Stopped::Decommissioned);
                Verdict::Keep
            }
            Answer::Unavailable { retry_after_ms } => {
                self.back_off(now_ms, *retry_after_ms, random);
                Verdict::Keep
            }
        }
    }

    fn back_off(&mut self, now_ms: u64, retry_after_ms: Option<u64>, random: u64) {
        let pause_ms = back_off_ms(self.failures, retry_after_ms, random);
        self.failures = self.failures.saturating_add(1);
        self.next_at_ms = now_ms + pause_ms;
    }
}

/// Full jitter: a random pause up to a ceiling that doubles with each failure, but never shorter than asked for.
pub fn back_off_ms(failures: u32, retry_after_ms: Option<u64>, random: u64) -> u64 {
    let ceiling = (BACKOFF_MS_MIN << failures.min(10)).min(BACKOFF_MS_MAX);
    let jittered = random % ceiling + 1;
    jittered
        .max(retry_after_ms.unwrap_or(0))
        .min(BACKOFF_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_protocol::Epoch;
    use proptest::prelude::*;

    fn acked(through: u64) -> Answer {
        Answer::Acked(PlaysReply {
            epoch: Epoch(1),
            acked_through: through,
            rejected: Vec::new(),
            server_time_ms: 0,
            next_after_ms: 0,
        })
    }

    #[test]
    fn a_poison_row_is_found_by_bisection_and_set_aside() {
        let (mut sync, poison, mut cursor, mut quarantined) = (Sync::default(), 137u64, 0u64, None);
        let last = 500;
        for _ in 0..200 {
            let rows = sync
                .rows()
                .min(usize::try_from(last - cursor).expect("small"));
            if rows == 0 {
                break;
            }
            let first = cursor + 1;
            let holds_poison =
                quarantined.is_none() && (first..first + rows as u64).contains(&poison);
            let answer = if holds_poison {
                Answer::Refused
            } else {
                acked(cursor + rows as u64)
            };
            match sync.answered(0, first, rows, &answer, 7) {
                Verdict::AckThrough(through) => cursor = through,
                Verdict::Quarantine(seq) => quarantined = Some(seq),
                Verdict::Keep => {}
            }
        }
        assert_eq!((quarantined, cursor), (Some(poison), last));
    }

    #[test]
    fn refusal_of_credentials_stops_until_a_person_acts() {
        let mut sync = Sync::default();
        sync.answered(0, 1, 10, &Answer::Unauthorised, 0);
        assert_eq!(
            (sync.next_at_ms(), sync.stopped()),
            (None, Some(Stopped::Unauthorised))
        );
    }

    proptest! {
        #[test]
        fn pauses_stay_in_their_bounds(failures: u32, retry in prop::option::of(0u64..10_000_000), random: u64) {
            let pause = back_off_ms(failures, retry, random);
            prop_assert!((1..=BACKOFF_MS_MAX).contains(&pause));
            prop_assert!(pause >= retry.unwrap_or(0).min(BACKOFF_MS_MAX));
        }
    }
}
