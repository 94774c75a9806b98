//! Creatives on disk, each named by its SHA-256.
//!
//! Invariant: a file that carries a name has exactly that content, because it was hashed before,
//! and fsynced and renamed after, it was written.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use passerby_folder::durable_file::{PRIVATE_MODE, UnfinishedFile};
use passerby_folder::regular_file;
use passerby_protocol::Digest;
use sha2::Digest as _;

use crate::system::private;

/// Bytes that are copied at one time.
const CHUNK_BYTES: usize = 64 << 10;

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
        private::make_folder(&folder)?;
        Ok(Self { folder })
    }

    /// Returns where a creative lies, whether or not it is there.
    pub fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// Stores the file at `source` under its digest, piece by piece; does nothing when it is there
    /// already.
    ///
    /// # Errors
    /// Whatever the file system says, and files that have changed since they were checked.
    pub fn put(&self, digest: Digest, size: u64, source: &Path) -> io::Result<()> {
        let path = self.path(digest);
        if std::fs::metadata(&path).is_ok_and(|meta| meta.len() == size) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            private::make_folder(folder)?;
        }
        let mut file = UnfinishedFile::create(&path, PRIVATE_MODE)?;
        let opened = regular_file::open_within(source).map_err(io::Error::other)?;
        if copy_hashed(&mut opened.into_file().take(size + 1), &mut file)? == digest {
            file.finish()
        } else {
            let name = source.display();
            Err(io::Error::other(format!(
                "{name} changed while it was published; publish again when it is still"
            )))
        }
    }
}

/// Copies what is left of a file and returns what it hashes to.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn copy_hashed(from: &mut impl Read, to: &mut impl Write) -> io::Result<Digest> {
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(Digest(hasher.finalize().into())),
            length => {
                hasher.update(&buffer[..length]);
                to.write_all(&buffer[..length])?;
            }
        }
    }
}
