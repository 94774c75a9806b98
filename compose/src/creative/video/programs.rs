//! The programs that decode videos: where they are, and how they are started.
//!
//! Invariants:
//! - A program that reads a file that anybody may have made reaches nothing else: no network, no
//!   other file, no list of files; it may take only [`MEMORY_BYTES_MAX`] where the machine has
//!   `prlimit`, and only [`DECODER_THREADS`] threads.
//! - It dies with the thread that started it where the machine has `setpriv`; elsewhere with its
//!   pipe.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::creative::supervise::{Patience, RunError, run};
use crate::creative::video::container::Container;

/// Names the ffmpeg to use, where it is not the one in the search path.
pub const FFMPEG_VARIABLE: &str = "PASSERBY_FFMPEG";

/// Most memory that one software decoder may map, in bytes; enough for 4096 × 2304 with ten bits
/// and all references.
pub(super) const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Largest piece of memory that ffmpeg may ask for at once, in bytes.
const PIECE_BYTES_MAX: u64 = 256 << 20;
/// Threads of one decoder.
pub(super) const DECODER_THREADS: u32 = 2;
/// Most pixels of a frame that is decoded: 4096 × 2304.
pub const PIXELS_MAX: u64 = 4096 * 2304;
/// How long a program may take to say its version.
const VERSION_WAIT_MAX: Patience = Patience::of_clock(Duration::from_secs(20));
/// Most that a program may say about its version, in bytes.
const VERSION_BYTES_MAX: usize = 64 << 10;

/// How to get ffmpeg.
const ADVICE: &str = "install it with: apt-get install ffmpeg";

/// The programs that are there.
pub(super) struct Programs {
    pub(super) ffmpeg: PathBuf,
    pub(super) ffprobe: PathBuf,
    pub(super) version: String,
    setpriv: Option<PathBuf>,
    pub(super) prlimit: Option<PathBuf>,
}

/// What a program may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProgramBounds {
    /// Read, and write into its pipe, within [`MEMORY_BYTES_MAX`].
    Reader,
    /// Whatever its drivers need: they map device memory, and keep caches.
    Driver,
}

