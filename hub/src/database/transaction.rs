//! Statements within one transaction, the same calls for both databases.

use std::cell::Cell;
use std::ops::ControlFlow;

use rusqlite::Connection;

use crate::database::row::{FromColumn, Row};
use crate::database::slow_statements::SlowStatements;
use crate::database::value::Value;
use crate::database::{DatabaseError, PostgresConnection, copy_text};

/// A statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sql<'a> {
    /// One that both databases understand.
    Both(&'a str),
    /// One for each.
    Pair {
        /// For SQLite.
        sqlite: &'a str,
        /// For PostgreSQL.
        postgres: &'a str,
    },
}

impl<'a> Sql<'a> {
    /// Has a statement for SQLite and one for PostgreSQL that does the same.
    pub(crate) const fn pair(sqlite: &'a str, postgres: &'a str) -> Self {
        Self::Pair { sqlite, postgres }
    }

    const fn sqlite(self) -> &'a str {
        match self {
            Self::Both(sql) | Self::Pair { sqlite: sql, .. } => sql,
        }
    }

    const fn postgres(self) -> &'a str {
        match self {
            Self::Both(sql) | Self::Pair { postgres: sql, .. } => sql,
        }
    }
}

impl<'a> From<&'a str> for Sql<'a> {
    fn from(sql: &'a str) -> Self {
        Self::Both(sql)
    }
}

impl<'a> From<&'a String> for Sql<'a> {
    fn from(sql: &'a String) -> Self {
        Self::Both(sql)
    }
}

/// A transaction that is open.
pub(crate) struct Transaction<'a> {
    on: On<'a>,
    slow: &'a SlowStatements,
    /// Whether SQLite failed a statement for a reason that has nothing to do with the statement.
    saw_outage: Cell<bool>,
}

