//! Opens regular files, which anybody may have put where they are.
//!
//! Invariants: nothing is waited for and nothing but a regular file is opened for reading, so a
//! pipe, a device or a folder is refused; never more than was asked for is read; [`open_within`]
//! follows no link out of the file's folder.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// For reading: a pipe without a writer is opened at once, and no terminal becomes that of this
/// process.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
/// For asking what something is: nothing happens to it.
const LOOK: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
/// How often the kernel is asked again when something was renamed while it looked.
const TRIES_MAX: usize = 4;

/// Says why something is not read as a file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Nothing has that name.
    #[error("the file is missing; put it back")]
    Missing,
    /// A link to nothing.
    #[error("it is a link to a file that is missing; put the file itself there")]
    BrokenLink,
    /// This process has no right to read it.
    #[error("it may not be read; allow that with chmod a+r")]
    NotAllowed,
    /// Something else has that name.
    #[error("it is not a file but {0}; put a file there")]
    NotRegular(&'static str),
    /// A link that would be followed out of the folder.
    #[error("it is a link that leads out of its folder; put the file itself there")]
    LeadsOut,
    /// A link to the folder in which it lies.
    #[error(
        "it is a link to the folder in which it lies; take it away, or put the file itself there"
    )]
    OwnFolder,
    /// Larger than its kind may be.
    #[error("it has {bytes} bytes, more than {bytes_max}; make it smaller")]
    TooLarge {
        /// How many there are.
        bytes: u64,
        /// How many there may be.
        bytes_max: u64,
    },
    /// The disk fails to give it.
    #[error("it cannot be read ({0}); check the disk")]
    Disk(io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::NOTDIR) => Self::Missing,
            Some(Errno::ACCESS | Errno::PERM) => Self::NotAllowed,
            Some(Errno::XDEV) => Self::LeadsOut,
            Some(Errno::NXIO) => Self::NotRegular("a socket"),
            Some(Errno::LOOP) => Self::BrokenLink,
            _ if error.kind() == ErrorKind::NotFound => Self::Missing,
            _ => Self::Disk(error),
        }
    }
}

impl From<Errno> for FileError {
    fn from(error: Errno) -> Self {
        io::Error::from(error).into()
    }
}

/// A regular file that is open for reading, and what it was when it was opened.
#[derive(Debug)]
pub struct RegularFile {
    file: File,
    metadata: Metadata,
}

impl RegularFile {
    /// What it was when it was opened.
    pub const fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The file, at its beginning.
    pub fn into_file(self) -> File {
        self.file
    }

    /// Reads all of it, at most `bytes_max` bytes.
    ///
    /// # Errors
    /// It is larger, or the disk fails.
    pub fn read(self, bytes_max: u64) -> Result<Vec<u8>, FileError> {
        let too_large = |bytes| FileError::TooLarge { bytes, bytes_max };
        if self.metadata.len() > bytes_max {
            return Err(too_large(self.metadata.len()));
        }
        let bytes = self.start(bytes_max.saturating_add(1))?;
        // It may grow while it is read.
        match bytes.len() as u64 {
            length if length > bytes_max => Err(too_large(length)),
            _ => Ok(bytes),
        }
    }

    /// Reads its first `bytes_max` bytes, or all of it if it is shorter.
    ///
    /// # Errors
    /// The disk fails.
    pub fn start(self, bytes_max: u64) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        self.file.take(bytes_max).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Opens a file in the folder that its path names. That folder may be reached through links; the
/// file itself may be a link that stays in the folder.
///
/// # Errors
/// See [`FileError`].
pub fn open_within(path: &Path) -> Result<RegularFile, FileError> {
    // Opening alone may change a device, so it is asked first what it is.
    regular(&look_within(path)?)?;
    of_open(within(path, READ)?)
}

/// The same for a file that was named by the operator, wherever links lead.
///
/// # Errors
/// See [`FileError`].
pub fn open_anywhere(path: &Path) -> Result<RegularFile, FileError> {
    regular(&std::fs::metadata(path)?)?;
    of_open(File::from(rustix::fs::open(path, READ, Mode::empty())?))
}

/// Reads a whole file in the folder that its path names, at most `bytes_max` bytes.
///
/// # Errors
/// See [`FileError`].
pub fn read_within(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    open_within(path)?.read(bytes_max)
}

/// What a name in a folder stands for, judged without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
}