impl Programs {
    /// Looks for them; the given ffmpeg instead of the one in the search path.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub(super) fn look(ffmpeg: Option<&Path>) -> Result<Self, String> {
        let ffmpeg = match ffmpeg {
            Some(path) if path.is_file() => path.to_owned(),
            Some(path) => {
                return Err(format!(
                    "{} is no file, but {FFMPEG_VARIABLE} says that ffmpeg is there; mend that, or {ADVICE}",
                    path.display()
                ));
            }
            None => in_path("ffmpeg")
                .ok_or_else(|| format!("ffmpeg is not on this machine; {ADVICE}"))?,
        };
        let sibling = ffmpeg.with_file_name("ffprobe");
        let ffprobe = if sibling.is_file() {
            sibling
        } else {
            in_path("ffprobe").ok_or_else(|| {
                format!("ffprobe, which comes with ffmpeg, is not on this machine; {ADVICE}")
            })?
        };
        let works = |path: &PathBuf, test: &[&str]| {
            let mut command = Command::new(path);
            command.args(test).args(["--", "true"]);
            run(&mut command, b"", VERSION_BYTES_MAX, VERSION_WAIT_MAX).is_ok()
        };
        let setpriv = in_path("setpriv").filter(|path| works(path, &SETPRIV));
        let prlimit = in_path("prlimit").filter(|path| works(path, &["--core=0"]));
        let mut found = Self {
            ffmpeg,
            ffprobe,
            version: String::new(),
            setpriv,
            prlimit,
        };
        found.version = found.ask_version().map_err(|error| {
            format!("{} does not run: {error}; {ADVICE}", found.ffmpeg.display())
        })?;
        Ok(found)
    }

    fn ask_version(&self) -> Result<String, RunError> {
        let mut command = self.command(&self.ffmpeg, ProgramBounds::Reader);
        command.args(["-hide_banner", "-version"]);
        let said = run(&mut command, b"", VERSION_BYTES_MAX, VERSION_WAIT_MAX)?.made;
        let said = String::from_utf8_lossy(&said);
        said.lines()
            .next()
            .and_then(|line| line.strip_prefix("ffmpeg version "))
            .and_then(|line| line.split_whitespace().next())
            .map(|word| word.chars().take(40).collect())
            .ok_or_else(|| RunError::Failed("it is no ffmpeg".to_owned()))
    }

    /// A program with its bounds, without arguments of its own.
    pub(super) fn command(&self, program: &Path, bounds: ProgramBounds) -> Command {
        let mut words: Vec<OsString> = Vec::new();
        if let Some(setpriv) = &self.setpriv {
            words.push(setpriv.into());
            words.extend(SETPRIV.map(OsString::from));
            words.push("--".into());
        }
        if let Some(prlimit) = self
            .prlimit
            .as_ref()
            .filter(|_| bounds == ProgramBounds::Reader)
        {
            words.push(prlimit.into());
            words.push(format!("--as={MEMORY_BYTES_MAX}").into());
            // It writes into pipes only: no file, and no picture of its memory.
            words.extend(["--fsize=0", "--core=0", "--"].map(OsString::from));
        }
        words.push(program.into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        // Every arena of the allocator takes 64 MiB of what may be mapped.
        command.env("MALLOC_ARENA_MAX", "2");
        command.env("AV_LOG_FORCE_NOCOLOR", "1");
        command.env_remove("FFREPORT");
        command
    }

    /// An ffmpeg that is about to read a file of a known container, without what it is to do with
    /// it.
    pub(super) fn reader(
        &self,
        bounds: ProgramBounds,
        before: &[OsString],
        input: &Input<'_>,
    ) -> Command {
        let mut command = self.command(&self.ffmpeg, bounds);
        command.args(["-hide_banner", "-nostdin", "-loglevel", "error"]);
        command.args(["-max_alloc", &PIECE_BYTES_MAX.to_string()]);
        command.args(["-filter_threads", "1"]);
        command.args(before);
        input.open(&mut command, true);
        command
    }

    /// An ffprobe that is about to read a file of a known container.
    pub(super) fn prober(&self, input: &Input<'_>) -> Command {
        let mut command = self.command(&self.ffprobe, ProgramBounds::Reader);
        command.args(["-hide_banner", "-loglevel", "error"]);
        command.args(["-max_alloc", &PIECE_BYTES_MAX.to_string()]);
        input.open(&mut command, false);
        command
    }
}

/// What ffmpeg reads.
pub(super) enum Input<'a> {
    /// A file.
    File(&'a Path, Container),
    /// Its standard input, in the form that ffmpeg calls so.
    Pipe(&'static str),
}

impl Input<'_> {
    /// Names the input so that it is this file in this form, whatever its name or content says.
    fn open(&self, command: &mut Command, has_decoder: bool) {
        command.args(["-max_pixels", &PIXELS_MAX.to_string()]);
        if has_decoder {
            command.args(["-threads", &DECODER_THREADS.to_string()]);
        }
        match self {
            Self::File(path, container) => {
                let mut name = OsString::from("file:");
                name.push(path);
                command.args(["-protocol_whitelist", "file"]);
                command.args(["-f", container.demuxer()]);
                command.arg("-i").arg(name);
            }
            Self::Pipe(form) => {
                command.args(["-protocol_whitelist", "pipe"]);
                command.args(["-f", form, "-i", "pipe:0"]);
            }
        }
    }
}

/// What `setpriv` is to do: the program dies with us and gains no rights.
const SETPRIV: [&str; 3] = ["--pdeathsig", "KILL", "--no-new-privs"];

/// Where a program is in the search path.
pub(super) fn in_path(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program.as_ref()))
        .find(|path| path.is_file())
}
