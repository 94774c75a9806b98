//! The folder that a terminal writes: ledger, cache, credentials.
//!
//! Invariants: one terminal writes it at a time. A disk that has become read-only, as worn memory
//! cards do, does not make the screen dark: the terminal then keeps its ledger in memory, says so,
//! and plays on with what it has.

use std::fs::{DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};

use passerby_protocol::Digest;

use crate::cli::failure::Failure;

const REMEDY: &str = "give data.dir a folder on a disk that can be written";

/// Names a folder that lives in memory (XDG Base Directory Specification).
pub(super) const MEMORY_VARIABLE: &str = "XDG_RUNTIME_DIR";
/// The folder in memory where none is named.
pub(super) const MEMORY_FOLDER: &str = "/dev/shm";

/// A folder that nobody else writes while this lives.
pub(super) struct DataDir {
    path: PathBuf,
    is_in_memory: bool,
    _lock: File,
}

impl DataDir {
    /// Makes and locks the folder; on a read-only disk, one in memory that starts with what the
    /// folder has.
    ///
    /// # Errors
    /// It cannot be made, or another terminal has it.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        match lock(path) {
            Ok(lock) => Self::locked(path.to_owned(), lock, false),
            Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => {
                let memory = in_memory(path).map_err(|error| cannot_write(path, &error))?;
                tracing::error!(
                    "{}: the disk is read-only; plays are kept in memory and lost at power-off, unless the hub has \
                     them by then; replace the disk, or {REMEDY}",
                    path.display(),
                );
                let lock = lock(&memory).map_err(|error| cannot_write(&memory, &error))?;
                Self::locked(memory, lock, true)
            }
            Err(error) => Err(cannot_write(path, &error)),
        }
    }

    fn locked(path: PathBuf, lock: File, is_in_memory: bool) -> Result<Self, Failure> {
        if lock.try_lock().is_err() {
            return Err(Failure::Start(format!(
                "{}: another terminal is running with this data.dir; stop it, or give this one a data.dir of its own",
                path.display(),
            )));
        }
        Ok(Self {
            path,
            is_in_memory,
            _lock: lock,
        })
    }

    /// Where it really is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of finished frames; none where it would take memory, of which composers by
    /// themselves keep less.
    pub(super) fn frames(&self) -> Option<PathBuf> {
        (!self.is_in_memory).then(|| self.path.join("frames"))
    }
}

fn lock(path: &Path) -> std::io::Result<File> {
    std::fs::create_dir_all(path)?;
    File::create(path.join("lock"))
}

/// Makes a folder that lives until power-off, with the credentials, manifest and pictures of
/// another. Its name depends on the other's only, so a restart goes on with the same ledger.
fn in_memory(original: &Path) -> std::io::Result<PathBuf> {
    let original = std::path::absolute(original)?;
    let base = std::env::var_os(MEMORY_VARIABLE)
        .map_or_else(|| PathBuf::from(MEMORY_FOLDER), PathBuf::from);
    let name = Digest::of(original.as_os_str().as_bytes()).to_string();
    let memory = base.join(format!("passerby-{}", &name[..16]));
    match DirBuilder::new().mode(0o700).create(&memory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Anybody may write to the common folder; credentials go only into one that is this user's own.
    if std::fs::symlink_metadata(&memory)?.uid() != std::fs::metadata("/proc/self")?.uid() {
        return Err(ErrorKind::PermissionDenied.into());
    }
    for name in ["credentials.json", "device.key", "manifest.json"] {
        match std::fs::copy(original.join(name), memory.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match symlink(
        std::path::absolute(original)?.join("cache"),
        memory.join("cache"),
    ) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(memory),
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Start(format!(
        "{}: cannot be written: {error}; {REMEDY}",
        path.display()
    ))
}
