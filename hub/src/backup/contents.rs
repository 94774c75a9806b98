//! What is in a backup, and why there is none.

use std::io;
use std::path::Path;

use passerby_protocol::Digest;
use serde::{Deserialize, Serialize};

use crate::blobs::{BlobError, PlaceError};
use crate::hub::OpenError;
use crate::keys::KeysError;
use crate::store::migrations::Steps;
use crate::store::{DatabaseError, StoreError};

/// The newest form that this version reads.
pub(super) const FORMAT_MAX: u32 = 2;
/// The form of a backup that has its creatives.
pub(super) const FORMAT_WHOLE: u32 = 1;
/// The form of one whose creatives stay in their store, which version 1 would restore without them.
pub(super) const FORMAT_WITHOUT_CREATIVES: u32 = 2;
/// What says what a backup is.
pub(super) const DESCRIPTION: &str = "backup.json";
/// What has the digests of all other files.
pub(super) const SUMS: &str = "SHA256SUMS";
/// The folder of the tables.
pub(super) const TABLES_FOLDER: &str = "tables";
/// The folder of the keys.
pub(super) const KEYS_FOLDER: &str = "keys";
/// The folder of the creatives, as in a data folder.
pub(super) const BLOBS_FOLDER: &str = "blobs";
/// Most problems that are listed.
pub(super) const PROBLEMS_MAX: usize = 100;

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Description {
    /// The form.
    pub(super) format: u32,
    /// The version of the hub that made it.
    pub(super) version: String,
    /// When it was begun.
    pub(super) made_ms: i64,
    /// How many steps of the schema that hub knew.
    pub(super) steps: Steps,
    /// In an order in which none refers to a later one.
    pub(super) tables: Vec<TableDescription>,
    /// The creatives that are not in it, with their lengths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left_out: Vec<(Digest, u64)>,
}

/// One table of a backup.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TableDescription {
    /// Its name.
    pub(super) name: String,
    /// How many rows it has.
    pub(super) rows: u64,
    /// The digest of the lines of its rows.
    pub(super) digest: Digest,
}

impl Description {
    /// How many rows a table has.
    pub(super) fn rows(&self, table: &str) -> u64 {
        let found = self.tables.iter().find(|known| known.name == table);
        found.map_or(0, |table| table.rows)
    }
}

/// The path of a table's file in a backup.
pub(super) fn table_path(name: &str) -> String {
    format!("{TABLES_FOLDER}/{name}.jsonl.zst")
}

/// Says why there is no backup, or none that was restored, or why a database was not moved.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder of ours cannot be written or read.
    #[error("cannot {what} {file}: {source}")]
    File {
        /// What was to be done.
        what: &'static str,
        /// The file or folder.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is something where a backup is to be.
    #[error("{0} exists; name a folder that does not")]
    Exists(String),
    /// There is something where a hub is to be restored to.
    #[error("{0} is not empty; name a folder that does not exist, or an empty one")]
    NotEmpty(String),
    /// Another command is at it.
    #[error("another command is at work on {0}; wait until it has ended")]
    Contended(String),
    /// It is none.
    #[error("{0} is no backup: there is no {SUMS} in it")]
    NotABackup(String),
    /// Files are missing or damaged.
    #[error("{}", .0.join("\n"))]
    Damaged(Vec<String>),
    /// A newer hub made it.
    #[error(
        "a newer hub, version {0}, made this backup; restore it with that version or a newer one"
    )]
    Newer(String),
    /// Nobody has begun a hub there.
    #[error("{0}: there is no hub in this folder")]
    NoHub(String),
    /// A folder goes with a database of PostgreSQL already.
    #[error("the database of {0} is one of PostgreSQL already")]
    AlreadyMoved(String),
    /// The folder goes with another database of PostgreSQL.
    #[error("the database of {0} was moved to another database than the one that is named")]
    MovedElsewhere(String),
    /// Somebody reads from the file.
    #[error("somebody reads from {0} for too long; stop the hub and run the same command again")]
    FileInUse(String),
    /// It has no creatives, and no store was named that has them.
    #[error(
        "{0} was made without its creatives; name the store that has them with --blobs or in PASSERBY_HUB_BLOBS"
    )]
    NoCreatives(String),
    /// There is no store that would keep them.
    #[error(
        "the creatives are in the data folder; leave out --without-creatives, which is for those in a store (--blobs)"
    )]
    CreativesInFolder,
    /// A move from a place to the same.
    #[error("{0} is named twice; name two different places")]
    SamePlace(String),
    /// There is no folder to move creatives from.
    #[error(
        "{0}: there is no such folder; name that of the creatives with --from, such as hub-data/blobs"
    )]
    NoBlobsFolder(String),
    /// The place of a folder's creatives cannot be told or changed.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Creatives cannot be stored or read.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The hub's folder or database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The keys are of no use.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for BackupError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

/// Says of an error of the file system what was done to which file.
pub(super) fn failed(
    what: &'static str,
    file: &Path,
) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let file = file.display().to_string();
    move |source| BackupError::File { what, file, source }
}
