//! Items that could not be shown, and why. They are no plays: nobody saw them.
//!
//! Invariants: at most [`FAILURES_MAX`] are kept, each with its first and last moment and how often
//! it came, those that were first seen longest ago give way; they are written with the next play
//! and never cost a commit of their own while plays come.

use rusqlite::{Connection, params};

use crate::ledger::anchors;
use crate::system::clock::Moment;

/// Most failures that are kept.
pub const FAILURES_MAX: u64 = 10_000;
pub(super) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS failures (
        id INTEGER PRIMARY KEY,
        campaign TEXT NOT NULL, placement INTEGER NOT NULL, creative TEXT NOT NULL, reason TEXT NOT NULL,
        first_boot TEXT NOT NULL, first_boot_ms INTEGER NOT NULL,
        last_boot TEXT NOT NULL, last_boot_ms INTEGER NOT NULL,
        times INTEGER NOT NULL,
        UNIQUE (campaign, placement, creative, reason)
    ) STRICT;
";

/// An item that could not be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFailure {
    /// The campaign's name.
    pub campaign: String,
    /// Which placement of it, from 1.
    pub placement: u64,
    /// The creative.
    pub creative: String,
    /// Why, in words.
    pub reason: String,
    /// The moment at which it failed.
    pub at: Moment,
}

/// An item that could not be shown for some reason, with all the times that this happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedItem {
    /// The campaign's name.
    pub campaign: String,
    /// Which placement of it, from 1.
    pub placement: u64,
    /// The creative.
    pub creative: String,
    /// Why, in words.
    pub reason: String,
    /// When it was first, in Unix milliseconds; `None` while that boot has no anchor.
    pub first_ms: Option<i64>,
    /// When it was last, likewise.
    pub last_ms: Option<i64>,
    /// How often it was skipped for this.
    pub times: u64,
}

/// Writes failures: a new one, or one time more.
pub(super) fn write(connection: &Connection, failed: &[NewFailure]) -> rusqlite::Result<()> {
    if failed.is_empty() {
        return Ok(());
    }
    for failure in failed {
        connection
            .prepare_cached(
                "INSERT INTO failures(campaign, placement, creative, reason, first_boot, first_boot_ms, last_boot, last_boot_ms, times)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?6, 1)
                 ON CONFLICT(campaign, placement, creative, reason)
                 DO UPDATE SET last_boot = excluded.last_boot, last_boot_ms = excluded.last_boot_ms, times = times + 1",
            )?
            .execute(params![
                failure.campaign,
                failure.placement,
                failure.creative,
                failure.reason,
                failure.at.boot,
                failure.at.boot_ms
            ])?;
        if let Some(anchor) = failure.at.anchor() {
            anchors::begin(connection, &anchor)?;
        }
    }
    connection
        .prepare_cached(
            "DELETE FROM failures WHERE id <= (SELECT id FROM failures ORDER BY id DESC LIMIT 1 OFFSET ?1)",
        )?
        .execute([FAILURES_MAX])?;
    Ok(())
}
