//! What is known of the films that were shown: a repeat asks no program what its file is, and
//! decodes no first picture of it by itself.
//!
//! Invariant: what is known of a file that has changed, or is gone, is not used.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use passerby_protocol::Digest;

use crate::creative::video::Clip;
use crate::raster::bitmap::Bitmap;

/// Most films that are remembered; with a first picture each takes less than a megabyte.
const FILMS_MAX: usize = 16;

/// The films that were shown last, the newest last.
#[derive(Default)]
pub(crate) struct KnownFilms(Vec<KnownFilm>);

struct KnownFilm {
    digest: Digest,
    path: PathBuf,
    name: String,
    state: FileState,
    clip: Clip,
    first: Option<Bitmap>,
}

/// What changes with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileState {
    bytes: u64,
    changed: SystemTime,
}

impl FileState {
    /// That of a file; none of one that cannot be looked at.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        Some(Self {
            bytes: about.len(),
            changed: about.modified().ok()?,
        })
    }
}

impl KnownFilms {
    /// What is known of a film, and its first picture if that was ever decoded.
    pub(crate) fn get(
        &self,
        digest: &Digest,
        path: &Path,
        name: &str,
    ) -> Option<(Clip, Option<Bitmap>)> {
        let state = FileState::of(path)?;
        let known = self.0.iter().find(|known| {
            (known.digest, known.state) == (*digest, state)
                && known.path == path
                && known.name == name
        })?;
        Some((known.clip.clone(), known.first.clone()))
    }

    /// Remembers a film whose file was in a state before it was looked at.
    pub(crate) fn put(
        &mut self,
        digest: Digest,
        (path, name): (&Path, &str),
        state: FileState,
        clip: &Clip,
        first: Option<&Bitmap>,
    ) {
        self.0.retain(|known| known.path != path);
        if self.0.len() == FILMS_MAX {
            self.0.remove(0);
        }
        self.0.push(KnownFilm {
            digest,
            path: path.to_owned(),
            name: name.to_owned(),
            state,
            clip: clip.clone(),
            first: first.cloned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::creative::video::{DecoderKind, Tools};
    use crate::raster::bitmap::Pixels;

    #[test]
    fn what_is_known_of_a_file_is_used_until_the_file_changes_and_is_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.mp4");
        let made = std::process::Command::new(passerby_testing::required_program("ffmpeg"))
            .args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=1"])
            .arg(&path)
            .status();
        assert!(made.expect("ffmpeg runs").success());
        let tools = Tools::with(None, Some(DecoderKind::Software), "/");
        let clip = Clip::probe(&tools, &path, "a").expect("a clip");
        let first = Bitmap {
            width: 1,
            height: 1,
            pixels: Pixels::Rgb(vec![7; 3]),
        };
        let (digest, other) = (Digest::of(b"a"), Digest::of(b"b"));
        let mut known = KnownFilms::default();
        assert!(known.get(&digest, &path, "a").is_none());
        let state = FileState::of(&path).expect("it is there");
        known.put(digest, (&path, "a"), state, &clip, Some(&first));
        let (seen, picture) = known.get(&digest, &path, "a").expect("it is known");
        assert_eq!(seen, clip);
        assert!(picture.is_some_and(|picture| picture.pixels == first.pixels));
        assert!(known.get(&other, &path, "a").is_none());
        assert!(known.get(&digest, &path, "b").is_none());
        let file = fs::File::options().append(true).open(&path);
        let file = file.expect("it is there");
        let later = SystemTime::now() + Duration::from_secs(9);
        file.set_modified(later).expect("it may be changed");
        assert!(known.get(&digest, &path, "a").is_none(), "it has changed");
        fs::remove_file(&path).expect("it is there");
        assert!(known.get(&digest, &path, "a").is_none(), "it is gone");
        for number in 0..2 * FILMS_MAX {
            let path = folder.path().join(number.to_string());
            known.put(digest, (&path, "a"), state, &clip, None);
        }
        assert_eq!(known.0.len(), FILMS_MAX);
    }
}
