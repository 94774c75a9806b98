//! The threads that parse and draw: with a deep stack, one at a time, waited for within limits.
//!
//! Invariant: at most [`ABANDONED_MAX`] threads go on after they were given up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;

/// Stack of a thread. The nesting that the guard allows takes a small part of it.
pub(super) const STACK_BYTES: usize = 64 << 20;
/// How long a drawing is waited for, each time that it is parsed or drawn.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);
/// Most threads that were given up and have not ended yet.
pub(super) const ABANDONED_MAX: usize = 1;

/// Runs work that may nest deeply on a thread with room for it, and waits for it as long as
/// [`PATIENCE`].
pub(super) fn on_deep_stack<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    static THREADS: OnceLock<Threads> = OnceLock::new();
    THREADS.get_or_init(|| Threads::new(PATIENCE)).run(work)
}

/// Threads that draw, and how many of them were given up.
pub(super) struct Threads {
    patience: Duration,
    pub(super) abandoned: Arc<AtomicUsize>,
}

impl Threads {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            abandoned: Arc::default(),
        }
    }

    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        if self.abandoned.load(Ordering::Acquire) >= ABANDONED_MAX {
            return Err(
                "an earlier drawing still keeps the terminal busy; take out drawings that are too complex, or export them as PNG"
                    .to_owned(),
            );
        }
        // Whoever comes second knows that the other has gone on without it.
        let gone_on = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = bounded(1);
        let (theirs, abandoned) = (Arc::clone(&gone_on), Arc::clone(&self.abandoned));
        thread::Builder::new()
            .name("drawing".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let made = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                    Err("the drawing is damaged; export it anew, or as PNG".to_owned())
                });
                // Nobody listens any more when it was given up.
                let _ = sender.send(made);
                if theirs.fetch_add(1, Ordering::AcqRel) == 1 {
                    abandoned.fetch_sub(1, Ordering::AcqRel);
                }
            })
            .map_err(|error| {
                format!("no thread to draw it could be started ({error}); restart the terminal")
            })?;
        receiver.recv_timeout(self.patience).unwrap_or_else(|_| {
            self.abandoned.fetch_add(1, Ordering::AcqRel);
            if gone_on.fetch_add(1, Ordering::AcqRel) == 1 {
                // It ended while it was given up.
                self.abandoned.fetch_sub(1, Ordering::AcqRel);
            }
            Err(format!(
                "the drawing was not done after {} s; simplify it, or export it as PNG",
                self.patience.as_secs()
            ))
        })
    }
}
