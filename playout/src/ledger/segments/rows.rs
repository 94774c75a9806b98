//! What a segment is put together from, as the file has it: plays, the anchors of their boots, and
//! the gaps between them.
//!
//! Invariant: plays are read as they were recorded, one at a time.

use std::collections::HashMap;

use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Gap, GapReason, PlayContent};
use passerby_protocol::proof_of_play::PlayRow;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

/// Most contents that a reader remembers.
const CONTENTS_MAX: usize = 10_000;

/// Reads plays as they were recorded.
#[derive(Default)]
pub(crate) struct Rows {
    contents: HashMap<i64, PlayContent>,
}

impl Rows {
    /// Hands out the plays of a range, oldest first; one at a time is in memory.
    pub(crate) fn each(
        &mut self,
        connection: &Connection,
        first_seq: u64,
        last_seq: u64,
        mut each: impl FnMut(&PlayRow<'_>),
    ) -> Result<(), rusqlite::Error> {
        let mut statement = connection.prepare_cached(
            "SELECT seq, number, content, c.text, b.text, start_boot_ms, visible_ms, outcome, display
             FROM plays JOIN contents c ON c.id = content JOIN boots b ON b.id = plays.boot
             WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
        )?;
        let mut rows = statement.query(params![first_seq, last_seq])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(2)?;
            if !self.contents.contains_key(&id) {
                if self.contents.len() >= CONTENTS_MAX {
                    self.contents.clear();
                }
                self.contents.insert(id, content(row)?);
            }
            each(&PlayRow {
                seq: row.get(0)?,
                number: row.get(1)?,
                content: &self.contents[&id],
                boot: row.get_ref(4)?.as_str()?,
                start_boot_ms: row.get(5)?,
                visible_ms: row.get(6)?,
                outcome: row.get(7)?,
                display: row.get(8)?,
            });
        }
        Ok(())
    }
}

fn content(row: &Row<'_>) -> Result<PlayContent, rusqlite::Error> {
    serde_json::from_str(row.get_ref(3)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, Type::Text, error.into()))
}

/// What dates these boots by now.
pub(crate) fn anchors(
    connection: &Connection,
    boots: &[String],
) -> Result<Vec<Anchor>, rusqlite::Error> {
    let mut statement = connection
        .prepare_cached("SELECT boot_ms, wall_ms FROM anchors WHERE boot = ?1 ORDER BY boot_ms")?;
    let mut anchors = Vec::new();
    for boot in boots {
        let rows = statement.query_map([boot], |row| {
            Ok(Anchor {
                boot: boot.clone(),
                boot_ms: row.get(0)?,
                wall_ms: row.get(1)?,
            })
        })?;
        // The newest counts, if there are several.
        anchors.extend(rows.last().transpose()?);
    }
    Ok(anchors)
}

/// The gaps after the plays of a range, at most `count_max` and the newest of them, by seq and
/// reason.
pub(crate) fn gaps(
    connection: &Connection,
    from_seq: u64,
    to_seq: u64,
    count_max: u64,
) -> Result<Vec<Gap>, rusqlite::Error> {
    let as_sql = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT after_seq, reason, plays, boot, from_boot_ms, until_boot_ms FROM gaps
         WHERE after_seq BETWEEN ?1 AND ?2 ORDER BY after_seq DESC, reason DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(
        params![as_sql(from_seq), as_sql(to_seq), as_sql(count_max)],
        |row| {
            // A reason of a later version's is left to that version.
            let reason = GapReason::try_from(row.get::<_, u8>(1)?).ok();
            Ok(reason.map(|reason| Gap {
                after_seq: row.get(0).unwrap_or_default(),
                reason,
                plays: row.get(2).unwrap_or_default(),
                boot: row.get(3).unwrap_or_default(),
                from_boot_ms: row.get(4).unwrap_or_default(),
                until_boot_ms: row.get(5).unwrap_or_default(),
            }))
        },
    )?;
    let mut gaps: Vec<Gap> = rows
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?;
    gaps.reverse();
    Ok(gaps)
}
