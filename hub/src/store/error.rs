//! Why the database did not do as asked.

use crate::database::DatabaseError;

/// Says why the database did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Disk, network, lock or damage.
    #[error("the database failed: {0}")]
    Database(#[from] DatabaseError),
    /// Made by a later version of the hub.
    #[error("the database has version {found}, and this hub knows {known}; use the newer hub")]
    Newer {
        /// Its version.
        found: i64,
        /// Ours.
        known: usize,
    },
    /// A campaign in the database is not JSON of this form.
    #[error("the database holds a campaign that cannot be read: {0}")]
    Campaign(#[from] serde_json::Error),
    /// What was asked for is not there, or whoever asks has nothing to do with it.
    #[error("there is no such screen or campaign, or it is in no group that you have to do with")]
    OutOfScope,
    /// The database was moved to PostgreSQL.
    #[error(
        "the database {0} was moved to PostgreSQL; name that one with --database or in PASSERBY_HUB_DATABASE. If `passerby-hub move` did not end, run it again first"
    )]
    Moved(String),
    /// A hub has lived that had its tables elsewhere, or here before they were lost.
    #[error(
        "the database {0} is empty or missing, and the data folder has the keys of a hub that had one; restore a backup into a new folder, name the right database with --database or in PASSERBY_HUB_DATABASE, or begin a new hub in an empty folder"
    )]
    NotBegun(String),
    /// A restore or a move into the database was begun.
    #[error(
        "a restore or a move into this database was begun and has not ended; run the same command again"
    )]
    UnfinishedCopy,
    /// Another restore or move into the database was begun.
    #[error(
        "another restore or move into this database was begun and has not ended; run that one again, or name an empty database"
    )]
    OtherCopy,
    /// There is a hub where something is to be copied to.
    #[error("there is a hub in this database already; name an empty one")]
    HasHub,
    /// There is something else where a hub is to be copied to.
    #[error("the database is not empty: it has the table {0}; name an empty one")]
    NotEmpty(String),
    /// What was copied is not what it was copied from.
    #[error(
        "the copy of the table {table} has {copied} rows, and {rows} were to be copied, or some of them differ; the file is used as before. Empty the database and begin again; if this comes again, tell us"
    )]
    CopyDiffers {
        /// Its name.
        table: &'static str,
        /// Rows that were to be copied.
        rows: u64,
        /// Rows that are there.
        copied: u64,
    },
    /// The database can be neither opened nor made.
    #[error(
        "cannot open the database {file}, or make it: {source}; let the user that runs the hub read and write that file and its folder"
    )]
    File {
        /// Where it would be.
        file: String,
        /// Why not.
        source: std::io::Error,
    },
}

/// The result of most methods of [`crate::store::Store`].
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
