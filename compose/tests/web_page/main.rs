//! Pictures of web pages, with a real Chromium and a real server on this machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod browsers;
mod lifetimes;
mod pictures;
mod server;
mod setup;
mod strangers;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a browser on a busy machine; never waited for when things work.
const PATIENCE: Duration = Duration::from_secs(600);

/// One test at a time: they look for this process's browsers.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn await_that(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
