//! What a video file is, asked before anything of it is shown.
//!
//! Invariants: only MP4 and WebM (and Matroska, which is the same) are opened, told from the first
//! bytes and never from the name, so that no list of files, picture or stream passes for a video;
//! everything that a file says about itself is checked against stated limits; asking ends within
//! [`PROBE_WAIT_MAX`].

mod answer;
mod orientation;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Rgb;
use passerby_protocol::content_fault::{ContentFault, Told};
use serde_json::Value;

use crate::creative::supervise::{Patience, RunError, run};
use crate::creative::video::container::{Container, EXPORT_ANEW};
use crate::creative::video::decoder::{Codec, DecoderKind};
use crate::creative::video::programs::{Input, PIXELS_MAX};
use crate::creative::video::rate::Rate;
use crate::creative::video::tools::Tools;
use crate::slide::{Matrix, VideoCoding};

pub(super) use crate::creative::video::probe::orientation::Orientation;

/// Longest side of a video, in pixels.
pub const SIDE_PX_MAX: u32 = 8192;
/// Longest video.
pub const LENGTH_MAX: Duration = Duration::from_secs(3600);
/// How long asking may take.
pub(super) const PROBE_WAIT_MAX: Patience = Patience::of_work(Duration::from_secs(6));
/// Most that the answer may take, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// Most pixels whose light is brought down, for each picture: 960 × 540. With linear light as
/// floats it takes some 40 ns a pixel of a server's core, so 30 pictures a second of 1920 × 1080
/// would take more than two of them.
const HDR_PIXELS_MAX: f64 = 960.0 * 540.0;

/// Of an HDR film that this machine brings down to what its screen shows.
const HDR_COSTS: &str = "it is an HDR film; its light is brought down to this screen's, at 960 × 540 pixels since that is slow, and a slow board will leave pictures out; export it as SDR (BT.709) to have it sharp";
/// Of an HDR film on other machines.
const HDR_PALE: &str = "it is an HDR film and will look pale, since the ffmpeg here has no zscale and tonemap filters; export it as SDR (BT.709)";
/// Of a transparent film on a machine that cannot decode that.
const TRANSPARENCY_LOST: &str = "the ffmpeg here cannot decode its transparency, so it is shown with the colours beneath, mostly black; export it as WebM with VP9, or as MP4 with the background in it";

/// How the light of an HDR film is coded (ITU-R BT.2100).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hdr {
    Pq,
    Hlg,
}

/// Whether what lies under a film is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transparency {
    None,
    Decoded,
    /// It has transparency that is not decoded here.
    Lost,
}

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
    pub(super) orientation: Orientation,
    /// How its numbers stand for colours in the file.
    pub(super) source: VideoCoding,
    /// The same of the pictures that are made of it.
    pub(super) coding: VideoCoding,
    /// What is laid under it where it is transparent.
    pub(super) paper: Rgb,
    transparency: Transparency,
    pub(super) hdr: Option<Hdr>,
    maps_tones: bool,
    /// What is well to know about it.
    notes: Vec<String>,
    /// Coded in red, green and blue, and to be converted.
    pub(super) is_rgb: bool,
    pub(super) has_ten_bits: bool,
    /// In eight bits, with a half of the chroma across and down: what most films have.
    pub(super) is_plain: bool,
    pub(super) is_interlaced: bool,
    pub(super) rate: Rate,
    pub(super) length: Option<Duration>,
}

impl Clip {
    /// Asks what the file at `path` is. Messages call it `name`.
    ///
    /// # Errors
    /// A reason that names the file and what to do: it is missing or no video, has a codec that is
    /// not played or is beyond a limit ([`PIXELS_MAX`], [`SIDE_PX_MAX`], [`LENGTH_MAX`]), or there
    /// is no ffmpeg.
    pub fn probe(tools: &Tools, path: &Path, name: &str) -> Result<Self, ComposeError> {
        let says = |told: Told| ComposeError::new(told.of(name));
        let found = tools
            .programs()
            .map_err(|trouble| says(format!("films cannot be played: {trouble}").into()))?;
        let container = Container::sniff(path).map_err(says)?;
        let mut command = found.prober(&Input::File(path, container));
        command.args(["-of", "json", "-show_streams", "-show_entries"]);
        command.arg("format=duration");
        let output = run(&mut command, b"", ANSWER_BYTES_MAX, PROBE_WAIT_MAX).map_err(|error| {
            if let RunError::Late(_) = error {
                let told = format!("{error}; try again when it is less busy, or {EXPORT_ANEW}");
                return says(told.into());
            }
            let error = error
                .to_string()
                .replace(&format!("file:{}: ", path.display()), "");
            // It stops at the limit that it is given, and does not tell the size.
            says(if error.contains("max pixel count") {
                ContentFault::FilmTooLarge {
                    width: 0,
                    height: 0,
                }
                .into()
            } else {
                let words = format!("it cannot be read as a film ({error}); {EXPORT_ANEW}");
                Told::with(words, ContentFault::NoFilm)
            })
        })?;
        let answer: Value = serde_json::from_slice(&output.made)
            .map_err(|_| says(format!("it cannot be read as a film; {EXPORT_ANEW}").into()))?;
        let clip = Self::from_answer(&answer, path, name, container).map_err(says)?;
        Ok(clip.with_abilities(tools))
    }

