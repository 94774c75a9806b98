//! Which two pixels of a line are mixed for a place between them.

/// Two neighbours, and how much of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tap {
    pub(super) first: usize,
    pub(super) second: usize,
    /// In 256ths.
    pub(super) share: u16,
}

impl Tap {
    /// The neighbours of a place in pixels, on a line whose ends go on for ever. The middle of its
    /// first pixel is 0.5.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        reason = "places lie within a picture or a little beside it; they are clamped to it"
    )]
    pub(super) fn at(place_px: f32, length: usize) -> Self {
        let steps = ((place_px - 0.5) * 256.0).round() as i64;
        let (first, share) = (steps.div_euclid(256), steps.rem_euclid(256));
        let last = length as i64 - 1;
        let (first, second) = (first.clamp(0, last), (first + 1).clamp(0, last));
        Self {
            first: first as usize,
            second: second as usize,
            share: if first == second { 0 } else { share as u16 },
        }
    }
}

/// The least and the last pixel of taps that all go one way.
pub(super) fn ends_of(taps: &[Tap]) -> (usize, usize) {
    let (Some(one), Some(other)) = (taps.first(), taps.last()) else {
        return (0, 0);
    };
    (one.first.min(other.first), one.second.max(other.second))
}

/// The shares in 32,768ths, each so many times over.
pub(super) fn shares_of(taps: &[Tap], times: usize) -> Vec<i16> {
    let shares = taps
        .iter()
        .map(|tap| i16::try_from(tap.share << 7).unwrap_or(i16::MAX));
    shares
        .flat_map(|share| std::iter::repeat_n(share, times))
        .collect()
}

/// Where the pixels begin that follow each other one by one, if they all do.
pub(super) fn run_start(taps: &[Tap]) -> Option<usize> {
    let start = taps.first()?.first;
    let is_run = taps
        .iter()
        .zip(start..)
        .all(|(tap, wanted)| tap.share == 0 && tap.first == wanted);
    is_run.then_some(start)
}

/// Where the pixels begin of which each stands for two, the second one half way to the next.
pub(super) fn pairs_start(taps: &[Tap]) -> Option<usize> {
    let start = taps.first()?.first;
    let are_pairs = taps.iter().enumerate().all(|(place, tap)| {
        let at_the_end = tap.first == tap.second;
        tap.first == start + place / 2
            && (place % 2 == 0 && tap.share == 0
                || place % 2 == 1 && (tap.share == 128 || at_the_end))
    });
    are_pairs.then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_between_pixels_mix_both_and_places_beside_them_repeat_the_last() {
        let tap = |first, second, share| Tap {
            first,
            second,
            share,
        };
        assert_eq!(Tap::at(0.5, 4), tap(0, 1, 0));
        assert_eq!(Tap::at(2.0, 4), tap(1, 2, 128));
        assert_eq!(Tap::at(0.1, 4), tap(0, 0, 0));
        assert_eq!(Tap::at(3.9, 4), tap(3, 3, 0));
        assert_eq!(Tap::at(9.0, 4), tap(3, 3, 0));
        assert_eq!(Tap::at(0.5, 1), tap(0, 0, 0));
    }

    #[test]
    fn runs_and_pairs_are_known() {
        let places = |step: f32, from: f32, count: usize| -> Vec<Tap> {
            (0..count)
                .map(|n| Tap::at(from + step * n as f32, 64))
                .collect()
        };
        assert_eq!(run_start(&places(1.0, 3.5, 20)), Some(3));
        assert_eq!(run_start(&places(1.0, 3.75, 20)), None);
        assert_eq!(run_start(&places(0.5, 3.5, 20)), None);
        assert_eq!(pairs_start(&places(0.5, 3.5, 20)), Some(3));
        assert_eq!(pairs_start(&places(0.5, 0.5, 128)), Some(0));
        assert_eq!(pairs_start(&places(1.0, 3.5, 20)), None);
        assert_eq!(run_start(&[]), None);
    }
}
