//! PostgreSQL: one database for any number of hub processes.
//!
//! Invariants: what [`PostgresDatabase::write`] returned is committed; who writes holds a [`Lock`]
//! from the start of the transaction, so that what it reads stays true until it commits; a
//! connection that broke is not used again.
//!
//! A connection is driven by the thread that uses it, in a runtime of its own: an answer needs no
//! other thread to be woken. tokio-postgres and not its blocking sister, because it sends many
//! statements before it waits for the first answer ([`PostgresConnection::execute_each`]).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::pin::pin;
use std::str::FromStr as _;
use std::time::Duration;

use futures_util::future::try_join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Client, Config, Row as PostgresRow, Statement};

use crate::database::pool::{Pool, PoolCounts};
use crate::database::row::Column;
use crate::database::slow_statements::SlowStatements;
use crate::database::value::Value;
use crate::database::{DatabaseError, Lock, Transaction};

/// Most connections of one process.
const CONNECTIONS_MAX: usize = 16;
/// How long a server is waited for that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most statements that are sent before the first answer is waited for.
const AHEAD_MAX: usize = 256;
/// Most rows of an answer that are read at one time and were not asked for all at once.
const ROWS_AHEAD_MAX: usize = 256;
/// The first half of all advisory locks of this project; "pbhb".
const LOCK_CLASS: i32 = 0x7062_6862;

/// A database on a server.
pub(crate) struct PostgresDatabase {
    config: Config,
    connections: Pool<PostgresConnection>,
    slow: SlowStatements,
}

/// One connection, used by one thread at a time.
pub(crate) struct PostgresConnection {
    client: Client,
    runtime: OwnRuntime,
    statements: RefCell<HashMap<String, Statement>>,
    is_broken: Cell<bool>,
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
        Ok(Self {
            config,
            connections: Pool::new(CONNECTIONS_MAX),
            slow: SlowStatements::default(),
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

    /// Runs something with a connection that is in no transaction.
    pub(crate) fn with_connection<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&PostgresConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self
            .connections
            .take(|| PostgresConnection::open(&self.config))?;
        let worked = work(&connection);
        if connection.is_broken.get() {
            connection.close();
        }
        worked
    }

    /// See [`crate::database::Database::read`].
    pub(super) fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work)
    }

    /// See [`crate::database::Database::read_once`].
    pub(super) fn read_once<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_connection(|connection| work(&Transaction::of_postgres(connection, &self.slow)))
    }

    /// See [`crate::database::Database::write`].
    pub(super) fn write<T, E: From<DatabaseError>>(
        &self,
        lock: Lock<'_>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction(&format!("BEGIN; {}", lock_statement(lock)), work)
    }

    fn transaction<T, E: From<DatabaseError>>(
        &self,
        begin: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_connection(|connection| {
            // What unwinds in between leaves a connection that the pool closes.
            self.slow
                .timed("BEGIN, and the lock of what it changes", || {
                    connection.run(begin)
                })?;
            let worked = work(&Transaction::of_postgres(connection, &self.slow));
            match worked {
                Ok(value) => {
                    self.slow.timed("COMMIT", || connection.run("COMMIT"))?;
                    Ok(value)
                }
                Err(error) => {
                    if !connection.is_broken.get() {
                        connection.run("ROLLBACK")?;
                    }
                    Err(error)
                }
            }
        })
    }
}

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
                .map(|number| format!("SELECT {everything}({LOCK_CLASS}, {});", number + 1))
                .collect();
            format!(
                "SELECT {everything}_shared({LOCK_CLASS}, 0);{}",
                each.concat()
            )
        }
    }
}

impl PostgresConnection {
    fn open(config: &Config) -> Result<Self, DatabaseError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DatabaseError::Address(error.to_string()))?;
        let client = runtime.block_on(async {
            let (client, connection) = config.connect(tls()).await?;
            // It ends with the client; what went wrong, the statements under way say.
            tokio::spawn(connection);
            Ok::<_, DatabaseError>(client)
        })?;
        Ok(Self {
            client,
            runtime: OwnRuntime(Some(runtime)),
            statements: RefCell::default(),
            is_broken: Cell::new(false),
        })
    }

    /// Runs statements without values or answers.
    ///
    /// # Errors
    /// The server refuses them, or is away.
    pub(crate) fn run(&self, statements: &str) -> Result<(), DatabaseError> {
        self.noting(self.runtime.run(self.client.batch_execute(statements)))
    }

    /// Runs a statement and returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        let statement = self.statement(sql, values)?;
        let values = parameters(values);
        self.noting(self.runtime.run(self.client.execute(&statement, &values)))
    }

    /// Runs a query and returns all its rows.
    pub(super) fn query(
        &self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<PostgresRow>, DatabaseError> {
        let statement = self.statement(sql, values)?;
        let values = parameters(values);
        self.noting(self.runtime.run(self.client.query(&statement, &values)))
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
        let rows = self.noting(self.runtime.run(rows))?;
        let mut rows = pin!(rows.ready_chunks(ROWS_AHEAD_MAX));
        while let Some(rows) = self.runtime.run(rows.next()) {
            for row in rows {
                if read(&self.noting(row)?)?.is_break() {
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
        self.noting(self.runtime.run(copied))
    }

    /// Runs a query once for each set of values, in order, without waiting in between.
    pub(super) fn query_each<'v>(
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
            answers.extend(self.noting(self.runtime.run(try_join_all(sent)))?);
        }
        Ok(answers)
    }

    /// Runs a statement once for each set of values, in order, without waiting in between. Returns
    /// how many rows each changed.
    pub(super) fn execute_each<'v>(
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
            changed.extend(self.noting(self.runtime.run(try_join_all(sent)))?);
        }
        Ok(changed)
    }

    /// Finds or prepares a statement. The kinds of its values are always the same.
    fn statement(&self, sql: &str, values: &[Value<'_>]) -> Result<Statement, DatabaseError> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let types: Vec<Type> = values.iter().map(type_of).collect();
        let prepared = self
            .runtime
            .run(self.client.prepare_typed(&numbered(sql), &types));
        let prepared = self.noting(prepared)?;
        self.statements
            .borrow_mut()
            .insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    /// Remembers a break of the connection.
    fn noting<T>(&self, result: Result<T, tokio_postgres::Error>) -> Result<T, DatabaseError> {
        result.map_err(|error| {
            let error = DatabaseError::from(error);
            if error.is_disconnected() || self.client.is_closed() {
                self.is_broken.set(true);
            }
            error
        })
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
