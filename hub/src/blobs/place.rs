//! Where the creatives of a data folder are, and that nobody looks for them elsewhere.
//!
//! Invariant: a folder whose creatives are in a store says so in a file, with the store's address:
//! a command that names none, or another one, is refused, and so publishes nothing that the serving
//! process cannot find.

use std::io;
use std::path::Path;

use crate::blobs::address::{BlobsAddress, BucketAddress};
use crate::blobs::error::BlobError;
use crate::blobs::folder::FolderBlobs;
use crate::blobs::store::Blobs;
use crate::system::private;

/// Says why the creatives of a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// They are in a store, and none was named.
    #[error(
        "the creatives of the data folder {folder} are in {address}; name it with --blobs or in PASSERBY_HUB_BLOBS"
    )]
    NotNamed {
        /// As the user named it.
        folder: String,
        /// The store's.
        address: String,
    },
    /// They are in another store.
    #[error(
        "the creatives of the data folder {folder} are in {address}, not in {named}; name that, or move them with \
         `passerby-hub move-blobs --data {folder} --from {address} --to {named}`"
    )]
    Other {
        /// As the user named it.
        folder: String,
        /// The store's.
        address: String,
        /// What was named.
        named: String,
    },
    /// They are in the folder, and a store was named.
    #[error(
        "the creatives of the data folder {folder} are in {folder}/blobs; leave out --blobs, or move them with \
         `passerby-hub move-blobs --data {folder} --from {folder}/blobs --to {named}`"
    )]
    InFolder {
        /// As the user named it.
        folder: String,
        /// What was named.
        named: String,
    },
    /// The folder cannot be read or written.
    #[error("cannot use the data folder {folder}: {source}")]
    Folder {
        /// As the user named it.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder of creatives, or the store, cannot be used.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// Opens the creatives of a data folder: those in it, or those in the store that is named. A store
/// that is named for the first time must answer.
///
/// # Errors
/// See [`PlaceError`].
pub(crate) fn settle(data: &Path, named: Option<&BucketAddress>) -> Result<Blobs, PlaceError> {
    let folder = || data.display().to_string();
    let unusable = |source| unusable(data, source);
    let marked = marked(data)?;
    let Some(named) = named else {
        return match marked {
            None => Ok(Blobs::open(&BlobsAddress::Folder(own_folder(data)))?),
            Some(address) => Err(PlaceError::NotNamed {
                folder: folder(),
                address,
            }),
        };
    };
    let blobs = Blobs::open(&BlobsAddress::Bucket(named.clone()))?;
    let named = named.to_string();
    match marked {
        Some(address) if address == named => Ok(blobs),
        Some(address) => Err(PlaceError::Other {
            folder: folder(),
            address,
            named,
        }),
        None if FolderBlobs::is_empty(&own_folder(data)).map_err(unusable)? => {
            // A mistyped address would otherwise have to be moved away from.
            blobs.probe()?;
            private::set_blobs_elsewhere(data, &named).map_err(unusable)?;
            Ok(blobs)
        }
        None => Err(PlaceError::InFolder {
            folder: folder(),
            named,
        }),
    }
}

/// Tells whether the creatives of a data folder are at this address, by what the folder says.
///
/// # Errors
/// It cannot be read.
pub(crate) fn is_place(data: &Path, address: &BlobsAddress) -> Result<bool, PlaceError> {
    let marked = marked(data)?;
    Ok(match (address, marked) {
        (BlobsAddress::Folder(folder), None) => is_same(folder, &own_folder(data)),
        (BlobsAddress::Bucket(address), Some(marked)) => address.to_string() == marked,
        (BlobsAddress::Folder(_), Some(_)) | (BlobsAddress::Bucket(_), None) => false,
    })
}

/// Has a data folder say that its creatives are at this address now. Another folder than its own
/// only has a copy of them.
///
/// # Errors
/// It cannot be written.
pub(crate) fn moved(data: &Path, to: &BlobsAddress) -> Result<(), PlaceError> {
    let marking = match to {
        BlobsAddress::Bucket(address) => private::set_blobs_elsewhere(data, &address.to_string()),
        BlobsAddress::Folder(folder) if is_same(folder, &own_folder(data)) => {
            private::set_blobs_here(data)
        }
        BlobsAddress::Folder(_) => Ok(()),
    };
    marking.map_err(|source| unusable(data, source))
}

fn marked(data: &Path) -> Result<Option<String>, PlaceError> {
    private::blobs_elsewhere(data).map_err(|source| unusable(data, source))
}

fn unusable(data: &Path, source: io::Error) -> PlaceError {
    PlaceError::Folder {
        folder: data.display().to_string(),
        source,
    }
}

/// Whether two paths lead to the same folder.
fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Where creatives lie that are in no store.
fn own_folder(data: &Path) -> std::path::PathBuf {
    data.join(private::BLOBS)
}
