//! Films that were cut off or damaged, and what is told of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crossbeam_channel::bounded;
use passerby_protocol::Digest;
use passerby_testing::required_program;

use super::*;
use crate::creative::video::whole::background::MACHINE_MAX;

fn tools() -> Tools {
    Tools::with(None, Some(DecoderKind::Software), "/")
}

/// A film of eight seconds of noise.
fn film(folder: &Path, name: &str, options: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let source = "testsrc2=s=160x90:r=25:d=8,noise=alls=20:allf=t,format=yuv420p";
    let made = Command::new(required_program("ffmpeg"))
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", source])
        .args(options)
        .arg(&path)
        .status();
    assert!(made.expect("ffmpeg runs").success());
    path
}

fn missing_of(path: &Path, patience: Duration) -> Option<String> {
    let clip = Clip::probe(&tools(), path, "film").expect("a clip");
    what_is_missing_within(&tools(), &clip, None, Budget::Clock(patience))
        .expect("it has a first picture")
}

const H264: [&str; 8] = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-g",
    "25",
    "-movflags",
    "+faststart",
];
const FRAGMENTS: [&str; 8] = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-g",
    "25",
    "-movflags",
    "+frag_keyframe+default_base_moof",
];
const VP9: [&str; 6] = [
    "-c:v",
    "libvpx-vp9",
    "-cpu-used",
    "8",
    "-deadline",
    "realtime",
];

#[test]
fn a_film_that_was_cut_off_is_told_from_a_whole_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, options) in [("a.mp4", &H264[..]), ("b.webm", &VP9)] {
        let path = film(folder.path(), name, options);
        assert_eq!(missing_of(&path, DECODE_MAX), None, "{name}");
        let bytes = fs::read(&path).expect("reads");
        for share in [2, 4] {
            fs::write(&path, &bytes[..bytes.len() / share]).expect("writes");
            let said = missing_of(&path, DECODE_MAX).expect(name);
            assert!(said.starts_with("film: only "), "{name}: {said}");
            assert!(
                said.contains(" s of 8.0 s can be decoded; copy it"),
                "{said}"
            );
        }
    }
}

/// Films that were cut off after a half, with their digests, and what a screen is told of all
/// that are put in line.
fn told_of(
    (looks, tools): (&BackgroundLooks, &Tools),
    films: &[(&Path, Digest)],
    machine_max: Duration,
) -> Vec<String> {
    let (found, told) = bounded(8);
    for (path, digest) in films {
        let name = path.file_name().expect("a name").to_string_lossy();
        let look = BackgroundLook {
            clip: Clip::probe(tools, path, &name).expect("a clip"),
            digest: *digest,
            campaign: "cafe".to_owned(),
            found: found.clone(),
        };
        looks.look_through_within(tools, look, machine_max);
    }
    // What is told ends with the thread that looks.
    drop(found);
    told.iter().collect()
}

fn cut_off(folder: &Path, name: &str) -> PathBuf {
    let path = film(folder, name, &H264);
    let bytes = fs::read(&path).expect("reads");
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("writes");
    path
}

#[test]
fn a_screen_is_told_once_of_each_film_whose_end_no_slot_reaches() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["a.mp4", "b.mp4"].map(|name| cut_off(folder.path(), name));
    let whole = film(folder.path(), "whole.mp4", &H264);
    let [a, b] = [&paths[0], &paths[1]].map(PathBuf::as_path);
    let [one, two, three] = [b"1", b"2", b"3"].map(|bytes| Digest::of(bytes));
    // The second is shown while the first is looked at, and never again.
    let films = [(a, one), (b, two), (whole.as_path(), three), (a, one)];
    let (looks, tools) = (BackgroundLooks::default(), tools());
    let told = told_of((&looks, &tools), &films, MACHINE_MAX);
    let judged: Vec<String> = [a, b]
        .iter()
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            let clip = Clip::probe(&tools, path, &name).expect("a clip");
            let missing = what_is_missing(&tools, &clip).expect("it has a first picture");
            format!("cafe: {}", missing.expect("it is cut off"))
        })
        .collect();
    assert_eq!(told, judged, "check and the screen say the same");
    assert_eq!(told_of((&looks, &tools), &films, MACHINE_MAX), [""; 0]);
}

