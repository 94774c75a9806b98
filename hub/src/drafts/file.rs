//! One file that came in: named, looked at from outside, stored.

use std::path::{Path, PathBuf};

use passerby_protocol::content_fault::Told;
use passerby_protocol::limits::TOML_BYTES_MAX;

use crate::Hub;
use crate::blobs::BlobError;
use crate::drafts::names::NameFault;
use crate::store::{ClaimBy, ClaimError, FileClaim, NewFile, QuotaFault, StoreError};

/// Most bytes of one upload with all of its files: 1 GiB.
pub const UPLOAD_BYTES_MAX: u64 = 1 << 30;
/// Most files of one upload.
pub const UPLOAD_FILES_MAX: usize = 100;
/// Longest text of a campaign, in bytes.
pub const TEXT_BYTES_MAX: u64 = TOML_BYTES_MAX;

/// A file that has come and lies on the disk.
#[derive(Debug, Clone)]
pub struct Received {
    /// What its sender calls it.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
}

/// Says why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// Its name.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// The campaign has the same content already.
    #[error("its content is here already, as {0}")]
    Known(String),
    /// What is in it.
    #[error("{0}")]
    Content(Told),
    /// It cannot be stored, and the log says why.
    #[error("the hub cannot store it now; try again later, or tell whoever runs the hub")]
    Blob(#[from] BlobError),
    /// There is no room for it.
    #[error(transparent)]
    Full(QuotaFault),
    /// It is just being deleted.
    #[error("{}", ClaimError::Dropped)]
    Dropped,
    /// The database failed.
    #[error("the hub cannot store it now; try again later, or tell whoever runs the hub")]
    Store(#[from] StoreError),
}

impl From<ClaimError> for FileFault {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Dropped => Self::Dropped,
            ClaimError::Full(fault) => Self::Full(fault),
            ClaimError::Store(error) => Self::Store(error),
        }
    }
}

/// Stores a file of the disk under its digest; it is named in a row within the hour.
///
/// # Errors
/// See [`FileFault`].
pub(crate) fn store(
    hub: &Hub,
    by: ClaimBy,
    path: &Path,
    name: &str,
    now_ms: i64,
) -> Result<NewFile, FileFault> {
    let read = crate::publish::media::read(path, name).map_err(|problems| {
        let first = problems.into_iter().next();
        FileFault::Content(first.map_or_else(
            || "".into(),
            |problem| Told {
                words: problem.message,
                fault: problem.fault,
            },
        ))
    })?;
    let claim = FileClaim {
        digest: read.digest,
        size: read.size,
    };
    hub.store.claim_files(by, &[claim], now_ms)?;
    hub.blobs.put(read.digest, read.size, path)?;
    Ok(NewFile {
        name: name.to_owned(),
        digest: read.digest,
        size: read.size,
        media_type: read.media_type,
    })
}
