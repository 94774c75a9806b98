//! What a film is, as ffprobe says it, and why screens had better have another one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest and the shorter side of a converted film, in pixels.
pub const SIDES_PX_MAX: (u32, u32) = (1_920, 1_080);
/// Most pictures a second of a converted film.
pub const RATE_MAX: f64 = 30.0;
/// A rate that is written with a thousandth more is the same.
const RATE_SLACK: f64 = 0.01;
/// Bits a second above which a film is larger than screens need.
const BITRATE_MAX: u64 = 20_000_000;

/// A film, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FilmFacts {
    /// What ffmpeg calls its codec.
    pub codec: String,
    /// Pixels across and down, as they are stored.
    pub size_px: (u32, u32),
    /// What ffmpeg calls the form of its pixels.
    pub pixels: String,
    /// Pictures a second.
    pub rate: f64,
    /// How long it is, in seconds, if it says so.
    pub seconds: Option<f64>,
    /// Bits a second, if they are known.
    pub bitrate: Option<u64>,
    /// Whether its numbers stand for more light than a screen of today shows.
    pub is_hdr: bool,
    /// What ffmpeg calls the codec of its sound; none without sound.
    pub sound: Option<String>,
    /// Whether its file is of the kind that screens open.
    pub is_mp4_or_webm: bool,
}

/// Why a film is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Many screens decode its codec slowly, or not at all.
    Codec,
    /// Its file is none that screens open.
    Container,
    /// It has more pixels than a television.
    Size,
    /// More pictures a second than are played.
    Rate,
    /// More than 8 bits a colour, or colours in another form than 4:2:0.
    Pixels,
    /// More light than screens show.
    Hdr,
    /// More bits a second than anybody sees.
    Bitrate,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Codec => "many screens cannot decode its codec, or only slowly",
            Self::Container => "its file is neither MP4 nor WebM",
            Self::Size => "it has more pixels than 1920 x 1080",
            Self::Rate => "it has more than 30 pictures a second",
            Self::Pixels => "it has more than 8 bits a colour, or another form than 4:2:0",
            Self::Hdr => "it is made for more light than screens show (HDR)",
            Self::Bitrate => "it has more than 20 Mbit a second",
        })
    }
}

/// The part of ffprobe's answer that is read.
#[derive(Deserialize)]
struct Probed {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Format,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: String,
    #[serde(default)]
    codec_name: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    pix_fmt: String,
    #[serde(default)]
    avg_frame_rate: String,
    #[serde(default)]
    color_transfer: String,
}

#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format_name: String,
    duration: Option<String>,
    bit_rate: Option<String>,
}

impl FilmFacts {
    /// Reads what ffprobe answered; `None` for what is no film.
    pub(super) fn of_answer(json: &[u8]) -> Option<Self> {
        let probed: Probed = serde_json::from_slice(json).ok()?;
        let of = |kind: &str| {
            let mut streams = probed.streams.iter();
            streams.find(move |stream| stream.codec_type == kind)
        };
        let film = of("video")?;
        let number = |text: &Option<String>| -> Option<f64> { text.as_ref()?.parse().ok() };
        let seconds = number(&probed.format.duration);
        let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0);
        let formats = probed.format.format_name.split(',');
        Some(Self {
            codec: film.codec_name.clone(),
            size_px: (film.width, film.height),
            pixels: film.pix_fmt.clone(),
            rate: rate_of(&film.avg_frame_rate).unwrap_or_default(),
            seconds,
            bitrate: (probed.format.bit_rate.as_ref()).and_then(|rate| rate.parse().ok()),
            is_hdr: matches!(&*film.color_transfer, "smpte2084" | "arib-std-b67"),
            sound: of("audio").map(|sound| sound.codec_name.clone()),
            is_mp4_or_webm: formats
                .into_iter()
                .any(|name| name == "mp4" || name == "webm"),
        })
    }

    /// Why screens had better have another one; empty when they play it well as it is.
    pub fn reasons(&self) -> Vec<Reason> {
        let (width, height) = self.size_px;
        let is_8_bit = matches!(&*self.pixels, "yuv420p" | "yuvj420p");
        // VP9 with transparency is what only WebM has; it is not made worse.
        let is_known = matches!(&*self.codec, "h264" | "vp8" | "vp9");
        let found = [
            (!is_known, Reason::Codec),
            (!self.is_mp4_or_webm, Reason::Container),
            (
                width.max(height) > SIDES_PX_MAX.0 || width.min(height) > SIDES_PX_MAX.1,
                Reason::Size,
            ),
            (self.rate > RATE_MAX + RATE_SLACK, Reason::Rate),
            (
                !(is_8_bit || self.codec.starts_with("vp") && self.pixels == "yuva420p"),
                Reason::Pixels,
            ),
            (self.is_hdr, Reason::Hdr),
            (
                self.bitrate.is_some_and(|rate| rate > BITRATE_MAX),
                Reason::Bitrate,
            ),
        ];
        let found = found.into_iter().filter(|(is_so, _)| *is_so);
        found.map(|(_, reason)| reason).collect()
    }
}

