//! What a video file is, asked before anything of it is shown.
//!
//! Invariants: only MP4 and WebM (and Matroska, which is the same) are opened, told from the first bytes and never from
//! the name, so that no list of files, picture or stream passes for a video; everything that a file says about itself
//! is checked against stated limits; asking ends within [`PROBE_WAIT_MAX`].

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use passerby_playout::show::ComposeError;
use serde_json::Value;

use super::decoder::Codec;
use super::rate::Rate;
use super::supervise::run;
use super::tools::{Input, PIXELS_MAX, Tools};
use crate::slide::{Matrix, VideoCoding};

/// Longest side of a video, in pixels.
pub const SIDE_PX_MAX: u32 = 8192;
/// Longest video.
pub const LENGTH_MAX: Duration = Duration::from_secs(3600);
/// How long asking may take.
pub(super) const PROBE_WAIT_MAX: Duration = Duration::from_secs(6);
/// Most that the answer may take, in bytes.
const ANSWER_BYTES_MAX: usize = 256 << 10;
/// Rows from which on an unmarked video is taken for high definition.
const HD_ROWS: u32 = 720;
/// How oblong pixels may be, either way; what says more is not believed.
const OBLONG_MAX: f64 = 10.0;

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

/// What holds the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Mp4,
    Matroska,
}

impl Container {
    /// What ffmpeg calls the reader for it.
    pub(super) const fn demuxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mov",
            Self::Matroska => "matroska",
        }
    }

    /// Tells it from the first bytes: a box of ISO 14496-12, or the head of EBML (RFC 8794).
    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
            return Some(Self::Matroska);
        }
        let kind = bytes.get(4..8)?;
        [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"]
            .iter()
            .any(|known| kind == known.as_slice())
            .then_some(Self::Mp4)
    }
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
        let container = sniff(path).map_err(says)?;
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

    fn from_answer(
        answer: &Value,
        path: &Path,
        name: &str,
        container: Container,
    ) -> Result<Self, String> {
        let none = Vec::new();
        let streams = answer["streams"].as_array().unwrap_or(&none);
        let of_kind = |kind: &'static str| {
            streams
                .iter()
                .filter(move |stream| stream["codec_type"] == kind)
        };
        let video = of_kind("video")
            .find(|stream| stream["disposition"]["attached_pic"] != 1)
            .ok_or_else(|| format!("there are no moving pictures in it; {EXPORT_ANEW}"))?;
        let codec_name = video["codec_name"].as_str().unwrap_or("unknown");
        let codec = Codec::of_ffmpeg(codec_name).ok_or_else(|| {
            format!("it is coded as {codec_name}, which is not played; {EXPORT_ANEW}")
        })?;
        let side = |key: &str| {
            video[key]
                .as_u64()
                .and_then(|side| u32::try_from(side).ok())
                .unwrap_or(0)
        };
        let coded_px = (side("width"), side("height"));
        check_size(coded_px)?;
        let length = length_of(answer, video, of_kind("audio").next().is_some());
        if length.is_some_and(|length| length > LENGTH_MAX) {
            return Err(format!(
                "it is longer than {} minutes; cut it shorter",
                LENGTH_MAX.as_secs() / 60
            ));
        }
        let pixel_form = video["pix_fmt"].as_str().unwrap_or_default();
        if pixel_form.is_empty() {
            return Err(format!("its pictures cannot be decoded; {EXPORT_ANEW}"));
        }
        let transfer = video["color_transfer"].as_str().unwrap_or_default();
        if matches!(transfer, "smpte2084" | "arib-std-b67") {
            tracing::warn!("{name} is HDR video and will look pale; export it as SDR (BT.709)");
        }
        let is_rgb = pixel_form.starts_with("gbr") || pixel_form.starts_with("rgb");
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            container,
            stream: video["index"].as_u64().unwrap_or(0),
            sound_stream: of_kind("audio")
                .next()
                .and_then(|stream| stream["index"].as_u64()),
            codec,
            coded_px,
            square_px: square(coded_px, video["sample_aspect_ratio"].as_str()),
            turn: turn_of(video),
            coding: coding_of(video, pixel_form, is_rgb, coded_px.1),
            is_rgb,
            has_ten_bits: ["p10", "p12", "p010"]
                .iter()
                .any(|deep| pixel_form.contains(deep)),
            is_interlaced: matches!(
                video["field_order"].as_str(),
                Some("tt" | "bb" | "tb" | "bt")
            ),
            rate: Rate::choose(
                video["avg_frame_rate"].as_str().and_then(Rate::parse),
                video["r_frame_rate"].as_str().and_then(Rate::parse),
            ),
            length,
        })
    }
}

