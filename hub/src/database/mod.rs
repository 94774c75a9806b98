//! One way to two databases: SQLite in the data folder, or PostgreSQL on a server.
//!
//! SQL that both understand is written once, with `?1`, `?2` … for its values; where they differ, a
//! [`Sql::pair`] has both side by side. PostgreSQL has `BIGINT` for every number and `BOOLEAN` for
//! every truth; SQLite is given `greatest` and `least`, which it lacks.
//!
//! Invariants: a transaction reads one consistent state, or writes all or nothing, and what it
//! wrote is on disk when it returns; who reads never waits for who writes. Work may run more than
//! once, when nothing of it was kept the first time: it changes nothing but the database.

#[cfg(test)]
mod broken_connections;
mod copy_text;
mod cure;
mod error;
mod log_mover;
mod pool;
mod postgres;
mod postgres_address;
mod postgres_connection;
mod postgres_tls;
mod postgres_values;
mod row;
mod serving_lock;
mod session_lock;
mod slow_statements;
mod sqlite;
mod together;
mod transaction;
mod value;
mod write_failures;

pub(crate) use crate::database::copy_text::push_hex;
pub use crate::database::error::DatabaseError;
pub(crate) use crate::database::pool::PoolCounts;
pub(crate) use crate::database::postgres::PostgresDatabase;
pub(crate) use crate::database::postgres_connection::PostgresConnection;
pub(crate) use crate::database::row::{Id, Row};
pub(crate) use crate::database::serving_lock::ServingLock;
pub(crate) use crate::database::session_lock::SessionLock;
pub(crate) use crate::database::sqlite::SqliteDatabase;
pub(crate) use crate::database::transaction::{Sql, Transaction};
pub(crate) use crate::database::value::{Value, owned_values, values};

use passerby_protocol::ScreenNumber;

use crate::database::slow_statements::SlowStatements;
use crate::database::write_failures::WriteFailures;
use crate::system::histogram::HistogramCounts;

/// A database, opened.
pub(crate) enum Database {
    /// A file of ours.
    Sqlite(SqliteDatabase),
    /// A server.
    Postgres(PostgresDatabase),
}

/// What a transaction may change: nobody else, in this process or another, changes it meanwhile.
///
/// SQLite lets one write at a time, whatever it locks. What belongs to no screen is changed under
/// [`Lock::Everything`], or in one statement that cannot conflict.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lock<'a> {
    /// Everything.
    Everything,
    /// What belongs to these screens: their rows, keys and plays, the scans of these, links and
    /// visits.
    Screens(&'a [ScreenNumber]),
    /// The tables of figures.
    Figures,
    /// The same, and how many new scans these visitors have made anywhere: what counts of a visitor
    /// is decided by all of that.
    Scans {
        /// The screens.
        screens: &'a [ScreenNumber],
        /// The visitors' pseudonyms.
        visitors: &'a [[u8; 16]],
    },
}

/// Makes of work that can be done once, since it writes files or hands something on, what a
/// transaction takes: where that would begin it anew it fails.
pub(crate) fn once<T, E: From<DatabaseError>>(
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> impl FnMut(&Transaction<'_>) -> Result<T, E> {
    let mut work = Some(work);
    move |tx| match work.take() {
        Some(work) => work(tx),
        None => Err(DatabaseError::NotRepeated.into()),
    }
}

impl Database {
    /// Returns how busy the connections are that are lent: those that read of SQLite, all of
    /// PostgreSQL.
    pub(crate) fn pool_counts(&self) -> PoolCounts {
        match self {
            Self::Sqlite(database) => database.pool_counts(),
            Self::Postgres(database) => database.pool_counts(),
        }
    }

    /// Returns how many pieces of work were committed together, where writers share one connection.
    pub(crate) fn group_sizes(&self) -> Option<HistogramCounts> {
        match self {
            Self::Sqlite(database) => Some(database.group_sizes()),
            Self::Postgres(_) => None,
        }
    }

    /// The writes that failed of late.
    pub(crate) const fn write_failures(&self) -> &WriteFailures {
        match self {
            Self::Sqlite(database) => database.write_failures(),
            Self::Postgres(database) => database.write_failures(),
        }
    }

    /// The statements that took long.
    pub(crate) const fn slow_statements(&self) -> &SlowStatements {
        match self {
            Self::Sqlite(database) => database.slow_statements(),
            Self::Postgres(database) => database.slow_statements(),
        }
    }

    /// Runs a transaction that reads one consistent state.
    ///
    /// # Errors
    /// The database fails, or the work does.
    pub(crate) fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(database) => database.read(work),
            Self::Postgres(database) => database.read(work),
        }
    }

    /// Runs one statement that reads, which needs no transaction: on a server that saves two of
    /// three waits. A second statement may read a later state.
    ///
    /// # Errors
    /// The database fails, or the work does.
    pub(crate) fn read_once<T, E: From<DatabaseError>>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(database) => database.read(work),
            Self::Postgres(database) => database.read_once(work),
        }
    }

    /// Opens connections to a server before anybody waits for one, and asks on each what will be
    /// asked often: the first time takes several times as long.
    ///
    /// # Errors
    /// The database fails, or the work does.
    pub(crate) fn open_ahead(
        &self,
        ask: impl FnMut(&Transaction<'_>) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        match self {
            // It has no connections that take time.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(database) => database.open_ahead(ask),
        }
    }

    /// Runs a transaction that writes; an error undoes it.
    ///
    /// # Errors
    /// The database fails, or the work does; nothing was changed then.
    pub(crate) fn write<T, E: From<DatabaseError>>(
        &self,
        lock: Lock<'_>,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Sqlite(database) => database.write(work),
            Self::Postgres(database) => database.write(lock, work),
        }
    }
}
