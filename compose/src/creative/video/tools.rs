//! The programs that play videos: where they are and how they are started.
//!
//! Invariants:
//! - A program that reads a file that anybody may have made reaches nothing else: no network, no other file, no list
//!   of files; it may take only [`MEMORY_BYTES_MAX`] where the machine has `prlimit`, and only [`DECODER_THREADS`] threads.
//! - It dies with the thread that started it where the machine has `setpriv`; elsewhere with its pipe.
//! - Without ffmpeg every use is one readable error that says how to get it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::creative::video::abilities::Abilities;
use crate::creative::video::choices::Choices;
use crate::creative::video::decoder::{Codec, DecoderKind};
use crate::creative::video::probe::Container;
use crate::creative::video::supervise::{RunError, run};
use crate::creative::video::whole::LookedThrough;

/// Names the ffmpeg to use, where it is not the one in the search path.
pub const FFMPEG_VARIABLE: &str = "PASSERBY_FFMPEG";
/// Names the only decoder to use: one of [`DecoderKind::WORDS`].
pub const DECODER_VARIABLE: &str = "PASSERBY_VIDEO_DECODER";

/// Most memory that one software decoder may map, in bytes; enough for 4096 × 2304 with ten bits and all references.
pub(super) const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Largest piece of memory that ffmpeg may ask for at once, in bytes.
const PIECE_BYTES_MAX: u64 = 256 << 20;
/// Threads of one decoder.
pub(super) const DECODER_THREADS: u32 = 2;
/// Most pixels of a frame that is decoded: 4096 × 2304.
pub const PIXELS_MAX: u64 = 4096 * 2304;
/// How long a program may take to say its version.
const VERSION_WAIT_MAX: Duration = Duration::from_secs(20);
/// Most that a program may say about its version, in bytes.
const VERSION_BYTES_MAX: usize = 64 << 10;

/// How to get ffmpeg.
const ADVICE: &str = "install it with: apt-get install ffmpeg";

/// The programs that play videos. Cheap to clone; all clones share what was found out.
#[derive(Clone)]
pub struct Tools(Arc<Inner>);

struct Inner {
    /// Instead of the one in the search path.
    ffmpeg: Option<PathBuf>,
    found: OnceLock<Result<Found, String>>,
    abilities: OnceLock<Abilities>,
    choices: Choices,
    looked_through: LookedThrough,
}

/// What is there.
pub(super) struct Found {
    pub(super) ffmpeg: PathBuf,
    pub(super) ffprobe: PathBuf,
    pub(super) version: String,
    setpriv: Option<PathBuf>,
    prlimit: Option<PathBuf>,
}

/// What a program may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounds {
    /// Read, and write into its pipe, within [`MEMORY_BYTES_MAX`].
    Reader,
    /// Whatever its drivers need: they map device memory, and keep caches.
    Driver,
}

impl Default for Tools {
    fn default() -> Self {
        Self::find()
    }
}

impl Tools {
    /// Uses what the environment says ([`FFMPEG_VARIABLE`], [`DECODER_VARIABLE`]), else what is in the search path.
    /// Nothing is looked for before it is needed.
    pub fn find() -> Self {
        let named = |variable| env::var_os(variable).filter(|value| !value.is_empty());
        let forced = named(DECODER_VARIABLE).and_then(|word| {
            let word = word.to_string_lossy();
            let kind = DecoderKind::of_word(&word);
            if kind.is_none() {
                tracing::warn!(
                    "{DECODER_VARIABLE}={word} is no decoder; it can be {}",
                    DecoderKind::WORDS.map(|(word, _)| word).join(", ")
                );
            }
            kind
        });
        Self::with(named(FFMPEG_VARIABLE).map(PathBuf::from), forced, "/")
    }

