//! The ledger's file: how it is opened, checked and laid out.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

/// Says why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// It is not a whole SQLite database.
    #[error("{0}")]
    Damaged(String),
    /// The disk or its rights are the matter.
    #[error("{0}")]
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Sql(error),
        }
    }
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS contents (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE IF NOT EXISTS boots (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE IF NOT EXISTS anchors (
        boot TEXT PRIMARY KEY, boot_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS plays (
        seq INTEGER PRIMARY KEY,
        number INTEGER NOT NULL,
        content INTEGER NOT NULL REFERENCES contents(id),
        boot INTEGER NOT NULL REFERENCES boots(id),
        start_boot_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        outcome INTEGER NOT NULL,
        quarantined INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE IF NOT EXISTS shares (item TEXT PRIMARY KEY, finish INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// Opens and checks the file; makes the tables of a new one.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // A page more than a day of plays; keeps the write-ahead log from growing with every checkpoint that is missed.
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(OpenError::Damaged(verdict));
    }
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

pub(super) fn get<T: FromSql>(
    connection: &Connection,
    key: &str,
) -> Result<Option<T>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

pub(super) fn set(connection: &Connection, key: &str, value: i64) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value")?
        .execute(params![key, value])?;
    Ok(())
}
