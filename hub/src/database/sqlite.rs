//! SQLite: one file in the data folder.
//!
//! Invariants: what [`SqliteDatabase::write`] returned is on disk (`synchronous = FULL`); writers
//! take turns from the start of their transaction, so none fails half-way for another's sake;
//! writers who wait at the same time are committed together, each undone by itself if it fails;
//! readers have connections of their own and wait for nobody.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};

use crate::database::log_mover::LogMover;
use crate::database::pool::{Pool, PoolCounts};
use crate::database::slow_statements::SlowStatements;
use crate::database::value::Value;
use crate::database::write_failures::WriteFailures;
use crate::database::{DatabaseError, Transaction};
use crate::system::histogram::{Histogram, HistogramCounts};

/// How long a writer waits for another process before it gives up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it sleeps before it looks whether another process has ended its write. SQLite's own
/// pauses grow to 100 ms, and meanwhile all wait whose writes are in the same group.
const BUSY_PAUSE: Duration = Duration::from_millis(1);
/// Most connections that read.
const READERS_MAX: usize = 16;
/// Most pieces of work in one commit.
const GROUP_MAX: usize = 64;
/// A commit that has waited for so long for more work waits no longer.
const GROUP_TIME_MAX: Duration = Duration::from_millis(5);
/// Memory in which the writer keeps pages, in KiB: an insert goes through the pages of every index
/// of its table, and to read them anew takes longer than to change them.
const WRITER_CACHE_KIB: i64 = 16 << 10;
/// Statements that each connection keeps.
const STATEMENTS_MAX: usize = 192;

/// The database in one file.
pub(crate) struct SqliteDatabase {
    file: PathBuf,
    /// Closed before the connection that writes, which as the last one removes the log.
    log_mover: LogMover,
    writer: Mutex<Writer>,
    /// Who waits for the writer's connection, or is about to.
    waiting: AtomicUsize,
    readers: Pool<Connection>,
    /// How many pieces of work were in each commit.
    group_sizes: Histogram<7>,
    slow: SlowStatements,
    write_failures: WriteFailures,
}

struct Writer {
    connection: Connection,
    /// The transaction that is open.
    open: Option<OpenGroup>,
}

/// A transaction that more work may join.
struct OpenGroup {
    group: Arc<Group>,
    begun: Instant,
    /// How many pieces of work are in it.
    size: usize,
}

/// Work that is committed together.
#[derive(Default)]
struct Group {
    ended: Mutex<Option<Result<(), DatabaseError>>>,
    news: Condvar,
}

impl Group {
    fn end(&self, result: Result<(), DatabaseError>) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        self.news.notify_all();
    }

    fn wait(&self) -> Result<(), DatabaseError> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = self
            .news
            .wait_while(ended, |ended| ended.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        ended.clone().unwrap_or(Err(DatabaseError::Abandoned))
    }
}

