//! Children of the terminal, held on a leash.
//!
//! Invariants:
//! - A child is on exactly one leash; [`ChildGuard::cut`] kills all of it at once and never waits.
//!   None starts afterwards.
//! - Whoever reads from a child starts it, on the same thread: Linux tells a child of the death of
//!   the thread that started it, and with that a terminal that is killed leaves no child behind.
//! - Every child that was started is waited for, so none stays as a zombie; every wait has an end.
//! - What a child says is read to the end, so that it never waits for a listener, and kept up to
//!   [`WORDS_BYTES_MAX`].

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;

/// Most of what one child says that is kept, in bytes.
const WORDS_BYTES_MAX: usize = 8 << 10;
/// How long a child may take to end after its last output.
pub(crate) const CHILD_END_MAX: Duration = Duration::from_secs(1);
/// How long a killed child is waited for; longer only takes one that hangs in a driver.
const BURIAL_MAX: Duration = Duration::from_secs(5);
/// How many times as long what is run may take on a machine that is busy with something else.
const BUSY: u32 = 4;
/// Between two looks at how long a machine has worked for a child.
const MACHINE_LOOK: Duration = Duration::from_millis(100);
/// Between two looks at whether a child has ended.
const LOOK: Duration = Duration::from_millis(2);
/// What a pipe holds before writing to it waits, in bytes.
const PIPE_BYTES: usize = 64 << 10;
/// Stack of the threads that read from children, in bytes.
pub(crate) const STACK_BYTES: usize = 256 << 10;

/// How long a child is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// How long processors may work for it.
    machine_max: Duration,
    /// How long it may take by the clock: one that hangs does no work, and a machine may be so busy
    /// that it never gets to it.
    clock_max: Duration,
}

impl Patience {
    /// For what takes so long at most on a machine that does nothing else. On a busy one its own
    /// work counts, and the clock only after [`BUSY`] times as long.
    pub(crate) const fn of_work(machine_max: Duration) -> Self {
        Self {
            machine_max,
            clock_max: machine_max.saturating_mul(BUSY),
        }
    }

    /// For what works elsewhere, such as in a decoder of the hardware, or must end by a time.
    pub(crate) const fn of_clock(clock_max: Duration) -> Self {
        Self {
            machine_max: Duration::MAX,
            clock_max,
        }
    }

    /// How long it can last at most.
    pub(crate) const fn clock_max(self) -> Duration {
        self.clock_max
    }

    /// Tells whether it is over for the children of a guard, which were started at `from`.
    pub(crate) fn is_over(self, guard: &ChildGuard, from: Instant) -> bool {
        from.elapsed() >= self.clock_max
            || self.machine_max < Duration::MAX && guard.machine_time() >= self.machine_max
    }

    /// When to ask again whether it is over.
    pub(crate) fn look_again(self, from: Instant) -> Duration {
        MACHINE_LOOK.min(self.clock_max.saturating_sub(from.elapsed()))
    }
}

/// Holds children. Cutting it kills them; so does dropping it.
#[derive(Default)]
pub(crate) struct ChildGuard(Mutex<Held>);

#[derive(Default)]
struct Held {
    is_cut: bool,
    children: Vec<Child>,
}

/// A running child.
pub(crate) struct Worker {
    /// Its process id.
    pub(crate) id: u32,
    /// What it makes.
    pub(crate) stdout: ChildStdout,
    /// What it says.
    pub(crate) words: ErrorText,
}

