//! What each boot of a terminal played, by ledger and content: where in its ledger, from when to
//! when by its own clock, and by the wall clock if it has learned the time.

use std::collections::BTreeMap;

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Transaction, owned_values};

/// Plays of one boot and content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct BootPlays {
    plays: i64,
    first_seq: u64,
    first_start_boot_ms: u64,
    last_end_boot_ms: u64,
    /// When the first that has a date began, and the last ended.
    wall_ms: Option<(i64, i64)>,
}

impl BootPlays {
    /// One play.
    pub(in crate::store) fn of(
        seq: u64,
        start_boot_ms: u64,
        visible_ms: u64,
        wall_ms: Option<i64>,
    ) -> Self {
        Self {
            plays: 1,
            first_seq: seq,
            first_start_boot_ms: start_boot_ms,
            last_end_boot_ms: start_boot_ms.saturating_add(visible_ms),
            wall_ms: wall_ms
                .map(|start_ms| (start_ms, start_ms.saturating_add_unsigned(visible_ms))),
        }
    }

    /// Adds others.
    pub(in crate::store) fn add(&mut self, other: Self) {
        self.plays += other.plays;
        self.first_seq = self.first_seq.min(other.first_seq);
        self.first_start_boot_ms = self.first_start_boot_ms.min(other.first_start_boot_ms);
        self.last_end_boot_ms = self.last_end_boot_ms.max(other.last_end_boot_ms);
        self.wall_ms = match (self.wall_ms, other.wall_ms) {
            (Some(own), Some(other)) => Some((own.0.min(other.0), own.1.max(other.1))),
            (own, other) => own.or(other),
        };
    }
}

/// Adds plays of a ledger, by boot and content.
///
/// # Errors
/// The database fails.
pub(in crate::store) fn add(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    boots: &BTreeMap<(i64, i64), BootPlays>,
) -> Result<(), DatabaseError> {
    add_to(tx, "boot_plays", screen, ledger, boots)
}

/// Adds plays that are pruned to what is kept of such.
///
/// # Errors
/// The database fails.
pub(in crate::store) fn add_pruned(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    boots: &BTreeMap<(i64, i64), BootPlays>,
) -> Result<(), DatabaseError> {
    add_to(tx, "pruned_boot_plays", screen, ledger, boots)
}

fn add_to(
    tx: &Transaction<'_>,
    table: &str,
    screen: ScreenNumber,
    ledger: i64,
    boots: &BTreeMap<(i64, i64), BootPlays>,
) -> Result<(), DatabaseError> {
    let rows: Vec<_> = boots
        .iter()
        .map(|(&(boot, content), plays)| {
            owned_values![
                ledger,
                boot,
                content,
                screen.get(),
                plays.plays,
                plays.first_seq,
                plays.first_start_boot_ms,
                plays.last_end_boot_ms,
                plays.wall_ms.map(|(first_ms, _)| first_ms),
                plays.wall_ms.map(|(_, last_ms)| last_ms)
            ]
        })
        .collect();
    let sql = format!(
        "INSERT INTO {table} (ledger, boot, content, screen, plays, first_seq, first_start_boot_ms, last_end_boot_ms,
                                 first_wall_ms, last_wall_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (ledger, boot, content)
         DO UPDATE SET plays = {table}.plays + excluded.plays,
                       first_seq = least({table}.first_seq, excluded.first_seq),
                       first_start_boot_ms = least({table}.first_start_boot_ms, excluded.first_start_boot_ms),
                       last_end_boot_ms = greatest({table}.last_end_boot_ms, excluded.last_end_boot_ms),
                       first_wall_ms = least({table}.first_wall_ms, excluded.first_wall_ms),
                       last_wall_ms = greatest({table}.last_wall_ms, excluded.last_wall_ms)"
    );
    tx.execute_each(&sql, &rows)?;
    Ok(())
}

/// Reads the wall times of boots anew, whose plays were dated anew. What was pruned of them keeps
/// its own.
///
/// # Errors
/// The database fails.
pub(in crate::store) fn date(tx: &Transaction<'_>, boots: &[i64]) -> Result<(), DatabaseError> {
    let boots: Vec<_> = boots.iter().map(|&boot| owned_values![boot]).collect();
    tx.execute_each(
        "UPDATE boot_plays SET first_wall_ms = dated.first_ms, last_wall_ms = dated.last_ms
         FROM (SELECT ledger, content, min(first_ms) AS first_ms, max(last_ms) AS last_ms
               FROM (SELECT ledger, content, min(wall_ms) AS first_ms, max(wall_ms + visible_ms) AS last_ms
                     FROM plays WHERE boot = ?1 GROUP BY ledger, content
                     UNION ALL
                     SELECT ledger, content, first_wall_ms, last_wall_ms FROM pruned_boot_plays WHERE boot = ?1) AS known
               GROUP BY ledger, content) AS dated
         WHERE boot_plays.boot = ?1 AND boot_plays.ledger = dated.ledger AND boot_plays.content = dated.content",
        &boots,
    )?;
    Ok(())
}
