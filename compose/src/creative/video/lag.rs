//! Whether a film falls behind its time because this machine decodes it too slowly.
//!
//! Invariant: what catches up again is not told of, unless it takes longer than [`LAG_MAX`]; a film
//! that falls further and further behind is known in its first seconds.

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

/// Larger pictures are what is asked to be made smaller first.
const WIDTH_GOOD_PX: u32 = 1_280;

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

/// What to do about a film of a width in pixels that is decoded too slowly.
pub(super) const fn advice(width_px: u32) -> &'static str {
    if width_px > WIDTH_GOOD_PX {
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

    #[test]
    fn the_advice_is_one_that_makes_the_film_smaller() {
        assert!(advice(1_920).contains("1280 × 720"));
        assert!(advice(1_280).contains("854 × 480"));
    }
}
