//! What is missing: plays that were shown and are in no row.
//!
//! Invariants: a gap says nothing that is not known, so its count is a lower bound; it grows while
//! no row follows it and never changes once one does; it goes into the file in the transaction of
//! the next row at the latest.

use std::ops::RangeInclusive;

use passerby_protocol::limits::GAP_PLAYS_MAX;
use passerby_protocol::plays::{Gap, GapReason};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::ledger::play::NewPlay;

/// Set in `meta` while plays are held for a common commit, so that the next start knows if they
/// were cut off.
pub(super) const HOLDING: &str = "holding";

/// The gap that one play leaves.
pub(super) fn of(reason: GapReason, after_seq: u64, play: &NewPlay) -> Gap {
    Gap {
        after_seq,
        reason,
        plays: 1,
        boot: play.start.boot.to_string(),
        from_boot_ms: play.start.boot_ms,
        until_boot_ms: play.start.boot_ms + play.visible_ms,
    }
}

/// Adds a gap to those that are not on disk yet.
pub(super) fn note(missing: &mut Vec<Gap>, gap: Gap) {
    let known = missing
        .iter_mut()
        .find(|known| (known.after_seq, known.reason) == (gap.after_seq, gap.reason));
    match known {
        Some(known) => merge(known, &gap),
        None => missing.push(gap),
    }
}

/// Writes a gap, or lets the one that is there grow by it.
pub(super) fn write(connection: &Connection, gap: &Gap) -> rusqlite::Result<()> {
    let known = connection
        .prepare_cached("SELECT after_seq, reason, plays, boot, from_boot_ms, until_boot_ms FROM gaps WHERE after_seq = ?1 AND reason = ?2")?
        .query_row(params![gap.after_seq, u8::from(gap.reason)], read)
        .optional()?;
    let whole = known.map_or_else(
        || gap.clone(),
        |mut known| {
            merge(&mut known, gap);
            known
        },
    );
    connection
        .prepare_cached("INSERT OR REPLACE INTO gaps(after_seq, reason, plays, boot, from_boot_ms, until_boot_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            whole.after_seq,
            u8::from(whole.reason),
            whole.plays,
            whole.boot,
            whole.from_boot_ms,
            whole.until_boot_ms
        ])?;
    Ok(())
}

/// Reads the gaps after the rows of a range.
pub(super) fn after(
    connection: &Connection,
    rows: RangeInclusive<u64>,
) -> rusqlite::Result<Vec<Gap>> {
    connection
        .prepare_cached("SELECT after_seq, reason, plays, boot, from_boot_ms, until_boot_ms FROM gaps WHERE after_seq BETWEEN ?1 AND ?2 ORDER BY after_seq, reason")?
        .query_map(params![rows.start(), rows.end()], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Gap> {
    Ok(Gap {
        after_seq: row.get(0)?,
        reason: GapReason::try_from(row.get::<_, u8>(1)?).unwrap_or(GapReason::Damaged),
        plays: row.get(2)?,
        boot: row.get(3)?,
        from_boot_ms: row.get(4)?,
        until_boot_ms: row.get(5)?,
    })
}

/// The later one tells the boot; what is known of the earlier boot's span gives way.
fn merge(gap: &mut Gap, later: &Gap) {
    gap.plays = (gap.plays + later.plays).min(GAP_PLAYS_MAX);
    if gap.boot == later.boot {
        gap.from_boot_ms = gap.from_boot_ms.min(later.from_boot_ms);
        gap.until_boot_ms = gap.until_boot_ms.max(later.until_boot_ms);
    } else {
        gap.boot.clone_from(&later.boot);
        (gap.from_boot_ms, gap.until_boot_ms) = (later.from_boot_ms, later.until_boot_ms);
    }
}
