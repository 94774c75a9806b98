//! What a film is, as ffprobe says it, and why screens had better have another one.

use serde::{Deserialize, Serialize};

use crate::publish::conversion::reason::Reason;

/// The longest and the shorter side of a converted film, in pixels.
pub const SIDES_PX_MAX: (u32, u32) = (1_920, 1_080);
/// Most pictures a second of a converted film.
pub const RATE_MAX: f64 = 30.0;
/// A rate that is written with a thousandth more is the same.
const RATE_SLACK: f64 = 0.01;
/// By how much the finest and the average rate of a film with an even beat differ at most.
const UNEVEN_SHARE: f64 = 0.1;
/// Bits a second above which a film is larger than screens need.
const BITRATE_MAX: u64 = 20_000_000;
/// Rates that cameras and programs that cut films write, and how ffmpeg takes them.
const BEATS: [(f64, &str); 5] = [
    (24_000.0 / 1_001.0, "24000/1001"),
    (24.0, "24"),
    (25.0, "25"),
    (30_000.0 / 1_001.0, "30000/1001"),
    (30.0, "30"),
];

/// A film, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FilmFacts {
    /// What ffmpeg calls its codec.
    pub codec: String,
    /// What ffmpeg calls the codec's profile; empty where it has none.
    pub profile: String,
    /// Pixels across and down, as they are stored.
    pub size_px: (u32, u32),
    /// What ffmpeg calls the form of its pixels.
    pub pixels: String,
    /// Pictures a second, on average.
    pub rate: f64,
    /// Whether its pictures come unevenly.
    pub is_uneven: bool,
    /// Whether each picture is two halves, one after the other.
    pub is_interlaced: bool,
    /// By how many degrees its pictures are to be turned before they are shown.
    pub turned_by: i32,
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
    /// Whether what a player needs first stands behind all pictures.
    pub is_head_last: bool,
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
    profile: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    pix_fmt: String,
    #[serde(default)]
    avg_frame_rate: String,
    #[serde(default)]
    r_frame_rate: String,
    #[serde(default)]
    field_order: String,
    #[serde(default)]
    color_transfer: String,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize)]
struct SideData {
    #[serde(default)]
    rotation: Option<f64>,
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
        let finest = rate_of(&film.r_frame_rate);
        let is_interlaced = matches!(&*film.field_order, "tt" | "bb" | "tb" | "bt");
        let rate = rate_of(&film.avg_frame_rate).or(finest).unwrap_or_default();
        // Fields are counted twice there, and time stamps that are only rough fit anything.
        let is_uneven = finest.is_some_and(|finest| {
            let share = (finest - rate).abs() / finest.max(rate).max(1.0);
            let is_doubled = is_interlaced && (finest - 2.0 * rate).abs() < 1.0;
            share > UNEVEN_SHARE && !is_doubled
        });
        let rotations = film.side_data_list.iter();
        let turned = rotations.filter_map(|data| data.rotation).next();
        Some(Self {
            codec: film.codec_name.clone(),
            profile: film.profile.clone(),
            size_px: (film.width, film.height),
            pixels: film.pix_fmt.clone(),
            rate,
            is_uneven,
            is_interlaced,
            turned_by: turned.map_or(0, whole_degrees),
            seconds,
            bitrate: (probed.format.bit_rate.as_ref()).and_then(|rate| rate.parse().ok()),
            is_hdr: matches!(&*film.color_transfer, "smpte2084" | "arib-std-b67"),
            sound: of("audio").map(|sound| sound.codec_name.clone()),
            is_mp4_or_webm: formats
                .into_iter()
                .any(|name| name == "mp4" || name == "webm"),
            is_head_last: false,
        })
    }

    /// Why screens had better have another one; empty when they play it well as it is.
    pub fn reasons(&self) -> Vec<Reason> {
        let (width, height) = self.size_px;
        let is_8_bit = matches!(&*self.pixels, "yuv420p" | "yuvj420p");
        // VP9 with transparency is what only WebM has; it is not made worse.
        let is_of_webm = matches!(&*self.codec, "vp8" | "vp9");
        let is_known = is_of_webm || self.codec == "h264";
        let is_common_profile = matches!(
            &*self.profile,
            "" | "Constrained Baseline" | "Baseline" | "Main" | "High"
        );
        let is_heard = match self.sound.as_deref() {
            None => true,
            Some("opus" | "vorbis") => is_of_webm,
            Some(codec) => matches!(codec, "aac" | "mp3"),
        };
        let found = [
            (!is_known, Reason::Codec),
            (
                self.codec == "h264" && is_8_bit && !is_common_profile,
                Reason::Profile,
            ),
            (!self.is_mp4_or_webm, Reason::Container),
            (
                width.max(height) > SIDES_PX_MAX.0 || width.min(height) > SIDES_PX_MAX.1,
                Reason::Size,
            ),
            (self.rate > RATE_MAX + RATE_SLACK, Reason::Rate),
            (self.is_uneven, Reason::Uneven),
            (self.is_interlaced, Reason::Interlaced),
            (
                !(is_8_bit || is_of_webm && self.pixels == "yuva420p"),
                Reason::Pixels,
            ),
            (self.is_hdr, Reason::Hdr),
            (
                self.bitrate.is_some_and(|rate| rate > BITRATE_MAX),
                Reason::Bitrate,
            ),
            (self.turned_by != 0, Reason::Turned),
            (!is_heard, Reason::Sound),
            (self.is_head_last, Reason::HeadLast),
        ];
        let found = found.into_iter().filter(|(is_so, _)| *is_so);
        found.map(|(_, reason)| reason).collect()
    }

    /// The even beat that its pictures are brought into, as ffmpeg takes it; none where it has one
    /// that is slow enough.
    pub(super) fn new_beat(&self) -> Option<&'static str> {
        if !self.is_uneven && self.rate <= RATE_MAX + RATE_SLACK {
            return None;
        }
        // Of a fast film every second picture is left, or every fourth.
        let mut rate = self.rate;
        while rate.is_finite() && rate > RATE_MAX + 1.0 {
            rate /= 2.0;
        }
        let nearest = BEATS
            .into_iter()
            .find(|(beat, _)| (beat - rate).abs() < RATE_SLACK);
        Some(nearest.map_or("30", |(_, beat)| beat))
    }
}

