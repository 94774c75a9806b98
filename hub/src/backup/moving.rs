//! Moves a hub's database from its data folder to PostgreSQL; keys and creatives stay.
//!
//! Invariant: until the move has ended hubs serve from the file, or not at all; afterwards the
//! folder says that its database is elsewhere, and the file has another name, so that nobody goes
//! on with it. A move that is cut off goes on when it is begun again.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use passerby_folder::durable_file;
use passerby_protocol::Digest;
use serde::Serialize;

use crate::backup::contents::{BackupError, failed};
use crate::keys;
use crate::store::{FILE_NAME, MovedTable, Store};
use crate::system::private;

/// What the file is called afterwards.
const MOVED_NAME: &str = "hub.db.moved";

/// What a move came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Each table; none when an earlier command had moved them all and only the rest was left.
    pub tables: Vec<MovedTable>,
}

/// Moves the database of a data folder to the empty one with this address. `say` is told how far it
/// is.
///
/// # Errors
/// See [`BackupError`]; the same call goes on with it then.
pub fn move_to_server(
    data: &Path,
    address: &str,
    say: &mut dyn FnMut(&str),
) -> Result<Moved, BackupError> {
    let named = || data.display().to_string();
    let keys = keys::files(data).map_err(|_| BackupError::NoHub(named()))?;
    let key_file = data.join(&keys[0]);
    let lock = File::open(&key_file).map_err(failed("open", &key_file))?;
    if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(BackupError::Contended(named()));
    }
    let key = fs::read(&key_file).map_err(failed("read", &key_file))?;
    // It tells which hub this is, and nothing else.
    let id = format!("move {}", Digest::of(&key));
    let (file, moved_file) = (data.join(FILE_NAME), data.join(MOVED_NAME));
    if !file.exists() {
        if moved_file.exists() && Store::is_whole_on_server(address, &id)? {
            Store::end_copy(address, &id)?;
            return Ok(Moved { tables: Vec::new() });
        }
        return Err(if private::is_database_elsewhere(data) {
            BackupError::AlreadyMoved(named())
        } else {
            BackupError::NoHub(named())
        });
    }
    let tables = if Store::is_moved(data)? {
        if !Store::is_whole_on_server(address, &id)? {
            return Err(BackupError::MovedElsewhere(named()));
        }
        Vec::new()
    } else {
        Store::open(data)?.move_to_server(address, &id, say)?
    };
    if !Store::put_into_one_file(data)? {
        return Err(BackupError::FileInUse(file.display().to_string()));
    }
    private::set_database_elsewhere(data).map_err(failed("write to", data))?;
    fs::rename(&file, &moved_file).map_err(failed("rename", &file))?;
    durable_file::sync_names(data).map_err(failed("sync", data))?;
    Store::end_copy(address, &id)?;
    Ok(Moved { tables })
}
