//! Reads the codes of captured frames back, with readers that did not draw them, and compares them
//! with what the frames are said to show.
//!
//! Invariants: a steady frame has exactly the codes of its notes; a frame in transition has at most
//! one code a zone, and it is the old or the new one. Where rqrr is at a loss, as it is now and
//! then, zbarimg looks.

#![allow(
    dead_code,
    clippy::expect_used,
    reason = "each of the tests that share this file uses its part of it, and may fail at once"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::process::Command;

use passerby_testing::required_program;

use passerby_playout::screen::area::Area;
use serde_json::Value;

/// What was read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameTally {
    /// Frames whose codes had to be those of their notes.
    pub(crate) steady: u64,
    /// Frames between two slides.
    pub(crate) in_transition: u64,
    /// Codes that were read in all of them.
    pub(crate) codes: u64,
}

impl fmt::Display for FrameTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} codes read in {} steady frames and {} in transition",
            self.codes, self.steady, self.in_transition
        )
    }
}

/// Reads every frame of a capture folder.
///
/// # Panics
/// A code is missing, is too much or says something else.
pub(crate) fn read_capture(folder: &Path) -> FrameTally {
    let lines = std::fs::read_to_string(folder.join("frames.jsonl")).expect("frames.jsonl");
    let notes: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect();
    let mut tally = FrameTally::default();
    for (at, note) in notes.iter().enumerate() {
        let file = folder.join(note["file"].as_str().expect("a file"));
        let picture = image::open(&file).expect("a picture").to_rgba8();
        let wanted = urls(note);
        if note["transition"] == true {
            // The note names the slide whose code can be read; at the edges of a step it may be the
            // other one.
            let mut known = wanted.clone();
            let before = notes[..at].iter().rev();
            let after = notes[at + 1..].iter();
            known.extend(
                before
                    .clone()
                    .find(|note| note["transition"] == false)
                    .map(urls)
                    .unwrap_or_default(),
            );
            known.extend(
                after
                    .clone()
                    .find(|note| note["transition"] == false)
                    .map(urls)
                    .unwrap_or_default(),
            );
            // Short plays may be missed between two captures.
            known.extend(before.take(1).chain(after.take(1)).flat_map(urls));
            let seen = codes(picture.width(), picture.as_raw());
            assert!(seen.is_subset(&known), "{note}: {seen:?}, not of {known:?}");
            assert!(seen.len() <= zones(note), "{note}: {seen:?}");
            tally.in_transition += 1;
            tally.codes += seen.len() as u64;
        } else {
            tally.codes += expect_codes(
                picture.width(),
                picture.as_raw(),
                &wanted,
                &note.to_string(),
            );
            tally.steady += 1;
        }
    }
    println!("{}: {tally}", folder.display());
    tally
}

/// The links that a frame's note names, of every zone.
fn urls(note: &Value) -> BTreeSet<String> {
    let zones = note["zones"].as_array();
    let covered = zones.is_some_and(|zones| zones.iter().any(|zone| zone["zone"] == 255));
    let of = |note: &Value| note["url"].as_str().map(str::to_owned);
    match zones {
        Some(zones) if !covered => zones.iter().filter_map(of).collect(),
        _ => of(note).into_iter().collect(),
    }
}

fn zones(note: &Value) -> usize {
    note["zones"].as_array().map_or(1, Vec::len)
}

/// Reads the codes of a steady frame and returns how many they were.
///
/// # Panics
/// They are not exactly those that are wanted.
pub(crate) fn expect_codes(
    width_px: u32,
    rgba: &[u8],
    wanted: &BTreeSet<String>,
    what: &str,
) -> u64 {
    let mut seen = codes(width_px, rgba);
    if seen != *wanted && seen.is_subset(wanted) {
        // Before anything is called missing.
        seen.extend(zbarimg(width_px, rgba));
    }
    assert_eq!(seen, *wanted, "{what}");
    seen.len() as u64
}

/// Copies a part of a frame.
pub(crate) fn cut_out(width_px: u32, rgba: &[u8], part: Area) -> Vec<u8> {
    let row = width_px as usize * 4;
    (part.y..part.bottom())
        .flat_map(|y| {
            let start = y as usize * row;
            &rgba[start + part.x as usize * 4..start + part.right() as usize * 4]
        })
        .copied()
        .collect()
}

/// Reads the only code of a picture; `None` when there is none, or more than one.
pub(crate) fn only_code(width_px: u32, rgba: &[u8]) -> Option<String> {
    let mut seen = codes(width_px, rgba);
    if seen.is_empty() {
        seen = zbarimg(width_px, rgba);
    }
    (seen.len() == 1).then(|| seen.pop_first()).flatten()
}

/// All codes that rqrr reads in a frame.
pub(crate) fn codes(width_px: u32, rgba: &[u8]) -> BTreeSet<String> {
    let width = width_px as usize;
    let height = rgba.len() / 4 / width;
    let grey = |x: usize, y: usize| {
        let at = (y * width + x) * 4;
        let [red, green, blue] = [rgba[at], rgba[at + 1], rgba[at + 2]].map(u32::from);
        u8::try_from((299 * red + 587 * green + 114 * blue) / 1_000).expect("a byte")
    };
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let grids = picture.detect_grids();
    grids
        .iter()
        .filter_map(|grid| grid.decode().ok())
        .map(|(_, text)| text)
        .collect()
}

/// All codes that zbar reads in a frame.
pub(crate) fn zbarimg(width_px: u32, rgba: &[u8]) -> BTreeSet<String> {
    let height_px = u32::try_from(rgba.len() / 4 / width_px as usize).expect("rows");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("frame.png");
    image::save_buffer(&file, rgba, width_px, height_px, image::ColorType::Rgba8)
        .expect("writes a picture");
    let output = Command::new(required_program("zbarimg"))
        .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"])
        .arg(&file)
        .output()
        .expect("zbarimg runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}
