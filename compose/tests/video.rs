//! Videos as people see them: real clips, made here with ffmpeg, through the public door.
//!
//! Time is simulated: a test says how late it is and waits for the decoder, so it holds on any machine. Tests take
//! turns, since they count the children, threads and pipes of this process.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that cannot go on says where"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use passerby_compose::settings::Sound;
use passerby_compose::slide::{Matrix, MovingPicture, Patch, Plane, Reel, VideoCoding};
use passerby_compose::video::{
    Clip, Codec, DecoderKind, Nv12, Showing, Tools, Video, nv12_of_rgb, open, rgb_of_yuv,
};
use passerby_playout::show::{ComposeError, Health};
use tempfile::TempDir;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tools() -> Tools {
    Tools::with(None, Some(DecoderKind::Software), "/")
}

/// Runs ffmpeg; `false` with a printed reason when it cannot do that here.
fn ffmpeg(args: &[&str], out: &Path) -> bool {
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(args)
        .arg(out)
        .stderr(Stdio::piped())
        .output();
    match made {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
            false
        }
        Err(error) => {
            eprintln!("skipped: ffmpeg: {error}");
            false
        }
    }
}

const H264: &[&str] = &["-c:v", "libx264", "-preset", "veryfast", "-qp", "1"];
const HEVC: &[&str] = &[
    "-c:v",
    "libx265",
    "-preset",
    "veryfast",
    "-x265-params",
    "qp=4:log-level=none",
];
const VP9: &[&str] = &[
    "-c:v",
    "libvpx-vp9",
    "-cpu-used",
    "6",
    "-crf",
    "2",
    "-b:v",
    "0",
];
const AV1: &[&str] = &[
    "-c:v",
    "libaom-av1",
    "-cpu-used",
    "8",
    "-crf",
    "2",
    "-b:v",
    "0",
];

/// A clip of 12 pictures a second whose luma counts them: 16, 24, 32 …
fn counting(path: &Path, size: &str, pictures: u32, coder: &[&str]) -> bool {
    let source = format!(
        "color=black:s={size}:r=12:d={},format=yuv420p,geq=lum='16+8*N':cb=128:cr=128",
        f64::from(pictures) / 12.0
    );
    let mut args = vec!["-f", "lavfi", "-i", &source];
    args.extend(coder);
    ffmpeg(&args, path)
}

