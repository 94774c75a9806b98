//! Makes of a film one that screens play well: H.264 in MP4, at most 1920 × 1080 with 30 pictures a
//! second, 8 bits, 4:2:0, sound in AAC. ffmpeg does it, in a process of its own.
//!
//! Invariants:
//! - ffmpeg has a time, a memory and a largest file, opens the one film and no address, and dies
//!   with whoever started it.
//! - The new film has no name before it is whole, so whatever is killed leaves nothing behind.
//! - It can be given up at any moment, and says how far it is.

mod boxes;
mod error;
mod film;
mod reason;
mod running;
pub mod told;
pub mod worker;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use passerby_folder::durable_file::folder_of;
use passerby_folder::regular_file;
use passerby_protocol::creative::CreativeKind;
use rustix::fs::{AtFlags, CWD, linkat};

use crate::publish::child::{Child, ChildError, Limits, this_program};
pub use crate::publish::conversion::error::ConvertError;
pub use crate::publish::conversion::film::{FilmFacts, RATE_MAX, SIDES_PX_MAX};
pub use crate::publish::conversion::reason::Reason;
use crate::publish::conversion::running::Running;
pub use crate::publish::conversion::worker::COMMAND;
use crate::publish::conversion::worker::{How, Order, What};

/// How long one film may take.
pub const TIME_MAX: Duration = Duration::from_secs(2 * 3_600);
/// How long it may get no further: with a film of one picture, while the machine does everything
/// else first, and while it writes the head of a long one anew.
const SILENCE_MAX: Duration = Duration::from_secs(10 * 60);
/// How long it may take to say what a film is, or to make a poster.
const LOOK_TIME_MAX: Duration = Duration::from_secs(60);
/// Most memory that ffmpeg may map, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 3 << 30;
/// Largest answer of ffprobe, in bytes.
const FACTS_BYTES_MAX: usize = 1 << 20;
/// Largest poster, in bytes.
const POSTER_BYTES_MAX: usize = 8 << 20;
/// Which picture of a film is its poster: films often come up from black.
const POSTER_AT_MS: u64 = 1_000;

/// What is to be said of a film that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converted {
    /// Whether it was made for more light than screens show, and this ffmpeg cannot bring that into
    /// what they show: its colours look pale.
    pub is_pale: bool,
}

/// Starts ffmpeg, and holds it to its limits.
#[derive(Debug, Clone)]
pub struct Converter {
    program: PathBuf,
    time_max: Duration,
    silence_max: Duration,
    memory_bytes_max: u64,
    file_bytes_max: u64,
}

