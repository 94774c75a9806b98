//! Reads back what is left of a damaged ledger, into a new one.
//!
//! Invariants: the damaged file is only read; what was not yet on the hub comes over with its play
//! numbers, so that the hub, which takes a number once, counts nothing twice; numbers and the
//! newest manifest's version never go back; how many rows could not be read is recorded.

use std::collections::HashMap;
use std::path::Path;

use passerby_protocol::PlayNumber;
use passerby_protocol::limits::{GAP_PLAYS_MAX, PLAY_MS_MAX};
use passerby_protocol::plays::{Display, Gap, GapReason, Outcome};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, Transaction, params};

use crate::ledger::anchors;
use crate::ledger::text_ids::id_of;
use crate::ledger::{gaps, segments, stored_values};

/// How many rows in turn may be unreadable before whole stretches are passed over; forty pages of
/// plays.
const TRIES_IN_TURN_MAX: u32 = 4_096;
/// Most look-ups in one table, good or bad.
const TRIES_MAX: u64 = 8_000_000;
/// Past any id that a ledger could have.
const ID_MAX: i64 = 1 << 40;

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Salvaged {
    /// Plays that wait to be sent and came over.
    pub(super) plays: u64,
    /// Plays that waited and could not be read, as far as gaps between the others tell.
    pub(super) lost: u64,
}

/// A row of plays, with the texts that it refers to.
struct SalvagedRow {
    number: u32,
    content: String,
    boot: String,
    start_boot_ms: u64,
    visible_ms: u64,
    outcome: u8,
    quarantined: bool,
    display: u8,
}

/// Takes over what can be read.
///
/// # Errors
/// The new ledger cannot be written. A file of which nothing can be read is none.
pub(super) fn salvage(damaged: &Path, into: &Transaction<'_>) -> rusqlite::Result<Salvaged> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(from) = Connection::open_with_flags(damaged, flags) else {
        return Ok(Salvaged::default());
    };
    let known = |key: &str| stored_values::get::<i64>(&from, key).ok().flatten();
    let acked_through = known("acked_through").unwrap_or(0);
    let (contents, boots) = (texts(&from, "contents"), texts(&from, "boots"));
    anchors(&from, into)?;
    segments::name_forerunner(&from, into)?;

    let mut salvaged = Salvaged::default();
    let mut newest = acked_through;
    let mut lost = MissingRows::after(acked_through);
    let mut told = gaps::after(&from, acked_through.unsigned_abs()..=u64::MAX >> 1)
        .unwrap_or_default()
        .into_iter()
        .peekable();
    let mut number_max = 0;
    // Up to form 2 there was no such column.
    let has_display = from.prepare("SELECT display FROM plays").is_ok();
    let display = if has_display { "display" } else { "0" };
    walk(
        &from,
        &format!(
            "SELECT seq, number, content, boot, start_boot_ms, visible_ms, outcome, quarantined, {display}
             FROM plays WHERE seq > ?1 ORDER BY seq LIMIT 1"
        ),
        acked_through,
        |seq, row| {
            newest = seq;
            let Some(found) = found(row, &contents, &boots) else {
                return Ok(());
            };
            // What the damaged ledger told of gaps before this row.
            while let Some(mut gap) = told.next_if(|gap| gap.after_seq.cast_signed() < seq) {
                gap.after_seq = salvaged.plays;
                gaps::write(into, &gap)?;
            }
            if let Some(gap) = lost.before(seq, &found, salvaged.plays) {
                gaps::write(into, &gap)?;
            }
            salvaged.plays += 1;
            number_max = number_max.max(found.number);
            keep(into, salvaged.plays, &found)
        },
    )?;
    let waited = u64::try_from(newest - acked_through).unwrap_or(0);
    salvaged.lost = waited.saturating_sub(salvaged.plays);
    for mut gap in told {
        gap.after_seq = salvaged.plays;
        gaps::write(into, &gap)?;
    }
    if let Some(gap) = lost.at_the_end(newest, salvaged.plays) {
        gaps::write(into, &gap)?;
    }

    // Whichever is further: the range that was reserved, or the numbers that were used.
    let reserved = known("reserved_until").unwrap_or(0);
    let used = i64::from(number_max) + 1;
    if salvaged.plays > 0 || reserved > 0 {
        stored_values::set(into, "reserved_until", reserved.max(used))?;
    }
    if let Some(version) = known("manifest_seen") {
        stored_values::set(into, "manifest_seen", version)?;
    }
    if known(gaps::HOLDING) == Some(1) {
        gaps::write(into, &nowhere(salvaged.plays, GapReason::Interrupted))?;
    }
    if let Some(dropped) = known("dropped") {
        // Up to form 2.
        let plays = dropped.unsigned_abs().min(GAP_PLAYS_MAX);
        let mut gap = nowhere(salvaged.plays, GapReason::Full);
        gap.plays = plays;
        gaps::write(into, &gap)?;
    }
    Ok(salvaged)
}

/// Goes along with the rows and tells what is missing between them.
struct MissingRows {
    /// The last row that was read.
    seq: i64,
    /// Its boot, and when it ended there.
    read: Option<(String, u64)>,
}

impl MissingRows {
    const fn after(seq: i64) -> Self {
        Self { seq, read: None }
    }