/// What a child says on its standard error.
pub(crate) struct ErrorText {
    text: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl ChildGuard {
    /// Starts a child that reads `input`, of any length.
    ///
    /// # Errors
    /// Those of the system, and one when the leash was cut.
    pub(crate) fn start(&self, command: &mut Command, input: &[u8]) -> io::Result<Worker> {
        let stdin = if input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        };
        command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (id, stdin, stdout, stderr) = {
            let mut held = self.held();
            if held.is_cut {
                return Err(io::Error::other("it is no longer wanted"));
            }
            let mut child = command.spawn()?;
            let ends = (
                child.id(),
                child.stdin.take(),
                child.stdout.take(),
                child.stderr.take(),
            );
            held.children.push(child);
            ends
        };
        if let Some(mut stdin) = stdin {
            if input.len() <= PIPE_BYTES {
                // One that does not want to read it says why on its standard error.
                let _ = stdin.write_all(input);
            } else {
                let input = input.to_vec();
                thread::Builder::new()
                    .name("child-input".to_owned())
                    .stack_size(STACK_BYTES)
                    // Ends with the child at the latest.
                    .spawn(move || stdin.write_all(&input).ok())?;
            }
        }
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(io::Error::other("its output is not there"));
        };
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&text);
        let reader = thread::Builder::new()
            .name("child-words".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || listen(stderr, &kept))?;
        Ok(Worker {
            id,
            stdout,
            words: ErrorText { text, reader },
        })
    }

    /// Waits for a child to end, kills it when it takes longer than `patience`, and lets go of it.
    /// `None` when it is not held, or cannot even be killed.
    #[expect(
        clippy::zombie_processes,
        reason = "one that hangs in a driver cannot be waited for"
    )]
    pub(crate) fn finish(&self, id: u32, patience: Duration) -> Option<ExitStatus> {
        let from = Instant::now();
        loop {
            {
                let mut held = self.held();
                let at = held.children.iter().position(|child| child.id() == id)?;
                let child = &mut held.children[at];
                match child.try_wait() {
                    Ok(None) => {}
                    // It has ended, so this does not wait.
                    _ => return held.children.swap_remove(at).wait().ok(),
                }
                if from.elapsed() > patience {
                    // One that has just ended is as good as killed.
                    let _ = child.kill();
                }
                if from.elapsed() > patience + BURIAL_MAX {
                    held.children.swap_remove(at);
                    tracing::warn!(id, "a child can neither go on nor be killed");
                    return None;
                }
            }
            thread::sleep(LOOK);
        }
    }

    /// Tells how a child ended, if it has, and lets go of it then.
    pub(crate) fn ended(&self, id: u32) -> Option<ExitStatus> {
        let mut held = self.held();
        let at = held.children.iter().position(|child| child.id() == id)?;
        held.children[at].try_wait().ok().flatten()?;
        // It has ended, so this does not wait.
        held.children.swap_remove(at).wait().ok()
    }

    /// How long processors worked for the children that it holds; exact to a hundredth of a second.
    pub(crate) fn machine_time(&self) -> Duration {
        let held = self.held();
        held.children
            .iter()
            .map(|child| machine_time_of(child.id()))
            .sum()
    }

    /// Kills all children and lets no other start. Returns at once.
    pub(crate) fn cut(&self) {
        let mut held = self.held();
        held.is_cut = true;
        for child in &mut held.children {
            // One that has just ended is as good as killed.
            let _ = child.kill();
        }
    }

    /// Waits for all children that are left, which must be dying.
    pub(crate) fn bury(&self) {
        let ids: Vec<u32> = self.held().children.iter().map(Child::id).collect();
        for id in ids {
            self.finish(id, Duration::ZERO);
        }
    }

    /// A thread that panicked leaves the list as good as it was.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ChildGuard {
    fn drop(&mut self) {
        self.cut();
        self.bury();
    }
}

