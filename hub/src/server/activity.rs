//! What one connection is doing, and for how long its peer has kept it waiting.
//!
//! Invariant: times are arguments, so that nothing here depends on a clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::server::streams::Streams;

/// Longest time from the first byte of a request's head, or from the start of the connection, to
/// the end of the head.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest time that a connection stays open for a further request.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(75);
/// Within so long a peer takes [`PACE_BYTES`] of an answer, or all that is left of it.
pub(super) const PACE_TIME: Duration = Duration::from_secs(30);
/// See [`PACE_TIME`]: about half a kilobyte a second. The slowest mobile networks bring some.
pub(super) const PACE_BYTES: usize = 16 << 10;
/// For how long a peer may leave an answer unread before its connection may be taken from it, when
/// there is no place left.
const UNREAD_TIME: Duration = Duration::from_secs(2);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConnectionStep {
    /// A head is on its way.
    Head,
    /// There is no request.
    Idle,
    /// The hub works on an answer.
    Work,
    /// A body is on its way.
    Body,
}

/// The state of one connection, shared between what reads and writes it, its requests, and those
/// who want its place.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    step: ConnectionStep,
    since: Instant,
    /// Since when the peer has taken less than it should of what is to be written.
    slow_since: Option<Instant>,
    /// How much it has taken since then.
    taken: usize,
    /// Since when it has taken nothing.
    unread_since: Option<Instant>,
    /// What waits for bytes without a deadline, and is to look again when there is one.
    reader: Option<Waker>,
    /// Where several requests may come at a time; what `step` says holds up to the first one then.
    streams: Option<Streams>,
}

impl Activity {
    /// Begins with a connection that was accepted.
    pub(super) const fn new(now: Instant) -> Self {
        Self(Mutex::new(State {
            step: ConnectionStep::Head,
            since: now,
            slow_since: None,
            taken: 0,
            unread_since: None,
            reader: None,
            streams: None,
        }))
    }

    /// The connection speaks HTTP/2.
    pub(super) fn becomes_http2(&self, now: Instant) {
        self.state().streams = Some(Streams::new(now));
    }

    /// Bytes have come.
    pub(super) fn came(&self, now: Instant) {
        let mut state = self.state();
        if let Some(streams) = &mut state.streams {
            streams.came(now);
            return;
        }
        match state.step {
            ConnectionStep::Idle => state.enter(ConnectionStep::Head, now),
            ConnectionStep::Body => state.since = now,
            ConnectionStep::Head | ConnectionStep::Work => {}
        }
    }

    /// A head is complete.
    pub(super) fn request_began(&self, now: Instant) {
        let mut state = self.state();
        state.enter(ConnectionStep::Work, now);
        if let Some(streams) = &mut state.streams {
            streams.request_began();
        }
    }

    /// A handler waits for the body.
    pub(super) fn body_wanted(&self, now: Instant) {
        let mut state = self.state();
        match &mut state.streams {
            Some(streams) => streams.body_wanted(now),
            None => state.enter(ConnectionStep::Body, now),
        }
    }

    /// The body is complete, or given up.
    pub(super) fn body_ended(&self, now: Instant) {
        let mut state = self.state();
        match &mut state.streams {
            Some(streams) => streams.body_ended(),
            None => state.enter(ConnectionStep::Work, now),
        }
    }

    /// A handler has answered.
    pub(super) fn answer_began(&self, now: Instant) {
        if let Some(streams) = &mut self.state().streams {
            streams.answer_began(now);
        }
    }

    /// A piece of an answer was asked for.
    pub(super) fn answer_taken(&self, bytes: usize, now: Instant) {
        if let Some(streams) = &mut self.state().streams {
            streams.taken(bytes, PACE_BYTES, now);
        }
    }

    /// A request was given up before a handler had answered.
    pub(super) fn request_given_up(&self, now: Instant) {
        self.request_ended(false, now);
    }

