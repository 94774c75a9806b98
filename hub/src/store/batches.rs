//! Work that comes from many threads and is done in batches: whoever finds nobody at it does what
//! has come meanwhile, also for the others, who wait.
//!
//! Invariants: each piece of work is done once, in the order in which it came; a batch has at most
//! [`Batches::new`]'s maximum; nobody waits for work that came later, but for what is in the same
//! batch.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::system::histogram::{Histogram, HistogramCounts};

/// Work of one kind, and what becomes of it.
pub(super) struct Batches<W, T> {
    state: Mutex<State<W, T>>,
    batch_max: usize,
    sizes: Histogram<7>,
}

struct State<W, T> {
    waiting: VecDeque<(W, Arc<Place<T>>)>,
    is_led: bool,
}

/// Where a thread waits for what becomes of its work: each at its own, so that nobody is woken for
/// another's sake.
struct Place<T> {
    turn: Mutex<Turn<T>>,
    news: Condvar,
}

enum Turn<T> {
    /// Others are at it.
    Waits,
    /// This thread does the next batch.
    Leads,
    /// It is done.
    Done(T),
    /// The thread that had it in its batch panicked.
    GivenUp,
}

impl<W, T> Batches<W, T> {
    /// Does nothing yet.
    pub(super) const fn new(batch_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                is_led: false,
            }),
            batch_max,
            sizes: Histogram::new([1, 2, 4, 8, 16, 32, 64]),
        }
    }

    /// Returns how much was done together.
    pub(super) fn sizes(&self) -> HistogramCounts {
        self.sizes.counts()
    }

    /// Has a piece of work done and returns its answer. `together` does a batch and answers each
    /// piece, in order; every caller hands in the same one.
    ///
    /// # Panics
    /// Another thread panicked with this piece in its batch.
    pub(super) fn run(&self, work: W, together: impl Fn(&[W]) -> Vec<T>) -> T {
        let place = Arc::new(Place {
            turn: Mutex::new(Turn::Waits),
            news: Condvar::new(),
        });
        let mut state = self.state();
        state.waiting.push_back((work, Arc::clone(&place)));
        let leads = !state.is_led;
        state.is_led = true;
        drop(state);
        if !leads && let Some(answer) = place.wait() {
            return answer;
        }
        // Whoever leads is the first that waits, so its own work is in the batch.
        self.lead(together);
        place
            .wait()
            .expect("a thread that has led has its own answer")
    }

    fn lead(&self, together: impl Fn(&[W]) -> Vec<T>) {
        let mut state = self.state();
        let batch_size = state.waiting.len().min(self.batch_max);
        let batch: Vec<_> = state.waiting.drain(..batch_size).collect();
        drop(state);
        self.sizes.add(batch_size as u64);
        let (work, places): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let lead = Lead {
            batches: self,
            places,
        };
        for (place, answer) in lead.places.iter().zip(together(&work)) {
            place.set(Turn::Done(answer));
        }
    }

    fn state(&self) -> MutexGuard<'_, State<W, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the lead to the next when it is dropped, also by a panic.
struct Lead<'a, W, T> {
    batches: &'a Batches<W, T>,
    places: Vec<Arc<Place<T>>>,
}

impl<W, T> Drop for Lead<'_, W, T> {
    fn drop(&mut self) {
        let mut state = self.batches.state();
        match state.waiting.front() {
            Some((_, next)) => next.set(Turn::Leads),
            None => state.is_led = false,
        }
        drop(state);
        for place in &self.places {
            place.give_up();
        }
    }
}

impl<T> Place<T> {
    fn set(&self, turn: Turn<T>) {
        *self.turn() = turn;
        self.news.notify_one();
    }

    /// Tells the thread that waits here, if it has no answer, that none will come.
    fn give_up(&self) {
        let mut turn = self.turn();
        if matches!(*turn, Turn::Waits | Turn::Leads) {
            *turn = Turn::GivenUp;
            self.news.notify_one();
        }
    }

    /// Waits for the answer; `None` when this thread is to do the next batch instead.
    fn wait(&self) -> Option<T> {
        let mut turn = self
            .news
            .wait_while(self.turn(), |turn| matches!(turn, Turn::Waits))
            .unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *turn, Turn::Waits) {
            Turn::Done(answer) => Some(answer),
            Turn::Leads => None,
            Turn::GivenUp | Turn::Waits => panic!("another thread gave this work up half-way"),
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn<T>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_comes_while_a_batch_is_done_is_done_together_afterwards() {
        let batches: Batches<u32, u32> = Batches::new(3);
        let sizes = Mutex::new(Vec::new());
        let (enter, entered) = mpsc::channel();
        let (go_on, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let together = |work: &[u32]| {
            sizes.lock().unwrap().push(work.len());
            enter.send(()).unwrap();
            wait.lock().unwrap().recv().unwrap();
            work.iter().map(|number| number * 2).collect::<Vec<_>>()
        };
        std::thread::scope(|scope| {
            let run = |number: u32| batches.run(number, together);
            let first = scope.spawn(move || run(1));
            entered.recv().unwrap();
            let others: Vec<_> = (2..=6)
                .map(|number| scope.spawn(move || run(number)))
                .collect();
            while batches.state().waiting.len() < others.len() {
                std::thread::yield_now();
            }
            for _ in 0..3 {
                go_on.send(()).unwrap();
            }
            assert_eq!(first.join().unwrap(), 2);
            let doubled: Vec<u32> = others
                .into_iter()
                .map(|other| other.join().unwrap())
                .collect();
            assert_eq!(doubled, [4, 6, 8, 10, 12]);
        });
        assert_eq!(*sizes.lock().unwrap(), [1, 3, 2]);
    }

    #[test]
    fn a_panic_takes_its_batch_with_it_and_no_other() {
        let batches: Batches<u32, u32> = Batches::new(1);
        let done = AtomicUsize::new(0);
        let together = |work: &[u32]| {
            assert_ne!(work, [7], "on purpose");
            done.fetch_add(1, Ordering::Relaxed);
            work.to_vec()
        };
        std::thread::scope(|scope| {
            let bad = scope.spawn(|| batches.run(7, together));
            assert!(bad.join().is_err());
        });
        assert_eq!(batches.run(8, together), 8);
        assert_eq!(done.load(Ordering::Relaxed), 1);
    }
}
