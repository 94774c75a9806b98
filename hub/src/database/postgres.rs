//! PostgreSQL: one database for any number of hub processes.
//!
//! Invariants: what [`PostgresDatabase::write`] returned is committed; who writes holds a [`Lock`]
//! from the start of the transaction, so that what it reads stays true until it commits; a
//! connection that broke is not used again; work is done anew only where it is known that nothing
//! of it was kept.
//!
//! That is known when a connection breaks before its commit was asked for, when two transactions
//! stood in each other's way, and when the server says of a commit that broke off that it was not
//! made: each transaction that writes knows its own number, and a later connection asks what became
//! of it (`pg_xact_status`). A server that has crashed gives numbers that it had not yet written to
//! disk to others; that a number is committed says nothing of ours then, and the outcome is
//! unknown.
//!
//! A process that serves waits for nothing without a bound ([`PostgresDatabase::bound_waits`]).
//! While the server is away, one thread tries to reach it, now and then, and all others are told so
//! at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::Config;

use crate::database::pool::{Lent, Pool, PoolCounts};
use crate::database::postgres_address::{config_of, place_of};
use crate::database::postgres_connection::{CONNECT_TIMEOUT, OWN_NUMBER};
use crate::database::slow_statements::SlowStatements;
use crate::database::write_failures::WriteFailures;
use crate::database::{DatabaseError, Lock, PostgresConnection, Transaction};

/// Most connections of one process.
const CONNECTIONS_MAX: usize = 16;
/// Connections that are opened before anybody waits for one.
const CONNECTIONS_AHEAD: usize = 4;
/// Time between two tries to reach a server that is away.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);
/// How often a piece of work is done anew at most, and the pause before, which grows.
const ATTEMPTS_MAX: u32 = 5;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(5);
/// After so long nothing is done anew: whoever waits has waited enough.
const ATTEMPTS_TIME_MAX: Duration = Duration::from_secs(5);
/// How long it is asked what became of a commit that broke off.
const OUTCOME_TIME_MAX: Duration = Duration::from_secs(5);
/// Time between two questions.
const OUTCOME_PAUSE: Duration = Duration::from_millis(100);
/// The first half of the advisory locks of transactions; "pbhb".
const LOCK_CLASS: i32 = 0x7062_6862;
/// The same of those of visitors; "pbhv".
const VISITOR_LOCK_CLASS: i32 = 0x7062_6876;

/// A database on a server.
pub(crate) struct PostgresDatabase {
    config: Config,
    connections: Pool<PostgresConnection>,
    slow: SlowStatements,
    write_failures: WriteFailures,
    /// Whether this process serves, and so waits for nothing without a bound.
    is_bounded: AtomicBool,
    /// Since when the server is known to be away.
    outage: Mutex<Option<Outage>>,
}

/// A time without a server.
struct Outage {
    error: DatabaseError,
    /// From when on the next thread tries to reach it.
    try_at: Instant,
}

/// What came of one attempt to do a piece of work.
enum Attempt<T, E> {
    Ended(Result<T, E>),
    /// Nothing of it was kept, and it may go better next time.
    Undone(E),
    /// The connection broke over the commit of the transaction with this number.
    Unsettled {
        value: T,
        number: String,
        /// The run of the server that gave it.
        server_run: String,
        error: DatabaseError,
    },
}

/// What became of a transaction.
enum Outcome {
    Committed,
    Undone,
    Unknown,
}

