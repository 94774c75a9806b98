//! The database of a hub, opened, and its transactions.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::thread;

use crate::database::{
    Database, DatabaseError, Lock, PostgresDatabase, ServingLock, SessionLock, SqliteDatabase,
    Transaction,
};
use crate::store::copying::{is_moved, is_unfinished};
use crate::store::goal_screens::GoalScreens;
use crate::store::migrations;
use crate::store::read_campaigns::ReadCampaigns;
use crate::store::stored_counts::StoredCounts;
use crate::store::{Result, StoreError};
use crate::system::{priority, private};

pub(crate) const FILE_NAME: &str = "hub.db";
/// The lock of whoever does the work that one process does for all.
const BACKGROUND_LOCK: i32 = 1;

/// The database.
pub struct Store {
    pub(super) database: Database,
    /// On how many screens campaigns with goals air.
    pub(super) goal_screens: GoalScreens,
    pub(super) stored: StoredCounts,
    pub(super) read_campaigns: ReadCampaigns,
    /// The salt of the newest day that was asked for; every request needs it.
    pub(super) salt: Mutex<Option<(String, [u8; 32])>>,
    /// Whether the write-ahead log may still hold salts that were deleted; after a start nobody
    /// knows.
    pub(super) log_holds_salts: AtomicBool,
    pub(super) background: SessionLock,
    /// Held by the thread that adds up figures.
    pub(super) adding_up: Mutex<()>,
    /// What this process holds while it serves.
    pub(super) serving: ServingLock,
}

