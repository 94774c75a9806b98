//! One connection to PostgreSQL.
//!
//! It is driven by the thread that uses it, in a runtime of its own: an answer needs no other
//! thread to be woken. tokio-postgres and not its blocking sister, because it sends many statements
//! before it waits for the first answer. Where their form allows it, those that differ only in
//! their values go as one ([`together`]).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Row as PostgresRow, SimpleQueryMessage, Statement};

use crate::database::DatabaseError;
use crate::database::postgres_tls::tls;
use crate::database::postgres_values::{
    array_parameters, arrays, for_server, parameters, type_of, types_of_arrays, width,
};
use crate::database::together::{Rows, together};
use crate::database::value::Value;

/// How long a server is waited for that does not answer.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The number of the open transaction, by which it can be asked what became of it.
pub(super) const OWN_NUMBER: &str = "pg_current_xact_id()::text";
/// Which run of the server a session is in, as text: when it was started, and when it last forgot
/// its own counts, which it does when it recovers from a crash without starting anew. Somebody who
/// resets those counts by hand makes it look like another run, which costs nothing.
const SERVER_RUN: &str =
    "SELECT concat(pg_postmaster_start_time(), ' ', stats_reset) FROM pg_stat_wal";
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
/// A session that is older and answers that nothing may be written is closed: what it says was
/// settled when it was opened, and may no longer be so. A younger one is believed, so that not each
/// write opens another while nothing may be written.
const READ_ONLY_AGE: Duration = Duration::from_secs(1);
/// Most statements that are sent before the first answer is waited for.
const AHEAD_MAX: usize = 256;
/// Most rows of an answer that are read at one time and were not asked for all at once.
const ROWS_AHEAD_MAX: usize = 256;

/// What every session asks of the server: to notice within a minute that a hub's machine is gone,
/// so that what it had locked becomes free; and not to compile queries, of which the longest that
/// people wait for takes less time than that; and not to say that a table is not there which is
/// taken away only if it is.
const SESSION: &str =
    "SET client_min_messages = warning; SET jit = off; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
     SET client_connection_check_interval = 10000;";

/// One connection, used by one thread at a time.
pub(crate) struct PostgresConnection {
    client: Client,
    opened: Instant,
    /// Which run of the server it is in; see [`SERVER_RUN`].
    pub(super) server_run: String,
    runtime: OwnRuntime,
    /// Longest time until an answer.
    answer_time_max: Option<Duration>,
    statements: RefCell<HashMap<String, Statement>>,
    pub(super) is_broken: Cell<bool>,
    /// Whether the server as a whole was the matter with a statement of the open transaction.
    pub(super) saw_outage: Cell<bool>,
    /// Whether a statement of the open transaction gave way to another transaction.
    pub(super) gave_way: Cell<bool>,
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

/// The first column of the last row.
fn last_value(answers: &[SimpleQueryMessage]) -> Option<String> {
    let last = answers.iter().rev().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
        _ => None,
    });
    last.flatten()
}

impl PostgresConnection {
    pub(super) fn open(config: &Config, is_bounded: bool) -> Result<Self, DatabaseError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DatabaseError::Address(error.to_string()))?;
        let time_max = *config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT);
        let connecting = async {
            let (client, connection) = config.connect(tls(config.get_ssl_mode())).await?;
            if let Some(encoding) = connection.parameter("server_encoding")
                && encoding != "UTF8"
            {
                return Err(DatabaseError::Encoding(encoding.to_owned()));
            }
            // It ends with the client; what went wrong, the statements under way say.
            tokio::spawn(connection);
            let answers = client
                .simple_query(&format!("{SESSION} {SERVER_RUN}"))
                .await?;
            let server_run = last_value(&answers).unwrap_or_default();
            if is_bounded {
                let bounds = format!(
                    "SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS};
                     SET idle_in_transaction_session_timeout = {IDLE_TRANSACTION_MS}"
                );
                client.batch_execute(&bounds).await?;
            }
            Ok::<_, DatabaseError>((client, server_run))
        };
        let connected =
            runtime.block_on(async { tokio::time::timeout(time_max, connecting).await });
        let (client, server_run) =
            connected.map_err(|_| DatabaseError::Slow(time_max.as_secs()))??;
        Ok(Self {
            client,
            opened: Instant::now(),
            server_run,
            runtime: OwnRuntime(Some(runtime)),
            answer_time_max: is_bounded.then_some(ANSWER_TIME_MAX),
            statements: RefCell::default(),
            is_broken: Cell::new(false),
            saw_outage: Cell::new(false),
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
    pub(super) fn begin(&self, statements: &str) -> Result<Option<String>, DatabaseError> {
        if statements.ends_with(OWN_NUMBER) {
            self.simple(statements)
        } else {
            self.run(statements).map(|()| None)
        }
    }

    /// Runs statements without values and returns the first column of the last row.
    pub(super) fn simple(&self, statements: &str) -> Result<Option<String>, DatabaseError> {
        let answers = self.answer(self.client.simple_query(statements))?;
        Ok(last_value(&answers))
    }

    /// Waits for an answer, and remembers a break of the connection.
    pub(super) fn answer<T>(
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
            let is_outdated = error.is_read_only() && self.opened.elapsed() >= READ_ONLY_AGE;
            if error.is_disconnected() || self.client.is_closed() || is_outdated {
                self.is_broken.set(true);
            }
            if error.is_outage() {
                self.saw_outage.set(true);
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
        let statement = self.statement_of(statement, &[])?;
        let copied = async {
            let mut sink = pin!(self.client.copy_in(&statement).await?);
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
        // Of some rows nobody could tell whose they are.
        let is_some = together(sql, width(sets)).is_some_and(|it| it.rows == Rows::SomeOfThem);
        if is_some {
            return self.query_one_by_one(sql, sets);
        }
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
    pub(super) fn query_together<'v>(
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
    pub(super) fn query_one_by_one<'v>(
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
    pub(super) fn execute_one_by_one<'v>(
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

    /// Finds or prepares a statement. The kinds of its values are always the same.
    fn statement(&self, sql: &str, values: &[Value<'_>]) -> Result<Statement, DatabaseError> {
        let types: Vec<Type> = values.iter().map(type_of).collect();
        self.statement_of(sql, &types)
    }

    pub(super) fn statement_of(
        &self,
        sql: &str,
        types: &[Type],
    ) -> Result<Statement, DatabaseError> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let prepared = self.answer(self.client.prepare_typed(&for_server(sql), types))?;
        self.statements
            .borrow_mut()
            .insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }
}
