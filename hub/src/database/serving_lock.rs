//! What each process holds that serves a database, together with all others that do.
//!
//! Invariants: a process that is alone knows that nobody else serves, and nobody begins to until it
//! is one of many again; whoever ends, however it does, holds nothing any more, within seconds also
//! a process that hangs (an advisory lock of a session, or of a file beside the database).

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::database::{Database, DatabaseError, PostgresConnection};
use crate::system::private;

/// The first half of the advisory lock of sessions that serve; "pbhw".
const LOCK_CLASS: i32 = 0x7062_6877;
/// A session that has not been heard of for so long is ended by the server, in milliseconds.
const IDLE_MS_MAX: u64 = 15_000;

/// See the module.
#[derive(Default)]
pub(crate) struct ServingLock(Mutex<Option<Held>>);

enum Held {
    Session(Box<PostgresConnection>),
    File(File),
}

impl ServingLock {
    /// Becomes one of those that serve; false while somebody is to be alone for a moment.
    ///
    /// # Errors
    /// The database fails; nothing is held then.
    pub(crate) fn join(&self, database: &Database) -> Result<bool, DatabaseError> {
        let mut held = self.held();
        // What fails below is closed, and holds nothing.
        *held = match database {
            Database::Postgres(server) => {
                let connection = server.open()?;
                connection.run(&format!("SET idle_session_timeout = {IDLE_MS_MAX}"))?;
                is_true(&connection, "pg_try_advisory_lock_shared")?
                    .then(|| Held::Session(Box::new(connection)))
            }
            Database::Sqlite(database) => {
                let file = lock_file(&database.beside(private::SERVING_LOCK))?;
                is_locked(file.try_lock_shared())?.then_some(Held::File(file))
            }
        };
        Ok(held.is_some())
    }

    /// Tells whether nobody else serves, nor begins to until [`ServingLock::share`].
    ///
    /// # Errors
    /// The database fails; nothing is held then.
    pub(crate) fn is_alone(&self) -> Result<bool, DatabaseError> {
        self.with(|held| match held {
            Held::Session(connection) => is_true(connection, "pg_try_advisory_lock"),
            Held::File(file) => is_locked(file.try_lock()),
        })
    }

    /// Is one of many again after it was alone. On a file there is a moment between the two.
    ///
    /// # Errors
    /// The database fails; nothing is held then.
    pub(crate) fn share(&self) -> Result<bool, DatabaseError> {
        self.with(|held| match held {
            Held::Session(connection) => is_true(connection, "pg_advisory_unlock"),
            Held::File(file) => is_locked(file.try_lock_shared()),
        })
    }

    /// Tells whether it is still held; has to be asked every few seconds.
    ///
    /// # Errors
    /// The database fails; nothing is held then.
    pub(crate) fn keep(&self) -> Result<bool, DatabaseError> {
        self.with(|held| match held {
            Held::Session(connection) => connection.run("SELECT 1").map(|()| true),
            Held::File(_) => Ok(true),
        })
    }

    /// Serves no more.
    pub(crate) fn leave(&self) {
        *self.held() = None;
    }

    /// Does something with what is held; false where nothing is.
    fn with(
        &self,
        ask: impl FnOnce(&Held) -> Result<bool, DatabaseError>,
    ) -> Result<bool, DatabaseError> {
        let mut kept = self.held();
        let Some(held) = kept.take() else {
            return Ok(false);
        };
        let answer = ask(&held)?;
        *kept = Some(held);
        Ok(answer)
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_true(connection: &PostgresConnection, function: &str) -> Result<bool, DatabaseError> {
    let answer = connection.simple(&format!("SELECT {function}({LOCK_CLASS}, 0)"))?;
    Ok(answer.as_deref() == Some("t"))
}

fn lock_file(file: &Path) -> Result<File, DatabaseError> {
    let opened = private::make_file(file).and_then(|()| File::open(file));
    opened.map_err(|error| DatabaseError::File(format!("{}: {error}", file.display())))
}

fn is_locked(tried: Result<(), TryLockError>) -> Result<bool, DatabaseError> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(DatabaseError::File(error.to_string())),
    }
}
