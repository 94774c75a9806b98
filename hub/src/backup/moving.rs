//! Moves a hub's database from its data folder to PostgreSQL; keys and creatives stay.
//!
//! Invariant: until the move has ended hubs serve from the file, or not at all; afterwards the
//! folder says that its database is elsewhere, and the file has another name, so that nobody goes
//! on with it. A move that is cut off goes on when it is begun again, of the same file and no
//! other.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

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
    let id = |file: &Path| id_of(&key, file).map_err(failed("read", file));
    let (file, moved_file) = (data.join(FILE_NAME), data.join(MOVED_NAME));
    if !file.exists() {
        if moved_file.exists() && Store::is_whole_on_server(address, &id(&moved_file)?)? {
            Store::end_copy(address, &id(&moved_file)?)?;
            return Ok(Moved { tables: Vec::new() });
        }
        return Err(if private::is_database_elsewhere(data) {
            BackupError::AlreadyMoved(named())
        } else {
            BackupError::NoHub(named())
        });
    }
    let id = id(&file)?;
    let tables = if Store::is_moved(data)? {
        if !Store::is_whole_on_server(address, &id)? {
            return Err(BackupError::MovedElsewhere(named()));
        }
        Vec::new()
    } else {
        Store::open_begun(data)?.move_to_server(address, &id, say)?
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

/// Tells by which name a move is known on the server: which hub it is of, and of which file. A copy
/// of the same hub has a file of its own, and may have older rows.
///
/// The name of a file may change, and so does the number of its device from one start of the
/// machine to the next; its own number and the moment at which it was made stay. Not all file
/// systems know the second.
fn id_of(key: &[u8], file: &Path) -> io::Result<String> {
    let meta = fs::metadata(file)?;
    let made = meta.created().ok();
    let made = made.and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    let made_ns = made.map_or(0, |made| made.as_nanos());
    Ok(format!("move {} {} {made_ns}", Digest::of(key), meta.ino()))
}