impl SqliteDatabase {
    /// Opens a file that exists, without looking at its schema.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(file: &Path) -> Result<Self, DatabaseError> {
        let mut connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // Below zero it is KiB, and no pages.
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        // What is deleted is gone: it is overwritten with zeros.
        connection.pragma_update(None, "secure_delete", true)?;
        set_up(&connection)?;
        connection.busy_handler(Some(wait_for_writer))?;
        let log_mover = LogMover::watch(file, &mut connection)?;
        Ok(Self {
            file: file.to_owned(),
            log_mover,
            writer: Mutex::new(Writer {
                connection,
                open: None,
            }),
            waiting: AtomicUsize::new(0),
            readers: Pool::new(READERS_MAX),
            group_sizes: Histogram::new([1, 2, 4, 8, 16, 32, 64]),
            slow: SlowStatements::default(),
            write_failures: WriteFailures::default(),
        })
    }

    /// See [`crate::database::Database::pool_counts`].
    pub(super) fn pool_counts(&self) -> PoolCounts {
        self.readers.counts()
    }

    /// See [`crate::database::Database::group_sizes`].
    pub(super) fn group_sizes(&self) -> HistogramCounts {
        self.group_sizes.counts()
    }

    /// See [`crate::database::Database::slow_statements`].
    pub(super) const fn slow_statements(&self) -> &SlowStatements {
        &self.slow
    }

    /// See [`crate::database::Database::write_failures`].
    pub(super) const fn write_failures(&self) -> &WriteFailures {
        &self.write_failures
    }

    /// Where something of this name lies beside the database.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.file.with_file_name(name)
    }

    /// Lends the connection that writes, with no transaction open.
    pub(crate) fn with_writer<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> T {
        let mut writer = self.writer();
        if let Some(open) = writer.open.take() {
            open.group.end(self.commit(&writer.connection, open.size));
        }
        let value = work(&mut writer.connection);
        self.log_mover.after_commit(&writer.connection);
        value
    }

    /// Keeps in memory from now on what it takes to undo one piece of work in a group, where it
    /// would be a file that is made and removed again with each commit. The steps of the schema,
    /// which sort all rows, do without.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn undo_from_memory(&self) -> Result<(), DatabaseError> {
        self.with_writer(|connection| Ok(connection.pragma_update(None, "temp_store", "memory")?))
    }

    /// Moves the write-ahead log into the database and cuts it to nothing; false when somebody else
    /// uses it for longer than `patience`, or little more.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn empty_log(&self, patience: Duration) -> Result<bool, DatabaseError> {
        let deadline = Instant::now() + patience;
        self.with_writer(|connection| {
            connection.busy_timeout(patience)?;
            let emptied = loop {
                // It waits for those who write and read, but not for another process that moves
                // the log at this moment.
                let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
                    Ok(!row.get::<_, bool>(0)?)
                });
                if !matches!(emptied, Ok(false)) || Instant::now() >= deadline {
                    break emptied;
                }
                std::thread::sleep(BUSY_PAUSE);
            };
            connection.busy_handler(Some(wait_for_writer))?;
            Ok(emptied?)
        })
    }

    /// See [`crate::database::Database::read`].
    pub(super) fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let reader = self.readers.take(|| self.open_reader())?;
        let transaction = reader
            .unchecked_transaction()
            .map_err(DatabaseError::from)?;
        work(&Transaction::of_sqlite(&transaction, &self.slow))
    }

    fn open_reader(&self) -> Result<Connection, DatabaseError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        set_up(&connection)?;
        Ok(connection)
    }

    /// See [`crate::database::Database::write`].
    pub(super) fn write<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut writer = self.writer();
        let others = self.waiting.fetch_sub(1, Ordering::SeqCst) - 1;
        let mut open = match writer.open.take() {
            Some(open) => open,
            None => {
                execute(&writer.connection, "BEGIN IMMEDIATE")
                    .inspect_err(|_| self.write_failures.failed())?;
                OpenGroup {
                    group: Arc::default(),
                    begun: Instant::now(),
                    size: 0,
                }
            }
        };
        let is_first = open.size == 0;
        open.size += 1;
        let goes_on = others > 0 && open.size < GROUP_MAX && open.begun.elapsed() < GROUP_TIME_MAX;
        let group = Arc::clone(&open.group);
        let mut part = Part {
            database: self,
            writer: &mut writer,
            open: Some(open),
        };
        let worked = part.run(work, is_first);
        // Whoever gets the connection next goes on, and the last of them commits.
        let committed = if goes_on && part.leave_open() {
            drop(part);
            drop(writer);
            group.wait()
        } else {
            part.commit()
        };
        let value = worked?;
        committed.inspect_err(|_| self.write_failures.failed())?;
        self.write_failures.succeeded();
        Ok(value)
    }

    /// Commits so many pieces of work.
    fn commit(&self, connection: &Connection, size: usize) -> Result<(), DatabaseError> {
        self.group_sizes.add(size as u64);
        self.slow.timed("COMMIT", || commit(connection))
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // What a panic left open is ended by `Part`.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One piece of work within the open transaction. If it panics, the whole transaction is undone,
/// and all who wait for it are told.
struct Part<'a> {
    database: &'a SqliteDatabase,
    writer: &'a mut Writer,
    /// Taken once it is settled what follows.
    open: Option<OpenGroup>,
}

