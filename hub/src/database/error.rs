//! Why a database did not do as asked, whichever it is.

use std::sync::Arc;

use rusqlite::ErrorCode;
use tokio_postgres::error::SqlState;

use crate::database::cure;

/// What to do about a server that is not there, or is none of PostgreSQL.
const CHECK_ADDRESS: &str =
    "; see that PostgreSQL runs there, or name it with --database or in PASSERBY_HUB_DATABASE";

/// What went wrong.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite's own error: disk, lock or damage.
    #[error("{}", sqlite_message(.0))]
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
    /// what became of it, or cannot know it any more.
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
    /// The server cannot be reached, or refuses who asks or what is asked for.
    #[error("cannot open the database {place}: {error}{cure}")]
    Unreachable {
        /// Its name and where it is, without the password.
        place: String,
        /// What was said.
        error: Box<DatabaseError>,
        /// What to do, where that has not been said.
        cure: &'static str,
    },
    /// Its texts cannot hold every letter.
    #[error(
        "it has the encoding {0} and has to have UTF8; make another one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding(String),
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
            Self::Unreachable { error, .. } => error.is_disconnected(),
            _ => false,
        }
    }

    /// Whether the server lets this session write nothing.
    pub(super) fn is_read_only(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION))
    }

    /// Says where the database is that cannot be opened, and what to do.
    pub(super) fn at(self, place: String) -> Self {
        let cure = match &self {
            Self::Encoding(_) => "; then name it with --database or in PASSERBY_HUB_DATABASE",
            Self::Postgres(error) if cure::of_postgres(error).is_some() => "",
            _ => CHECK_ADDRESS,
        };
        Self::Unreachable {
            place,
            error: Box::new(self),
            cure,
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
            // No step of the schema has a trigger that refuses: the file was moved to a server.
            Self::Sqlite(error)
                if error.sqlite_error().map(|error| error.extended_code)
                    == Some(rusqlite::ffi::SQLITE_CONSTRAINT_TRIGGER) =>
            {
                true
            }
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
            Self::Unreachable { error, .. } => error.is_outage(),
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

fn sqlite_message(error: &rusqlite::Error) -> String {
    with_cure(error.to_string(), cure::of_sqlite(error))
}

/// tokio-postgres says «db error» and has the rest in the cause.
fn postgres_message(error: &tokio_postgres::Error) -> String {
    let text = match error.as_db_error() {
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
    };
    with_cure(text, cure::of_postgres(error))
}

fn with_cure(text: String, cure: Option<&str>) -> String {
    match cure {
        Some(cure) => format!("{text}; {cure}"),
        None => text,
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
