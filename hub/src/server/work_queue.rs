//! Work of one kind that many requests bring at the same time, done together by one thread.
//!
//! A request that waits on a thread of its own costs two changes of threads at least, and as much
//! again for each lock that it shares. Here requests wait as tasks: the first has a thread begin
//! (it leads), which takes what has come meanwhile, again and again until there is no more.
//!
//! Invariants: each piece of work is done once, and begun in the order in which it came; at most so
//! many at once as [`WorkQueue::new`] says, by so many threads; nobody waits for work that came
//! later, but for what is done together; if a thread panics, whoever waits in the queue is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::server::{AppState, Shared};

/// The queue. Waiting for a place in it takes nothing but memory: it has at most one piece of work
/// for each request that is under way.
pub(crate) struct WorkQueue<W, T> {
    state: Mutex<State<W, T>>,
    together_max: usize,
    leads_max: usize,
}

struct State<W, T> {
    waiting: VecDeque<(W, oneshot::Sender<T>)>,
    /// How many threads are at it, or about to be.
    leads: usize,
}

impl<W, T> WorkQueue<W, T> {
    /// Has nothing to do yet. A further thread begins once those that are at it have all that they
    /// can take together.
    pub(super) const fn new(together_max: usize, leads_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                leads: 0,
            }),
            together_max,
            leads_max,
        }
    }

    /// Brings a piece of work, has a thread of `app` begin where one is needed, and waits for what
    /// comes of it; `together` answers each piece, in their order. `None`: the thread that did it
    /// has panicked.
    pub(super) async fn answer(
        self: Arc<Self>,
        app: Shared,
        work: W,
        together: fn(&AppState, &[W]) -> Vec<T>,
    ) -> Option<T>
    where
        W: Send + 'static,
        T: Send + 'static,
    {
        let (told, leads) = self.push(work);
        if leads {
            // Not as a part of this request: others count on it.
            tokio::spawn(async move {
                app.work(move |app: &AppState| self.lead(|work| together(app, work)))
                    .await;
            });
        }
        told.await.ok()
    }

    /// Brings a piece of work. What comes of it is sent to the receiver, which hears nothing of it
    /// when a thread has panicked. When the second value is true, the caller has to have a thread
    /// [`Self::lead`].
    fn push(&self, work: W) -> (oneshot::Receiver<T>, bool) {
        let (tell, told) = oneshot::channel();
        let mut state = self.state();
        state.waiting.push_back((work, tell));
        let leads = state.leads < self.leads_max
            && state.waiting.len() > state.leads.saturating_mul(self.together_max);
        state.leads += usize::from(leads);
        (told, leads)
    }

    /// Does what is there until there is no more. `together` answers each piece, in their order.
    fn lead(&self, together: impl Fn(&[W]) -> Vec<T>) {
        let lead = Lead { queue: self };
        while let Some(batch) = lead.next() {
            let (work, places): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            for (place, answer) in places.into_iter().zip(together(&work)) {
                // Whoever has gone needs no answer.
                let _ = place.send(answer);
            }
        }
        // That there is no more was seen under the lock that ended this lead.
        std::mem::forget(lead);
    }

    fn state(&self) -> MutexGuard<'_, State<W, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a lead that panics, and tells all who wait.
struct Lead<'a, W, T> {
    queue: &'a WorkQueue<W, T>,
}

impl<W, T> Lead<'_, W, T> {
    /// Takes work from the queue; `None`, and no lead any more, when there is none.
    fn next(&self) -> Option<Vec<(W, oneshot::Sender<T>)>> {
        let mut state = self.queue.state();
        if state.waiting.is_empty() {
            state.leads -= 1;
            return None;
        }
        let size = state.waiting.len().min(self.queue.together_max);
        Some(state.waiting.drain(..size).collect())
    }
}

impl<W, T> Drop for Lead<'_, W, T> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.leads -= 1;
        if state.leads == 0 {
            // Nobody would do these.
            let given_up = std::mem::take(&mut state.waiting);
            drop(state);
            drop(given_up);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn what_comes_while_others_are_at_it_is_done_together_afterwards() {
        let queue: WorkQueue<u32, u32> = WorkQueue::new(3, 1);
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
            let (first, leads) = queue.push(1);
            assert!(leads);
            let lead = scope.spawn(|| queue.lead(together));
            entered.recv().unwrap();
            let others: Vec<_> = (2..=6)
                .map(|number| {
                    let (told, leads) = queue.push(number);
                    assert!(!leads);
                    told
                })
                .collect();
            for _ in 0..3 {
                go_on.send(()).unwrap();
            }
            assert_eq!(first.blocking_recv(), Ok(2));
            let doubled: Vec<u32> = others
                .into_iter()
                .map(|told| told.blocking_recv().unwrap())
                .collect();
            assert_eq!(doubled, [4, 6, 8, 10, 12]);
            lead.join().unwrap();
        });
        assert_eq!(*sizes.lock().unwrap(), [1, 3, 2]);
        let (_, leads) = queue.push(7);
        assert!(leads, "the thread has ended");
    }

    #[test]
    fn another_thread_begins_once_one_has_all_that_it_can_take() {
        let queue: WorkQueue<u32, u32> = WorkQueue::new(2, 2);
        let leads: Vec<bool> = (0..8).map(|number| queue.push(number).1).collect();
        let expected = [true, false, true, false, false, false, false, false];
        assert_eq!(leads, expected);
    }

    #[test]
    fn a_panic_tells_all_who_wait_and_the_next_begins_anew() {
        let queue: WorkQueue<u32, u32> = WorkQueue::new(1, 1);
        let done = AtomicUsize::new(0);
        let together = |work: &[u32]| {
            assert_ne!(work, [7], "on purpose");
            done.fetch_add(1, Ordering::Relaxed);
            work.to_vec()
        };
        let (bad, _) = queue.push(7);
        let (behind, _) = queue.push(8);
        std::thread::scope(|scope| {
            assert!(scope.spawn(|| queue.lead(together)).join().is_err());
        });
        assert!(bad.blocking_recv().is_err() && behind.blocking_recv().is_err());
        assert_eq!(done.load(Ordering::Relaxed), 0);
        let (good, leads) = queue.push(9);
        assert!(leads);
        queue.lead(together);
        assert_eq!(good.blocking_recv(), Ok(9));
    }

    #[test]
    fn who_has_gone_keeps_nobody_waiting() {
        let queue: WorkQueue<u32, u32> = WorkQueue::new(4, 1);
        drop(queue.push(1));
        let (told, _) = queue.push(2);
        queue.lead(<[u32]>::to_vec);
        assert_eq!(told.blocking_recv(), Ok(2));
    }
}
