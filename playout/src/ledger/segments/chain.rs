//! The chain of sealed segments in the file: where it ends, and what it goes on from.
//!
//! Invariant: a ledger that takes the place of another names it once, as its forerunner, and only
//! as far as the other could be read.

use passerby_protocol::proof_of_play::{Forerunner, NOTHING_BEFORE, SealedSegment};
use passerby_protocol::{Digest, Epoch};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::ledger::stored_values;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS segments (
        first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, header TEXT NOT NULL, signature TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS forerunner (
        id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, last_seq INTEGER NOT NULL, hash TEXT NOT NULL
    ) STRICT;
";

/// Where the chain of sealed segments ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChainEnd {
    pub(crate) last_seq: u64,
    pub(crate) hash: Digest,
}

/// Reads a kept segment.
pub(crate) fn sealed(row: &Row<'_>) -> Result<SealedSegment, rusqlite::Error> {
    let header = serde_json::from_str(row.get_ref(0)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))?;
    Ok(SealedSegment {
        header,
        signature: row.get(1)?,
    })
}

/// Makes the tables, which have no part in the ledger's form: what does not know of them leaves
/// them alone.
pub(super) fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    if has_segments(connection)? {
        return Ok(());
    }
    connection.execute_batch(TABLES)
}

/// Tells whether anything was ever sealed here, or could be.
pub(crate) fn has_segments(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row(
        "SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('segments', 'forerunner')",
        [],
        |row| row.get(0),
    )
}

/// Where the chain of a ledger ends that has the tables.
pub(crate) fn chain_end(connection: &Connection) -> Result<ChainEnd, rusqlite::Error> {
    let last = connection
        .query_row(
            "SELECT header, signature FROM segments ORDER BY first_seq DESC LIMIT 1",
            [],
            sealed,
        )
        .optional()?;
    Ok(last.map_or(
        ChainEnd {
            last_seq: 0,
            hash: NOTHING_BEFORE,
        },
        |last| ChainEnd {
            last_seq: last.header.last_seq,
            hash: last.header.hash,
        },
    ))
}

pub(super) fn forerunner(connection: &Connection) -> Result<Option<Forerunner>, rusqlite::Error> {
    if !has_segments(connection)? {
        return Ok(None);
    }
    let found: Option<(i64, u64, String)> = connection
        .query_row("SELECT epoch, last_seq, hash FROM forerunner", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    Ok(found.and_then(|(epoch, last_seq, hash)| {
        Some(Forerunner {
            epoch: Epoch(epoch.cast_unsigned()),
            last_seq,
            hash: hash.parse().ok()?,
        })
    }))
}

/// Ends the chain of a ledger whose next plays belong to another epoch; they name it as their
/// forerunner.
pub(crate) fn end_chain(connection: &Connection) -> Result<(), rusqlite::Error> {
    name_forerunner(connection, connection)?;
    connection.execute("DELETE FROM segments", []).map(|_| ())
}

/// Tells a new ledger of the chain of the damaged one that it takes the place of, as far as that
/// can be read.
pub(crate) fn name_forerunner(
    damaged: &Connection,
    into: &Connection,
) -> Result<(), rusqlite::Error> {
    prepare(into)?;
    let epoch = stored_values::get::<i64>(damaged, "epoch").ok().flatten();
    let end = chain_end(damaged).ok().filter(|end| end.last_seq > 0);
    if let (Some(epoch), Some(end)) = (epoch, end) {
        into.execute(
            "INSERT OR REPLACE INTO forerunner(id, epoch, last_seq, hash) VALUES (1, ?1, ?2, ?3)",
            params![epoch, end.last_seq, end.hash.to_string()],
        )?;
    }
    Ok(())
}
