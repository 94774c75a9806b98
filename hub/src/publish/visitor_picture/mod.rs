//! Has the picture of a passer-by opened by a process of its own, `passerby-hub open-picture`, and
//! made anew as two JPEGs without anything that the phone wrote beside the pixels.
//!
//! Invariants: this process opens no picture; at most [`AT_ONCE_MAX`] are opened at one time, and
//! at most [`WAITING_MAX`] wait; one that takes too long or too much costs itself alone.

mod job;
pub mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::publish::child::{Child, ChildError, Limits, this_program};
use crate::publish::visitor_picture::job::{ANSWER_BYTES_MAX, Order, read};
pub(crate) use crate::publish::visitor_picture::job::{FILE_NAME, OpenedPicture, PictureFault};

/// The subcommand that opens one.
pub const COMMAND: &str = "open-picture";
/// Most that are opened at one time.
const AT_ONCE_MAX: usize = 2;
/// Most that wait for that.
const WAITING_MAX: usize = 8;
/// How long one may take.
const TIME_MAX: Duration = Duration::from_secs(20);
/// Most memory that one may map, in bytes: what the largest picture takes twice.
const MEMORY_BYTES_MAX: u64 = 2 << 30;

/// Takes pictures.
pub(crate) struct PictureDesk {
    program: Option<PathBuf>,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl PictureDesk {
    /// Uses the program that runs now.
    pub(crate) fn new() -> Self {
        Self {
            program: this_program().ok(),
            places: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Has the picture in a folder opened, where it is called [`FILE_NAME`].
    ///
    /// # Errors
    /// See [`PictureFault`].
    pub(crate) async fn open(&self, folder: &Path) -> Result<OpenedPicture, PictureFault> {
        let program = self.program.clone().ok_or(PictureFault::Later)?;
        let _waiting = Waiting::begin(&self.waiting).ok_or(PictureFault::Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let folder = folder.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            // Work goes on when nobody waits for it any more, and so it keeps its place.
            let _place = place;
            run(&program, &folder)
        });
        opened.await.unwrap_or(Err(PictureFault::Later))
    }
}

/// Somebody who waits, until this is dropped.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn begin(waiting: &'w AtomicUsize) -> Option<Self> {
        let own = Self(waiting);
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        (before < AT_ONCE_MAX + WAITING_MAX).then_some(own)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn run(program: &Path, folder: &Path) -> Result<OpenedPicture, PictureFault> {
    let order = Order {
        memory_bytes_max: MEMORY_BYTES_MAX,
    };
    let order = serde_json::to_vec(&order).map_err(|_| PictureFault::Later)?;
    let limits = Limits {
        time_max: TIME_MAX,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    match Child::run(program, COMMAND, folder, order, limits, read) {
        Ok(answer) => answer,
        Err(ChildError::Start(error)) => {
            crate::system::repeated_errors::tell("a passer-by's picture was not opened", &error);
            Err(PictureFault::Later)
        }
        // Whatever it is, it breaks what opens it.
        Err(ChildError::Late | ChildError::Memory | ChildError::Broke(_)) => {
            Err(PictureFault::Unreadable)
        }
    }
}
