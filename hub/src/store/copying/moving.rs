//! The move of a database from its file to PostgreSQL, while the hub serves from the file.
//!
//! First most of the rows are copied, chunk by chunk, while everybody goes on writing to the file.
//! Then the file is locked against writers, each chunk is compared with the rows that it was made
//! of, what has changed is copied again, everything is read back and compared, and the file is
//! marked: from then on nobody writes to it, not even a hub process that has it open.
//!
//! Invariants: what a hub acknowledged from the file is in the copy, since it was in the file
//! before the lock, and nothing is acknowledged after it; the file is marked only when each table
//! of the server has as many rows as the file's and the same digest; a move that is cut off at any
//! moment goes on when it is begun again, and until it ends hubs serve from the file.
//!
//! A chunk is all rows of a table between two keys. The server keeps of each which rows it is
//! (`unfinished_copy_chunks`) and their digest, written in the transaction that copies it. The
//! references between tables are taken off (`unfinished_copy_references`) until all rows are there:
//! those of a screen that was added in between come before the screen.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use passerby_protocol::Digest;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::database::{
    Database, DatabaseError, Lock, PostgresDatabase, Transaction, Value, once, values,
};
use crate::store::copying::moved_mark::is_moved;
use crate::store::copying::ranges::{Key, Range, Total, each_row};
use crate::store::copying::rows;
use crate::store::copying::tables::{Kind, TABLES, Table};
use crate::store::copying::unfinished;
use crate::store::copying::unfinished::Begun;
use crate::store::{FILE_NAME, Result, Store, StoreError, migrations};

/// Most rows of a chunk.
const CHUNK_ROWS: usize = 10_000;
/// A chunk whose lines have so many bytes gets no more rows.
const CHUNK_BYTES: usize = 4 << 20;
/// After so many rows of one table it is said how many are copied.
const SAID_ROWS: u64 = 100_000;
/// How often the lock on the file is asked for; each time other writers are waited for, for 10 s.
const LOCK_ATTEMPTS: usize = 12;
/// How long readers of the file are waited for at its end.
const READERS_TIMEOUT: Duration = Duration::from_secs(10);

/// What a table of the copy came to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MovedTable {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has on both sides.
    pub rows: u64,
    /// The digest of its rows on both sides.
    pub digest: Digest,
}

/// A chunk that the server has.
struct Chunk {
    number: i64,
    until: Key,
    digest: String,
}

/// Rows that are about to be a chunk.
#[derive(Default)]
struct Filling {
    rows: Vec<Vec<Value<'static>>>,
    bytes: usize,
    total: Total,
}

impl Store {
    /// Tells whether the database of a folder was moved to a server.
    ///
    /// # Errors
    /// The file is none of SQLite.
    pub(crate) fn is_moved(folder: &Path) -> Result<bool> {
        let open = || -> rusqlite::Result<bool> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(folder.join(FILE_NAME), flags)?;
            is_moved(&connection)
        };
        Ok(open().map_err(DatabaseError::from)?)
    }

    /// Copies everything to an empty database on a server, or goes on with that. Nobody writes to
    /// this database any more when this returns. `say` is told how far it is.
    ///
    /// # Errors
    /// A database fails, or has a hub in it, or what was copied is not what is here; then this one
    /// is used as before.
    pub(crate) fn move_to_server(
        &self,
        address: &str,
        id: &str,
        say: &mut dyn FnMut(&str),
    ) -> Result<Vec<MovedTable>> {
        let server = Database::Postgres(PostgresDatabase::new(address)?);
        unfinished::begin(&server, id)?;
        migrations::migrate(&server)?;
        server.write(Lock::Everything, prepare)?;
        self.read(|from| copy_most(from, &server, say))?;
        say("nobody writes to the file any more; the rest is copied and everything is compared");
        self.locked(|from| {
            let moved = server.write(Lock::Everything, |to| copy_rest(from, to, say))?;
            mark(from)?;
            Ok(moved)
        })
    }

    /// Tells whether everything was copied to a server under this id.
    ///
    /// # Errors
    /// The server is away, or another copy was begun there.
    pub(crate) fn is_whole_on_server(address: &str, id: &str) -> Result<bool> {
        let server = Database::Postgres(PostgresDatabase::new(address)?);
        let begun = server.read(|tx| unfinished::find(tx, id))?;
        Ok(begun == Some(Begun::Whole))
    }

    /// Brings all of a folder's database into its one file, so that the file can be renamed; false
    /// when somebody reads from it for too long.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn put_into_one_file(folder: &Path) -> Result<bool> {
        match Self::made_file(folder)? {
            Database::Sqlite(file) => Ok(file.empty_log(READERS_TIMEOUT)?),
            Database::Postgres(_) => Ok(true),
        }
    }

    /// Runs work while nobody else writes.
    fn locked<T>(&self, mut work: impl FnMut(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match self.write(Lock::Everything, &mut work) {
                Err(error) if attempts < LOCK_ATTEMPTS && is_busy(&error) => {}
                ended => return ended,
            }
        }
    }
}

