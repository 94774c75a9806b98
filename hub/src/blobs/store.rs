//! The one way to creatives, wherever they lie.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use passerby_folder::regular_file;
use passerby_protocol::Digest;

use crate::blobs::address::BlobsAddress;
use crate::blobs::checked_stream::BlobStream;
use crate::blobs::copying::copy_counted;
use crate::blobs::counts::{FAILURES, FailureCounts, RequestCounts};
use crate::blobs::error::BlobError;
use crate::blobs::folder::FolderBlobs;
use crate::blobs::objects::ObjectBlobs;

/// The creatives of a hub.
///
/// All but [`read`](Self::read) waits for disk or network, and is for threads that may: none of
/// those that drive a server.
#[derive(Debug)]
pub struct Blobs {
    place: Place,
    failures: FailureCounts,
}

#[derive(Debug)]
enum Place {
    Folder(FolderBlobs),
    Objects(Box<ObjectBlobs>),
}

impl Blobs {
    /// Opens a folder, making it when it is missing, or makes ready for a store, without a word to
    /// it.
    ///
    /// # Errors
    /// The folder cannot be made; what the environment says of the store is no use.
    pub fn open(address: &BlobsAddress) -> Result<Self, BlobError> {
        let place = match address {
            BlobsAddress::Folder(folder) => Place::Folder(FolderBlobs::open(folder)?),
            BlobsAddress::Bucket(address) => Place::Objects(Box::new(ObjectBlobs::open(address)?)),
        };
        Ok(Self {
            place,
            failures: FailureCounts::default(),
        })
    }

    /// Asks a store whether it is there and lets this hub in.
    ///
    /// # Errors
    /// Why it does not.
    pub fn probe(&self) -> Result<(), BlobError> {
        match &self.place {
            Place::Folder(_) => Ok(()),
            Place::Objects(objects) => objects.probe(),
        }
    }

    /// Stores the file at `source` under its digest, piece by piece. What is there already is read
    /// and left when it is right.
    ///
    /// # Errors
    /// See [`BlobError`]; whether it is there is unknown then.
    pub fn put(&self, digest: Digest, size: u64, source: &Path) -> Result<(), BlobError> {
        if self.holds(digest, size)? {
            return Ok(());
        }
        let opened = regular_file::open_within(source).map_err(io::Error::other);
        let opened = opened.map_err(BlobError::file("read", source))?;
        let named = source.display().to_string();
        self.store_from(digest, size, &mut opened.into_file(), &named)
    }

    /// Stores what is read from somewhere that is called `named`, and reads it back.
    ///
    /// # Errors
    /// See [`BlobError`].
    pub(crate) fn store_from(
        &self,
        digest: Digest,
        size: u64,
        source: &mut dyn Read,
        named: &str,
    ) -> Result<(), BlobError> {
        match &self.place {
            // The kernel wrote it, and would say so if it could not.
            Place::Folder(folder) => folder.store_from(digest, size, source, named),
            Place::Objects(objects) => {
                objects.store_from(digest, size, source, named)?;
                self.check(digest, size)
            }
        }
    }

    /// Tells whether a creative is there, by reading all of it.
    ///
    /// # Errors
    /// That cannot be found out.
    pub(crate) fn holds(&self, digest: Digest, size: u64) -> Result<bool, BlobError> {
        match self.check(digest, size) {
            Ok(()) => Ok(true),
            Err(error) if error.is_of_content() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads all of a creative and compares it with its name.
    ///
    /// # Errors
    /// It is missing or damaged, or cannot be read.
    pub(crate) fn check(&self, digest: Digest, size: u64) -> Result<(), BlobError> {
        self.copy_to(digest, size, &mut io::sink(), "")
    }

    /// Copies a creative to a file that is called `named`, and compares it with its name.
    ///
    /// # Errors
    /// It is missing or damaged, or cannot be read or written.
    pub(crate) fn copy_to(
        &self,
        digest: Digest,
        size: u64,
        to: &mut dyn Write,
        named: &str,
    ) -> Result<(), BlobError> {
        let mut from = self.reader(digest, size)?;
        let place = self.named();
        let copied = copy_counted(&mut from, to).map_err(|error| error.between(&place, named))?;
        if copied == (digest, size) {
            return Ok(());
        }
        let said = match copied.1 {
            bytes if bytes != size => format!("it has {bytes} bytes in place of {size}"),
            _ => "its content is another one".to_owned(),
        };
        Err(BlobError::Damaged {
            digest,
            place,
            said,
        })
    }

    /// Deletes a creative, if it is there.
    ///
    /// # Errors
    /// See [`BlobError`]; it may be there or not then.
    pub(crate) fn remove(&self, digest: Digest) -> Result<(), BlobError> {
        match &self.place {
            Place::Folder(folder) => folder.remove(digest),
            Place::Objects(objects) => objects.remove(digest),
        }
    }

    /// Opens a creative. Whoever reads it compares it with its name.
    ///
    /// # Errors
    /// It is missing, or cannot be read.
    pub(crate) fn reader(
        &self,
        digest: Digest,
        size: u64,
    ) -> Result<Box<dyn Read + '_>, BlobError> {
        match &self.place {
            Place::Folder(folder) => Ok(folder.reader(digest, size)?),
            Place::Objects(objects) => objects.reader(digest, size),
        }
    }

    /// Lists every creative that is there, with its length, in no order.
    ///
    /// # Errors
    /// See [`BlobError`].
    pub(crate) fn list(&self) -> Result<Vec<(Digest, u64)>, BlobError> {
        match &self.place {
            Place::Folder(folder) => folder.list(),
            Place::Objects(objects) => objects.list(),
        }
    }

    /// Where a creative lies as a file, whether or not it is there; `None` when none does.
    pub fn file(&self, digest: Digest) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path(digest)),
            Place::Objects(_) => None,
        }
    }

    /// What the folder or the store is called.
    pub(crate) fn named(&self) -> String {
        match &self.place {
            Place::Folder(folder) => folder.named(),
            Place::Objects(objects) => objects.named(),
        }
    }

    /// Opens a part of a creative that has `size` bytes, for a screen. What goes wrong is counted.
    ///
    /// # Errors
    /// See [`BlobError`]; within a time that a terminal waits.
    pub(crate) async fn read(
        &self,
        digest: Digest,
        size: u64,
        part: Range<u64>,
    ) -> Result<BlobStream, BlobError> {
        let opened = match &self.place {
            Place::Folder(folder) => folder.read(digest, size, part).await,
            Place::Objects(objects) => objects.read(digest, size, part).await,
        };
        opened.inspect_err(|error| self.failed(error))
    }

    /// Counts a creative that did not go out, or not to its end.
    pub(crate) fn failed(&self, error: &BlobError) {
        self.failures.add(error.failure());
    }

    /// How many creatives did not go out, and why.
    pub(crate) fn failure_counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        FAILURES.into_iter().zip(self.failures.counts())
    }

    /// The requests to a store, if there is one.
    pub(crate) fn request_counts(&self) -> Option<&RequestCounts> {
        match &self.place {
            Place::Folder(_) => None,
            Place::Objects(objects) => Some(objects.counts()),
        }
    }
}
