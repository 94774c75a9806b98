//! What local files hash to, without reading again what has not changed.
//!
//! Invariants: a file is regular, lies in its folder and is streamed, never held in memory; a
//! digest is believed only while size, both dates and inode of its file stay the same.

use std::collections::HashMap;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use passerby_folder::regular_file::{self, FileError};
use passerby_protocol::Digest;
use sha2::Digest as _;

/// Most files that are remembered; all are forgotten when there are more.
const FILES_MAX: usize = 20_000;

/// What a file looked like: inode, size, and both dates to the nanosecond.
type FileStamp = [i64; 6];

/// Digests of files, by path.
#[derive(Debug, Default)]
pub struct Digests {
    known: HashMap<PathBuf, (FileStamp, Digest)>,
}

impl Digests {
    /// Returns what a file of at most `bytes_max` bytes hashes to.
    ///
    /// # Errors
    /// Says what is wrong with the file and what to do.
    pub fn of(&mut self, path: &Path, bytes_max: u64) -> Result<Digest, String> {
        let opened = regular_file::open_within(path).map_err(|error| error.to_string())?;
        let metadata = opened.metadata();
        let size = metadata.len();
        if size > bytes_max {
            return Err(too_large(size, bytes_max));
        }
        let stamp = [
            metadata.ino().cast_signed(),
            size.cast_signed(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
        ];
        if let Some((known, digest)) = self.known.get(path)
            && *known == stamp
        {
            return Ok(*digest);
        }
        let mut file = opened.into_file().take(bytes_max + 1);
        let mut hasher = sha2::Sha256::new();
        let length = hash_into(&mut file, &mut hasher)
            .map_err(|error| format!("it cannot be read ({error}); check the disk"))?;
        if length > bytes_max {
            return Err(too_large(length, bytes_max));
        }
        let digest = Digest(hasher.finalize().into());
        if self.known.len() >= FILES_MAX {
            self.known.clear();
        }
        self.known.insert(path.to_path_buf(), (stamp, digest));
        Ok(digest)
    }
}

fn too_large(bytes: u64, bytes_max: u64) -> String {
    FileError::TooLarge { bytes, bytes_max }.to_string()
}

/// Hashes what is left of a file; returns how many bytes that were.
pub(crate) fn hash_into(file: &mut impl Read, hasher: &mut sha2::Sha256) -> std::io::Result<u64> {
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(total),
            length => {
                hasher.update(&buffer[..length]);
                total += length as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_read_again_and_a_large_one_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.png");
        let mut digests = Digests::default();
        std::fs::write(&path, b"one").expect("writes");
        assert_eq!(digests.of(&path, 10), Ok(Digest::of(b"one")));
        assert_eq!(digests.of(&path, 10), Ok(Digest::of(b"one")));
        // Another file of the same size takes its place.
        std::fs::write(folder.path().join("b"), b"two").expect("writes");
        std::fs::rename(folder.path().join("b"), &path).expect("renames");
        assert_eq!(digests.of(&path, 10), Ok(Digest::of(b"two")));
        let error = digests.of(&path, 2).expect_err("too large");
        assert!(error.contains("3 bytes, more than 2"), "{error}");
        assert!(digests.of(&folder.path().join("gone"), 2).is_err());
    }
}