    /// What is missing before a row. Between two rows of one boot the missing ones ended in that
    /// boot, after the one and before the other; else nothing is known of them.
    fn before(&mut self, seq: i64, found: &SalvagedRow, kept: u64) -> Option<Gap> {
        let missing = seq - self.seq - 1;
        let ended_ms = found.start_boot_ms + found.visible_ms;
        let read = self.read.replace((found.boot.clone(), ended_ms));
        self.seq = seq;
        let mut gap = nowhere(kept, GapReason::Damaged);
        gap.plays = u64::try_from(missing).ok().filter(|&plays| plays > 0)?;
        gap.plays = gap.plays.min(GAP_PLAYS_MAX);
        if let Some((boot, from_ms)) = read
            && boot == found.boot
            && from_ms <= ended_ms
        {
            (gap.boot, gap.from_boot_ms, gap.until_boot_ms) = (boot, from_ms, ended_ms);
        }
        Some(gap)
    }

    /// What is missing after the last row that was read, up to one that was only seen.
    fn at_the_end(&self, newest: i64, kept: u64) -> Option<Gap> {
        let mut gap = nowhere(kept, GapReason::Damaged);
        gap.plays = u64::try_from(newest - self.seq)
            .ok()
            .filter(|&plays| plays > 0)?;
        gap.plays = gap.plays.min(GAP_PLAYS_MAX);
        Some(gap)
    }
}

/// A gap of which nobody knows when it was.
const fn nowhere(after_seq: u64, reason: GapReason) -> Gap {
    Gap {
        after_seq,
        reason,
        plays: 0,
        boot: String::new(),
        from_boot_ms: 0,
        until_boot_ms: 0,
    }
}

/// Makes a play of a row, if all of it makes sense.
fn found(
    row: &Row<'_>,
    contents: &HashMap<i64, String>,
    boots: &HashMap<i64, String>,
) -> Option<SalvagedRow> {
    let found = SalvagedRow {
        number: row.get(1).ok()?,
        content: contents.get(&row.get(2).ok()?)?.clone(),
        boot: boots.get(&row.get(3).ok()?)?.clone(),
        start_boot_ms: row.get(4).ok()?,
        visible_ms: row.get(5).ok()?,
        outcome: row.get(6).ok()?,
        quarantined: row.get(7).ok()?,
        display: row.get(8).ok()?,
    };
    let makes_sense = found.number <= PlayNumber::MAX
        && found.visible_ms <= PLAY_MS_MAX
        && Outcome::try_from(found.outcome).is_ok()
        && Display::try_from(found.display).is_ok();
    makes_sense.then_some(found)
}

fn keep(into: &Transaction<'_>, seq: u64, play: &SalvagedRow) -> rusqlite::Result<()> {
    let content = id_of(into, "contents", &play.content)?;
    let boot = id_of(into, "boots", &play.boot)?;
    into.prepare_cached(
        "INSERT INTO plays(seq, number, content, boot, start_boot_ms, visible_ms, outcome, quarantined, display)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        seq,
        play.number,
        content,
        boot,
        play.start_boot_ms,
        play.visible_ms,
        play.outcome,
        play.quarantined,
        play.display
    ])?;
    Ok(())
}

/// What dates plays. There are few; a page that is damaged takes the rest with it.
fn anchors(from: &Connection, into: &Transaction<'_>) -> rusqlite::Result<()> {
    let Ok(mut statement) = from.prepare("SELECT boot, boot_ms, wall_ms FROM anchors") else {
        return Ok(());
    };
    let Ok(mut rows) = statement.query([]) else {
        return Ok(());
    };
    while let Ok(Some(row)) = rows.next() {
        let read = || -> rusqlite::Result<(String, u64, i64)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        };
        if let Ok((boot, boot_ms, wall_ms)) = read() {
            into.prepare_cached(
                "INSERT INTO anchors(boot, boot_ms, wall_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![boot, boot_ms, wall_ms])?;
        }
    }
    // The hub may not have heard all of them from the damaged ledger.
    anchors::offer_all(into)
}

/// The texts of a table, by id.
fn texts(from: &Connection, table: &str) -> HashMap<i64, String> {
    let mut texts = HashMap::new();
    let statement = format!("SELECT id, text FROM {table} WHERE id > ?1 ORDER BY id LIMIT 1");
    let walked = walk(from, &statement, 0, |id, row| {
        if let Ok(text) = row.get(1) {
            texts.insert(id, text);
        }
        Ok(())
    });
    // Only what it calls can fail, and that does not.
    debug_assert!(walked.is_ok());
    texts
}

/// Goes through a table row by row, from the id after `after` on. Where a page cannot be read it
/// goes on behind it: by single ids at first, by ever longer stretches when that does not end.
fn walk(
    from: &Connection,
    statement: &str,
    mut after: i64,
    mut each: impl FnMut(i64, &Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let Ok(mut statement) = from.prepare(statement) else {
        return Ok(());
    };
    let (mut failures, mut stretch) = (0, 1);
    for _ in 0..TRIES_MAX {
        if after >= ID_MAX {
            break;
        }
        let mut kept = Ok(());
        let next = statement
            .query_row([after], |row| {
                let id: i64 = row.get(0)?;
                kept = each(id, row);
                Ok(id)
            })
            .optional();
        kept?;
        match next {
            Ok(None) => break,
            Ok(Some(id)) if id > after => {
                (after, failures, stretch) = (id, 0, 1);
            }
            // A page that lies about its order is as bad as one that cannot be read.
            Ok(Some(_)) | Err(_) => {
                failures += 1;
                if failures > TRIES_IN_TURN_MAX {
                    stretch *= 2;
                }
                after += stretch;
            }
        }
    }
    Ok(())
}
