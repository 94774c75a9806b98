//! Who decodes: hardware where it really works, else software.
//!
//! Invariants:
//! - Hardware works when its devices are there and it has decoded a small sample of the same codec
//!   to the colours that the sample has, without a complaint, within [`SAMPLE_WAIT_MAX`]. Software
//!   is always there.
//! - A decoder that cannot use its hardware fails; it never turns to software without a word.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::creative::supervise::{Patience, error_text, run};
use crate::creative::video::programs::{Input, ProgramBounds, Programs};

/// How long one decoder may take for the sample.
const SAMPLE_WAIT_MAX: Patience = Patience::of_work(Duration::from_secs(3));
/// Size of the samples in pixels.
const SAMPLE_PX: (usize, usize) = (320, 192);
/// Luma, Cb and Cr of the sample's quarters, row by row.
const SAMPLE_QUARTERS: [[u8; 3]; 4] = [
    [60, 90, 160],
    [110, 160, 160],
    [160, 90, 90],
    [210, 160, 90],
];
/// How far a decoder may be off in the middle of a quarter.
const SAMPLE_TOLERANCE: u8 = 4;

/// How the pictures of a video are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// H.264, also called AVC.
    H264,
    /// H.265, also called HEVC.
    Hevc,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// VP8; played by software alone, as those after it.
    Vp8,
    /// Apple ProRes.
    ProRes,
    /// QuickTime Animation.
    Animation,
    /// PNG pictures one after the other.
    Png,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::H264,
        Self::Hevc,
        Self::Vp9,
        Self::Av1,
        Self::Vp8,
        Self::ProRes,
        Self::Animation,
        Self::Png,
    ];

    /// Finds the one that ffmpeg calls `name`.
    pub(super) fn of_ffmpeg(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.ffmpeg_name() == name)
    }

    const fn ffmpeg_name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Vp9 => "vp9",
            Self::Av1 => "av1",
            Self::Vp8 => "vp8",
            Self::ProRes => "prores",
            Self::Animation => "qtrle",
            Self::Png => "png",
        }
    }

    /// What people call it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
            Self::Vp8 => "VP8",
            Self::ProRes => "ProRes",
            Self::Animation => "QuickTime Animation",
            Self::Png => "PNG",
        }
    }

    /// A sample that we made, and what ffmpeg calls its form; none for what only software decodes.
    const fn sample(self) -> Option<(&'static [u8], &'static str)> {
        Some(match self {
            Self::H264 => (include_bytes!("samples/h264.bin"), "h264"),
            Self::Hevc => (include_bytes!("samples/hevc.bin"), "hevc"),
            Self::Vp9 => (include_bytes!("samples/vp9.bin"), "ivf"),
            Self::Av1 => (include_bytes!("samples/av1.bin"), "ivf"),
            Self::Vp8 | Self::ProRes | Self::Animation | Self::Png => return None,
        })
    }

    /// Whether hardware may decode it.
    pub(super) const fn may_be_hardware(self) -> bool {
        self.sample().is_some()
    }
}

/// Who decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecoderKind {
    /// The codec block of a Raspberry Pi up to 4 and of many boards.
    V4l2M2m,
    /// Blocks that are led frame by frame: HEVC on a Raspberry Pi 4 and 5, Rockchip, Allwinner.
    V4l2Request,
    /// Intel and AMD graphics.
    Vaapi,
    /// NVIDIA graphics.
    Cuda,
    /// The processor.
    Software,
}

impl DecoderKind {
    /// What people write, in the order in which they are tried.
    pub const WORDS: [(&str, Self); 5] = [
        ("v4l2m2m", Self::V4l2M2m),
        ("v4l2request", Self::V4l2Request),
        ("vaapi", Self::Vaapi),
        ("cuda", Self::Cuda),
        ("software", Self::Software),
    ];

