//! What is missing: plays that were shown and are in no row.
//!
//! Invariants: a gap says nothing that is not known, so its count is a lower bound; it grows while
//! no row follows it and never changes once one does; it goes into the file in the transaction of
//! the next row at the latest.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use passerby_protocol::limits::GAP_PLAYS_MAX;
use passerby_protocol::plays::{Gap, GapReason};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::ledger::{Ledger, LedgerError, NewPlay, stored_values};

/// Set in `meta` while plays are held for a common commit, so that the next start knows if they
/// were cut off.
pub(super) const HOLDING: &str = "holding";

impl Ledger {
    /// Notes a play that will be in no row. It is on disk with the next transaction.
    pub fn miss(&mut self, reason: GapReason, play: &NewPlay) {
        note(&mut self.missing, of(reason, self.last_seq, play));
    }

    /// Returns what is missing, in the order of the rows, as far as it is on disk.
    ///
    /// # Errors
    /// The database fails.
    pub fn gaps(&self) -> Result<Vec<Gap>, LedgerError> {
        Ok(after(&self.connection, 0..=u64::MAX >> 1)?)
    }

    /// Returns the gaps right before the rows of a range.
    ///
    /// # Errors
    /// The database fails.
    pub fn gaps_before(&self, rows: RangeInclusive<u64>) -> Result<Vec<Gap>, LedgerError> {
        let (from, to) = (rows.start().saturating_sub(1), rows.end().saturating_sub(1));
        Ok(after(&self.connection, from..=to)?)
    }

    fn unwritten(&self) -> impl Iterator<Item = &Gap> {
        self.missing.iter().chain(&self.doubtful.0)
    }

    /// How many plays are in no row, as far as the file tells and what is about to be written; at
    /// least.
    ///
    /// # Errors
    /// The database fails.
    pub fn dropped(&self) -> Result<u64, LedgerError> {
        let on_disk: u64 =
            self.connection
                .query_row("SELECT total(plays) FROM gaps", [], |row| {
                    row.get::<_, f64>(0).map(whole)
                })?;
        let coming: u64 = self.unwritten().map(|gap| gap.plays).sum();
        Ok(on_disk + coming)
    }

    /// How many plays are in no row at least, by why; a reason with none may hide some that nobody
    /// could count.
    ///
    /// # Errors
    /// The database fails.
    pub fn missing_by_reason(&self) -> Result<BTreeMap<&'static str, u64>, LedgerError> {
        let mut reasons = BTreeMap::new();
        let mut statement = self
            .connection
            .prepare_cached("SELECT reason, total(plays) FROM gaps GROUP BY reason")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, u8>(0)?, whole(row.get::<_, f64>(1)?)))
        })?;
        for row in rows {
            let (reason, plays) = row?;
            if let Ok(reason) = GapReason::try_from(reason) {
                reasons.insert(reason.word(), plays);
            }
        }
        for gap in self.unwritten() {
            *reasons.entry(gap.reason.word()).or_default() += gap.plays;
        }
        Ok(reasons)
    }

    /// Says on disk whether plays are held in memory for a common commit from now on.
    ///
    /// # Errors
    /// The database fails.
    pub fn set_holding(&mut self, holds: bool) -> Result<(), LedgerError> {
        if self.is_holding != holds {
            stored_values::set(&self.connection, HOLDING, i64::from(holds))?;
            self.is_holding = holds;
        }
        Ok(())
    }

    /// Tells whether the file says that plays are held.
    pub const fn is_holding(&self) -> bool {
        self.is_holding
    }

    /// Records that plays may have been cut off if the last run ended while it held some. How many
    /// is not known, so the gap counts none: it says where, and the setting says for how long at
    /// most.
    pub(super) fn note_interruption(&mut self) -> Result<(), LedgerError> {
        if stored_values::get::<i64>(&self.connection, HOLDING)? != Some(1) {
            return Ok(());
        }
        let last: Option<(String, u64)> = self
            .connection
            .query_row(
                "SELECT b.text, start_boot_ms + visible_ms FROM plays JOIN boots b ON b.id = plays.boot WHERE seq = ?1",
                [self.last_seq],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (boot, ended_ms) = last.unwrap_or_default();
        let transaction = self.connection.transaction()?;
        write(
            &transaction,
            &Gap {
                after_seq: self.last_seq,
                reason: GapReason::Interrupted,
                plays: 0,
                boot,
                from_boot_ms: ended_ms,
                until_boot_ms: ended_ms,
            },
        )?;
        stored_values::set(&transaction, HOLDING, 0)?;
        transaction.commit()?;
        self.is_holding = false;
        Ok(())
    }
}

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

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum of counts, each at most 2^28"
)]
const fn whole(sum: f64) -> u64 {
    sum as u64
}
