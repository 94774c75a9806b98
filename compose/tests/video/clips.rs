//! Clips that ffmpeg makes, each in a test's own folder.

use std::path::Path;
use std::process::{Command, Stdio};

use passerby_testing::required_program;

pub(crate) const H264: &[&str] = &["-c:v", "libx264", "-preset", "veryfast", "-qp", "1"];
pub(crate) const HEVC: &[&str] = &[
    "-c:v",
    "libx265",
    "-preset",
    "veryfast",
    "-x265-params",
    "qp=4:log-level=none",
];
pub(crate) const VP9: &[&str] = &[
    "-c:v",
    "libvpx-vp9",
    "-cpu-used",
    "6",
    "-crf",
    "2",
    "-b:v",
    "0",
];
pub(crate) const AV1: &[&str] = &[
    "-c:v",
    "libaom-av1",
    "-cpu-used",
    "8",
    "-crf",
    "2",
    "-b:v",
    "0",
];

/// Runs ffmpeg, which must be there and able to do it.
#[track_caller]
pub(crate) fn ffmpeg(args: &[&str], out: &Path) {
    if let Err(said) = try_ffmpeg(args, out) {
        panic!("ffmpeg {args:?}: {said}");
    }
}

/// Runs ffmpeg, which must be there, for what not every version of it can do. The error is what it
/// says.
#[track_caller]
pub(crate) fn try_ffmpeg(args: &[&str], out: &Path) -> Result<(), String> {
    let output = Command::new(required_program("ffmpeg"))
        .args(["-nostdin", "-v", "error", "-y"])
        .args(args)
        .arg(out)
        .stderr(Stdio::piped())
        .output()
        .expect("ffmpeg runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(said)
}

/// A clip of 12 pictures a second whose luma counts them: 16, 24, 32 …
pub(crate) fn counting(path: &Path, size: &str, pictures: u32, coder: &[&str]) {
    let source = format!(
        "color=black:s={size}:r=12:d={},format=yuv420p,geq=lum='16+8*N':cb=128:cr=128",
        f64::from(pictures) / 12.0
    );
    let mut args = vec!["-f", "lavfi", "-i", &source];
    args.extend(coder);
    ffmpeg(&args, path);
}

/// Which picture of a counting clip it is.
pub(crate) fn step(luma: u8) -> u8 {
    luma.saturating_sub(12) / 8
}

pub(crate) fn clip_with_sound(path: &Path) {
    let pictures = "testsrc2=s=320x180:r=12:d=2,format=yuv420p";
    let args = [
        &[
            "-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", "sine=d=2",
        ],
        H264,
        &["-c:a", "aac"],
    ]
    .concat();
    ffmpeg(&args, path);
}