#[test]
fn a_film_that_was_taken_away_is_looked_at_when_it_comes_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = cut_off(folder.path(), "a.mp4");
    let (looks, tools, digest) = (BackgroundLooks::default(), tools(), Digest::of(b"film"));
    let clip = Clip::probe(&tools, &path, "a.mp4").expect("a clip");
    let bytes = fs::read(&path).expect("reads");
    fs::remove_file(&path).expect("removes");
    let (found, told) = bounded(8);
    let look = |clip: &Clip| BackgroundLook {
        clip: clip.clone(),
        digest,
        campaign: String::new(),
        found: found.clone(),
    };
    looks.look_through_within(&tools, look(&clip), MACHINE_MAX);
    while looks.knows(&digest) {
        thread::yield_now();
    }
    fs::write(&path, bytes).expect("writes");
    looks.look_through_within(&tools, look(&clip), MACHINE_MAX);
    drop(found);
    let told: Vec<String> = told.iter().collect();
    assert_eq!(told.len(), 1, "{told:?}");
}

/// An ffmpeg that does something else before it decodes a film.
fn ffmpeg_after(folder: &Path, something: &str) -> PathBuf {
    let path = folder.join("ffmpeg");
    let ffmpeg = required_program("ffmpeg");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *rawvideo*) {something};; esac\nexec '{}' \"$@\"\n",
        Path::new(&ffmpeg).display()
    );
    fs::write(&path, script).expect("writes");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&path, mode).expect("it may run");
    path
}

/// What is told of a film of which a half is missing.
fn told_with(something: &str, machine_max: Duration) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = cut_off(folder.path(), "a.mp4");
    let ffmpeg = ffmpeg_after(folder.path(), something);
    let tools = Tools::with(Some(ffmpeg), Some(DecoderKind::Software), "/");
    let told = told_of(
        (&BackgroundLooks::default(), &tools),
        &[(&path, Digest::of(b"film"))],
        machine_max,
    );
    assert_eq!(told.len(), 1, "{told:?}");
    told.concat()
}

#[test]
fn what_the_background_may_take_is_the_machines_time_and_not_the_clocks() {
    let told = told_with("sleep 4", Duration::from_secs(3));
    assert!(told.starts_with("cafe: a.mp4: only "), "{told}");
}

#[test]
fn of_a_film_that_takes_more_than_the_machines_time_the_end_is_looked_at() {
    let work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    let told = told_with(work, Duration::ZERO);
    let wanted = "cafe: a.mp4: its last 5.0 s cannot be decoded";
    assert!(told.starts_with(wanted), "{told}");
}

#[test]
fn damage_in_the_middle_of_a_film_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = film(folder.path(), "a.mp4", &H264);
    let mut bytes = fs::read(&path).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0);
    fs::write(&path, &bytes).expect("writes");
    let said = missing_of(&path, DECODE_MAX).expect("it is damaged");
    assert!(said.starts_with("film: it is damaged ("), "{said}");
    assert!(said.contains("; copy it again"), "{said}");
}

#[test]
fn the_end_alone_tells_that_a_long_film_was_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let films = [
        ("a.mp4", &H264[..]),
        ("b.mp4", &FRAGMENTS),
        ("c.webm", &VP9),
    ];
    for (name, options) in films {
        let path = film(folder.path(), name, options);
        assert_eq!(missing_of(&path, Duration::ZERO), None, "{name}");
        let bytes = fs::read(&path).expect("reads");
        fs::write(&path, &bytes[..bytes.len() / 4]).expect("writes");
        let said = missing_of(&path, Duration::ZERO).expect(name);
        // A film in fragments does not say how long it was.
        let wanted = match name {
            "b.mp4" => "film: it is damaged (",
            _ => "film: its last 5.0 s cannot be decoded; copy it again",
        };
        assert!(said.starts_with(wanted), "{name}: {said}");
    }
}
