//! A folder on its way, beside its place, which it takes at the end.
//!
//! Invariants: a folder that has its name is whole and on disk; what a kill left behind is removed
//! by the next command that makes a folder of the same name, and by no command while another is at
//! it; one that is given up is removed.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use passerby_folder::durable_file;

use crate::backup::contents::{BackupError, failed};
use crate::system::private;

/// Such a folder.
pub(super) struct UnfinishedFolder {
    target: PathBuf,
    folder: PathBuf,
    /// Holds the lock on the folder.
    _lock: File,
    is_finished: bool,
}

impl UnfinishedFolder {
    /// Makes an empty, private folder beside `target`, whose own folder must be there.
    ///
    /// # Errors
    /// Another command makes the same, or the file system says no.
    pub(super) fn create(target: &Path) -> Result<Self, BackupError> {
        let mut name = OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(".unfinished");
        let folder = durable_file::folder_of(target).join(name);
        let failed = || failed("make the folder", &folder);
        if folder.exists() {
            let _lock = lock(&folder, target)?;
            fs::remove_dir_all(&folder).map_err(failed())?;
        }
        private::make_only_folder(&folder).map_err(failed())?;
        let lock = lock(&folder, target)?;
        Ok(Self {
            target: target.to_path_buf(),
            folder,
            _lock: lock,
            is_finished: false,
        })
    }

    /// Where it is for now.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Brings all names in it to disk and gives it its name, in place of an empty folder if there
    /// is one. Its files must be on disk.
    ///
    /// # Errors
    /// The file system says no.
    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        sync_folders(&self.folder).map_err(failed("sync", &self.folder))?;
        fs::rename(&self.folder, &self.target).map_err(failed("name", &self.target))?;
        self.is_finished = true;
        let above = durable_file::folder_of(&self.target);
        durable_file::sync_names(above).map_err(failed("sync", above))
    }
}

impl Drop for UnfinishedFolder {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed now the next command removes.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn lock(folder: &Path, target: &Path) -> Result<File, BackupError> {
    let opened = File::open(folder).map_err(failed("open", folder))?;
    match opened.try_lock() {
        Err(TryLockError::WouldBlock) => Err(BackupError::Contended(target.display().to_string())),
        // Without locks on this file system two commands at one time disturb each other.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(opened),
    }
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    durable_file::sync_names(folder)
}