/// Which picture of a counting clip it is.
fn step(luma: u8) -> u8 {
    luma.saturating_sub(12) / 8
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn opened(path: &Path, health: &Health, poster: Option<u8>) -> Result<Video, ComposeError> {
    let tools = tools();
    let clip = Clip::probe(&tools, path, &name_of(path))?;
    let mut poster = |width: u32, height: u32, coding| {
        let grey = [poster?; 3].repeat(width as usize * height as usize);
        nv12_of_rgb(&grey, width, height, coding)
    };
    let showing = Showing {
        shown_px: (4000, 4000),
        sound: None,
        poster: &mut poster,
        health: health.clone(),
    };
    open(&tools, &clip, showing)
}

fn luma(picture: &MovingPicture) -> &[u8] {
    let MovingPicture::Nv12 { luma, .. } = picture else {
        panic!("not a video");
    };
    luma
}

/// The picture at the place of a number on the beat of the counting clips.
fn beat(number: u64) -> Duration {
    Duration::from_nanos(number * 1_000_000_000 / 12 + 1)
}

/// Asks until there is a picture, and returns its first luma and when the reel wants to be asked again.
fn next_picture(reel: &mut dyn Reel, at: Duration) -> (u8, Option<Duration>) {
    let until = Instant::now() + PATIENCE;
    let mut due: Vec<Patch> = Vec::new();
    loop {
        let again = reel.advance(at, &mut due);
        let luma = due.iter().rev().find(|patch| patch.plane == Plane::Moving);
        if let Some(patch) = luma {
            assert_eq!(
                patch.bytes.len(),
                (patch.area.width * patch.area.height) as usize
            );
            let chroma = due.iter().find(|patch| patch.plane == Plane::Chroma);
            assert_eq!(
                chroma.unwrap().bytes.len(),
                (patch.area.width * patch.area.height / 2) as usize
            );
            return (patch.bytes[0], again);
        }
        assert!(again.is_some(), "the reel is over at {at:?}");
        assert!(Instant::now() < until, "no picture at {at:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Asks at the given times and later, until the reel is over; returns the last luma.
fn until_over(reel: &mut dyn Reel, mut at: Duration) -> Option<u8> {
    let until = Instant::now() + PATIENCE;
    let mut last = None;
    loop {
        let mut due = Vec::new();
        let again = reel.advance(at, &mut due);
        let luma = due.iter().rev().find(|patch| patch.plane == Plane::Moving);
        last = luma.map(|patch| patch.bytes[0]).or(last);
        if again.is_none() {
            return last;
        }
        assert!(Instant::now() < until, "it never ends");
        thread::sleep(Duration::from_millis(5));
        at += Duration::from_millis(50);
    }
}

/// Process ids of the children of this process, or of another, that are called `name`.
fn children(parent: u32, name: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let Some((head, tail)) = stat.rsplit_once(')') else {
            continue;
        };
        let is_child = tail.split_whitespace().nth(1) == Some(&parent.to_string());
        if is_child && head.ends_with(&format!("({name}")) {
            found.push(id);
        }
    }
    found
}

fn our_children() -> Vec<u32> {
    ["ffmpeg", "ffprobe", "sleep", "sh", "setpriv", "prlimit"]
        .iter()
        .flat_map(|name| children(std::process::id(), name))
        .collect()
}

fn signal(id: u32, signal: &str) {
    let status = Command::new("kill")
        .args([signal, &id.to_string()])
        .status();
    assert!(status.unwrap().success());
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn every_codec_plays_at_its_times_and_again_from_the_beginning() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    for (file, codec, coder) in [
        ("h264.mp4", Codec::H264, H264),
        ("hevc.mp4", Codec::Hevc, HEVC),
        ("vp9.webm", Codec::Vp9, VP9),
        ("av1.webm", Codec::Av1, AV1),
    ] {
        let path = folder.path().join(file);
        if !counting(&path, "64x36", 12, coder) {
            continue;
        }
        let clip = Clip::probe(&tools(), &path, file).unwrap();
        assert_eq!(clip.codec(), codec);
        let health = Health::default();
        let mut video = opened(&path, &health, None).unwrap();
        assert_eq!((video.width_px, video.height_px), (64, 36));
        assert_eq!(step(luma(&video.first)[0]), 0, "{file}");
        video.reel.begin();
        let mut due = Vec::new();
        let again = video.reel.advance(Duration::ZERO, &mut due);
        assert!(due.is_empty(), "{file}: picture 1 came too early");
        assert!(again.unwrap() > Duration::from_millis(80));
        for number in 1..30 {
            let (luma, again) = next_picture(video.reel.as_mut(), beat(number));
            assert_eq!(u64::from(step(luma)), number % 12, "{file}: {number}");
            let again = again.unwrap();
            assert!(again > beat(number) && again <= beat(number + 1));
        }
        assert_eq!(health.trouble(), None, "{file}");
    }
}

#[test]
fn a_slow_stage_sees_the_newest_picture_only() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("long.mp4");
    if !counting(&path, "320x180", 24, H264) {
        return;
    }
    let health = Health::default();
    let mut video = opened(&path, &health, None).unwrap();
    video.reel.begin();
    // More pictures are due than may wait, so it takes some asking until the newest has come.
    for number in [9, 10, 20] {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while seen.last().copied() != Some(number) {
            seen.push(step(
                next_picture(video.reel.as_mut(), beat(number.into())).0,
            ));
            assert!(Instant::now() < until, "{seen:?}");
        }
        assert!(seen.is_sorted(), "{seen:?}");
    }
    assert_eq!(health.trouble(), None);
}

#[test]
fn a_stage_that_paused_catches_up_and_a_decoder_that_is_slow_is_named() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    if !counting(&path, "64x36", 12, H264) {
        return;
    }
    let health = Health::default();
    let mut video = opened(&path, &health, None).unwrap();
    video.reel.begin();
    next_picture(video.reel.as_mut(), beat(1));
    let until = Instant::now() + PATIENCE;
    while u64::from(step(next_picture(video.reel.as_mut(), beat(101)).0)) != 101 % 12 {
        assert!(Instant::now() < until);
    }
    assert_eq!(health.trouble(), None);
    // A hundred seconds that pass in a millisecond leave no decoder a chance.
    let mut seconds = 10;
    while health.trouble().is_none() {
        seconds += 1;
        let mut due = Vec::new();
        video
            .reel
            .advance(Duration::from_secs(seconds * 100), &mut due);
        assert!(Instant::now() < until);
        thread::sleep(Duration::from_millis(1));
    }
    let trouble = health.trouble().unwrap();
    assert!(trouble.starts_with("clip.mp4: "), "{trouble}");
}

#[test]
fn uneven_time_stamps_come_onto_an_even_beat() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("uneven.mp4");
    // Pictures 3, 4 and 5 of 12 are missing: picture 2 stays until 6 comes.
    let source = "color=black:s=64x36:r=12:d=1,format=yuv420p,geq=lum='16+8*N':cb=128:cr=128,select='not(between(n,3,5))'";
    let args = [
        &["-f", "lavfi", "-i", source, "-fps_mode", "passthrough"],
        H264,
    ]
    .concat();
    if !ffmpeg(&args, &path) {
        return;
    }
    let mut video = opened(&path, &Health::default(), None).unwrap();
    video.reel.begin();
    let mut seen = Vec::new();
    for tick in 1..23 {
        let at = Duration::from_millis(tick * 1000 / 24 + 5);
        let until = Instant::now() + PATIENCE;
        loop {
            let mut due = Vec::new();
            let again = video.reel.advance(at, &mut due).unwrap();
            if let Some(patch) = due.first() {
                seen.push((at.as_millis() / 83, step(patch.bytes[0])));
            }
            if again > at + Duration::from_millis(11) {
                break;
            }
            assert!(Instant::now() < until);
            thread::sleep(Duration::from_millis(2));
        }
    }
    assert!(!seen.is_empty());
    for (place, step) in seen {
        let wanted = if (3..6).contains(&place) { 2 } else { place };
        assert!(
            wanted.abs_diff(u128::from(step)) <= 1,
            "at {place} picture {step}"
        );
    }
}

