//! Reads stored files again, slowly, and finds those that have changed on the disk.
//!
//! Invariants: one file at a time, at most [`BYTES_A_SECOND`]; it reads from the disk, not from
//! what the system remembers of it; the thread that asks only waits.

use std::fs::File;
use std::io::Read;
use std::ops::Bound;
use std::time::Duration;

use passerby_protocol::Digest;
use sha2::Digest as _;

use crate::content::cache::{Cache, Inventory};
use crate::content::digests::hash_into;

/// How fast a file is read. A memory card reads many times as much, and a small board hashes it in
/// a tenth of the time.
pub const BYTES_A_SECOND: u64 = 4 << 20;
/// What is read at one time.
const STEP_BYTES: u64 = 1 << 20;
/// Shortest pause between two files.
const PAUSE_MIN: Duration = Duration::from_millis(200);

/// What came of reading a file again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScrubOutcome {
    /// It still hashes to its name.
    Intact,
    /// It does not.
    Rotten,
    /// It cannot be read.
    Unreadable(String),
    /// It is not there any more.
    Gone,
}

/// Which file is next.
///
/// It goes round by names and begins anywhere, so that a terminal which is switched off every night
/// comes to all files without keeping a record.
#[derive(Debug, Clone)]
pub struct Scrub {
    after: Digest,
    round: Duration,
}

impl Scrub {
    /// Goes through all files once in `round`; `start` is any number.
    pub fn new(round: Duration, start: u64) -> Self {
        let mut after = [0; 32];
        after[..8].copy_from_slice(&start.to_be_bytes());
        Self {
            after: Digest(after),
            round,
        }
    }

    /// How long to wait before the next file.
    pub fn pause(&self, there: &Inventory) -> Duration {
        let files = u32::try_from(there.blobs.len()).unwrap_or(u32::MAX).max(1);
        (self.round / files).max(PAUSE_MIN)
    }

    /// Returns the next file to read. One that is not read to its end waits for the next round.
    pub fn next(&mut self, there: &Inventory) -> Option<Digest> {
        let behind = (Bound::Excluded(self.after), Bound::Unbounded);
        let next = there.blobs.range(behind).next();
        let (&digest, _) = next.or_else(|| there.blobs.iter().next())?;
        self.after = digest;
        Some(digest)
    }
}

/// Reads a file again. Dropping the future ends it.
pub async fn read_again(cache: &Cache, creative: Digest) -> ScrubOutcome {
    let cache = cache.clone();
    let opened = off_thread(move || {
        let file = cache.open(creative)?;
        forget(&file);
        Ok((file, sha2::Sha256::new()))
    });
    let (mut file, mut hasher) = match opened.await {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return ScrubOutcome::Gone,
        Err(error) => return ScrubOutcome::Unreadable(error.to_string()),
    };
    loop {
        let step = off_thread(move || {
            let read = hash_into(&mut Read::by_ref(&mut file).take(STEP_BYTES), &mut hasher)?;
            Ok((file, hasher, read))
        });
        let read;
        (file, hasher, read) = match step.await {
            Ok(stepped) => stepped,
            Err(error) => return ScrubOutcome::Unreadable(error.to_string()),
        };
        if read < STEP_BYTES {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1_000 * STEP_BYTES / BYTES_A_SECOND)).await;
    }
    if Digest(hasher.finalize().into()) == creative {
        ScrubOutcome::Intact
    } else {
        ScrubOutcome::Rotten
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(std::io::Error::other(error)),
    }
}

/// Has the system forget what it remembers of a file, so that the disk is asked.
#[allow(
    unsafe_code,
    reason = "posix_fadvise has no safe wrapper in libc; it touches no memory of ours"
)]
fn forget(file: &File) {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open for the whole call. What the system answers does not matter.
    unsafe {
        libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::cache::Stored;

    fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(work)
    }

    #[test]
    fn every_file_has_its_turn_wherever_it_begins() {
        let mut there = Inventory::default();
        for byte in [1, 7, 9] {
            let stored = Stored {
                size: 1,
                needed_ms: 0,
            };
            there.blobs.insert(Digest([byte; 32]), stored);
        }
        for start in [0, 7 << 56, u64::MAX] {
            let mut scrub = Scrub::new(Duration::from_hours(1), start);
            let mut seen: Vec<_> = (0..3).filter_map(|_| scrub.next(&there)).collect();
            seen.sort_unstable();
            assert_eq!(seen, [1, 7, 9].map(|byte| Digest([byte; 32])));
            assert_eq!(scrub.pause(&there), Duration::from_mins(20));
        }
        let mut scrub = Scrub::new(Duration::ZERO, 3);
        assert_eq!(scrub.next(&Inventory::default()), None);
        assert_eq!(scrub.pause(&there), PAUSE_MIN, "it never runs hot");
    }

    #[test]
    fn a_file_that_changed_on_the_disk_is_found() {
        let folder = tempfile::tempdir().expect("folder");
        let cache = Cache::new(folder.path());
        let bytes = vec![5; 1_500_000];
        let digest = Digest::of(&bytes);
        assert_eq!(run(read_again(&cache, digest)), ScrubOutcome::Gone);
        std::fs::create_dir_all(folder.path().join("cache")).expect("folder");
        std::fs::write(cache.path(digest), &bytes).expect("writes");
        assert_eq!(run(read_again(&cache, digest)), ScrubOutcome::Intact);
        let mut rotten = bytes;
        rotten[1_400_000] ^= 1;
        std::fs::write(cache.path(digest), &rotten).expect("writes");
        assert_eq!(run(read_again(&cache, digest)), ScrubOutcome::Rotten);
        // A link is not read for what it is not.
        std::fs::remove_file(cache.path(digest)).expect("removes");
        std::os::unix::fs::symlink("/etc/hostname", cache.path(digest)).expect("links");
        assert!(matches!(
            run(read_again(&cache, digest)),
            ScrubOutcome::Unreadable(_)
        ));
    }
}
