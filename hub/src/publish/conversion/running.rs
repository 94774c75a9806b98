//! ffmpeg at work on one film, from its start to its end.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use passerby_protocol::foreign::one_line;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::publish::conversion::error::ConvertError;
use crate::publish::conversion::worker::{COMMAND, Order};

/// Longest line that is read, in bytes.
const LINE_BYTES_MAX: u64 = 4 << 10;
/// Most lines that wait to be read.
const LINES_MAX: usize = 64;
/// How often whoever waits is asked whether to go on.
const LOOK: Duration = Duration::from_millis(200);
/// How long a killed process is waited for.
const BURIAL_MAX: Duration = Duration::from_secs(5);
/// Most characters of a complaint that are passed on.
const WORDS_CHARS_MAX: usize = 160;

/// A process with its group. Dropping it ends it.
pub(super) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    file_bytes_max: u64,
}

impl Running {
    /// Starts it; its standard output is the file that it writes.
    pub(super) fn start(program: &Path, order: &Order, file: &File) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg(COMMAND)
            .current_dir("/")
            .process_group(0)
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::from(file.try_clone()?))
            .stderr(Stdio::piped())
            .spawn()?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let (say, lines) = mpsc::sync_channel(LINES_MAX);
        let running = Self {
            child,
            lines,
            file_bytes_max: order.file_bytes_max,
        };
        let stderr = stderr.ok_or_else(|| io::Error::other("its output is not there"))?;
        let read = move || {
            let mut stderr = BufReader::new(stderr);
            let mut line = Vec::new();
            while matches!(
                stderr.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line),
                Ok(length) if length > 0
            ) {
                let text = String::from_utf8_lossy(&line).into_owned();
                if say.send(text).is_err() {
                    return;
                }
                line.clear();
            }
        };
        thread::Builder::new().spawn(read)?;
        if let Some(mut stdin) = stdin {
            // Less than a pipe holds. One that does not read it says why.
            let _ = stdin.write_all(&serde_json::to_vec(order)?);
        }
        Ok(running)
    }

    /// Waits for its end.
    pub(super) fn finish(
        mut self,
        (time_max, silence_max): (Duration, Duration),
        seconds: Option<f64>,
        goes_on: &mut dyn FnMut(f64) -> bool,
    ) -> Result<(), ConvertError> {
        let from = Instant::now();
        let (mut done, mut last) = (0.0, String::new());
        let (mut how_far, mut is_disk_full) = (HowFar::new(from), false);
        loop {
            if !goes_on(done) {
                return Err(ConvertError::Cancelled);
            }
            if from.elapsed() > time_max {
                return Err(ConvertError::Late(time_max.as_secs()));
            }
            if how_far.since.elapsed() > silence_max {
                let said = format!("nothing came of it for {} s", silence_max.as_secs());
                return Err(ConvertError::Broke(said));
            }
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => match (line.trim().split_once('='), seconds) {
                    (Some((key, value)), _) if is_progress(key) => {
                        how_far.hears(key, value);
                        if let ("out_time_us", Some(seconds)) = (key, seconds) {
                            let us: f64 = value.parse().unwrap_or_default();
                            done = (us / 1e6 / seconds).clamp(done, 1.0);
                        }
                    }
                    _ if line.trim().is_empty() => {}
                    _ => {
                        is_disk_full |= line.contains("No space left on device");
                        last = one_line(line.trim(), WORDS_CHARS_MAX);
                    }
                },
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                // It has closed its standard error, so it is at its end.
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = self.wait();
        match status {
            Some(status) if status.success() => {
                goes_on(1.0);
                Ok(())
            }
            Some(status) if status.signal() == Some(libc::SIGXFSZ) => {
                Err(ConvertError::TooLarge(self.file_bytes_max >> 20))
            }
            // That is nothing of the film's.
            Some(_) if is_disk_full => Err(ConvertError::System("the disk is full".to_owned())),
            Some(_) if last.contains("File too large") => {
                Err(ConvertError::TooLarge(self.file_bytes_max >> 20))
            }
            Some(status) if status.signal().is_some() => {
                Err(ConvertError::Broke(format!("{status}; {last}")))
            }
            Some(_) => Err(ConvertError::Film(last)),
            None => Err(ConvertError::Broke("it hangs".to_owned())),
        }
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let from = Instant::now();
        while from.elapsed() < BURIAL_MAX {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        None
    }
}

/// How far ffmpeg said that it is, and since when it says the same, or nothing.
struct HowFar {
    counts: [(&'static str, String); 3],
    since: Instant,
}

impl HowFar {
    fn new(since: Instant) -> Self {
        let counts = ["frame", "total_size", "out_time_us"].map(|key| (key, String::new()));
        Self { counts, since }
    }

    fn hears(&mut self, key: &str, value: &str) {
        let known = self.counts.iter_mut().find(|(known, _)| *known == key);
        if let Some((_, count)) = known
            && count != value
        {
            value.clone_into(count);
            self.since = Instant::now();
        }
    }
}

/// What ffmpeg tells of its progress, in lines of its own.
fn is_progress(key: &str) -> bool {
    let known = [
        "frame",
        "fps",
        "bitrate",
        "total_size",
        "out_time_us",
        "out_time_ms",
        "out_time",
        "dup_frames",
        "drop_frames",
        "speed",
        "progress",
    ];
    known.contains(&key) || key.starts_with("stream_")
}

impl Drop for Running {
    fn drop(&mut self) {
        // Once it was waited for, its number may be another's.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            self.wait();
        }
    }
}