fn is_busy(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Database(DatabaseError::Sqlite(error))
            if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
    )
}

/// Has every write to the file fail from now on, also those of processes that have it open.
fn mark(from: &Transaction<'_>) -> Result<(), DatabaseError> {
    from.run("CREATE TABLE moved (to_server INTEGER NOT NULL) STRICT")?;
    let tables: Vec<String> = from.all(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        values![],
        |row| row.get(0),
    )?;
    for table in tables {
        for what in ["INSERT", "UPDATE", "DELETE"] {
            from.run(&format!(
                "CREATE TRIGGER moved_{table}_{what} BEFORE {what} ON {table} BEGIN
                     SELECT RAISE(ABORT, 'this database was moved to PostgreSQL; start the hub anew with --database');
                 END"
            ))?;
        }
    }
    Ok(())
}

/// Makes the tables of a move, and takes the references between tables off.
fn prepare(to: &Transaction<'_>) -> Result<(), DatabaseError> {
    to.run(
        "CREATE TABLE IF NOT EXISTS unfinished_copy_chunks (
             table_name TEXT   NOT NULL,
             number     BIGINT NOT NULL,
             until_key  TEXT   NOT NULL,
             digest     TEXT   NOT NULL,
             PRIMARY KEY (table_name, number)
         );
         CREATE TABLE IF NOT EXISTS unfinished_copy_references (
             table_name TEXT NOT NULL,
             name       TEXT NOT NULL,
             definition TEXT NOT NULL
         );
         UPDATE unfinished_copy SET is_whole = FALSE;
         INSERT INTO unfinished_copy_references
             SELECT CAST(CAST(conrelid AS regclass) AS TEXT), conname, pg_get_constraintdef(oid)
             FROM pg_constraint
             WHERE contype = 'f' AND conparentid = 0
             AND connamespace = CAST(CAST(current_schema() AS TEXT) AS regnamespace)",
    )?;
    for (table, name, _) in references(to)? {
        to.run(&format!(
            "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"
        ))?;
    }
    // The schema itself makes rows in some tables.
    for table in TABLES {
        to.execute(
            &format!(
                "DELETE FROM {} WHERE NOT EXISTS (SELECT 1 FROM unfinished_copy_chunks WHERE table_name = ?1)",
                table.name
            ),
            values![table.name],
        )?;
    }
    Ok(())
}

