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
//! of it (`pg_xact_status`).
//!
//! A process that serves waits for nothing without a bound ([`PostgresDatabase::bound_waits`]).
//! While the server is away, one thread tries to reach it, now and then, and all others are told so
//! at once.
//!
//! A connection is driven by the thread that uses it, in a runtime of its own: an answer needs no
//! other thread to be woken. tokio-postgres and not its blocking sister, because it sends many
//! statements before it waits for the first answer. Where their form allows it, those that differ
//! only in their values go as one ([`together`]), since each costs the server some 40 µs.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::pin::pin;
use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Client, Config, Row as PostgresRow, SimpleQueryMessage, Statement};

use crate::database::pool::{Lent, Pool, PoolCounts};
use crate::database::row::Column;
use crate::database::slow_statements::SlowStatements;
use crate::database::together::{Rows, together};
use crate::database::value::Value;
use crate::database::{DatabaseError, Lock, Transaction};

/// Most connections of one process.
const CONNECTIONS_MAX: usize = 16;
/// How long a server is waited for that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server is waited for that is connected and does not answer, by a process that serves.
/// Longer than [`STATEMENT_TIMEOUT_MS`], after which a server that is well gives up by itself.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(15);
/// Longest time of one statement of a process that serves, in milliseconds.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;
/// For how long it waits for what another process has locked, in milliseconds.
const LOCK_TIMEOUT_MS: u32 = 8_000;
/// After so long a transaction in which nothing is asked is ended by the server, and its locks are
/// free: its process hangs. In milliseconds.
const IDLE_TRANSACTION_MS: u32 = 30_000;
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
/// Most statements that are sent before the first answer is waited for.
const AHEAD_MAX: usize = 256;
/// Most rows of an answer that are read at one time and were not asked for all at once.
const ROWS_AHEAD_MAX: usize = 256;
/// The first half of the advisory locks of transactions; "pbhb".
const LOCK_CLASS: i32 = 0x7062_6862;

/// What every session asks of the server: to notice within a minute that a hub's machine is gone,
/// so that what it had locked becomes free.
const SESSION: &str =
    "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
     SET client_connection_check_interval = 10000;";

/// A database on a server.
pub(crate) struct PostgresDatabase {
    config: Config,
    connections: Pool<PostgresConnection>,
    slow: SlowStatements,
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
        error: DatabaseError,
    },
}

/// What became of a transaction.
enum Outcome {
    Committed,
    Undone,
    Unknown,
}

/// One connection, used by one thread at a time.
pub(crate) struct PostgresConnection {
    client: Client,
    runtime: OwnRuntime,
    /// Longest time until an answer.
    answer_time_max: Option<Duration>,
    statements: RefCell<HashMap<String, Statement>>,
    is_broken: Cell<bool>,
    /// Whether a statement of the open transaction gave way to another transaction.
    gave_way: Cell<bool>,
}

/// The runtime that drives one connection. It ends without waiting, so also where waiting is not
/// allowed: on a thread of another runtime.
struct OwnRuntime(Option<Runtime>);

