//! Creatives from the hub, on disk under their SHA-256.
//!
//! Invariants: a file under its final name is whole and hashes to that name; it got there by download to a `.part`
//! file, check, fsync and rename. No name that comes from outside is ever part of a path: only digests are.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use passerby_protocol::manifest::Asset;
use passerby_protocol::{Digest, Manifest};
use sha2::Digest as _;

use crate::digests::hash_into;

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
    /// What came is not what was asked for.
    #[error("{0} does not hash to its name; it was thrown away")]
    Hash(Digest),
    /// More bytes came than the manifest said.
    #[error("{0} is longer than the manifest says; it was thrown away")]
    TooLong(Digest),
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

    /// Tells whether a creative is there.
    pub fn has(&self, asset: &Asset) -> bool {
        std::fs::metadata(self.path(asset.sha256))
            .is_ok_and(|metadata| metadata.len() == asset.size)
    }

    /// Tells whether everything that a manifest needs is there.
    pub fn has_all(&self, manifest: &Manifest) -> bool {
        manifest.assets.iter().all(|asset| self.has(asset))
    }

    /// Starts or resumes a download.
    ///
    /// # Errors
    /// The disk fails.
    pub fn begin(&self, asset: &Asset) -> Result<Download, CacheError> {
        let part = self.folder.join(format!("{}.part", asset.sha256));
        let wrong = |error| CacheError::Disk {
            path: part.display().to_string(),
            error,
        };
        std::fs::create_dir_all(&self.folder).map_err(wrong)?;
        let mut hasher = sha2::Sha256::new();
        let mut got = 0;
        if let Ok(mut file) = File::open(&part) {
            got = hash_into(&mut file, &mut hasher).map_err(wrong)?;
        }
        if got > asset.size {
            std::fs::remove_file(&part).map_err(wrong)?;
            (hasher, got) = (sha2::Sha256::new(), 0);
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&part)
            .map_err(wrong)?;
        Ok(Download {
            asset: asset.clone(),
            part,
            target: self.path(asset.sha256),
            file,
            hasher,
            got,
        })
    }

    /// Removes every file that no manifest needs any more.
    pub fn sweep(&self, manifest: &Manifest) {
        let mut needed: BTreeSet<String> = BTreeSet::new();
        for asset in &manifest.assets {
            needed.insert(asset.sha256.to_string());
            needed.insert(format!("{}.part", asset.sha256));
        }
        for entry in std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry
                .file_name()
                .to_str()
                .is_none_or(|name| !needed.contains(name))
                && let Err(error) = std::fs::remove_file(entry.path())
            {
                tracing::warn!("{}: cannot be removed: {error}", entry.path().display());
            }
        }
    }
}

/// A file that is on its way.
#[derive(Debug)]
pub struct Download {
    asset: Asset,
    part: PathBuf,
    target: PathBuf,
    file: File,
    hasher: sha2::Sha256,
    got: u64,
}

impl Download {
    /// How many bytes are there already; ask for the rest by Range.
    pub const fn got(&self) -> u64 {
        self.got
    }

    /// Throws away what is there, for a server that does not resume.
    ///
    /// # Errors
    /// The disk fails.
    pub fn restart(&mut self) -> Result<(), CacheError> {
        self.file.set_len(0).map_err(|error| self.disk(error))?;
        (self.hasher, self.got) = (sha2::Sha256::new(), 0);
        Ok(())
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// The disk fails, or more comes than should.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), CacheError> {
        if self.got + bytes.len() as u64 > self.asset.size {
            self.discard();
            return Err(CacheError::TooLong(self.asset.sha256));
        }
        self.file
            .write_all(bytes)
            .map_err(|error| self.disk(error))?;
        self.hasher.update(bytes);
        self.got += bytes.len() as u64;
        Ok(())
    }

    /// Checks the file and gives it its name. Call it when the server has sent all; a file that is still short stays
    /// for the next attempt.
    ///
    /// # Errors
    /// The disk fails, or the file does not hash to its name. `Ok(false)` when it is short.
    pub fn finish(self) -> Result<bool, CacheError> {
        if self.got < self.asset.size {
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
            .and_then(|()| match self.target.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            });
        published.map(|()| true).map_err(|error| self.disk(error))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(bytes: &[u8]) -> Asset {
        Asset {
            sha256: Digest::of(bytes),
            size: bytes.len() as u64,
            media_type: "image/png".into(),
        }
    }

    #[test]
    fn a_download_resumes_where_it_was_cut() {
        let folder = tempfile::tempdir().expect("folder");
        let (cache, bytes) = (
            Cache::new(folder.path()),
            b"a picture of some length".as_slice(),
        );
        let mut first = cache.begin(&asset(bytes)).expect("begins");
        first.write(&bytes[..7]).expect("writes");
        assert!(!first.finish().expect("short"));
        assert!(!cache.has(&asset(bytes)));
        let mut second = cache.begin(&asset(bytes)).expect("resumes");
        assert_eq!(second.got(), 7);
        second.write(&bytes[7..]).expect("writes");
        assert!(second.finish().expect("whole"));
        assert!(cache.has(&asset(bytes)));
    }

    #[test]
    fn what_hashes_wrong_or_runs_on_is_thrown_away() {
        let folder = tempfile::tempdir().expect("folder");
        let cache = Cache::new(folder.path());
        let mut wrong = cache.begin(&asset(b"right")).expect("begins");
        wrong.write(b"wrong").expect("writes");
        assert!(matches!(wrong.finish(), Err(CacheError::Hash(_))));
        let mut long = cache.begin(&asset(b"right")).expect("begins anew");
        assert_eq!(long.got(), 0);
        assert!(matches!(
            long.write(b"right and more"),
            Err(CacheError::TooLong(_))
        ));
        assert!(!cache.has(&asset(b"right")));
    }
}
