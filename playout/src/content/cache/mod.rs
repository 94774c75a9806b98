//! Creatives from the hub, on disk under their SHA-256.
//!
//! Invariants: a file under its final name was whole and hashed to that name when it got it, by
//! download to a `.part` file, check, fsync and rename; [`scrub`] reads it again now and then. No
//! name that comes from outside is ever part of a path: only digests are. Nothing else lies in the
//! folder for long, and no link in it is followed.

pub mod demand;
mod download;
pub mod plan;
mod room;
pub mod scrub;

use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use passerby_protocol::Digest;
use passerby_protocol::manifest::Asset;

pub use crate::content::cache::download::Download;
pub(crate) use crate::content::cache::room::floor_in_words;
pub use crate::content::cache::room::{CacheSettings, MB, MB_DEFAULT, Space};

/// Most files that are looked at in the folder; what is beyond waits until others have gone.
const ENTRIES_MAX: usize = 200_000;

/// A folder of checked files.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

/// Says why a downloaded file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The disk is the matter.
    #[error("{path}: {error}")]
    Disk {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The disk is as full as it may become.
    #[error(
        "the disk has {} MB left, of which {} MB are kept for the ledger; make room on it",
        free_bytes >> 20,
        floor_bytes >> 20
    )]
    NoRoom {
        /// What is free, in bytes.
        free_bytes: u64,
        /// What must stay free, in bytes.
        floor_bytes: u64,
    },
    /// What came is not what was asked for.
    #[error("{0} does not hash to its name; it was thrown away")]
    Hash(Digest),
    /// More bytes came than the manifest said.
    #[error("{0} is longer than the manifest says; it was thrown away")]
    TooLong(Digest),
}

impl CacheError {
    /// Tells whether the same bytes would be refused again.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Disk { .. } | Self::NoRoom { .. })
    }
}

/// What lies in the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Files under their final names.
    pub blobs: BTreeMap<Digest, Stored>,
    /// Files that are on their way, with their sizes in bytes.
    pub parts: BTreeMap<Digest, u64>,
}

/// A file under its final name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// In bytes.
    pub size: u64,
    /// When it came or was last needed, whichever was later, in Unix milliseconds of a clock that
    /// may have been wrong.
    pub needed_ms: i64,
}

impl Inventory {
    /// What all of it takes, in bytes.
    pub fn bytes(&self) -> u64 {
        let blobs = self.blobs.values().map(|blob| blob.size);
        blobs
            .chain(self.parts.values().copied())
            .fold(0, u64::saturating_add)
    }
}

impl Cache {
    /// Uses a folder, which is made when the first file comes.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join("cache"),
        }
    }

    /// Where a creative lies, or would lie.
    pub fn path(&self, creative: Digest) -> PathBuf {
        self.folder.join(creative.to_string())
    }

    fn part(&self, creative: Digest) -> PathBuf {
        self.folder.join(format!("{creative}.part"))
    }

    /// Tells whether a creative is there: a plain file of the right size.
    pub fn has(&self, asset: &Asset) -> bool {
        std::fs::symlink_metadata(self.path(asset.sha256))
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() == asset.size)
    }

    /// The disk as it is now; `None` when the system does not say.
    pub fn space(&self) -> Option<Space> {
        let beside = self.folder.parent().unwrap_or(Path::new("."));
        Space::of(&self.folder).or_else(|| Space::of(beside))
    }

    /// Starts or resumes a download. Reads what is there already, so it may take a while.
    ///
    /// # Errors
    /// The disk fails.
    pub fn begin(&self, asset: &Asset) -> Result<Download, CacheError> {
        std::fs::create_dir_all(&self.folder).map_err(|error| CacheError::Disk {
            path: self.folder.display().to_string(),
            error,
        })?;
        Download::begin(asset, self.part(asset.sha256), self.path(asset.sha256))
    }

    /// Lists the folder and removes what does not belong there: other names, links and folders.
    pub fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::default();
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten();
        for entry in entries.flatten().take(ENTRIES_MAX) {
            let Ok(metadata) = std::fs::symlink_metadata(entry.path()) else {
                continue;
            };
            let name = entry.file_name();
            let name = name.to_str().filter(|_| metadata.is_file());
            match name.and_then(Name::of) {
                Some(Name::Blob(digest)) => {
                    let stored = Stored {
                        size: metadata.len(),
                        needed_ms: changed_ms(&metadata),
                    };
                    inventory.blobs.insert(digest, stored);
                }
                Some(Name::Part(digest)) => {
                    inventory.parts.insert(digest, metadata.len());
                }
                _ => warn_of(&entry.path(), remove_any(&entry.path(), &metadata)),
            }
        }
        inventory
    }

    /// Removes a file.
    ///
    /// # Errors
    /// The disk fails; a file that is not there is no error.
    pub fn remove(&self, creative: Digest) -> Result<(), CacheError> {
        gone(&self.path(creative))
    }

    /// Removes what there is of a file that was on its way.
    ///
    /// # Errors
    /// The disk fails; a file that is not there is no error.
    pub fn remove_part(&self, creative: Digest) -> Result<(), CacheError> {
        gone(&self.part(creative))
    }

    /// Opens a stored file to read it.
    fn open(&self, creative: Digest) -> std::io::Result<File> {
        OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(self.path(creative))
    }

    /// Notes that a file was needed until now.
    pub fn note_needed(&self, creative: Digest, now_ms: i64) {
        let at = UNIX_EPOCH + Duration::from_millis(now_ms.unsigned_abs());
        // A file that is gone needs no date, and one without it only leaves earlier.
        let _ = self.open(creative).and_then(|file| file.set_modified(at));
    }
}

/// What a file is, by its name.
enum Name {
    Blob(Digest),
    Part(Digest),
}

impl Name {
    fn of(name: &str) -> Option<Self> {
        match name.strip_suffix(".part") {
            Some(whole) => whole.parse().ok().map(Self::Part),
            None => name.parse().ok().map(Self::Blob),
        }
    }
}

fn changed_ms(metadata: &Metadata) -> i64 {
    let since = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// Removes a file, a link (not what it leads to), or a folder if nothing is in it.
fn remove_any(path: &Path, metadata: &Metadata) -> std::io::Result<()> {
    if metadata.is_dir() {
        std::fs::remove_dir(path)
    } else {
        std::fs::remove_file(path)
    }
}

fn warn_of(path: &Path, removed: std::io::Result<()>) {
    if let Err(error) = removed {
        tracing::warn!(
            "{}: it does not belong into the cache and cannot be removed: {error}",
            path.display()
        );
    }
}

fn gone(path: &Path) -> Result<(), CacheError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CacheError::Disk {
            path: path.display().to_string(),
            error,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
