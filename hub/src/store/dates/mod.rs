//! When plays were, by what their boots knew of the time.
//!
//! Invariants: a play has the date that `passerby_protocol::dating` gives it from the newest state
//! of its boot's anchors that the terminal has sent, or waits for it in `boots.redate_from_ms`; a
//! batch dates a bounded number of plays anew, and the next one goes on; a scan that was judged by
//! a date which then moved far is judged again.

use std::collections::{BTreeMap, HashMap};

use passerby_protocol::ScreenNumber;
use passerby_protocol::dating::{Anchors, Run, bounds};
use passerby_protocol::foreign;
use passerby_protocol::limits::WALL_MS;
use passerby_protocol::plays::PlayBatch;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;

use crate::store::{Id, Result};
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Longest uptime that is believed, 285,000 years; sums with it stay far from overflow.
pub(super) const BOOT_MS_MAX: u64 = 1 << 53;
/// Most plays that one batch dates anew.
const REDATED_MAX: usize = 20_000;
/// A play whose date moves by more has its scans judged again, in milliseconds.
const MOVED_MS: u64 = 60_000;
/// Most boots without the time that a report lists, newest first.
pub const UNDATED_BOOTS_MAX: usize = 1_000;

/// The boots that a batch speaks of.
pub(super) struct Boots<'tx, 'conn> {
    tx: &'tx Transaction<'conn>,
    screen: ScreenNumber,
    known: HashMap<String, (i64, Anchors)>,
}

impl<'tx, 'conn> Boots<'tx, 'conn> {
    pub(super) fn new(tx: &'tx Transaction<'conn>, screen: ScreenNumber) -> Self {
        Self {
            tx,
            screen,
            known: HashMap::new(),
        }
    }

    /// Keeps what a batch knows of its boots, where that is newer, and dates plays anew.
    ///
    /// A terminal may be wrong about its clock and still trust it; what is before the project or
    /// after tomorrow dates nothing.
    pub(super) fn learn(&mut self, batch: &PlayBatch, now_ms: i64) -> rusqlite::Result<()> {
        let tomorrow_ms = now_ms.saturating_add(DAY_MS);
        let is_believable = |boot_ms: u64, wall_ms: i64| {
            boot_ms <= BOOT_MS_MAX && WALL_MS.contains(&wall_ms) && wall_ms < tomorrow_ms
        };
        for (boot, anchors) in batch.anchors_by_boot(is_believable) {
            if !anchors.is_empty() {
                self.keep(boot, anchors)?;
            }
        }
        self.redate()
    }

    fn keep(&mut self, boot: &str, anchors: Anchors) -> rusqlite::Result<()> {
        let tx = self.tx;
        let (id, older) = self.boot(boot)?;
        let id = *id;
        if !older.are_older_than(&anchors) {
            return Ok(());
        }
        let from_ms = older.differ_from(&anchors).unwrap_or(0);
        tx.prepare_cached("DELETE FROM anchors WHERE boot = ?1")?
            .execute([id])?;
        let mut insert =
            tx.prepare_cached("INSERT INTO anchors (boot, boot_ms, wall_ms) VALUES (?1, ?2, ?3)")?;
        for (boot_ms, wall_ms) in anchors.points() {
            insert.execute(params![id, boot_ms, wall_ms])?;
        }
        tx.prepare_cached(
            "UPDATE boots SET redate_from_ms = min(?2, ifnull(redate_from_ms, ?2)) WHERE id = ?1",
        )?
        .execute(params![id, from_ms])?;
        self.known.insert(boot.to_owned(), (id, anchors));
        Ok(())
    }

