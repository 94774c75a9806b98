//! Copies and hashes in one go, a piece at a time.

use std::io::{self, Read, Write};

use passerby_protocol::Digest;
use sha2::Digest as _;

use crate::blobs::error::BlobError;

/// Bytes that are copied at one time.
const CHUNK_BYTES: usize = 64 << 10;

/// On which side a copy failed.
#[derive(Debug)]
pub(super) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

impl CopyError {
    /// Says which of the two names failed. What a store said goes through as it is.
    pub(super) fn between(self, from: &str, to: &str) -> BlobError {
        match self {
            Self::Read(source) => match source.downcast::<BlobError>() {
                Ok(said) => said,
                Err(source) => BlobError::File {
                    what: "read",
                    file: from.to_owned(),
                    source,
                },
            },
            Self::Write(source) => BlobError::File {
                what: "write",
                file: to.to_owned(),
                source,
            },
        }
    }
}

/// Copies what is left of a file and returns what it hashes to, and how many bytes it has.
pub(super) fn copy_counted(
    from: &mut dyn Read,
    to: &mut dyn Write,
) -> Result<(Digest, u64), CopyError> {
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => return Ok((Digest(hasher.finalize().into()), bytes)),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        hasher.update(&buffer[..length]);
        to.write_all(&buffer[..length]).map_err(CopyError::Write)?;
        bytes += length as u64;
    }
}

/// Copies what is left of a file and returns what it hashes to.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn copy_hashed(from: &mut impl Read, to: &mut impl Write) -> io::Result<Digest> {
    match copy_counted(from, to) {
        Ok((digest, _)) => Ok(digest),
        Err(CopyError::Read(error) | CopyError::Write(error)) => Err(error),
    }
}
