//! Whether a film is too much for this machine: it falls behind its time because it is decoded too
//! slowly, or most of its pictures are left out because they are not shown in time.
//!
//! Invariant: what catches up again is not told of, unless it takes longer than [`LAG_MAX`]; a film
//! that falls further and further behind is known in its first seconds, and so is one of which
//! little is shown.

use std::time::Duration;

/// How far, and for how long, a film may be behind its time before its play is marked.
pub const LAG_MAX: Duration = Duration::from_secs(2);
/// A film that is less behind is as good as in time.
const LAG_MIN: Duration = Duration::from_millis(400);
/// From one look at whether it falls further behind to the next.
const LOOK: Duration = Duration::from_secs(1);
/// How much further; a picture more or less is nothing.
const GROWTH_MIN: Duration = Duration::from_millis(50);
/// After so many looks in a row it will not catch up.
const GROWTHS_MAX: u32 = 2;

/// Larger pictures, by their longer side, are what is asked to be made smaller first.
const SIDE_GOOD_PX: u32 = 1_280;

/// From one look at how many pictures are shown to the next.
const SHOWN_LOOK: Duration = Duration::from_secs(2);
/// Less than one in so many is too few: a film of 60 pictures a second is good at 30.
const SHOWN_MIN: u64 = 3;
/// After so many looks in a row it is told.
const SHOWN_LOOKS: u32 = 2;

/// How many pictures of a film are shown.
#[derive(Default)]
pub(super) struct Shown {
    /// When it was looked at, and how many were due and shown by then.
    looked: Option<(Duration, u64, u64)>,
    poor_looks: u32,
    is_told: bool,
}

impl Shown {
    /// Hears at a time of the film how many of its pictures were due and how many shown. Tells
    /// once, if it is so, that too few are: how many a second.
    pub(super) fn is_too_few(&mut self, at: Duration, due: u64, shown: u64) -> Option<u64> {
        let (then, due_then, shown_then) = *self.looked.get_or_insert((at, due, shown));
        let passed = at.saturating_sub(then);
        if passed < SHOWN_LOOK {
            return None;
        }
        self.looked = Some((at, due, shown));
        let (due, shown) = (
            due.saturating_sub(due_then),
            shown.saturating_sub(shown_then),
        );
        // A stage that was covered meanwhile has asked for nothing.
        let is_poor = passed < SHOWN_LOOK * 2 && shown.saturating_mul(SHOWN_MIN) < due;
        self.poor_looks = if is_poor { self.poor_looks + 1 } else { 0 };
        if self.is_told || self.poor_looks < SHOWN_LOOKS {
            return None;
        }
        self.is_told = true;
        Some(shown / passed.as_secs().max(1))
    }
}

/// How far behind a film is.
#[derive(Default)]
pub(super) struct Lag(Option<Behind>);

/// A film that is behind.
struct Behind {
    since: Duration,
    /// When it was looked at, and how far behind it was then.
    looked: (Duration, Duration),
    growths: u32,
}

impl Lag {
    /// Hears at a time of the film how far behind the picture is that is shown. Tells whether the
    /// machine is too slow for it.
    pub(super) fn is_too_much(&mut self, at: Duration, behind: Duration) -> bool {
        if behind <= LAG_MIN {
            self.0 = None;
            return false;
        }
        let lag = self.0.get_or_insert(Behind {
            since: at,
            looked: (at, behind),
            growths: 0,
        });
        let (looked_at, behind_then) = lag.looked;
        if at.saturating_sub(looked_at) >= LOOK {
            lag.looked = (at, behind);
            lag.growths = if behind >= behind_then + GROWTH_MIN {
                lag.growths + 1
            } else {
                0
            };
        }
        let is_far = behind > LAG_MAX && at.saturating_sub(lag.since) > LAG_MAX;
        is_far || lag.growths >= GROWTHS_MAX
    }
}

/// What to do about a film that is too much for this machine; its file has so many pixels.
pub(super) fn advice((width_px, height_px): (u32, u32)) -> &'static str {
    if width_px.max(height_px) > SIDE_GOOD_PX {
        "export it with 1280 × 720 and 30 pictures a second at most"
    } else {
        "export it with 854 × 480 and 25 pictures a second at most, as H.264"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a film is told of that is so far behind at each time, in milliseconds.
    fn told(behind_ms: impl Fn(u64) -> u64) -> Option<u64> {
        let mut lag = Lag::default();
        (0..60_000).step_by(33).find(|&at_ms| {
            let [at, behind] = [at_ms, behind_ms(at_ms)].map(Duration::from_millis);
            lag.is_too_much(at, behind)
        })
    }

    #[test]
    fn a_film_that_is_decoded_too_slowly_is_known_in_its_first_seconds() {
        for (percent, seconds_max) in [(20, 3), (50, 4), (80, 5), (90, 7)] {
            let told = told(|at_ms| at_ms * (100 - percent) / 100).expect("it is told of");
            assert!(told < seconds_max * 1_000, "{percent} %: {told} ms");
        }
    }

    #[test]
    fn what_catches_up_or_stays_a_little_behind_is_not_told_of() {
        // Nothing comes for a second and a half, then twice as much as is needed.
        let stumbled = |at_ms: u64| match at_ms {
            0..5_000 => 0,
            5_000..6_500 => at_ms - 5_000,
            _ => 1_500_u64.saturating_sub(at_ms - 6_500),
        };
        assert_eq!(told(stumbled), None);
        assert_eq!(told(|_| 900), None);
        assert_eq!(told(|_| 300), None);
    }

    #[test]
    fn what_is_far_behind_for_long_is_told_of_also_when_it_catches_up_slowly() {
        assert!(told(|at_ms| 9_000_u64.saturating_sub(at_ms / 10)).is_some());
    }

    /// What is told of a film of 30 pictures a second that is shown so often, and when, in
    /// milliseconds.
    fn shown(every_ms: impl Fn(u64) -> usize) -> Option<(u64, u64)> {
        let (mut shown, mut at_ms, mut count) = (Shown::default(), 0, 0);
        while at_ms < 60_000 {
            let at = Duration::from_millis(at_ms);
            if let Some(told) = shown.is_too_few(at, at_ms * 30 / 1_000, count) {
                return Some((told, at_ms));
            }
            count += 1;
            at_ms += u64::try_from(every_ms(at_ms)).expect("some time");
        }
        None
    }

    #[test]
    fn a_film_of_which_little_is_shown_is_told_of_in_its_first_seconds_and_once() {
        let (told, at_ms) = shown(|_| 200).expect("it is told of");
        assert_eq!(told, 5);
        assert!(at_ms < 5_000, "{at_ms}");
        // Half of them, a stumble of two seconds, and a stage that was covered.
        assert_eq!(shown(|_| 66), None);
        assert_eq!(
            shown(|at| if (4_000..6_000).contains(&at) {
                500
            } else {
                33
            }),
            None
        );
        assert_eq!(
            shown(|at| if at == 8_000 - 8_000 % 33 { 20_000 } else { 33 }),
            None
        );
    }

    #[test]
    fn the_advice_is_one_that_makes_the_film_smaller() {
        assert!(advice((1_920, 1_080)).contains("1280 × 720"));
        assert!(advice((1_080, 1_920)).contains("1280 × 720"));
        assert!(advice((1_280, 720)).contains("854 × 480"));
    }
}