    /// Uses the given ffmpeg, if any, and only the given decoder, if any. Devices are looked for below `root`, which
    /// is `/` on a real machine.
    pub fn with(
        ffmpeg: Option<PathBuf>,
        forced: Option<DecoderKind>,
        root: impl Into<PathBuf>,
    ) -> Self {
        Self(Arc::new(Inner {
            ffmpeg,
            found: OnceLock::new(),
            abilities: OnceLock::new(),
            choices: Choices::new(forced, root.into()),
            looked_through: LookedThrough::default(),
        }))
    }

    /// Says in a line which ffmpeg plays videos and which decoders were chosen so far, and why no others; or what is
    /// missing and how to get it. Takes some seconds at most, and only the first time.
    pub fn report(&self) -> String {
        match self.found() {
            Ok(found) => {
                let choices = self.0.choices.to_string();
                let comma = if choices.is_empty() { "" } else { "; " };
                format!("ffmpeg {}{comma}{choices}", found.version)
            }
            Err(trouble) => trouble.clone(),
        }
    }

    /// Says why no video can be played on this machine, and what to do, if that is so.
    pub fn trouble(&self) -> Option<&str> {
        self.found().err().map(String::as_str)
    }

    /// Chooses a decoder, which takes a while for the first video of a kind, and names it.
    ///
    /// # Errors
    /// What is missing and how to get it.
    pub fn decoder(&self, codec: Codec) -> Result<DecoderKind, String> {
        self.found().map_err(String::clone)?;
        Ok(self.0.choices.choose(self, codec))
    }

    /// What its ffmpeg can do beyond the usual; nothing without one.
    pub(super) fn abilities(&self) -> Abilities {
        let ask = || self.found().map(Abilities::of).unwrap_or_default();
        *self.0.abilities.get_or_init(ask)
    }

    #[cfg(test)]
    pub(crate) fn has_looked_through(&self, digest: &passerby_protocol::Digest) -> bool {
        self.0.looked_through.knows(digest)
    }

    /// The films that were decoded once in the background.
    pub(super) fn looked_through(&self) -> &LookedThrough {
        &self.0.looked_through
    }

    /// What is there; looked for once.
    pub(super) fn found(&self) -> Result<&Found, &String> {
        let look = || {
            let found = Found::look(self.0.ffmpeg.as_deref());
            match &found {
                Ok(found) => tracing::info!(
                    ffmpeg = %found.ffmpeg.display(),
                    version = found.version,
                    bounded = found.prlimit.is_some(),
                    "videos are played by ffmpeg"
                ),
                Err(trouble) => tracing::warn!("videos cannot be played: {trouble}"),
            }
            found
        };
        self.0.found.get_or_init(look).as_ref()
    }
}

impl Found {
    fn look(ffmpeg: Option<&Path>) -> Result<Self, String> {
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
        let mut command = self.command(&self.ffmpeg, Bounds::Reader);
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
    pub(super) fn command(&self, program: &Path, bounds: Bounds) -> Command {
        let mut words: Vec<OsString> = Vec::new();
        if let Some(setpriv) = &self.setpriv {
            words.push(setpriv.into());
            words.extend(SETPRIV.map(OsString::from));
            words.push("--".into());
        }
        if let Some(prlimit) = self.prlimit.as_ref().filter(|_| bounds == Bounds::Reader) {
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

    /// An ffmpeg that is about to read a file of a known container, without what it is to do with it.
    pub(super) fn reader(&self, bounds: Bounds, before: &[OsString], input: &Input<'_>) -> Command {
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
        let mut command = self.command(&self.ffprobe, Bounds::Reader);
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

fn in_path(program: impl AsRef<OsStr>) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program.as_ref()))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_the_way_to_get_it() {
        let report = Tools::with(Some("/nowhere/ffmpeg".into()), None, "/").report();
        assert!(report.contains("/nowhere/ffmpeg"), "{report}");
        assert!(report.contains("apt-get install ffmpeg"), "{report}");
    }

    #[test]
    fn what_is_no_ffmpeg_is_not_used() {
        let other = in_path("true").expect("every system has it");
        let report = Tools::with(Some(other), None, "/").report();
        assert!(report.contains("does not run"), "{report}");
    }
}
