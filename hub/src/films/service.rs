//! Makes the films that wait ready, one after the other.
//!
//! Invariants: one film at a time in a process, and one process at a time at a film; its disk need
//! is bounded, and there, before it begins; whatever goes wrong with one is told of that one, and
//! its draft keeps what came; a process that ends over a film leaves it to the next.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use passerby_protocol::creative::CreativeKind;
use passerby_protocol::foreign::one_line;
use passerby_protocol::hexadecimal::hex;

use crate::Hub;
use crate::films::room::has_room;
use crate::publish::conversion::{
    ConvertError, Converter, FilmFacts, MEMORY_BYTES_MAX, Reason, TIME_MAX, told,
};
use crate::publish::media;
use crate::sources::work_folder::WorkFolder;
use crate::store::{ClaimBy, ClaimError, ClaimedFilm, FileClaim, MadeFilm, StoreError};
use crate::system::{clock, random};

/// Longest film, in seconds.
const SECONDS_MAX: f64 = 3_600.0;
/// How many bytes a second of a film that is made has at most, with its sound and a tenth more.
const BYTES_A_SECOND_MAX: f64 = 1_700_000.0;
/// What the shortest film may have, in bytes.
const BYTES_LEAST: u64 = 8 << 20;
/// How often it is said how far a film is.
const SAY_PAUSE: Duration = Duration::from_secs(1);
/// After this time a film is tried again that the machine had no room for, or could not store.
const LATER_MS: i64 = 60_000;
/// Longest reason that is kept, in characters.
const TOLD_CHARS_MAX: usize = 300;

/// What makes films ready.
#[derive(Debug)]
pub struct Service {
    /// None where the system does not tell which program this is; films stay as they come then.
    converter: Option<Converter>,
}

/// What came of a film.
enum Came {
    /// Screens play it well as it is.
    Well,
    /// Another one has its place.
    Made,
    /// Nothing, and why not.
    Nothing(String),
    /// It waits for a while, and for what.
    Waits(String),
    /// It is wanted no more, or another's by now.
    Unwanted,
    /// This process has to end, or to leave it to another.
    Left,
}

/// Why a film is not ready.
enum Trouble {
    Convert(ConvertError),
    Store(StoreError),
    Machine(String),
}

