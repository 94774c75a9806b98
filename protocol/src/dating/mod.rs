//! When plays were: dates from the anchors of a boot, and bounds for the plays of boots that never
//! learned the time.
//!
//! Terminal and hub both date with this module, from the same anchors, so that a play has one date
//! to the millisecond.
//!
//! Invariants:
//! - Only an anchor gives a date. A boot without one has none; its plays get bounds from dated
//!   neighbours, or nothing.
//! - A date depends on the anchors right before and right after it alone: a word about the time
//!   that turns out to be wrong moves no play outside the stretch in which it was believed.
//! - Between two anchors that differ by no more than a boot clock drifts, dates keep the order of
//!   the boot clock.

use serde::{Deserialize, Serialize};

use crate::bounded;
use crate::limits::{BOOT_ANCHORS_MAX, BOOT_BYTES_MAX};

/// Two words about the time that differ by less are one, in milliseconds.
const SAME_MS: u64 = 20;
/// An anchor that says nothing new is kept after so long, in milliseconds.
const HOUR_MS: u64 = 3_600_000;
/// How wrong two words about the time may be and still agree, in milliseconds.
const SLACK_MS: u128 = 1_000;
/// A boot clock that nobody corrects drifts by at most one part in so many (500 ppm, which is also
/// the kernel's limit).
const DRIFT_PARTS: u128 = 2_000;

/// What a boot knew of the time: up to [`BOOT_ANCHORS_MAX`] anchors, in the order of its clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Anchors(
    #[serde(deserialize_with = "bounded::list::<BOOT_ANCHORS_MAX, _, _>")] Vec<(u64, i64)>,
);

impl Anchors {
    /// Sorts anchors: each is CLOCK_BOOTTIME and Unix time, in milliseconds. Of several at one
    /// moment the first stays.
    pub fn new(points: impl IntoIterator<Item = (u64, i64)>) -> Self {
        let mut points: Vec<_> = points.into_iter().collect();
        points.sort_by_key(|&(boot_ms, _)| boot_ms);
        points.dedup_by_key(|&mut (boot_ms, _)| boot_ms);
        let mut anchors = Self(points);
        anchors.thin();
        anchors
    }

    /// The anchors, in order.
    pub fn points(&self) -> &[(u64, i64)] {
        &self.0
    }

    /// The newest.
    pub fn last(&self) -> Option<(u64, i64)> {
        self.0.last().copied()
    }

    /// Tells whether nothing is known.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a newer anchor; tells whether that changed anything. What repeats the one before is
    /// kept once an hour, so that later drift is not spread over time that was sure. What is not
    /// newer than the newest is not taken.
    pub fn add(&mut self, boot_ms: u64, wall_ms: i64) -> bool {
        let (Some((newest, _)), Some(said)) = (self.last(), self.date(boot_ms)) else {
            self.0.push((boot_ms, wall_ms));
            return true;
        };
        if boot_ms <= newest {
            return false;
        }
        if said.abs_diff(wall_ms) > SAME_MS {
            self.0.push((boot_ms, wall_ms));
        } else if boot_ms - newest < HOUR_MS {
            return false;
        } else {
            // The same offset to the millisecond, so that no date moves by what two readings of a
            // clock are apart.
            if let [.., before, last] = self.0[..]
                && offset(before) == offset(last)
            {
                self.0.pop();
            }
            self.0.push((boot_ms, said));
        }
        self.thin();
        true
    }

    /// Holds on to what is believed at a moment, right before something else is: what happened
    /// until then stays as it is.
    pub fn hold(&mut self, boot_ms: u64) {
        if let (Some((newest, _)), Some(said)) = (self.last(), self.date(boot_ms))
            && boot_ms > newest
        {
            self.0.push((boot_ms, said));
            self.thin();
        }
    }

    /// Returns the date of a moment of this boot in Unix milliseconds; `None` if nothing is known.
    ///
    /// Between two anchors that agree up to drift it lies on the line between them. Where they
    /// differ by more, somebody set a clock: what is before the later one follows the earlier.
    /// Outside, the nearest anchor counts.
    pub fn date(&self, boot_ms: u64) -> Option<i64> {
        let after = self.0.partition_point(|&(at_ms, _)| at_ms <= boot_ms);
        let before = after.checked_sub(1).map(|at| self.0[at]);
        match (before, self.0.get(after)) {
            (None, None) => None,
            (None, Some(&only)) | (Some(only), None) => Some(from(only, boot_ms)),
            (Some(before), Some(&next)) => Some(between(before, next, boot_ms)),
        }
    }

    /// Tells whether a newer state of these anchors is `newer`: they reach further, or as far and
    /// are more.
    pub fn are_older_than(&self, newer: &Self) -> bool {
        let reach = |anchors: &Self| (anchors.last().map(|(boot_ms, _)| boot_ms), anchors.0.len());
        reach(self) < reach(newer)
    }

    /// Returns the first moment whose date may differ between the two, in milliseconds of the boot
    /// clock.
    pub fn differ_from(&self, other: &Self) -> Option<u64> {
        if self == other {
            return None;
        }
        let pairs = self.0.iter().zip(&other.0);
        let same = pairs.take_while(|(a, b)| a == b).last();
        Some(same.map_or(0, |((boot_ms, _), _)| *boot_ms))
    }

    /// Drops what matters least while there are too many: never the first or the last.
    fn thin(&mut self) {
        while self.0.len() > BOOT_ANCHORS_MAX {
            let loss = |at: usize| {
                let (boot_ms, wall_ms) = self.0[at];
                between(self.0[at - 1], self.0[at + 1], boot_ms).abs_diff(wall_ms)
            };
            let least = (1..self.0.len() - 1).min_by_key(|&at| loss(at));
            self.0.remove(least.unwrap_or(1));
        }
    }
}

