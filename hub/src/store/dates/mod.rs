//! When plays were, by what their boots knew of the time.
//!
//! Invariants: a play has the date that `passerby_protocol::dating` gives it from the newest state
//! of its boot's anchors that the terminal has sent, or waits for it in `boots.redate_from_ms`; a
//! batch dates a bounded number of plays anew, and the next one goes on; a scan that was judged by
//! a date which then moved far is judged again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use passerby_protocol::ScreenNumber;
use passerby_protocol::dating::{Anchors, Run, bounds};
use passerby_protocol::foreign;
use passerby_protocol::limits::WALL_MS;
use passerby_protocol::plays::PlayBatch;
use serde::Serialize;

use crate::database::{DatabaseError, Id, Sql, Transaction, Value, values};
use crate::store::rollups;
use crate::store::rollups::{Changes, PlayKey, PlaySums, UNDATED, scanned};
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Longest uptime that is believed, 285,000 years; sums with it stay far from overflow.
pub(super) const BOOT_MS_MAX: u64 = 1 << 53;
/// Most plays that one batch dates anew.
const REDATED_MAX: usize = 20_000;
/// Most boots whose anchors are read or written at once; a batch may speak of more.
const BOOTS_AT_ONCE: usize = 200;
/// A play whose date moves by more has its scans judged again, in milliseconds.
const MOVED_MS: u64 = 60_000;
/// Most boots without the time that a report lists, newest first.
pub const UNDATED_BOOTS_MAX: usize = 1_000;