impl From<ConvertError> for Trouble {
    fn from(error: ConvertError) -> Self {
        Self::Convert(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn machine(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::Machine(error.to_string())
}

impl Service {
    /// Has ffmpeg started by processes of this program, where it can be found.
    pub fn of_this_program() -> Self {
        Self {
            converter: Converter::of_this_program().ok(),
        }
    }

    /// Makes films ready until none waits.
    ///
    /// # Errors
    /// The database fails.
    pub fn run_due(
        &self,
        hub: &Hub,
        goes_on: &(dyn Fn() -> bool + Sync),
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let Some(converter) = &self.converter else {
            return Ok(());
        };
        let mut now_ms = now_ms;
        while goes_on() {
            let claim = hex(&random::bytes::<8>());
            let Some(film) = hub.store.claim_film(&claim, now_ms)? else {
                return Ok(());
            };
            let run = Run {
                hub,
                converter,
                goes_on,
                film: &film,
            };
            run.finish()?;
            now_ms = clock::now_ms();
        }
        Ok(())
    }
}

/// One film at work.
struct Run<'a> {
    hub: &'a Hub,
    converter: &'a Converter,
    goes_on: &'a (dyn Fn() -> bool + Sync),
    film: &'a ClaimedFilm,
}

impl Run<'_> {
    /// Makes it ready and writes down what came of it.
    fn finish(&self) -> Result<(), StoreError> {
        let (store, film) = (&self.hub.store, self.film);
        let came = match self.make_ready() {
            Ok(came) => came,
            Err(Trouble::Store(error)) => return Err(error),
            Err(Trouble::Machine(said)) => {
                tracing::error!(film = film.id, "a film has to wait: {said}");
                Came::Waits(told::NOT_WRITTEN.to_owned())
            }
            Err(Trouble::Convert(ConvertError::System(said))) => {
                tracing::error!(film = film.id, "a film has to wait: {said}");
                Came::Waits(told::NOT_STARTED.to_owned())
            }
            Err(Trouble::Convert(error)) => Came::Nothing(error.to_string()),
        };
        let now_ms = clock::now_ms();
        match came {
            Came::Well => store.keep_film(film, now_ms),
            Came::Nothing(said) => {
                tracing::info!(film = film.id, "a film stays as it came: {said}");
                store.fail_film(film, &one_line(&said, TOLD_CHARS_MAX), now_ms)
            }
            Came::Waits(said) => store.leave_film(film, &said, now_ms + LATER_MS),
            Came::Left => store.leave_film(film, "", now_ms),
            Came::Made | Came::Unwanted => Ok(()),
        }
    }

    fn make_ready(&self) -> Result<Came, Trouble> {
        let folder =
            WorkFolder::make(self.hub.folder(), "film").map_err(|error| machine(&error))?;
        let came = self.came(&folder)?;
        let facts = self.converter.facts(&came)?;
        if facts.seconds.is_some_and(|seconds| seconds > SECONDS_MAX) {
            return Ok(Came::Nothing(told::LONG.to_owned()));
        }
        let reasons = facts.reasons();
        if reasons.is_empty() {
            return Ok(Came::Well);
        }
        let bytes_max = bytes_max(&facts);
        // It lies in the work folder and, for a moment, in the store as well.
        if !has_room(folder.path(), bytes_max.saturating_mul(2)) {
            return Ok(Came::Waits(told::DISK_FULL.to_owned()));
        }
        let new = folder.path().join("new.mp4");
        let converter = self
            .converter
            .clone()
            .within(TIME_MAX, MEMORY_BYTES_MAX, bytes_max);
        let mut heard = Heard::new(self, &folder, &reasons);
        let made = converter.convert(&came, &facts, &new, &mut |done| heard.goes_on(done));
        let is_pale = match made {
            Ok(made) => made.is_pale,
            Err(ConvertError::Cancelled) => return heard.why,
            Err(error) => return Err(error.into()),
        };
        let left = converter.facts(&new)?.reasons();
        if let Some(reason) = left.first() {
            return Ok(Came::Nothing(format!("{}{reason}", told::NO_BETTER)));
        }
        self.put(&new, if is_pale { told::PALE } else { "" })
    }

    /// What came, as a file.
    fn came(&self, folder: &WorkFolder) -> Result<PathBuf, Trouble> {
        let (blobs, film) = (&self.hub.blobs, self.film);
        if let Some(file) = blobs.file(film.source) {
            return Ok(file);
        }
        if !has_room(folder.path(), film.size) {
            return Err(Trouble::Machine("the disk is too full".to_owned()));
        }
        let path = folder.path().join("came");
        let mut file = fs::File::create(&path).map_err(|error| machine(&error))?;
        blobs
            .copy_to(film.source, film.size, &mut file, "came")
            .map_err(|error| machine(&error))?;
        file.flush().map_err(|error| machine(&error))?;
        Ok(path)
    }

    /// Stores what was made, and has it take its place.
    fn put(&self, new: &Path, told: &str) -> Result<Came, Trouble> {
        let read = media::read(new, "new.mp4")
            .map_err(|_| Trouble::Machine("what was made cannot be read".to_owned()))?;
        let claim = FileClaim {
            digest: read.digest,
            size: read.size,
        };
        let store = &self.hub.store;
        let claimed = store.claim_files(ClaimBy::Exchange, &[claim], clock::now_ms());
        match claimed {
            Ok(()) => {}
            Err(ClaimError::Store(error)) => return Err(error.into()),
            Err(error) => return Ok(Came::Waits(error.to_string())),
        }
        self.hub
            .blobs
            .put(read.digest, read.size, new)
            .map_err(|error| machine(&error))?;
        let made = MadeFilm {
            digest: read.digest,
            size: read.size,
            media_type: read.media_type,
            told,
        };
        let is_put = (self.hub.store).put_film(self.film, made, clock::now_ms())?;
        Ok(if is_put { Came::Made } else { Came::Unwanted })
    }
}

/// Largest file that may come of a film, in bytes.
fn bytes_max(facts: &FilmFacts) -> u64 {
    let most = CreativeKind::Video.bytes_max();
    let Some(seconds) = facts.seconds else {
        return most;
    };
    // An hour of it is far from what the number can hold.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let bytes = (seconds * BYTES_A_SECOND_MAX) as u64;
    // Pictures that are copied may have more bits a second than those that are coded anew.
    let bytes = bytes.max(facts.bitrate.map_or(0, |bits| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let seconds = seconds.ceil() as u64;
        (bits / 8).saturating_mul(seconds)
    }));
    bytes.saturating_add(BYTES_LEAST).min(most)
}

/// Who hears how far a film is, and says whether to go on.
struct Heard<'a> {
    run: &'a Run<'a>,
    folder: &'a WorkFolder,
    reasons: &'a [Reason],
    said: Option<Instant>,
    /// Why it was given up, if it was.
    why: Result<Came, Trouble>,
}

impl<'a> Heard<'a> {
    const fn new(run: &'a Run<'a>, folder: &'a WorkFolder, reasons: &'a [Reason]) -> Self {
        Self {
            run,
            folder,
            reasons,
            said: None,
            why: Ok(Came::Left),
        }
    }

    fn goes_on(&mut self, done: f64) -> bool {
        if !(self.run.goes_on)() {
            return false;
        }
        if self.said.is_some_and(|said| said.elapsed() < SAY_PAUSE) {
            return true;
        }
        self.said = Some(Instant::now());
        self.folder.touch();
        // From 0 to 1,000.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let permille = (done.clamp(0.0, 1.0) * 1_000.0) as u32;
        let so_far = (permille, self.reasons);
        let store = &self.run.hub.store;
        match store.film_goes_on(self.run.film, so_far, clock::now_ms()) {
            Ok(true) => true,
            Ok(false) => {
                self.why = Ok(Came::Unwanted);
                false
            }
            Err(error) => {
                self.why = Err(error.into());
                false
            }
        }
    }
}
