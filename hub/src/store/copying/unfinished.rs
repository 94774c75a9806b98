//! The mark of a database on a server into which a copy was begun: as long as it is there, nobody
//! but the copy opens the database.
//!
//! Invariant: the mark is there before anything else of a hub, and goes when all is.

use crate::database::{Database, DatabaseError, Lock, Transaction, values};
use crate::store::copying::tables::TABLES;
use crate::store::{Result, StoreError};

/// How far a copy into a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// All of it has yet to come, or the rest.
    Unfinished,
    /// All rows are there.
    Whole,
}

/// Tells whether there is a table of this name.
pub(super) fn has_table(tx: &Transaction<'_>, name: &str) -> Result<bool, DatabaseError> {
    tx.exists(
        "SELECT 1 FROM pg_tables WHERE tablename = ?1 AND schemaname = ANY (current_schemas(FALSE))",
        values![name],
    )
}

/// Finds a table, that of a hub first; what an extension has made is nobody's.
fn first_table(tx: &Transaction<'_>) -> Result<Option<String>, DatabaseError> {
    tx.optional(
        "SELECT CAST(relname AS TEXT) FROM pg_class AS found
         WHERE relkind IN ('r', 'p', 'f')
         AND relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname = ANY (current_schemas(FALSE)))
         AND NOT EXISTS (
             SELECT 1 FROM pg_depend
             WHERE classid = CAST('pg_class' AS regclass) AND objid = found.oid AND deptype = 'e'
         )
         ORDER BY relname <> 'schema_steps', relname LIMIT 1",
        values![],
        |row| row.get(0),
    )
}

/// Tells whether a copy into a database on a server was begun and has not ended.
///
/// # Errors
/// The database fails.
pub(crate) fn is_unfinished(tx: &Transaction<'_>) -> Result<bool, DatabaseError> {
    has_table(tx, "unfinished_copy")
}

/// Begins a copy, or finds the one that was begun with the same id.
///
/// # Errors
/// There is a hub in the database, or another copy was begun there.
pub(super) fn begin(database: &Database, id: &str) -> Result<Begun> {
    database.write(Lock::Everything, |tx| {
        if let Some(begun) = find(tx, id)? {
            return Ok(begun);
        }
        if let Some(table) = first_table(tx)? {
            let is_ours = table == "schema_steps" || TABLES.iter().any(|ours| ours.name == table);
            return Err(if is_ours {
                StoreError::HasHub
            } else {
                StoreError::NotEmpty(table)
            });
        }
        tx.run("CREATE TABLE unfinished_copy (id TEXT NOT NULL, is_whole BOOLEAN NOT NULL)")?;
        tx.execute(
            "INSERT INTO unfinished_copy (id, is_whole) VALUES (?1, FALSE)",
            values![id],
        )?;
        Ok(Begun::Unfinished)
    })
}

/// Finds the copy that was begun with an id.
///
/// # Errors
/// Another copy was begun there.
pub(super) fn find(tx: &Transaction<'_>, id: &str) -> Result<Option<Begun>> {
    if !is_unfinished(tx)? {
        return Ok(None);
    }
    let (known, is_whole): (String, bool) = tx.one(
        "SELECT id, is_whole FROM unfinished_copy",
        values![],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    if known != id {
        return Err(StoreError::OtherCopy);
    }
    Ok(Some(if is_whole {
        Begun::Whole
    } else {
        Begun::Unfinished
    }))
}

/// Says that all rows are there.
pub(super) fn set_whole(tx: &Transaction<'_>) -> Result<(), DatabaseError> {
    tx.execute("UPDATE unfinished_copy SET is_whole = TRUE", values![])?;
    Ok(())
}

/// Has each number that the database gives to rows go on behind those that are there.
pub(super) fn follow_numbers(tx: &Transaction<'_>) -> Result<(), DatabaseError> {
    let columns: Vec<(String, String)> = tx.all(
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
         WHERE is_identity = 'YES' AND table_schema = ANY (current_schemas(FALSE))",
        values![],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    for (table, column) in columns {
        tx.run(&format!(
            "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT coalesce(max({column}), 0) + 1 FROM {table}), FALSE)"
        ))?;
    }
    Ok(())
}
