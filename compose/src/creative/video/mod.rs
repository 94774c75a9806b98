//! Videos: MP4 and WebM, decoded by an ffmpeg child that writes its pictures into a pipe.
//!
//! A file is first asked what it is ([`Clip::probe`]), then opened in the size in which it will be
//! seen ([`open`]); its first picture is part of the slide, and a [`FrameSource`] feeds the others
//! at their times.
//!
//! ```text
//! file ─▶ ffmpeg: decode, even beat, scale, turn ─pipe▶ film thread
//!      ─queue of 4▶ frame source ─patches▶ luma, chroma ─▶ the film thread fills them anew
//! ```
//!
//! Invariants:
//! - A file that anybody may have made is read by a child only, never by the terminal. A bad file,
//!   a decoder that crashes or hangs, and a machine without ffmpeg cost this item at most, with a
//!   reason that names it.
//! - [`open`] returns within [`OPEN_WAIT_MAX`] with the first picture decoded, or leaves nothing
//!   behind.
//! - A film that fails while it is seen gives way to its poster, and its play is marked
//!   ([`Health::fail`]).
//! - Nothing blocks the stage. Dropping a frame source kills its children; no thread, child or pipe
//!   stays.
//! - Colours are not touched but where a screen could not show them ([`filters`]): the pictures
//!   keep the matrix and range of the file, and say which ([`VideoCoding`]).
//!
//! What it costs: 10 s of 1280 × 720 at 30 pictures a second in H.264 take 1.3 s of a core to
//! decode and to bring through the pipe, and 1.1 s to decode and throw away (`ffmpeg -threads 2 -i
//! clip.mp4 -an -f null -`), on a server without a GPU.

mod abilities;
mod choices;
mod colour;
mod container;
mod decoder;
mod film;
mod filters;
mod frame_source;
mod lag;
mod pace;
mod probe;
mod programs;
mod queue;
mod rate;
mod sound;
mod tools;
mod transparent;
mod whole;

use std::sync::Arc;
use std::time::{Duration, Instant};

use passerby_playout::messages::stage_messages::{ComposeError, Health};

use crate::creative::supervise::{ChildGuard, Patience};
use crate::creative::video::film::{Film, KEPT_BYTES_MAX};
use crate::creative::video::frame_source::{Progress, VideoFrameSource};
use crate::creative::video::queue::{End, Next, Picture, Queue};
use crate::creative::video::sound::SoundTrack;
use crate::settings::SoundOutput;
use crate::slide::{FrameSource, MovingPicture, VideoCoding};

pub use crate::creative::video::colour::{Nv12, nv12_of_rgb, rgb_of_yuv};
pub use crate::creative::video::decoder::{Codec, DecoderKind};
pub use crate::creative::video::frame_source::STALL_MAX;
pub use crate::creative::video::lag::LAG_MAX;
pub use crate::creative::video::pace::what_is_too_slow;
pub use crate::creative::video::probe::{Clip, LENGTH_MAX, SIDE_PX_MAX};
pub use crate::creative::video::programs::{FFMPEG_VARIABLE, PIXELS_MAX};
pub use crate::creative::video::queue::DecodedToItsEnd;
pub use crate::creative::video::rate::RATE_MAX;
pub use crate::creative::video::tools::{DECODER_VARIABLE, Tools};
pub(crate) use crate::creative::video::transparent::first_picture;
pub(crate) use crate::creative::video::whole::{
    BackgroundLook, BackgroundLooks, LookAfterPlay, what_is_missing,
};

/// How long a hardware decoder may take for the first picture before software is tried.
const HARDWARE_WAIT_MAX: Patience = Patience::of_clock(Duration::from_millis(2500));
/// How long software may take for the first picture.
const SOFTWARE_WAIT_MAX: Patience = Patience::of_work(Duration::from_secs(6));
/// How long [`open`] may take, but for the choice of a decoder at the first video of a kind.
pub const OPEN_WAIT_MAX: Duration = HARDWARE_WAIT_MAX
    .clock_max()
    .saturating_add(SOFTWARE_WAIT_MAX.clock_max());

