//! Puts a salvaged ledger in the place of a damaged one.
//!
//! SQLite makes the successor, with files beside it, so this is not a file of `durable_file`'s.
//!
//! Invariants: `ledger.salvaged.sqlite` has that name only once it is whole and on disk, so
//! wherever it is found the swap was begun and is brought to its end; every step may be cut off and
//! done again; the log of one file never comes to lie beside another, since SQLite would take it
//! for that one's own; nothing damaged is deleted.

use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use passerby_folder::durable_file::{folder_of, sync_names};

use crate::system::random;

/// What SQLite keeps beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Where the files of a swap lie.
pub(super) struct Swap {
    /// The ledger.
    path: PathBuf,
    /// Its successor while it is being made.
    making: PathBuf,
    /// Its successor once it is whole.
    made: PathBuf,
}

impl Swap {
    /// For the ledger of this name.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            making: path.with_file_name("ledger.salvaging.sqlite"),
            made: path.with_file_name("ledger.salvaged.sqlite"),
        }
    }

    /// A place for a successor, with nothing in it that an earlier attempt left.
    pub(super) fn place(&self) -> Result<&Path> {
        for ending in ["", BESIDE[0], BESIDE[1]] {
            match std::fs::remove_file(beside(&self.making, ending)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(&self.making)
    }

    /// Takes the successor, which was closed and is on disk, for whole, and lets it take the
    /// damaged one's place. Returns where that one went.
    pub(super) fn complete(&self) -> Result<PathBuf> {
        std::fs::rename(&self.making, &self.made)?;
        sync_names(folder_of(&self.path))?;
        Ok(self.resume()?.unwrap_or_else(|| self.path.clone()))
    }

    /// Brings a swap to its end that a power cut has stopped; does nothing when there was none.
    /// Returns where the damaged file went.
    pub(super) fn resume(&self) -> Result<Option<PathBuf>> {
        if !self.made.exists() {
            return Ok(None);
        }
        let name = format!("ledger.damaged-{:08x}.sqlite", random::u64() >> 32);
        let aside = self.path.with_file_name(name);
        for ending in ["", BESIDE[0], BESIDE[1]] {
            match std::fs::rename(beside(&self.path, ending), beside(&aside, ending)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        // Only when nothing of the old file can come back under this name.
        sync_names(folder_of(&self.path))?;
        std::fs::rename(&self.made, &self.path)?;
        sync_names(folder_of(&self.path))?;
        Ok(Some(aside))
    }
}

fn beside(base: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", base.display()))
}
