//! Keeps the end orderly when a C library ends the process: Xlib calls `exit` itself when the X
//! server has gone.
//!
//! Invariants:
//! - The player hears of it and has [`PLAYER_END_MAX`] to record what was on the screen.
//! - The process leaves with the status that its supervisor knows, never with the library's own.
//!
//! `exit` runs the destructors of its thread's locals, as the Itanium C++ ABI has it; the stage
//! keeps one there while it has a window.

use std::cell::RefCell;
use std::thread;
use std::time::{Duration, Instant};

use crate::stage::channel::EventSender;
use crate::stage::stage_error::StageError;

/// How long the player may take to end.
const PLAYER_END_MAX: Duration = Duration::from_secs(5);
/// How often the stage looks whether it has.
const PLAYER_END_STEP: Duration = Duration::from_millis(100);
/// What the callers of [`crate::stage::run`] leave with after an error.
const STATUS: i32 = 3;

thread_local! {
    static EXIT_GUARD: RefCell<Option<ExitGuard>> = const { RefCell::new(None) };
}

struct ExitGuard {
    event_sender: EventSender,
    armed: bool,
}

/// Watches over this thread until it is dropped.
pub(super) struct ExitWatch(());

impl ExitWatch {
    pub(super) fn over_this_thread(event_sender: EventSender) -> Self {
        EXIT_GUARD.set(Some(ExitGuard {
            event_sender,
            armed: true,
        }));
        Self(())
    }
}

impl Drop for ExitWatch {
    fn drop(&mut self) {
        if let Some(mut guard) = EXIT_GUARD.take() {
            guard.armed = false;
        }
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let error = StageError::OutputGone {
            reason: "the connection to it broke".into(),
        };
        // The log keeps its state in locals of this thread, which may be gone.
        eprintln!("passerby: {error}");
        let deadline = Instant::now() + PLAYER_END_MAX;
        while self.event_sender.say_closed() && Instant::now() < deadline {
            thread::sleep(PLAYER_END_STEP);
        }
        std::process::exit(STATUS);
    }
}
