//! Whether this machine decodes a film as fast as it is to be seen, found out before anybody sees
//! it: its beginning is decoded once as a screen would, as fast as it goes.
//!
//! Invariants:
//! - Asking takes [`TRIED`] times [`PATIENCE`] and the time of
//!   [`open`](crate::creative::video::open) at most, however long the film is.
//! - A machine that others keep busy meanwhile is not called slow.

use std::time::{Duration, Instant};

use passerby_playout::messages::stage_messages::ComposeError;

use crate::creative::video::decoder::DecoderKind;
use crate::creative::video::lag::advice;
use crate::creative::video::probe::Clip;
use crate::creative::video::queue::Next;
use crate::creative::video::rate::Rate;
use crate::creative::video::tools::Tools;
use crate::creative::video::{Started, begin_unseen};

/// How much of a film is decoded, after its first picture.
const TRIED: Duration = Duration::from_secs(2);
/// How many times as long that may take: what is slower is too slow.
const PATIENCE: u32 = 2;
/// Fewer pictures tell nothing.
const PICTURES_MIN: u64 = 10;
/// A decoder in software that works for a smaller share of the time than one in so many waits for
/// others on this machine.
const WORKS_MIN: u32 = 2;

/// What came of decoding the beginning of a film.
struct Trial {
    pictures: u64,
    took: Duration,
    /// How long the processors worked on it; nothing to go by where hardware decodes.
    worked: Option<Duration>,
}

/// Says at which pace this machine decodes a film and what to do, if that is too slow for it; its
/// pictures are drawn on a screen of `shown_px` pixels.
///
/// # Errors
/// The same as of [`open`](crate::creative::video::open).
pub fn what_is_too_slow(
    tools: &Tools,
    clip: &Clip,
    shown_px: (u32, u32),
) -> Result<Option<String>, ComposeError> {
    let Started {
        kind, queue, guard, ..
    } = begin_unseen(tools, clip, shown_px)?;
    let (wanted, from) = (clip.rate.count(TRIED), Instant::now());
    let worked_before = guard.machine_time();
    let mut pictures = 0;
    while pictures < wanted {
        match queue.first((TRIED * PATIENCE).saturating_sub(from.elapsed())) {
            Next::Picture(_) => pictures += 1,
            Next::Late | Next::Over(_) => break,
        }
    }
    let took = from.elapsed();
    let worked = guard.machine_time().saturating_sub(worked_before);
    queue.close();
    guard.cut();
    let trial = Trial {
        pictures,
        took,
        worked: (kind == DecoderKind::Software).then_some(worked),
    };
    Ok(trial.slow_pace(clip.rate).map(|(pace, needed)| {
        format!(
            "this machine decodes {pace:.0} of its {needed:.0} pictures a second; {}",
            advice(clip.coded_px)
        )
    }))
}

impl Trial {
    /// Pictures a second that came and that are needed, if those are more.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a few hundred pictures at most are counted"
    )]
    fn slow_pace(&self, rate: Rate) -> Option<(f64, f64)> {
        let is_in_time = self.took <= rate.due(self.pictures);
        let is_kept_waiting = self
            .worked
            .is_some_and(|worked| worked < self.took / WORKS_MIN);
        if is_in_time || is_kept_waiting || self.pictures < PICTURES_MIN {
            return None;
        }
        let pace = self.pictures as f64 / self.took.as_secs_f64();
        let needed = f64::from(rate.pictures) / f64::from(rate.seconds);
        Some((pace, needed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        pictures: 30,
        seconds: 1,
    };

    fn pace(pictures: u64, took_ms: u64, worked_ms: Option<u64>) -> Option<(u32, u32)> {
        let trial = Trial {
            pictures,
            took: Duration::from_millis(took_ms),
            worked: worked_ms.map(Duration::from_millis),
        };
        let whole = |number: f64| format!("{number:.0}").parse().expect("a number");
        let (pace, needed) = trial.slow_pace(RATE)?;
        Some((whole(pace), whole(needed)))
    }

    #[test]
    fn a_film_whose_pictures_come_more_slowly_than_they_are_seen_is_too_slow() {
        assert_eq!(pace(60, 1_900, Some(1_800)), None);
        assert_eq!(pace(60, 2_500, Some(2_400)), Some((24, 30)));
        assert_eq!(pace(40, 4_000, None), Some((10, 30)), "hardware");
    }

    #[test]
    fn a_busy_machine_or_a_film_of_a_moment_tells_nothing() {
        assert_eq!(pace(60, 4_000, Some(900)), None, "others work");
        assert_eq!(pace(9, 4_000, Some(4_000)), None, "too few pictures");
    }
}
