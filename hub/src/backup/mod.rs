//! Backups of a hub: made while it serves, checked, restored; and the moves of its database to
//! PostgreSQL, and of its creatives to a store.
//!
//! A backup is a folder:
//!
//! ```text
//! backup.json              what it is: format, schema, tables with rows and digests
//! tables/NAME.jsonl.zst    a line that names the columns, then a JSON array a row (zstd)
//! keys/keys.json           the secrets, readable by their owner alone
//! keys/manifest-keys/N.json
//! blobs/ab/abcd…           creatives, each named by its SHA-256, unless they stay in their store
//! SHA256SUMS               the digest of each file above, as sha256sum(1) writes and checks it
//! ```
//!
//! Invariants: the tables are one state that the database had after the backup was begun; each
//! creative that they name is there, or was in the store; the keys are at least as new; a folder
//! that has the backup's name is whole and on disk. Nothing is written where a hub or a backup is
//! already.

mod check;
mod contents;
mod make;
mod moving;
mod moving_blobs;
mod restore;
mod table_file;
mod unfinished_folder;

pub use crate::backup::contents::BackupError;
pub use crate::backup::make::{Creatives, Made, make};
pub use crate::backup::moving::{Moved, move_to_server};
pub use crate::backup::moving_blobs::{MovedBlobs, move_blobs};
pub use crate::backup::restore::{Restored, restore};