/// What to do with a file that is not played.
pub(super) const EXPORT_ANEW: &str = "export it anew as MP4 with H.264";

fn sniff(path: &Path) -> Result<Container, String> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "the file is missing; put it back".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "the terminal may not read it; allow that with chmod a+r".to_owned()
        }
        _ => format!("it cannot be read ({error}); check the disk"),
    };
    // Opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("it is not a file; put a video there".to_owned());
    }
    let mut head = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(8)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    if head.is_empty() {
        return Err("the file is empty; copy it again".to_owned());
    }
    Container::of_bytes(&head)
        .ok_or_else(|| format!("it is no MP4 or WebM video, whatever its name says; {EXPORT_ANEW}"))
}

fn check_size((width, height): (u32, u32)) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err(format!("its pictures have no size; {EXPORT_ANEW}"));
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > SIDE_PX_MAX || height > SIDE_PX_MAX || pixels > PIXELS_MAX {
        return Err(format!(
            "{width} × {height} pixels are more than 4096 × 2304; export it with 1920 × 1080"
        ));
    }
    Ok(())
}

/// Its own length; the file's where there is nothing else in it that could be longer.
fn length_of(answer: &Value, video: &Value, has_sound: bool) -> Option<Duration> {
    let seconds = |value: &Value| {
        let seconds: f64 = value.as_str()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|length| !length.is_zero())
    };
    let tag = || clock_time(video["tags"]["DURATION"].as_str()?);
    let file = || seconds(&answer["format"]["duration"]).filter(|_| !has_sound);
    seconds(&video["duration"]).or_else(tag).or_else(file)
}

/// Reads hours, minutes and seconds, as Matroska's tags have them.
fn clock_time(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    let whole = u64::from(hours) * 3600 + u64::from(minutes) * 60;
    Duration::try_from_secs_f64(seconds)
        .ok()?
        .checked_add(Duration::from_secs(whole))
        .filter(|length| !length.is_zero())
}

/// Where pixels are wider than high, rows are taken away; else columns. So nothing is ever enlarged.
fn square((width, height): (u32, u32), ratio: Option<&str>) -> (u32, u32) {
    let ratio = ratio
        .and_then(|ratio| ratio.split_once(':'))
        .and_then(|(x, y)| Some(x.parse::<f64>().ok()? / y.parse::<f64>().ok()?))
        .filter(|ratio| (1.0 / OBLONG_MAX..=OBLONG_MAX).contains(ratio));
    match ratio {
        Some(ratio) if ratio > 1.0 => (width, round(f64::from(height) / ratio)),
        Some(ratio) if ratio < 1.0 => (round(f64::from(width) * ratio), height),
        _ => (width, height),
    }
}

/// The display matrix (ISO 14496-12) as a turn clockwise; ffprobe gives it counter-clockwise.
fn turn_of(video: &Value) -> u16 {
    let sides = video["side_data_list"].as_array();
    let matrix = sides
        .into_iter()
        .flatten()
        .find_map(|side| side["rotation"].as_i64())
        .map(|turn| -turn);
    let tag = || video["tags"]["rotate"].as_str()?.parse::<i64>().ok();
    let turn = matrix.or_else(tag).unwrap_or(0).rem_euclid(360);
    match turn {
        45..135 => 90,
        135..225 => 180,
        225..315 => 270,
        _ => 0,
    }
}