    /// Dates plays of this screen anew, as many as one batch may.
    fn redate(&self) -> rusqlite::Result<()> {
        let mut left = REDATED_MAX;
        while left > 0 {
            let next: Option<(i64, u64)> = self
                .tx
                .prepare_cached(
                    "SELECT id, redate_from_ms FROM boots WHERE screen = ?1 AND redate_from_ms IS NOT NULL ORDER BY id LIMIT 1",
                )?
                .query_row([self.screen.get()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((boot, from_ms)) = next else {
                break;
            };
            let (looked_at, go_on_ms) = self.redate_boot(boot, from_ms, left)?;
            self.tx
                .prepare_cached("UPDATE boots SET redate_from_ms = ?2 WHERE id = ?1")?
                .execute(params![boot, go_on_ms])?;
            left -= looked_at.min(left);
        }
        Ok(())
    }

    /// Dates up to so many plays of a boot; returns how many were looked at, and where to go on, if
    /// there are more.
    fn redate_boot(
        &self,
        boot: i64,
        from_ms: u64,
        plays_max: usize,
    ) -> rusqlite::Result<(usize, Option<u64>)> {
        let anchors = anchors_of(self.tx, boot)?;
        // A number is below zero where another play has the one that the terminal said.
        let plays: Vec<(i64, u64, u64, i64, Option<i64>)> = self
            .tx
            .prepare_cached(
                "SELECT ledger, seq, start_boot_ms, number, wall_ms FROM plays
                 WHERE boot = ?1 AND start_boot_ms >= ?2 ORDER BY start_boot_ms LIMIT ?3",
            )?
            .query_map(params![boot, from_ms, plays_max], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let mut date = self
            .tx
            .prepare_cached("UPDATE plays SET wall_ms = ?3 WHERE ledger = ?1 AND seq = ?2")?;
        let mut reopen = self.tx.prepare_cached(
            "UPDATE scans SET settled = 0 WHERE screen = ?1 AND play = ?2 AND settled = 1",
        )?;
        for &(ledger, seq, start_boot_ms, number, was_ms) in &plays {
            let is_ms = anchors.date(start_boot_ms);
            if is_ms == was_ms {
                continue;
            }
            date.execute(params![ledger, seq, is_ms])?;
            if let (Some(was_ms), Some(is_ms)) = (was_ms, is_ms)
                && was_ms.abs_diff(is_ms) > MOVED_MS
            {
                reopen.execute(params![self.screen.get(), number])?;
            }
        }
        let go_on_ms = (plays.len() == plays_max)
            .then(|| plays.last().map(|play| play.2))
            .flatten()
            // Plays that begin at once are looked at once more; were there only such ones, this
            // would have no end.
            .map(|last_ms| last_ms.max(from_ms.saturating_add(1)));
        Ok((plays.len(), go_on_ms))
    }

    /// Returns a boot's row and the date of a moment in it, if it has one.
    pub(super) fn place(
        &mut self,
        boot: &str,
        start_boot_ms: u64,
    ) -> rusqlite::Result<(i64, Option<i64>)> {
        let (id, anchors) = self.boot(boot)?;
        Ok((*id, anchors.date(start_boot_ms)))
    }

    fn boot(&mut self, boot: &str) -> rusqlite::Result<&(i64, Anchors)> {
        if !self.known.contains_key(boot) {
            let id = self
                .tx
                .prepare_cached(
                    "INSERT INTO boots (screen, boot) VALUES (?1, ?2)
                     ON CONFLICT (screen, boot) DO UPDATE SET boot = boot RETURNING id",
                )?
                .query_row(params![self.screen.get(), boot], |row| row.get(0))?;
            let anchors = anchors_of(self.tx, id)?;
            self.known.insert(boot.to_owned(), (id, anchors));
        }
        Ok(&self.known[boot])
    }
}

fn anchors_of(tx: &Transaction<'_>, boot: i64) -> rusqlite::Result<Anchors> {
    let points: Vec<(u64, i64)> = tx
        .prepare_cached("SELECT boot_ms, wall_ms FROM anchors WHERE boot = ?1")?
        .query_map([boot], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Anchors::new(points))
}

/// Plays of a boot that never learned the time, and between when they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UndatedBoot {
    /// The screen whose boot it was.
    pub screen: ScreenNumber,
    /// The boot id.
    pub boot: String,
    /// How many plays.
    pub plays: u64,
    /// The first of them began no earlier, RFC 3339; `None` when nothing dated came before.
    pub not_before: Option<String>,
    /// The last of them ended no later; `None` when nothing dated came after.
    pub not_after: Option<String>,
    /// The same in Unix milliseconds.
    #[serde(skip)]
    pub between_ms: (Option<i64>, Option<i64>),
}

/// Returns the boots without the time, newest first, and how many plays they have in all.
pub(super) fn undated(tx: &Transaction<'_>) -> Result<(u64, Vec<UndatedBoot>)> {
    let ledgers: Vec<i64> = tx
        .prepare_cached(
            "SELECT DISTINCT ledger FROM plays WHERE boot IN
                 (SELECT id FROM boots WHERE NOT EXISTS (SELECT 1 FROM anchors WHERE boot = boots.id))
             ORDER BY ledger DESC",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let (mut total, mut found) = (0, Vec::new());
    for ledger in ledgers {
        let boots = runs(tx, ledger)?;
        let only: Vec<Run> = boots.iter().map(|boot| boot.run).collect();
        for (boot, bound) in boots.iter().zip(bounds(&only)).rev() {
            if boot.run.dated.is_some() || boot.plays == 0 {
                continue;
            }
            total += boot.plays;
            if found.len() < UNDATED_BOOTS_MAX {
                let (screen, name) = tx
                    .prepare_cached("SELECT screen, boot FROM boots WHERE id = ?1")?
                    .query_row([boot.id], |row| {
                        Ok((row.get::<_, Id<_>>(0)?.0, row.get::<_, String>(1)?))
                    })?;
                found.push(UndatedBoot {
                    screen,
                    boot: foreign::plain(&name).into_owned(),
                    plays: boot.plays,
                    not_before: bound.not_before_ms.map(clock::rfc3339),
                    not_after: bound.not_after_ms.map(clock::rfc3339),
                    between_ms: (bound.not_before_ms, bound.not_after_ms),
                });
            }
        }
    }
    Ok((total, found))
}

struct BootRun {
    id: i64,
    plays: u64,
    run: Run,
}

/// The boots of a ledger, in its order. Plays that are in no total date their boot like all others,
/// but are not counted.
fn runs(tx: &Transaction<'_>, ledger: i64) -> rusqlite::Result<Vec<BootRun>> {
    let mut query = tx.prepare_cached(
        "SELECT boot, min(first_seq), sum(count) FILTER (WHERE contents.assignment = 0 OR assigned.content IS NOT NULL),
                min(first_start), max(last_end), min(first_wall), max(last_wall)
         FROM (SELECT boot, screen, content, min(seq) AS first_seq, count(*) AS count, min(start_boot_ms) AS first_start,
                      max(start_boot_ms + visible_ms) AS last_end, min(wall_ms) AS first_wall,
                      max(wall_ms + visible_ms) AS last_wall
               FROM plays WHERE ledger = ?1 GROUP BY boot, screen, content) AS played
         JOIN contents ON contents.id = played.content
         LEFT JOIN assigned_contents AS assigned
             ON assigned.screen = played.screen AND assigned.content = played.content
         GROUP BY boot",
    )?;
    let mut in_order = BTreeMap::new();
    let mut rows = query.query([ledger])?;
    while let Some(row) = rows.next()? {
        let first_seq: u64 = row.get(1)?;
        let dated = match (row.get(5)?, row.get(6)?) {
            (Some(start_ms), Some(end_ms)) => Some((start_ms, end_ms)),
            _ => None,
        };
        let run = Run {
            first_start_boot_ms: row.get(3)?,
            last_end_boot_ms: row.get(4)?,
            dated,
        };
        let (id, plays) = (row.get(0)?, row.get::<_, Option<u64>>(2)?.unwrap_or(0));
        in_order.insert(first_seq, BootRun { id, plays, run });
    }
    Ok(in_order.into_values().collect())
}

#[cfg(test)]
mod tests;
