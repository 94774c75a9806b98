//! Connections that are lent to one thread at a time.
//!
//! Invariants: there are never more than the maximum; who waits longer than [`WAIT`] is refused;
//! one that its borrower calls broken is closed.
//!
//! Our own, since r2d2 has slept for years and the pools that are alive are for async code.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::database::DatabaseError;

/// How long a connection is waited for.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// Connections of one kind.
pub(super) struct Pool<C> {
    state: Mutex<State<C>>,
    came_back: Condvar,
    connections_max: usize,
    waits: AtomicU64,
    waited_us: AtomicU64,
    refusals: AtomicU64,
}

/// How busy a pool is, and was since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolCounts {
    /// Most connections.
    pub(crate) connections_max: usize,
    /// Connections that are lent now.
    pub(crate) lent: usize,
    /// Connections that are open and not lent.
    pub(crate) idle: usize,
    /// How often one had to be waited for.
    pub(crate) waits: u64,
    /// For how long in all, in microseconds.
    pub(crate) waited_us: u64,
    /// How often none came free in time.
    pub(crate) refusals: u64,
}

struct State<C> {
    idle: Vec<C>,
    /// Idle or lent.
    open: usize,
}

/// A connection that goes back by itself.
pub(super) struct Lent<'a, C> {
    pool: &'a Pool<C>,
    connection: Option<C>,
}

impl<C> Pool<C> {
    /// Makes a pool without connections.
    pub(super) const fn new(connections_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                open: 0,
            }),
            came_back: Condvar::new(),
            connections_max,
            waits: AtomicU64::new(0),
            waited_us: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
        }
    }

    /// Returns how busy it is.
    pub(super) fn counts(&self) -> PoolCounts {
        let state = self.state();
        let (open, idle) = (state.open, state.idle.len());
        drop(state);
        PoolCounts {
            connections_max: self.connections_max,
            lent: open - idle,
            idle,
            waits: self.waits.load(Ordering::Relaxed),
            waited_us: self.waited_us.load(Ordering::Relaxed),
            refusals: self.refusals.load(Ordering::Relaxed),
        }
    }

    /// Lends a connection, opening one if none is idle and there may be one more.
    ///
    /// # Errors
    /// None came back in time, or `open` fails.
    pub(super) fn take(
        &self,
        open: impl FnOnce() -> Result<C, DatabaseError>,
    ) -> Result<Lent<'_, C>, DatabaseError> {
        let is_used_up =
            |state: &mut State<C>| state.idle.is_empty() && state.open >= self.connections_max;
        let mut state = self.state();
        if is_used_up(&mut state) {
            let begun = Instant::now();
            self.waits.fetch_add(1, Ordering::Relaxed);
            let waited = self.came_back.wait_timeout_while(state, WAIT, is_used_up);
            let (came, waited) = waited.unwrap_or_else(PoisonError::into_inner);
            let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.waited_us.fetch_add(took_us, Ordering::Relaxed);
            if waited.timed_out() {
                self.refusals.fetch_add(1, Ordering::Relaxed);
                return Err(DatabaseError::Busy(WAIT.as_secs()));
            }
            state = came;
        }
        if let Some(connection) = state.idle.pop() {
            return Ok(self.lent(Some(connection)));
        }
        state.open += 1;
        drop(state);
        // A guard without a connection gives its place back if opening fails.
        let mut lent = self.lent(None);
        lent.connection = Some(open()?);
        Ok(lent)
    }

    /// Closes all that nobody has: what broke one has broken them as well.
    pub(super) fn close_idle(&self) {
        let mut state = self.state();
        let idle = std::mem::take(&mut state.idle);
        state.open -= idle.len();
        drop(state);
        // Closing may wait for the network; nobody else is to.
        drop(idle);
        self.came_back.notify_all();
    }

    fn lent(&self, connection: Option<C>) -> Lent<'_, C> {
        Lent {
            pool: self,
            connection,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Lent<'_, C> {
    /// Closes the connection instead of giving it back.
    pub(super) fn close(mut self) {
        self.connection = None;
    }
}

impl<C> Deref for Lent<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.connection
            .as_ref()
            .expect("a connection is lent until it is closed")
    }
}

impl<C> Drop for Lent<'_, C> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        match self.connection.take() {
            // What a panic leaves behind may be in the middle of a transaction.
            Some(connection) if !std::thread::panicking() => state.idle.push(connection),
            _ => state.open -= 1,
        }
        drop(state);
        self.pool.came_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_came_back_is_lent_again_and_a_broken_one_is_not() {
        let pool = Pool::new(2);
        let first = pool.take(|| Ok(1)).unwrap();
        let second = pool.take(|| Ok(2)).unwrap();
        assert_eq!((*first, *second), (1, 2));
        drop(first);
        second.close();
        let again = pool.take(|| Ok(3)).unwrap();
        let new = pool.take(|| Ok(4)).unwrap();
        assert_eq!((*again, *new), (1, 4));
        drop(again);
        let failed = pool.take(|| Err(DatabaseError::NoRow));
        assert!(failed.is_ok(), "the idle one");
        drop((failed, new));
        let both = (pool.take(|| Ok(5)).unwrap(), pool.take(|| Ok(6)).unwrap());
        assert_eq!((*both.0, *both.1), (4, 1));
    }

    #[test]
    fn those_that_nobody_has_are_closed_together_and_their_places_are_free() {
        let pool = Pool::new(3);
        let all = [1, 2, 3].map(|number| pool.take(|| Ok(number)).unwrap());
        let [first, second, third] = all;
        drop((first, second));
        pool.close_idle();
        assert_eq!(*pool.take(|| Ok(4)).unwrap(), 4);
        let new = [5, 6].map(|number| pool.take(|| Ok(number)).unwrap());
        assert_eq!((*new[0], *new[1], *third), (4, 6, 3));
    }

    #[test]
    fn one_that_cannot_be_opened_takes_no_place() {
        let pool: Pool<u8> = Pool::new(1);
        assert!(pool.take(|| Err(DatabaseError::NoRow)).is_err());
        assert_eq!(*pool.take(|| Ok(7)).unwrap(), 7);
    }

    #[test]
    fn who_waits_gets_the_one_that_comes_back() {
        let pool = Pool::new(1);
        let only = pool.take(|| Ok(1)).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| *pool.take(|| Ok(2)).unwrap());
            drop(only);
            assert_eq!(waiting.join().unwrap(), 1);
        });
    }

    #[test]
    fn who_waits_is_counted_and_so_is_what_is_lent() {
        let pool = Pool::new(1);
        let only = pool.take(|| Ok(1)).unwrap();
        let busy = pool.counts();
        assert_eq!((busy.connections_max, busy.lent, busy.idle), (1, 1, 0));
        assert_eq!(busy.waits, 0);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| drop(pool.take(|| Ok(2)).unwrap()));
            while pool.counts().waits == 0 {
                std::thread::yield_now();
            }
            drop(only);
            waiting.join().unwrap();
        });
        let idle = pool.counts();
        assert_eq!((idle.lent, idle.idle, idle.refusals), (0, 1, 0));
        assert_eq!(idle.waits, 1);
    }
}
