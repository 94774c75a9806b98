//! Creatives on disk, each named by its SHA-256.
//!
//! Invariant: a file that carries a name has exactly that content, because it was hashed before,
//! and fsynced and renamed after, it was written.

use std::fs;
use std::io::{self, Read, SeekFrom};
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use passerby_folder::durable_file::{PRIVATE_MODE, UnfinishedFile};
use passerby_folder::regular_file::{self, FileError};
use passerby_protocol::Digest;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::blobs::checked_stream::{BlobStream, checked};
use crate::blobs::copying::copy_counted;
use crate::blobs::error::BlobError;
use crate::system::private;

/// Bytes that are read at one time.
const CHUNK_BYTES: usize = 64 << 10;
/// Most creatives that are listed.
const LISTED_MAX: usize = 10_000_000;

/// The folder of creatives.
#[derive(Debug)]
pub(super) struct FolderBlobs {
    folder: PathBuf,
}

impl FolderBlobs {
    /// Opens a folder, making it when it is missing.
    pub(super) fn open(folder: &Path) -> Result<Self, BlobError> {
        private::make_folder(folder).map_err(BlobError::file("make the folder", folder))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// What it is called.
    pub(super) fn named(&self) -> String {
        self.folder.display().to_string()
    }

    /// Where a creative lies, whether or not it is there.
    pub(super) fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// Stores what is read, piece by piece, in place of whatever has its name.
    pub(super) fn store_from(
        &self,
        digest: Digest,
        size: u64,
        source: &mut dyn Read,
        named: &str,
    ) -> Result<(), BlobError> {
        let path = self.path(digest);
        let failed = |what| BlobError::file(what, &path);
        if let Some(folder) = path.parent() {
            private::make_folder(folder).map_err(failed("make a folder for"))?;
        }
        let mut file = UnfinishedFile::create(&path, PRIVATE_MODE).map_err(failed("write"))?;
        // It may have grown since.
        let found = copy_counted(&mut source.take(size + 1), &mut file)
            .map_err(|error| error.between(named, &path.display().to_string()))?;
        if found == (digest, size) {
            file.finish().map_err(failed("write"))
        } else {
            Err(BlobError::Changed(named.to_owned()))
        }
    }

    /// Deletes a creative, if it is there.
    pub(super) fn remove(&self, digest: Digest) -> Result<(), BlobError> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(BlobError::file("delete", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Opens a creative, as it is.
    pub(super) fn reader(&self, digest: Digest, size: u64) -> Result<Box<dyn Read>, BlobError> {
        let path = self.path(digest);
        let opened = regular_file::open_within(&path)
            .map_err(|error| self.unreadable(digest, &path, &error))?;
        Ok(Box::new(opened.into_file().take(size + 1)))
    }

    /// Every creative that is there, with its length.
    pub(super) fn list(&self) -> Result<Vec<(Digest, u64)>, BlobError> {
        let failed = |source| BlobError::file("read", &self.folder)(source);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !entry.file_type().map_err(failed)?.is_dir() {
                continue;
            }
            for file in fs::read_dir(entry.path()).map_err(failed)? {
                let file = file.map_err(failed)?;
                // What is under way has another name.
                let name = file.file_name();
                let digest = name.to_str().and_then(|name| name.parse::<Digest>().ok());
                let Some(digest) = digest.filter(|digest| self.path(*digest) == file.path()) else {
                    continue;
                };
                if found.len() == LISTED_MAX {
                    return Err(failed(io::Error::other("it has too many files")));
                }
                found.push((digest, file.metadata().map_err(failed)?.len()));
            }
        }
        Ok(found)
    }

    /// Whether there is a creative at all.
    pub(super) fn is_empty(folder: &Path) -> io::Result<bool> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() && fs::read_dir(entry.path())?.next().is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Opens a part of a creative for a screen. It is not hashed again: its name was given to it
    /// only when all of it was on disk.
    pub(super) async fn read(
        &self,
        digest: Digest,
        size: u64,
        part: std::ops::Range<u64>,
    ) -> Result<BlobStream, BlobError> {
        let path = self.path(digest);
        let unreadable = |error: io::Error| self.unreadable(digest, &path, &error.into());
        let mut file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
        let is = file.metadata().await.map_err(unreadable)?.len();
        let damaged = damaged(digest, self.named());
        if is != size {
            return Err(damaged(&format!("it has {is} bytes in place of {size}")));
        }
        file.seek(SeekFrom::Start(part.start))
            .await
            .map_err(unreadable)?;
        let length = part.end - part.start;
        let named = path.display().to_string();
        let pieces = ReaderStream::with_capacity(file.take(length), CHUNK_BYTES);
        let pieces = pieces.map(move |piece| {
            piece.map_err(|source| BlobError::File {
                what: "read",
                file: named.clone(),
                source,
            })
        });
        Ok(checked(Box::pin(pieces), length, None, damaged))
    }

    fn unreadable(&self, digest: Digest, path: &Path, error: &FileError) -> BlobError {
        let place = self.named();
        if path.exists() {
            BlobError::Damaged {
                digest,
                place,
                said: error.to_string(),
            }
        } else {
            BlobError::Missing { digest, place }
        }
    }
}

/// Makes errors of what is wrong with a creative.
pub(super) fn damaged(digest: Digest, place: String) -> impl Fn(&str) -> BlobError + Send {
    move |said| BlobError::Damaged {
        digest,
        place: place.clone(),
        said: said.to_owned(),
    }
}