    /// The answer is complete, but for what is not yet written.
    pub(super) fn answer_ended(&self, now: Instant) {
        self.request_ended(true, now);
    }

    fn request_ended(&self, was_sending: bool, now: Instant) {
        let mut state = self.state();
        match &mut state.streams {
            Some(streams) => streams.request_ended(was_sending, now),
            None => state.enter(ConnectionStep::Idle, now),
        }
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    /// The peer has taken so many bytes.
    pub(super) fn taken(&self, bytes: usize) {
        let mut state = self.state();
        state.unread_since = None;
        state.taken = state.taken.saturating_add(bytes);
        if state.taken >= PACE_BYTES {
            state.slow_since = None;
        }
    }

    /// Everything that there was to write has been taken.
    pub(super) fn all_taken(&self) {
        let mut state = self.state();
        state.unread_since = None;
        state.slow_since = None;
    }

    /// There is something to write, and the peer takes nothing now. Returns until when it must have
    /// taken enough.
    pub(super) fn unread(&self, now: Instant) -> Instant {
        let mut state = self.state();
        state.unread_since.get_or_insert(now);
        if state.slow_since.is_none() {
            state.slow_since = Some(now);
            state.taken = 0;
        }
        state.slow_since.unwrap_or(now) + PACE_TIME
    }

    /// Until when the next bytes must have come; `None` while it is the hub that works, and then
    /// `reader` is woken when there is a deadline again.
    pub(super) fn read_deadline(&self, reader: &Waker) -> Option<Instant> {
        let mut state = self.state();
        if let (Some(streams), ConnectionStep::Work) = (&state.streams, state.step) {
            let idle_since = streams.idle_since();
            if idle_since.is_none() {
                state.reader = Some(reader.clone());
            }
            return idle_since.map(|since| since + IDLE_TIME);
        }
        match state.step {
            ConnectionStep::Head => Some(state.since + HEAD_TIME),
            ConnectionStep::Idle => Some(state.since + IDLE_TIME),
            // Whoever asked for the body keeps the time.
            ConnectionStep::Work | ConnectionStep::Body => {
                state.reader = Some(reader.clone());
                None
            }
        }
    }

    /// Since when the hub has waited for the peer; `None` while it works for it, or the peer is
    /// only a little slow.
    pub(super) fn waiting_since(&self, now: Instant) -> Option<Instant> {
        let state = self.state();
        if let Some(since) = state.unread_since {
            return Some(since)
                .filter(|since| now.saturating_duration_since(*since) >= UNREAD_TIME);
        }
        if let (Some(streams), ConnectionStep::Work) = (&state.streams, state.step) {
            return streams.waiting_since(UNREAD_TIME, now);
        }
        match state.step {
            ConnectionStep::Head | ConnectionStep::Idle | ConnectionStep::Body => Some(state.since),
            ConnectionStep::Work => None,
        }
    }

    /// Tells whether the peer opens too few windows for its answers.
    pub(super) fn is_too_slow(&self, now: Instant) -> bool {
        let state = self.state();
        let streams = state.streams.as_ref();
        streams.is_some_and(|streams| streams.is_too_slow(PACE_TIME, now))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn enter(&mut self, step: ConnectionStep, now: Instant) {
        self.step = step;
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_head_has_a_short_time_however_its_bytes_trickle_in() {
        let start = Instant::now();
        let activity = Activity::new(start);
        activity.came(start + 3 * SECOND);
        activity.came(start + 9 * SECOND);
        assert_eq!(
            activity.read_deadline(Waker::noop()),
            Some(start + HEAD_TIME)
        );
        activity.request_began(start + 9 * SECOND);
        assert_eq!(activity.read_deadline(Waker::noop()), None);
        activity.answer_ended(start + 20 * SECOND);
        assert_eq!(
            activity.read_deadline(Waker::noop()),
            Some(start + 20 * SECOND + IDLE_TIME)
        );
        activity.came(start + 60 * SECOND);
        activity.came(start + 65 * SECOND);
        assert_eq!(
            activity.read_deadline(Waker::noop()),
            Some(start + 60 * SECOND + HEAD_TIME)
        );
    }

    #[test]
    fn what_reads_is_woken_when_it_has_a_deadline_again() {
        let start = Instant::now();
        let activity = Activity::new(start);
        activity.request_began(start);
        let woken = Arc::new(Woken::default());
        let reader = Waker::from(Arc::clone(&woken));
        assert_eq!(activity.read_deadline(&reader), None);
        activity.body_wanted(start);
        activity.body_ended(start);
        assert!(!woken.0.load(Ordering::Relaxed));
        activity.answer_ended(start);
        assert!(woken.0.load(Ordering::Relaxed));
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_reader_without_progress_is_given_up_and_a_slow_one_is_not() {
        let start = Instant::now();
        let stuck = Activity::new(start);
        assert_eq!(stuck.unread(start), start + PACE_TIME);
        assert_eq!(stuck.unread(start + 29 * SECOND), start + PACE_TIME);

        // Two kilobytes a second, as a phone of 2002.
        let slow = Activity::new(start);
        for second in 0..600 {
            let now = start + second * SECOND;
            assert!(slow.unread(now) > now, "{second}");
            slow.taken(2_000);
        }
        // A trickle of one byte a second is no progress.
        let trickle = Activity::new(start);
        let lasts = (0..600).find(|&second| {
            let now = start + second * SECOND;
            trickle.taken(1);
            trickle.unread(now) <= now
        });
        assert_eq!(lasts, Some(30));
    }

    #[test]
    fn of_several_requests_the_last_decides_when_a_connection_is_idle() {
        let start = Instant::now();
        let at = |second: u32| start + second * SECOND;
        let activity = Activity::new(start);
        activity.came(at(1));
        activity.becomes_http2(at(2));
        activity.came(at(3));
        let deadline = || activity.read_deadline(Waker::noop());
        assert_eq!(deadline(), Some(start + HEAD_TIME), "for the first head");
        activity.request_began(at(4));
        activity.request_began(at(4));
        activity.answer_began(at(5));
        activity.answer_ended(at(6));
        assert_eq!(deadline(), None);
        assert_eq!(activity.waiting_since(at(9)), None);
        activity.request_given_up(at(7));
        activity.came(at(60));
        assert_eq!(deadline(), Some(at(7) + IDLE_TIME));
        assert_eq!(activity.waiting_since(at(60)), Some(at(7)));
        activity.request_began(at(61));
        activity.answer_began(at(61));
        assert!(!activity.is_too_slow(at(90)) && activity.is_too_slow(at(91)));
    }

    #[test]
    fn what_was_written_whole_starts_the_time_anew() {
        let start = Instant::now();
        let activity = Activity::new(start);
        activity.unread(start);
        activity.taken(100);
        activity.all_taken();
        let later = start + 1_000 * SECOND;
        assert_eq!(activity.unread(later), later + PACE_TIME);
    }

    #[test]
    fn only_who_keeps_the_hub_waiting_may_lose_its_place() {
        let start = Instant::now();
        let activity = Activity::new(start);
        let waiting = |second: u32| activity.waiting_since(start + second * SECOND);
        assert_eq!(waiting(1), Some(start));
        activity.request_began(start + SECOND);
        assert_eq!(waiting(9), None);
        activity.body_wanted(start + 2 * SECOND);
        activity.came(start + 3 * SECOND);
        assert_eq!(waiting(9), Some(start + 3 * SECOND));
        activity.body_ended(start + 4 * SECOND);
        assert_eq!(waiting(9), None);
        activity.unread(start + 5 * SECOND);
        assert_eq!(waiting(6), None);
        assert_eq!(waiting(7), Some(start + 5 * SECOND));
        activity.taken(9);
        assert_eq!(waiting(9), None);
        activity.answer_ended(start + 10 * SECOND);
        assert_eq!(waiting(11), Some(start + 10 * SECOND));
    }
}
