//! Files that are spoilt or no videos at all.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use passerby_playout::messages::stage_messages::Health;
use tempfile::TempDir;

use crate::alone;
use crate::clips::{H264, VP9, ffmpeg};
use crate::processes::{our_children, wait_until};
use crate::viewer::{name_of, opened};

/// Spoilt copies of each clip.
const MUTATIONS: usize = 30;

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
            ffmpeg(&args, &good);
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
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert!(survive(&pipe, "pipe").is_err());
    let sound = path("sound.mp4");
    ffmpeg(&["-f", "lavfi", "-i", "sine=d=0.2"], &sound);
    let trouble = survive(&sound, "sound").unwrap_err();
    assert!(trouble.contains("no moving pictures"), "{trouble}");
    let big = path("big.mp4");
    let source = "color=black:s=4112x2320:r=1:d=1";
    ffmpeg(&["-f", "lavfi", "-i", source, "-c:v", "libx264"], &big);
    let trouble = survive(&big, "big").unwrap_err();
    assert!(trouble.contains("more than 4096 × 2304"), "{trouble}");
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
    play_until(path, what, |_| true)
}

/// Plays a round of a file, and then waits until enough is known of it.
fn play_until(
    path: &Path,
    what: &str,
    is_enough: impl Fn(&Health) -> bool,
) -> Result<Option<String>, String> {
    let name = name_of(path);
    let health = Health::default();
    let mut video = match opened(path, &health, Some(0)) {
        Ok(video) => video,
        Err(error) => {
            let trouble = error.to_string();
            assert!(
                trouble.starts_with(&format!("{name}: ")),
                "{what}: {trouble}"
            );
            assert!(trouble.contains("; "), "{what}: no advice: {trouble}");
            return Err(trouble);
        }
    };
    video.frame_source.begin();
    let mut at = Duration::ZERO;
    for _ in 0..40 {
        let mut due = Vec::new();
        at += Duration::from_millis(40);
        if video.frame_source.advance(at, &mut due).is_none() {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    // The decoder may be slow; the round stays where it is, so that it is not called late.
    wait_until(what, || {
        video.frame_source.advance(at, &mut Vec::new());
        is_enough(&health)
    });
    let trouble = health.trouble().map(str::to_owned);
    if let Some(trouble) = &trouble {
        assert!(
            trouble.starts_with(&format!("{name}: ")),
            "{what}: {trouble}"
        );
    }
    Ok(trouble)
}

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

/// Survives many spoilt copies of a clip, and says how many were refused, marked and played as if
/// whole.
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
    let says = format!("half of {file} passes for whole");
    let end = play_until(&half, &says, |health| health.trouble().is_some());
    assert!(!matches!(end, Ok(None)), "{says}");
    counts
}