    /// Decides how it is shown by what this machine can do.
    fn with_abilities(mut self, tools: &Tools) -> Self {
        // Only a film that needs more than the usual asks.
        if self.hdr.is_some() {
            self.maps_tones = tools.abilities().maps_tones;
            let note = if self.maps_tones {
                self.coding = VideoCoding {
                    matrix: Matrix::Bt709,
                    full_range: false,
                };
                HDR_COSTS
            } else {
                HDR_PALE
            };
            self.notes.push(note.to_owned());
        }
        if self.transparency == Transparency::Decoded {
            let is_decoded = match self.codec {
                Codec::Vp8 => tools.abilities().has_transparent_vp8,
                Codec::Vp9 => tools.abilities().has_transparent_vp9,
                _ => true,
            };
            if !is_decoded {
                self.transparency = Transparency::Lost;
            }
        }
        match self.transparency {
            Transparency::None => {}
            Transparency::Decoded => self.coding.full_range = false,
            Transparency::Lost => self.notes.push(TRANSPARENCY_LOST.to_owned()),
        }
        self
    }

    /// Lays it on a colour where it is transparent.
    pub(crate) fn on_paper(mut self, paper: Rgb) -> Self {
        self.paper = paper;
        self
    }

    /// What is well to know about it although it will be shown.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether what lies under it is seen.
    pub fn shows_paper(&self) -> bool {
        self.transparency == Transparency::Decoded
    }

    /// Whether its light is brought down to that of usual screens.
    pub(super) const fn maps_tones(&self) -> bool {
        self.maps_tones
    }

    /// What ffmpeg is told before the file.
    pub(super) fn before_input(&self, kind: DecoderKind) -> Vec<OsString> {
        match self.codec {
            // Those of ffmpeg itself leave the transparency out.
            Codec::Vp8 if self.shows_paper() => vec!["-c:v".into(), "libvpx".into()],
            Codec::Vp9 if self.shows_paper() => vec!["-c:v".into(), "libvpx-vp9".into()],
            codec => kind.before_input(codec),
        }
    }

    /// Its width and height in pixels as people see it: upright, with square pixels.
    pub fn size_px(&self) -> (u32, u32) {
        turned(self.square_px, self.orientation)
    }

    /// How long it is, if it says so.
    pub fn length(&self) -> Option<Duration> {
        self.length
    }

    /// How its pictures are coded.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Whether it is coded for screens that shine brighter than ours.
    pub fn is_hdr(&self) -> bool {
        self.hdr.is_some()
    }

    /// Whether it has sound.
    pub fn has_sound(&self) -> bool {
        self.sound_stream.is_some()
    }

    /// The size in which its pictures are decoded for a picture that is drawn with `shown_px`: no
    /// larger than that, no larger than they are, even, upright.
    pub fn decoded_px(&self, shown_px: (u32, u32)) -> (u32, u32) {
        turned(self.scaled_px(shown_px), self.orientation)
    }

    /// The same before the turn.
    pub(super) fn scaled_px(&self, shown_px: (u32, u32)) -> (u32, u32) {
        let room = turned(shown_px, self.orientation);
        let (width, height) = self.square_px;
        let share = (f64::from(room.0) / f64::from(width))
            .min(f64::from(room.1) / f64::from(height))
            .min(1.0);
        let pixels = f64::from(width) * f64::from(height);
        let share = if self.maps_tones {
            share.min((HDR_PIXELS_MAX / pixels).sqrt())
        } else {
            share
        };
        (
            even(f64::from(width) * share),
            even(f64::from(height) * share),
        )
    }
}

const fn turned((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    if orientation.swaps_sides() {
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
