//! Single numbers that the ledger keeps beside its rows, by name.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension as _, params};

/// Returns what is stored under a name, if anything is.
pub(super) fn get<T: FromSql>(
    connection: &Connection,
    key: &str,
) -> Result<Option<T>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

/// Stores a number under a name, instead of what was there.
pub(super) fn set(connection: &Connection, key: &str, value: i64) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value")?
        .execute(params![key, value])?;
    Ok(())
}
