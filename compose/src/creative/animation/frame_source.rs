//! Feeds a slide with the frames of an animation.
//!
//! Invariants: the thread holds at most one frame beside those in its bounded queue; it never
//! decodes more frames a round than the outline counted; a late frame delays those after it instead
//! of making them rush.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use passerby_playout::messages::stage_messages::{ComposeError, Health};

use crate::creative::animation::frames::{Fitting, Source, delay};
use crate::creative::animation::limits::{KEPT_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_FRAMES_MAX};
use crate::creative::picture::{explain, guarded};
use crate::slide::{Area, FrameSource, Patch, Plane};

/// When to ask again for a frame that is not decoded yet.
const RETRY: Duration = Duration::from_millis(10);
/// How far the animation may lag before its clock is set back instead of catching up.
const LAG_MAX: Duration = Duration::from_millis(500);
/// Most frames that one call looks at.
const FRAMES_A_CALL_MAX: usize = 128;

/// A frame as it is on screen.
struct Ready {
    /// Opaque RGBA.
    pixels: Vec<u8>,
    delay: Duration,
}

/// The frame source of an animation.
pub(super) struct AnimationFrameSource {
    source: Source,
    width_px: u32,
    height_px: u32,
    health: Health,
    queue: Receiver<Result<Ready, String>>,
    rounds: Rounds,
    /// Frames that came, the first one too; for messages.
    came: u32,
    /// When the frame on screen gives way to the next.
    due: Duration,
    is_over: bool,
}

/// Where the frames of later rounds come from.
enum Rounds {
    /// From the thread, which decodes them anew.
    Streamed,
    /// From memory, once the thread has sent all of them.
    Kept {
        frames: Vec<Ready>,
        is_whole: bool,
        /// The frame on screen.
        at: usize,
        /// Rounds to come after this one; `None` for ever.
        left: Option<u32>,
    },
}

/// What comes next.
enum Next {
    Frame(Ready),
    /// At this place among the kept ones.
    Kept(usize),
    NotReady,
    Over,
}

impl AnimationFrameSource {
    /// Starts the thread. `first` is the frame that is on screen from the beginning.
    pub(super) fn start(
        source: Source,
        fitting: Fitting,
        (width_px, height_px): (u32, u32),
        first: &[u8],
        first_delay: Duration,
        health: Health,
    ) -> Result<Self, ComposeError> {
        let frame_bytes = first.len().max(1) as u64;
        let frames = u64::from(source.outline.frames);
        let keeps = frame_bytes * frames <= KEPT_BYTES_MAX;
        let room = if keeps {
            frames
        } else {
            (QUEUE_BYTES_MAX / frame_bytes).clamp(1, QUEUE_FRAMES_MAX)
        };
        let (sender, queue) = bounded(usize::try_from(room).unwrap_or(1));
        let rounds = if keeps {
            Rounds::Kept {
                frames: vec![Ready {
                    pixels: first.to_vec(),
                    delay: first_delay,
                }],
                is_whole: false,
                at: 0,
                left: source.outline.plays.map(|plays| plays.saturating_sub(1)),
            }
        } else {
            Rounds::Streamed
        };
        let rounds_max = if keeps { Some(1) } else { source.outline.plays };
        let feeder = source.clone();
        thread::Builder::new()
            .name("animation".to_owned())
            .spawn(move || feed(&feeder, fitting, rounds_max, &sender))
            .map_err(|error| {
                ComposeError::new(format!(
                    "{}: no thread for its animation could be started ({error}); restart the terminal",
                    source.name
                ))
            })?;
        Ok(Self {
            source,
            width_px,
            height_px,
            health,
            queue,
            rounds,
            came: 1,
            due: first_delay,
            is_over: false,
        })
    }

