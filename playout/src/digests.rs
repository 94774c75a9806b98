//! What local files hash to, without reading again what has not changed.
//!
//! Invariants: a file is streamed, never held in memory; a digest is believed only while size, both dates and inode of
//! its file stay the same.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use passerby_protocol::Digest;
use sha2::Digest as _;

/// Most files that are remembered; all are forgotten when there are more.
const FILES_MAX: usize = 20_000;

/// What a file looked like: inode, size, and both dates to the nanosecond.
type Stamp = [i64; 6];

/// Digests of files, by path.
#[derive(Debug, Default)]
pub struct Digests {
    known: HashMap<PathBuf, (Stamp, Digest)>,
}

impl Digests {
    /// Returns what a file of at most `bytes_max` bytes hashes to.
    ///
    /// # Errors
    /// Says what is wrong with the file and what to do.
    pub fn of(&mut self, path: &Path, bytes_max: u64) -> Result<Digest, String> {
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        let size = metadata.len();
        if size > bytes_max {
            return Err(format!(
                "it has {size} bytes, more than {bytes_max}; make it smaller"
            ));
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
        let mut file = File::open(path).map_err(unreadable)?.take(bytes_max + 1);
        let mut hasher = sha2::Sha256::new();
        hash_into(&mut file, &mut hasher).map_err(unreadable)?;
        let digest = Digest(hasher.finalize().into());
        if self.known.len() >= FILES_MAX {
            self.known.clear();
        }
        self.known.insert(path.to_path_buf(), (stamp, digest));
        Ok(digest)
    }
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
