//! Whether all of a film is there, found out without showing it.
//!
//! A film is decoded once as fast as it goes, as a screen decodes it, and judged as a pass on a
//! screen is. One that takes longer than [`DECODE_MAX`] is left there, and its last [`END`] decoded
//! instead: a file that was cut off lacks its end.
//!
//! A screen asks in the background of each film that it shows, since its slot may end before the
//! film does: of one film after the other, with software, and with a low priority.
//!
//! Invariants:
//! - Asking takes [`DECODE_MAX`], [`END_WAIT_MAX`] and the time of [`crate::creative::video::open`]
//!   at most, however long the film is. Damage behind the first part of a long film and before its
//!   end is not found; the screen tells it when it comes there.
//! - In the background a film may take [`background::MACHINE_MAX`] of the machine's time, however
//!   long that lasts on a busy one. It is given up when nothing comes of it for [`STUCK_MAX`], and
//!   that is told.
//! - What is found in the background is told to whoever asked, whether the film is still shown or
//!   not.

mod after_play;
mod background;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use passerby_playout::messages::stage_messages::{ComposeError, Health};

use crate::creative::supervise::{ChildGuard, Patience, RunError, run};
use crate::creative::video::container::EXPORT_ANEW;
use crate::creative::video::decoder::DecoderKind;
use crate::creative::video::probe::Clip;
use crate::creative::video::programs::Input;
use crate::creative::video::queue::{End, Next, Queue};
use crate::creative::video::tools::Tools;
pub(crate) use crate::creative::video::whole::after_play::LookAfterPlay;
pub(crate) use crate::creative::video::whole::background::{BackgroundLook, BackgroundLooks};
use crate::creative::video::{Showing, Started, begin, film, start};

/// How long a film is decoded from its beginning.
const DECODE_MAX: Duration = Duration::from_secs(20);
/// How long a film in the background may give no picture before it is given up.
const STUCK_MAX: Duration = Duration::from_secs(600);
/// How often the time that a film in the background took is looked at.
const MACHINE_LOOK: Duration = Duration::from_secs(1);
/// How much of its end is decoded of a film that takes longer.
const END: Duration = Duration::from_secs(5);
/// How long the end may take.
const END_WAIT_MAX: Duration = Duration::from_secs(20);
/// The size in which it is decoded; nobody sees it.
const DECODED_PX: (u32, u32) = (64, 64);
/// Width and height of a picture of the end, one byte a pixel.
const END_PX: usize = 16;

/// Says what a screen will miss of a film and what to do; `None` when it is whole, as far as that
/// was looked at.
///
/// # Errors
/// A reason that names the file, when not even its first picture can be decoded.
pub(crate) fn what_is_missing(tools: &Tools, clip: &Clip) -> Result<Option<String>, ComposeError> {
    what_is_missing_within(tools, clip, None, Budget::Clock(DECODE_MAX))
}

/// How much a look at a film may take.
#[derive(Debug, Clone, Copy)]
enum Budget {
    /// So long by the clock: somebody waits.
    Clock(Duration),
    /// So much of the machine's time: nobody waits, and other work goes first.
    Machine(Duration),
}

impl Budget {
    const fn first_picture_max(self) -> Duration {
        match self {
            Self::Clock(patience) => patience,
            Self::Machine(_) => STUCK_MAX,
        }
    }

    const fn end_wait_max(self) -> Duration {
        match self {
            Self::Clock(_) => END_WAIT_MAX,
            Self::Machine(_) => STUCK_MAX,
        }
    }

    /// Takes all pictures until the film is over, or until the budget is: `None`.
    ///
    /// # Errors
    /// When nothing comes any more.
    fn rest(self, queue: &Queue, guard: &ChildGuard) -> Result<Option<End>, Stuck> {
        let begin = Instant::now();
        let (mut came, mut looked) = (begin, None::<Instant>);
        loop {
            let patience = match self {
                Self::Clock(patience) => patience.saturating_sub(begin.elapsed()),
                Self::Machine(_) => MACHINE_LOOK,
            };
            match (queue.first(patience), self) {
                (Next::Picture(_), _) => came = Instant::now(),
                (Next::Over(end), _) => return Ok(Some(end)),
                (Next::Late, Self::Clock(_)) => return Ok(None),
                (Next::Late, Self::Machine(_)) if came.elapsed() > STUCK_MAX => return Err(Stuck),
                (Next::Late, Self::Machine(_)) => {}
            }
            if let Self::Machine(machine_max) = self
                && looked.is_none_or(|at| at.elapsed() >= MACHINE_LOOK)
            {
                if guard.machine_time() > machine_max {
                    return Ok(None);
                }
                looked = Some(Instant::now());
            }
        }
    }
}

