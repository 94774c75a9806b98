//! Why a database did not do as asked, whichever it is.

use std::sync::Arc;

use rusqlite::ErrorCode;
use tokio_postgres::error::SqlState;

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
    /// The server did not answer for longer than anybody waits.
    #[error("the database did not answer within {0} s")]
    Slow(u64),
    /// The connection broke while a write was being committed, and the server did not say in time
    /// what became of it.
    #[error("the database went away in the middle of a commit; whether it was made is unknown")]
    OutcomeUnknown,
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
    /// A file beside the database cannot be used.
    #[error("{0}")]
    File(String),
    /// The connection broke in the middle of work that has done more than change the database.
    #[error("the database went away in the middle of the work; enter the command again")]
    NotRepeated,
    /// The work of which this was a part was given up half-way.
    #[error("the database gave up the work of which this was a part")]
    Abandoned,
}

impl DatabaseError {
    /// Whether the connection is of no use any more.
    pub(crate) fn is_disconnected(&self) -> bool {
        match self {
            Self::Postgres(error) => match error.code() {
                // A value that could not be written down was never sent.
                None => !cause_is_ours(error),
                Some(code) => error.is_closed() || ends_session(code),
            },
            Self::Slow(_) => true,
            _ => false,
        }
    }

    /// Whether the same work may succeed when it is begun anew: two pieces of work stood in each
    /// other's way, and this one was chosen to give way.
    pub(super) fn is_conflict(&self) -> bool {
        let Self::Postgres(error) = self else {
            return false;
        };
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .iter()
        .any(|conflict| error.code() == Some(conflict))
    }

    /// Whether the database as a whole is the matter (away, full, read-only, overloaded) and not
    /// what was asked of it, so that asking for something else has no better prospects.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code().is_some_and(|code| {
                matches!(
                    code,
                    ErrorCode::DiskFull
                        | ErrorCode::ReadOnly
                        | ErrorCode::SystemIoFailure
                        | ErrorCode::CannotOpen
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                )
            }),
            Self::Postgres(error) => error.code().map_or(!cause_is_ours(error), |code| {
                // Connection, state of the transaction, resources, intervention, system: the manual
                // of PostgreSQL, appendix A.
                let of_class = |class| code.code().starts_with(class);
                ["08", "25", "53", "57", "58"].into_iter().any(of_class)
            }),
            Self::Busy(_) | Self::Slow(_) | Self::OutcomeUnknown => true,
            _ => false,
        }
    }
}

/// Whether the server ends a session after it has said this: it is told to stop, crashes, or has
/// waited for too long.
fn ends_session(code: &SqlState) -> bool {
    [
        "57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "25P04",
    ]
    .contains(&code.code())
        || code.code().starts_with("08")
}

fn cause_is_ours(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<DatabaseError>())
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