fn references(to: &Transaction<'_>) -> Result<Vec<(String, String, String)>, DatabaseError> {
    to.all(
        "SELECT table_name, name, definition FROM unfinished_copy_references",
        values![],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// Copies what the server has nothing of yet, each chunk in a transaction of its own.
fn copy_most(from: &Transaction<'_>, server: &Database, say: &mut dyn FnMut(&str)) -> Result<()> {
    for table in TABLES {
        let known: Vec<Chunk> = server.read(|to| chunks(to, table))?;
        let last = known.last();
        let mut number = last.map_or(0, |chunk| chunk.number);
        let range = Range {
            after: last.map(|chunk| &chunk.until),
            until: None,
        };
        let (mut copied, mut said) = (0, 0);
        each_filling(
            from,
            table,
            range,
            |_| (),
            |filled| {
                number += 1;
                copied += filled.rows.len() as u64;
                let appending = once(|to| {
                    to.append(table.name, &table.names(), &filled.rows)?;
                    keep(to, table, number, filled)
                });
                server.write(Lock::Everything, appending)?;
                if copied >= said + SAID_ROWS {
                    said = copied;
                    say(&format!("{}: {copied} rows are copied so far", table.name));
                }
                Ok(())
            },
        )?;
        if copied > said {
            say(&format!("{}: {copied} rows are copied", table.name));
        }
    }
    Ok(())
}

/// Copies what has changed since, and compares everything.
fn copy_rest(
    from: &Transaction<'_>,
    to: &Transaction<'_>,
    say: &mut dyn FnMut(&str),
) -> Result<Vec<MovedTable>> {
    let mut totals = BTreeMap::new();
    let mut changed = Vec::new();
    for table in TABLES {
        let known = chunks(to, table)?;
        let mut total = Total::default();
        let mut after: Option<&Key> = None;
        for (at, chunk) in known.iter().enumerate() {
            let until = Some(&chunk.until);
            let mut rows = Total::default();
            each_row(from, table, Range { after, until }, |_, line| {
                total.add(line);
                rows.add(line);
                Ok::<_, StoreError>(())
            })?;
            if rows.end().1.to_string() != chunk.digest {
                changed.push((table, after.cloned(), at));
            }
            after = until;
        }
        totals.insert(table.name, (known, total));
    }
    // First all that is no longer so goes, so that nothing is in the way of what comes.
    for (table, after, at) in &changed {
        let until = &totals[table.name].0[*at].until;
        let range = Range {
            after: after.as_ref(),
            until: Some(until),
        };
        let (condition, values) = range.condition(table);
        to.execute(&format!("DELETE FROM {}{condition}", table.name), &values)?;
    }
    say(&format!("{} chunks have changed since", changed.len()));
    for (table, after, at) in &changed {
        let chunk = &totals[table.name].0[*at];
        let range = Range {
            after: after.as_ref(),
            until: Some(&chunk.until),
        };
        let mut rows = Total::default();
        each_filling(
            from,
            table,
            range,
            |line| rows.add(line),
            |filled| Ok(to.append(table.name, &table.names(), &filled.rows)?),
        )?;
        to.execute(
            "UPDATE unfinished_copy_chunks SET digest = ?3 WHERE table_name = ?1 AND number = ?2",
            values![table.name, chunk.number, rows.end().1.to_string()],
        )?;
    }
    let mut moved = Vec::new();
    for table in TABLES {
        let (known, mut total) = totals.remove(table.name).unwrap_or_default();
        let mut number = known.last().map_or(0, |chunk| chunk.number);
        let range = Range {
            after: known.last().map(|chunk| &chunk.until),
            until: None,
        };
        each_filling(
            from,
            table,
            range,
            |line| total.add(line),
            |filled| {
                number += 1;
                to.append(table.name, &table.names(), &filled.rows)?;
                Ok(keep(to, table, number, filled)?)
            },
        )?;
        let mut there = Total::default();
        each_row(to, table, Range::default(), |_, line| {
            there.add(line);
            Ok::<_, StoreError>(())
        })?;
        let ((rows, digest), there) = (total.end(), there.end());
        if (rows, digest) != there {
            return Err(StoreError::CopyDiffers {
                table: table.name,
                rows,
                copied: there.0,
            });
        }
        if rows > 0 {
            say(&format!(
                "{}: {rows} rows are the same on both sides",
                table.name
            ));
        }
        moved.push(MovedTable {
            table: table.name,
            rows,
            digest,
        });
    }
    for (table, name, definition) in references(to)? {
        to.run(&format!(
            "ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
        ))?;
    }
    to.execute("DELETE FROM unfinished_copy_references", values![])?;
    unfinished::follow_numbers(to)?;
    unfinished::set_whole(to)?;
    Ok(moved)
}

/// Reads rows and hands them over when there are enough for a chunk, and the last of them.
fn each_filling(
    from: &Transaction<'_>,
    table: &Table,
    range: Range<'_>,
    mut see: impl FnMut(&[u8]),
    mut take: impl FnMut(Filling) -> Result<()>,
) -> Result<()> {
    let mut filling = Filling::default();
    each_row(from, table, range, |row, line| {
        see(line);
        filling.total.add(line);
        filling.bytes += line.len();
        filling.rows.push(row);
        if filling.rows.len() == CHUNK_ROWS || filling.bytes >= CHUNK_BYTES {
            take(std::mem::take(&mut filling))?;
        }
        Ok::<_, StoreError>(())
    })?;
    if filling.rows.is_empty() {
        return Ok(());
    }
    take(filling)
}

/// Writes down what a chunk is.
fn keep(
    to: &Transaction<'_>,
    table: &Table,
    number: i64,
    filled: Filling,
) -> Result<(), DatabaseError> {
    let Some(last) = filled.rows.last() else {
        return Ok(());
    };
    let columns = table.columns.iter().zip(last);
    let key: Key = (table.key.iter())
        .filter_map(|name| columns.clone().find(|((column, _), _)| column == name))
        .map(|(_, value)| value.clone())
        .collect();
    let mut line = Vec::new();
    rows::write(&key, &mut line);
    to.execute(
        "INSERT INTO unfinished_copy_chunks (table_name, number, until_key, digest) VALUES (?1, ?2, ?3, ?4)",
        values![
            table.name,
            number,
            String::from_utf8_lossy(&line),
            filled.total.end().1.to_string()
        ],
    )?;
    Ok(())
}

/// The chunks of a table that the server has, in order.
fn chunks(to: &Transaction<'_>, table: &Table) -> Result<Vec<Chunk>> {
    let kinds: Vec<Kind> = (table.key.iter())
        .filter_map(|name| table.columns.iter().find(|(column, _)| column == name))
        .map(|(_, kind)| *kind)
        .collect();
    to.all(
        "SELECT number, until_key, digest FROM unfinished_copy_chunks WHERE table_name = ?1 ORDER BY number",
        values![table.name],
        |row| {
            let line: String = row.get(1)?;
            let column = DatabaseError::Column {
                at: 1,
                wanted: "the key of a chunk",
            };
            Ok(Chunk {
                number: row.get(0)?,
                until: rows::parse(line.as_bytes(), &kinds).ok_or(column)?,
                digest: row.get(2)?,
            })
        },
    )
}