impl Store {
    /// Opens the database of a data folder, making or migrating it. A new one is private, and so is
    /// all that SQLite makes beside it, since that takes the mode of the database.
    ///
    /// # Errors
    /// It cannot be opened, or a newer hub made it.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_file(folder, Self::made_file(folder)?)
    }

    /// The same where a hub has begun: it makes nothing where there is no database, or an empty
    /// one.
    ///
    /// # Errors
    /// See [`Self::open`]; or a hub has not begun in it.
    pub(crate) fn open_begun(folder: &Path) -> Result<Self> {
        let file = folder.join(FILE_NAME);
        let named = || file.display().to_string();
        // SQLite itself would make the file, and throw away the log beside an empty one.
        let is_empty = match std::fs::metadata(&file) {
            Ok(meta) => meta.len() == 0,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(source) => {
                let file = named();
                return Err(StoreError::File { file, source });
            }
        };
        if is_empty {
            return Err(StoreError::NotBegun(named()));
        }
        let database = Self::made_file(folder)?;
        if !migrations::is_begun(&database)? {
            return Err(StoreError::NotBegun(named()));
        }
        Self::open_file(folder, database)
    }

    fn open_file(folder: &Path, database: Database) -> Result<Self> {
        if let Database::Sqlite(file) = &database
            && file
                .with_writer(|connection| is_moved(connection))
                .map_err(DatabaseError::from)?
        {
            return Err(StoreError::Moved(
                folder.join(FILE_NAME).display().to_string(),
            ));
        }
        Self::migrated(database)
    }

    /// Opens the file of a data folder, or makes an empty one.
    pub(super) fn made_file(folder: &Path) -> Result<Database> {
        let file = folder.join(FILE_NAME);
        private::make_file(&file).map_err(|source| StoreError::File {
            file: file.display().to_string(),
            source,
        })?;
        Ok(Database::Sqlite(SqliteDatabase::open(&file)?))
    }

    /// Tells whether a data folder has a database.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FILE_NAME).exists()
    }

    /// Opens a database of PostgreSQL, making its tables or migrating them.
    ///
    /// # Errors
    /// The address cannot be understood, the server is away or refuses, or a newer hub made the
    /// tables.
    pub fn open_server(address: &str) -> Result<Self> {
        Self::open_tables(PostgresDatabase::new(address)?, false)
    }

    /// The same where a hub has begun: it makes no tables where there are none.
    ///
    /// # Errors
    /// See [`Self::open_server`]; or a hub has not begun in it.
    pub(crate) fn open_begun_server(address: &str) -> Result<Self> {
        Self::open_tables(PostgresDatabase::new(address)?, true)
    }

    fn open_tables(server: PostgresDatabase, has_to_be_begun: bool) -> Result<Self> {
        let place = server.place();
        let database = Database::Postgres(server);
        if database.read_once(is_unfinished)? {
            return Err(StoreError::UnfinishedCopy);
        }
        if has_to_be_begun && !migrations::is_begun(&database)? {
            return Err(StoreError::NotBegun(place));
        }
        Self::migrated(database)
    }

    pub(super) fn migrated(database: Database) -> Result<Self> {
        migrations::migrate(&database)?;
        if let Database::Sqlite(file) = &database {
            file.undo_from_memory()?;
        }
        Ok(Self {
            database,
            goal_screens: GoalScreens::default(),
            stored: StoredCounts::new(),
            read_campaigns: ReadCampaigns::default(),
            salt: Mutex::new(None),
            log_holds_salts: AtomicBool::new(true),
            background: SessionLock::new(BACKGROUND_LOCK),
            adding_up: Mutex::default(),
            serving: ServingLock::default(),
        })
    }

    /// Bounds how long anybody waits for the database, from now on: this process serves.
    pub fn bound_waits(&self) {
        if let Database::Postgres(server) = &self.database {
            server.bound_waits();
        }
    }

    /// Tells whether this process does the work that one process does for all of one database. Has
    /// to be asked every few seconds. For a moment two may be told so.
    ///
    /// # Errors
    /// The database fails; another process may do it then.
    pub fn does_background_work(&self) -> Result<bool> {
        Ok(self.background.hold(&self.database)?)
    }

    /// Leaves that work to another process.
    pub fn leave_background_work(&self) {
        self.background.release();
    }

    /// Runs a transaction that writes; an error undoes it.
    pub(super) fn write<T, E: From<DatabaseError>>(
        &self,
        lock: Lock<'_>,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.database.write(lock, work)
    }

    /// Runs one statement that reads.
    pub(super) fn read_once<T, E: From<DatabaseError>>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.database.read_once(work)
    }

    /// Runs a transaction that reads one consistent state.
    pub(super) fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.database.read(work)
    }

    /// Does the same on a thread of its own that gives way to all others: for what may take long
    /// and that nobody in a street waits for. It holds no lock that a scan could wait for.
    pub(super) fn read_giving_way<T: Send, E: From<DatabaseError> + Send>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        thread::scope(|scope| {
            let reading = scope.spawn(|| {
                priority::give_way();
                self.database.read(work)
            });
            reading
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::database::values;
    use crate::store::testing::on_each_database;

    impl Store {
        /// Runs something with the connection that writes to a file.
        pub(in crate::store) fn raw<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> T {
            match &self.database {
                Database::Sqlite(file) => file.with_writer(work),
                Database::Postgres(_) => panic!("this test is about SQLite"),
            }
        }
    }

    #[test]
    fn a_newer_hubs_database_is_left_alone() {
        on_each_database(|database| {
            let store = database.open();
            match &store.database {
                Database::Sqlite(_) => {
                    store.raw(|raw| raw.pragma_update(None, "user_version", 99).unwrap());
                }
                Database::Postgres(_) => {
                    let steps = "INSERT INTO schema_steps SELECT generate_series(count(*) + 1, 99) FROM schema_steps";
                    let steps = store.write(Lock::Everything, |tx| tx.execute(steps, values![]));
                    steps.unwrap();
                }
            }
            drop(store);
            assert!(matches!(
                database.try_open(),
                Err(StoreError::Newer { found: 99, .. })
            ));
        });
    }

    #[test]
    fn what_counts_of_a_visitor_is_found_without_what_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let steps: Vec<String> = store.raw(|raw| {
            let mut plan = raw
                .prepare("EXPLAIN QUERY PLAN SELECT count(*) FROM counted_scans WHERE visitor = ?1 AND scanned_ms > ?2 AND scanned_ms <= ?3 AND id < ?4")
                .unwrap();
            let steps = plan.query_map([1, 2, 3, 4], |row| row.get::<_, String>(3));
            steps.unwrap().map(Result::unwrap).collect()
        });
        assert!(
            steps.iter().all(|step| step.contains(
                "scans_counted_by_visitor (visitor=? AND scanned_ms>? AND scanned_ms<?)"
            )),
            "{steps:?}"
        );
    }

    #[test]
    fn settings_that_durability_rests_on_are_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let pragma = |name: &str| {
            store.raw(|raw| {
                raw.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                    .unwrap()
            })
        };
        assert_eq!(
            pragma("journal_mode"),
            rusqlite::types::Value::Text("wal".into())
        );
        assert_eq!(pragma("synchronous"), rusqlite::types::Value::Integer(2));
        assert_eq!(pragma("foreign_keys"), rusqlite::types::Value::Integer(1));
        assert_eq!(pragma("secure_delete"), rusqlite::types::Value::Integer(1));
    }
}
