//! Previews that were drawn before, in the data folder, so that a page that is looked at again
//! draws nothing.
//!
//! Invariants: a file is named by all that its picture depends on, and taken whole or not at all;
//! at most [`BYTES_MAX`] and [`FILES_MAX`] are kept, the newest; nothing needs one to be there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use passerby_folder::{durable_file, regular_file};
use passerby_protocol::Digest;

use crate::publish::preview::order::{ANSWER_BYTES_MAX, Preview};
use crate::system::private;

/// What holds them, in the data folder.
const FOLDER: &str = "previews";
/// Most bytes that are kept.
const BYTES_MAX: u64 = 256 << 20;
/// Most files that are kept.
const FILES_MAX: usize = 2_000;

/// The folder.
#[derive(Debug)]
pub(super) struct KeptPreviews {
    folder: PathBuf,
}

impl KeptPreviews {
    pub(super) fn new(data: &Path) -> Self {
        Self {
            folder: data.join(FOLDER),
        }
    }

    /// One that was drawn.
    pub(super) fn get(&self, digest: Digest) -> Option<Preview> {
        let path = self.folder.join(digest.to_string());
        let bytes = regular_file::read_within(&path, ANSWER_BYTES_MAX as u64).ok()?;
        Preview::from_bytes(&bytes)
    }

    /// Keeps one, and lets the oldest go. A disk that does not take it costs a drawing.
    pub(super) fn put(&self, digest: Digest, preview: &Preview) {
        let path = self.folder.join(digest.to_string());
        let kept = private::make_folder(&self.folder)
            .and_then(|()| durable_file::write_private(&path, &preview.to_bytes()));
        if let Err(error) = kept {
            tracing::warn!(%error, "a preview is not kept");
        }
        self.trim(BYTES_MAX, FILES_MAX);
    }

    fn trim(&self, bytes_max: u64, files_max: usize) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let meta = entry.metadata().ok()?;
                Some((meta.modified().ok()?, meta.len(), entry.path()))
            })
            .collect();
        files.sort_by(|one, other| other.cmp(one));
        let mut bytes = 0;
        for (at, (_, length, path)) in files.iter().enumerate() {
            bytes += length;
            if at >= files_max || bytes > bytes_max {
                // Another process may have been quicker.
                let _ = fs::remove_file(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_a_damaged_one_is_not_and_the_oldest_go() {
        let data = tempfile::tempdir().unwrap();
        let kept = KeptPreviews::new(data.path());
        let preview = |note: &str| Preview {
            facts: crate::publish::preview::PreviewFacts {
                notes: vec![note.to_owned()],
                ..Default::default()
            },
            png: vec![7; 1_000],
        };
        let digests: Vec<Digest> = (0..5).map(|number| Digest([number; 32])).collect();
        for digest in &digests {
            kept.put(*digest, &preview(&digest.to_string()));
        }
        for (number, digest) in digests.iter().enumerate() {
            let path = kept.folder.join(digest.to_string());
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(at)
                .unwrap();
        }
        assert_eq!(kept.get(digests[0]), Some(preview(&digests[0].to_string())));
        kept.trim(BYTES_MAX, 3);
        let left: Vec<bool> = digests.iter().map(|at| kept.get(*at).is_some()).collect();
        assert_eq!(left, [false, false, true, true, true]);
        kept.trim(1_500, FILES_MAX);
        let left: Vec<bool> = digests.iter().map(|at| kept.get(*at).is_some()).collect();
        assert_eq!(left, [false, false, false, false, true]);
        let path = kept.folder.join(digests[4].to_string());
        fs::write(&path, &fs::read(&path).unwrap()[..900]).unwrap();
        assert_eq!(kept.get(digests[4]), None);
    }
}