#[test]
fn colours_are_those_that_the_file_says() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let colour = [200_u8, 60, 30];
    for (matrix, space, filter_name) in [
        (Matrix::Bt709, "bt709", "bt709"),
        (Matrix::Bt601, "smpte170m", "bt601"),
        (Matrix::Bt2020, "bt2020nc", "bt2020"),
    ] {
        for (full_range, range, filter_range) in [(false, "tv", "limited"), (true, "pc", "full")] {
            let path = folder.path().join(format!("{space}-{range}.mp4"));
            let source = format!(
                "color=0xC83C1E:s=320x180:r=12:d=0.5,format=rgb24,scale=out_color_matrix={filter_name}:out_range={filter_range},format=yuv420p"
            );
            let tags = ["-colorspace", space, "-color_range", range];
            let args = [&["-f", "lavfi", "-i", &source], H264, &tags].concat();
            if !ffmpeg(&args, &path) {
                continue;
            }
            for shown_px in [(320, 180), (160, 90)] {
                let tools = tools();
                let clip = Clip::probe(&tools, &path, "flat.mp4").unwrap();
                let showing = Showing {
                    shown_px,
                    sound: None,
                    poster: &mut |_, _, _| None,
                    health: Health::default(),
                };
                let video = open(&tools, &clip, showing).unwrap();
                assert_eq!((video.width_px, video.height_px), shown_px);
                let coding = VideoCoding { matrix, full_range };
                assert_eq!(video.coding, coding, "{space} {range}");
                let MovingPicture::Nv12 { luma, chroma, .. } = &video.first else {
                    panic!("not a video");
                };
                for at in [0, luma.len() / 2, luma.len() - 2] {
                    let pair = at / 2 / 2 * 2;
                    let is = rgb_of_yuv(luma[at], chroma[pair], chroma[pair + 1], coding);
                    for (wanted, is) in colour.iter().zip(is) {
                        assert!(wanted.abs_diff(is) <= 5, "{space} {range} {is}");
                    }
                }
            }
        }
    }
}