/// Makes the picture that is shown when a film fails: of this width and height in pixels, in this
/// coding.
pub type PosterMaker<'a> = dyn FnMut(u32, u32, VideoCoding) -> Option<Nv12> + 'a;

/// How a video is to be shown.
pub struct Showing<'a> {
    /// The size in pixels, upright, in which the whole picture would be drawn, were nothing of it
    /// cut off.
    pub shown_px: (u32, u32),
    /// Where it is heard; none is silence.
    pub sound: Option<&'a SoundOutput>,
    /// Is asked once, before [`open`] returns; one that has another size is not used.
    pub poster: &'a mut PosterMaker<'a>,
    /// Told when people see less than they should.
    pub health: Health,
}

/// A video whose first picture is decoded.
pub struct Video {
    /// Pixels a row of the pictures, upright; even.
    pub width_px: u32,
    /// Rows of the pictures, upright; even.
    pub height_px: u32,
    /// The first picture: [`MovingPicture::Nv12`].
    pub first: MovingPicture,
    /// How its numbers stand for colours.
    pub coding: VideoCoding,
    /// Feeds the other pictures, again and again from the beginning.
    pub frame_source: Box<dyn FrameSource>,
    /// How long it is, if it says so.
    pub length: Option<Duration>,
    /// Who decodes it.
    pub decoder: DecoderKind,
    /// Whether all of it has been decoded.
    pub decoded: DecodedToItsEnd,
}

/// Starts to decode a video and returns with its first picture.
///
/// The decoder that was chosen for its codec is tried first, then software.
///
/// # Errors
/// A reason that names the file and what to do: no picture of it can be decoded, or none came in
/// time.
pub fn open(tools: &Tools, clip: &Clip, showing: Showing<'_>) -> Result<Video, ComposeError> {
    let started = begin(tools, clip, &showing, Some(KEPT_BYTES_MAX))?;
    Ok(ready(tools, clip, started, showing))
}

/// Decodes a video once from its beginning as fast as it goes, in the size of `shown_px`, for
/// `patience` at most. Each picture is handed to `wanted` with the time at which it is due, until
/// that wants no more.
///
/// # Errors
/// The same as of [`open`].
pub(crate) fn look_through(
    tools: &Tools,
    clip: &Clip,
    shown_px: (u32, u32),
    patience: Duration,
    mut wanted: impl FnMut(Duration, MovingPicture) -> bool,
) -> Result<(), ComposeError> {
    let Started {
        first,
        decoded_px: (width_px, height_px),
        queue,
        guard,
        ..
    } = begin_unseen(tools, clip, shown_px)?;
    let until = Instant::now() + patience;
    let mut next = Next::Picture(first);
    while let Next::Picture(picture) = next {
        let due = clip.rate.due(picture.number);
        let picture = Nv12 {
            width_px,
            height_px,
            luma: picture.luma,
            chroma: picture.chroma,
        };
        if !wanted(due, picture.coded(clip.coding)) {
            break;
        }
        next = queue.first(until.saturating_duration_since(Instant::now()));
    }
    queue.close();
    guard.cut();
    Ok(())
}

/// Starts a film that is decoded once, and that nobody sees or hears.
fn begin_unseen(tools: &Tools, clip: &Clip, shown_px: (u32, u32)) -> Result<Started, ComposeError> {
    let showing = Showing {
        shown_px,
        sound: None,
        poster: &mut |_, _, _| None,
        health: Health::default(),
    };
    begin(tools, clip, &showing, None)
}

