//! Keeps the last good picture of each page, on disk if there is a folder for it.
//!
//! Invariants: a file is whole or not there ([`durable_file`]); at most
//! [`FILES_MAX`] files and [`BYTES_MAX`] bytes, the oldest go first; a file's time is when its
//! picture was taken, or 1970 where nobody knew.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use passerby_folder::durable_file::{self, SHARED_MODE, UnfinishedFile};
use passerby_protocol::Digest;

/// Most pictures that are kept.
pub(super) const FILES_MAX: usize = 32;
/// Most bytes that they take on disk.
const BYTES_MAX: u64 = 256 << 20;
/// Most bytes that they take in memory, where there is no folder.
const MEMORY_BYTES_MAX: usize = 64 << 20;
/// Largest picture, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// What a picture is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageKey {
    /// The page file's content.
    pub(super) digest: Digest,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
}

impl PageKey {
    fn file_name(&self) -> String {
        format!("{}-{}x{}.png", self.digest, self.width_px, self.height_px)
    }
}

/// Where pictures are kept.
pub(super) enum PictureStore {
    Folder(PathBuf),
    Memory(Vec<(PageKey, Arc<[u8]>)>),
}

impl PictureStore {
    /// Opens the folder and removes what was left half written.
    pub(super) fn open(folder: Option<PathBuf>) -> Self {
        let Some(folder) = folder else {
            return Self::Memory(Vec::new());
        };
        durable_file::remove_leftovers(&folder);
        Self::Folder(folder)
    }

    /// Tells whether there is a picture, and when it was taken in Unix milliseconds, if that is
    /// known.
    pub(super) fn find(&self, key: &PageKey) -> Option<Option<i64>> {
        match self {
            Self::Memory(pictures) => pictures
                .iter()
                .any(|(known, _)| known == key)
                .then_some(None),
            Self::Folder(folder) => {
                let file = fs::metadata(folder.join(key.file_name())).ok()?;
                let taken_ms = file
                    .modified()
                    .ok()
                    .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                    .and_then(|since| i64::try_from(since.as_millis()).ok())
                    .filter(|since| *since > 0);
                (file.is_file() && file.len() > 0).then_some(taken_ms)
            }
        }
    }

    /// Reads a picture.
    pub(super) fn read(&self, key: &PageKey) -> io::Result<Arc<[u8]>> {
        match self {
            Self::Memory(pictures) => pictures
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, png)| Arc::clone(png))
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
            Self::Folder(folder) => {
                let mut png = Vec::new();
                File::open(folder.join(key.file_name()))?
                    .take(FILE_BYTES_MAX)
                    .read_to_end(&mut png)?;
                Ok(png.into())
            }
        }
    }

    /// Keeps a picture in place of an earlier one, and makes room for it.
    pub(super) fn put(
        &mut self,
        key: &PageKey,
        png: &[u8],
        taken_ms: Option<i64>,
    ) -> io::Result<()> {
        if png.len() as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other("the picture is larger than 64 MiB"));
        }
        match self {
            Self::Memory(pictures) => {
                pictures.retain(|(known, _)| known != key);
                pictures.push((key.clone(), png.into()));
                let bytes = |pictures: &[(PageKey, Arc<[u8]>)]| {
                    pictures.iter().map(|(_, png)| png.len()).sum::<usize>()
                };
                while pictures.len() > 1
                    && (pictures.len() > FILES_MAX || bytes(pictures) > MEMORY_BYTES_MAX)
                {
                    pictures.remove(0);
                }
                Ok(())
            }
            Self::Folder(folder) => {
                fs::create_dir_all(&*folder)?;
                let name = key.file_name();
                make_room(folder, &name, png.len() as u64);
                write_whole(folder, &name, png, taken_ms)
            }
        }
    }

    /// Forgets a picture that turned out to be damaged.
    pub(super) fn forget(&mut self, key: &PageKey) {
        match self {
            Self::Memory(pictures) => pictures.retain(|(known, _)| known != key),
            Self::Folder(folder) => {
                // What stays is overwritten by the next picture.
                let _ = fs::remove_file(folder.join(key.file_name()));
            }
        }
    }
}

