//! Reads creatives' files, which anybody may have put where they are.
//!
//! Invariants: those of [`regular_file`]: nothing but a regular file is read, without waiting, no
//! more of it than was asked for, and none to which a link leads out of its folder.

use std::path::Path;

use passerby_folder::regular_file::{self, FileError};
use passerby_folder::text;
use passerby_playout::content::creative::CreativeFile;
use passerby_protocol::Digest;
use passerby_protocol::content_fault::{ContentFault, Told};
use passerby_protocol::limits::TOML_BYTES_MAX;

/// Reads the first `bytes_max` bytes of a file, or all of it if it is shorter. `what` is what
/// should be there.
///
/// # Errors
/// It is missing, may not be read, is no file or is empty, or the disk fails.
pub(crate) fn read_start(path: &Path, bytes_max: u64, what: &str) -> Result<Vec<u8>, Told> {
    let bytes = regular_file::open_within(path)
        .and_then(|file| file.start(bytes_max))
        .map_err(|error| match error {
            FileError::NotRegular(kind) => {
                format!("it is not a file but {kind}; put a {what} there")
            }
            other => other.to_string(),
        })?;
    if bytes.is_empty() {
        return Err(ContentFault::Empty.into());
    }
    Ok(bytes)
}

/// Reads all of a text creative, which must still have the content that it was scheduled with.
///
/// # Errors
/// It cannot be read, is larger than a text creative may be, has changed or is not UTF-8.
pub(crate) fn read_text(file: &CreativeFile) -> Result<String, String> {
    let bytes =
        regular_file::read_within(&file.path, TOML_BYTES_MAX).map_err(|error| error.to_string())?;
    if Digest::of(&bytes) != file.digest {
        return Err("the file changed on disk since it was scheduled; reload the content, or put the old file back".to_owned());
    }
    Ok(text::toml_text(bytes)?)
}
