//! A process that draws postcards, and waits for the next one.
//!
//! Invariant: nobody waits longer than agreed, neither for its answer nor for it to take an order;
//! dropping it ends it with all that it started.

use std::io::{self, BufReader, BufWriter};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use passerby_protocol::foreign::one_line;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::publish::postcard::error::PostcardError;
use crate::publish::postcard::order::{PostcardOrder, read_answer};

/// Most characters of a reason that are passed on.
const REASON_CHARS_MAX: usize = 160;

type Answer = Result<Vec<u8>, String>;

pub(super) struct Process {
    child: Child,
    orders: Sender<PostcardOrder>,
    answers: Receiver<io::Result<Answer>>,
}

impl Process {
    /// Starts one.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn start(program: &Path, command: &str) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(command)
            .current_dir("/")
            .process_group(0)
            // Every arena of the allocator takes 64 MiB of what may be mapped.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (orders, ordered) = mpsc::channel::<PostcardOrder>();
        let (answered, answers) = mpsc::channel();
        let started = Self {
            child,
            orders,
            answers,
        };
        let missing = || io::Error::other("its input or output is not there");
        let (stdin, stdout) = (stdin.ok_or_else(missing)?, stdout.ok_or_else(missing)?);
        // One that does not read must not hold up whoever asks it; once it is killed, its end of
        // the pipe is gone.
        thread::Builder::new().spawn(move || {
            let mut stdin = BufWriter::new(stdin);
            while let Ok(order) = ordered.recv() {
                if order.write(&mut stdin).is_err() {
                    return;
                }
            }
        })?;
        thread::Builder::new().spawn(move || {
            let mut stdout = BufReader::new(stdout);
            loop {
                let answer = read_answer(&mut stdout);
                let is_last = answer.is_err();
                if answered.send(answer).is_err() || is_last {
                    return;
                }
            }
        })?;
        Ok(started)
    }

    /// Has one drawn.
    ///
    /// # Errors
    /// See [`PostcardError`]; whoever was late or broke off is of no more use.
    pub(super) fn draw(
        &mut self,
        order: &PostcardOrder,
        time_max: Duration,
    ) -> Result<Vec<u8>, PostcardError> {
        if self.orders.send(order.clone()).is_err() {
            return Err(PostcardError::Broke);
        }
        match self.answers.recv_timeout(time_max) {
            Ok(Ok(Ok(jpeg))) => Ok(jpeg),
            Ok(Ok(Err(reason))) => Err(PostcardError::Refused(one_line(&reason, REASON_CHARS_MAX))),
            Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => Err(PostcardError::Broke),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(PostcardError::Late),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; until it was waited for its number is its own.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}