impl OwnRuntime {
    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.0
            .as_ref()
            .expect("a runtime is there until it is dropped")
            .block_on(work)
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl PostgresDatabase {
    /// Reads an address, `postgres://user:password@host/name`, without connecting.
    ///
    /// # Errors
    /// It has not that form.
    pub(crate) fn new(address: &str) -> Result<Self, DatabaseError> {
        let mut config = Config::from_str(address).map_err(|error| {
            DatabaseError::Address(format!(
                "cannot understand the address of the database ({error}); write postgres://USER:PASSWORD@HOST/NAME"
            ))
        })?;
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
            is_bounded: AtomicBool::new(false),
            outage: Mutex::new(None),
        })
    }

    /// See [`crate::database::Database::pool_counts`].
    pub(super) fn pool_counts(&self) -> PoolCounts {
        self.connections.counts()
    }

    /// See [`crate::database::Database::slow_statements`].
    pub(super) const fn slow_statements(&self) -> &SlowStatements {
        &self.slow
    }

    /// Bounds from now on how long anybody waits for an answer or a lock. A process that serves
    /// does so; a command such as `recount` may take minutes, and a step of the schema as well.
    pub(crate) fn bound_waits(&self) {
        self.is_bounded.store(true, Ordering::Relaxed);
        self.connections.close_idle();
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
        let opened = PostgresConnection::open(&self.config, is_bounded);
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
        let begin = format!("BEGIN; {}; SELECT {OWN_NUMBER}", lock_statement(lock));
        self.transaction(&begin, work)
    }

    fn transaction<T, E: From<DatabaseError>>(
        &self,
        begin: &str,
        mut work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.again_if_undone(|| {
            let connection = self.lend()?;
            // What unwinds in here leaves a connection that the pool closes.
            let attempt = attempt(&connection, &self.slow, begin, &mut work);
            self.give_back(connection);
            // Only now: asking takes a connection as well.
            let Attempt::Unsettled {
                value,
                number,
                error,
            } = attempt
            else {
                return Ok(attempt);
            };
            Ok(match self.outcome(&number) {
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
    /// that was under way when the server crashed is undone by the time it answers.
    fn outcome(&self, number: &str) -> Outcome {
        self.connections.close_idle();
        let asked_until = Instant::now() + OUTCOME_TIME_MAX;
        while Instant::now() < asked_until {
            let status = self.with_connection(|connection| {
                connection.simple(&format!("SELECT pg_xact_status('{number}')"))
            });
            match status {
                // A server that took another's place may not know the number.
                Ok(status) => match status.as_deref() {
                    Some("committed") => return Outcome::Committed,
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
            error,
        },
        (Err(error), Some(_)) if error.is_conflict() => Attempt::Undone(error.into()),
        (Err(error), Some(_)) => Attempt::Ended(Err(error.into())),
    }
}

/// The number of the open transaction, by which it can be asked what became of it.
const OWN_NUMBER: &str = "pg_current_xact_id()::text";

/// The statement that waits for a lock until the transaction ends.
fn lock_statement(lock: Lock<'_>) -> String {
    let everything = "pg_advisory_xact_lock";
    match lock {
        Lock::Everything => format!("SELECT {everything}({LOCK_CLASS}, 0)"),
        Lock::Screens(screens) => {
            let mut numbers: Vec<u32> = screens.iter().map(|screen| screen.get()).collect();
            // In one order, so that two never wait for each other.
            numbers.sort_unstable();
            numbers.dedup();
            // Number 0 is everything.
            let each: Vec<String> = numbers
                .iter()
                .map(|number| (number + 1).to_string())
                .collect();
            // The rows of a list are taken in its order.
            format!(
                "SELECT {everything}_shared({LOCK_CLASS}, 0);
                 SELECT {everything}({LOCK_CLASS}, number) FROM unnest(ARRAY[{}]::int[]) AS given (number)",
                each.join(", ")
            )
        }
    }
}

impl PostgresConnection {
    fn open(config: &Config, is_bounded: bool) -> Result<Self, DatabaseError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DatabaseError::Address(error.to_string()))?;
        let time_max = *config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT);
        let connecting = async {
            let (client, connection) = config.connect(tls()).await?;
            // It ends with the client; what went wrong, the statements under way say.
            tokio::spawn(connection);
            client.batch_execute(SESSION).await?;
            if is_bounded {
                let bounds = format!(
                    "SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS};
                     SET idle_in_transaction_session_timeout = {IDLE_TRANSACTION_MS}"
                );
                client.batch_execute(&bounds).await?;
            }
            Ok::<_, DatabaseError>(client)
        };
        let connected =
            runtime.block_on(async { tokio::time::timeout(time_max, connecting).await });
        let client = connected.map_err(|_| DatabaseError::Slow(time_max.as_secs()))??;
        Ok(Self {
            client,
            runtime: OwnRuntime(Some(runtime)),
            answer_time_max: is_bounded.then_some(ANSWER_TIME_MAX),
            statements: RefCell::default(),
            is_broken: Cell::new(false),
            gave_way: Cell::new(false),
        })
    }

    /// Runs statements without values or answers.
    ///
    /// # Errors
    /// The server refuses them, or is away.
    pub(crate) fn run(&self, statements: &str) -> Result<(), DatabaseError> {
        self.answer(self.client.batch_execute(statements))
    }

    /// Begins a transaction; returns its own number if the statements ask for it, last.
    fn begin(&self, statements: &str) -> Result<Option<String>, DatabaseError> {
        if statements.ends_with(OWN_NUMBER) {
            self.simple(statements)
        } else {
            self.run(statements).map(|()| None)
        }
    }

    /// Runs statements without values and returns the first column of the last row.
    pub(super) fn simple(&self, statements: &str) -> Result<Option<String>, DatabaseError> {
        let answers = self.answer(self.client.simple_query(statements))?;
        let last = answers.iter().rev().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
            _ => None,
        });
        Ok(last.flatten())
    }

    /// Waits for an answer, and remembers a break of the connection.
    fn answer<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DatabaseError> {
        let answered = match self.answer_time_max {
            None => Ok(self.runtime.run(work)),
            Some(time_max) => {
                // The timer is made within the runtime.
                let bounded = async { tokio::time::timeout(time_max, work).await };
                self.runtime
                    .run(bounded)
                    .map_err(|_| DatabaseError::Slow(time_max.as_secs()))
            }
        };
        let answered = answered.and_then(|answered| answered.map_err(DatabaseError::from));
        if let Err(error) = &answered {
            if error.is_disconnected() || self.client.is_closed() {
                self.is_broken.set(true);
            }
            if error.is_conflict() {
                self.gave_way.set(true);
            }
        }
        answered
    }

    /// Runs a statement and returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        let statement = self.statement(sql, values)?;
        let values = parameters(values);
        self.answer(self.client.execute(&statement, &values))
    }

    /// Runs a query and returns all its rows.
    pub(super) fn query(
        &self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<PostgresRow>, DatabaseError> {
        let statement = self.statement(sql, values)?;
        let values = parameters(values);
        self.answer(self.client.query(&statement, &values))
    }

    /// Runs a query and hands over its rows as they come. `read` uses this connection for nothing.
    pub(super) fn stream<E: From<DatabaseError>>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&PostgresRow) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let statement = self.statement(sql, values)?;
        let rows = self.client.query_raw(&statement, parameters(values));
        let rows = self.answer(rows)?;
        let mut rows = pin!(rows.ready_chunks(ROWS_AHEAD_MAX));
        while let Some(rows) = self.runtime.run(rows.next()) {
            for row in rows {
                if read(&self.answer(std::future::ready(row))?)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Hands rows to a statement `COPY … FROM STDIN`, in its text form.
    pub(super) fn copy_in(&self, statement: &str, rows: Vec<u8>) -> Result<u64, DatabaseError> {
        let copied = async {
            let mut sink = pin!(self.client.copy_in(statement).await?);
            sink.send(Cursor::new(rows)).await?;
            sink.finish().await
        };
        self.answer(copied)
    }

    /// Runs a query once for each set of values, in order, and returns the rows of each.
    pub(super) fn query_each<'v>(
        &self,
        sql: &str,
        sets: &[impl AsRef<[Value<'v>]>],
    ) -> Result<Vec<Vec<PostgresRow>>, DatabaseError> {
        match self.query_together(sql, sets)? {
            Some((Rows::Numbered, rows)) => {
                let mut answers: Vec<_> = sets.iter().map(|_| Vec::new()).collect();
                for row in rows {
                    let at = row.len().saturating_sub(1);
                    let set = usize::try_from(row.try_get::<_, i64>(at)? - 1);
                    let answer = set.ok().and_then(|set| answers.get_mut(set));
                    answer.ok_or(DatabaseError::NoRow)?.push(row);
                }
                Ok(answers)
            }
            Some((Rows::OneEach, rows)) if rows.len() == sets.len() => {
                Ok(rows.into_iter().map(|row| vec![row]).collect())
            }
            Some(_) => Err(DatabaseError::NoRow),
            None => self.query_one_by_one(sql, sets),
        }
    }

    /// The same, all rows in one list.
    pub(super) fn query_all_of<'v>(
        &self,
        sql: &str,
        sets: &[impl AsRef<[Value<'v>]>],
    ) -> Result<Vec<PostgresRow>, DatabaseError> {
        match self.query_together(sql, sets)? {
            Some((_, rows)) => Ok(rows),
            None => Ok(self
                .query_one_by_one(sql, sets)?
                .into_iter()
                .flatten()
                .collect()),
        }
    }

    /// Runs a statement once for each set of values, in order. Returns how many rows each changed.
    pub(super) fn execute_each<'v>(
        &self,
        sql: &str,
        sets: &[impl AsRef<[Value<'v>]>],
    ) -> Result<Vec<u64>, DatabaseError> {
        // Of one set there is nothing to gain, and of some nobody could tell which they were.
        let together = together(sql, width(sets)).filter(|together| together.rows == Rows::OneEach);
        let (Some(together), 2..) = (together, sets.len()) else {
            return self.execute_one_by_one(sql, sets);
        };
        let arrays = arrays(sets)?;
        let statement = self.statement_of(&together.sql, &types_of_arrays(sets))?;
        let values = array_parameters(&arrays);
        let changed = self.answer(self.client.execute(&statement, &values))?;
        if changed == sets.len() as u64 {
            Ok(vec![1; sets.len()])
        } else {
            Err(DatabaseError::NoRow)
        }
    }

    /// Runs a statement once for all sets of values, if its form allows that.
    fn query_together<'v>(
        &self,
        sql: &str,
        sets: &[impl AsRef<[Value<'v>]>],
    ) -> Result<Option<(Rows, Vec<PostgresRow>)>, DatabaseError> {
        let (Some(together), 2..) = (together(sql, width(sets)), sets.len()) else {
            return Ok(None);
        };
        let arrays = arrays(sets)?;
        let statement = self.statement_of(&together.sql, &types_of_arrays(sets))?;
        let values = array_parameters(&arrays);
        let rows = self.answer(self.client.query(&statement, &values))?;
        Ok(Some((together.rows, rows)))
    }

    /// Sends many statements before it waits for the first answer.
    fn query_one_by_one<'v>(
        &self,
        sql: &str,
        sets: &[impl AsRef<[Value<'v>]>],
    ) -> Result<Vec<Vec<PostgresRow>>, DatabaseError> {
        let Some(first) = sets.first() else {
            return Ok(Vec::new());
        };
        let statement = self.statement(sql, first.as_ref())?;
        let mut answers = Vec::with_capacity(sets.len());
        for sets in sets.chunks(AHEAD_MAX) {
            let sets: Vec<_> = sets.iter().map(|set| parameters(set.as_ref())).collect();
            let sent = sets.iter().map(|set| self.client.query(&statement, set));
            answers.extend(self.answer(try_join_all(sent))?);
        }
        Ok(answers)
    }

    /// Sends many statements before it waits for the first answer.
    fn execute_one_by_one<'v>(
        &self,
        sql: &str,
        sets: &[impl AsRef<[Value<'v>]>],
    ) -> Result<Vec<u64>, DatabaseError> {
        let Some(first) = sets.first() else {
            return Ok(Vec::new());
        };
        let statement = self.statement(sql, first.as_ref())?;
        let mut changed = Vec::with_capacity(sets.len());
        for sets in sets.chunks(AHEAD_MAX) {
            let sets: Vec<_> = sets.iter().map(|set| parameters(set.as_ref())).collect();
            let sent = sets.iter().map(|set| self.client.execute(&statement, set));
            changed.extend(self.answer(try_join_all(sent))?);
        }
        Ok(changed)
    }

    /// Runs several statements, each once for each of its sets of values, in order, without waiting
    /// in between.
    pub(super) fn execute_together(
        &self,
        statements: &[(&str, Vec<Vec<Value<'_>>>)],
    ) -> Result<(), DatabaseError> {
        let mut sent = Vec::new();
        for (sql, sets) in statements {
            let Some(first) = sets.first() else {
                continue;
            };
            let statement = self.statement(sql, first)?;
            sent.extend(sets.iter().map(|set| (statement.clone(), parameters(set))));
        }
        for sent in sent.chunks(AHEAD_MAX) {
            let sent = sent
                .iter()
                .map(|(statement, set)| self.client.execute(statement, set));
            self.answer(try_join_all(sent))?;
        }
        Ok(())
    }

    /// Finds or prepares a statement. The kinds of its values are always the same.
    fn statement(&self, sql: &str, values: &[Value<'_>]) -> Result<Statement, DatabaseError> {
        let types: Vec<Type> = values.iter().map(type_of).collect();
        self.statement_of(sql, &types)
    }

    fn statement_of(&self, sql: &str, types: &[Type]) -> Result<Statement, DatabaseError> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let prepared = self.answer(self.client.prepare_typed(&numbered(sql), types))?;
        self.statements
            .borrow_mut()
            .insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }
}

fn tls() -> tokio_postgres_rustls::MakeRustlsConnect {
    let provider = rustls::crypto::ring::default_provider();
    let mut roots = rustls::RootCertStore::empty();
    // What is not a certificate is skipped: the others may do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    tokio_postgres_rustls::MakeRustlsConnect::new(config)
}

/// Writes `?1` as PostgreSQL has it, `$1`. No text in our statements has a question mark.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

const fn type_of(value: &Value<'_>) -> Type {
    match value {
        Value::Integer(_) | Value::TooLarge(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
        Value::Bytes(_) => Type::BYTEA,
        Value::Boolean(_) => Type::BOOL,
    }
}

fn parameters<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| -> &(dyn ToSql + Sync) { value })
        .collect()
}

/// How many values a set has.
fn width<'v>(sets: &[impl AsRef<[Value<'v>]>]) -> usize {
    sets.first().map_or(0, |set| set.as_ref().len())
}

/// The values of all sets that stand at one place.
enum Array<'a> {
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
    Booleans(Vec<Option<bool>>),
}

/// Turns sets of values into arrays, one for each place in a set.
fn arrays<'a, 'v: 'a>(
    sets: &'a [impl AsRef<[Value<'v>]>],
) -> Result<Vec<Array<'a>>, DatabaseError> {
    let mixed = |at| DatabaseError::Column {
        at,
        wanted: "values of one kind",
    };
    let Some(first) = sets.first() else {
        return Ok(Vec::new());
    };
    let mut arrays: Vec<Array<'a>> = first
        .as_ref()
        .iter()
        .map(|value| empty(value, sets.len()))
        .collect();
    for set in sets {
        for (at, (value, array)) in set.as_ref().iter().zip(&mut arrays).enumerate() {
            match (value, array) {
                (Value::TooLarge(number), _) => return Err(DatabaseError::TooLarge(*number)),
                (Value::Integer(number), Array::Integers(array)) => array.push(*number),
                (Value::Text(text), Array::Texts(array)) => array.push(text.as_deref()),
                (Value::Bytes(bytes), Array::Bytes(array)) => array.push(bytes.as_deref()),
                (Value::Boolean(is_true), Array::Booleans(array)) => array.push(*is_true),
                _ => return Err(mixed(at)),
            }
        }
    }
    Ok(arrays)
}

fn empty<'a>(of: &Value<'_>, sets: usize) -> Array<'a> {
    match of {
        Value::Integer(_) | Value::TooLarge(_) => Array::Integers(Vec::with_capacity(sets)),
        Value::Text(_) => Array::Texts(Vec::with_capacity(sets)),
        Value::Bytes(_) => Array::Bytes(Vec::with_capacity(sets)),
        Value::Boolean(_) => Array::Booleans(Vec::with_capacity(sets)),
    }
}