#[test]
fn phone_videos_stand_upright_and_large_ones_come_smaller() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let lying = folder.path().join("lying.mp4");
    let path = folder.path().join("upright.mp4");
    // Bright on the left: turned clockwise it is bright above.
    let source = "color=black:s=320x180:r=12:d=0.5,format=yuv420p,geq=lum='if(lt(X,W/2),200,50)':cb=128:cr=128";
    let args = [&["-f", "lavfi", "-i", source], H264].concat();
    if !ffmpeg(&args, &lying) {
        return;
    }
    let from = lying.to_str().unwrap();
    let new = ["-display_rotation", "-90", "-i", from, "-c", "copy"];
    let old = ["-i", from, "-c", "copy", "-metadata:s:v:0", "rotate=270"];
    if !ffmpeg(&new, &path) && !ffmpeg(&old, &path) {
        return;
    }
    let tools = tools();
    let clip = Clip::probe(&tools, &path, "upright.mp4").unwrap();
    assert_eq!(clip.size_px(), (180, 320));
    let showing = Showing {
        shown_px: (90, 4000),
        sound: None,
        poster: &mut |_, _, _| None,
        health: Health::default(),
    };
    let video = open(&tools, &clip, showing).unwrap();
    assert_eq!((video.width_px, video.height_px), (90, 160));
    let luma = luma(&video.first);
    assert!(luma[90 * 20 + 45].abs_diff(200) <= 4);
    assert!(luma[90 * 140 + 45].abs_diff(50) <= 4);
}

#[test]
fn odd_names_are_only_names() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let clip = folder.path().join("clip.mp4");
    if !counting(&clip, "64x36", 3, H264) {
        return;
    }
    for name in [
        "-i %03d 名字 'x'.mp4",
        "concat:a|b.mp4",
        "http:..x.mp4",
        "a\nb.webm",
    ] {
        let path = folder.path().join(name);
        fs::copy(&clip, &path).unwrap();
        assert!(opened(&path, &Health::default(), None).is_ok(), "{name}");
    }
}

#[test]
fn a_killed_decoder_gives_way_to_the_poster_and_marks_the_play() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    if !counting(&path, "640x360", 24, H264) {
        return;
    }
    let health = Health::default();
    let mut video = opened(&path, &health, Some(255)).unwrap();
    video.reel.begin();
    assert_eq!(step(next_picture(video.reel.as_mut(), beat(1)).0), 1);
    let ours = children(std::process::id(), "ffmpeg");
    assert_eq!(ours.len(), 1, "{ours:?}");
    signal(ours[0], "-KILL");
    // White in limited range.
    assert_eq!(until_over(video.reel.as_mut(), beat(2)), Some(235));
    let trouble = health.trouble().unwrap();
    assert!(trouble.starts_with("clip.mp4: "), "{trouble}");
    assert!(trouble.contains("broke off"), "{trouble}");
    let mut due = Vec::new();
    assert_eq!(video.reel.advance(beat(99), &mut due), None);
    assert!(due.is_empty());
    wait_until("a child stays", || our_children().is_empty());
}