impl Part<'_> {
    fn run<T, E: From<DatabaseError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
        is_first: bool,
    ) -> Result<T, E> {
        let connection = &self.writer.connection;
        if is_first {
            // Nobody else's work is undone with it, so nothing is kept for that.
            let worked = self.worked(work);
            if worked.is_err() && !connection.is_autocommit() {
                execute(connection, "ROLLBACK")?;
            }
            return worked;
        }
        execute(connection, "SAVEPOINT part")?;
        let worked = self.worked(work);
        // A full disk ends a transaction as a whole; its commit fails then.
        if connection.is_autocommit() {
            return worked;
        }
        if worked.is_err() {
            execute(connection, "ROLLBACK TO part")?;
        }
        execute(connection, "RELEASE part")?;
        worked
    }

    fn worked<T, E>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction = Transaction::of_sqlite(&self.writer.connection, &self.database.slow);
        let worked = work(&transaction);
        if worked.is_err() && transaction.saw_outage() {
            self.database.write_failures.failed();
        }
        worked
    }

    /// Leaves the transaction to whoever comes next; false when there is none any more.
    fn leave_open(&mut self) -> bool {
        if self.writer.connection.is_autocommit() {
            return false;
        }
        self.writer.open = self.open.take();
        true
    }

    fn commit(&mut self) -> Result<(), DatabaseError> {
        let size = self.open.as_ref().map_or(1, |open| open.size);
        let result = self.database.commit(&self.writer.connection, size);
        if let Some(open) = self.open.take() {
            open.group.end(result.clone());
        }
        // Those who wait for the commit need not wait for this.
        (self.database.log_mover).after_commit(&self.writer.connection);
        result
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        // This is unwinding. An error of the rollback leaves nothing more to do than to say so.
        if let Err(error) = execute(&self.writer.connection, "ROLLBACK") {
            tracing::error!("cannot undo a write that ended in the middle: {error}");
        }
        open.group.end(Err(DatabaseError::Abandoned));
    }
}

fn commit(connection: &Connection) -> Result<(), DatabaseError> {
    if connection.is_autocommit() {
        return Err(DatabaseError::Abandoned);
    }
    let result = execute(connection, "COMMIT");
    if result.is_err() && !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    result
}

/// Waits a little for another process that writes; false once that has taken [`BUSY_TIMEOUT`].
fn wait_for_writer(times_before: i32) -> bool {
    let times_before = u32::try_from(times_before).unwrap_or(u32::MAX);
    let goes_on = BUSY_PAUSE.saturating_mul(times_before) < BUSY_TIMEOUT;
    if goes_on {
        std::thread::sleep(BUSY_PAUSE);
    }
    goes_on
}

fn execute(connection: &Connection, statement: &str) -> Result<(), DatabaseError> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

