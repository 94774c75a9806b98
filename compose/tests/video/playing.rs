//! Pictures at their times, whatever the codec and however late the stage asks.

use std::thread;
use std::time::{Duration, Instant};

use passerby_compose::creative::video::{Clip, Codec};
use passerby_playout::messages::stage_messages::Health;
use tempfile::TempDir;

use crate::clips::{AV1, H264, HEVC, VP9, counting, ffmpeg, step};
use crate::viewer::{beat, luma, next_picture, opened, tools};
use crate::{PATIENCE, alone};

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
        counting(&path, "64x36", 12, coder);
        let clip = Clip::probe(&tools(), &path, file).unwrap();
        assert_eq!(clip.codec(), codec);
        let health = Health::default();
        let mut video = opened(&path, &health, None).unwrap();
        assert_eq!((video.width_px, video.height_px), (64, 36));
        assert_eq!(step(luma(&video.first)[0]), 0, "{file}");
        video.frame_source.begin();
        let mut due = Vec::new();
        let again = video.frame_source.advance(Duration::ZERO, &mut due);
        assert!(due.is_empty(), "{file}: picture 1 came too early");
        assert!(again.unwrap() > Duration::from_millis(80));
        for number in 1..30 {
            let (luma, again) = next_picture(video.frame_source.as_mut(), beat(number));
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
    counting(&path, "320x180", 24, H264);
    let health = Health::default();
    let mut video = opened(&path, &health, None).unwrap();
    video.frame_source.begin();
    // More pictures are due than may wait, so it takes some asking until the newest has come.
    for number in [9, 10, 20] {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while seen.last().copied() != Some(number) {
            seen.push(step(
                next_picture(video.frame_source.as_mut(), beat(number.into())).0,
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
    counting(&path, "64x36", 12, H264);
    let health = Health::default();
    let mut video = opened(&path, &health, None).unwrap();
    video.frame_source.begin();
    next_picture(video.frame_source.as_mut(), beat(1));
    let until = Instant::now() + PATIENCE;
    while u64::from(step(next_picture(video.frame_source.as_mut(), beat(101)).0)) != 101 % 12 {
        assert!(Instant::now() < until);
    }
    assert_eq!(health.trouble(), None);
    // A hundred seconds that pass in a millisecond leave no decoder a chance.
    let mut seconds = 10;
    while health.trouble().is_none() {
        seconds += 1;
        let mut due = Vec::new();
        video
            .frame_source
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
    ffmpeg(&args, &path);
    let mut video = opened(&path, &Health::default(), None).unwrap();
    video.frame_source.begin();
    let mut seen = Vec::new();
    for tick in 1..23 {
        let at = Duration::from_millis(tick * 1000 / 24 + 5);
        let until = Instant::now() + PATIENCE;
        loop {
            let mut due = Vec::new();
            let again = video.frame_source.advance(at, &mut due).unwrap();
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
