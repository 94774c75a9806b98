//! What one process of several does for all of them.
//!
//! Invariants: on PostgreSQL at most one process holds the lock (an advisory lock of a session that
//! does nothing else); when that process ends or its connection breaks, the server takes the lock
//! back, within seconds also from a process that hangs, and within a minute from a machine that is
//! gone. A process that has lost it learns so when it asks next, so for a moment two may believe
//! that they hold it: what is done under it must be harmless when it is done twice. On SQLite
//! whoever asks holds it, for the same reason.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::database::{Database, DatabaseError, PostgresConnection};

/// The first half of the advisory locks of sessions; "pbhs".
const LOCK_CLASS: i32 = 0x7062_6873;
/// A session that has not asked for so long is ended by the server: its process hangs. Several
/// times the pause between two questions.
const IDLE_TIME_MAX: Duration = Duration::from_secs(15);

/// A lock of one process.
pub(crate) struct SessionLock {
    number: i32,
    session: Mutex<Option<Session>>,
}

struct Session {
    connection: PostgresConnection,
    is_locked: bool,
}

impl SessionLock {
    /// Makes a lock that is not held; different work has different numbers.
    pub(crate) const fn new(number: i32) -> Self {
        Self {
            number,
            session: Mutex::new(None),
        }
    }

    /// Tells whether this process holds the lock, taking it if nobody does. Asked every few
    /// seconds, it keeps the lock.
    ///
    /// # Errors
    /// The database fails; the lock is not held then.
    pub(crate) fn hold(&self, database: &Database) -> Result<bool, DatabaseError> {
        let Database::Postgres(server) = database else {
            return Ok(true);
        };
        let mut kept = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        // What fails below is closed, and its lock is free.
        let mut session = match kept.take() {
            Some(session) => session,
            None => {
                let connection = server.open()?;
                connection.run(&format!(
                    "SET idle_session_timeout = {}",
                    IDLE_TIME_MAX.as_millis()
                ))?;
                Session {
                    connection,
                    is_locked: false,
                }
            }
        };
        if session.is_locked {
            session.connection.run("SELECT 1")?;
        } else {
            let number = self.number;
            let taken = session.connection.simple(&format!(
                "SELECT pg_try_advisory_lock({LOCK_CLASS}, {number})"
            ))?;
            session.is_locked = taken.as_deref() == Some("t");
        }
        let is_locked = session.is_locked;
        *kept = Some(session);
        Ok(is_locked)
    }

    /// Gives the lock up, so that another process need not wait until this one has ended. While
    /// somebody asks for it, it ends with the process.
    pub(crate) fn release(&self) {
        if let Ok(mut session) = self.session.try_lock() {
            *session = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use passerby_testing::postgres::PostgresServer;

    use super::*;
    use crate::database::PostgresDatabase;

    fn database(address: &str) -> Database {
        Database::Postgres(PostgresDatabase::new(address).unwrap())
    }

    #[test]
    fn one_holds_a_lock_until_its_session_ends_and_then_another_does() {
        let server = PostgresServer::shared();
        let address = server.new_database();
        let (first, second) = (database(&address), database(&address));
        let locks = [SessionLock::new(1), SessionLock::new(1)];
        assert!(locks[0].hold(&first).unwrap());
        assert!(!locks[1].hold(&second).unwrap());
        assert!(locks[0].hold(&first).unwrap(), "it keeps it");
        let other = SessionLock::new(2);
        assert!(other.hold(&second).unwrap(), "other work is another's");

        server.run(
            &address,
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND granted",
        );
        let begun = Instant::now();
        while !locks[1].hold(&second).unwrap() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(
            locks[0].hold(&first).is_err(),
            "it learns that it has lost it"
        );
        assert!(!locks[0].hold(&first).unwrap());

        locks[1].release();
        let begun = Instant::now();
        while !locks[0].hold(&first).unwrap() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn on_a_file_whoever_asks_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let file = crate::database::SqliteDatabase::open(&file).unwrap();
        let file = Database::Sqlite(file);
        assert!(SessionLock::new(1).hold(&file).unwrap());
        assert!(SessionLock::new(1).hold(&file).unwrap());
    }
}