/// Starts a film with the decoder that was chosen for its codec, else with software.
fn begin(
    tools: &Tools,
    clip: &Clip,
    showing: &Showing<'_>,
    kept_bytes_max: Option<usize>,
) -> Result<Started, ComposeError> {
    let says = |what: String| ComposeError::new(format!("{}: {what}", clip.name));
    let mut chosen = tools
        .decoder(clip.codec)
        .map_err(|trouble| says(format!("films cannot be played: {trouble}")))?;
    if clip.shows_paper() {
        // No hardware decodes transparency.
        chosen = DecoderKind::Software;
    }
    let patience = match chosen {
        DecoderKind::Software => SOFTWARE_WAIT_MAX,
        _ => HARDWARE_WAIT_MAX,
    };
    match start(tools, clip, chosen, showing, kept_bytes_max, patience) {
        Err(trouble) if chosen != DecoderKind::Software => {
            tracing::warn!("{}: {chosen}: {trouble}; trying software", clip.name);
            let software = DecoderKind::Software;
            let patience = SOFTWARE_WAIT_MAX;
            start(tools, clip, software, showing, kept_bytes_max, patience)
        }
        started => started,
    }
    .map_err(says)
}

/// A film that runs, and its first picture.
struct Started {
    first: Picture,
    decoded_px: (u32, u32),
    kind: DecoderKind,
    queue: Arc<Queue>,
    guard: Arc<ChildGuard>,
}

fn start(
    tools: &Tools,
    clip: &Clip,
    kind: DecoderKind,
    showing: &Showing<'_>,
    kept_bytes_max: Option<usize>,
    patience: Patience,
) -> Result<Started, String> {
    let decoded_px = clip.decoded_px(showing.shown_px);
    let queue = Arc::new(Queue::default());
    let guard = Arc::new(ChildGuard::default());
    let film = Film {
        tools: tools.clone(),
        clip: clip.clone(),
        kind,
        decoded_px,
        scaled_px: clip.scaled_px(showing.shown_px),
        kept_bytes_max,
        health: showing.health.clone(),
        queue: Arc::clone(&queue),
        guard: Arc::clone(&guard),
    };
    let from = Instant::now();
    film.start()
        .map_err(|error| format!("there can be no thread for it ({error})"))?;
    let first = loop {
        match queue.first(patience.look_again(from)) {
            Next::Late if !patience.is_over(&guard, from) => {}
            next => break next,
        }
    };
    let trouble = match first {
        Next::Picture(first) => {
            return Ok(Started {
                first,
                decoded_px,
                kind,
                queue,
                guard,
            });
        }
        Next::Over(End::Failed(what)) => what,
        Next::Over(End::Rests) | Next::Late => format!(
            "its first picture was not decoded within {} s; {}",
            from.elapsed().as_secs_f32(),
            container::EXPORT_ANEW
        ),
    };
    queue.close();
    guard.cut();
    Err(trouble)
}

fn ready(tools: &Tools, clip: &Clip, started: Started, showing: Showing<'_>) -> Video {
    let Started {
        first,
        decoded_px: (width_px, height_px),
        kind,
        queue,
        guard,
    } = started;
    let coding = clip.coding;
    let poster = (showing.poster)(width_px, height_px, coding)
        .filter(|poster| (poster.width_px, poster.height_px) == (width_px, height_px))
        .filter(Nv12::is_whole);
    let sound = showing
        .sound
        .and_then(|sound| SoundTrack::new(tools, clip, sound));
    let decoded = DecodedToItsEnd::of(&queue);
    let frame_source = VideoFrameSource {
        name: clip.name.clone(),
        width_px,
        height_px,
        coded_px: clip.coded_px,
        rate: clip.rate,
        poster,
        sound,
        health: showing.health,
        queue,
        guard,
        progress: Progress::default(),
    };
    let first = Nv12 {
        width_px,
        height_px,
        luma: first.luma,
        chroma: first.chroma,
    };
    Video {
        width_px,
        height_px,
        first: first.coded(coding),
        coding,
        frame_source: Box::new(frame_source),
        length: clip.length,
        decoder: kind,
        decoded,
    }
}

#[cfg(test)]
mod tests;