#[test]
fn a_stalled_decoder_gives_way_to_the_poster_and_is_killed() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    if !counting(&path, "640x360", 24, H264) {
        return;
    }
    for poster in [Some(255), None] {
        let health = Health::default();
        let mut video = opened(&path, &health, poster).unwrap();
        video.reel.begin();
        let ours = children(std::process::id(), "ffmpeg");
        assert_eq!(ours.len(), 1, "{ours:?}");
        signal(ours[0], "-STOP");
        let last = until_over(video.reel.as_mut(), beat(1)).unwrap();
        if poster.is_some() {
            assert_eq!(last, 235);
        } else {
            assert!(step(last) < 24, "the last picture stays");
        }
        let trouble = health.trouble().unwrap();
        assert!(trouble.starts_with("clip.mp4: no picture"), "{trouble}");
        wait_until("the stalled child stays", || our_children().is_empty());
    }
}

/// Writes a script from a process of its own, so that no child of ours has it open for writing when it is started.
fn script(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    let status = Command::new("sh")
        .args([
            "-c",
            "printf '%s' \"$2\" > \"$1\" && chmod 755 \"$1\"",
            "sh",
        ])
        .arg(&path)
        .arg(text)
        .status();
    assert!(status.unwrap().success());
    path
}

#[test]
fn a_machine_without_ffmpeg_or_with_a_broken_one_says_so() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    if !counting(&path, "64x36", 3, H264) {
        return;
    }
    let none = Tools::with(Some(folder.path().join("none")), None, "/");
    let trouble = Clip::probe(&none, &path, "clip.mp4").unwrap_err().0;
    assert!(trouble.starts_with("clip.mp4: "), "{trouble}");
    assert!(trouble.contains("apt-get install ffmpeg"), "{trouble}");

    let says_version =
        "#!/bin/sh\ncase \"$*\" in *-version*) echo ffmpeg version 9 x; exit;; esac\n";
    for (name, rest, words) in [
        ("hangs", "exec sleep 600\n", "was not decoded within"),
        ("crashes", "echo boom >&2; kill -SEGV $$\n", "boom"),
        ("silent", "exit 0\n", "none of its pictures"),
        ("short", "printf abc; exit 0\n", "none of its pictures"),
    ] {
        let fake = script(&folder, name, &format!("{says_version}{rest}"));
        let tools = Tools::with(Some(fake), Some(DecoderKind::Software), "/");
        let clip = Clip::probe(&tools, &path, "clip.mp4").unwrap();
        let showing = Showing {
            shown_px: (64, 36),
            sound: None,
            poster: &mut |_, _, _| panic!("there is nothing to replace"),
            health: Health::default(),
        };
        let from = Instant::now();
        let trouble = open(&tools, &clip, showing).err().unwrap().0;
        assert!(from.elapsed() < PATIENCE);
        assert!(trouble.starts_with("clip.mp4: "), "{trouble}");
        assert!(trouble.contains(words), "{name}: {trouble}");
        wait_until("a child stays", || our_children().is_empty());
    }
    // One that hangs from the first word on.
    let fake = script(&folder, "mute", "#!/bin/sh\nexec sleep 600\n");
    let tools = Tools::with(Some(fake), None, "/");
    let trouble = Clip::probe(&tools, &path, "clip.mp4").unwrap_err().0;
    assert!(trouble.contains("does not run"), "{trouble}");
    wait_until("a child stays", || our_children().is_empty());
}

#[test]
fn a_forced_decoder_that_does_not_work_gives_way_to_software() {
    let _alone = alone();
    if Path::new("/dev/nvidia0").exists() {
        eprintln!("skipped: there is such a decoder here");
        return;
    }
    let tools = Tools::with(None, Some(DecoderKind::Cuda), "/");
    if tools.decoder(Codec::H264).is_err() {
        eprintln!("skipped: {}", tools.report());
        return;
    }
    assert_eq!(tools.decoder(Codec::H264), Ok(DecoderKind::Software));
    let report = tools.report();
    assert!(report.contains("(not cuda: "), "{report}");
}

