//! Videos as people see them: real clips, made here with ffmpeg, through the public interface.
//!
//! Time is simulated: a test says how late it is and waits for the decoder, so it holds on any
//! machine. Tests take turns, since they count the children, threads and pipes of this process.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that cannot go on says where"
)]

mod clips;
mod faults;
mod hdr;
mod hostile;
mod leftovers;
mod orientations;
mod pictures;
mod playing;
mod processes;
mod sound;
mod transparent;
mod viewer;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
