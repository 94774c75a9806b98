//! What a transaction changes of the figures, gathered until it notes it.

use std::collections::BTreeMap;

use crate::store::rollups::link_sums::{LinkKey, LinkSums};
use crate::system::clock::HOUR_MS;

/// The hour, and the quarter, of plays that have no date.
pub(in crate::store) const UNDATED: i64 = -1;
/// A quarter of an hour in milliseconds: offsets of time zones differ by no less.
pub(in crate::store) const QUARTER_MS: i64 = HOUR_MS / QUARTERS;
/// Quarters in an hour.
pub(in crate::store) const QUARTERS: i64 = 4;

/// Returns the quarter of an hour of a moment.
pub(in crate::store) const fn quarter_of(wall_ms: i64) -> i64 {
    wall_ms.div_euclid(QUARTER_MS)
}

/// Returns the hour in which a quarter is.
pub(super) const fn hour_of_quarter(quarter: i64) -> i64 {
    quarter.div_euclid(QUARTERS)
}

/// What plays are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct PlayKey {
    pub(in crate::store) screen: u32,
    pub(in crate::store) quarter: i64,
    pub(in crate::store) content: i64,
    pub(in crate::store) outcome: u8,
    pub(in crate::store) display: u8,
}

/// How many, for how long they were visible, in milliseconds, and how many of them were scanned
/// ([`crate::store::rollups::scanned`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct PlaySums {
    pub(in crate::store) plays: i64,
    pub(in crate::store) visible_ms: i64,
    pub(in crate::store) scanned: i64,
}

impl PlaySums {
    pub(in crate::store) const fn negated(self) -> Self {
        Self {
            plays: -self.plays,
            visible_ms: -self.visible_ms,
            scanned: -self.scanned,
        }
    }
}

/// What scans are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct ScanKey {
    pub(in crate::store) screen: u32,
    pub(in crate::store) quarter: i64,
    pub(in crate::store) campaign: String,
    pub(in crate::store) creative: String,
    pub(in crate::store) grade: u8,
    pub(in crate::store) standing: u8,
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct ScanSums {
    pub(in crate::store) scans: i64,
    pub(in crate::store) openings: i64,
    pub(in crate::store) seen: i64,
    pub(in crate::store) confirmed: i64,
}

impl ScanKey {
    /// Whether such scans are in the figures; the same as the view `counted_scans` says.
    pub(in crate::store) const fn is_counted(&self) -> bool {
        self.grade < 2 && self.standing < 2
    }
}

impl ScanSums {
    pub(super) const fn negated(self) -> Self {
        Self {
            scans: -self.scans,
            openings: -self.openings,
            seen: -self.seen,
            confirmed: -self.confirmed,
        }
    }
}

/// What visits are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct VisitKey {
    pub(in crate::store) screen: u32,
    pub(in crate::store) quarter: i64,
    pub(in crate::store) campaign: String,
    pub(in crate::store) creative: String,
    pub(in crate::store) generation: i64,
    pub(in crate::store) grade: u8,
    /// Whether the scan that began the chain counts.
    pub(in crate::store) is_counted: bool,
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct VisitSums {
    pub(in crate::store) visits: i64,
    pub(in crate::store) seen: i64,
    pub(in crate::store) confirmed: i64,
    pub(in crate::store) pressed: i64,
}

impl VisitSums {
    pub(super) const fn negated(self) -> Self {
        Self {
            visits: -self.visits,
            seen: -self.seen,
            confirmed: -self.confirmed,
            pressed: -self.pressed,
        }
    }
}

/// What links that were passed on are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct ShareKey {
    pub(in crate::store) screen: u32,
    pub(in crate::store) quarter: i64,
    pub(in crate::store) campaign: String,
    pub(in crate::store) creative: String,
    /// How often they were passed on since the scan; at least 1.
    pub(in crate::store) generation: i64,
    /// Whether the scan that began the chain counts.
    pub(in crate::store) is_counted: bool,
}

