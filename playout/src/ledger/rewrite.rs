//! Writes the log that an earlier process has left once more.
//!
//! After an fsync that failed, Linux shows what was written, though it is not on disk, and forgets
//! that it has still to be written (Rebello et al., "Can Applications Recover from fsync
//! Failures?", USENIX ATC 2020). A process that ends then leaves a log which its successor reads to
//! the end and appends to; a power cut would take what is in the middle, and with it all behind it.
//! The same bytes written anew are on disk after the next fsync.
//!
//! Invariant: nothing but what is there is written, and nobody else writes the log meanwhile.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use passerby_folder::durable_file::{folder_of, sync_names};

use crate::ledger::{Ledger, LedgerError};

/// A longer log is left alone: it has no more than a thousand pages when all is well.
const LOG_BYTES_MAX: u64 = 64 << 20;

impl Ledger {
    /// Writes the log anew, and its name. Until that has worked nothing may be appended: the ledger
    /// stays in doubt.
    pub(super) fn rewrite_log(&mut self) -> Result<(), LedgerError> {
        // Who has the write lock is the only one to append to the log or to cut it.
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let log = PathBuf::from(format!("{}-wal", self.path.display()));
        // SQLite asks for its log's name to be synced and does not look at the answer.
        let rewritten = rewrite_file(&log).and_then(|()| sync_names(folder_of(&self.path)));
        self.connection.execute_batch("ROLLBACK")?;
        rewritten.map_err(|error| LedgerError::Open {
            path: log.display().to_string(),
            reason: error.to_string(),
        })?;
        self.log_is_sure = true;
        Ok(())
    }
}

fn rewrite_file(log: &Path) -> std::io::Result<()> {
    let mut file = match OpenOptions::new().read(true).write(true).open(log) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    if length == 0 || length > LOG_BYTES_MAX {
        return Ok(());
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    file.write_all_at(&bytes, 0)?;
    file.sync_all()
}