fn offset((boot_ms, wall_ms): (u64, i64)) -> i128 {
    i128::from(wall_ms) - i128::from(boot_ms)
}

fn from((at_ms, wall_ms): (u64, i64), boot_ms: u64) -> i64 {
    Anchor {
        boot: String::new(),
        boot_ms: at_ms,
        wall_ms,
    }
    .wall_at(boot_ms)
}

fn between(before: (u64, i64), next: (u64, i64), boot_ms: u64) -> i64 {
    let span_ms = i128::from(next.0) - i128::from(before.0);
    let drift_ms = offset(next) - offset(before);
    let span = span_ms.unsigned_abs();
    // No more than half the span either, or the line would run backwards.
    let drift_ms_max = (SLACK_MS + span / DRIFT_PARTS).min(span / 2);
    if drift_ms.unsigned_abs() > drift_ms_max {
        return from(before, boot_ms);
    }
    let since_ms = i128::from(boot_ms) - i128::from(before.0);
    let moved_ms = (drift_ms * since_ms).div_euclid(span_ms.max(1));
    let moved_ms = i64::try_from(moved_ms).unwrap_or(0);
    from(before, boot_ms).saturating_add(moved_ms)
}

/// The plays of one boot in one ledger, as far as their neighbours' bounds depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When the first of them began, in milliseconds of the boot clock.
    pub first_start_boot_ms: u64,
    /// When the last of them ended.
    pub last_end_boot_ms: u64,
    /// Their earliest start and latest end in Unix milliseconds, if they are dated.
    pub dated: Option<(i64, i64)>,
}

impl Run {
    /// Begins with one play.
    pub fn of(start_boot_ms: u64, visible_ms: u64, wall_ms: Option<i64>) -> Self {
        Self {
            first_start_boot_ms: start_boot_ms,
            last_end_boot_ms: start_boot_ms.saturating_add(visible_ms),
            dated: wall_ms.map(|start_ms| (start_ms, start_ms.saturating_add_unsigned(visible_ms))),
        }
    }

    /// Takes in another play of the same boot.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            first_start_boot_ms: self.first_start_boot_ms.min(other.first_start_boot_ms),
            last_end_boot_ms: self.last_end_boot_ms.max(other.last_end_boot_ms),
            dated: match (self.dated, other.dated) {
                (Some(one), Some(two)) => Some((one.0.min(two.0), one.1.max(two.1))),
                (one, two) => one.or(two),
            },
        }
    }

    const fn span_ms(&self) -> u64 {
        self.last_end_boot_ms - self.first_start_boot_ms
    }
}

/// Between which moments something was that has no date, in Unix milliseconds; a bound that is not
/// known is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Between {
    /// Not before this.
    pub not_before_ms: Option<i64>,
    /// Not after this.
    pub not_after_ms: Option<i64>,
}

impl Between {
    /// Narrows the bounds of a whole run to the start of one of its plays.
    #[must_use]
    pub fn start_of(self, run: &Run, start_boot_ms: u64) -> Self {
        let since_first = start_boot_ms.saturating_sub(run.first_start_boot_ms);
        let until_last = run.last_end_boot_ms.saturating_sub(start_boot_ms);
        Self {
            not_before_ms: self
                .not_before_ms
                .map(|ms| ms.saturating_add_unsigned(since_first)),
            not_after_ms: self
                .not_after_ms
                .map(|ms| ms.saturating_sub_unsigned(until_last)),
        }
    }

    /// Tells whether it may have been at or after a moment.
    pub fn reaches(&self, since_ms: i64) -> bool {
        self.not_after_ms.is_none_or(|latest| latest >= since_ms)
    }
}

/// Bounds the runs of one ledger, in its order: an undated run began after all that was shown in
/// the dated one before it, and ended before the dated one after it began; undated runs on the way
/// took at least their own time. Dated runs get no bounds, and neither does a run whose neighbours
/// contradict each other.
///
/// Only differences within a boot count, since a boot id may be younger than the clock that goes
/// with it.
pub fn bounds(runs: &[Run]) -> Vec<Between> {
    let mut bounds = vec![Between::default(); runs.len()];
    let mut earliest: Option<i64> = None;
    for (run, bound) in runs.iter().zip(&mut bounds) {
        if let Some((_, end_ms)) = run.dated {
            earliest = Some(end_ms);
        } else {
            bound.not_before_ms = earliest;
            earliest = earliest.map(|ms| ms.saturating_add_unsigned(run.span_ms()));
        }
    }
    let mut latest: Option<i64> = None;
    for (run, bound) in runs.iter().zip(&mut bounds).rev() {
        if let Some((start_ms, _)) = run.dated {
            latest = Some(start_ms);
            continue;
        }
        bound.not_after_ms = latest;
        latest = latest.map(|ms| ms.saturating_sub_unsigned(run.span_ms()));
        if let (Some(from_ms), Some(first_ms)) = (bound.not_before_ms, latest)
            && from_ms > first_ms
        {
            *bound = Between::default();
        }
    }
    bounds
}

/// Ties a boot's clock to wall time, so that plays can be dated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The boot id.
    #[serde(deserialize_with = "bounded::text::<BOOT_BYTES_MAX, _>")]
    pub boot: String,
    /// CLOCK_BOOTTIME in milliseconds.
    pub boot_ms: u64,
    /// Unix time in milliseconds at that moment.
    pub wall_ms: i64,
}

impl Anchor {
    /// Returns the wall time of a moment of the same boot.
    pub fn wall_at(&self, boot_ms: u64) -> i64 {
        let distance = i128::from(boot_ms) - i128::from(self.boot_ms);
        i64::try_from(i128::from(self.wall_ms) + distance).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests;
