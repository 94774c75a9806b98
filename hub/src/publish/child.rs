//! Processes of this program that do one piece of work on what strangers made, and end.
//!
//! An order goes in on standard input, an answer comes on standard output; what a child says on
//! standard error is only used to tell why it gave none.
//!
//! Invariants:
//! - Whatever ends a child ends all that it started: they are one process group, which is killed as
//!   a whole. A child dies with whoever asked it.
//! - A child has a time, and no more of its answer is read than was agreed.

use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use passerby_protocol::foreign::one_line;
use rustix::process::{Pid, Signal, kill_process_group};

/// Most of what a child complains that is kept, in bytes.
const WORDS_BYTES_MAX: u64 = 8 << 10;
/// Most characters of it that are passed on.
const WORDS_CHARS_MAX: usize = 160;
/// How long a killed child is waited for; longer only takes one that hangs in a driver.
const BURIAL_MAX: Duration = Duration::from_secs(5);
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(2);

/// What a child may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From its start to the end of its answer.
    pub(super) time_max: Duration,
    /// Largest answer, in bytes.
    pub(super) answer_bytes_max: usize,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum ChildError {
    /// It did not start.
    Start(io::Error),
    /// It took too long.
    Late,
    /// It ran out of the memory that it may map.
    Memory,
    /// It was killed or answered nonsense; how, and its last word.
    Broke(String),
}

/// The program that runs now, also after its file was replaced by that of another version.
///
/// # Errors
/// The system does not tell which it is.
pub(super) fn this_program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        Ok(running)
    } else {
        std::env::current_exe()
    }
}

/// A child that was started, with its group. Dropping it ends it.
pub(super) struct Child {
    child: std::process::Child,
    answer: mpsc::Receiver<Vec<u8>>,
    words: mpsc::Receiver<Vec<u8>>,
}

impl Child {
    /// Has a subcommand of a program do its work in a folder, and reads the answer.
    ///
    /// # Errors
    /// See [`ChildError`].
    pub(super) fn run<T>(
        program: &Path,
        subcommand: &str,
        folder: &Path,
        order: Vec<u8>,
        limits: Limits,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, ChildError> {
        let mut child = Self::start(program, subcommand, folder, order, limits.answer_bytes_max)
            .map_err(ChildError::Start)?;
        let made = child.answer.recv_timeout(limits.time_max);
        let status = child.end();
        let Ok(made) = made else {
            return Err(ChildError::Late);
        };
        if let Some(answer) = read(&made) {
            return Ok(answer);
        }
        let words = child.words.recv_timeout(BURIAL_MAX).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        // What Rust's allocator, and threads without room for their stack, say before they give up.
        if words.contains("memory allocation of") || words.contains("Cannot allocate memory") {
            return Err(ChildError::Memory);
        }
        let last = words.lines().rev().find(|line| !line.trim().is_empty());
        let last = one_line(last.unwrap_or("without a word"), WORDS_CHARS_MAX);
        let how = status.map_or_else(|| "it hangs".to_owned(), |status| status.to_string());
        Err(ChildError::Broke(format!("{how}; {last}")))
    }

    fn start(
        program: &Path,
        subcommand: &str,
        folder: &Path,
        order: Vec<u8>,
        answer_bytes_max: usize,
    ) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(subcommand)
            .current_dir(folder)
            .process_group(0)
            // Every arena of the allocator takes 64 MiB of what may be mapped.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (answered, answer) = mpsc::channel();
        let (said, words) = mpsc::channel();
        let running = Self {
            child,
            answer,
            words,
        };
        read_apart(stdout, answer_bytes_max as u64 + 1, answered)?;
        read_apart(stderr, WORDS_BYTES_MAX, said)?;
        if let Some(mut stdin) = stdin {
            // One that does not read must not hold up whoever waits for it; once it is killed, its
            // end of the pipe is gone. One that does not want to read it says why on its standard
            // error.
            let write = move || _ = stdin.write_all(&order);
            thread::Builder::new().spawn(write)?;
        }
        Ok(running)
    }

    /// Kills whatever of the group is left and waits for the child. `None` when it cannot even be
    /// killed.
    fn end(&mut self) -> Option<ExitStatus> {
        // The group lasts at least until its first process has been waited for, so the number is
        // still its own. One that has just ended is as good as killed.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let from = Instant::now();
        while from.elapsed() < BURIAL_MAX {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(LOOK);
        }
        None
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Once it was waited for, its number may be another's.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// Reads a pipe to its end on a thread of its own, and sends its first `bytes_max` bytes.
fn read_apart(
    pipe: Option<impl Read + Send + 'static>,
    bytes_max: u64,
    to: mpsc::Sender<Vec<u8>>,
) -> io::Result<()> {
    let mut pipe = pipe.ok_or_else(|| io::Error::other("its output is not there"))?;
    let read = move || {
        let mut bytes = Vec::new();
        // What was read before an error is all that there is.
        let _ = pipe.by_ref().take(bytes_max).read_to_end(&mut bytes);
        // Whoever asked may have given up.
        let _ = to.send(bytes);
        // A full pipe would keep the child from ending.
        let _ = io::copy(&mut pipe, &mut io::sink());
    };
    thread::Builder::new().spawn(read).map(drop)
}
