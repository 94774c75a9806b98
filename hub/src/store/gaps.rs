//! Plays that were shown and will never come: what terminals say of them, and what this hub once
//! had and lost.
//!
//! Invariants: a gap is stored in the transaction that stores the row after it, once, however often
//! it is sent; a ledger's cursor passes rows that it never stored only where the terminal says that
//! it no longer has them, and then they are on record as missing.

use std::collections::BTreeMap;

use passerby_protocol::plays::{Gap, GapReason, PlayBatch};
use serde::Serialize;

use crate::database::{DatabaseError, Transaction, Value, values};

/// Most gaps whose values are in memory at once; a batch may have more.
const GAPS_AT_ONCE: usize = 1_000;

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
) -> Result<u64, DatabaseError> {
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
    insert(tx, ledger, &[&gap])?;
    Ok(gone_through)
}

/// Stores what the terminal says is missing among its rows.
pub(super) fn take(
    tx: &Transaction<'_>,
    ledger: i64,
    batch: &PlayBatch,
) -> Result<(), DatabaseError> {
    // What a hub lost, only a hub can tell.
    let said = batch.gaps.iter();
    let said: Vec<&Gap> = said.filter(|gap| gap.reason != GapReason::Pruned).collect();
    said.chunks(GAPS_AT_ONCE)
        .try_for_each(|gaps| insert(tx, ledger, gaps))
}

fn insert(tx: &Transaction<'_>, ledger: i64, gaps: &[&Gap]) -> Result<(), DatabaseError> {
    let ms = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    let rows: Vec<[Value<'_>; 7]> = gaps
        .iter()
        .map(|gap| {
            [
                ledger.into(),
                gap.after_seq.into(),
                u8::from(gap.reason).into(),
                gap.plays.into(),
                (&gap.boot).into(),
                ms(gap.from_boot_ms).into(),
                ms(gap.until_boot_ms).into(),
            ]
        })
        .collect();
    tx.execute_each(
        "INSERT INTO gaps (ledger, after_seq, reason, plays, boot, from_boot_ms, until_boot_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        &rows,
    )?;
    Ok(())
}

/// Counts them all.
pub(super) fn missing(tx: &Transaction<'_>) -> Result<MissingCounts, DatabaseError> {
    let mut counts = MissingCounts::default();
    let rows: Vec<(i64, u8, u64)> = tx.all(
        "SELECT screen, reason, CAST(sum(plays) AS BIGINT)
         FROM gaps JOIN ledgers ON ledgers.id = ledger GROUP BY screen, reason",
        values![],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    for (screen, reason, plays) in rows {
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
