//! Films that cameras wrote turned and mirrored, beside what ffmpeg itself makes of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use passerby_compose::creative::video::Clip;
use tempfile::TempDir;

use crate::alone;
use crate::clips::{H264, ffmpeg};
use crate::viewer::{luma, shown, tools};

/// The display matrices (a, b, c, d) of the eight ways in which a picture can lie.
const MATRICES: [[i32; 4]; 8] = [
    [1, 0, 0, 1],
    [-1, 0, 0, 1],
    [1, 0, 0, -1],
    [-1, 0, 0, -1],
    [0, 1, -1, 0],
    [0, -1, 1, 0],
    [0, 1, 1, 0],
    [0, -1, -1, 0],
];

/// Writes a display matrix into the track header of an MP4 (ISO 14496-12, section 8.3.2).
fn lay(mp4: &mut [u8], matrix: [i32; 4]) {
    let at = mp4
        .windows(4)
        .position(|kind| kind == b"tkhd")
        .expect("a track");
    assert_eq!(mp4[at + 4], 0, "version 0 of the header");
    let [a, b, c, d] = matrix.map(|number| number * 65_536);
    for (place, number) in [(0, a), (1, b), (3, c), (4, d)] {
        mp4[at + 44 + place * 4..][..4].copy_from_slice(&number.to_be_bytes());
    }
}

/// The luma of the first picture as ffmpeg shows it.
fn shown_by_ffmpeg(path: &Path) -> Vec<u8> {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args(["-frames:v", "1", "-pix_fmt", "nv12", "-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg runs");
    assert!(made.status.success());
    let mut nv12 = made.stdout;
    nv12.truncate(nv12.len() / 3 * 2);
    nv12
}

#[test]
fn all_eight_are_seen_as_ffmpeg_shows_them() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("plain.mp4");
    // A picture that looks like none of its turns and mirrors.
    let source = "testsrc2=s=160x90:r=12:d=0.3,format=yuv420p";
    let args = [&["-f", "lavfi", "-i", source], H264].concat();
    ffmpeg(&args, &path);
    let plain = fs::read(&path).unwrap();
    let mut seen = Vec::new();
    for matrix in MATRICES {
        let mut turned = plain.clone();
        lay(&mut turned, matrix);
        let path = folder.path().join("turned.mp4");
        fs::write(&path, &turned).unwrap();
        let tools = tools();
        let clip = Clip::probe(&tools, &path, "turned.mp4").unwrap();
        let size = if matrix[0] == 0 { (90, 160) } else { (160, 90) };
        assert_eq!(clip.size_px(), size, "{matrix:?}");
        let video = shown(&tools, &clip, (4000, 4000));
        assert_eq!((video.width_px, video.height_px), size, "{matrix:?}");
        let ours = luma(&video.first).to_vec();
        assert!(ours == shown_by_ffmpeg(&path), "{matrix:?}");
        seen.push(ours);
    }
    for (at, one) in seen.iter().enumerate() {
        assert!(!seen[..at].contains(one), "no two of them look the same");
    }
}
