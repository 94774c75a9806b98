//! One file on its way into the cache.
//!
//! Invariants: the digest runs over what is in the `.part` file, from its first byte on, also after
//! a restart; a link that lies where the file should be is removed, never followed; the disk's
//! floor of free space is kept while writing. A `.part` file outlives the process that began it, so
//! it is not one of `durable_file`'s, which removes what was left behind.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use passerby_folder::durable_file::{folder_of, sync_names};
use passerby_protocol::Digest;
use passerby_protocol::manifest::Asset;
use sha2::Digest as _;

use crate::content::cache;
use crate::content::cache::{CacheError, Space};
use crate::content::digests::hash_into;

/// After so many bytes the disk is asked again how much is free.
const SPACE_EVERY_BYTES: u64 = 4 << 20;

/// A file that is on its way.
#[derive(Debug)]
pub struct Download {
    asset: Asset,
    part: PathBuf,
    target: PathBuf,
    file: File,
    hasher: sha2::Sha256,
    got: Arc<AtomicU64>,
    /// Bytes that may be written before the disk is asked again.
    granted_bytes: u64,
}

impl Download {
    /// Starts a download, or resumes the one whose `.part` file lies there.
    pub(super) fn begin(asset: &Asset, part: PathBuf, target: PathBuf) -> Result<Self, CacheError> {
        let opened = open_part(&part).and_then(|mut file| {
            let mut hasher = sha2::Sha256::new();
            let mut got = file.metadata()?.len();
            if got > asset.size {
                file.set_len(0)?;
                got = 0;
            }
            // What grows while it is read is not this program's, and fails the check at the end.
            let hashed = hash_into(&mut Read::by_ref(&mut file).take(got), &mut hasher)?;
            if hashed == got {
                Ok((file, hasher, got))
            } else {
                Err(std::io::Error::other("it shrank while it was read"))
            }
        });
        let (file, hasher, got) = opened.map_err(|error| CacheError::Disk {
            path: part.display().to_string(),
            error,
        })?;
        Ok(Self {
            asset: asset.clone(),
            part,
            target,
            file,
            hasher,
            got: Arc::new(AtomicU64::new(got)),
            granted_bytes: 0,
        })
    }

    /// How many bytes are there already; ask for the rest by Range.
    pub fn got(&self) -> u64 {
        self.got.load(Ordering::Relaxed)
    }

    /// The same number, for whoever watches while the download goes on.
    pub fn progress(&self) -> Arc<AtomicU64> {
        self.got.clone()
    }

    /// Throws away what is there, for a server that has no such part.
    ///
    /// # Errors
    /// The disk fails.
    pub fn restart(&mut self) -> Result<(), CacheError> {
        self.file.set_len(0).map_err(|error| self.disk(error))?;
        self.hasher = sha2::Sha256::new();
        self.got.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Takes bytes. After an error the download is over; what is in the file stays for the next
    /// one.
    ///
    /// # Errors
    /// The disk fails or comes to its floor, or more comes than should.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), CacheError> {
        let length = bytes.len() as u64;
        let got = self.got() + length;
        if got > self.asset.size {
            self.discard();
            return Err(CacheError::TooLong(self.asset.sha256));
        }
        if self.granted_bytes < length {
            let rest = self.asset.size - self.got();
            self.granted_bytes = self.grant(rest.min(SPACE_EVERY_BYTES.max(length)))?;
        }
        self.granted_bytes -= length;
        self.file
            .write_all(bytes)
            .map_err(|error| self.disk(error))?;
        self.hasher.update(bytes);
        self.got.store(got, Ordering::Relaxed);
        Ok(())
    }

    /// Checks the file and gives it its name. Call it when the server has sent all; a file that is
    /// still short stays for the next attempt.
    ///
    /// # Errors
    /// The disk fails, or the file does not hash to its name. `Ok(false)` when it is short.
    pub fn finish(self) -> Result<bool, CacheError> {
        if self.got() < self.asset.size {
            return Ok(false);
        }
        if Digest(self.hasher.clone().finalize().into()) != self.asset.sha256 {
            self.discard();
            return Err(CacheError::Hash(self.asset.sha256));
        }
        let published = self
            .file
            .sync_all()
            .and_then(|()| std::fs::rename(&self.part, &self.target))
            .and_then(|()| sync_names(folder_of(&self.target)));
        published.map(|()| true).map_err(|error| self.disk(error))
    }

    /// Asks the disk for room; a disk that does not say is written to until it refuses.
    fn grant(&self, bytes: u64) -> Result<u64, CacheError> {
        match Space::of(folder_of(&self.target)) {
            Some(space) if space.free_bytes < space.floor_bytes().saturating_add(bytes) => {
                Err(CacheError::NoRoom {
                    free_bytes: space.free_bytes,
                    floor_bytes: space.floor_bytes(),
                })
            }
            _ => Ok(bytes),
        }
    }

    fn discard(&self) {
        if let Err(error) = std::fs::remove_file(&self.part) {
            tracing::warn!("{}: cannot be removed: {error}", self.part.display());
        }
    }

    fn disk(&self, error: std::io::Error) -> CacheError {
        CacheError::Disk {
            path: self.part.display().to_string(),
            error,
        }
    }
}

/// Opens a `.part` file to read what is there and to append. What is no plain file goes first: a
/// pipe would block, and a link would have this program write where somebody else wants.
fn open_part(part: &Path) -> std::io::Result<File> {
    match std::fs::symlink_metadata(part) {
        Ok(metadata) if !metadata.is_file() => cache::remove_any(part, &metadata)?,
        _ => {}
    }
    OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(part)
}