fn write_whole(folder: &Path, name: &str, png: &[u8], taken_ms: Option<i64>) -> io::Result<()> {
    let taken = taken_ms
        .and_then(|ms| u64::try_from(ms).ok())
        .and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms)))
        .unwrap_or(UNIX_EPOCH);
    let mut file = UnfinishedFile::create(&folder.join(name), SHARED_MODE)?;
    file.write_all(png)?;
    file.file().set_modified(taken)?;
    file.finish()
}

/// Removes the oldest pictures until another one fits.
fn make_room(folder: &Path, name: &str, bytes: u64) {
    let mut files: Vec<(SystemTime, u64, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name() != name && is_ours(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| {
            let file = entry.metadata().ok()?;
            Some((file.modified().ok()?, file.len(), entry.path()))
        })
        .collect();
    files.sort();
    let mut total = bytes + files.iter().map(|(_, bytes, _)| bytes).sum::<u64>();
    let mut count = files.len() + 1;
    for (_, bytes, path) in files {
        if count <= FILES_MAX && total <= BYTES_MAX {
            return;
        }
        if fs::remove_file(path).is_ok() {
            count -= 1;
            total -= bytes;
        }
    }
}

/// Tells our pictures from what else somebody put into the folder.
fn is_ours(name: &str) -> bool {
    name.strip_suffix(".png")
        .and_then(|name| name.split_once('-'))
        .is_some_and(|(digest, size)| digest.parse::<Digest>().is_ok() && size.contains('x'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> PageKey {
        PageKey {
            digest: Digest::of(&number.to_le_bytes()),
            width_px: 640,
            height_px: 360,
        }
    }

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).expect("folder").count()
    }

    #[test]
    fn pictures_outlive_the_shelf_and_know_their_time() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("new/snapshots");
        let mut store = PictureStore::open(Some(path.clone()));
        assert_eq!(store.find(&key(1)), None);
        store
            .put(&key(1), b"one", Some(1_700_000_000_123))
            .expect("kept");
        store.put(&key(2), b"two", None).expect("kept");
        fs::write(path.join(".left.png.aB3dE6gH.tmp"), b"half").expect("written");
        let store = PictureStore::open(Some(path.clone()));
        assert_eq!(store.find(&key(1)), Some(Some(1_700_000_000_123)));
        assert_eq!(store.find(&key(2)), Some(None));
        assert_eq!(&*store.read(&key(1)).expect("read"), b"one");
        assert_eq!(names(&path), 2, "what was half written is gone");
    }

    #[test]
    fn the_oldest_go_first_and_strangers_stay() {
        let folder = tempfile::tempdir().expect("folder");
        let mut store = PictureStore::open(Some(folder.path().into()));
        fs::write(folder.path().join("holiday.png"), b"mine").expect("written");
        let last = u32::try_from(FILES_MAX).expect("few") + 4;
        for number in 0..=last {
            let taken_ms = 1_700_000_000_000 + i64::from(number);
            store
                .put(&key(number), b"picture", Some(taken_ms))
                .expect("kept");
        }
        assert_eq!(names(folder.path()), FILES_MAX + 1);
        assert!(store.find(&key(0)).is_none() && store.find(&key(last)).is_some());
        // Taken at an unknown time, but just now.
        store.put(&key(99), b"picture", None).expect("kept");
        assert!(store.find(&key(99)).is_some());
    }

    #[test]
    fn memory_is_bounded_too() {
        let mut store = PictureStore::open(None);
        let large = vec![0; MEMORY_BYTES_MAX / 2 + 1];
        store.put(&key(1), &large, None).expect("kept");
        store.put(&key(2), &large, None).expect("kept");
        assert!(store.find(&key(1)).is_none() && store.find(&key(2)).is_some());
        store.forget(&key(2));
        assert!(store.read(&key(2)).is_err());
    }
}