fn types_of_arrays<'v>(sets: &[impl AsRef<[Value<'v>]>]) -> Vec<Type> {
    let values = sets.first().map_or(&[][..], |set| set.as_ref());
    let array_of = |value: &Value<'_>| match value {
        Value::Integer(_) | Value::TooLarge(_) => Type::INT8_ARRAY,
        Value::Text(_) => Type::TEXT_ARRAY,
        Value::Bytes(_) => Type::BYTEA_ARRAY,
        Value::Boolean(_) => Type::BOOL_ARRAY,
    };
    values.iter().map(array_of).collect()
}

fn array_parameters<'a>(arrays: &'a [Array<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    arrays
        .iter()
        .map(|array| -> &(dyn ToSql + Sync) {
            match array {
                Array::Integers(array) => array,
                Array::Texts(array) => array,
                Array::Bytes(array) => array,
                Array::Booleans(array) => array,
            }
        })
        .collect()
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Integer(number) => number.to_sql(of, out),
            Self::Text(text) => text.as_deref().to_sql(of, out),
            Self::Bytes(bytes) => bytes.as_deref().to_sql(of, out),
            Self::Boolean(is_true) => is_true.to_sql(of, out),
            Self::TooLarge(number) => Err(Box::new(DatabaseError::TooLarge(*number))),
        }
    }

    fn accepts(of: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA, Type::BOOL].contains(of)
    }

    tokio_postgres::types::to_sql_checked!();
}

/// Reads a column of a row.
pub(super) fn column(row: &PostgresRow, at: usize) -> Result<Column<'_>, DatabaseError> {
    let wrong = |wanted| DatabaseError::Column { at, wanted };
    let Some(column) = row.columns().get(at) else {
        return Err(wrong("a column"));
    };
    let read = match *column.type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Column::Integer),
        Type::INT4 => row
            .try_get::<_, Option<i32>>(at)?
            .map(|number| Column::Integer(number.into())),
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.map(Column::Boolean),
        Type::TEXT => row.try_get::<_, Option<&str>>(at)?.map(Column::Text),
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(at)?.map(Column::Bytes),
        _ => return Err(wrong("BIGINT, TEXT, BYTEA or BOOLEAN")),
    };
    Ok(read.unwrap_or(Column::Null))
}
