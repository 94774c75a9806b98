//! The ledger's file: how it is opened, checked and laid out.
//!
//! Invariants: a file is used only if SQLite finds it whole; an older form becomes the present one
//! in one transaction, and a newer one is left as it is.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::ledger::anchors;
use crate::ledger::failures;

/// Says why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// It is not a whole SQLite database.
    #[error("{0}")]
    Damaged(String),
    /// A later Passerby made it.
    #[error(
        "it was written by a newer Passerby (form {0}, this one knows {VERSION}); install that version again, or give data.dir another folder"
    )]
    Newer(i64),
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

/// Size of a page of a new file, in bytes.
const PAGE_BYTES: i64 = 1_024;
/// At this size the write-ahead log is brought into the file, in bytes.
const WAL_BYTES: i64 = 4 << 20;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS contents (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE IF NOT EXISTS boots (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE IF NOT EXISTS anchors (
        boot TEXT NOT NULL, boot_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL, PRIMARY KEY (boot, boot_ms)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS anchor_news (boot TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS plays (
        seq INTEGER PRIMARY KEY,
        number INTEGER NOT NULL,
        content INTEGER NOT NULL REFERENCES contents(id),
        boot INTEGER NOT NULL REFERENCES boots(id),
        start_boot_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        outcome INTEGER NOT NULL,
        quarantined INTEGER NOT NULL DEFAULT 0,
        display INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE IF NOT EXISTS gaps (
        after_seq INTEGER NOT NULL, reason INTEGER NOT NULL, plays INTEGER NOT NULL,
        boot TEXT NOT NULL, from_boot_ms INTEGER NOT NULL, until_boot_ms INTEGER NOT NULL,
        PRIMARY KEY (after_seq, reason)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS zones (zone TEXT PRIMARY KEY, presents TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS accounts (
        id INTEGER PRIMARY KEY, zone TEXT NOT NULL, item TEXT NOT NULL, account TEXT NOT NULL, UNIQUE (zone, item)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS turns (
        id INTEGER PRIMARY KEY, zone TEXT NOT NULL, team TEXT NOT NULL, item TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS turns_of_team ON turns(zone, team, id);
    CREATE TABLE IF NOT EXISTS airings (
        advertiser TEXT NOT NULL, category TEXT NOT NULL, ended TEXT NOT NULL, PRIMARY KEY (advertiser, category)
    ) STRICT, WITHOUT ROWID;
";

/// The form of the tables, kept as SQLite's `user_version`. In form 0 a screen had one zone; up to
/// form 1 its rotation knew air time alone; up to form 2 plays did not say whether the display was
/// on, gaps were only counted, and a boot had one anchor.
const VERSION: i64 = 3;

/// From forms 0 and 1: plays stay; who was owed air time is forgotten, which is worth one slot at
/// most.
const WITHOUT_SHARES: &str = "
    DROP TABLE IF EXISTS shares;
    DROP TABLE IF EXISTS zones;
    DELETE FROM meta WHERE key = 'virtual_now';
";

/// How long a write waits for somebody else who has the file.
pub(super) const BUSY: Duration = Duration::from_secs(5);
/// How long nothing is tried after somebody else was found to have the file.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Up to form 2 what was dropped was counted only. After which rows that was is not known; here it
/// is told.
const WITHOUT_GAPS: &str = "
    INSERT INTO gaps(after_seq, reason, plays, boot, from_boot_ms, until_boot_ms)
    SELECT coalesce((SELECT max(seq) FROM plays), 0), 0, min(value, 1 << 28), '', 0, 0 FROM meta WHERE key = 'dropped' AND value > 0;
    DELETE FROM meta WHERE key = 'dropped';
";

/// Opens and checks the file; makes the tables of a new one.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(path)?;
    set_up(&connection)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(OpenError::Damaged(verdict));
    }
    bring_up_to_date(&mut connection)?;
    Ok(connection)
}

/// Opens a file that is there and was checked before, to write it.
pub(super) fn open_again(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    // SQLite takes a file that it may only read without a word.
    if connection.is_readonly("main")? {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY),
            None,
        ));
    }
    set_up(&connection)?;
    Ok(connection)
}

/// Opens a file that may only be read.
pub(super) fn open_to_look(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY)?;
    // Of a new file only. A commit writes four pages or five, whatever little stands on them: small
    // ones save the memory card more than half of its writes (`benches/ledger_figures.rs`).
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    begin_log(connection)?;
    // Pages that change with every play go into the file once in a thousand plays. The log is no
    // larger than that and one transaction, and is written over from its start.
    let pages: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_BYTES / pages.max(1))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // In KiB. Plays are appended and read once: pages of months ago need not be kept.
    connection.pragma_update(None, "cache_size", -512)?;
    // Gives back what a checkpoint that could not be made in time has cost.
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
    Ok(())
}

/// Gives a new file its write-ahead log; does nothing where it has one. SQLite does not wait by
/// itself while another connection does the same.
fn begin_log(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(Duration::ZERO)?;
    let mut begun = connection.pragma_update(None, "journal_mode", "WAL");
    for _ in 0..BUSY.as_millis() / BUSY_PAUSE.as_millis() {
        match &begun {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                std::thread::sleep(BUSY_PAUSE);
                begun = connection.pragma_update(None, "journal_mode", "WAL");
            }
            _ => break,
        }
    }
    connection.busy_timeout(BUSY)?;
    begun
}

/// Makes the tables of a new file, and those of an older form into the present one, in one
/// transaction.
fn bring_up_to_date(connection: &mut Connection) -> Result<(), OpenError> {
    let found = |connection: &Connection| {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
    };
    match found(connection)? {
        VERSION => return Ok(()),
        newer if newer > VERSION => return Err(OpenError::Newer(newer)),
        _ => {}
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been here first.
    if found(&transaction)? < VERSION {
        let is_old: bool = transaction.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'shares'",
            [],
            |row| row.get(0),
        )?;
        if is_old {
            transaction.execute_batch(WITHOUT_SHARES)?;
        }
        let is_without_display: bool = transaction.query_row(
            "SELECT count(*) > 0 AND sum(name = 'display') = 0 FROM pragma_table_info('plays')",
            [],
            |row| row.get(0),
        )?;
        if is_without_display {
            transaction
                .execute_batch("ALTER TABLE plays ADD COLUMN display INTEGER NOT NULL DEFAULT 0")?;
        }
        let is_one_a_boot = anchors::is_one_a_boot(&transaction)?;
        if is_one_a_boot {
            transaction.execute_batch(anchors::BEFORE_SEVERAL)?;
        }
        transaction.execute_batch(TABLES)?;
        transaction.execute_batch(failures::TABLE)?;
        transaction.execute_batch(WITHOUT_GAPS)?;
        if is_one_a_boot {
            transaction.execute_batch(anchors::AFTER_SEVERAL)?;
        }
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    Ok(())
}
