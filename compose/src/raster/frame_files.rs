//! Keeps finished frames without their codes in files: a frame takes as much memory as all the rest
//! of a terminal without a GPU does, and is read in a few milliseconds.
//!
//! Invariants:
//! - At most [`FILES_MAX`] frames and [`FILES_BYTES_MAX`] bytes, and what the disk must keep free
//!   stays free.
//! - A frame that does not come back as it was written is forgotten, and drawn anew.
//! - Nothing is written over and over: a frame gives way to another only when nobody has asked for
//!   it for [`UNUSED_MIN`].
//! - Files of an earlier run are removed: nobody knows what they were drawn with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use passerby_playout::content::cache::Space;
use simd_adler32::adler32;

use crate::raster::canvas::Canvas;

/// Most frames that are kept in files.
pub(crate) const FILES_MAX: usize = 64;
/// Most bytes of files.
pub(crate) const FILES_BYTES_MAX: u64 = 256 << 20;
/// How long nobody must have asked for a frame that gives way to another.
const UNUSED_MIN: Duration = Duration::from_secs(6 * 3_600);

/// Frames in files, and what else is known of each.
pub(crate) struct FrameFiles<K, R> {
    folder: PathBuf,
    files: Vec<FrameFile<K, R>>,
    written: u64,
}

struct FrameFile<K, R> {
    key: K,
    rest: R,
    path: PathBuf,
    size_px: (u32, u32),
    bytes: u64,
    checksum: u32,
    used: Instant,
}

impl<K: PartialEq, R: Clone> FrameFiles<K, R> {
    /// Begins with an empty folder; none where nothing can be written.
    pub(crate) fn open(folder: &Path) -> Option<Self> {
        match emptied(folder) {
            Ok(()) => Some(Self {
                folder: folder.to_owned(),
                files: Vec::new(),
                written: 0,
            }),
            Err(error) => {
                tracing::info!(
                    "{}: frames are kept in memory, and fewer of them: {error}",
                    folder.display()
                );
                None
            }
        }
    }

    /// Reads a frame.
    pub(crate) fn get(&mut self, key: &K, now: Instant) -> Option<(Canvas, R)> {
        let at = self.files.iter().position(|file| file.key == *key)?;
        let file = &mut self.files[at];
        let rgba = fs::read(&file.path).unwrap_or_default();
        if rgba.len() as u64 != file.bytes || adler32(&rgba.as_slice()) != file.checksum {
            self.remove(at);
            return None;
        }
        file.used = now;
        let (width, height) = file.size_px;
        let canvas = Canvas {
            width,
            height,
            rgba,
        };
        Some((canvas, file.rest.clone()))
    }

    /// Writes a frame; tells whether it is kept.
    pub(crate) fn put(&mut self, key: K, canvas: &Canvas, rest: &R, now: Instant) -> bool {
        if let Some(at) = self.files.iter().position(|file| file.key == key) {
            self.remove(at);
        }
        let bytes = canvas.rgba.len() as u64;
        if !self.makes_room(bytes, now) {
            return false;
        }
        self.written += 1;
        let path = self.folder.join(self.written.to_string());
        if fs::write(&path, &canvas.rgba).is_err() {
            // A disk that is full or fails costs what a repeat saves, and no more.
            let _ = fs::remove_file(&path);
            return false;
        }
        self.files.push(FrameFile {
            key,
            rest: rest.clone(),
            path,
            size_px: (canvas.width, canvas.height),
            bytes,
            checksum: adler32(&canvas.rgba.as_slice()),
            used: now,
        });
        true
    }

    /// Has frames that nobody asked for give way, the oldest first, until there is room.
    fn makes_room(&mut self, bytes: u64, now: Instant) -> bool {
        let is_free = Space::of(&self.folder)
            .is_none_or(|space| space.free_bytes >= space.floor_bytes().saturating_add(bytes));
        if !is_free || bytes > FILES_BYTES_MAX {
            return false;
        }
        loop {
            let kept: u64 = self.files.iter().map(|file| file.bytes).sum();
            if kept + bytes <= FILES_BYTES_MAX && self.files.len() < FILES_MAX {
                return true;
            }
            let oldest = (0..self.files.len()).min_by_key(|at| self.files[*at].used);
            let gives_way = oldest
                .filter(|at| now.saturating_duration_since(self.files[*at].used) >= UNUSED_MIN);
            let Some(at) = gives_way else {
                return false;
            };
            self.remove(at);
        }
    }

    fn remove(&mut self, at: usize) {
        let file = self.files.swap_remove(at);
        // What stays behind goes with the next start.
        let _ = fs::remove_file(file.path);
    }
}

/// Makes a folder, or takes the frames of an earlier run out of it.
fn emptied(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for file in fs::read_dir(folder)? {
        let file = file?;
        let is_frame = file
            .file_name()
            .to_str()
            .is_some_and(|name| name.parse::<u64>().is_ok());
        if is_frame {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(level: u8) -> Canvas {
        Canvas {
            width: 4,
            height: 2,
            rgba: vec![level; 32],
        }
    }

    #[test]
    fn a_frame_comes_back_as_it_was_and_a_damaged_one_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let frames = folder.path().join("frames");
        let now = Instant::now();
        let mut files = FrameFiles::open(&frames).expect("a folder");
        assert!(files.put("a", &canvas(7), &1, now));
        assert!(files.put("b", &canvas(8), &2, now));
        let (read, rest) = files.get(&"a", now).expect("it was kept");
        assert_eq!((read.rgba, read.width, rest), (vec![7; 32], 4, 1));
        assert!(files.put("a", &canvas(9), &3, now), "drawn anew");
        let (read, rest) = files.get(&"a", now).expect("it was kept");
        assert_eq!((read.rgba[0], rest), (9, 3));
        for file in fs::read_dir(&frames).expect("a folder") {
            fs::write(file.expect("a file").path(), [1; 32]).expect("writes");
        }
        assert!(files.get(&"a", now).is_none());
        assert_eq!(fs::read_dir(&frames).expect("a folder").count(), 1);
        let files = FrameFiles::<&str, u8>::open(&frames).expect("a folder");
        assert_eq!(files.files.len(), 0);
        assert_eq!(fs::read_dir(&frames).expect("a folder").count(), 0);
    }

    #[test]
    fn files_are_bounded_and_only_what_nobody_wants_gives_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut now = Instant::now();
        let mut files = FrameFiles::open(folder.path()).expect("a folder");
        for key in 0..FILES_MAX {
            assert!(files.put(key, &canvas(1), &(), now));
        }
        assert!(!files.put(FILES_MAX, &canvas(1), &(), now), "it is full");
        now += UNUSED_MIN;
        for key in 1..FILES_MAX {
            assert!(files.get(&key, now).is_some());
        }
        assert!(files.put(FILES_MAX, &canvas(1), &(), now));
        assert!(files.get(&0, now).is_none(), "nobody has asked for it");
        assert!(!files.put(0, &canvas(1), &(), now));
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            FILES_MAX
        );
    }

    #[test]
    fn where_no_folder_can_be_nothing_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "no folder").expect("writes");
        assert!(FrameFiles::<u8, u8>::open(&file.join("frames")).is_none());
    }
}
