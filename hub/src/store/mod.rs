//! Everything that the hub remembers, behind one type: all SQL is in this module.
//!
//! Invariants: what a method returned is on disk (`synchronous = FULL`, one transaction a method);
//! writers take turns from the start of their transaction, so none fails half-way for another's
//! sake; what depends on content is computed from these tables when asked, so a command line beside
//! a serving hub is seen at once.

mod campaigns;
mod dates;
mod device_keys;
mod domains;
mod enrolment;
mod gaps;
mod landed;
mod manifest_versions;
mod migrations;
mod plays;
mod publish_error;
mod refused;
mod report;
mod revocation;
mod salts;
mod scans;
mod screens;
mod shares;
mod tallies;
mod token_keys;
mod verdicts;

pub use crate::store::campaigns::Targets;
pub use crate::store::dates::{UNDATED_BOOTS_MAX, UndatedBoot};
pub use crate::store::device_keys::{DeviceKeyLine, DeviceLine, KEYS_MAX};
pub use crate::store::domains::DomainError;
pub use crate::store::enrolment::{
    Claimed, Collected, EnrolError, PENDING_MAX, Pairing, PendingCode, Renewed,
};
pub use crate::store::gaps::MissingCounts;
pub use crate::store::landed::Landed;
pub use crate::store::plays::{BatchRefused, PlaysTaken};
pub use crate::store::publish_error::PublishError;
pub use crate::store::refused::{Openings, Refusal};
pub use crate::store::report::{
    CHAINS_MAX, Chain, GoalCount, LOCAL_CAMPAIGNS_MAX, LocalCounts, PlayCounts, PressCounts,
    Report, ScanCounts, ScreenLine, Tally, UnassignedCounts, VisitCounts,
};
pub use crate::store::revocation::{Holder, Revoked};
pub use crate::store::scans::{Recorded, Scan};
pub use crate::store::screens::{Heard, Screen, ScreenSummary};
pub use crate::store::shares::{
    Begun, LandingFacts, LinkAnswer, LinkVisitor, Opened, Pressed, Reached,
};
pub use crate::store::token_keys::{KeyError, KeyGeneration, Rotated};

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::system::private;

const FILE_NAME: &str = "hub.db";
/// How long a writer waits for its turn, before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The database.
pub struct Store {
    connection: Mutex<Connection>,
    /// The salt of the newest day that was asked for; every request needs it.
    salt: Mutex<Option<(String, [u8; 32])>>,
    /// Whether the write-ahead log may still hold salts that were deleted; after a start nobody
    /// knows.
    log_holds_salts: AtomicBool,
}

/// Says why the database did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own error: disk, lock or damage.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
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
        let file = folder.join(FILE_NAME);
        private::make_file(&file).map_err(|source| StoreError::File {
            file: file.display().to_string(),
            source,
        })?;
        let mut connection = Connection::open(file)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // What is deleted is gone: it is overwritten with zeros.
        connection.pragma_update(None, "secure_delete", true)?;
        connection.set_prepared_statement_cache_capacity(128);
        // Otherwise SQLite plans some statements anew for each bound value, which costs more than
        // it takes to run them.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        migrations::migrate(&mut connection)?;
        Ok(Self {
            connection: Mutex::new(connection),
            salt: Mutex::new(None),
            log_holds_salts: AtomicBool::new(true),
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic between two statements leaves an open transaction, which its guard rolled back.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a transaction that writes; an error rolls it back.
    fn write<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Runs a transaction that reads one consistent state.
    fn read<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        work(&transaction)
    }
}

/// Reads a column whose text or number is an id of the protocol.
struct Id<T>(T);

impl<T: std::str::FromStr> FromSql for Id<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = match value {
            ValueRef::Integer(number) => number.to_string(),
            other => other.as_str()?.to_owned(),
        };
        text.parse()
            .map(Self)
            .map_err(|_| FromSqlError::InvalidType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_hubs_database_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path()).unwrap());
        let raw = Connection::open(folder.path().join(FILE_NAME)).unwrap();
        raw.pragma_update(None, "user_version", 99).unwrap();
        drop(raw);
        assert!(matches!(
            Store::open(folder.path()),
            Err(StoreError::Newer { found: 99, .. })
        ));
    }

    #[test]
    fn what_counts_of_a_visitor_is_found_without_what_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let connection = store.connection();
        let mut plan = connection
            .prepare("EXPLAIN QUERY PLAN SELECT count(*) FROM counted_scans WHERE visitor = ?1 AND scanned_ms > ?2 AND scanned_ms <= ?3 AND id < ?4")
            .unwrap();
        let steps = plan.query_map([1, 2, 3, 4], |row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.unwrap().map(Result::unwrap).collect();
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
        let connection = store.connection();
        let pragma = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .unwrap()
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