/// Nothing more came of a film, and it may be whole.
#[derive(Debug, PartialEq, Eq)]
struct Stuck;

/// With the given decoder, else with the one that was chosen for its codec.
fn what_is_missing_within(
    tools: &Tools,
    clip: &Clip,
    kind: Option<DecoderKind>,
    budget: Budget,
) -> Result<Option<String>, ComposeError> {
    let health = Health::default();
    let showing = Showing {
        shown_px: DECODED_PX,
        sound: None,
        poster: &mut |_, _, _| None,
        health: health.clone(),
    };
    let started = match kind {
        Some(kind) => start(
            tools,
            clip,
            kind,
            &showing,
            None,
            Patience::of_clock(budget.first_picture_max()),
        )
        .map_err(|what| ComposeError::new(format!("{}: {what}", clip.name))),
        None => begin(tools, clip, &showing, None),
    };
    let Started { queue, guard, .. } = started?;
    let end = budget.rest(&queue, &guard);
    queue.close();
    guard.cut();
    let missing = match end {
        Ok(Some(End::Failed(what))) => Ok(Some(format!("{}: {what}", clip.name))),
        Ok(Some(End::Rests)) => Ok(health.trouble().map(str::to_owned)),
        Ok(None) => what_the_end_misses(tools, clip, budget.end_wait_max()),
        Err(stuck) => Err(stuck),
    };
    Ok(match (missing, budget) {
        (Ok(missing), _) => missing,
        // Somebody who waits need not hear that this machine is slow.
        (Err(Stuck), Budget::Clock(_)) => None,
        (Err(Stuck), Budget::Machine(_)) => Some(format!(
            "{}: whether all of it can be decoded was not found out, since nothing came of it for {} minutes; look at it once from its beginning to its end",
            clip.name,
            STUCK_MAX.as_secs() / 60
        )),
    })
}

/// The same of the end alone, which may take so long by the clock.
fn what_the_end_misses(
    tools: &Tools,
    clip: &Clip,
    wait_max: Duration,
) -> Result<Option<String>, Stuck> {
    let (Ok(found), Some(length)) = (tools.programs(), clip.length) else {
        return Ok(None);
    };
    let end = length.min(END);
    let start = length.saturating_sub(end);
    let mut before = vec!["-ss".into(), start.as_secs_f64().to_string().into()];
    before.extend(clip.before_input(DecoderKind::Software));
    let input = Input::File(&clip.path, clip.container);
    let mut command = found.reader(DecoderKind::Software.bounds(), &before, &input);
    command.args(["-map", &format!("0:{}", clip.stream)]);
    command.args(["-map_metadata", "-1", "-an", "-sn", "-dn"]);
    let rate = clip.rate;
    command.args([
        "-vf",
        &format!(
            "fps={}/{},scale={END_PX}:{END_PX}:flags=fast_bilinear,format=gray",
            rate.pictures, rate.seconds
        ),
    ]);
    command.args(["-f", "rawvideo", "pipe:1"]);
    let expected = rate.count(end);
    let picture_bytes = END_PX * END_PX;
    let bytes_max = picture_bytes * (usize::try_from(expected).unwrap_or(usize::MAX / 1024) * 4);
    let (count, damage) = match run(&mut command, b"", bytes_max, Patience::of_clock(wait_max)) {
        Ok(output) => (
            output.made.len() / picture_bytes,
            film::damage_told(&output.said),
        ),
        Err(RunError::Failed(_)) => (0, None),
        // It may be whole and this machine slow.
        Err(RunError::Start(_) | RunError::Late(_)) => return Err(Stuck),
        // More than enough came.
        Err(RunError::Flood(_)) => return Ok(None),
    };
    // Some films end before the time that they say.
    let what = if (count as u64) < expected / 4 {
        let end = end.as_secs_f32();
        Some(format!(
            "its last {end:.1} s cannot be decoded; copy it again, or {EXPORT_ANEW}"
        ))
    } else {
        damage
    };
    Ok(what.map(|what| format!("{}: {what}", clip.name)))
}
