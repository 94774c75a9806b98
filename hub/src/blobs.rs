//! Creatives on disk, each named by its SHA-256.
//!
//! Invariant: a file that carries a name has exactly that content, because it was hashed before, and fsynced and
//! renamed after, it was written.

use std::io;
use std::path::{Path, PathBuf};

use passerby_protocol::Digest;

use crate::files;

/// The folder of creatives.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// Opens the folder, making it when it is missing.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join("blobs");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    /// Returns where a creative lies, whether or not it is there.
    pub fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// Stores a creative under its digest; does nothing when it is there already.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn put(&self, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        debug_assert_eq!(digest, Digest::of(bytes));
        let path = self.path(digest);
        if std::fs::metadata(&path).is_ok_and(|meta| meta.len() == bytes.len() as u64) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        files::write(&path, bytes, 0o644)
    }
}