/// What it says about its colours, or what is usual for its size.
fn coding_of(video: &Value, pixel_form: &str, is_rgb: bool, rows: u32) -> VideoCoding {
    let matrix = match video["color_space"].as_str() {
        Some("bt709" | "smpte240m") => Matrix::Bt709,
        Some("bt470bg" | "smpte170m" | "fcc") => Matrix::Bt601,
        Some("bt2020nc" | "bt2020c") => Matrix::Bt2020,
        _ if is_rgb || rows >= HD_ROWS => Matrix::Bt709,
        _ => Matrix::Bt601,
    };
    let is_full = video["color_range"] == "pc" || pixel_form.starts_with("yuvj");
    VideoCoding {
        matrix,
        full_range: is_full && !is_rgb,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn clip(stream: &Value) -> Result<Clip, String> {
        let mut full = json!({
            "index": 0, "codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080,
            "pix_fmt": "yuv420p", "avg_frame_rate": "25/1", "r_frame_rate": "25/1",
        });
        for (key, value) in stream.as_object().unwrap() {
            full[key] = value.clone();
        }
        let answer = json!({"streams": [full]});
        Clip::from_answer(&answer, Path::new("x.mp4"), "x.mp4", Container::Mp4)
    }

    #[test]
    fn sizes_are_even_and_never_grow() {
        let hd = clip(&json!({})).unwrap();
        assert_eq!(hd.decoded_px((4000, 4000)), (1920, 1080));
        assert_eq!(hd.decoded_px((1000, 1000)), (1000, 562));
        assert_eq!(hd.decoded_px((1, 1)), (2, 2));
        let odd = clip(&json!({"width": 321, "height": 181})).unwrap();
        assert_eq!(odd.decoded_px((1920, 1080)), (320, 180));
    }

    #[test]
    fn turned_and_oblong_videos_are_seen_upright_and_square() {
        let phone = json!({"side_data_list": [{"rotation": -90}]});
        let phone = clip(&phone).unwrap();
        assert_eq!((phone.turn, phone.size_px()), (90, (1080, 1920)));
        assert_eq!(phone.decoded_px((540, 2000)), (540, 960));
        let old = clip(&json!({"tags": {"rotate": "270"}})).unwrap();
        assert_eq!(old.turn, 270);
        let tv = json!({"width": 720, "height": 576, "sample_aspect_ratio": "64:45"});
        assert_eq!(clip(&tv).unwrap().size_px(), (720, 405));
        let odd = json!({"sample_aspect_ratio": "1:4000"});
        assert_eq!(clip(&odd).unwrap().size_px(), (1920, 1080));
    }

    #[test]
    fn unmarked_colours_are_those_that_are_usual() {
        let matrix = |stream: Value| clip(&stream).unwrap().coding.matrix;
        assert_eq!(matrix(json!({"height": 720})), Matrix::Bt709);
        assert_eq!(matrix(json!({"height": 576})), Matrix::Bt601);
        assert_eq!(
            matrix(json!({"height": 576, "color_space": "bt709"})),
            Matrix::Bt709
        );
        assert_eq!(matrix(json!({"color_space": "bt2020nc"})), Matrix::Bt2020);
        let range = |stream: Value| clip(&stream).unwrap().coding.full_range;
        assert!(!range(json!({})));
        assert!(range(json!({"color_range": "pc"})));
        assert!(range(json!({"pix_fmt": "yuvj420p"})));
        assert!(!range(json!({"pix_fmt": "gbrp", "color_range": "pc"})));
    }

    #[test]
    fn what_is_beyond_limits_or_unknown_is_refused_with_advice() {
        for (stream, words) in [
            (json!({"width": 8193, "height": 16}), "8193 × 16"),
            (json!({"width": 7680, "height": 4320}), "4096 × 2304"),
            (json!({"width": 0}), "no size"),
            (json!({"duration": "3601.0"}), "60 minutes"),
            (json!({"codec_name": "prores"}), "prores"),
            (json!({"codec_type": "audio"}), "no moving pictures"),
            (
                json!({"disposition": {"attached_pic": 1}}),
                "no moving pictures",
            ),
            (json!({"pix_fmt": null}), "cannot be decoded"),
        ] {
            let trouble = clip(&stream).unwrap_err();
            assert!(trouble.contains(words), "{trouble}");
            assert!(trouble.contains("; "), "{trouble}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_pictures() {
        let length = |stream: Value| clip(&stream).unwrap().length();
        let two = Some(Duration::from_secs(2));
        assert_eq!(length(json!({"duration": "2.000000"})), two);
        assert_eq!(
            length(json!({"tags": {"DURATION": "00:00:02.000000000"}})),
            two
        );
        assert_eq!(length(json!({"duration": "-7"})), None);
        assert_eq!(length(json!({"duration": "NaN"})), None);
    }
}