enum On<'a> {
    Sqlite(&'a Connection),
    Postgres(&'a PostgresConnection),
}

impl<'a> Transaction<'a> {
    pub(super) const fn of_sqlite(connection: &'a Connection, slow: &'a SlowStatements) -> Self {
        let on = On::Sqlite(connection);
        let saw_outage = Cell::new(false);
        Self {
            on,
            slow,
            saw_outage,
        }
    }

    pub(super) const fn of_postgres(
        connection: &'a PostgresConnection,
        slow: &'a SlowStatements,
    ) -> Self {
        let on = On::Postgres(connection);
        let saw_outage = Cell::new(false);
        Self {
            on,
            slow,
            saw_outage,
        }
    }

    /// Whether the database as a whole was the matter with a statement.
    pub(super) fn saw_outage(&self) -> bool {
        match self.on {
            On::Sqlite(_) => self.saw_outage.get(),
            On::Postgres(connection) => connection.saw_outage.get(),
        }
    }

    /// Takes in an error of SQLite's; a connection to a server does so by itself.
    fn noted(&self, error: rusqlite::Error) -> DatabaseError {
        let error = DatabaseError::from(error);
        if error.is_outage() {
            self.saw_outage.set(true);
        }
        error
    }

    /// Runs a statement of either database, and tells of it if it is slow.
    fn timed<T>(&self, sql: Sql<'_>, run: impl FnOnce() -> T) -> T {
        let text = match self.on {
            On::Sqlite(_) => sql.sqlite(),
            On::Postgres(_) => sql.postgres(),
        };
        self.slow.timed(text, run)
    }

    /// Runs statements without values or answers, as a step of the schema.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn run(&self, statements: &str) -> Result<(), DatabaseError> {
        self.slow.timed(statements, || match self.on {
            On::Sqlite(connection) => connection
                .execute_batch(statements)
                .map_err(|error| self.noted(error)),
            On::Postgres(connection) => connection.run(statements),
        })
    }

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// The database fails; like all other errors here, that ends the transaction.
    pub(crate) fn execute<'s>(
        &self,
        sql: impl Into<Sql<'s>>,
        values: &[Value<'_>],
    ) -> Result<u64, DatabaseError> {
        let sql = sql.into();
        self.timed(sql, || match self.on {
            On::Sqlite(connection) => {
                sqlite_execute(connection, sql.sqlite(), values).map_err(|error| self.noted(error))
            }
            On::Postgres(connection) => connection.execute(sql.postgres(), values),
        })
    }

    /// Runs a statement once for each set of values, in order, and returns how many rows each
    /// changed. Much faster than one by one. No two sets of an upsert (`DO UPDATE`) may be of one
    /// row.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn execute_each<'s, 'v>(
        &self,
        sql: impl Into<Sql<'s>>,
        sets: &[impl AsRef<[Value<'v>]>],
    ) -> Result<Vec<u64>, DatabaseError> {
        let sql = sql.into();
        self.timed(sql, || match self.on {
            On::Sqlite(connection) => sqlite_execute_each(connection, sql.sqlite(), sets)
                .map_err(|error| self.noted(error)),
            On::Postgres(connection) => connection.execute_each(sql.postgres(), sets),
        })
    }

    /// Reads rows one by one until there are no more, or enough.
    ///
    /// # Errors
    /// The database fails, or a row cannot be read.
    pub(crate) fn each<'s, E: From<DatabaseError>>(
        &self,
        sql: impl Into<Sql<'s>>,
        values: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let sql = sql.into();
        self.timed(sql, || self.each_row(sql, values, read))
    }

    fn each_row<E: From<DatabaseError>>(
        &self,
        sql: Sql<'_>,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        match self.on {
            On::Sqlite(connection) => {
                let mut statement = connection
                    .prepare_cached(sql.sqlite())
                    .map_err(|error| self.noted(error))?;
                let mut rows = statement
                    .query(rusqlite::params_from_iter(values))
                    .map_err(|error| self.noted(error))?;
                while let Some(row) = rows.next().map_err(|error| self.noted(error))? {
                    if read(&Row::from(row))?.is_break() {
                        break;
                    }
                }
            }
            On::Postgres(connection) => {
                for row in &connection.query(sql.postgres(), values)? {
                    if read(&Row::from(row))?.is_break() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads rows one by one as they come, with no more than a few in memory. `read` uses this
    /// transaction for nothing.
    ///
    /// # Errors
    /// The database fails, or a row cannot be read.
    pub(crate) fn each_of_many<'s, E: From<DatabaseError>>(
        &self,
        sql: impl Into<Sql<'s>>,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        match self.on {
            On::Sqlite(_) => self.each(sql, values, read),
            On::Postgres(connection) => {
                connection.stream(sql.into().postgres(), values, |row| read(&Row::from(row)))
            }
        }
    }

    /// Appends rows to a table, each with a value for each of the columns. Names are trusted.
    ///
    /// # Errors
    /// The database fails, as for a row that is there already.
    pub(crate) fn append<'v>(
        &self,
        table: &str,
        columns: &[&str],
        rows: &[impl AsRef<[Value<'v>]>],
    ) -> Result<(), DatabaseError> {
        if rows.is_empty() {
            return Ok(());
        }
        let names = columns.join(", ");
        match self.on {
            On::Sqlite(connection) => {
                let places: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
                let places = places.join(", ");
                let insert = format!("INSERT INTO {table} ({names}) VALUES ({places})");
                let insert = connection.prepare_cached(&insert);
                let mut insert = insert.map_err(|error| self.noted(error))?;
                for row in rows {
                    insert
                        .execute(rusqlite::params_from_iter(row.as_ref()))
                        .map_err(|error| self.noted(error))?;
                }
            }
            On::Postgres(connection) => {
                let copy = format!("COPY {table} ({names}) FROM STDIN");
                connection.copy_in(&copy, copy_text::of(rows)?)?;
            }
        }
        Ok(())
    }

    /// Tells which database this is on.
    pub(crate) const fn is_on_postgres(&self) -> bool {
        matches!(self.on, On::Postgres(_))
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// The database fails, or a row cannot be read.
    pub(crate) fn all<'s, T, E: From<DatabaseError>>(
        &self,
        sql: impl Into<Sql<'s>>,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut found = Vec::new();
        self.each(sql, values, |row| {
            found.push(read(row)?);
            Ok::<_, E>(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Runs a query once for each set of values, in order, and reads all rows of each. Much faster
    /// than one by one where the database is a server.
    ///
    /// # Errors
    /// The database fails, or a row cannot be read.
    pub(crate) fn all_each<'s, 'v, T, E: From<DatabaseError>>(
        &self,
        sql: impl Into<Sql<'s>>,
        sets: &[impl AsRef<[Value<'v>]>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, E>,
    ) -> Result<Vec<Vec<T>>, E> {
        let sql = sql.into();
        match self.on {
            On::Sqlite(_) => sets
                .iter()
                .map(|set| self.all(sql, set.as_ref(), &mut read))
                .collect(),
            On::Postgres(connection) => self
                .timed(sql, || connection.query_each(sql.postgres(), sets))?
                .iter()
                .map(|rows| rows.iter().map(|row| read(&Row::from(row))).collect())
                .collect(),
        }
    }

    /// Reads the first row, if there is one.
    ///
    /// # Errors
    /// The database fails, or the row cannot be read.
    pub(crate) fn optional<'s, T, E: From<DatabaseError>>(
        &self,
        sql: impl Into<Sql<'s>>,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        let (mut read, mut found) = (Some(read), None);
        self.each(sql, values, |row| {
            if let Some(read) = read.take() {
                found = Some(read(row)?);
            }
            Ok::<_, E>(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Reads the first row.
    ///
    /// # Errors
    /// There is none, the database fails, or the row cannot be read.
    pub(crate) fn one<'s, T, E: From<DatabaseError>>(
        &self,
        sql: impl Into<Sql<'s>>,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.optional(sql, values, read)?
            .ok_or_else(|| DatabaseError::NoRow.into())
    }

    /// Reads the first column of the first row.
    ///
    /// # Errors
    /// There is no row, the database fails, or the column is something else.
    pub(crate) fn value<'s, T: FromColumn>(
        &self,
        sql: impl Into<Sql<'s>>,
        values: &[Value<'_>],
    ) -> Result<T, DatabaseError> {
        self.one(sql, values, |row| row.get(0))
    }

    /// Tells whether there is a row.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn exists<'s>(
        &self,
        sql: impl Into<Sql<'s>>,
        values: &[Value<'_>],
    ) -> Result<bool, DatabaseError> {
        let found = self.optional(sql, values, |_| Ok::<_, DatabaseError>(()))?;
        Ok(found.is_some())
    }
}

fn sqlite_execute_each<'v>(
    connection: &Connection,
    sql: &str,
    sets: &[impl AsRef<[Value<'v>]>],
) -> rusqlite::Result<Vec<u64>> {
    let mut statement = connection.prepare_cached(sql)?;
    sets.iter()
        .map(|set| {
            let changed = statement.execute(rusqlite::params_from_iter(set.as_ref()))?;
            Ok(u64::try_from(changed).unwrap_or(u64::MAX))
        })
        .collect()
}

fn sqlite_execute(
    connection: &Connection,
    sql: &str,
    values: &[Value<'_>],
) -> rusqlite::Result<u64> {
    let changed = connection
        .prepare_cached(sql)?
        .execute(rusqlite::params_from_iter(values))?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}
