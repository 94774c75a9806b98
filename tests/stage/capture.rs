//! Frames that are captured: each is a slide or a mix of two, and the show does not depend on them.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use passerby::stage::{CaptureConfig, StageConfig};

use crate::frames;
use crate::player::{BOTH, PATIENCE, config, play};
use crate::slides::{HEIGHT_PX, WIDTH_PX, distance_to_mix, parted, slide, url};

fn read_png(path: &Path) -> Vec<u8> {
    image::open(path).unwrap().to_rgba8().into_raw()
}

/// How many of the frames that were captured so far are of a kind.
fn count_frames(folder: &Path, is_it: impl Fn(&serde_json::Value) -> bool) -> usize {
    let index = fs::read_to_string(folder.join("frames.jsonl")).unwrap_or_default();
    let notes = index
        .lines()
        .map_while(|line| serde_json::from_str(line).ok());
    notes.filter(is_it).count()
}

#[test]
fn captured_frames_are_slides_or_mixes_of_two_slides() {
    for draw_with in BOTH {
        const SIZE: (u32, u32) = (WIDTH_PX, HEIGHT_PX);
        let dir = tempfile::tempdir().unwrap();
        let frames = dir.path().join("frames");
        let config = StageConfig {
            capture: Some(CaptureConfig {
                dir: frames.clone(),
                every: Duration::from_millis(50),
            }),
            ..config(draw_with, SIZE)
        };
        let captured = frames.clone();
        play(config, move |player| {
            assert_eq!(player.await_size(), SIZE);
            let (mut last_ms, mut number, mut mixed) = (0, 0, 0);
            let mut fade = Duration::from_millis(200);
            while number < 12 || mixed < 6 {
                number += 1;
                assert!(number <= 60, "only {mixed} frames in transitions");
                let shown_ms = player.show(number, SIZE, fade);
                assert!(shown_ms >= last_ms, "time runs forwards");
                last_ms = shown_ms;
                player.await_picture(number, SIZE);
                // Stays up until it was captured, as a real slide does.
                let deadline = Instant::now() + PATIENCE;
                while count_frames(&captured, |note| {
                    note["play"] == number && note["transition"] == false
                }) == 0
                {
                    assert!(Instant::now() < deadline, "slide {number} is not captured");
                    thread::sleep(Duration::from_millis(10));
                }
                let seen = count_frames(&captured, |note| note["transition"] == true);
                // A machine that takes its time needs longer transitions to catch one.
                if seen == mixed {
                    fade *= 2;
                }
                mixed = seen;
            }
        })
        .unwrap();

        let index = fs::read_to_string(frames.join("frames.jsonl")).unwrap();
        let (mut steady, mut mixed) = (0, 0);
        let mut last_t = None;
        for line in index.lines() {
            let note: serde_json::Value = serde_json::from_str(line).unwrap();
            let picture = read_png(&frames.join(note["file"].as_str().unwrap()));
            let number = u32::try_from(note["play"].as_u64().unwrap()).unwrap();
            assert_eq!(note["creative"], format!("slide-{number}"));
            assert_eq!(note["url"], url(number));
            assert_eq!(note["campaign"], "test");
            assert!(note["t_ms"].as_u64() > last_t, "frames are in order");
            last_t = note["t_ms"].as_u64();
            let new = slide(number, SIZE).rgba;
            if note["transition"].as_bool().unwrap() {
                mixed += 1;
                // In its first half a transition bears the old slide's name.
                let before = match number {
                    1 => [0, 0, 0, 255].repeat(new.len() / 4),
                    _ => slide(number - 1, SIZE).rgba,
                };
                let others = [before, slide(number + 1, SIZE).rgba];
                let ((code_square, rest), (new_code_square, new)) =
                    (parted(&picture), parted(&new));
                // Codes are never mixed: the named one is there, whole, or that which it replaces
                // or which replaces it.
                let whole = others.iter().any(|other| parted(other).0 == code_square);
                assert!(
                    code_square == new_code_square || whole,
                    "{line}: no code is whole"
                );
                let distance = others
                    .iter()
                    .map(|other| distance_to_mix(&rest, &parted(other).1, &new))
                    .fold(f64::INFINITY, f64::min);
                assert!(distance < 1.5, "{line}: {distance} levels off any mix");
            } else {
                steady += 1;
                assert!(picture == new, "{line}: not exactly its slide");
            }
        }
        println!("{steady} steady frames, {mixed} in transition");
        assert!(steady >= 12 && mixed >= 6, "{steady} steady, {mixed} mixed");
        let pngs = fs::read_dir(&frames).unwrap().count() - 1;
        assert_eq!(pngs, steady + mixed, "every picture has its line");
        let tally = frames::read_capture(&frames);
        assert_eq!(tally.steady, steady as u64);
        assert!(tally.codes >= tally.steady, "{tally}");
    }
}

#[test]
fn show_goes_on_when_the_capture_folder_cannot_be_written() {
    for draw_with in BOTH {
        const SIZE: (u32, u32) = (64, 48);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a-file");
        fs::write(&file, "in the way").unwrap();
        let config = StageConfig {
            capture: Some(CaptureConfig {
                dir: file.join("frames"),
                every: Duration::from_millis(10),
            }),
            ..config(draw_with, SIZE)
        };
        play(config, |player| {
            player.await_size();
            for number in 1..=3 {
                player.show(number, SIZE, Duration::from_millis(50));
                player.await_picture(number, SIZE);
            }
        })
        .unwrap();
    }
}
