//! How often one network may ask, held in memory.
//!
//! Every network has a bucket of each kind, kept as one number (the generic cell rate algorithm, ITU-T I.371): the time at
//! which it would be full again. A bucket that is full again is as good as none, so forgetting one gives little away.
//!
//! Invariants: at most [`BUCKETS_MAX`] buckets, then the oldest goes; nobody waits longer than it takes to fill a bucket,
//! even when the clock was put back; `now` is an argument.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::visitor::Network;

/// Most buckets that are remembered, about 5 MB.
const BUCKETS_MAX: usize = 65_536;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Openings of codes, links and buttons. A metro station may be one network.
    Page,
    /// The pictures of pages; every page has a few.
    Picture,
    /// New scans that count. Whoever changes all else that a request says still comes from one network; a crowd in one
    /// station's network is told from them by number alone.
    Scan,
    /// Codes that are not ours. Whoever guesses at this rate finds one in 2^56 tags in four billion years; the burst is
    /// what a crowd in front of a torn code brings.
    Guess,
    /// Pairing codes that are new. A chain of shops may switch thirty screens on at once; one network cannot fill the places
    /// of all others.
    Code,
    /// Enrolments with what nobody issued, or with what another terminal holds.
    Enrolment,
}

impl Kind {
    /// Time between two requests in the long run, and how many may come at once.
    const fn rate(self) -> (i64, i64) {
        match self {
            Self::Page => (50, 200),
            Self::Picture => (12, 800),
            Self::Scan => (2_000, 150),
            Self::Guess => (2_000, 100),
            Self::Code => (15_000, 40),
            Self::Enrolment => (2_000, 30),
        }
    }
}

/// Wrong enrolments of all networks together: time between two, and how many may come at once.
const ENROLMENTS: (i64, i64) = (100, 300);

/// The buckets.
pub(super) struct Limits {
    buckets: Mutex<Buckets>,
    /// When the bucket of all wrong enrolments would be full again.
    enrolments_full_at_ms: Mutex<i64>,
}

#[derive(Default)]
struct Buckets {
    full_at_ms: HashMap<(Kind, Network), i64>,
    /// By age.
    order: VecDeque<(Kind, Network)>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            buckets: Mutex::default(),
            enrolments_full_at_ms: Mutex::new(i64::MIN),
        }
    }

    /// Takes one request from a network's bucket.
    ///
    /// # Errors
    /// It is empty; the number says in how many seconds it is worth to come again.
    pub(super) fn take(&self, kind: Kind, network: Network, now_ms: i64) -> Result<(), u32> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        take(buckets.of(kind, network, now_ms), kind.rate(), now_ms)
    }
}

impl Limits {
    /// Notes a wrong enrolment.
    ///
    /// # Errors
    /// There are too many, from this network or from all; the number says in how many seconds it is worth to come again.
    pub(super) fn wrong_enrolment(&self, network: Network, now_ms: i64) -> Result<(), u32> {
        // First its own, so that one network cannot use up what all have together.
        self.take(Kind::Enrolment, network, now_ms)?;
        let mut all = self
            .enrolments_full_at_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        take(&mut all, ENROLMENTS, now_ms)
    }

    /// Tells whether a network's bucket is empty, without taking anything.
    pub(super) fn is_spent(&self, kind: Kind, network: Network, now_ms: i64) -> bool {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let known = buckets.full_at_ms.get(&(kind, network));
        known.is_some_and(|&full_at_ms| take(&mut { full_at_ms }, kind.rate(), now_ms).is_err())
    }
}

/// Takes one from a bucket that is full again at `full_at_ms`, gets one back every so many milliseconds and holds so many.
///
/// # Errors
/// It is empty for so many seconds.
pub(super) fn take(
    full_at_ms: &mut i64,
    (every_ms, burst): (i64, i64),
    now_ms: i64,
) -> Result<(), u32> {
    let depth_ms = every_ms * burst;
    *full_at_ms = (*full_at_ms).clamp(now_ms, now_ms + depth_ms);
    let next_ms = *full_at_ms + every_ms;
    let over_ms = next_ms - (now_ms + depth_ms);
    if over_ms > 0 {
        return Err(u32::try_from((over_ms + 999) / 1_000).unwrap_or(u32::MAX));
    }
    *full_at_ms = next_ms;
    Ok(())
}

impl Buckets {
    fn of(&mut self, kind: Kind, network: Network, now_ms: i64) -> &mut i64 {
        let key = (kind, network);
        if !self.full_at_ms.contains_key(&key) {
            if self.order.len() >= BUCKETS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.full_at_ms.remove(&oldest);
            }
            self.order.push_back(key);
        }
        self.full_at_ms.entry(key).or_insert(now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u32) -> Network {
        let mut name = [0; 16];
        name[..4].copy_from_slice(&number.to_be_bytes());
        Network(name)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let limits = Limits::new();
        let passed = |now_ms| limits.take(Kind::Page, network(1), now_ms).is_ok();
        assert_eq!((0..300).filter(|_| passed(1_000)).count(), 200);
        assert_eq!((1_001..=2_000).filter(|&now| passed(now)).count(), 20);
        assert!(limits.take(Kind::Page, network(2), 1_000).is_ok());
        assert!(limits.take(Kind::Guess, network(1), 1_000).is_ok());
        assert!(limits.is_spent(Kind::Page, network(1), 2_000));
        assert!(!limits.is_spent(Kind::Page, network(1), 2_050));
        assert!(!limits.is_spent(Kind::Page, network(3), 0));
    }

    #[test]
    fn whoever_is_refused_is_told_when_to_come_again() {
        let limits = Limits::new();
        let guess = |now_ms| limits.take(Kind::Guess, network(1), now_ms);
        assert!((0..100).all(|_| guess(0).is_ok()));
        assert_eq!(guess(0), Err(2));
        assert_eq!(guess(1_500), Err(1));
        assert_eq!(guess(2_000), Ok(()));
    }

    #[test]
    fn wrong_enrolments_are_limited_by_network_and_in_all() {
        let limits = Limits::new();
        let wrong = |from, now_ms| limits.wrong_enrolment(network(from), now_ms).is_ok();
        assert_eq!((0..100).filter(|_| wrong(1, 0)).count(), 30);
        assert!(limits.is_spent(Kind::Enrolment, network(1), 0));
        assert!(!limits.is_spent(Kind::Enrolment, network(2), 0));
        // Whoever has many addresses is stopped by the sum of them.
        let passed = (2..1_000).filter(|&from| wrong(from, 0)).count();
        assert_eq!(passed, 300 - 30);
        assert!(wrong(2_000, 100) && !wrong(2_001, 100));
    }

    #[test]
    fn a_clock_that_was_put_back_locks_nobody_out() {
        let limits = Limits::new();
        let day_ms = 86_400_000;
        while limits.take(Kind::Page, network(1), day_ms).is_ok() {}
        assert_eq!(limits.take(Kind::Page, network(1), 0), Err(1));
        assert_eq!(limits.take(Kind::Page, network(1), 50), Ok(()));
    }

    #[test]
    fn any_number_of_networks_takes_a_bounded_memory() {
        let limits = Limits::new();
        for number in 0..200_000 {
            assert!(limits.take(Kind::Guess, network(number), 0).is_ok());
        }
        let buckets = limits.buckets.lock().unwrap();
        assert_eq!(buckets.full_at_ms.len(), BUCKETS_MAX);
        assert_eq!(buckets.order.len(), BUCKETS_MAX);
        assert!(
            buckets
                .full_at_ms
                .contains_key(&(Kind::Guess, network(199_999)))
        );
    }
}