impl PostgresDatabase {
    /// Reads an address, `postgres://user:password@host/name`, without connecting.
    ///
    /// # Errors
    /// It has not that form.
    pub(crate) fn new(address: &str) -> Result<Self, DatabaseError> {
        let mut config = config_of(address)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("passerby-hub");
        }
        // A server that is gone without a word is noticed within a minute.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(20));
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_idle(Duration::from_secs(30));
            config.keepalives_interval(Duration::from_secs(10));
            config.keepalives_retries(3);
        }
        Ok(Self {
            config,
            connections: Pool::new(CONNECTIONS_MAX),
            slow: SlowStatements::default(),
            write_failures: WriteFailures::default(),
            is_bounded: AtomicBool::new(false),
            outage: Mutex::new(None),
        })
    }

    /// Says which database it is, and where, without the password.
    pub(crate) fn place(&self) -> String {
        place_of(&self.config)
    }

    /// See [`crate::database::Database::pool_counts`].
    pub(super) fn pool_counts(&self) -> PoolCounts {
        self.connections.counts()
    }

    /// See [`crate::database::Database::slow_statements`].
    pub(super) const fn slow_statements(&self) -> &SlowStatements {
        &self.slow
    }

    /// See [`crate::database::Database::write_failures`].
    pub(super) const fn write_failures(&self) -> &WriteFailures {
        &self.write_failures
    }

    /// Bounds from now on how long anybody waits for an answer or a lock. A process that serves
    /// does so; a command such as `recount` may take minutes, and a step of the schema as well.
    pub(crate) fn bound_waits(&self) {
        // What is idle by now has no bounds yet.
        if !self.is_bounded.swap(true, Ordering::Relaxed) {
            self.connections.close_idle();
        }
    }

    /// See [`crate::database::Database::open_ahead`].
    pub(super) fn open_ahead(
        &self,
        mut ask: impl FnMut(&Transaction<'_>) -> Result<(), DatabaseError>,
    ) -> Result<(), DatabaseError> {
        let mut opened = Vec::with_capacity(CONNECTIONS_AHEAD);
        let mut asked = Ok(());
        while asked.is_ok() && opened.len() < CONNECTIONS_AHEAD {
            let connection = self.lend()?;
            asked = ask(&Transaction::of_postgres(&connection, &self.slow));
            opened.push(connection);
        }
        for connection in opened {
            self.give_back(connection);
        }
        asked
    }

    /// Runs something with a connection that is in no transaction, once.
    pub(crate) fn with_connection<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&PostgresConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.lend()?;
        let worked = work(&connection);
        self.give_back(connection);
        worked
    }

    /// Opens a connection that belongs to nobody else.
    ///
    /// # Errors
    /// The server is away or refuses.
    pub(super) fn open(&self) -> Result<PostgresConnection, DatabaseError> {
        let now = Instant::now();
        if let Some(outage) = &mut *self.outage() {
            if now < outage.try_at {
                return Err(outage.error.clone());
            }
            // This thread tries; the others are told meanwhile what was last known.
            outage.try_at = now + CONNECT_TIMEOUT;
        }
        let is_bounded = self.is_bounded.load(Ordering::Relaxed);
        let opened = PostgresConnection::open(&self.config, is_bounded)
            .map_err(|error| error.at(self.place()));
        match &opened {
            Ok(_) => {
                if self.outage().take().is_some() && is_bounded {
                    tracing::info!("the database answers again");
                }
            }
            Err(error) => self.is_away(error, is_bounded),
        }
        opened
    }

    /// Remembers that the server does not answer.
    fn is_away(&self, error: &DatabaseError, is_told: bool) {
        let mut outage = self.outage();
        if outage.is_none() && is_told {
            tracing::error!(%error, "the database cannot be reached; it is tried again until it answers");
        }
        *outage = Some(Outage {
            error: error.clone(),
            try_at: Instant::now() + RECONNECT_PAUSE,
        });
    }

    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Result<Lent<'_, PostgresConnection>, DatabaseError> {
        self.connections.take(|| self.open())
    }

    fn give_back(&self, connection: Lent<'_, PostgresConnection>) {
        if connection.is_broken.get() {
            connection.close();
            self.connections.close_idle();
        }
    }

    /// See [`crate::database::Database::read`].
    pub(super) fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work)
    }

    /// See [`crate::database::Database::read_once`].
    pub(super) fn read_once<T, E: From<DatabaseError>>(
        &self,
        mut work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.again_if_undone(|| {
            let connection = self.lend()?;
            let worked = work(&Transaction::of_postgres(&connection, &self.slow));
            let is_broken = connection.is_broken.get();
            self.give_back(connection);
            match worked {
                Err(error) if is_broken => Ok(Attempt::Undone(error)),
                worked => Ok(Attempt::Ended(worked)),
            }
        })
    }

    /// See [`crate::database::Database::write`].
    pub(super) fn write<T, E: From<DatabaseError>>(
        &self,
        lock: Lock<'_>,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        // Each statement sees what others committed while this one waited for its locks, whatever
        // the server's own default is.
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; {}; SELECT {OWN_NUMBER}",
            lock_statement(lock)
        );
        self.transaction(&begin, work)
    }

    fn transaction<T, E: From<DatabaseError>>(
        &self,
        begin: &str,
        mut work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let writes = begin.ends_with(OWN_NUMBER);
        self.again_if_undone(|| {
            let lent = self.lend();
            if writes && lent.is_err() {
                self.write_failures.failed();
            }
            let connection = lent?;
            // What unwinds in here leaves a connection that the pool closes.
            let attempt = attempt(&connection, &self.slow, begin, &mut work);
            match &attempt {
                Attempt::Ended(Ok(_)) if writes => self.write_failures.succeeded(),
                Attempt::Ended(Ok(_)) => {}
                _ if writes && connection.saw_outage.get() => self.write_failures.failed(),
                _ => {}
            }
            self.give_back(connection);
            // Only now: asking takes a connection as well.
            let Attempt::Unsettled {
                value,
                number,
                server_run,
                error,
            } = attempt
            else {
                return Ok(attempt);
            };
            Ok(match self.outcome(&number, &server_run) {
                Outcome::Committed => Attempt::Ended(Ok(value)),
                Outcome::Undone => Attempt::Undone(error.into()),
                Outcome::Unknown => {
                    tracing::error!(%error, "whether a write was committed is unknown");
                    Attempt::Ended(Err(DatabaseError::OutcomeUnknown.into()))
                }
            })
        })
    }

    /// Tries a piece of work until it has ended, within bounds.
    fn again_if_undone<T, E: From<DatabaseError>>(
        &self,
        mut attempt: impl FnMut() -> Result<Attempt<T, E>, DatabaseError>,
    ) -> Result<T, E> {
        let begun = Instant::now();
        let mut attempts = 1;
        loop {
            match attempt()? {
                Attempt::Ended(result) => return result,
                Attempt::Unsettled { error, .. } => return Err(error.into()),
                Attempt::Undone(error)
                    if attempts >= ATTEMPTS_MAX || begun.elapsed() >= ATTEMPTS_TIME_MAX =>
                {
                    return Err(error);
                }
                Attempt::Undone(_) => std::thread::sleep(ATTEMPT_PAUSE * attempts),
            }
            attempts += 1;
        }
    }

    /// Asks a server that is there again what became of a transaction whose commit broke off. One
    /// that was under way when the server crashed is undone by the time it answers, and its number
    /// may be another one's.
    fn outcome(&self, number: &str, server_run: &str) -> Outcome {
        self.connections.close_idle();
        let asked_until = Instant::now() + OUTCOME_TIME_MAX;
        while Instant::now() < asked_until {
            let status = self.with_connection(|connection| {
                let status = connection.simple(&format!("SELECT pg_xact_status('{number}')"))?;
                Ok::<_, DatabaseError>((status, connection.server_run == server_run))
            });
            match status {
                // A server that took another's place may not know the number.
                Ok((status, is_same_run)) => match status.as_deref() {
                    Some("committed") if is_same_run => return Outcome::Committed,
                    Some("aborted") => return Outcome::Undone,
                    Some("in progress") => {}
                    _ => return Outcome::Unknown,
                },
                Err(error) if error.is_outage() => {}
                Err(_) => return Outcome::Unknown,
            }
            std::thread::sleep(OUTCOME_PAUSE);
        }
        Outcome::Unknown
    }
}

