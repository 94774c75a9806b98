//! Plays that were shown and will never come: what terminals say of them, and what this hub once
//! had and lost.
//!
//! Invariants: a gap is stored in the transaction that stores the row after it, once, however often
//! it is sent; a ledger's cursor passes rows that it never stored only where the terminal says that
//! it no longer has them, and then they are on record as missing.

use std::collections::BTreeMap;

use passerby_protocol::limits::GAP_PLAYS_MAX;
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
        // A terminal may say any number; more than its screen has numbers for there cannot be.
        plays: (gone_through - last_seq).min(GAP_PLAYS_MAX),
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
        // An older hub has stored what terminals said.
        "SELECT screen, reason, CAST(sum(least(plays, ?1)) AS BIGINT)
         FROM gaps JOIN ledgers ON ledgers.id = ledger GROUP BY screen, reason",
        values![GAP_PLAYS_MAX],
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

#[cfg(test)]
mod tests {
    use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
    use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber};

    use super::*;
    use crate::database::Lock;
    use crate::store::testing::on_each_database;

    #[test]
    fn absurd_gaps_are_as_many_plays_as_a_screen_has_numbers_for() {
        on_each_database(|database| {
            let store = database.open();
            let (screen, _) = store
                .add_screen(&crate::people::Actor::COMMAND_LINE, "exit B", 0)
                .unwrap();
            let last = u64::try_from(i64::MAX).unwrap() - 2;
            for epoch in [1, 2, 3] {
                let play = Play {
                    seq: last,
                    number: PlayNumber::new(epoch).unwrap(),
                    content: PlayContent {
                        assignment: Assignment::NONE,
                        campaign: "demo".into(),
                        creative: Digest([0; 32]),
                    },
                    boot: "boot".into(),
                    start_boot_ms: u64::from(epoch),
                    visible_ms: 1,
                    outcome: Outcome::Complete,
                    display: Display::Unknown,
                };
                let batch = PlayBatch::pack(Epoch(u64::from(epoch)), &[play], vec![])
                    .with_gaps(vec![], last - 1);
                store.take_plays(screen, &batch, 0).unwrap();
            }
            let missing = store.report().unwrap().plays.missing;
            assert_eq!(missing.total, 3 * GAP_PLAYS_MAX);
            // What an older hub has stored.
            let absurd = "UPDATE gaps SET plays = 9223372036854775807";
            let changed = store.write(Lock::Everything, |tx| tx.execute(absurd, values![]));
            assert_eq!(changed.unwrap(), 3);
            assert_eq!(store.report().unwrap().plays.missing, missing);
        });
    }
}
