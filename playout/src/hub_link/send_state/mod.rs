//! When to send plays, how many, and what each answer means: a state machine without I/O.
//!
//! What a status means (docs/protocol.md): 409 rewinds, 413 halves, 400/422 bisects to the poison
//! row, 401/403 stops and says so, 410 means decommissioned, everything else backs off with full
//! jitter ([`back_off`](crate::hub_link::back_off)).
//!
//! Invariants:
//! - The machine holds no plays. Whatever happens, the ledger's cursor alone says what the hub has.
//! - No answer moves the cursor past the last row that was sent, and 409 only moves it back.
//! - What stops the sending, bisects or sets a row aside is the hub's own word; what a proxy or a
//!   captive portal says is [`Answer::Unavailable`] before it comes here.
//! - Nothing stops the sending for ever: a hub that refused is asked again, rarely.
//! - A batch never has fewer rows than [`ROWS_MIN`] for the line's sake, so that a slow one still
//!   gets on.

#[cfg(test)]
mod tests;

use passerby_protocol::limits::BATCH_PLAYS_MAX;
use passerby_protocol::plays::{PlayBatch, PlayContent};
use passerby_protocol::wire::PlaysReply;

use crate::hub_link::back_off::{BACKOFF_MS_MAX, back_off_ms};

/// Rows of a first batch; grows while batches are taken.
const ROWS_AT_FIRST: usize = 1_000;
/// Fewest rows to which a slow line shrinks a batch: below that a request is mostly headers.
const ROWS_MIN: usize = 16;
/// A full batch that was answered within this time is followed by one of twice the size.
const QUICK_MS: u64 = 2_000;
/// A batch whose answer took longer than this is followed by one of half the size. Far from the
/// time-out of the call.
const SLOW_MS: u64 = 10_000;
/// A hub that does not know this screen is asked again after an hour: the mistake may be its own.
pub const REFUSED_MS: u64 = 3_600_000;
/// A hub that has retired this screen is asked again after a day.
pub const DECOMMISSIONED_MS: u64 = 24 * 3_600_000;

/// What came of sending a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: the hub has all rows up to `acked_through`.
    Acked(PlaysReply),
    /// 409: the hub wants another seq next.
    Gap {
        /// The number that the hub expects next.
        expected_seq: u64,
    },
    /// 409: the hub has other rows of this ledger, since its file was put back to an older state.
    Forked {
        /// The first row that differs.
        from_seq: u64,
    },
    /// 413 of the hub: too large.
    TooLarge,
    /// 413 of something on the way, which has its own idea of what is large.
    TooLargeOnTheWay,
    /// 400 or 422: a row or the batch is not understood.
    Refused,
    /// 401 or 403.
    Unauthorised,
    /// The hub has taken the screen out of use: status 410.
    Decommissioned,
    /// The line was too slow for the batch, or there is none.
    TimedOut,
    /// No answer, 429, 5xx, or something that is no hub (a captive portal).
    Unavailable {
        /// From `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
}

/// The rows of a batch that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentRows {
    /// The seq of the first.
    pub first_seq: u64,
    /// How many they are.
    pub count: usize,
    /// The first one is set aside already and went empty; a hub that refuses it even so refuses
    /// anything.
    pub is_first_empty: bool,
}

impl SentRows {
    /// Those of a batch.
    #[must_use]
    pub fn of(batch: &PlayBatch) -> Self {
        let first = batch.columns.content.first();
        Self {
            first_seq: batch.first_seq,
            count: batch.columns.number.len(),
            is_first_empty: first
                .and_then(|&at| batch.contents.get(at as usize))
                .is_some_and(PlayContent::is_set_aside),
        }
    }
}

/// What to do with the ledger after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerAction {
    /// Nothing; the machine knows when to try again.
    Keep,
    /// Move the cursor: the hub has all rows up to this seq.
    AckThrough(u64),
    /// Set this row aside and go on.
    Quarantine(u64),
    /// Begin a new ledger with this row.
    BeginAnew(u64),
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
pub struct SendState {
    rows: usize,
    failures: u32,
    next_at_ms: u64,
    stopped: Option<Stopped>,
    /// When the batch that is on its way left.
    sent_at_ms: Option<u64>,
}

impl Default for SendState {
    fn default() -> Self {
        Self {
            rows: ROWS_AT_FIRST,
            failures: 0,
            next_at_ms: 0,
            stopped: None,
            sent_at_ms: None,
        }
    }
}

impl SendState {
    /// How many rows the next batch may have.
    pub const fn rows(&self) -> usize {
        match self.stopped {
            // Enough to hear whether the hub has changed its mind.
            Some(_) => 1,
            None => self.rows,
        }
    }

    /// When to send next, in milliseconds of the boot clock; `None` when a person has to act first.
    pub fn next_at_ms(&self) -> Option<u64> {
        self.stopped.is_none().then_some(self.next_at_ms)
    }

