//! Draws what a screen would show, by a process of its own, `passerby-hub draw`: with the composer
//! of the screens, so that a preview and the screen are equal pixel by pixel.
//!
//! ```text
//! page, call, command ─▶ Drawers ─order─▶ passerby-hub draw ─▶ compose ─▶ paint
//!                                ◀─answer, PNG─
//! ```
//!
//! Invariants:
//! - This process opens no picture, drawing or film; only [`worker`] uses the composer, and it runs
//!   alone, within a time and a memory.
//! - The code on a preview is never one of a play: it leads to a page that says what it is.
//! - The picture is what the screen shows, or there is a reason why the screen would skip it.

pub(crate) mod desk;
pub(crate) mod files;
mod kept;
mod order;
mod subject;
pub mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use passerby_protocol::Digest;

use crate::publish::child::{Child, ChildError, Limits, this_program};
use crate::publish::preview::order::{ANSWER_BYTES_MAX, ORDER_BYTES_MAX, Order};
pub use crate::publish::preview::order::{
    Asked, CodeVerdict, PIXELS_MAX, Preview, PreviewFacts, PreviewRefusal, RefusalOf, SIDE_PX_MAX,
    SIDE_PX_MIN, Subject, SubjectPart, View,
};

/// The subcommand that draws.
pub const COMMAND: &str = "draw";
/// How long one picture may take. A drawing may take 40 s twice, a film's first picture 20 s.
pub const TIME_MAX: Duration = Duration::from_secs(90);
/// Most memory that a process that draws, and each program that it starts, may map, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 2 << 30;

/// Starts processes that draw, and holds them to their limits.
#[derive(Debug, Clone)]
pub struct Drawers {
    program: PathBuf,
    fonts: Vec<PathBuf>,
    time_max: Duration,
    memory_bytes_max: u64,
}

/// Says why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// No process could be started, or the system was in the way.
    #[error(
        "it cannot be drawn: `passerby-hub {COMMAND}` does not run ({0}); try again, and install passerby-hub anew if that does not help"
    )]
    Start(String),
    /// The files that it is drawn of cannot be read or written; why is in the hub's log.
    #[error("the hub cannot read its files now; try again later")]
    Files,
    /// The screen has no size, or more pixels than are drawn.
    #[error(
        "a screen has {SIDE_PX_MIN} to {SIDE_PX_MAX} pixels a side and at most {PIXELS_MAX} in all; name another size"
    )]
    Size,
    /// The process took too long.
    #[error("it took longer than {0} s to draw; make its file smaller or simpler")]
    Late(u64),
    /// It ran out of memory.
    #[error("it takes more than {0} MiB of memory to draw; make its file smaller")]
    Memory(u64),
    /// It was killed, or answered nonsense.
    #[error("the program that draws it broke off ({0}); export its file anew")]
    Broke(String),
    /// The campaign has more text than an order may have.
    #[error("the campaign has too much text to be drawn; shorten it")]
    TooMuch,
}

impl Drawers {
    /// Uses a `passerby-hub` that is named by an absolute path.
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

    /// Gives processes other limits than [`TIME_MAX`] and [`MEMORY_BYTES_MAX`].
    #[must_use]
    pub fn within(self, time_max: Duration, memory_bytes_max: u64) -> Self {
        Self {
            time_max,
            memory_bytes_max,
            ..self
        }
    }

    /// What a picture depends on: the same digest, the same picture.
    pub fn digest(&self, asked: &Asked) -> Digest {
        // Where a file lies for this time changes nothing.
        let asked = Asked {
            subject: asked.subject.clone().by_digest(Path::new("")),
            ..asked.clone()
        };
        let what = (env!("CARGO_PKG_VERSION"), &self.fonts, asked);
        Digest::of(&serde_json::to_vec(&what).unwrap_or_default())
    }

    /// Draws; relative files lie in `folder`.
    ///
    /// # Errors
    /// See [`DrawError`]. What a screen would skip is no error.
    pub fn draw(&self, folder: &Path, asked: &Asked) -> Result<Preview, DrawError> {
        if !asked.view.is_drawn() {
            return Err(DrawError::Size);
        }
        let order = Order {
            asked: asked.clone(),
            fonts: self.fonts.clone(),
            memory_bytes_max: self.memory_bytes_max,
        };
        let order =
            serde_json::to_vec(&order).map_err(|error| DrawError::Start(error.to_string()))?;
        if order.len() > ORDER_BYTES_MAX {
            return Err(DrawError::TooMuch);
        }
        let limits = Limits {
            time_max: self.time_max,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        Child::run(
            &self.program,
            COMMAND,
            folder,
            order,
            limits,
            Preview::from_bytes,
        )
        .map_err(|error| match error {
            ChildError::Start(error) => DrawError::Start(error.to_string()),
            ChildError::Late => DrawError::Late(self.time_max.as_secs()),
            ChildError::Memory => DrawError::Memory(self.memory_bytes_max >> 20),
            ChildError::Broke(how) => DrawError::Broke(how),
        })
    }
}

#[cfg(test)]
mod tests;
