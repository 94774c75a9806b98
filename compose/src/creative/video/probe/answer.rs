//! What ffprobe says about a file, read and checked.

use std::path::Path;
use std::time::Duration;

use passerby_protocol::campaign::Rgb;
use passerby_protocol::content_fault::{ContentFault, Told};
use serde_json::Value;

use crate::creative::video::container::EXPORT_ANEW;
use crate::creative::video::decoder::Codec;
use crate::creative::video::probe::{
    Clip, Container, Hdr, LENGTH_MAX, Orientation, PIXELS_MAX, SIDE_PX_MAX, Transparency, round,
};
use crate::creative::video::rate::Rate;
use crate::slide::{Matrix, VideoCoding};

/// Rows from which on an unmarked video is taken for high definition.
const HD_ROWS: u32 = 720;
/// How oblong pixels may be, either way; what says more is not believed.
const OBLONG_MAX: f64 = 10.0;

impl Clip {
    /// Makes a clip of what ffprobe said in JSON.
    pub(super) fn from_answer(
        answer: &Value,
        path: &Path,
        name: &str,
        container: Container,
    ) -> Result<Self, Told> {
        let none = Vec::new();
        let streams = answer["streams"].as_array().unwrap_or(&none);
        let of_kind = |kind: &'static str| {
            streams
                .iter()
                .filter(move |stream| stream["codec_type"] == kind)
        };
        let video = of_kind("video")
            .find(|stream| stream["disposition"]["attached_pic"] != 1)
            .ok_or_else(|| Told::from(ContentFault::SoundOnly))?;
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
            let minutes_max = LENGTH_MAX.as_secs() / 60;
            return Err(ContentFault::FilmTooLong { minutes_max }.into());
        }
        let pixel_form = video["pix_fmt"].as_str().unwrap_or_default();
        if pixel_form.is_empty() {
            return Err(format!("its pictures cannot be decoded; {EXPORT_ANEW}").into());
        }
        let hdr = match video["color_transfer"].as_str() {
            Some("smpte2084") => Some(Hdr::Pq),
            Some("arib-std-b67") => Some(Hdr::Hlg),
            _ => None,
        };
        let is_rgb = ["gbr", "rgb", "bgr", "pal8"]
            .iter()
            .any(|form| pixel_form.contains(form));
        let source = coding_of(video, pixel_form, is_rgb, coded_px.1);
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
            orientation: Orientation::of_stream(video),
            source,
            coding: source,
            paper: Rgb([255; 3]),
            transparency: transparency_of(video, codec, pixel_form),
            hdr,
            maps_tones: false,
            notes: Vec::new(),
            is_rgb,
            has_ten_bits: ["p10", "p12", "p010"]
                .iter()
                .any(|deep| pixel_form.contains(deep)),
            is_plain: pixel_form == "yuv420p",
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

fn check_size((width, height): (u32, u32)) -> Result<(), Told> {
    if width == 0 || height == 0 {
        return Err(format!("its pictures have no size; {EXPORT_ANEW}").into());
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > SIDE_PX_MAX || height > SIDE_PX_MAX || pixels > PIXELS_MAX {
        return Err(ContentFault::FilmTooLarge { width, height }.into());
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

/// Where pixels are wider than high, rows are taken away; else columns. So nothing is ever
/// enlarged.
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

/// What its pixels or, in WebM, its tags tell.
fn transparency_of(video: &Value, codec: Codec, pixel_form: &str) -> Transparency {
    let has_pixels = [
        "yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16",
    ]
    .iter()
    .any(|form| pixel_form.starts_with(form));
    let is_webm = matches!(codec, Codec::Vp8 | Codec::Vp9) && video["tags"]["alpha_mode"] == "1";
    if has_pixels || is_webm {
        Transparency::Decoded
    } else {
        Transparency::None
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
