//! Files that are there whole or not at all, and names that outlast a power cut.
//!
//! A file is written under another name in the folder of its target, synced, renamed onto the
//! target, and then the folder is synced.
//!
//! Invariants, on file systems that keep what fsync(2) and rename(2) promise:
//! - After a power cut, a kill or an error the target holds what it held before, whole, or the new
//!   content, whole. Once a function here returns `Ok`, the new content is on disk under its name.
//! - The file has its mode from its first moment on, less what the umask takes, and never that of
//!   an earlier file.
//! - No link is followed at the last name, neither at the target's, which the rename replaces, nor
//!   at the temporary one, which is random and must not be there yet.
//! - A write that fails removes its temporary file. What a power cut or a kill left behind is
//!   removed by the next write of the same target; that of a write under way stays, since its
//!   writer holds a lock on it.
//! - Several writers of one target do not disturb each other; the last one's content stays.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::regular_file;

/// The mode of what only its owner may read.
pub const PRIVATE_MODE: u32 = 0o600;
/// The mode of what everybody may read whom the umask lets; usually 0644 remains.
pub const SHARED_MODE: u32 = 0o666;

/// How temporary names end: `.NAME.RANDOM.tmp`.
const ENDING: &str = ".tmp";
/// How many random letters they have.
const RANDOM_CHARS: usize = 8;
/// Most names of a folder that are looked at for what was left behind.
const NAMES_MAX: usize = 10_000;
/// How often a temporary file is made anew that somebody has taken for one left behind.
const ATTEMPTS_MAX: usize = 16;

/// Writes a file, in place of an earlier one if there is one.
///
/// # Errors
/// Whatever the file system says; an earlier file is then as it was, unless only the folder could
/// not be synced.
pub fn write(target: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut file = UnfinishedFile::create(target, mode)?;
    file.write_all(bytes)?;
    file.finish()
}

/// Writes a file that only its owner may read, and makes the folders above it that are missing.
///
/// # Errors
/// As [`write()`] and [`make_folder`].
pub fn write_private(target: &Path, bytes: &[u8]) -> io::Result<()> {
    make_folder(folder_of(target))?;
    write(target, PRIVATE_MODE, bytes)
}

/// Writes a file unless there is one of its name, also if that comes meanwhile.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] when there is one; whatever else the file system says.
pub fn write_new(target: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut file = UnfinishedFile::create(target, mode)?;
    file.write_all(bytes)?;
    file.finish_new()
}

/// A file on its way, under its temporary name. Dropped unfinished, it is removed.
#[derive(Debug)]
pub struct UnfinishedFile {
    file: NamedTempFile,
    target: PathBuf,
}

impl UnfinishedFile {
    /// Makes an empty file beside its target, whose folder must be there.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn create(target: &Path, mode: u32) -> io::Result<Self> {
        let folder = folder_of(target);
        let name = target.file_name().ok_or(ErrorKind::IsADirectory)?;
        let mut prefix = OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        remove_leftovers_of(folder, |target| target == name.as_encoded_bytes());
        for _ in 0..ATTEMPTS_MAX {
            let file = Builder::new()
                .prefix(&prefix)
                .rand_bytes(RANDOM_CHARS)
                .suffix(ENDING)
                .make_in(folder, |path| {
                    let mut options = File::options();
                    options.read(true).write(true).create_new(true);
                    options.mode(mode).open(path)
                })?;
            if is_ours(file.as_file())? {
                let target = target.to_owned();
                return Ok(Self { file, target });
            }
        }
        Err(ErrorKind::ResourceBusy.into())
    }

    /// Returns the file, for what is more than writing to it.
    pub fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Returns the temporary name, for those who write to it by name. They must have closed it, and
    /// left it in its place, before it is finished.
    pub fn temporary_path(&self) -> &Path {
        self.file.path()
    }

    /// Brings it to disk and gives it its name, in place of an earlier file if there is one.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn finish(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(&self.target)?;
        sync_names(folder_of(&self.target))
    }

    /// Brings it to disk and gives it its name, unless there is a file of this name.
    ///
    /// # Errors
    /// As [`write_new`].
    pub fn finish_new(self) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist_noclobber(&self.target)?;
        sync_names(folder_of(&self.target))
    }
}

impl Write for UnfinishedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

/// Locks a temporary file that was just made; `false` when another writer, which saw it before it
/// was locked, takes or took it for one left behind.
fn is_ours(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(false),
        // Without locks on this file system nothing that was left behind is removed.
        Err(TryLockError::Error(_)) => Ok(true),
        Ok(()) => Ok(file.metadata()?.nlink() > 0),
    }
}

/// Removes the temporary files of all writes in a folder that were cut off, for folders whose
/// targets may not be written again. None of them is in the way, so what cannot be removed stays.
pub fn remove_leftovers(folder: &Path) {
    remove_leftovers_of(folder, |_| true);
}

fn remove_leftovers_of(folder: &Path, is_meant: impl Fn(&[u8]) -> bool) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.take(NAMES_MAX) {
        let is_leftover = target_of(entry.file_name().as_encoded_bytes()).is_some_and(&is_meant)
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        // The lock is held while the name goes, so that a writer sees either.
        if is_leftover
            && let Ok(left) = regular_file::open_within(&entry.path())
            && let left = left.into_file()
            && left.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The name of the target of a temporary file, `.NAME.RANDOM.tmp`; `None` for any other name.
fn target_of(name: &[u8]) -> Option<&[u8]> {
    let rest = name.strip_prefix(b".")?.strip_suffix(ENDING.as_bytes())?;
    let (target, random) = rest.split_at_checked(rest.len().checked_sub(RANDOM_CHARS)?)?;
    let is_random = random.iter().all(u8::is_ascii_alphanumeric);
    target.strip_suffix(b".").filter(|_| is_random)
}

/// Makes a folder and those above it that are missing, each of them on disk when this returns.
///
/// # Errors
/// The disk fails, or a file is in the way.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && !above.exists())
        .map(Path::to_path_buf)
        .collect();
    fs::create_dir_all(folder)?;
    // From the top, so that no folder is on disk before the one that holds it.
    for made in missing.iter().rev() {
        sync_names(folder_of(made))?;
    }
    Ok(())
}

/// Brings the names in a folder to disk: what was made, renamed or removed in it. Syncing a file
/// itself does not bring its name there.
///
/// # Errors
/// The disk fails.
pub fn sync_names(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Returns the folder in which a path lies; `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    regular_file::folder_of(path)
}

#[cfg(test)]
mod tests;
