//! Whoever looks at a video: opens it, asks its frame source as the stage does, and tells what is
//! seen.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use passerby_compose::creative::video::{
    Clip, DecoderKind, Showing, Tools, Video, nv12_of_rgb, open,
};
use passerby_compose::slide::{FrameSource, MovingPicture, Patch, Plane};
use passerby_playout::messages::stage_messages::{ComposeError, Health};

use crate::PATIENCE;

pub(crate) fn tools() -> Tools {
    Tools::with(None, Some(DecoderKind::Software), "/")
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

pub(crate) fn opened(
    path: &Path,
    health: &Health,
    poster: Option<u8>,
) -> Result<Video, ComposeError> {
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

/// Opens a clip that is drawn with a size, without sound and without a poster.
pub(crate) fn shown(tools: &Tools, clip: &Clip, shown_px: (u32, u32)) -> Video {
    let showing = Showing {
        shown_px,
        sound: None,
        poster: &mut |_, _, _| None,
        health: Health::default(),
    };
    open(tools, clip, showing).expect("it opens")
}

pub(crate) fn luma(picture: &MovingPicture) -> &[u8] {
    let MovingPicture::Nv12 { luma, .. } = picture else {
        panic!("not a video");
    };
    luma
}

/// The picture at the place of a number on the beat of the counting clips.
pub(crate) fn beat(number: u64) -> Duration {
    Duration::from_nanos(number * 1_000_000_000 / 12 + 1)
}

/// Asks until there is a picture, and returns its first luma and when the frame source wants to be
/// asked again.
pub(crate) fn next_picture(
    frame_source: &mut dyn FrameSource,
    at: Duration,
) -> (u8, Option<Duration>) {
    let until = Instant::now() + PATIENCE;
    let mut due: Vec<Patch> = Vec::new();
    loop {
        let again = frame_source.advance(at, &mut due);
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
        assert!(again.is_some(), "the frame source is over at {at:?}");
        assert!(Instant::now() < until, "no picture at {at:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Asks at the given times and later, until the frame source is over; returns the last luma.
pub(crate) fn until_over(frame_source: &mut dyn FrameSource, mut at: Duration) -> Option<u8> {
    let until = Instant::now() + PATIENCE;
    let mut last = None;
    loop {
        let mut due = Vec::new();
        let again = frame_source.advance(at, &mut due);
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
