//! Decoders that are killed, stall, crash, stay silent or are not there.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use passerby_compose::creative::video::{Clip, Codec, DecoderKind, Nv12, Showing, Tools, open};
use passerby_playout::messages::stage_messages::Health;
use passerby_testing::required_program;
use tempfile::TempDir;

use crate::clips::{H264, counting, step};
use crate::processes::{children, our_children, signal, wait_until};
use crate::viewer::{beat, next_picture, opened, tools, until_over};
use crate::{PATIENCE, alone};

#[test]
fn a_killed_decoder_gives_way_to_the_poster_and_marks_the_play() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    counting(&path, "640x360", 24, H264);
    let health = Health::default();
    let mut video = opened(&path, &health, Some(255)).unwrap();
    video.frame_source.begin();
    assert_eq!(
        step(next_picture(video.frame_source.as_mut(), beat(1)).0),
        1
    );
    let ours = children(std::process::id(), "ffmpeg");
    assert_eq!(ours.len(), 1, "{ours:?}");
    signal(ours[0], "-KILL");
    // White in limited range.
    assert_eq!(until_over(video.frame_source.as_mut(), beat(2)), Some(235));
    let trouble = health.trouble().unwrap();
    assert!(trouble.starts_with("clip.mp4: "), "{trouble}");
    assert!(trouble.contains("broke off"), "{trouble}");
    let mut due = Vec::new();
    assert_eq!(video.frame_source.advance(beat(99), &mut due), None);
    assert!(due.is_empty());
    wait_until("a child stays", || our_children().is_empty());
}

#[test]
fn a_stalled_decoder_gives_way_to_the_poster_and_is_killed() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    counting(&path, "640x360", 24, H264);
    for poster in [Some(255), None] {
        let health = Health::default();
        let mut video = opened(&path, &health, poster).unwrap();
        video.frame_source.begin();
        let ours = children(std::process::id(), "ffmpeg");
        assert_eq!(ours.len(), 1, "{ours:?}");
        // On a busy machine nothing more may have come before it stalls.
        let (seen, _) = next_picture(video.frame_source.as_mut(), beat(1));
        signal(ours[0], "-STOP");
        let last = until_over(video.frame_source.as_mut(), beat(2)).unwrap_or(seen);
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

#[test]
fn a_poster_of_another_size_is_not_shown() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("clip.mp4");
    counting(&path, "640x360", 24, H264);
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
    video.frame_source.begin();
    signal(children(std::process::id(), "ffmpeg")[0], "-KILL");
    let last = until_over(video.frame_source.as_mut(), beat(1));
    assert!(last.is_none_or(|luma| (16..=200).contains(&luma)));
    assert!(health.trouble().is_some());
}

/// Writes a script from a process of its own, so that no child of ours has it open for writing when
/// it is started.
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
    counting(&path, "64x36", 3, H264);
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
    required_program("ffmpeg");
    // A machine without devices, whatever the one of the test has.
    let root = TempDir::new().unwrap();
    let tools = Tools::with(None, Some(DecoderKind::Cuda), root.path());
    assert_eq!(tools.decoder(Codec::H264), Ok(DecoderKind::Software));
    let report = tools.report();
    assert!(report.contains("(not cuda: "), "{report}");
}
