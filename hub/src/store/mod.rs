//! Everything that the hub remembers, behind one type: all SQL is in this module.
//!
//! Invariants: what a method returned is on disk (one transaction a method); what it reads in one
//! transaction is one state; who writes holds the screens of which it writes, or everything, so
//! none fails half-way for another's sake; what depends on content is computed from these tables
//! when asked, so a command line beside a serving hub is seen at once.

mod batches;
mod campaigns;
mod changes;
mod codes;
pub(crate) mod copying;
mod dates;
mod device_keys;
mod domains;
mod enrolment;
mod gaps;
mod landed;
mod manifest_versions;
mod metrics;
pub(crate) mod migrations;
mod plays;
mod prune;
mod pruned;
mod publish_error;
mod refused;
mod report;
mod revocation;
mod rollups;
mod salts;
mod scans;
mod screens;
mod shared_keys;
mod shares;
mod tallies;
mod token_keys;
mod verdicts;

pub use crate::database::DatabaseError;
pub use crate::store::campaigns::Targets;
pub use crate::store::changes::{ScreenContent, WhatChanged};
pub use crate::store::codes::Code;
pub use crate::store::copying::moving::MovedTable;
pub use crate::store::dates::{UNDATED_BOOTS_MAX, UndatedBoot};
pub use crate::store::device_keys::{DeviceKeyLine, DeviceLine, KEYS_MAX};
pub use crate::store::domains::DomainError;
pub use crate::store::enrolment::{
    Claimed, Collected, EnrolError, PENDING_MAX, Pairing, PendingCode, Renewed,
};
pub use crate::store::gaps::MissingCounts;
pub use crate::store::landed::Landed;
pub use crate::store::plays::{BatchRefused, PlaysTaken};
pub use crate::store::prune::{PruneError, Pruned, RowDay, RowDays, Table};
pub use crate::store::publish_error::PublishError;
pub use crate::store::refused::{Openings, Refusal};
pub use crate::store::report::{
    Breakdown, BreakdownError, By, CHAINS_MAX, Chain, Figures, FileName, Filter, GoalCount, Key,
    LOCAL_CAMPAIGNS_MAX, LocalCounts, Names, PlayCounts, PressCounts, Report, ScanCounts,
    ScreenLine, ShareCounts, Tally, UnassignedCounts, VisitCounts,
};
pub use crate::store::revocation::{Holder, Revoked};
pub use crate::store::rollups::recount::Difference;
pub use crate::store::scans::{Recorded, Scan};
pub use crate::store::screens::{Heard, Screen, ScreenSummary};
pub use crate::store::shares::{
    Begun, LandingFacts, LinkAnswer, LinkVisitor, Opened, Pressed, Reached,
};
pub use crate::store::token_keys::{KeyError, KeyGeneration, Rotated};

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use crate::database::{Database, Lock, PostgresDatabase, SessionLock, SqliteDatabase, Transaction};
use crate::system::private;

pub(crate) const FILE_NAME: &str = "hub.db";
/// The lock of whoever does the work that one process does for all.
const BACKGROUND_LOCK: i32 = 1;

/// The database.
pub struct Store {
    database: Database,
    /// Codes that are looked up together.
    codes: codes::CodeBatches,
    /// Scans that are recorded together.
    scans: scans::ScanBatches,
    stored: metrics::StoredCounts,
    /// The salt of the newest day that was asked for; every request needs it.
    salt: Mutex<Option<(String, [u8; 32])>>,
    /// Whether the write-ahead log may still hold salts that were deleted; after a start nobody
    /// knows.
    log_holds_salts: AtomicBool,
    background: SessionLock,
}

/// Says why the database did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Disk, network, lock or damage.
    #[error("the database failed: {0}")]
    Database(#[from] DatabaseError),
    /// Made by a later version of the hub.
    #[error("the database has version {found}, and this hub knows {known}; use the newer hub")]
    Newer {
        /// Its version.
        found: i64,
        /// Ours.
        known: usize,
    },
    /// A campaign in the database is not JSON of this form.
    #[error("the database holds a campaign that cannot be read: {0}")]
    Campaign(#[from] serde_json::Error),
    /// The database was moved to PostgreSQL.
    #[error(
        "the database {0} was moved to PostgreSQL; name that one with --database or in PASSERBY_HUB_DATABASE. If `passerby-hub move` did not end, run it again first"
    )]
    Moved(String),
    /// A restore or a move into the database was begun.
    #[error(
        "a restore or a move into this database was begun and has not ended; run the same command again"
    )]
    UnfinishedCopy,
    /// Another restore or move into the database was begun.
    #[error(
        "another restore or move into this database was begun and has not ended; run that one again, or name an empty database"
    )]
    OtherCopy,
    /// There is a hub where something is to be copied to.
    #[error("there is a hub in this database already; name an empty one")]
    HasHub,
    /// What was copied is not what it was copied from.
    #[error(
        "the copy of the table {table} has {copied} rows, and {rows} were to be copied, or some of them differ; the file is used as before. Empty the database and begin again; if this comes again, tell us"
    )]
    CopyDiffers {
        /// Its name.
        table: &'static str,
        /// Rows that were to be copied.
        rows: u64,
        /// Rows that are there.
        copied: u64,
    },
    /// The database cannot be made.
    #[error("cannot make the database {file}: {source}")]
    File {
        /// Where it would be.
        file: String,
        /// Why not.
        source: std::io::Error,
    },
}

/// The result of most methods of [`Store`].
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl Store {
    /// Opens the database of a data folder, making or migrating it. A new one is private, and so is
    /// all that SQLite makes beside it, since that takes the mode of the database.
    ///
    /// # Errors
    /// It cannot be opened, or a newer hub made it.
    pub fn open(folder: &Path) -> Result<Self> {
        let database = Self::made_file(folder)?;
        if let Database::Sqlite(file) = &database
            && file
                .with_writer(|connection| crate::store::copying::moving::is_marked(connection))
                .map_err(DatabaseError::from)?
        {
            return Err(StoreError::Moved(
                folder.join(FILE_NAME).display().to_string(),
            ));
        }
        Self::migrated(database)
    }

    /// Opens the file of a data folder, or makes an empty one.
    fn made_file(folder: &Path) -> Result<Database> {
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
        let database = Database::Postgres(PostgresDatabase::new(address)?);
        if database.read_once(crate::store::copying::is_unfinished)? {
            return Err(StoreError::UnfinishedCopy);
        }
        Self::migrated(database)
    }

    fn migrated(database: Database) -> Result<Self> {
        migrations::migrate(&database)?;
        Ok(Self {
            database,
            codes: codes::batches(),
            scans: scans::batches(),
            stored: metrics::StoredCounts::default(),
            salt: Mutex::new(None),
            log_holds_salts: AtomicBool::new(true),
            background: SessionLock::new(BACKGROUND_LOCK),
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
    fn write<T, E: From<DatabaseError>>(
        &self,
        lock: Lock<'_>,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.database.write(lock, work)
    }

    /// Runs one statement that reads.
    fn read_once<T, E: From<DatabaseError>>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.database.read_once(work)
    }

    /// Runs a transaction that reads one consistent state.
    fn read<T, E: From<DatabaseError>>(
        &self,
        work: impl FnMut(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.database.read(work)
    }
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::database::values;
    use crate::store::testing::on_each_database;

    impl Store {
        /// Runs something with the connection that writes to a file.
        pub(super) fn raw<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> T {
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
