//! Folders in which campaigns are made or looked at, each for one attempt.
//!
//! Invariant: a folder belongs to whoever made it alone, goes with it, and is cleared away by the
//! next run if a process was killed over it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use passerby_protocol::hexadecimal::hex;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};

use crate::system::{private, random};

/// What holds them, in the data folder.
const FOLDER: &str = "source-work";
/// After this time nobody is at work in one any more, in milliseconds.
const OLD_MS: i64 = 3_600_000;
/// The present, as the system has it.
const NOW: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: UTIME_NOW,
};

/// One of them.
pub(crate) struct WorkFolder {
    outer: PathBuf,
    inner: PathBuf,
}

impl WorkFolder {
    /// Makes an empty folder of a name, which a campaign gets from it.
    pub(crate) fn make(data: &Path, name: &str) -> io::Result<Self> {
        let outer = data.join(FOLDER).join(hex(&random::bytes::<8>()));
        let inner = outer.join(name);
        let folder = Self { outer, inner };
        // A name that is too long for a file system leaves nothing behind.
        private::make_folder(&folder.inner)?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.inner
    }

    /// Says that somebody is still at work in it.
    pub(crate) fn touch(&self) {
        let now = Timestamps {
            last_access: NOW,
            last_modification: NOW,
        };
        if let Ok(folder) = fs::File::open(&self.outer) {
            // One that cannot be touched goes after its time, as any other.
            let _ = futimens(&folder, &now);
        }
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // What is left is cleared away later.
        let _ = fs::remove_dir_all(&self.outer);
    }
}

/// Removes what processes left that were killed.
pub(crate) fn clear(data: &Path, now_ms: i64) {
    let Ok(entries) = fs::read_dir(data.join(FOLDER)) else {
        return;
    };
    for entry in entries.flatten() {
        let changed = entry.metadata().and_then(|meta| meta.modified()).ok();
        let changed_ms = changed
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_millis()).ok());
        if changed_ms.is_none_or(|at_ms| now_ms - at_ms > OLD_MS) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_works_for_long_keeps_their_folder_by_saying_so() {
        let data = tempfile::tempdir().unwrap();
        let folder = WorkFolder::make(data.path(), "film").unwrap();
        let outer = fs::File::open(folder.path().parent().unwrap()).unwrap();
        outer.set_modified(UNIX_EPOCH).unwrap();
        folder.touch();
        clear(data.path(), crate::system::clock::now_ms());
        assert!(folder.path().exists());
        outer.set_modified(UNIX_EPOCH).unwrap();
        clear(data.path(), crate::system::clock::now_ms());
        assert!(!folder.path().exists());
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_is_at_work_stays() {
        let data = tempfile::tempdir().unwrap();
        let folder = WorkFolder::make(data.path(), "cafe:1").unwrap();
        fs::write(folder.path().join("a"), "x").unwrap();
        let now_ms = crate::system::clock::now_ms();
        clear(data.path(), now_ms);
        assert!(folder.path().join("a").exists());
        clear(data.path(), now_ms + 2 * OLD_MS);
        assert!(!folder.path().exists());
        let folder = WorkFolder::make(data.path(), "cafe:1").unwrap();
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
        assert!(WorkFolder::make(data.path(), &"a".repeat(300)).is_err());
        let left = fs::read_dir(data.path().join(FOLDER)).unwrap().count();
        assert_eq!(left, 0);
    }
}
