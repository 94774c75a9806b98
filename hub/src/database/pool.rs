//! Connections that are lent to one thread at a time.
//!
//! Invariants: there are never more than the maximum; who waits longer than [`WAIT`] is refused;
//! one that its borrower calls broken is closed.
//!
//! Our own, since r2d2 has slept for years and the pools that are alive are for async code.

use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::database::DatabaseError;

/// How long a connection is waited for.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// Connections of one kind.
pub(super) struct Pool<C> {
    state: Mutex<State<C>>,
    came_back: Condvar,
    connections_max: usize,
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
        let (mut state, waited) = self
            .came_back
            .wait_timeout_while(self.state(), WAIT, |state| {
                state.idle.is_empty() && state.open >= self.connections_max
            })
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(DatabaseError::Busy(WAIT.as_secs()));
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
}