/// Reads a rate such as `30000/1001`.
fn rate_of(text: &str) -> Option<f64> {
    let (over, under) = text.split_once('/')?;
    let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
    (under > 0.0).then(|| over / under)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(stream: &str, format: &str) -> FilmFacts {
        let json =
            format!(r#"{{"streams":[{{"codec_type":"video",{stream}}}],"format":{{{format}}}}}"#);
        FilmFacts::of_answer(json.as_bytes()).unwrap()
    }

    const MP4: &str =
        r#""format_name":"mov,mp4,m4a,3gp,3g2,mj2","duration":"12.5","bit_rate":"4000000""#;

    #[test]
    fn what_screens_play_well_is_left_as_it_is_and_everything_else_has_its_reasons() {
        let plain = r#""codec_name":"h264","width":1920,"height":1080,"pix_fmt":"yuv420p","avg_frame_rate":"30000/1001""#;
        let film = facts(plain, MP4);
        assert_eq!(film.reasons(), []);
        assert_eq!(film.seconds, Some(12.5));
        for (from, to, reason) in [
            ("h264", "hevc", Reason::Codec),
            ("\"width\":1920", "\"width\":3840", Reason::Size),
            ("\"height\":1080", "\"height\":1920", Reason::Size),
            ("30000/1001", "60/1", Reason::Rate),
            ("yuv420p", "yuv422p", Reason::Pixels),
            ("yuv420p", "yuv420p10le", Reason::Pixels),
        ] {
            let film = facts(&plain.replace(from, to), MP4);
            assert_eq!(film.reasons(), [reason], "{to}");
        }
        let hdr = format!(r#"{plain},"color_transfer":"smpte2084""#);
        assert_eq!(facts(&hdr, MP4).reasons(), [Reason::Hdr]);
        let fat = MP4.replace("4000000", "40000000");
        assert_eq!(facts(plain, &fat).reasons(), [Reason::Bitrate]);
        let avi = facts(plain, r#""format_name":"avi""#);
        assert_eq!(avi.reasons(), [Reason::Container]);
        assert_eq!(avi.seconds, None);
        let standing = plain
            .replace("1920", "1080")
            .replace("\"height\":1080", "\"height\":1920");
        assert_eq!(facts(&standing, MP4).reasons(), []);
    }

    #[test]
    fn what_is_no_film_or_no_answer_is_none() {
        for json in [
            "",
            "{}",
            r#"{"streams":[],"format":{}}"#,
            r#"{"streams":[{"codec_type":"audio"}],"format":{}}"#,
            r#"{"streams":[{"codec_type":"video","width":-1}],"format":{}}"#,
        ] {
            assert_eq!(FilmFacts::of_answer(json.as_bytes()), None, "{json}");
        }
        let odd = facts(r#""avg_frame_rate":"0/0""#, r#""duration":"N/A""#);
        assert_eq!((odd.rate, odd.seconds), (0.0, None));
    }
}
