//! Has creatives looked at by processes of their own, `passerby-hub look-at`: whether screens show
//! them, and a small picture of each for phones.
//!
//! ```text
//! publish ─▶ Workers ─job─▶ passerby-hub look-at ─▶ compose ─▶ ffmpeg
//!                    ◀─answer, JPEG─
//! ```
//!
//! Invariants:
//! - This process opens no picture, drawing or film; only [`worker`] uses the composer, and it runs
//!   alone.
//! - A worker has a creative, a time and a memory of its own. One that is killed, hangs, runs out
//!   of memory or answers nonsense costs its creative one reason that names it; the others are
//!   looked at all the same.
//! - Whatever ends a worker ends all that it started: they are one process group, which is killed
//!   as a whole. A worker dies with whoever asked it.
//! - At most [`WORKERS_MAX`] run at once for one publication.

mod job;
pub mod worker;

use std::io::{self, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use passerby_protocol::foreign::one_line;
use passerby_protocol::toml_fields::Problem;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::publish::inspection::job::{ANSWER_BYTES_MAX, JOB_BYTES_MAX, Order};
pub use crate::publish::inspection::job::{Answer, Job, JobPart, Thumbnail};

/// The subcommand that is a worker.
pub const COMMAND: &str = "look-at";
/// Most workers that run at once.
pub const WORKERS_MAX: usize = 2;
/// How long one creative may take. A drawing may take 40 s twice, a film 90 s.
pub const TIME_MAX: Duration = Duration::from_secs(120);
/// Most memory that a worker, and each program that it starts, may map, in bytes: what the largest
/// picture takes twice.
pub const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Most of what a worker complains that is kept, in bytes.
const WORDS_BYTES_MAX: u64 = 8 << 10;
/// Most characters of it that are passed on.
const WORDS_CHARS_MAX: usize = 160;
/// How long a killed worker is waited for; longer only takes one that hangs in a driver.
const BURIAL_MAX: Duration = Duration::from_secs(5);
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(2);

/// Starts workers, and holds them to their limits.
#[derive(Debug, Clone)]
pub struct Workers {
    program: PathBuf,
    fonts: Vec<PathBuf>,
    time_max: Duration,
    memory_bytes_max: u64,
}

impl Workers {
    /// Uses a `passerby-hub` for workers, named by an absolute path.
    pub const fn new(program: PathBuf) -> Self {
        Self {
            program,
            fonts: Vec::new(),
            time_max: TIME_MAX,
            memory_bytes_max: MEMORY_BYTES_MAX,
        }
    }

    /// Uses the program that runs now, also after its file was replaced by that of another version.
    ///
    /// # Errors
    /// The system does not tell which it is.
    pub fn of_this_program() -> io::Result<Self> {
        let running = PathBuf::from("/proc/self/exe");
        Ok(Self::new(if running.exists() {
            running
        } else {
            std::env::current_exe()?
        }))
    }

    /// Draws text also with the fonts of some folders.
    ///
    /// # Errors
    /// A folder's path has no absolute form.
    pub fn with_fonts(self, folders: &[PathBuf]) -> io::Result<Self> {
        let fonts = folders.iter().map(std::path::absolute);
        Ok(Self {
            fonts: fonts.collect::<io::Result<_>>()?,
            ..self
        })
    }

    /// Gives workers other limits than [`TIME_MAX`] and [`MEMORY_BYTES_MAX`].
    pub fn within(self, time_max: Duration, memory_bytes_max: u64) -> Self {
        Self {
            time_max,
            memory_bytes_max,
            ..self
        }
    }

    /// Has creatives of one folder looked at and returns the answers in their order. Files in them
    /// are called as on the disk, without the folder; what went wrong with a worker itself is a
    /// problem of its creative.
    pub fn look_at(&self, folder: &Path, jobs: &[Job]) -> Vec<Answer> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(at) else {
                    return done;
                };
                let answer = self.run(folder, job).unwrap_or_else(|reason| Answer {
                    problems: vec![Problem::with_file(&job.file, reason)],
                    ..Answer::default()
                });
                done.push((at, answer));
            }
        };
        let mut answers: Vec<(usize, Answer)> = thread::scope(|scope| {
            let others: Vec<_> = (1..WORKERS_MAX.min(jobs.len()))
                // Without a second thread the first does it all.
                .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
                .collect();
            let mut answers = work();
            for other in others {
                match other.join() {
                    Ok(done) => answers.extend(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            answers
        });
        answers.sort_by_key(|(at, _)| *at);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Has one creative looked at.
    fn run(&self, folder: &Path, job: &Job) -> Result<Answer, String> {
        let order = Order {
            job: job.clone(),
            fonts: self.fonts.clone(),
            memory_bytes_max: self.memory_bytes_max,
        };
        let unable = |error: &dyn std::fmt::Display| {
            format!(
                "it cannot be looked at: `passerby-hub {COMMAND}` does not run ({error}); try again, and install passerby-hub anew if that does not help"
            )
        };
        let order = serde_json::to_vec(&order).map_err(|error| unable(&error))?;
        if order.len() > JOB_BYTES_MAX {
            return Err("it refers to files with names that are too long; shorten them".to_owned());
        }
        let mut worker =
            Running::start(&self.program, folder, &order).map_err(|error| unable(&error))?;
        let made = worker.answer.recv_timeout(self.time_max);
        let status = worker.end();
        let Ok(made) = made else {
            return Err(format!(
                "it took longer than {} s to look at; make it smaller or simpler, or export it anew",
                self.time_max.as_secs_f32()
            ));
        };
        if let Some(answer) = Answer::from_bytes(&made) {
            return Ok(answer);
        }
        let words = worker.words.recv_timeout(BURIAL_MAX).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        // What Rust's allocator, and threads without room for their stack, say before they give up.
        if words.contains("memory allocation of") || words.contains("Cannot allocate memory") {
            return Err(format!(
                "it takes more than {} MiB of memory to open; make it smaller",
                self.memory_bytes_max >> 20
            ));
        }
        let last = words.lines().rev().find(|line| !line.trim().is_empty());
        let last = one_line(last.unwrap_or("without a word"), WORDS_CHARS_MAX);
        let how = status.map_or_else(|| "it hangs".to_owned(), |status| status.to_string());
        Err(format!(
            "the program that looks at it broke off ({how}; {last}); export it anew"
        ))
    }
}

/// A worker that was started, with its group. Dropping it ends it.
struct Running {
    child: Child,
    answer: mpsc::Receiver<Vec<u8>>,
    words: mpsc::Receiver<Vec<u8>>,
}

impl Running {
    fn start(program: &Path, folder: &Path, order: &[u8]) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(COMMAND)
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
        read_apart(stdout, ANSWER_BYTES_MAX as u64 + 1, answered)?;
        read_apart(stderr, WORDS_BYTES_MAX, said)?;
        if let Some(mut stdin) = stdin {
            // One that does not want to read it says why on its standard error.
            let _ = stdin.write_all(order);
        }
        Ok(running)
    }

    /// Kills whatever of the group is left and waits for the worker. `None` when it cannot even be
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

impl Drop for Running {
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
        // A full pipe would keep the worker from ending.
        let _ = io::copy(&mut pipe, &mut io::sink());
    };
    thread::Builder::new().spawn(read).map(drop)
}

#[cfg(test)]
mod tests;
