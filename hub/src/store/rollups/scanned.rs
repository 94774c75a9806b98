//! How many plays were scanned: what tallies are made of.
//!
//! Invariant: a play was scanned if a scan of it that counts was opened within [`SETTLE_MS`] of its
//! end. It may become one, or cease to be one, when it arrives, gets another date, is scanned, or
//! when a scan of it is judged again; each of these says so in its own transaction.

use std::collections::HashMap;

use crate::database::{DatabaseError, Transaction, owned_values, values};
use crate::store::rollups::changes::{Changes, quarter_of};
use crate::system::clock::DAY_MS;

/// After so long a play is settled: late scans of it, from photos for example, are mostly in. In
/// milliseconds.
pub(in crate::store) const SETTLE_MS: i64 = DAY_MS;

/// A play that is here and has a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct DatedPlay {
    pub(in crate::store) content: i64,
    pub(in crate::store) wall_ms: i64,
    pub(in crate::store) visible_ms: i64,
}

impl DatedPlay {
    /// Whether a play was scanned whose first scan was opened then.
    fn is_scanned(self, first_ms: Option<i64>) -> bool {
        is_scanned(self.wall_ms, self.visible_ms, first_ms)
    }
}

/// Whether a play that began and was visible so was scanned, by when its first scan was opened.
pub(in crate::store) fn is_scanned(wall_ms: i64, visible_ms: i64, first_ms: Option<i64>) -> bool {
    first_ms.is_some_and(|first_ms| first_ms <= wall_ms + visible_ms + SETTLE_MS)
}

/// A new scan that counts, of a play that is here already.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct NewScan {
    pub(in crate::store) screen: u32,
    pub(in crate::store) play: u32,
    pub(in crate::store) opened_ms: i64,
    pub(in crate::store) of: DatedPlay,
}

/// Reads when plays of a screen were scanned first, by scans that count. `numbers` may be any, in
/// any order; all numbers between them are looked at.
///
/// # Errors
/// The database fails.
pub(in crate::store) fn first_scans(
    tx: &Transaction<'_>,
    screen: u32,
    numbers: impl Iterator<Item = i64> + Clone,
) -> Result<HashMap<i64, i64>, DatabaseError> {
    let (Some(first), Some(last)) = (numbers.clone().min(), numbers.max()) else {
        return Ok(HashMap::new());
    };
    let found = tx.all(
        "SELECT play, min(scanned_ms) FROM counted_scans WHERE screen = ?1 AND play BETWEEN ?2 AND ?3 GROUP BY play",
        values![screen, first, last],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found.into_iter().collect())
}

/// Counts the plays that are scanned for the first time by scans that have no row yet, no two of
/// one play.
///
/// # Errors
/// The database fails.
pub(in crate::store) fn count_new(
    tx: &Transaction<'_>,
    scans: &[NewScan],
    changes: &mut Changes,
) -> Result<(), DatabaseError> {
    let keys: Vec<_> = scans
        .iter()
        .map(|scan| owned_values![scan.screen, scan.play])
        .collect();
    let before = tx.all_each(
        "SELECT min(scanned_ms) FROM counted_scans WHERE screen = ?1 AND play = ?2",
        &keys,
        |row| row.get::<Option<i64>>(0),
    )?;
    for (scan, before_ms) in scans.iter().zip(before.into_iter().flatten()) {
        let after_ms = before_ms.map_or(scan.opened_ms, |before| before.min(scan.opened_ms));
        if !scan.of.is_scanned(before_ms) && scan.of.is_scanned(Some(after_ms)) {
            changes.scanned(scan.screen, scan.of.content, quarter_of(scan.of.wall_ms), 1);
        }
    }
    Ok(())
}

/// Counts the play of a scan that begins, or ceases, to count. Its row says still what it was.
///
/// # Errors
/// The database fails.
pub(super) fn recount_scan(
    tx: &Transaction<'_>,
    scan: i64,
    is_counted: bool,
    changes: &mut Changes,
) -> Result<(), DatabaseError> {
    let found = tx.optional(
        "SELECT scans.screen, scanned_ms, content, wall_ms, visible_ms,
                (SELECT min(others.scanned_ms) FROM counted_scans AS others
                 WHERE others.screen = scans.screen AND others.play = scans.play AND others.id <> scans.id)
         FROM scans JOIN plays ON plays.screen = scans.screen AND plays.number = scans.play
         WHERE scans.id = ?1 AND wall_ms IS NOT NULL",
        values![scan],
        |row| {
            let play = DatedPlay {
                content: row.get(2)?,
                wall_ms: row.get(3)?,
                visible_ms: row.get(4)?,
            };
            let others_ms: Option<i64> = row.get(5)?;
            Ok::<_, DatabaseError>((row.get::<u32>(0)?, row.get::<i64>(1)?, play, others_ms))
        },
    )?;
    let Some((screen, opened_ms, play, others_ms)) = found else {
        return Ok(());
    };
    let all_ms = Some(others_ms.map_or(opened_ms, |others| others.min(opened_ms)));
    if play.is_scanned(others_ms) != play.is_scanned(all_ms) {
        let by = if is_counted { 1 } else { -1 };
        changes.scanned(screen, play.content, quarter_of(play.wall_ms), by);
    }
    Ok(())
}