/// Random numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Opens a file that may be anything and plays a round of it; an error must name it.
fn survive(path: &Path, what: &str) -> Result<Option<String>, String> {
    let name = name_of(path);
    let health = Health::default();
    let mut video = match opened(path, &health, Some(0)) {
        Ok(video) => video,
        Err(ComposeError(trouble)) => {
            assert!(
                trouble.starts_with(&format!("{name}: ")),
                "{what}: {trouble}"
            );
            assert!(trouble.contains("; "), "{what}: no advice: {trouble}");
            return Err(trouble);
        }
    };
    video.reel.begin();
    let mut at = Duration::ZERO;
    for _ in 0..40 {
        let mut due = Vec::new();
        at += Duration::from_millis(40);
        if video.reel.advance(at, &mut due).is_none() {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    let trouble = health.trouble().map(str::to_owned);
    if let Some(trouble) = &trouble {
        assert!(
            trouble.starts_with(&format!("{name}: ")),
            "{what}: {trouble}"
        );
    }
    Ok(trouble)
}

/// Spoilt copies of each clip.
const MUTATIONS: usize = 30;

/// Spoils a good file in one of five ways.
fn spoil(bytes: &mut Vec<u8>, way: usize, dice: &mut Dice) {
    let at = dice.below(bytes.len());
    match way % 5 {
        0 => bytes.truncate(at),
        1 => {
            // In the head, where sizes and counts are.
            let end = bytes.len().min(1200);
            bytes[at % end] = 0xff;
        }
        2 => {
            for _ in 0..20 {
                let at = dice.below(bytes.len());
                bytes[at] ^= 1 << dice.below(8);
            }
        }
        3 => {
            let length = dice.below(bytes.len() - at).min(400);
            bytes[at..at + length].fill(0);
        }
        _ => {
            let piece = bytes[at..].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

/// Survives many spoilt copies of a clip, and says how many were refused, marked and played as if whole.
fn survive_all(good: &Path, seed: u64) -> [usize; 3] {
    let file = name_of(good);
    let bytes = fs::read(good).unwrap();
    let bad = good.with_file_name(format!("bad-{file}"));
    let mut dice = Dice(seed);
    let mut counts = [0; 3];
    for turn in 0..MUTATIONS {
        let mut bytes = bytes.clone();
        spoil(&mut bytes, turn, &mut dice);
        fs::write(&bad, &bytes).unwrap();
        let end = survive(&bad, &format!("{file}, seed {seed}, turn {turn}"));
        counts[match end {
            Err(trouble) => {
                eprintln!("{trouble}");
                0
            }
            Ok(Some(_)) => 1,
            Ok(None) => 2,
        }] += 1;
    }
    let half = good.with_file_name(format!("half-{file}"));
    fs::write(&half, &bytes[..bytes.len() * 2 / 3]).unwrap();
    let end = survive(&half, "half");
    assert!(!matches!(end, Ok(None)), "half of {file} passes for whole");
    counts
}

#[test]
fn hostile_files_cost_a_reason_or_a_marked_play_and_nothing_hangs() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let from = Instant::now();
    thread::scope(|scope| {
        for (file, coder, form) in [
            ("h264.mp4", H264, ["-movflags", "+faststart"].as_slice()),
            ("vp9.webm", VP9, &[]),
        ] {
            let good = folder.path().join(file);
            let source = "testsrc2=s=64x36:r=12:d=1,format=yuv420p";
            let args = [&["-f", "lavfi", "-i", source], coder, form].concat();
            if !ffmpeg(&args, &good) {
                continue;
            }
            scope.spawn(move || {
                let counts = survive_all(&good, 0x9e37_79b9_7f4a_7c15);
                eprintln!("{file}: refused, marked, whole: {counts:?}");
            });
        }
    });
    eprintln!("in {:?}", from.elapsed());
    wait_until("a child stays", || our_children().is_empty());
}

#[test]
fn what_is_no_video_is_refused_whatever_its_name() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("secret.txt"), "secret").unwrap();
    let secret = path("secret.txt");
    let secret = secret.to_str().unwrap();
    for (name, text) in [
        ("text.mp4", "hello, this is only text".to_owned()),
        ("empty.mp4", String::new()),
        ("list.mp4", format!("ffconcat version 1.0\nfile {secret}\n")),
        (
            "hls.webm",
            format!("#EXTM3U\n#EXTINF:1,\nfile://{secret}\n"),
        ),
        ("png.mp4", "\u{89}PNG\r\n\u{1a}\n".to_owned()),
        (
            "sub.mp4",
            "1\n00:00:00,000 --> 00:00:01,000\nhi\n".to_owned(),
        ),
        ("almost.mp4", "\0\0\0\u{8}ftyp".to_owned()),
        ("almost.webm", "\u{1a}E\u{df}\u{a3}".to_owned()),
    ] {
        fs::write(path(name), text).unwrap();
        assert!(survive(&path(name), name).is_err(), "{name}");
    }
    assert!(survive(&path("missing.mp4"), "missing").is_err());
    fs::create_dir(path("folder.mp4")).unwrap();
    assert!(survive(&path("folder.mp4"), "folder").is_err());
    // A pipe that nobody writes into must not be waited for.
    let pipe = path("pipe.mp4");
    if Command::new("mkfifo").arg(&pipe).status().is_ok() {
        assert!(survive(&pipe, "pipe").is_err());
    }
    let sound = path("sound.mp4");
    if ffmpeg(&["-f", "lavfi", "-i", "sine=d=0.2"], &sound) {
        let trouble = survive(&sound, "sound").unwrap_err();
        assert!(trouble.contains("no moving pictures"), "{trouble}");
    }
    let big = path("big.mp4");
    let source = "color=black:s=4112x2320:r=1:d=1";
    if ffmpeg(&["-f", "lavfi", "-i", source, "-c:v", "libx264"], &big) {
        let trouble = survive(&big, "big").unwrap_err();
        assert!(trouble.contains("more than 4096 × 2304"), "{trouble}");
    }
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn fifty_videos_leave_no_child_no_thread_and_no_pipe_behind() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    if !counting(&path, "320x180", 24, H264) {
        return;
    }
    drop(opened(&path, &Health::default(), None).unwrap());
    wait_until("a child stays", || our_children().is_empty());
    let (threads_before, files_before) = (threads(), open_files());
    let tools = tools();
    let clip = Clip::probe(&tools, &path, "clip.mp4").unwrap();
    for round in 0..50 {
        let showing = Showing {
            shown_px: (320, 180),
            sound: None,
            poster: &mut |_, _, _| None,
            health: Health::default(),
        };
        let mut video = open(&tools, &clip, showing).unwrap();
        if round % 2 == 0 {
            video.reel.begin();
            next_picture(video.reel.as_mut(), beat(1));
        }
        let from = Instant::now();
        drop(video);
        assert!(from.elapsed() < PATIENCE / 10);
    }
    wait_until("a child stays", || our_children().is_empty());
    // Other tests' threads wait for their turn meanwhile, and may have come or gone.
    let slack = 8;
    wait_until("threads stay", || threads() <= threads_before + slack);
    wait_until("pipes stay", || open_files() <= files_before + slack);
}

/// What the next test kills: it opens a video and waits for its end. Does nothing otherwise.
#[test]
fn terminal_that_is_killed() {
    let Some(path) = std::env::var_os("PASSERBY_TEST_KILLED_CLIP") else {
        return;
    };
    let video = opened(Path::new(&path), &Health::default(), None).unwrap();
    fs::write(Path::new(&path).with_extension("open"), "").unwrap();
    thread::sleep(PATIENCE);
    drop(video);
}

#[test]
fn a_killed_terminal_leaves_no_decoder_behind() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    if !counting(&path, "640x360", 24, H264) {
        return;
    }
    // Once as it is, and once on a machine with nothing but ffmpeg, where only the pipe ends the child.
    let bare = folder.path().join("bin");
    fs::create_dir(&bare).unwrap();
    for program in ["ffmpeg", "ffprobe"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|folder| folder.join(program))
            .find(|path| path.is_file())
            .unwrap();
        std::os::unix::fs::symlink(found, bare.join(program)).unwrap();
    }
    for search_path in [std::env::var_os("PATH").unwrap(), bare.into_os_string()] {
        let open = path.with_extension("open");
        let _ = fs::remove_file(&open);
        let mut terminal = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "terminal_that_is_killed"])
            .env("PASSERBY_TEST_KILLED_CLIP", &path)
            .env("PATH", search_path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the terminal opens no video", || open.exists());
        let decoders = children(terminal.id(), "ffmpeg");
        assert_eq!(decoders.len(), 1, "{decoders:?}");
        terminal.kill().unwrap();
        terminal.wait().unwrap();
        wait_until("the decoder outlives its terminal", || {
            let state = fs::read_to_string(format!("/proc/{}/stat", decoders[0]));
            // One that nobody waits for is as dead.
            state.map_or(true, |stat| stat.contains(") Z "))
        });
    }
}

