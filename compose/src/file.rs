//! Reads creatives' files, which anybody may have put where they are.
//!
//! Invariants: never more than was asked for is read; nothing is waited for, so a pipe is refused; each refusal says what
//! to do.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Reads the first `bytes_max` bytes of a file, or all of it if it is shorter. `what` is what should be there.
///
/// # Errors
/// It is missing, may not be read, is no file or is empty, or the disk fails.
pub(crate) fn read_start(path: &Path, bytes_max: u64, what: &str) -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => "the file is missing; put it back".to_owned(),
        ErrorKind::PermissionDenied => {
            "the terminal may not read it; allow that with chmod a+r".to_owned()
        }
        _ => format!("it cannot be read ({error}); check the disk"),
    };
    // Opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(format!("it is not a file; put a {what} there"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unreadable)?
        .take(bytes_max)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.is_empty() {
        return Err("the file is empty; copy it again".to_owned());
    }
    Ok(bytes)
}