/// Does a piece of work in a transaction, once.
fn attempt<T, E: From<DatabaseError>>(
    connection: &PostgresConnection,
    slow: &SlowStatements,
    begin: &str,
    work: &mut impl FnMut(&Transaction<'_>) -> Result<T, E>,
) -> Attempt<T, E> {
    connection.gave_way.set(false);
    connection.saw_outage.set(false);
    let begun = slow.timed("BEGIN, and the lock of what it changes", || {
        connection.begin(begin)
    });
    let worked = match begun {
        Ok(number) => {
            work(&Transaction::of_postgres(connection, slow)).map(|value| (value, number))
        }
        Err(error) => Err(error.into()),
    };
    let (value, number) = match worked {
        Ok(worked) => worked,
        Err(error) => {
            if !connection.is_broken.get() {
                // If that fails, the transaction ends with its connection.
                let undone = connection.run("ROLLBACK");
                connection.is_broken.set(undone.is_err());
            }
            return if connection.is_broken.get() || connection.gave_way.get() {
                Attempt::Undone(error)
            } else {
                Attempt::Ended(Err(error))
            };
        }
    };
    let committed = slow.timed("COMMIT", || connection.run("COMMIT"));
    match (committed, number) {
        // Without a number it has only read, and has all that it wanted.
        (Ok(()), _) | (Err(_), None) => Attempt::Ended(Ok(value)),
        (Err(error), Some(number)) if connection.is_broken.get() => Attempt::Unsettled {
            value,
            number,
            server_run: connection.server_run.clone(),
            error,
        },
        (Err(error), Some(_)) if error.is_conflict() => Attempt::Undone(error.into()),
        (Err(error), Some(_)) => Attempt::Ended(Err(error.into())),
    }
}

/// The statement that waits for a lock until the transaction ends.
///
/// All wait in one order, so that two never wait for each other: everything, then screens, then
/// visitors, each by number.
fn lock_statement(lock: Lock<'_>) -> String {
    let everything = "pg_advisory_xact_lock";
    let (screens, visitors): (_, &[[u8; 16]]) = match lock {
        Lock::Everything => return format!("SELECT {everything}({LOCK_CLASS}, 0)"),
        // Screens have the numbers above 0.
        Lock::Figures => {
            return format!(
                "SELECT {everything}_shared({LOCK_CLASS}, 0); SELECT {everything}({LOCK_CLASS}, -1)"
            );
        }
        Lock::Screens(screens) => (screens, &[]),
        Lock::Scans { screens, visitors } => (screens, visitors),
    };
    // Number 0 is everything.
    let screens = screens.iter().map(|screen| i64::from(screen.get()) + 1);
    // Pseudonyms are random. Two that begin alike wait for each other, and no more.
    let visitors = visitors
        .iter()
        .map(|[a, b, c, d, ..]| i64::from(i32::from_be_bytes([*a, *b, *c, *d])));
    let shared = format!("SELECT {everything}_shared({LOCK_CLASS}, 0)");
    let mut statements = vec![shared];
    statements.extend(each_in_order(LOCK_CLASS, screens));
    statements.extend(each_in_order(VISITOR_LOCK_CLASS, visitors));
    statements.join("; ")
}

/// The statement that takes locks of one class, the lowest number first; `None` without any.
fn each_in_order(class: i32, numbers: impl Iterator<Item = i64>) -> Option<String> {
    let numbers: BTreeSet<i64> = numbers.collect();
    if numbers.is_empty() {
        return None;
    }
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    // The rows of a list are taken in its order.
    Some(format!(
        "SELECT pg_advisory_xact_lock({class}, number) FROM unnest(ARRAY[{}]::int[]) AS given (number)",
        numbers.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_records_scans_waits_for_screens_and_then_for_visitors_each_once_and_in_order() {
        let screens = [7, 2, 7].map(|number| passerby_protocol::ScreenNumber::new(number).unwrap());
        let mut visitors = [[0; 16]; 3];
        (visitors[0][3], visitors[1][0]) = (9, 0xFF);
        let lock = Lock::Scans {
            screens: &screens,
            visitors: &visitors,
        };
        assert_eq!(
            lock_statement(lock),
            format!(
                "SELECT pg_advisory_xact_lock_shared({LOCK_CLASS}, 0); \
                 SELECT pg_advisory_xact_lock({LOCK_CLASS}, number) FROM unnest(ARRAY[3, 8]::int[]) AS given (number); \
                 SELECT pg_advisory_xact_lock({VISITOR_LOCK_CLASS}, number) \
                 FROM unnest(ARRAY[-16777216, 0, 9]::int[]) AS given (number)"
            )
        );
        assert_eq!(
            lock_statement(Lock::Screens(&[])),
            format!("SELECT pg_advisory_xact_lock_shared({LOCK_CLASS}, 0)")
        );
    }
}