    fn next(&mut self) -> Next {
        loop {
            if let Rounds::Kept {
                frames,
                is_whole: true,
                at,
                left,
            } = &mut self.rounds
            {
                if *at + 1 < frames.len() {
                    *at += 1;
                } else {
                    match left {
                        Some(0) => return Next::Over,
                        Some(left) => *left -= 1,
                        None => {}
                    }
                    *at = 0;
                }
                return Next::Kept(*at);
            }
            match self.queue.try_recv() {
                Ok(Ok(frame)) => {
                    self.came = self.came.saturating_add(1);
                    let Rounds::Kept { frames, at, .. } = &mut self.rounds else {
                        return Next::Frame(frame);
                    };
                    frames.push(frame);
                    *at = frames.len() - 1;
                    return Next::Kept(*at);
                }
                Ok(Err(why)) => {
                    self.health.fail(format!(
                        "{}: frame {} of its animation: {why}; until then it rests on the frame before",
                        self.source.name,
                        self.came + 1
                    ));
                    return Next::Over;
                }
                Err(TryRecvError::Empty) => return Next::NotReady,
                Err(TryRecvError::Disconnected) => match &mut self.rounds {
                    Rounds::Kept {
                        frames, is_whole, ..
                    } if frames.len() > 1 => *is_whole = true,
                    _ => return Next::Over,
                },
            }
        }
    }

    fn patch(&self, bytes: Vec<u8>) -> Patch {
        Patch {
            plane: Plane::Moving,
            area: Area::new(0, 0, self.width_px, self.height_px),
            bytes,
        }
    }
}

impl FrameSource for AnimationFrameSource {
    fn begin(&mut self) {}

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        if self.is_over {
            return None;
        }
        if at > self.due.saturating_add(LAG_MAX) {
            self.due = at;
        }
        let mut newest = None;
        let mut wish = Some(at.saturating_add(RETRY));
        for _ in 0..FRAMES_A_CALL_MAX {
            if at < self.due {
                wish = Some(self.due);
                break;
            }
            let next = self.next();
            let lasts = match &next {
                Next::Frame(frame) => frame.delay,
                Next::Kept(place) => match &self.rounds {
                    Rounds::Kept { frames, .. } => frames[*place].delay,
                    Rounds::Streamed => Duration::ZERO,
                },
                Next::NotReady => break,
                Next::Over => {
                    self.is_over = true;
                    wish = None;
                    break;
                }
            };
            self.due = self.due.saturating_add(lasts);
            newest = Some(next);
        }
        let bytes = match (newest, &self.rounds) {
            (Some(Next::Frame(frame)), _) => Some(frame.pixels),
            (Some(Next::Kept(place)), Rounds::Kept { frames, .. }) => {
                Some(frames[place].pixels.clone())
            }
            _ => None,
        };
        due.extend(bytes.map(|bytes| self.patch(bytes)));
        wish
    }
}

/// Decodes and scales frame after frame into the queue, until all rounds are done or nobody listens
/// any more.
fn feed(
    source: &Source,
    fitting: Fitting,
    rounds_max: Option<u32>,
    queue: &Sender<Result<Ready, String>>,
) {
    let mut round = 0;
    while rounds_max.is_none_or(|most| round < most) {
        // The first frame of the first round is on screen already.
        let skip = usize::from(round == 0);
        let fed = guarded(|| feed_round(source, fitting, skip, queue));
        match fed.and_then(|fed| fed) {
            Ok(RoundOutcome::Some) => {}
            Ok(RoundOutcome::Nothing | RoundOutcome::Unheard) => return,
            Err(why) => {
                // Nobody listens when the slide is gone already.
                let _ = queue.send(Err(why));
                return;
            }
        }
        round = round.saturating_add(1);
    }
}

/// How a round went.
enum RoundOutcome {
    Some,
    Nothing,
    Unheard,
}

fn feed_round(
    source: &Source,
    fitting: Fitting,
    skip: usize,
    queue: &Sender<Result<Ready, String>>,
) -> Result<RoundOutcome, String> {
    let frames = source.frames().map_err(explain)?;
    let mut fed = RoundOutcome::Nothing;
    for frame in frames.take(source.outline.frames as usize).skip(skip) {
        let frame = frame.map_err(explain)?;
        let delay = delay(&frame);
        let frame = source.bitmap(frame)?;
        let pixels = fitting.fit(frame).map_err(|error| error.0)?;
        if queue.send(Ok(Ready { pixels, delay })).is_err() {
            return Ok(RoundOutcome::Unheard);
        }
        fed = RoundOutcome::Some;
    }
    Ok(fed)
}
