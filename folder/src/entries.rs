//! What lies in a folder.
//!
//! Invariant: at most [`ENTRIES_MAX`] names are looked at; the order is the natural one, the same
//! on every machine.

use std::io;
use std::path::{Path, PathBuf};

use passerby_protocol::file_names::{is_system_file, sort_naturally};
use passerby_protocol::foreign;

use crate::regular_file::{self, FileError, Kind};

/// Most names in one folder.
pub(crate) const ENTRIES_MAX: usize = 10_000;
/// Longest name that a file system keeps, in bytes; so many characters of it are told.
const NAME_CHARS_MAX: usize = 255;

/// One name in a folder.
pub(crate) struct FolderEntry {
    /// As it is on disk; what is not UTF-8 in it is replaced.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) what: EntryKind,
}

/// What a name stands for.
pub(crate) enum EntryKind {
    File,
    Folder,
    /// The name is not UTF-8 or has control characters; no campaign can say it, and no log should.
    Unnameable,
    /// Neither file nor folder, or not to be judged.
    Other(FileError),
}

impl FolderEntry {
    /// Where it lies, for people: without what would move a cursor.
    pub(crate) fn shown(&self) -> String {
        match self.path.parent() {
            Some(folder) => folder
                .join(foreign::one_line(&self.name, NAME_CHARS_MAX))
                .display()
                .to_string(),
            None => self.name.clone(),
        }
    }

    pub(crate) const fn is_folder(&self) -> bool {
        matches!(self.what, EntryKind::Folder)
    }
}

/// Lists a folder but for what systems make for themselves.
///
/// # Errors
/// Says what is wrong with the folder and what to do.
pub(crate) fn list(folder: &Path) -> Result<Vec<FolderEntry>, String> {
    let unreadable = |error: io::Error| format!("the folder cannot be read: {error}");
    let mut entries = Vec::new();
    for (count, entry) in std::fs::read_dir(folder).map_err(unreadable)?.enumerate() {
        if count == ENTRIES_MAX {
            return Err(format!(
                "the folder holds more than {ENTRIES_MAX} files; take those out that should not air"
            ));
        }
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let (name, is_utf_8) = match entry.file_name().into_string() {
            Ok(name) => (name, true),
            Err(name) => (name.to_string_lossy().into_owned(), false),
        };
        if is_system_file(&name) {
            continue;
        }
        let what = if is_utf_8 && !name.contains(char::is_control) {
            what_of(&entry, &path)
        } else {
            EntryKind::Unnameable
        };
        entries.push(FolderEntry { name, path, what });
    }
    sort_naturally(&mut entries, |entry| &entry.name);
    Ok(entries)
}

fn what_of(entry: &std::fs::DirEntry, path: &Path) -> EntryKind {
    match entry.file_type() {
        Ok(kind) if kind.is_file() => EntryKind::File,
        Ok(kind) if kind.is_dir() => EntryKind::Folder,
        // Links, and what has to be named.
        _ => match regular_file::kind_within(path) {
            Ok(Kind::File) => EntryKind::File,
            Ok(Kind::Folder) => EntryKind::Folder,
            Err(error) => EntryKind::Other(error),
        },
    }
}
