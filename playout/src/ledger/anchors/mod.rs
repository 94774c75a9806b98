//! The ledger's anchors: what each boot knew of the time, and which of that the hub has not heard
//! yet.
//!
//! Invariants: the anchors of a boot only grow at their end, up to `BOOT_ANCHORS_MAX`, so that the
//! hub can tell which of two states is newer; a change is offered with every batch until the hub
//! has acknowledged one that carried it; only boots whose plays are still here keep their anchors.

use std::collections::HashMap;

use passerby_protocol::dating::{Anchor, Anchors, Between, Run, bounds};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::ledger::play::DatedPlay;
use crate::ledger::stored_values;

/// What the last batch told the hub: it went as far as this row, and these boots' anchors came
/// along in these states.
#[derive(Debug, Default)]
pub(super) struct Offered {
    pub(super) last_seq: u64,
    pub(super) boots: Vec<(String, i64)>,
}

/// Keeps the first anchor of a boot, if it has none.
pub(super) fn begin(connection: &Connection, anchor: &Anchor) -> rusqlite::Result<()> {
    let is_known = connection
        .prepare_cached("SELECT 1 FROM anchors WHERE boot = ?1 LIMIT 1")?
        .exists([&anchor.boot])?;
    if is_known {
        return Ok(());
    }
    let anchors = Anchors::new([(anchor.boot_ms, anchor.wall_ms)]);
    keep(connection, &anchor.boot, &anchors)
}

/// Notes that the hub has all rows up to `through`. Where that is less than it had, it may have
/// lost anchors as well.
pub(super) fn acknowledged(
    connection: &Connection,
    offered: &Offered,
    through: u64,
    went_back: bool,
) -> rusqlite::Result<()> {
    if went_back {
        return offer_all(connection);
    }
    if offered.last_seq <= through {
        let mut heard = connection
            .prepare_cached("DELETE FROM anchor_news WHERE boot = ?1 AND revision = ?2")?;
        for (boot, revision) in &offered.boots {
            heard.execute(params![boot, revision])?;
        }
    }
    Ok(())
}

/// Offers the anchors of every boot anew.
pub(super) fn offer_all(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO anchor_news SELECT DISTINCT boot, 0 FROM anchors",
        [],
    )?;
    Ok(())
}

/// Writes all anchors of a boot. With its first, those of boots go whose plays are no longer here.
pub(super) fn keep(connection: &Connection, boot: &str, anchors: &Anchors) -> rusqlite::Result<()> {
    let was_known = connection
        .prepare_cached("DELETE FROM anchors WHERE boot = ?1")?
        .execute([boot])?
        > 0;
    if !was_known {
        connection.execute(
            "DELETE FROM anchors WHERE boot NOT IN
                 (SELECT text FROM boots WHERE id >= (SELECT boot FROM plays ORDER BY seq LIMIT 1))",
            [],
        )?;
        connection.execute(
            "DELETE FROM anchor_news WHERE boot NOT IN (SELECT boot FROM anchors)",
            [],
        )?;
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO anchors(boot, boot_ms, wall_ms) VALUES (?1, ?2, ?3)")?;
    for (boot_ms, wall_ms) in anchors.points() {
        insert.execute(params![boot, boot_ms, wall_ms])?;
    }
    let revision = stored_values::get::<i64>(connection, "anchors_revision")?.unwrap_or(0) + 1;
    stored_values::set(connection, "anchors_revision", revision)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO anchor_news(boot, revision) VALUES (?1, ?2)")?
        .execute(params![boot, revision])?;
    Ok(())
}

/// Reads the anchors of a boot.
pub(super) fn of_boot(connection: &Connection, boot: &str) -> rusqlite::Result<Anchors> {
    let points: Vec<(u64, i64)> = connection
        .prepare_cached("SELECT boot_ms, wall_ms FROM anchors WHERE boot = ?1")?
        .query_map([boot], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(Anchors::new(points))
}

/// Dates plays as they are read.
#[derive(Default)]
pub(super) struct Dates(HashMap<String, Anchors>);

impl Dates {
    pub(super) fn of(
        &mut self,
        connection: &Connection,
        boot: &str,
        boot_ms: u64,
    ) -> rusqlite::Result<Option<i64>> {
        if !self.0.contains_key(boot) {
            self.0.insert(boot.to_owned(), of_boot(connection, boot)?);
        }
        Ok(self.0[boot].date(boot_ms))
    }
}

/// Bounds plays without a date by those that have one.
#[derive(Debug, Default)]
pub(super) struct DateBounds {
    runs: Vec<Run>,
    places: HashMap<String, usize>,
    has_undated: bool,
    bounds: Vec<Between>,
}

impl DateBounds {
    /// Takes in a play; all of a ledger come, in its order.
    pub(super) fn note(&mut self, DatedPlay { play, wall_ms, .. }: &DatedPlay) {
        self.has_undated |= wall_ms.is_none();
        let run = Run::of(play.start_boot_ms, play.visible_ms, *wall_ms);
        if let Some(&at) = self.places.get(&play.boot) {
            self.runs[at] = self.runs[at].and(run);
        } else {
            self.places.insert(play.boot.clone(), self.runs.len());
            self.runs.push(run);
        }
    }

    /// All have come.
    pub(super) fn close(&mut self) {
        if self.has_undated {
            self.bounds = bounds(&self.runs);
        }
    }

    /// Says between when a play was, if it has no date.
    pub(super) fn bound(&self, dated: &mut DatedPlay) {
        if dated.wall_ms.is_some() {
            return;
        }
        if let Some(&at) = self.places.get(&dated.play.boot)
            && let Some(bound) = self.bounds.get(at)
        {
            dated.between = bound.start_of(&self.runs[at], dated.play.start_boot_ms);
        }
    }
}

/// Brings the anchors of a ledger of an older form over, which had one a boot.
pub(super) const BEFORE_SEVERAL: &str = "ALTER TABLE anchors RENAME TO anchor_of_boot;";
/// What follows once the new tables are there.
pub(super) const AFTER_SEVERAL: &str = "
    INSERT INTO anchors(boot, boot_ms, wall_ms) SELECT boot, boot_ms, wall_ms FROM anchor_of_boot;
    DROP TABLE anchor_of_boot;
";

/// Tells whether the file has one anchor a boot.
pub(super) fn is_one_a_boot(connection: &Connection) -> rusqlite::Result<bool> {
    let keys: Option<i64> = connection
        .query_row(
            "SELECT sum(pk > 0) FROM pragma_table_info('anchors')",
            [],
            |row| row.get(0),
        )
        .optional()?
        .flatten();
    Ok(keys == Some(1))
}

#[cfg(test)]
mod tests;
