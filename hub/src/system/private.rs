//! Who may read what the hub keeps: its own user alone.
//!
//! Invariant: what is made here is private from its first moment on, and what an older hub made is
//! closed at the next start. Only what a hub makes is touched; whatever else lies in the folder is
//! its owner's business.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use passerby_folder::durable_file::{self, PRIVATE_MODE};
use passerby_folder::regular_file;

/// The mode of folders.
const FOLDER_MODE: u32 = 0o700;
/// What others than the owner may do.
const OTHERS: u32 = 0o077;
/// What a hub makes in its data folder besides the creatives.
const NAMES: [&str; 9] = [
    DATABASE,
    "hub.db-wal",
    "hub.db-shm",
    ELSEWHERE,
    SERVING_LOCK,
    BLOBS_ELSEWHERE,
    KEYS,
    "manifest-keys",
    BLOBS,
];
const DATABASE: &str = "hub.db";
/// What says in a data folder that its database is elsewhere. Without it, a command whose user
/// forgot the address would write into a new file, and nobody would see it.
const ELSEWHERE: &str = "database-elsewhere";
const ELSEWHERE_TEXT: &[u8] =
    b"The database of this hub is one of PostgreSQL: --database, or PASSERBY_HUB_DATABASE.\n";
const KEYS: &str = "keys.json";
/// The folder of the creatives.
pub(crate) const BLOBS: &str = "blobs";
/// What a process that serves a database in the folder holds.
pub(crate) const SERVING_LOCK: &str = "serving.lock";
/// What says in a data folder that its creatives are in a store. Its first line is the address.
const BLOBS_ELSEWHERE: &str = "blobs-elsewhere";
/// Most bytes of that file; an address has 600 at most.
const BLOBS_ELSEWHERE_BYTES_MAX: u64 = 4 << 10;

/// Makes a folder, and those above it, unless it is there. The folders above get the modes that are
/// usual here.
///
/// # Errors
/// It can neither be made nor used.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// Makes a folder in one that is there.
///
/// # Errors
/// There is something of its name, or the file system says no.
pub(crate) fn make_only_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(FOLDER_MODE).create(folder)
}

/// Returns whether a hub has been begun in a folder: its keys or its database are there.
///
/// # Errors
/// The folder cannot be looked into.
pub(crate) fn has_hub(folder: &Path) -> io::Result<bool> {
    Ok(folder.join(KEYS).try_exists()? || folder.join(DATABASE).try_exists()?)
}

/// Returns whether a data folder says that its database is elsewhere.
pub(crate) fn is_database_elsewhere(folder: &Path) -> bool {
    folder.join(ELSEWHERE).exists()
}

/// Has a data folder say that its database is elsewhere.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn set_database_elsewhere(folder: &Path) -> io::Result<()> {
    durable_file::write(&folder.join(ELSEWHERE), PRIVATE_MODE, ELSEWHERE_TEXT)
}

/// Returns the address of the store in which the creatives of a data folder are, if it says so.
///
/// # Errors
/// It cannot be read.
pub(crate) fn blobs_elsewhere(folder: &Path) -> io::Result<Option<String>> {
    let path = folder.join(BLOBS_ELSEWHERE);
    if !path.try_exists()? {
        return Ok(None);
    }
    let bytes = regular_file::read_within(&path, BLOBS_ELSEWHERE_BYTES_MAX);
    let bytes = bytes.map_err(io::Error::other)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().next().map(|line| line.trim().to_owned()))
}

/// Has a data folder say in which store its creatives are.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn set_blobs_elsewhere(folder: &Path, address: &str) -> io::Result<()> {
    let text = format!(
        "{address}\nThe creatives of this hub are there: --blobs, or PASSERBY_HUB_BLOBS.\n"
    );
    durable_file::write(&folder.join(BLOBS_ELSEWHERE), PRIVATE_MODE, text.as_bytes())
}

/// Has a data folder no longer say that its creatives are in a store.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn set_blobs_here(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(BLOBS_ELSEWHERE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => durable_file::sync_names(folder),
    }
}

/// Makes a file without content, unless it is there.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn make_file(file: &Path) -> io::Result<()> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(PRIVATE_MODE)
        .open(file)
        .map(drop)
}

/// Closes a data folder to others, with all that a hub has made in it. What belongs to somebody
/// else stays as it is, and the log says so.
pub(crate) fn close(data: &Path) {
    close_one(data);
    let was_open = is_open(&data.join(BLOBS));
    for name in NAMES {
        close_one(&data.join(name));
    }
    // Nobody gets past a closed folder, so its files need closing only once.
    if was_open {
        close_within(&data.join(BLOBS));
    }
}

fn close_within(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        close_one(&path);
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            close_within(&path);
        }
    }
}

fn close_one(path: &Path) {
    let Ok(meta) = fs::metadata(path) else {
        return;
    };
    let mode = meta.permissions().mode();
    if mode & OTHERS == 0 {
        return;
    }
    if let Err(error) = fs::set_permissions(path, Permissions::from_mode(mode & !OTHERS)) {
        let path = path.display();
        tracing::warn!(
            "{path} is open to other users of this machine and cannot be closed: {error}; its owner runs `chmod go-rwx {path}`"
        );
    }
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & OTHERS != 0)
}