/// Tells what something in the folder that its path names is, links within that folder followed.
///
/// # Errors
/// It is neither file nor folder, or a link leads out or nowhere.
pub(crate) fn kind_within(path: &Path) -> Result<Kind, FileError> {
    let metadata = look_within(path)?;
    if metadata.is_dir() {
        return Ok(Kind::Folder);
    }
    regular(&metadata)?;
    Ok(Kind::File)
}

fn look_within(path: &Path) -> Result<Metadata, FileError> {
    if leads_to_own_folder(path) {
        return Err(FileError::OwnFolder);
    }
    match within(path, LOOK) {
        Err(FileError::Missing) if is_link(path) => Err(FileError::BrokenLink),
        found => Ok(found?.metadata()?),
    }
}

/// Opens what lies in the folder that its path names, links within that folder followed.
fn within(path: &Path, flags: OFlags) -> Result<File, FileError> {
    let name = path.file_name().ok_or(FileError::NotRegular("a folder"))?;
    let folder = folder_of(path);
    match beneath(folder, Path::new(name), flags) {
        // A link that names its target from the root of the disk may still stay in the folder.
        Err(Errno::XDEV) => {
            let inside = inside(folder, path).ok_or(FileError::LeadsOut)?;
            Ok(beneath(folder, &inside, flags)?)
        }
        // A kernel before 5.6, or one that a container forbids to do this.
        Err(Errno::NOSYS | Errno::PERM) => {
            let inside = inside(folder, path).ok_or(if path.exists() {
                FileError::LeadsOut
            } else {
                FileError::Missing
            })?;
            let real = folder.canonicalize()?.join(inside);
            let opened = rustix::fs::open(real, flags | OFlags::NOFOLLOW, Mode::empty())?;
            Ok(File::from(opened))
        }
        opened => Ok(opened?),
    }
}

/// Lets the kernel open a name beneath a folder (openat2(2), `RESOLVE_BENEATH`).
fn beneath(folder: &Path, name: &Path, flags: OFlags) -> Result<File, Errno> {
    let dir = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = rustix::fs::openat(CWD, folder, dir, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let mut opened = Err(Errno::AGAIN);
    for _ in 0..TRIES_MAX {
        opened = rustix::fs::openat2(&dir, name, flags, Mode::empty(), resolve);
        if !matches!(opened, Err(Errno::AGAIN)) {
            break;
        }
    }
    opened.map(File::from)
}

/// Where in `folder` a path ends up, if it does.
fn inside(folder: &Path, path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    let inside = real.strip_prefix(folder.canonicalize().ok()?).ok()?;
    Some(inside.to_owned())
}

/// Whether something is a link to the folder in which it lies.
fn leads_to_own_folder(path: &Path) -> bool {
    is_link(path)
        && path
            .metadata()
            .ok()
            .zip(folder_of(path).metadata().ok())
            .is_some_and(|(it, folder)| (it.dev(), it.ino()) == (folder.dev(), folder.ino()))
}

/// The folder in which a path lies; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_symlink())
}

fn of_open(file: File) -> Result<RegularFile, FileError> {
    let metadata = file.metadata()?;
    regular(&metadata)?;
    Ok(RegularFile { file, metadata })
}

fn regular(metadata: &Metadata) -> Result<(), FileError> {
    if metadata.is_file() {
        Ok(())
    } else {
        Err(FileError::NotRegular(word_for(metadata)))
    }
}

fn word_for(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        "something else"
    }
}

#[cfg(test)]
mod tests;