fn set_up(connection: &Connection) -> Result<(), DatabaseError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Otherwise SQLite plans some statements anew for each bound value, which costs more than it
    // takes to run them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
    let of = |choose: fn(i64, i64) -> i64| {
        move |context: &mut Context<'_>| {
            let mut chosen = None;
            for at in 0..context.len() {
                if let Some(number) = context.get::<Option<i64>>(at)? {
                    chosen = Some(chosen.map_or(number, |before| choose(before, number)));
                }
            }
            Ok(chosen)
        }
    };
    connection.create_scalar_function("greatest", -1, flags, of(i64::max))?;
    connection.create_scalar_function("least", -1, flags, of(i64::min))?;
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let borrowed = |value| Ok(ToSqlOutput::Borrowed(value));
        let integer = |number| Ok(ToSqlOutput::Owned(SqliteValue::Integer(number)));
        match self {
            Self::Integer(None) | Self::Text(None) | Self::Bytes(None) | Self::Boolean(None) => {
                borrowed(ValueRef::Null)
            }
            Self::Integer(Some(number)) => integer(*number),
            Self::Boolean(Some(is_true)) => integer(i64::from(*is_true)),
            Self::Text(Some(text)) => borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(Some(bytes)) => borrowed(ValueRef::Blob(bytes)),
            Self::TooLarge(number) => Err(rusqlite::Error::ToSqlConversionFailure(Box::new(
                DatabaseError::TooLarge(*number),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc;

    use super::*;
    use crate::database::values;

    fn database(folder: &Path) -> SqliteDatabase {
        let database = SqliteDatabase::open(&folder.join("test.db")).unwrap();
        database.with_writer(|writer| {
            writer
                .execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT")
                .unwrap();
        });
        database
    }

    fn insert(database: &SqliteDatabase, number: u32) -> Result<u64, DatabaseError> {
        database.write(|tx| tx.execute("INSERT INTO numbers VALUES (?1)", values![number]))
    }

    fn numbers(database: &SqliteDatabase) -> Vec<u32> {
        let all = "SELECT number FROM numbers ORDER BY number";
        database
            .read(|tx| tx.all(all, values![], |row| row.get(0)))
            .unwrap()
    }

    /// What another thread does with the database.
    type Other<'a, T> = Box<dyn FnOnce(&SqliteDatabase) -> T + Send + 'a>;

    /// Starts a write that waits in the middle, and all others while it does; then lets it go on.
    fn while_one_writes<T: Send>(
        database: &SqliteDatabase,
        others: Vec<Other<'_, T>>,
    ) -> Vec<std::thread::Result<T>> {
        let (begin, begun) = mpsc::channel();
        let (go_on, wait) = mpsc::channel::<()>();
        let count = others.len();
        std::thread::scope(|scope| {
            let first = scope.spawn(move || {
                database.write(|tx| {
                    begin.send(()).unwrap();
                    wait.recv().unwrap();
                    tx.execute("INSERT INTO numbers VALUES (0)", values![])
                })
            });
            begun.recv().unwrap();
            let others: Vec<_> = others
                .into_iter()
                .map(|other| scope.spawn(move || other(database)))
                .collect();
            while database.waiting.load(Ordering::SeqCst) < count {
                std::thread::yield_now();
            }
            go_on.send(()).unwrap();
            let ended = others.into_iter().map(|other| other.join()).collect();
            first.join().unwrap().unwrap();
            ended
        })
    }

    #[test]
    fn writers_who_wait_are_committed_together() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path());
        let commits = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&commits);
        database.with_writer(|writer| {
            writer
                .commit_hook(Some(move || {
                    counted.fetch_add(1, Ordering::SeqCst);
                    false
                }))
                .unwrap();
        });
        let others = (1..=5)
            .map(|number| -> Box<dyn FnOnce(&SqliteDatabase) -> _ + Send> {
                Box::new(move |database: &SqliteDatabase| insert(database, number).unwrap())
            })
            .collect();
        while_one_writes(&database, others);
        assert_eq!(numbers(&database), [0, 1, 2, 3, 4, 5]);
        // On a slow machine a group is over when its time is.
        assert!(commits.load(Ordering::SeqCst) <= 6);
        assert!(commits.load(Ordering::SeqCst) >= 1);
    }

    #[test]
    fn one_that_fails_is_undone_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path());
        let failing = |database: &SqliteDatabase| {
            let failed: Result<(), DatabaseError> = database.write(|tx| {
                tx.execute("INSERT INTO numbers VALUES (7)", values![])?;
                tx.execute("INSERT INTO numbers VALUES (7)", values![])?;
                Ok(())
            });
            assert!(failed.is_err());
        };
        let others: Vec<Other<'_, ()>> = vec![
            Box::new(|database| _ = insert(database, 1).unwrap()),
            Box::new(failing),
            Box::new(|database| _ = insert(database, 2).unwrap()),
        ];
        for ended in while_one_writes(&database, others) {
            ended.unwrap();
        }
        assert_eq!(numbers(&database), [0, 1, 2]);
    }

    #[test]
    fn a_panic_leaves_a_database_that_goes_on_and_nobody_who_was_told_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path());
        let panicking = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            database.write(|tx| -> Result<(), DatabaseError> {
                tx.execute("INSERT INTO numbers VALUES (7)", values![])?;
                panic!("on purpose");
            })
        }));
        assert!(panicking.is_err());
        insert(&database, 8).unwrap();
        assert_eq!(numbers(&database), [8]);
    }

    #[test]
    fn a_reader_sees_one_state_and_keeps_nobody_from_writing() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path());
        insert(&database, 1).unwrap();
        let count = "SELECT count(*) FROM numbers";
        database
            .read(|tx| {
                assert_eq!(tx.value::<u32>(count, values![])?, 1);
                insert(&database, 2)?;
                assert_eq!(tx.value::<u32>(count, values![])?, 1);
                Ok::<_, DatabaseError>(())
            })
            .unwrap();
        assert_eq!(numbers(&database), [1, 2]);
    }

    #[test]
    fn greatest_and_least_leave_out_what_is_missing_as_postgresql_does() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(folder.path());
        let found = database.read(|tx| {
            tx.one(
                "SELECT greatest(1, NULL, 3), least(2, ?1), greatest(NULL, NULL)",
                values![None::<i64>],
                |row| {
                    Ok::<_, DatabaseError>((
                        row.get::<i64>(0)?,
                        row.get::<i64>(1)?,
                        row.get::<Option<i64>>(2)?,
                    ))
                },
            )
        });
        assert_eq!(found.unwrap(), (3, 2, None));
    }
}
