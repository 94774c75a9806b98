//! The daily salts of visitors' pseudonyms, and forgetting them.
//!
//! Invariant: a salt from before yesterday is in no file of the hub, so nobody can make its day's
//! pseudonyms again. What is deleted is overwritten with zeros (`secure_delete`), and the
//! write-ahead log, in which older pages stay until they are overwritten, is emptied. That waits
//! while anybody reads, and for an hour at most while nobody scans.
//!
//! On PostgreSQL a hub can delete the row and have its place used again; what the server's files,
//! its write-ahead log and its backups still hold of it is up to whoever runs the server.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::database::{Database, Lock, values};
use crate::store::{Result, Store};
use crate::system::clock;
use crate::system::clock::DAY_MS;
use crate::system::random;

/// How long the log's other readers are waited for; scans wait meanwhile.
const EMPTYING_TIMEOUT: Duration = Duration::from_millis(100);

/// The tables of PostgreSQL of which people are erased.
const WIPED: &str =
    "VACUUM salts, followers, follow_attempts, follow_mails, fan_offers, moments, moment_postcards";

impl Store {
    /// Returns the salt of today's pseudonyms, making it when the day is new, and forgets old ones.
    /// Processes that share a database have the same.
    ///
    /// # Errors
    /// The database fails.
    pub fn salt(&self, now_ms: i64) -> Result<[u8; 32]> {
        let today = clock::utc_day(now_ms);
        let mut kept = self.salt.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((day, salt)) if *day == today => Ok(*salt),
            _ => {
                let salt = self.salt_of(&today)?;
                *kept = Some((today, salt));
                // That is nobody's loss who asks for today's; it is tried again every hour.
                if let Err(error) = self.forget_salts(now_ms) {
                    tracing::error!(%error, "old salts are not forgotten yet");
                }
                Ok(salt)
            }
        }
    }

    /// Forgets the salts from before yesterday; returns whether all files are rid of them, as far
    /// as a hub can see to that. If not, somebody is reading, and a later call does the rest.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget_salts(&self, now_ms: i64) -> Result<bool> {
        let yesterday = clock::utc_day(now_ms - DAY_MS);
        // Yesterday's stays for requests that began before midnight.
        let is_due =
            self.read(|tx| tx.exists("SELECT 1 FROM salts WHERE day < ?1", values![&yesterday]))?;
        if is_due {
            self.log_holds_salts.store(true, Ordering::Relaxed);
            // What several delete at once is gone once.
            self.write(Lock::Screens(&[]), |tx| {
                tx.execute("DELETE FROM salts WHERE day < ?1", values![&yesterday])
            })?;
        }
        if self.log_holds_salts.load(Ordering::Relaxed) && self.wipe_deleted()? {
            self.log_holds_salts.store(false, Ordering::Relaxed);
        }
        Ok(!self.log_holds_salts.load(Ordering::Relaxed))
    }

    /// Rids the files of what was just deleted of a person, or has the hourly sweep do it while
    /// somebody reads.
    pub(super) fn wipe_soon(&self) {
        self.log_holds_salts.store(true, Ordering::Relaxed);
        match self.wipe_deleted() {
            Ok(true) => self.log_holds_salts.store(false, Ordering::Relaxed),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "what was erased is in the log for now"),
        }
    }

    fn salt_of(&self, day: &str) -> Result<[u8; 32]> {
        let known = self.read(|tx| {
            tx.optional(
                "SELECT salt FROM salts WHERE day = ?1",
                values![day],
                |row| row.get(0),
            )
        })?;
        if let Some(salt) = known {
            return Ok(salt);
        }
        // Of several that make it at once, all get the first.
        let made = self.write(Lock::Screens(&[]), |tx| {
            tx.value(
                "INSERT INTO salts (day, salt) VALUES (?1, ?2)
                 ON CONFLICT (day) DO UPDATE SET salt = salts.salt RETURNING salt",
                values![day, random::bytes::<32>()],
            )
        })?;
        Ok(made)
    }

    /// Rids the files of what was deleted; false while somebody else uses them. On PostgreSQL, the
    /// place of a deleted row becomes free, as soon as no transaction sees it any more.
    fn wipe_deleted(&self) -> Result<bool> {
        match &self.database {
            Database::Sqlite(file) => Ok(file.empty_log(EMPTYING_TIMEOUT)?),
            Database::Postgres(server) => {
                server.with_connection(|connection| connection.run(WIPED))?;
                Ok(true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::{Connection, params};

    use super::*;
    use crate::store::FILE_NAME;
    use crate::store::migrations::SQLITE;
    use crate::store::testing::on_each_database;

    /// Whether bytes lie anywhere in the files of a folder.
    fn lies_in(folder: &Path, bytes: &[u8]) -> bool {
        let mut files = std::fs::read_dir(folder).unwrap();
        files.any(|file| {
            let content = std::fs::read(file.unwrap().path()).unwrap();
            content.windows(bytes.len()).any(|part| part == bytes)
        })
    }

    #[test]
    fn salts_change_daily_and_are_forgotten() {
        on_each_database(|database| {
            let store = database.open();
            let first = store.salt(0).unwrap();
            assert_eq!(store.salt(DAY_MS - 1).unwrap(), first);
            assert_ne!(store.salt(DAY_MS).unwrap(), first);
            store.salt(3 * DAY_MS).unwrap();
            let count = "SELECT count(*) FROM salts";
            let kept = store.read(|tx| tx.value::<i64>(count, values![]));
            assert_eq!(kept.unwrap(), 1);
            assert!(store.forget_salts(9 * DAY_MS).unwrap());
            let kept = store.read(|tx| tx.value::<i64>(count, values![]));
            assert_eq!(kept.unwrap(), 0);
        });
    }

    #[test]
    fn hubs_that_make_a_days_salt_at_once_have_the_same() {
        on_each_database(|database| {
            let stores: Vec<Store> = (0..4).map(|_| database.open()).collect();
            let salts: Vec<[u8; 32]> = std::thread::scope(|scope| {
                let asking: Vec<_> = (stores.iter())
                    .map(|store| scope.spawn(move || store.salt(DAY_MS).unwrap()))
                    .collect();
                asking
                    .into_iter()
                    .map(|asked| asked.join().unwrap())
                    .collect()
            });
            assert!(salts.iter().all(|salt| *salt == salts[0]));
        });
    }

    #[test]
    fn a_forgotten_salt_is_in_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let first = store.salt(0).unwrap();
        assert!(lies_in(folder.path(), &first));
        let second = store.salt(DAY_MS).unwrap();
        assert!(lies_in(folder.path(), &first), "yesterday's is needed");
        store.salt(2 * DAY_MS).unwrap();
        assert!(!lies_in(folder.path(), &first));
        assert!(lies_in(folder.path(), &second));
        // Nobody scans any more.
        assert!(store.forget_salts(9 * DAY_MS).unwrap());
        assert!(!lies_in(folder.path(), &second));
    }

    #[test]
    fn a_reader_delays_forgetting_and_a_later_call_does_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let salt = store.salt(0).unwrap();
        let mut reader = Connection::open(folder.path().join(FILE_NAME)).unwrap();
        let reading = reader.transaction().unwrap();
        let count = "SELECT count(*) FROM salts";
        reading
            .query_row(count, [], |row| row.get::<_, i64>(0))
            .unwrap();
        assert!(!store.forget_salts(5 * DAY_MS).unwrap());
        drop(reading);
        assert!(store.forget_salts(5 * DAY_MS).unwrap());
        assert!(!lies_in(folder.path(), &salt));
    }

    #[test]
    fn what_an_older_hub_left_of_deleted_salts_is_wiped_when_its_database_is_opened() {
        const BEFORE: usize = 10;
        let folder = tempfile::tempdir().unwrap();
        let older = Connection::open(folder.path().join(FILE_NAME)).unwrap();
        older.pragma_update(None, "journal_mode", "wal").unwrap();
        older.pragma_update(None, "secure_delete", false).unwrap();
        for step in &SQLITE[..BEFORE] {
            older.execute_batch(step).unwrap();
        }
        older.pragma_update(None, "user_version", BEFORE).unwrap();
        let [deleted, kept] = [random::bytes::<32>(), random::bytes::<32>()];
        let days = [("2026-01-01", deleted), ("2026-01-02", kept)];
        for (day, salt) in days {
            let insert = "INSERT INTO salts VALUES (?1, ?2)";
            older.execute(insert, params![day, salt]).unwrap();
        }
        let delete = "DELETE FROM salts WHERE day = '2026-01-01'";
        older.execute(delete, []).unwrap();
        drop(older);
        assert!(lies_in(folder.path(), &deleted), "as it was");

        let day_ms = 1_767_312_000_000;
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.salt(day_ms).unwrap(), kept);
        assert!(store.forget_salts(day_ms).unwrap());
        assert!(!lies_in(folder.path(), &deleted));
    }
}
