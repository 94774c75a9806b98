//! What the requests of one connection of HTTP/2 are doing, several at a time.
//!
//! Invariants: times are arguments; bytes that are no request (pings, settings, windows) prolong
//! nothing; an answer whose reader takes too little of it is told from one that is only long.

use std::time::{Duration, Instant};

/// Requests of one connection.
#[derive(Debug)]
pub(super) struct Streams {
    /// Those that have no answer yet.
    working: usize,
    /// Those of them that wait for a body.
    bodies: usize,
    /// Those whose answers are being sent.
    sending: usize,
    /// Since when there is no request, or since when no byte of a body has come.
    since: Instant,
    /// When a piece of an answer was last asked for, or an answer began or ended.
    moved: Instant,
    /// Since when too little has been taken of the answers.
    slow_since: Instant,
    /// How much has been taken since then.
    taken: usize,
}

impl Streams {
    /// Begins without a request.
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            working: 0,
            bodies: 0,
            sending: 0,
            since: now,
            moved: now,
            slow_since: now,
            taken: 0,
        }
    }

    /// Bytes have come.
    pub(super) const fn came(&mut self, now: Instant) {
        if self.bodies > 0 {
            self.since = now;
        }
    }

    /// A head is complete.
    pub(super) const fn request_began(&mut self) {
        self.working += 1;
    }

    /// A handler waits for a body.
    pub(super) const fn body_wanted(&mut self, now: Instant) {
        self.bodies += 1;
        self.since = now;
    }

    /// A body is complete, or given up.
    pub(super) const fn body_ended(&mut self) {
        self.bodies = self.bodies.saturating_sub(1);
    }

    /// A handler has answered; the answer's body may follow.
    pub(super) fn answer_began(&mut self, now: Instant) {
        self.working = self.working.saturating_sub(1);
        if self.sending == 0 {
            self.slow_since = now;
            self.taken = 0;
        }
        self.sending += 1;
        self.moved = now;
    }

    /// A piece of an answer was asked for, since its reader takes more. Within `pace_bytes` taken
    /// the time begins anew.
    pub(super) const fn taken(&mut self, bytes: usize, pace_bytes: usize, now: Instant) {
        self.moved = now;
        self.taken = self.taken.saturating_add(bytes);
        if self.taken >= pace_bytes {
            self.slow_since = now;
            self.taken = 0;
        }
    }

    /// A request is over: its answer was taken, or it was given up before (`was_sending` false).
    pub(super) const fn request_ended(&mut self, was_sending: bool, now: Instant) {
        let of = if was_sending {
            &mut self.sending
        } else {
            &mut self.working
        };
        *of = of.saturating_sub(1);
        self.moved = now;
        self.slow_since = now;
        self.taken = 0;
        if self.working == 0 && self.sending == 0 {
            self.since = now;
        }
    }

    /// Since when there is no request; `None` while there is one.
    pub(super) const fn idle_since(&self) -> Option<Instant> {
        if self.working == 0 && self.sending == 0 {
            Some(self.since)
        } else {
            None
        }
    }

    /// Since when the hub has waited for the peer; `None` while it works for it, or the peer has
    /// been reading no slower than `patience`.
    pub(super) fn waiting_since(&self, patience: Duration, now: Instant) -> Option<Instant> {
        if self.working > self.bodies {
            return None;
        }
        if self.sending > 0 {
            let is_slow = now.saturating_duration_since(self.moved) >= patience;
            return is_slow.then_some(self.moved);
        }
        Some(self.since)
    }

    /// Tells whether a peer has taken too little of its answers within a time.
    pub(super) fn is_too_slow(&self, pace_time: Duration, now: Instant) -> bool {
        self.sending > 0 && now.saturating_duration_since(self.slow_since) >= pace_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const PATIENCE: Duration = Duration::from_secs(2);
    const PACE_TIME: Duration = Duration::from_secs(30);
    const PACE_BYTES: usize = 16 << 10;

    #[test]
    fn a_connection_is_idle_once_its_last_request_is_over_whatever_it_says_then() {
        let start = Instant::now();
        let mut streams = Streams::new(start);
        assert_eq!(streams.idle_since(), Some(start));
        streams.request_began();
        streams.request_began();
        streams.answer_began(start + SECOND);
        streams.request_ended(true, start + 2 * SECOND);
        assert_eq!(streams.idle_since(), None);
        // The peer gave the other one up.
        streams.request_ended(false, start + 3 * SECOND);
        for second in 4..60 {
            streams.came(start + second * SECOND);
        }
        assert_eq!(streams.idle_since(), Some(start + 3 * SECOND));
    }

    #[test]
    fn only_who_keeps_the_hub_waiting_with_all_requests_may_lose_its_place() {
        let start = Instant::now();
        let mut streams = Streams::new(start);
        let at = |second: u32| start + second * SECOND;
        assert_eq!(streams.waiting_since(PATIENCE, at(1)), Some(start));
        streams.request_began();
        assert_eq!(streams.waiting_since(PATIENCE, at(9)), None);
        streams.body_wanted(at(1));
        assert_eq!(streams.waiting_since(PATIENCE, at(9)), Some(at(1)));
        streams.request_began();
        assert_eq!(streams.waiting_since(PATIENCE, at(9)), None);
        streams.answer_began(at(2));
        assert_eq!(streams.waiting_since(PATIENCE, at(3)), None);
        assert_eq!(streams.waiting_since(PATIENCE, at(4)), Some(at(2)));
        streams.taken(1, PACE_BYTES, at(5));
        assert_eq!(streams.waiting_since(PATIENCE, at(6)), None);
    }

    #[test]
    fn a_reader_that_opens_no_window_is_too_slow_and_one_that_reads_is_not() {
        let start = Instant::now();
        let mut stuck = Streams::new(start);
        stuck.request_began();
        stuck.answer_began(start);
        assert!(!stuck.is_too_slow(PACE_TIME, start + 29 * SECOND));
        assert!(stuck.is_too_slow(PACE_TIME, start + 30 * SECOND));
        // A trickle is no progress.
        let mut trickle = Streams::new(start);
        trickle.request_began();
        trickle.answer_began(start);
        for second in 0..30 {
            trickle.taken(1, PACE_BYTES, start + second * SECOND);
        }
        assert!(trickle.is_too_slow(PACE_TIME, start + 30 * SECOND));
        // Two kilobytes a second, as a phone of 2002.
        let mut slow = Streams::new(start);
        slow.request_began();
        slow.answer_began(start);
        for second in 0..600 {
            let now = start + second * SECOND;
            assert!(!slow.is_too_slow(PACE_TIME, now), "{second}");
            slow.taken(2_000, PACE_BYTES, now);
        }
        slow.request_ended(true, start + 600 * SECOND);
        assert!(!slow.is_too_slow(PACE_TIME, start + 9_000 * SECOND));
    }
}