/// What conversions are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) struct ConversionKey {
    /// 0 without a click that is known; then there is no creative and no generation either.
    pub(in crate::store) screen: u32,
    pub(in crate::store) quarter: i64,
    pub(in crate::store) campaign: String,
    pub(in crate::store) creative: String,
    pub(in crate::store) generation: i64,
    pub(in crate::store) kind: String,
    /// Whether anybody may have said so.
    pub(in crate::store) is_unproved: bool,
    /// Empty without a value.
    pub(in crate::store) currency: String,
    /// Whether the scan that began the chain counts.
    pub(in crate::store) is_counted: bool,
}

/// How many, how many of them were withdrawn whole, and what is left of their value, in the
/// smallest unit of the currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct ConversionSums {
    pub(in crate::store) conversions: i64,
    pub(in crate::store) withdrawn: i64,
    pub(in crate::store) value: i64,
}

impl ConversionSums {
    pub(in crate::store) const fn negated(self) -> Self {
        Self {
            conversions: -self.conversions,
            withdrawn: -self.withdrawn,
            value: -self.value,
        }
    }

    pub(in crate::store) fn add(&mut self, by: Self) {
        self.conversions += by.conversions;
        self.withdrawn += by.withdrawn;
        // What one campaign's shops say keeps nobody else's figures from being added up.
        self.value = self.value.saturating_add(by.value);
    }
}

/// What a transaction changes of the figures, gathered until it notes it.
#[derive(Debug, Default)]
#[must_use = "figures that are not noted are wrong"]
pub(in crate::store) struct Changes {
    pub(super) plays: BTreeMap<PlayKey, PlaySums>,
    /// By screen, content and quarter.
    pub(super) scanned: BTreeMap<(u32, i64, i64), i64>,
    pub(super) scans: BTreeMap<ScanKey, ScanSums>,
    pub(super) visits: BTreeMap<VisitKey, VisitSums>,
    pub(super) shares: BTreeMap<ShareKey, i64>,
    pub(super) links: BTreeMap<LinkKey, LinkSums>,
    pub(super) conversions: BTreeMap<ConversionKey, ConversionSums>,
}

impl Changes {
    /// Adds plays, or takes them off with numbers below zero.
    pub(in crate::store) fn plays(&mut self, key: PlayKey, by: PlaySums) {
        let sums = self.plays.entry(key).or_default();
        sums.plays += by.plays;
        sums.visible_ms += by.visible_ms;
        sums.scanned += by.scanned;
    }

    /// Adds to how many of the plays of a content in a quarter of an hour were scanned.
    pub(in crate::store) fn scanned(&mut self, screen: u32, content: i64, quarter: i64, by: i64) {
        *self.scanned.entry((screen, content, quarter)).or_default() += by;
    }

    /// Adds scans, or takes them off with numbers below zero.
    pub(in crate::store) fn scans(&mut self, key: ScanKey, by: ScanSums) {
        let sums = self.scans.entry(key).or_default();
        sums.scans += by.scans;
        sums.openings += by.openings;
        sums.seen += by.seen;
        sums.confirmed += by.confirmed;
    }

    /// Adds visits, or takes them off with numbers below zero.
    pub(in crate::store) fn visits(&mut self, key: VisitKey, by: VisitSums) {
        let sums = self.visits.entry(key).or_default();
        sums.visits += by.visits;
        sums.seen += by.seen;
        sums.confirmed += by.confirmed;
        sums.pressed += by.pressed;
    }

    /// Adds links that were passed on, or takes them off with a number below zero.
    pub(in crate::store) fn shares(&mut self, key: ShareKey, by: i64) {
        *self.shares.entry(key).or_default() += by;
    }

    /// Adds links and what they brought, or takes them off with numbers below zero.
    pub(in crate::store) fn links(&mut self, key: LinkKey, by: LinkSums) {
        *self.links.entry(key).or_default() += by;
    }

    /// Adds conversions, or takes them off with numbers below zero.
    pub(in crate::store) fn conversions(&mut self, key: ConversionKey, by: ConversionSums) {
        self.conversions.entry(key).or_default().add(by);
    }
}
