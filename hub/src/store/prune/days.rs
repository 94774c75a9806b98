//! How many rows of which day.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::system::clock;
use crate::system::clock::DAY_MS;

/// A table of which rows are pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Plays.
    Plays,
    /// Scans.
    Scans,
    /// Links that can be passed on.
    Shares,
    /// Visits, with the presses of their buttons.
    Visits,
    /// What shops reported.
    Conversions,
}

/// Rows, by table and by the day of UTC on which the hub received them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowDays(BTreeMap<(Table, i64), u64>);

/// One table and day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowDay {
    /// The table.
    pub table: Table,
    /// The day, for example `2026-12-01`.
    pub day: String,
    /// How many rows.
    pub rows: u64,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Plays,
        Self::Scans,
        Self::Shares,
        Self::Visits,
        Self::Conversions,
    ];

    /// Its name in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plays => "plays",
            Self::Scans => "scans",
            Self::Shares => "shares",
            Self::Visits => "visits",
            Self::Conversions => "conversions",
        }
    }
}

impl RowDays {
    /// Adds a row that was received at a moment.
    pub(super) fn add(&mut self, table: Table, received_ms: i64) {
        self.add_day(table, received_ms.div_euclid(DAY_MS), 1);
    }

    /// Adds rows of a day, counted from 1970.
    pub(super) fn add_day(&mut self, table: Table, day: i64, rows: u64) {
        *self.0.entry((table, day)).or_default() += rows;
    }

    /// Adds others.
    pub(super) fn append(&mut self, others: Self) {
        for ((table, day), rows) in others.0 {
            self.add_day(table, day, rows);
        }
    }

    /// Returns how many rows of a table there are.
    pub fn of(&self, table: Table) -> u64 {
        let of_table = self.0.iter().filter(|((of, _), _)| *of == table);
        of_table.map(|(_, rows)| rows).sum()
    }

    /// Returns how many rows there are.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Lists them, by table and day.
    pub fn list(&self) -> Vec<RowDay> {
        self.0
            .iter()
            .map(|(&(table, day), &rows)| RowDay {
                table,
                day: clock::utc_day(day.saturating_mul(DAY_MS)),
                rows,
            })
            .collect()
    }
}
