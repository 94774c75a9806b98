//! Files that are there whole or not at all: written beside their place, fsynced, then renamed into
//! it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use passerby_protocol::hexadecimal::hex;

use crate::system::random;

/// Writes a file atomically, with the given Unix mode. An existing one is replaced.
///
/// # Errors
/// Whatever the file system says; no half-written file takes the place of a good one.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write_with(path, mode, |file| file.write_all(bytes))
}

/// The same for a file whose content is written piece by piece; when `content` fails, nothing takes
/// its place.
///
/// # Errors
/// Whatever the file system or `content` says.
pub(crate) fn write_with(
    path: &Path,
    mode: u32,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = folder.join(format!(".{}.tmp", hex(&random::bytes::<8>())));
    let written = write_new(&temporary, mode, content).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell; a left-over temporary file harms nobody.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    File::open(folder)?.sync_all()
}

/// Writes a file that must not be there yet, as a whole or not at all.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when it is there; whatever else the file system says.
pub(crate) fn write_once(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = folder.join(format!(".{}.tmp", hex(&random::bytes::<8>())));
    // A rename would replace a file that another process has made meanwhile; a link does not.
    let linked = write_new(&temporary, mode, |file| file.write_all(bytes))
        .and_then(|()| fs::hard_link(&temporary, path));
    // Under its name or in vain: the temporary one has done its work.
    let _ = fs::remove_file(&temporary);
    linked?;
    File::open(folder)?.sync_all()
}

fn write_new(
    path: &Path,
    mode: u32,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    content(&mut file)?;
    file.sync_all()
}