    /// When to ask a hub again that refused this screen, in milliseconds of the boot clock; `None`
    /// while it does not.
    pub fn ask_again_at_ms(&self) -> Option<u64> {
        self.stopped.is_some().then_some(self.next_at_ms)
    }

    /// Why nothing is sent any more.
    pub const fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// Is told that a batch leaves now, so that the size of the next one can follow the speed of
    /// the line.
    pub const fn sending(&mut self, now_ms: u64) {
        self.sent_at_ms = Some(now_ms);
    }

    /// Takes an answer to a batch. `random` is any number; it spreads retries.
    pub fn answered(
        &mut self,
        now_ms: u64,
        sent: SentRows,
        answer: &Answer,
        random: u64,
    ) -> LedgerAction {
        let (first_seq, rows) = (sent.first_seq, sent.count);
        let sent_at_ms = self.sent_at_ms.take();
        let took_ms = sent_at_ms.map_or(0, |sent| now_ms.saturating_sub(sent));
        let asked_rows = self.rows();
        if !matches!(answer, Answer::Unauthorised | Answer::Decommissioned)
            && !matches!(answer, Answer::Unavailable { .. } | Answer::TimedOut)
        {
            self.stopped = None;
        }
        match answer {
            Answer::Acked(reply) => {
                let last_sent = first_seq.saturating_add(rows as u64).saturating_sub(1);
                let through = reply.acked_through.min(last_sent);
                if through < first_seq {
                    // Nothing was taken: no reason to ask at once again.
                    self.back_off(now_ms, None, random);
                    return LedgerAction::Keep;
                }
                self.failures = 0;
                let full = rows >= asked_rows;
                self.adapt(took_ms, rows >= self.rows);
                // Whoever has more to send goes on; a hub that cannot keep up says 429 or 503.
                self.next_at_ms = if full {
                    now_ms
                } else {
                    now_ms + reply.next_after_ms.min(BACKOFF_MS_MAX)
                };
                LedgerAction::AckThrough(through)
            }
            Answer::Gap { expected_seq } if *expected_seq < first_seq => {
                // Not at once: a hub that asks for a row which is gone would be asked again and
                // again.
                self.back_off(now_ms, None, random);
                LedgerAction::AckThrough(expected_seq.saturating_sub(1))
            }
            Answer::Forked { from_seq }
                if (first_seq..first_seq.saturating_add(rows as u64)).contains(from_seq) =>
            {
                self.back_off(now_ms, None, random);
                LedgerAction::BeginAnew(*from_seq)
            }
            Answer::TooLarge | Answer::Refused if rows > 1 => {
                self.rows = rows / 2;
                LedgerAction::Keep
            }
            Answer::TooLarge | Answer::Refused if !sent.is_first_empty => {
                self.back_off(now_ms, None, random);
                self.rows = ROWS_AT_FIRST;
                LedgerAction::Quarantine(first_seq)
            }
            Answer::Unauthorised => self.stop(Stopped::Unauthorised, now_ms, REFUSED_MS),
            Answer::Decommissioned => self.stop(Stopped::Decommissioned, now_ms, DECOMMISSIONED_MS),
            Answer::TooLargeOnTheWay | Answer::TimedOut => {
                self.rows = (rows / 2).clamp(ROWS_MIN, BATCH_PLAYS_MAX).min(self.rows);
                self.back_off(now_ms, None, random);
                LedgerAction::Keep
            }
            Answer::Unavailable { retry_after_ms } => {
                self.back_off(now_ms, *retry_after_ms, random);
                LedgerAction::Keep
            }
            // A hub that asks for what it was just sent, or refuses an empty row: it is not well.
            Answer::Gap { .. } | Answer::Forked { .. } | Answer::TooLarge | Answer::Refused => {
                self.back_off(now_ms, None, random);
                LedgerAction::Keep
            }
        }
    }

    /// Sets the size of the next batch by how long the line took over this one.
    fn adapt(&mut self, took_ms: u64, full: bool) {
        if took_ms > SLOW_MS {
            self.rows = (self.rows / 2).max(ROWS_MIN);
        } else if took_ms <= QUICK_MS && full {
            self.rows = (self.rows * 2).min(BATCH_PLAYS_MAX);
        }
    }

    fn stop(&mut self, why: Stopped, now_ms: u64, pause_ms: u64) -> LedgerAction {
        self.stopped = Some(why);
        self.next_at_ms = now_ms + pause_ms;
        LedgerAction::Keep
    }

    fn back_off(&mut self, now_ms: u64, retry_after_ms: Option<u64>, random: u64) {
        if self.stopped.is_some() {
            // Nothing was heard of the hub itself; that is no reason to ask it more often.
            self.next_at_ms = now_ms + REFUSED_MS;
            return;
        }
        let pause_ms = back_off_ms(self.failures, retry_after_ms, random);
        self.failures = self.failures.saturating_add(1);
        self.next_at_ms = now_ms + pause_ms;
    }
}