impl ErrorText {
    /// Returns what a child that has ended said, in lines.
    pub(crate) fn heard(&self) -> String {
        let from = Instant::now();
        while !self.reader.is_finished() && from.elapsed() < CHILD_END_MAX {
            thread::sleep(LOOK);
        }
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn listen(mut from: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut piece = [0; 4096];
    while let Ok(length) = from.read(&mut piece) {
        if length == 0 {
            return;
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = WORDS_BYTES_MAX - kept.len();
        kept.extend_from_slice(&piece[..length.min(room)]);
    }
}

/// How long processors worked for a process; nothing of one that is not there. See
/// proc_pid_stat(5).
fn machine_time_of(id: u32) -> Duration {
    /// Behind the name, which is in brackets and may have any: those in user mode and those in the
    /// kernel.
    const TICKS_AT: usize = 11;
    /// Linux counts them so for programs, whatever its own are.
    const TICKS_A_SECOND: u64 = 100;
    let told = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let behind = told.rsplit(')').next().unwrap_or_default();
    let fields = behind.split_whitespace().skip(TICKS_AT).take(2);
    let ticks: u64 = fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1_000 / TICKS_A_SECOND)
}

/// Returns the last line of what was said that says something, without the part of the program that
/// said it.
pub(crate) fn error_text(text: &str) -> Option<String> {
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    let line = line.rsplit("] ").next().unwrap_or(line).trim();
    Some(line.chars().take(160).collect())
}

/// What a short run made and said.
pub(crate) struct Output {
    pub(crate) made: Vec<u8>,
    pub(crate) said: String,
}

/// Why a short run is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RunError {
    #[error("it did not start ({0})")]
    Start(String),
    #[error("this machine did not get it done in {} s", .0.as_secs_f32())]
    Late(Duration),
    #[error("{0}")]
    Failed(String),
    #[error("it wrote more than {0} bytes")]
    Flood(usize),
}

/// Runs a command to its end, for `patience` at most, and keeps up to `bytes_max` of what it makes.
pub(crate) fn run(
    command: &mut Command,
    input: &[u8],
    bytes_max: usize,
    patience: Patience,
) -> Result<Output, RunError> {
    let (guard, from) = (ChildGuard::default(), Instant::now());
    let broken = |error: io::Error| RunError::Start(error.to_string());
    let Worker { id, stdout, words } = guard.start(command, input).map_err(broken)?;
    let (done, made) = crossbeam_channel::bounded(1);
    thread::Builder::new()
        .name("child-run".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(bytes_max as u64 + 1).read_to_end(&mut bytes);
            // Nobody is there to take what comes too late.
            let _ = done.send(read.map(|_| bytes));
        })
        .map_err(broken)?;
    let made = loop {
        match made.recv_timeout(patience.look_again(from)) {
            Ok(made) => break made.map_err(broken)?,
            Err(_) if patience.is_over(&guard, from) => {
                return Err(RunError::Late(from.elapsed()));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(RunError::Start("its reader has ended".to_owned()));
            }
        }
    };
    if made.len() > bytes_max {
        return Err(RunError::Flood(bytes_max));
    }
    let status = guard.finish(id, CHILD_END_MAX);
    let said = words.heard();
    match status {
        Some(status) if status.success() => Ok(Output { made, said }),
        Some(status) => Err(RunError::Failed(
            error_text(&said).unwrap_or_else(|| status.to_string()),
        )),
        None => Err(RunError::Late(from.elapsed())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMPLE: Patience = Patience::of_clock(Duration::from_secs(600));

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_run_returns_what_was_made_and_said() {
        let mut talker = shell("cat; echo oh >&2");
        let output = run(&mut talker, b"abc", 16, AMPLE).expect("it runs");
        assert_eq!(output.made, b"abc");
        assert_eq!(output.said, "oh\n");
    }

    #[test]
    fn a_run_that_hangs_floods_or_fails_is_an_error() {
        let hang = run(
            &mut shell("exec sleep 60"),
            b"",
            16,
            Patience::of_work(Duration::from_millis(100)),
        );
        assert!(matches!(hang.err(), Some(RunError::Late(_))));
        let flood = run(&mut shell("exec yes"), b"", 16, AMPLE);
        assert_eq!(flood.err(), Some(RunError::Flood(16)));
        let failed = run(
            &mut shell("echo '[x @ 0x1] bad' >&2; exit 3"),
            b"",
            16,
            AMPLE,
        );
        assert_eq!(failed.err(), Some(RunError::Failed("bad".to_owned())));
    }

    #[test]
    fn what_a_busy_machine_does_not_get_to_is_given_longer_than_what_works_without_end() {
        // It works for hardly any time in all, and is away for most of it, as on a busy machine.
        let away = run(
            &mut shell("sleep 0.5; echo done"),
            b"",
            16,
            Patience::of_work(Duration::from_millis(400)),
        );
        assert_eq!(
            away.map(|output| output.made).ok(),
            Some(b"done\n".to_vec())
        );
        let endless = Patience {
            machine_max: Duration::from_millis(200),
            clock_max: Duration::from_secs(600),
        };
        let works = run(&mut shell("while :; do :; done"), b"", 16, endless);
        assert!(matches!(works.err(), Some(RunError::Late(_))));
    }

    #[test]
    fn what_is_said_without_end_is_read_but_not_kept() {
        let mut talker = shell("yes | head -c 1000000 >&2");
        let output = run(&mut talker, b"", 16, AMPLE).expect("it runs");
        assert_eq!(output.said.len(), WORDS_BYTES_MAX);
    }

    #[test]
    fn the_machines_time_of_a_child_is_what_it_worked_and_not_what_it_slept() {
        let guard = ChildGuard::default();
        let worker = guard
            .start(&mut shell("while :; do :; done"), b"")
            .expect("it starts");
        let sleeper = guard
            .start(&mut shell("exec sleep 600"), b"")
            .expect("it starts");
        while guard.machine_time() < Duration::from_millis(200) {
            thread::yield_now();
        }
        assert!(machine_time_of(sleeper.id) < Duration::from_millis(200));
        assert!(machine_time_of(worker.id) >= Duration::from_millis(100));
    }

    #[test]
    fn a_cut_leash_kills_and_starts_nothing_more() {
        let guard = ChildGuard::default();
        let worker = guard
            .start(&mut shell("exec sleep 60"), b"")
            .expect("it starts");
        guard.cut();
        let status = guard
            .finish(worker.id, Duration::from_secs(20))
            .expect("it ends");
        assert!(!status.success());
        assert!(guard.start(&mut shell("true"), b"").is_err());
    }
}
