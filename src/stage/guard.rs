//! Panics, as errors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Turns a panic of `work` into an error, so that the process leaves with a status that its
/// supervisor knows.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without a message")
            .to_owned()
    })
}

/// Like [`guarded`] for work whose panic is an answer to the operator: keeps the backtrace off the
/// terminal.
pub(super) fn guarded_quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let this_thread = std::thread::current().id();
    let loud = Arc::new(std::panic::take_hook());
    let others = Arc::clone(&loud);
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() != this_thread {
            others(info);
        }
    }));
    let outcome = guarded(work);
    drop(std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| loud(info)));
    outcome
}