/// Reads a rate such as `30000/1001`.
fn rate_of(text: &str) -> Option<f64> {
    let (over, under) = text.split_once('/')?;
    let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
    (under > 0.0 && over > 0.0).then(|| over / under)
}

/// Degrees between -180 and 180; nonsense is none.
fn whole_degrees(degrees: f64) -> i32 {
    if !degrees.is_finite() {
        return 0;
    }
    // Within the range of the type.
    #[allow(clippy::cast_possible_truncation)]
    let whole = (degrees % 360.0).round() as i32;
    whole % 360
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
    const PLAIN: &str = r#""codec_name":"h264","profile":"High","width":1920,"height":1080,"pix_fmt":"yuv420p","avg_frame_rate":"30000/1001","r_frame_rate":"30000/1001","field_order":"progressive""#;

    #[test]
    fn what_screens_play_well_is_left_as_it_is_and_everything_else_has_its_reasons() {
        let film = facts(PLAIN, MP4);
        assert_eq!(film.reasons(), []);
        assert_eq!(film.seconds, Some(12.5));
        for (from, to, reasons) in [
            ("h264", "hevc", vec![Reason::Codec]),
            ("h264", "av1", vec![Reason::Codec]),
            ("\"High\"", "\"Main\"", vec![]),
            ("\"High\"", "\"Extended\"", vec![Reason::Profile]),
            ("\"width\":1920", "\"width\":3840", vec![Reason::Size]),
            ("\"height\":1080", "\"height\":1920", vec![Reason::Size]),
            ("30000/1001", "60/1", vec![Reason::Rate]),
            (
                "\"r_frame_rate\":\"30000/1001\"",
                "\"r_frame_rate\":\"30/1\"",
                vec![],
            ),
            // What a phone writes that drops pictures in the dark.
            (
                "\"r_frame_rate\":\"30000/1001\"",
                "\"r_frame_rate\":\"60/1\"",
                vec![Reason::Uneven],
            ),
            (
                "\"r_frame_rate\":\"30000/1001\"",
                "\"r_frame_rate\":\"90000/1\"",
                vec![Reason::Uneven],
            ),
            ("progressive", "tt", vec![Reason::Interlaced]),
            ("yuv420p", "yuv422p", vec![Reason::Pixels]),
            ("yuv420p", "yuv420p10le", vec![Reason::Pixels]),
            (
                "\"field_order\"",
                "\"side_data_list\":[{\"side_data_type\":\"Display Matrix\",\"rotation\":-90}],\"field_order\"",
                vec![Reason::Turned],
            ),
            (
                "\"field_order\"",
                "\"color_transfer\":\"smpte2084\",\"field_order\"",
                vec![Reason::Hdr],
            ),
        ] {
            let film = facts(&PLAIN.replace(from, to), MP4);
            assert_eq!(film.reasons(), reasons, "{to}");
        }
        let fat = MP4.replace("4000000", "40000000");
        assert_eq!(facts(PLAIN, &fat).reasons(), [Reason::Bitrate]);
        let avi = facts(PLAIN, r#""format_name":"avi""#);
        assert_eq!(avi.reasons(), [Reason::Container]);
        assert_eq!(avi.seconds, None);
        let standing = PLAIN
            .replace("1920", "1080")
            .replace("\"height\":1080", "\"height\":1920");
        assert_eq!(facts(&standing, MP4).reasons(), []);
    }

    #[test]
    fn a_film_of_a_phone_has_all_its_reasons_at_once() {
        let phone = r#""codec_name":"hevc","profile":"Main 10","width":3840,"height":2160,"pix_fmt":"yuv420p10le","avg_frame_rate":"35880/599","r_frame_rate":"60/1","color_transfer":"arib-std-b67","side_data_list":[{"side_data_type":"DOVI configuration record"},{"rotation":-90}]"#;
        let film = facts(phone, &MP4.replace("4000000", "53000000"));
        assert_eq!(
            film.reasons(),
            [
                Reason::Codec,
                Reason::Size,
                Reason::Rate,
                Reason::Pixels,
                Reason::Hdr,
                Reason::Bitrate,
                Reason::Turned
            ]
        );
        assert_eq!(film.turned_by, -90);
        assert_eq!(film.new_beat(), Some("30"));
    }

    #[test]
    fn sound_and_the_place_of_the_head_touch_no_picture() {
        let with = |sound: &str| {
            let stream = format!(r#"{PLAIN}}},{{"codec_type":"audio","codec_name":"{sound}""#);
            facts(&stream, MP4)
        };
        assert_eq!(with("aac").reasons(), []);
        assert_eq!(with("mp3").reasons(), []);
        for sound in ["pcm_s16le", "ac3", "amr_nb", "opus"] {
            assert_eq!(with(sound).reasons(), [Reason::Sound], "{sound}");
        }
        let mut last = with("ac3");
        last.is_head_last = true;
        assert_eq!(last.reasons(), [Reason::Sound, Reason::HeadLast]);
        assert!(last.reasons().iter().all(|reason| !reason.is_of_pictures()));
        let webm = PLAIN.replace("h264", "vp9").replace("High", "Profile 0");
        let stream = format!(r#"{webm}}},{{"codec_type":"audio","codec_name":"opus""#);
        assert_eq!(
            facts(&stream, r#""format_name":"matroska,webm""#).reasons(),
            []
        );
    }

    #[test]
    fn fast_and_uneven_films_get_an_even_beat() {
        for (rate, is_uneven, beat) in [
            (30.0, false, None),
            (12.0, false, None),
            (60.0, false, Some("30")),
            (59.94, false, Some("30000/1001")),
            (50.0, false, Some("25")),
            (48.0, false, Some("24")),
            (120.0, false, Some("30")),
            (240.0, false, Some("30")),
            (43.0, false, Some("30")),
            (25.0, true, Some("25")),
            (7.3, true, Some("30")),
            (f64::INFINITY, false, Some("30")),
        ] {
            let film = FilmFacts {
                rate,
                is_uneven,
                ..FilmFacts::default()
            };
            assert_eq!(film.new_beat(), beat, "{rate}");
        }
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
        let odd = facts(
            r#""avg_frame_rate":"0/0","side_data_list":[{"rotation":1e300}]"#,
            r#""duration":"N/A""#,
        );
        assert_eq!((odd.rate, odd.seconds), (0.0, None));
    }
}
