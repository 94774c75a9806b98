//! The mark of a file whose database was moved to a server.

use rusqlite::Connection;

/// Tells whether a file's database was moved.
///
/// # Errors
/// SQLite fails.
pub(in crate::store) fn is_moved(connection: &Connection) -> rusqlite::Result<bool> {
    let found =
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'moved')";
    connection.query_row(found, [], |row| row.get(0))
}
