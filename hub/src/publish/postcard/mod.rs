//! Draws postcards of what somebody saw on a street, by a process of its own, `passerby-hub
//! draw-postcards`, which stays for the next one: most of the time that one takes is the start.
//!
//! ```text
//! page ─▶ PostcardDesk ─order─▶ passerby-hub draw-postcards ─▶ compose
//!                      ◀─answer, JPEG─
//! ```
//!
//! Invariants: one process draws at a time, and at most [`WAITING_MAX`] orders wait; whoever comes
//! then is asked to come again. Of those who want the same postcard one has it drawn, and the
//! others wait for that. The process dies with this one, and after some time without work. One that
//! is late or broken is ended, and costs one postcard; one that died between two costs none.

mod error;
mod order;
mod process;
pub mod worker;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, oneshot};

use crate::publish::child::this_program;
pub(crate) use crate::publish::postcard::error::PostcardError;
pub use crate::publish::postcard::order::JPEG_BYTES_MAX;
pub(crate) use crate::publish::postcard::order::PostcardOrder;
use crate::publish::postcard::process::Process;

/// The subcommand that draws.
pub const COMMAND: &str = "draw-postcards";
/// Most orders that wait.
const WAITING_MAX: usize = 16;
/// How long one postcard may take, the start of its process included.
const TIME_MAX: Duration = Duration::from_secs(10);
/// How long a process waits for work before it is ended.
const IDLE_MAX: Duration = Duration::from_secs(120);
/// Most postcards of one process.
const OF_PROCESS_MAX: u32 = 1_000;
type Drawn = Result<Vec<u8>, PostcardError>;

struct Work {
    order: PostcardOrder,
    tell: oneshot::Sender<Drawn>,
}

/// Takes orders.
pub(crate) struct PostcardDesk {
    program: Option<PathBuf>,
    queue: Mutex<Option<SyncSender<Work>>>,
    /// Who has a postcard drawn at this time, by link; as many as ask at one time.
    turns: Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>,
}

impl PostcardDesk {
    /// Uses the program that runs now.
    pub(crate) fn new() -> Self {
        Self {
            program: this_program().ok(),
            queue: Mutex::new(None),
            turns: Mutex::default(),
        }
    }

    /// Waits until nobody else has the postcard of a link drawn; `None` when that takes too long.
    pub(crate) async fn turn(&self, link: &str) -> Option<OwnedMutexGuard<()>> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let turn = turns.get(link).and_then(Weak::upgrade).unwrap_or_default();
            turns.insert(link.to_owned(), Arc::downgrade(&turn));
            turn
        };
        tokio::time::timeout(TIME_MAX, turn.lock_owned()).await.ok()
    }

    /// Has one drawn.
    ///
    /// # Errors
    /// See [`PostcardError`].
    pub(crate) async fn draw(&self, order: PostcardOrder) -> Drawn {
        match self.ask(order)?.await {
            Ok(drawn) => drawn,
            Err(_) => Err(PostcardError::Broke),
        }
    }

    fn ask(&self, order: PostcardOrder) -> Result<oneshot::Receiver<Drawn>, PostcardError> {
        let Some(program) = &self.program else {
            let reason = "the system does not tell which program this is";
            return Err(PostcardError::Start(reason.to_owned()));
        };
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let (tell, told) = oneshot::channel();
        let mut work = Work { order, tell };
        if let Some(known) = &*queue {
            match known.try_send(work) {
                Ok(()) => return Ok(told),
                Err(TrySendError::Full(_)) => return Err(PostcardError::Busy),
                // A fault of this program ended its thread.
                Err(TrySendError::Disconnected(again)) => work = again,
            }
        }
        let (ask, asked) = mpsc::sync_channel(WAITING_MAX);
        // Never full yet.
        let _ = ask.try_send(work);
        let program = program.clone();
        // Always the same thread: the process dies with the thread that started it.
        thread::Builder::new()
            .name("postcards".to_owned())
            .spawn(move || serve(&program, &asked))
            .map_err(|error| PostcardError::Start(error.to_string()))?;
        *queue = Some(ask);
        Ok(told)
    }
}

/// Draws until nobody can ask any more.
fn serve(program: &std::path::Path, asked: &mpsc::Receiver<Work>) {
    let mut process: Option<Process> = None;
    let mut left = 0;
    loop {
        let Work { order, tell } = match asked.recv_timeout(IDLE_MAX) {
            Ok(work) => work,
            Err(RecvTimeoutError::Timeout) => {
                process = None;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if tell.is_closed() {
            continue;
        }
        if left == 0 {
            process = None;
        }
        let was_there = process.is_some();
        let mut drawn = drawn_by(&mut process, &mut left, program, &order);
        // Something may have ended it since the last one.
        if was_there && drawn == Err(PostcardError::Broke) {
            drawn = drawn_by(&mut process, &mut left, program, &order);
        }
        // Whoever asked may have gone.
        let _ = tell.send(drawn);
    }
}

/// Has the process draw one, which is started where there is none and ended where it fails.
/// `left`: how many it may still draw.
fn drawn_by(
    process: &mut Option<Process>,
    left: &mut u32,
    program: &std::path::Path,
    order: &PostcardOrder,
) -> Drawn {
    let ready = match process {
        Some(process) => process,
        None => {
            let started = Process::start(program, COMMAND);
            *left = OF_PROCESS_MAX;
            process.insert(started.map_err(|error| PostcardError::Start(error.to_string()))?)
        }
    };
    *left = left.saturating_sub(1);
    let drawn = ready.draw(order, TIME_MAX);
    if matches!(drawn, Err(PostcardError::Late | PostcardError::Broke)) {
        *process = None;
    }
    drawn
}

#[cfg(test)]
mod tests;
