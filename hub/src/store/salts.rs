//! The daily salts of visitors' pseudonyms, and forgetting them.
//!
//! Invariant: a salt from before yesterday is in no file of the hub, so nobody can make its day's
//! pseudonyms again. What is deleted is overwritten with zeros (`secure_delete`), and the
//! write-ahead log, in which older pages stay until they are overwritten, is emptied. That waits
//! while another process reads, and for an hour at most while nobody scans.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use crate::store::{BUSY_TIMEOUT, Result, Store};
use crate::system::clock;
use crate::system::clock::DAY_MS;
use crate::system::random;

/// How long the log's other readers are waited for; scans wait meanwhile.
const EMPTYING_TIMEOUT: Duration = Duration::from_millis(100);

impl Store {
    /// Returns the salt of today's pseudonyms, making it when the day is new, and forgets old ones.
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
                self.forget_salts(now_ms)?;
                Ok(salt)
            }
        }
    }

    /// Forgets the salts from before yesterday; returns whether all files are rid of them. If not,
    /// another process is reading, and a later call does the rest.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget_salts(&self, now_ms: i64) -> Result<bool> {
        let yesterday = clock::utc_day(now_ms - DAY_MS);
        // Yesterday's stays for requests that began before midnight.
        let is_due = self.read(|tx| {
            tx.prepare_cached("SELECT 1 FROM salts WHERE day < ?1")?
                .exists([&yesterday])
        })?;
        if is_due {
            self.log_holds_salts.store(true, Ordering::Relaxed);
            self.write(|tx| tx.execute("DELETE FROM salts WHERE day < ?1", [&yesterday]))?;
        }
        if self.log_holds_salts.load(Ordering::Relaxed) && self.empty_log()? {
            self.log_holds_salts.store(false, Ordering::Relaxed);
        }
        Ok(!self.log_holds_salts.load(Ordering::Relaxed))
    }

    fn salt_of(&self, day: &str) -> Result<[u8; 32]> {
        let known = self.read(|tx| {
            tx.prepare_cached("SELECT salt FROM salts WHERE day = ?1")?
                .query_row([day], |row| row.get(0))
                .optional()
        })?;
        if let Some(salt) = known {
            return Ok(salt);
        }
        self.write(|tx| {
            Ok(tx.query_row(
                "INSERT INTO salts VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET salt = salt RETURNING salt",
                params![day, random::bytes::<32>()],
                |row| row.get(0),
            )?)
        })
    }

    /// Moves the write-ahead log into the database and cuts it to nothing; false while somebody
    /// else uses it.
    fn empty_log(&self) -> Result<bool> {
        let connection = self.connection();
        connection.busy_timeout(EMPTYING_TIMEOUT)?;
        let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            row.get::<_, bool>(0)
        });
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(!is_busy?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::*;
    use crate::store::FILE_NAME;
    use crate::store::migrations::MIGRATIONS;

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
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let first = store.salt(0).unwrap();
        assert_eq!(store.salt(DAY_MS - 1).unwrap(), first);
        assert_ne!(store.salt(DAY_MS).unwrap(), first);
        store.salt(3 * DAY_MS).unwrap();
        let kept: i64 = store
            .connection()
            .query_row("SELECT count(*) FROM salts", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 1);
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
        for step in &MIGRATIONS[..BEFORE] {
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
