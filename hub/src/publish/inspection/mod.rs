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

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use passerby_protocol::content_fault::{ContentFault, Told};
use passerby_protocol::toml_fields::Problem;

use crate::publish::child::{Child, ChildError, Limits, this_program};
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
        this_program().map(Self::new)
    }

    /// Draws text also with the fonts of some folders, which are named by absolute paths.
    #[must_use]
    pub fn with_fonts(self, folders: &[PathBuf]) -> Self {
        let fonts = folders.to_vec();
        Self { fonts, ..self }
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
    fn run(&self, folder: &Path, job: &Job) -> Result<Answer, Told> {
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
            return Err("it refers to files with names that are too long; shorten them".into());
        }
        let limits = Limits {
            time_max: self.time_max,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        Child::run(&self.program, COMMAND, folder, order, limits, Answer::from_bytes).map_err(
            |error| match error {
                ChildError::Start(error) => unable(&error).into(),
                ChildError::Late => {
                    let words = format!(
                        "it took longer than {} s to look at; make it smaller or simpler, or export it anew",
                        self.time_max.as_secs_f32()
                    );
                    let seconds_max = self.time_max.as_secs();
                    Told::with(words, ContentFault::TooSlow { seconds_max })
                }
                ChildError::Memory => {
                    let mib_max = self.memory_bytes_max >> 20;
                    ContentFault::TooMuchMemory { mib_max }.into()
                }
                ChildError::Broke(how) => Told::with(
                    format!("the program that looks at it broke off ({how}); export it anew"),
                    ContentFault::BrokeOff,
                ),
            },
        )
    }
}

#[cfg(test)]
mod tests;
