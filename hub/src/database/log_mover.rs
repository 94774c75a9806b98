//! Moves SQLite's write-ahead log into the database beside those who write.
//!
//! By itself SQLite has the commit that finds the log long do that, and all who wait to write wait
//! for it as well: some thousand pages and a sync of the disk, several times a second under load.
//! Here a thread of its own moves what is there, and the next commit only what has come meanwhile,
//! so that the log begins anew.
//!
//! Invariants: no commit moves more than a small rest, unless the log has [`PAGES_MAX`]; the thread
//! has ended, and its connection is closed, when a [`LogMover`] is dropped. Nothing depends on
//! whether a move succeeds: what is in the log is on disk, and the next commit tries again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags, wal::CheckpointMode};

use crate::database::DatabaseError;

/// Pages of the log from which on it is moved. Nearly every commit changes the same few pages, so
/// the longer that waits, the fewer are written twice; the log grows to some 16 MiB.
const PAGES: i32 = 4_000;
/// With so many a commit moves them itself, so that the log has an end when the thread is slower
/// than those who write.
const PAGES_MAX: i32 = 4 * PAGES;

/// Nobody moves anything.
const RESTS: u8 = 0;
/// The thread is at it, or about to be.
const MOVES: u8 = 1;
/// The thread is done; a rest may be left.
const MOVED: u8 = 2;

/// Watches the log of one database.
pub(super) struct LogMover {
    file: PathBuf,
    shared: Arc<Shared>,
    /// Begun when it is first needed: most commands write little.
    thread: Mutex<Option<(SyncSender<()>, JoinHandle<()>)>>,
}

#[derive(Default)]
struct Shared {
    /// Pages of the log after the newest commit.
    pages: AtomicI32,
    /// Whether there was one that nobody has looked at yet.
    is_new: AtomicBool,
    state: AtomicU8,
}

impl LogMover {
    /// Watches the commits of the connection that writes to this file.
    ///
    /// # Errors
    /// The database fails.
    pub(super) fn watch(file: &Path, writer: &mut Connection) -> Result<Self, DatabaseError> {
        let shared = Arc::new(Shared::default());
        let watched = Arc::clone(&shared);
        // It takes the place of SQLite's own moving.
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            watched.pages.store(pages, Ordering::Relaxed);
            watched.is_new.store(true, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self {
            file: file.to_owned(),
            shared,
            thread: Mutex::default(),
        })
    }

    /// To be called after each commit, with the connection that made it. Nothing is moved after
    /// writes that failed: whoever wants the log for itself would never get it.
    pub(super) fn after_commit(&self, writer: &Connection) {
        if !self.shared.is_new.swap(false, Ordering::Relaxed) {
            return;
        }
        let pages = self.shared.pages.load(Ordering::Relaxed);
        let state = self.shared.state.load(Ordering::Acquire);
        if pages < PAGES {
            // All was moved while nobody wrote, and the log has begun anew by itself.
            if state == MOVED {
                self.shared.state.store(RESTS, Ordering::Release);
            }
            return;
        }
        if state == MOVED || pages >= PAGES_MAX {
            move_log(writer);
            if state == MOVED {
                self.shared.state.store(RESTS, Ordering::Release);
            }
        } else if state == RESTS {
            self.shared.state.store(MOVES, Ordering::Release);
            self.wake();
        }
    }

    fn wake(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let (sender, _) = thread.get_or_insert_with(|| {
            let (sender, receiver) = sync_channel(1);
            let (file, shared) = (self.file.clone(), Arc::clone(&self.shared));
            let moving = std::thread::spawn(move || move_whenever_woken(&file, &receiver, &shared));
            (sender, moving)
        });
        // It is woken only while it rests, so there is room.
        let _ = sender.try_send(());
    }
}

impl Drop for LogMover {
    fn drop(&mut self) {
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((sender, moving)) = thread.take() {
            drop(sender);
            let _ = moving.join();
        }
    }
}

fn move_whenever_woken(file: &Path, woken: &Receiver<()>, shared: &Shared) {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = None;
    while woken.recv().is_ok() {
        if connection.is_none() {
            connection = Connection::open_with_flags(file, flags).ok();
            // A connection that has read nothing yet knows of no log, and would move nothing.
            connection = connection.filter(|connection| {
                connection
                    .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
                    .is_ok()
            });
        }
        if let Some(connection) = &connection {
            move_log(connection);
        }
        shared.state.store(MOVED, Ordering::Release);
    }
}

/// Moves what no reader needs any more, and waits for nobody. A disk that is full or fails is told
/// by the commits.
fn move_log(connection: &Connection) {
    let _ = connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn writer(file: &Path) -> Connection {
        let writer = Connection::open(file).unwrap();
        writer.pragma_update(None, "journal_mode", "wal").unwrap();
        writer
            .execute_batch("CREATE TABLE IF NOT EXISTS texts (text TEXT NOT NULL) STRICT")
            .unwrap();
        writer
    }

    fn write(mover: &LogMover, writer: &Connection, texts: u32) {
        for _ in 0..texts {
            let text = "x".repeat(100_000);
            writer
                .execute("INSERT INTO texts VALUES (?1)", [text])
                .unwrap();
            mover.after_commit(writer);
        }
    }

    #[test]
    fn a_log_begins_anew_however_much_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let mut writer = writer(&file);
        let mover = LogMover::watch(&file, &mut writer).unwrap();
        let log = folder.path().join("test.db-wal");
        // 160 MB, of pages that are all new.
        for _ in 0..8 {
            write(&mover, &writer, 200);
            let pages = log.metadata().unwrap().len() / 4_096;
            assert!(pages < u64::try_from(PAGES_MAX).unwrap() * 5 / 4, "{pages}");
        }
        drop(mover);
        let count: u32 = writer
            .query_row("SELECT count(*) FROM texts", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 1_600);
    }

    #[test]
    fn what_a_thread_has_moved_is_not_moved_by_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let mut writer = writer(&file);
        let mover = LogMover::watch(&file, &mut writer).unwrap();
        while mover.shared.pages.load(Ordering::Relaxed) < PAGES {
            write(&mover, &writer, 1);
        }
        let start = Instant::now();
        while mover.shared.state.load(Ordering::Acquire) != MOVED {
            assert!(start.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(1));
        }
        // The database has them already, and the next write begins the log anew.
        let size = file.metadata().unwrap().len();
        assert!(
            size > u64::try_from(PAGES).unwrap() * 4_096 * 9 / 10,
            "{size}"
        );
        write(&mover, &writer, 2);
        assert_eq!(mover.shared.state.load(Ordering::Acquire), RESTS);
        assert!(mover.shared.pages.load(Ordering::Relaxed) < PAGES);
    }

    #[test]
    fn nothing_is_open_once_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let mut writer = writer(&file);
        let mover = LogMover::watch(&file, &mut writer).unwrap();
        write(&mover, &writer, 300);
        drop(mover);
        // Whoever closes last removes the log.
        drop(writer);
        assert!(!folder.path().join("test.db-wal").exists());
    }
}
