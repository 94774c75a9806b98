//! What a video file is, asked before anything of it is shown.
//!
//! Invariants: only MP4 and WebM (and Matroska, which is the same) are opened, told from the first bytes and never from
//! the name, so that no list of files, picture or stream passes for a video; everything that a file says about itself
//! is checked against stated limits; asking ends within [`PROBE_WAIT_MAX`].

mod answer;
mod container;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use passerby_playout::show::ComposeError;
use serde_json::Value;

use super::decoder::Codec;
use super::rate::Rate;
use super::supervise::run;
use super::tools::{Input, PIXELS_MAX, Tools};
use crate::slide::VideoCoding;

pub(super) use container::Container;

/// Longest side of a video, in pixels.
pub const SIDE_PX_MAX: u32 = 8192;
/// Longest video.
pub const LENGTH_MAX: Duration = Duration::from_secs(3600);
/// How long asking may take.
pub(super) const PROBE_WAIT_MAX: Duration = Duration::from_secs(6);
/// Most that the answer may take, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// What to do with a file that is not played.
pub(super) const EXPORT_ANEW: &str = "export it anew as MP4 with H.264";

/// A video file that can probably be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) container: Container,
    /// The stream among those of the file.
    pub(super) stream: u64,
    pub(super) sound_stream: Option<u64>,
    pub(super) codec: Codec,
    /// As coded, before the turn and with oblong pixels.
    pub(super) coded_px: (u32, u32),
    /// Before the turn, with square pixels.
    square_px: (u32, u32),
    /// Clockwise: 0, 90, 180 or 270 degrees.
    pub(super) turn: u16,
    pub(super) coding: VideoCoding,
    /// Coded in red, green and blue, and to be converted.
    pub(super) is_rgb: bool,
    pub(super) has_ten_bits: bool,
    pub(super) is_interlaced: bool,
    pub(super) rate: Rate,
    pub(super) length: Option<Duration>,
}

impl Clip {
    /// Asks what the file at `path` is. Messages call it `name`.
    ///
    /// # Errors
    /// A reason that names the file and what to do: it is missing or no video, has a codec that is not played or is
    /// beyond a limit ([`PIXELS_MAX`], [`SIDE_PX_MAX`], [`LENGTH_MAX`]), or there is no ffmpeg.
    pub fn probe(tools: &Tools, path: &Path, name: &str) -> Result<Self, ComposeError> {
        let says = |what: String| ComposeError(format!("{name}: {what}"));
        let found = tools
            .found()
            .map_err(|trouble| says(format!("videos cannot be played: {trouble}")))?;
        let container = Container::sniff(path).map_err(says)?;
        let mut command = found.prober(&Input::File(path, container));
        command.args(["-of", "json", "-show_streams", "-show_entries"]);
        command.arg("format=duration");
        let output = run(&mut command, b"", ANSWER_BYTES_MAX, PROBE_WAIT_MAX).map_err(|error| {
            let error = error
                .to_string()
                .replace(&format!("file:{}: ", path.display()), "");
            // It stops at the limit that it is given, and does not tell the size.
            says(if error.contains("max pixel count") {
                "its pictures have more than 4096 × 2304 pixels; export it with 1920 × 1080"
                    .to_owned()
            } else {
                format!("it cannot be read as a video ({error}); {EXPORT_ANEW}")
            })
        })?;
        let answer: Value = serde_json::from_slice(&output.made)
            .map_err(|_| says(format!("it cannot be read as a video; {EXPORT_ANEW}")))?;
        Self::from_answer(&answer, path, name, container).map_err(says)
    }

    /// Its width and height in pixels as people see it: upright, with square pixels.
    pub fn size_px(&self) -> (u32, u32) {
        turned(self.square_px, self.turn)
    }

    /// How long it is, if it says so.
    pub fn length(&self) -> Option<Duration> {
        self.length
    }

    /// How its pictures are coded.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Whether it has sound.
    pub fn has_sound(&self) -> bool {
        self.sound_stream.is_some()
    }

    /// The size in which its pictures are decoded for a picture that is drawn with `shown_px`: no larger than that, no
    /// larger than they are, even, upright.
    pub fn decoded_px(&self, shown_px: (u32, u32)) -> (u32, u32) {
        turned(self.scaled_px(shown_px), self.turn)
    }

    /// The same before the turn.
    pub(super) fn scaled_px(&self, shown_px: (u32, u32)) -> (u32, u32) {
        let room = turned(shown_px, self.turn);
        let (width, height) = self.square_px;
        let share = (f64::from(room.0) / f64::from(width))
            .min(f64::from(room.1) / f64::from(height))
            .min(1.0);
        (
            even(f64::from(width) * share),
            even(f64::from(height) * share),
        )
    }
}

const fn turned((width, height): (u32, u32), turn: u16) -> (u32, u32) {
    if turn % 180 == 90 {
        (height, width)
    } else {
        (width, height)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sides are positive and within limits"
)]
fn round(side: f64) -> u32 {
    side.round().max(1.0) as u32
}

/// The largest even number that is not larger, with room for what rounding takes, and two at least.
fn even(side: f64) -> u32 {
    (round((side / 2.0 + 1e-6).floor()) * 2).max(2)
}