fn clip_with_sound(path: &Path) -> bool {
    let pictures = "testsrc2=s=320x180:r=12:d=2,format=yuv420p";
    let args = [
        &[
            "-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", "sine=d=2",
        ],
        H264,
        &["-c:a", "aac"],
    ]
    .concat();
    ffmpeg(&args, path)
}

#[test]
fn sound_is_heard_only_where_it_is_allowed() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    if !clip_with_sound(&path) {
        return;
    }
    let tools = tools();
    let clip = Clip::probe(&tools, &path, "clip.mp4").unwrap();
    assert!(clip.has_sound());
    let wav = folder.path().join("heard.wav");
    let health = Health::default();
    let play = |sound: Option<&Sound>| {
        let showing = Showing {
            shown_px: (320, 180),
            sound,
            poster: &mut |_, _, _| None,
            health: health.clone(),
        };
        let mut video = open(&tools, &clip, showing).unwrap();
        assert!(!wav.exists(), "it is heard before it is seen");
        video.reel.begin();
        next_picture(video.reel.as_mut(), beat(1));
        video
    };
    drop(play(None));
    let sound = |format: &str, volume_percent| Sound {
        format: format.to_owned(),
        device: wav.to_str().unwrap().to_owned(),
        volume_percent,
    };
    drop(play(Some(&sound("wav", 0))));
    // Its failure is no failure of the play.
    let mut video = play(Some(&sound("nosuch", 50)));
    next_picture(video.reel.as_mut(), beat(5));
    drop(video);
    assert!(!wav.exists());
    let video = play(Some(&sound("wav", 50)));
    wait_until("nothing is heard", || {
        fs::metadata(&wav).is_ok_and(|file| file.len() > 20_000)
    });
    drop(video);
    wait_until("the sound goes on", || our_children().is_empty());
    assert_eq!(health.trouble(), None);
}

#[test]
fn a_poster_of_another_size_is_not_shown() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    if !counting(&path, "640x360", 24, H264) {
        return;
    }
    let tools = tools();
    let clip = Clip::probe(&tools, &path, "clip.mp4").unwrap();
    let health = Health::default();
    let showing = Showing {
        shown_px: (640, 360),
        sound: None,
        poster: &mut |_, _, _| {
            Some(Nv12 {
                width_px: 2,
                height_px: 2,
                luma: vec![0; 4],
                chroma: vec![128; 2],
            })
        },
        health: health.clone(),
    };
    let mut video = open(&tools, &clip, showing).unwrap();
    video.reel.begin();
    signal(children(std::process::id(), "ffmpeg")[0], "-KILL");
    let last = until_over(video.reel.as_mut(), beat(1));
    assert!(last.is_none_or(|luma| (16..=200).contains(&luma)));
    assert!(health.trouble().is_some());
}
