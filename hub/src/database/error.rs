//! Why a database did not do as asked, whichever it is.

use std::sync::Arc;

/// What went wrong.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite's own error: disk, lock or damage.
    #[error("{0}")]
    Sqlite(Arc<rusqlite::Error>),
    /// PostgreSQL's own error, or the network to it.
    #[error("{}", postgres_message(.0))]
    Postgres(Arc<tokio_postgres::Error>),
    /// All connections are taken for longer than anybody waits.
    #[error("the database is busy: no connection came free within {0} s")]
    Busy(u64),
    /// A statement that must answer with a row answered with none.
    #[error("the database holds no such row")]
    NoRow,
    /// A column holds something else than this hub writes there.
    #[error("the database holds something else than {wanted} in column {at}")]
    Column {
        /// Its place, from 0.
        at: usize,
        /// What was to be read.
        wanted: &'static str,
    },
    /// A number past what a database can hold.
    #[error("{0} is more than a database can hold")]
    TooLarge(u64),
    /// The address of a database cannot be understood, or it cannot be reached as it says.
    #[error("{0}")]
    Address(String),
    /// The work of which this was a part was given up half-way.
    #[error("the database gave up the work of which this was a part")]
    Abandoned,
}

impl DatabaseError {
    /// Whether the connection is of no use any more.
    pub(crate) fn is_disconnected(&self) -> bool {
        match self {
            Self::Postgres(error) => error.is_closed() || error.code().is_none(),
            _ => false,
        }
    }
}

/// tokio-postgres says «db error» and has the rest in the cause.
fn postgres_message(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => match said.hint() {
            Some(hint) => format!("{} ({hint})", said.message()),
            None => said.message().to_owned(),
        },
        None => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(next) = cause {
                text = format!("{text}: {next}");
                cause = next.source();
            }
            text
        }
    }
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(Arc::new(error))
    }
}
