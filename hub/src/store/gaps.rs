//! Plays that were shown and will never come: what terminals say of them, and what this hub once
//! had and lost.
//!
//! Invariants: a gap is stored in the transaction that stores the row after it, once, however often
//! it is sent; a ledger's cursor passes rows that it never stored only where the terminal says that
//! it no longer has them, and then they are on record as missing.

use std::collections::BTreeMap;

use passerby_protocol::plays::{Gap, GapReason, PlayBatch};
use rusqlite::{Transaction, params};
use serde::Serialize;

use crate::store::Result;

/// Plays that are known to be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MissingCounts {
    /// All of them, at least.
    pub total: u64,
    /// By screen number.
    pub by_screen: BTreeMap<String, u64>,
    /// By reason, in the words of [`GapReason::word`].
    pub by_reason: BTreeMap<String, u64>,
}

/// Passes rows before a batch that the terminal no longer has. Returns the new last seq; the same
/// when there is nothing to pass, or when the rows could still be sent.
pub(super) fn pass_gone(
    tx: &Transaction<'_>,
    ledger: i64,
    batch: &PlayBatch,
    last_seq: u64,
) -> rusqlite::Result<u64> {
    let gone_through = batch.gone_through.min(batch.first_seq - 1);
    if gone_through <= last_seq || batch.columns.number.is_empty() {
        return Ok(last_seq);
    }
    let gap = Gap {
        after_seq: last_seq,
        reason: GapReason::Pruned,
        plays: gone_through - last_seq,
        boot: String::new(),
        from_boot_ms: 0,
        until_boot_ms: 0,
    };
    insert(tx, ledger, &gap)?;
    Ok(gone_through)
}

/// Stores what the terminal says is missing among its rows.
pub(super) fn take(tx: &Transaction<'_>, ledger: i64, batch: &PlayBatch) -> rusqlite::Result<()> {
    for gap in &batch.gaps {
        // What a hub lost, only a hub can tell.
        if gap.reason != GapReason::Pruned {
            insert(tx, ledger, gap)?;
        }
    }
    Ok(())
}

fn insert(tx: &Transaction<'_>, ledger: i64, gap: &Gap) -> rusqlite::Result<()> {
    let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    tx.prepare_cached(
        "INSERT INTO gaps (ledger, after_seq, reason, plays, boot, from_boot_ms, until_boot_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        ledger,
        gap.after_seq,
        u8::from(gap.reason),
        gap.plays,
        gap.boot,
        ms(gap.from_boot_ms),
        ms(gap.until_boot_ms),
    ])?;
    Ok(())
}

/// Counts them all.
pub(super) fn missing(tx: &Transaction<'_>) -> Result<MissingCounts> {
    let mut counts = MissingCounts::default();
    let mut query = tx.prepare_cached(
        "SELECT screen, reason, sum(plays) FROM gaps JOIN ledgers ON ledgers.id = ledger GROUP BY screen, reason",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (screen, reason, plays): (i64, u8, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        counts.total += plays;
        *counts.by_screen.entry(screen.to_string()).or_default() += plays;
        // Only codes that this hub knows are ever stored.
        if let Ok(reason) = GapReason::try_from(reason) {
            *counts
                .by_reason
                .entry(reason.word().to_owned())
                .or_default() += plays;
        }
    }
    Ok(counts)
}
