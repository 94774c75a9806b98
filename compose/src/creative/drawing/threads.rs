//! The threads that parse and draw: with a deep stack, and waited for within limits.
//!
//! One that is given up goes on until its process ends. That is soon, since a process that stays
//! has its drawings drawn by others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;

/// Stack of a thread. The nesting that the guard allows takes a small part of it.
pub(super) const STACK_BYTES: usize = 64 << 20;
/// How long a drawing is waited for, each time that it is parsed or drawn.
pub(super) const PATIENCE: Duration = Duration::from_secs(40);

/// Runs work that may nest deeply on a thread with room for it, and waits for it as long as
/// [`PATIENCE`].
pub(super) fn on_deep_stack<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    run(PATIENCE, work)
}

pub(super) fn run<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = bounded(1);
    thread::Builder::new()
        .name("drawing".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let made = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                Err("the drawing is damaged; export it anew, or as PNG".to_owned())
            });
            // Nobody listens any more when it was given up.
            let _ = sender.send(made);
        })
        .map_err(|error| {
            format!("no thread to draw it could be started ({error}); restart the terminal")
        })?;
    receiver.recv_timeout(patience).unwrap_or_else(|_| {
        Err(format!(
            "the drawing was not done after {} s; simplify it, or export it as PNG",
            patience.as_secs()
        ))
    })
}
