//! What becomes of links: how many there are, and how many links others got below them.
//!
//! Everything is counted at the day, of UTC, on which the upper link was made, so that links which
//! had the same time to be passed on can be compared: a link below counts as brought if it was made
//! within [`BRING_MS`] after the one above.
//!
//! Invariants: what a link adds follows from its row, the one above, its number among those below
//! that one, and its scan, none of which changes; so it can be taken off when the row is pruned or
//! its chain ceases to count.

use crate::system::clock::{DAY_MS, HOUR_MS};

/// After so long a link has brought what it brings: what comes later is not counted as brought. In
/// milliseconds; the statements have it as a number.
pub(in crate::store) const BRING_MS: i64 = 7 * DAY_MS;

/// What links are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct LinkKey {
    pub(in crate::store) campaign: String,
    /// Where the chain began.
    pub(in crate::store) screen: u32,
    pub(in crate::store) generation: i64,
    /// The day on which the link was made.
    pub(in crate::store) day: i64,
    /// Whether the scan that began the chain counts.
    pub(in crate::store) is_counted: bool,
}

/// How many links, and what they brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct LinkSums {
    /// Links.
    pub(in crate::store) links: i64,
    /// Links below them, made in time.
    pub(in crate::store) brought: i64,
    /// Links that have any of these.
    pub(in crate::store) sharers: i64,
    /// How many each has, squared.
    pub(in crate::store) squares: i64,
    /// All links below, by how long after the scan they were made: within an hour,
    pub(in crate::store) in_hour: i64,
    /// later, within a day,
    pub(in crate::store) in_day: i64,
    /// later, within seven days,
    pub(in crate::store) in_week: i64,
    /// and later.
    pub(in crate::store) later: i64,
}

/// How many sums there are.
pub(super) const SUMS: usize = 8;

impl LinkSums {
    /// One link.
    pub(in crate::store) const ONE: Self = Self {
        links: 1,
        brought: 0,
        sharers: 0,
        squares: 0,
        in_hour: 0,
        in_day: 0,
        in_week: 0,
        later: 0,
    };

    /// What a link below adds to the one above.
    pub(in crate::store) fn below(below: &Below) -> Self {
        let in_time = below.made_ms - below.above_ms < BRING_MS;
        let brought = i64::from(in_time);
        let after_ms = below.made_ms - below.scanned_ms;
        let is_in = |from: i64, until: i64| i64::from((from..until).contains(&after_ms));
        Self {
            links: 0,
            brought,
            sharers: if below.nth == 1 { brought } else { 0 },
            // n squared is one more than the square before by the nth odd number.
            squares: brought * (2 * below.nth - 1),
            in_hour: is_in(i64::MIN, HOUR_MS),
            in_day: is_in(HOUR_MS, DAY_MS),
            in_week: is_in(DAY_MS, 7 * DAY_MS),
            later: is_in(7 * DAY_MS, i64::MAX),
        }
    }

    pub(in crate::store) const fn to_array(self) -> [i64; SUMS] {
        [
            self.links,
            self.brought,
            self.sharers,
            self.squares,
            self.in_hour,
            self.in_day,
            self.in_week,
            self.later,
        ]
    }

    pub(in crate::store) const fn from_array(sums: [i64; SUMS]) -> Self {
        let [
            links,
            brought,
            sharers,
            squares,
            in_hour,
            in_day,
            in_week,
            later,
        ] = sums;
        Self {
            links,
            brought,
            sharers,
            squares,
            in_hour,
            in_day,
            in_week,
            later,
        }
    }

    pub(super) fn negated(self) -> Self {
        Self::from_array(self.to_array().map(|sum| -sum))
    }
}

impl std::ops::AddAssign for LinkSums {
    fn add_assign(&mut self, by: Self) {
        let (mut sums, by) = (self.to_array(), by.to_array());
        for (sum, by) in sums.iter_mut().zip(by) {
            *sum += by;
        }
        *self = Self::from_array(sums);
    }
}

/// A link that somebody got from another's.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Below {
    /// When it was made.
    pub(in crate::store) made_ms: i64,
    /// Which it is of those below the same link, from 1.
    pub(in crate::store) nth: i64,
    /// When the one above was made.
    pub(in crate::store) above_ms: i64,
    /// When the scan was opened that began the chain.
    pub(in crate::store) scanned_ms: i64,
}

/// The day, of UTC, in which a moment is.
pub(in crate::store) const fn day_of(wall_ms: i64) -> i64 {
    wall_ms.div_euclid(DAY_MS)
}