/// The first `?2` plays of screen `?1` that wait to be dated anew, boot by boot. Its form keeps
/// either database from reading the plays of all other boots.
const WAITING_PLAYS: Sql<'static> = Sql::pair(
    "SELECT boots.id, ledger, seq, start_boot_ms, plays.number, wall_ms, content, outcome, display, visible_ms
     FROM boots CROSS JOIN plays ON plays.boot = boots.id AND start_boot_ms >= redate_from_ms
     WHERE boots.screen = ?1 AND redate_from_ms IS NOT NULL ORDER BY boots.id, start_boot_ms LIMIT ?2",
    "SELECT waiting.id, ledger, seq, start_boot_ms, number, wall_ms, content, outcome, display, visible_ms
     FROM (SELECT id, redate_from_ms FROM boots WHERE screen = ?1 AND redate_from_ms IS NOT NULL ORDER BY id) AS waiting
     CROSS JOIN LATERAL (SELECT ledger, seq, start_boot_ms, number, wall_ms, content, outcome, display, visible_ms
                         FROM plays
                         WHERE plays.boot = waiting.id AND start_boot_ms >= redate_from_ms
                         ORDER BY start_boot_ms LIMIT ?2) AS played
     ORDER BY waiting.id, start_boot_ms LIMIT ?2",
);

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
    pub(super) fn learn(&mut self, batch: &PlayBatch, now_ms: i64) -> Result<(), DatabaseError> {
        let tomorrow_ms = now_ms.saturating_add(DAY_MS);
        let is_believable = |boot_ms: u64, wall_ms: i64| {
            boot_ms <= BOOT_MS_MAX && WALL_MS.contains(&wall_ms) && wall_ms < tomorrow_ms
        };
        let mut boots: Vec<(&str, Anchors)> =
            batch.anchors_by_boot(is_believable).into_iter().collect();
        boots.retain(|(_, anchors)| !anchors.is_empty());
        for boots in boots.chunks(BOOTS_AT_ONCE) {
            self.keep(boots)?;
        }
        self.redate()
    }

    fn keep(&mut self, boots: &[(&str, Anchors)]) -> Result<(), DatabaseError> {
        self.meet(boots.iter().map(|(boot, _)| *boot))?;
        let (mut ids, mut points, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for (boot, anchors) in boots {
            let Some((id, older)) = self.known.get_mut(*boot) else {
                continue;
            };
            if !older.are_older_than(anchors) {
                continue;
            }
            let from_ms = older.differ_from(anchors).unwrap_or(0);
            ids.push([Value::from(*id)]);
            for &(boot_ms, wall_ms) in anchors.points() {
                points.push([Value::from(*id), boot_ms.into(), wall_ms.into()]);
            }
            starts.push([Value::from(*id), from_ms.into()]);
            older.clone_from(anchors);
        }
        let tx = self.tx;
        tx.execute_each("DELETE FROM anchors WHERE boot = ?1", &ids)?;
        tx.execute_each(
            "INSERT INTO anchors (boot, boot_ms, wall_ms) VALUES (?1, ?2, ?3)",
            &points,
        )?;
        tx.execute_each(
            "UPDATE boots SET redate_from_ms = least(?2, redate_from_ms) WHERE id = ?1",
            &starts,
        )?;
        Ok(())
    }

    /// Dates plays of this screen anew, as many as one batch may.
    fn redate(&self) -> Result<(), DatabaseError> {
        let plays: Vec<WaitingPlay> = self.tx.all(
            WAITING_PLAYS,
            values![self.screen.get(), REDATED_MAX],
            |row| {
                Ok::<_, DatabaseError>(WaitingPlay {
                    boot: row.get(0)?,
                    ledger: row.get(1)?,
                    seq: row.get(2)?,
                    start_boot_ms: row.get(3)?,
                    number: row.get(4)?,
                    was_ms: row.get(5)?,
                    content: row.get(6)?,
                    outcome: row.get(7)?,
                    display: row.get(8)?,
                    visible_ms: row.get(9)?,
                })
            },
        )?;
        let boots: Vec<&[WaitingPlay]> = plays.chunk_by(|a, b| a.boot == b.boot).collect();
        for boots in boots.chunks(BOOTS_AT_ONCE) {
            self.date(boots)?;
        }
        // If there may be more, it goes on in the last boot. Plays that begin at once are looked at
        // once more; were there only such ones, this would have no end.
        let (last, go_on_ms) = match plays.last() {
            Some(play) if plays.len() == REDATED_MAX => (play.boot, play.start_boot_ms),
            _ => (i64::MAX, 0),
        };
        self.tx.execute(
            "UPDATE boots SET redate_from_ms = CASE WHEN id = ?2 THEN greatest(?3, redate_from_ms + 1) END
             WHERE screen = ?1 AND redate_from_ms IS NOT NULL AND id <= ?2",
            values![self.screen.get(), last, go_on_ms],
        )?;
        Ok(())
    }

    /// Dates plays anew, given by boot.
    fn date(&self, boots: &[&[WaitingPlay]]) -> Result<(), DatabaseError> {
        let ids: Vec<i64> = boots
            .iter()
            .filter_map(|plays| plays.first())
            .map(|play| play.boot)
            .collect();
        let (mut dates, mut moved) = (Vec::new(), Vec::new());
        let (mut changes, mut dated) = (Changes::default(), BTreeSet::new());
        let numbers = boots.iter().copied().flatten().map(|play| play.number);
        let first_scans = scanned::first_scans(self.tx, self.screen.get(), numbers)?;
        for (plays, anchors) in boots.iter().zip(anchors_of(self.tx, &ids)?) {
            for play in *plays {
                let is_ms = anchors.date(play.start_boot_ms);
                if is_ms == play.was_ms {
                    continue;
                }
                dates.push([Value::from(play.ledger), play.seq.into(), is_ms.into()]);
                let first_ms = first_scans.get(&play.number).copied();
                let before = play.sums(play.was_ms, first_ms);
                changes.plays(play.key(self.screen, play.was_ms), before.negated());
                changes.plays(play.key(self.screen, is_ms), play.sums(is_ms, first_ms));
                dated.insert(play.boot);
                if let (Some(was_ms), Some(is_ms)) = (play.was_ms, is_ms)
                    && was_ms.abs_diff(is_ms) > MOVED_MS
                {
                    moved.push([Value::from(self.screen.get()), play.number.into()]);
                }
            }
        }
        self.tx.execute_each(
            "UPDATE plays SET wall_ms = ?3 WHERE ledger = ?1 AND seq = ?2",
            &dates,
        )?;
        changes.note(self.tx)?;
        rollups::boots::date(self.tx, &dated.into_iter().collect::<Vec<_>>())?;
        self.tx.execute_each(
            "UPDATE scans SET settled = FALSE WHERE screen = ?1 AND play = ?2 AND settled",
            &moved,
        )?;
        Ok(())
    }

    /// Finds or makes the rows of boots, and reads what they know of the time.
    pub(super) fn meet<'b>(
        &mut self,
        boots: impl IntoIterator<Item = &'b str>,
    ) -> Result<(), DatabaseError> {
        let mut new = HashSet::new();
        let boots = boots.into_iter();
        let boots: Vec<&str> = boots
            .filter(|boot| !self.known.contains_key(*boot) && new.insert(*boot))
            .collect();
        for boots in boots.chunks(BOOTS_AT_ONCE) {
            let rows: Vec<[Value<'_>; 2]> = boots
                .iter()
                .map(|boot| [self.screen.get().into(), (*boot).into()])
                .collect();
            let ids = self.ids(&rows)?;
            let anchors = anchors_of(self.tx, &ids)?;
            for ((boot, id), anchors) in boots.iter().zip(ids).zip(anchors) {
                self.known.insert((*boot).to_owned(), (id, anchors));
            }
        }
        Ok(())
    }

    /// Finds or makes the rows of boots, each with its screen; returns their ids. The lock on the
    /// screen keeps others from making them meanwhile. What is there is only read.
    fn ids(&self, boots: &[[Value<'_>; 2]]) -> Result<Vec<i64>, DatabaseError> {
        let found = "SELECT id FROM boots WHERE screen = ?1 AND boot = ?2";
        let known: Vec<Vec<i64>> = self.tx.all_each(found, boots, |row| row.get(0))?;
        let missing = boots.iter().zip(&known).filter(|(_, id)| id.is_empty());
        let missing: Vec<&[Value<'_>; 2]> = missing.map(|(boot, _)| boot).collect();
        let made = "INSERT INTO boots (screen, boot) VALUES (?1, ?2) RETURNING id";
        let made: Vec<Vec<i64>> = self.tx.all_each(made, &missing, |row| row.get(0))?;
        let mut made = made.into_iter().flatten();
        let ids = known
            .into_iter()
            .map(|known| known.first().copied().or_else(|| made.next()));
        ids.collect::<Option<_>>().ok_or(DatabaseError::NoRow)
    }

    /// Returns a boot's row and the date of a moment in it, if it has one.
    pub(super) fn place(
        &mut self,
        boot: &str,
        start_boot_ms: u64,
    ) -> Result<(i64, Option<i64>), DatabaseError> {
        if !self.known.contains_key(boot) {
            self.meet([boot])?;
        }
        let (id, anchors) = &self.known[boot];
        Ok((*id, anchors.date(start_boot_ms)))
    }
}

/// A play that waits to be dated anew.
struct WaitingPlay {
    boot: i64,
    ledger: i64,
    seq: u64,
    start_boot_ms: u64,
    /// Below zero where another play has the number that the terminal said.
    number: i64,
    was_ms: Option<i64>,
    content: i64,
    outcome: u8,
    display: u8,
    visible_ms: i64,
}

impl WaitingPlay {
    /// What it is counted by under a date.
    fn key(&self, screen: ScreenNumber, wall_ms: Option<i64>) -> PlayKey {
        PlayKey {
            screen: screen.get(),
            quarter: wall_ms.map_or(UNDATED, rollups::quarter_of),
            content: self.content,
            outcome: self.outcome,
            display: self.display,
        }
    }

    /// What it adds to the figures under a date, when its first scan was opened then.
    fn sums(&self, wall_ms: Option<i64>, first_scan_ms: Option<i64>) -> PlaySums {
        let is_scanned = wall_ms
            .is_some_and(|wall_ms| scanned::is_scanned(wall_ms, self.visible_ms, first_scan_ms));
        PlaySums {
            plays: 1,
            visible_ms: self.visible_ms,
            scanned: i64::from(is_scanned),
        }
    }
}

/// Reads the anchors of each boot.
fn anchors_of(tx: &Transaction<'_>, boots: &[i64]) -> Result<Vec<Anchors>, DatabaseError> {
    let boots: Vec<[Value<'_>; 1]> = boots.iter().map(|&boot| [boot.into()]).collect();
    let points: Vec<Vec<(u64, i64)>> = tx.all_each(
        "SELECT boot_ms, wall_ms FROM anchors WHERE boot = ?1",
        &boots,
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    Ok(points.into_iter().map(Anchors::new).collect())
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
pub(super) fn undated(tx: &Transaction<'_>) -> Result<(u64, Vec<UndatedBoot>), DatabaseError> {
    let ledgers: Vec<i64> = tx.all(
        "SELECT DISTINCT ledger FROM boot_plays WHERE boot IN
             (SELECT id FROM boots WHERE NOT EXISTS (SELECT 1 FROM anchors WHERE boot = boots.id))
         ORDER BY ledger DESC",
        values![],
        |row| row.get(0),
    )?;
    let (mut total, mut listed) = (0, Vec::new());
    for ledger in ledgers {
        let boots = runs(tx, ledger)?;
        let only: Vec<Run> = boots.iter().map(|boot| boot.run).collect();
        for (boot, bound) in boots.iter().zip(bounds(&only)).rev() {
            if boot.run.dated.is_some() || boot.plays == 0 {
                continue;
            }
            total += boot.plays;
            if listed.len() < UNDATED_BOOTS_MAX {
                listed.push((boot.id, boot.plays, bound));
            }
        }
    }
    let ids: Vec<[Value<'_>; 1]> = listed.iter().map(|&(id, ..)| [id.into()]).collect();
    let names: Vec<Vec<(ScreenNumber, String)>> = tx.all_each(
        "SELECT screen, boot FROM boots WHERE id = ?1",
        &ids,
        |row| Ok::<_, DatabaseError>((row.get::<Id<_>>(0)?.0, row.get(1)?)),
    )?;
    let mut found = Vec::with_capacity(listed.len());
    for ((_, plays, bound), names) in listed.into_iter().zip(names) {
        let (screen, name) = names.into_iter().next().ok_or(DatabaseError::NoRow)?;
        found.push(UndatedBoot {
            screen,
            boot: foreign::plain(&name).into_owned(),
            plays,
            not_before: bound.not_before_ms.map(clock::rfc3339),
            not_after: bound.not_after_ms.map(clock::rfc3339),
            between_ms: (bound.not_before_ms, bound.not_after_ms),
        });
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
fn runs(tx: &Transaction<'_>, ledger: i64) -> Result<Vec<BootRun>, DatabaseError> {
    let mut in_order = BTreeMap::new();
    tx.each(
        "SELECT boot, min(first_seq),
                CAST(sum(plays) FILTER (WHERE contents.assignment = 0 OR assigned.content IS NOT NULL) AS BIGINT),
                min(first_start_boot_ms), max(last_end_boot_ms), min(first_wall_ms), max(last_wall_ms)
         FROM boot_plays AS played
         JOIN contents ON contents.id = played.content
         LEFT JOIN assigned_contents AS assigned
             ON assigned.screen = played.screen AND assigned.content = played.content
         WHERE ledger = ?1 GROUP BY boot",
        values![ledger],
        |row| {
            let (start_ms, end_ms): (Option<i64>, Option<i64>) = (row.get(5)?, row.get(6)?);
            let run = Run {
                first_start_boot_ms: row.get(3)?,
                last_end_boot_ms: row.get(4)?,
                dated: start_ms.zip(end_ms),
            };
            let (id, plays) = (row.get(0)?, row.get::<Option<u64>>(2)?.unwrap_or(0));
            in_order.insert(row.get::<u64>(1)?, BootRun { id, plays, run });
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        },
    )?;
    Ok(in_order.into_values().collect())
}

#[cfg(test)]
mod tests;
