//! What can only be seen from inside: passes that follow each other, and films that are kept in
//! memory.

use std::path::Path;
use std::process::Command;

use passerby_testing::required_program;

use super::*;

/// Makes a clip whose luma counts its pictures: 16, 24, 32 …
fn counting_clip(path: &Path, pictures: u32) {
    let source = format!(
        "color=black:s=320x180:r=12:d={},format=yuv420p,geq=lum='16+8*N':cb=128:cr=128",
        f64::from(pictures) / 12.0
    );
    let made = Command::new(required_program("ffmpeg"))
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &source])
        .args(["-c:v", "libx264", "-preset", "veryfast", "-qp", "1"])
        .arg(path)
        .status();
    assert!(made.expect("ffmpeg runs").success());
}

fn numbers(queue: &Queue, count: usize) -> Vec<(u64, u64, u8)> {
    (0..count)
        .map(|_| match queue.first(Duration::from_secs(600)) {
            Next::Picture(picture) => {
                let step = (picture.luma[0].saturating_sub(12)) / 8;
                (picture.number, picture.pass, step)
            }
            Next::Late => panic!("no picture came"),
            Next::Over(end) => panic!("it ended: {end:?}"),
        })
        .collect()
}

#[test]
fn passes_follow_each_other_without_a_gap_from_children_and_from_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("count.mp4");
    counting_clip(&path, 24);
    let tools = Tools::with(None, Some(DecoderKind::Software), "/");
    let clip = Clip::probe(&tools, &path, "count.mp4").expect("a clip");
    assert_eq!(clip.length(), Some(Duration::from_secs(2)));
    let wanted: Vec<(u64, u64, u8)> = (0..60_u8)
        .map(|number| (number.into(), u64::from(number / 24), number % 24))
        .collect();
    for kept_bytes_max in [0, KEPT_BYTES_MAX].map(Some) {
        let showing = Showing {
            shown_px: (320, 180),
            sound: None,
            poster: &mut |_, _, _| None,
            health: Health::default(),
        };
        let started = start(
            &tools,
            &clip,
            DecoderKind::Software,
            &showing,
            kept_bytes_max,
            SOFTWARE_WAIT_MAX,
        )
        .expect("it starts");
        assert_eq!(started.first.number, 0);
        assert_eq!(numbers(&started.queue, 59), wanted[1..]);
        started.queue.close();
        started.guard.cut();
        assert_eq!(showing.health.trouble(), None);
    }
}

#[test]
fn one_picture_rests() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("one.mp4");
    counting_clip(&path, 1);
    let tools = Tools::with(None, Some(DecoderKind::Software), "/");
    let clip = Clip::probe(&tools, &path, "one.mp4").expect("a clip");
    let health = Health::default();
    let showing = Showing {
        shown_px: (320, 180),
        sound: None,
        poster: &mut |_, _, _| None,
        health: health.clone(),
    };
    let mut video = open(&tools, &clip, showing).expect("it opens");
    video.frame_source.begin();
    let mut due = Vec::new();
    let mut at = Duration::ZERO;
    let until = std::time::Instant::now() + Duration::from_secs(600);
    while video.frame_source.advance(at, &mut due).is_some() {
        assert!(std::time::Instant::now() < until, "it never rests");
        std::thread::sleep(Duration::from_millis(5));
        at += Duration::from_millis(1);
    }
    assert!(due.is_empty());
    assert_eq!(health.trouble(), None);
}