    /// Finds the one that people call `word`.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|&(_, kind)| kind)
    }

    /// What people call it.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("software", |(word, _)| word)
    }

    /// What its programs may do.
    pub(super) const fn bounds(self) -> ProgramBounds {
        match self {
            Self::Software => ProgramBounds::Reader,
            _ => ProgramBounds::Driver,
        }
    }

    /// What ffmpeg is told before the input.
    pub(super) fn before_input(self, codec: Codec) -> Vec<OsString> {
        let words: &[&str] = match self {
            Self::V4l2M2m => {
                return vec![
                    "-c:v".into(),
                    format!("{}_v4l2m2m", codec.ffmpeg_name()).into(),
                ];
            }
            Self::V4l2Request => &["-hwaccel", "drm"],
            Self::Vaapi => &[
                "-hwaccel",
                "vaapi",
                "-hwaccel_device",
                VAAPI_DEVICE,
                "-hwaccel_output_format",
                "vaapi",
            ],
            Self::Cuda => &["-hwaccel", "cuda", "-hwaccel_output_format", "cuda"],
            Self::Software => &[],
        };
        words.iter().map(OsString::from).collect()
    }

    /// The filter that brings its pictures into main memory; none when they are there. A decoder
    /// that silently falls back to software fails in it.
    pub(super) const fn download(self, has_ten_bits: bool) -> Option<&'static str> {
        match (self, has_ten_bits) {
            (Self::Vaapi | Self::Cuda, false) => Some("hwdownload,format=nv12"),
            (Self::Vaapi | Self::Cuda, true) => Some("hwdownload,format=p010le"),
            _ => None,
        }
    }

    /// Says which device is missing.
    pub(super) fn missing(self, root: &Path) -> Option<String> {
        let wants = |path: &str| {
            let is_there = root.join(path.trim_start_matches('/')).exists();
            (!is_there).then(|| format!("no {path}"))
        };
        match self {
            Self::V4l2M2m => {
                let is_there = video_nodes(root).iter().any(|name| {
                    name.contains("codec") || name.ends_with("dec") || name.contains("decode")
                });
                (!is_there).then(|| "no decoder among /dev/video*".to_owned())
            }
            Self::V4l2Request => wants("/dev/media0"),
            Self::Vaapi => wants(VAAPI_DEVICE),
            Self::Cuda => wants("/dev/nvidia0"),
            Self::Software => None,
        }
    }

    /// Decodes the sample and says what was wrong.
    pub(super) fn try_sample(self, programs: &Programs, codec: Codec) -> Result<(), String> {
        let Some((sample, form)) = codec.sample() else {
            return Err("only software decodes it".to_owned());
        };
        let mut command =
            programs.reader(self.bounds(), &self.before_input(codec), &Input::Pipe(form));
        let download = self
            .download(false)
            .map_or_else(String::new, |f| f.to_owned() + ",");
        command.args(["-map", "0:v:0", "-frames:v", "1"]);
        command.args(["-vf", &format!("{download}format=nv12")]);
        command.args(["-f", "rawvideo", "pipe:1"]);
        let (width, height) = SAMPLE_PX;
        let bytes = width * height * 3 / 2;
        let output =
            run(&mut command, sample, bytes, SAMPLE_WAIT_MAX).map_err(|error| error.to_string())?;
        if let Some(words) = error_text(&output.said) {
            return Err(words);
        }
        if sample_is_right(&output.made) {
            Ok(())
        } else {
            Err("it decodes to wrong colours".to_owned())
        }
    }
}

impl fmt::Display for DecoderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The first graphics card.
const VAAPI_DEVICE: &str = "/dev/dri/renderD128";

/// Names of the drivers behind /dev/video*.
fn video_nodes(root: &Path) -> Vec<String> {
    let folder = root.join("sys/class/video4linux");
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(64)
        .filter_map(|entry| fs::read_to_string(entry.path().join("name")).ok())
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

/// Looks at the middle of each quarter.
fn sample_is_right(nv12: &[u8]) -> bool {
    let (width, height) = SAMPLE_PX;
    if nv12.len() != width * height * 3 / 2 {
        return false;
    }
    SAMPLE_QUARTERS.iter().enumerate().all(|(quarter, wanted)| {
        let x = width / 4 + quarter % 2 * width / 2;
        let y = height / 4 + quarter / 2 * height / 2;
        let pair = width * height + y / 2 * width + x;
        let is = [nv12[y * width + x], nv12[pair], nv12[pair + 1]];
        wanted
            .iter()
            .zip(is)
            .all(|(wanted, is)| wanted.abs_diff(is) <= SAMPLE_TOLERANCE)
    })
}

#[cfg(test)]
mod tests {
    use passerby_testing::required_program;

    use super::*;
    use crate::creative::video::tools::Tools;

    #[test]
    fn software_decodes_every_sample_to_its_colours() {
        let tools = Tools::with(None, None, "/");
        required_program("ffmpeg");
        let programs = tools.programs().expect("ffmpeg");
        for codec in Codec::ALL
            .into_iter()
            .filter(|codec| codec.may_be_hardware())
        {
            assert_eq!(
                DecoderKind::Software.try_sample(programs, codec),
                Ok(()),
                "{codec:?}"
            );
        }
    }

    #[test]
    fn wrong_colours_and_cut_pictures_are_not_right() {
        let (width, height) = SAMPLE_PX;
        assert!(!sample_is_right(&vec![0; width * height * 3 / 2]));
        assert!(!sample_is_right(&[]));
    }
}