impl Converter {
    /// Uses a `passerby-hub` that is named by an absolute path.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            time_max: TIME_MAX,
            silence_max: SILENCE_MAX,
            memory_bytes_max: MEMORY_BYTES_MAX,
            file_bytes_max: CreativeKind::Video.bytes_max(),
        }
    }

    /// Uses the program that runs now, also after its file was replaced by that of another version.
    ///
    /// # Errors
    /// The system does not tell which it is.
    pub fn of_this_program() -> io::Result<Self> {
        this_program().map(Self::new)
    }

    /// Gives ffmpeg other limits.
    #[must_use]
    pub fn within(self, time_max: Duration, memory_bytes_max: u64, file_bytes_max: u64) -> Self {
        Self {
            time_max,
            memory_bytes_max,
            file_bytes_max,
            ..self
        }
    }

    /// Has ffmpeg ended sooner when it gets no further.
    #[must_use]
    pub fn given_up_after(self, silence_max: Duration) -> Self {
        Self {
            silence_max,
            ..self
        }
    }

    fn order(&self, film: &Path, what: What) -> Result<Order, ConvertError> {
        let film = std::path::absolute(film).map_err(|error| system(&error))?;
        Ok(Order {
            what,
            film,
            memory_bytes_max: self.memory_bytes_max,
            file_bytes_max: self.file_bytes_max,
        })
    }

    fn ask<T>(
        &self,
        order: &Order,
        bytes_max: usize,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, ConvertError> {
        let text = serde_json::to_vec(order).map_err(|error| system(&error))?;
        let limits = Limits {
            time_max: LOOK_TIME_MAX,
            answer_bytes_max: bytes_max,
        };
        let root = Path::new("/");
        Child::run(&self.program, COMMAND, root, text, limits, read).map_err(|error| match error {
            ChildError::Start(error) => system(&error),
            ChildError::Late => ConvertError::Late(LOOK_TIME_MAX.as_secs()),
            ChildError::Memory => ConvertError::Broke("no memory".to_owned()),
            ChildError::Broke(how) => ConvertError::Film(how),
        })
    }

    /// Says what a film is.
    ///
    /// # Errors
    /// See [`ConvertError`].
    pub fn facts(&self, film: &Path) -> Result<FilmFacts, ConvertError> {
        let order = self.order(film, What::Probe)?;
        let mut facts = self.ask(&order, FACTS_BYTES_MAX, FilmFacts::of_answer)?;
        // ffprobe does not say where the head stands. What cannot be opened here it could not open.
        facts.is_head_last = regular_file::open_anywhere(film)
            .is_ok_and(|file| boxes::is_head_last(&mut file.into_file()));
        Ok(facts)
    }

    /// Makes a picture that stands for a film, a JPEG.
    ///
    /// # Errors
    /// See [`ConvertError`].
    pub fn poster(&self, film: &Path, facts: &FilmFacts) -> Result<Vec<u8>, ConvertError> {
        let is_long = facts.seconds.is_some_and(|seconds| seconds > 2.0);
        let at_ms = if is_long { POSTER_AT_MS } else { 0 };
        let order = self.order(film, What::Poster { at_ms })?;
        self.ask(&order, POSTER_BYTES_MAX, |bytes| {
            let is_jpeg = bytes.starts_with(b"\xFF\xD8") && bytes.len() <= POSTER_BYTES_MAX;
            is_jpeg.then(|| bytes.to_vec())
        })
    }

    /// Writes a film for screens into a new file. `goes_on` hears how much of it is done, from 0
    /// to 1, and says whether to go on; it is also asked when nothing happens.
    ///
    /// Pictures that screens play well are copied as they are.
    ///
    /// # Errors
    /// See [`ConvertError`]; there is no new file then.
    pub fn convert(
        &self,
        film: &Path,
        facts: &FilmFacts,
        new: &Path,
        goes_on: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Converted, ConvertError> {
        let reasons = facts.reasons();
        let copies_pictures =
            !reasons.is_empty() && reasons.iter().all(|reason| !reason.is_of_pictures());
        let mut how = How {
            copies_pictures,
            copies_sound: copies_pictures && !reasons.contains(&Reason::Sound),
            is_toned: facts.is_hdr,
            is_pale: false,
            is_interlaced: facts.is_interlaced,
            beat: facts.new_beat().map(str::to_owned),
        };
        match self.convert_so(film, facts, new, &how, goes_on) {
            // An ffmpeg without the filters that tone has none of them.
            Err(ConvertError::Film(said)) if how.is_toned && said.contains("No such filter") => {
                (how.is_toned, how.is_pale) = (false, true);
                self.convert_so(film, facts, new, &how, goes_on)?;
            }
            made => made?,
        }
        Ok(Converted {
            is_pale: how.is_pale,
        })
    }

    fn convert_so(
        &self,
        film: &Path,
        facts: &FilmFacts,
        new: &Path,
        how: &How,
        goes_on: &mut dyn FnMut(f64) -> bool,
    ) -> Result<(), ConvertError> {
        let named = new.display().to_string();
        let folder = folder_of(new);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .mode(0o644)
            .custom_flags(libc::O_TMPFILE)
            .open(folder)
            .map_err(|error| ConvertError::System(format!("{named}: {error}")))?;
        let order = self.order(film, What::Convert { how: how.clone() })?;
        let running =
            Running::start(&self.program, &order, &file).map_err(|error| system(&error))?;
        let times = (self.time_max, self.silence_max);
        running.finish(times, facts.seconds, goes_on)?;
        let length = file.metadata().map_err(|error| system(&error))?.len();
        if length == 0 {
            return Err(ConvertError::Film("nothing came out".to_owned()));
        }
        file.sync_all().map_err(|error| system(&error))?;
        name(&file, new).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ConvertError::Known(named),
            _ => ConvertError::System(format!("{named}: {error}")),
        })
    }
}

fn system(error: &dyn std::fmt::Display) -> ConvertError {
    ConvertError::System(error.to_string())
}

/// Gives a name to a file that has none.
fn name(file: &File, new: &Path) -> io::Result<()> {
    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, nameless, CWD, new, AtFlags::SYMLINK_FOLLOW)?;
    passerby_folder::durable_file::sync_names(folder_of(new))
}
