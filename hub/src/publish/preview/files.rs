//! The files of something published, brought to where it is drawn.
//!
//! Invariant: creatives that lie in a folder are drawn where they are; others are copied into a
//! folder that goes with the drawing, and is cleared away later if a process was killed over it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use passerby_protocol::Digest;
use passerby_protocol::hexadecimal::hex;

use crate::blobs::Blobs;
use crate::publish::preview::order::{Asked, Preview, Subject, SubjectPart};
use crate::publish::preview::{DrawError, Drawers};
use crate::system::{private, random};

/// What holds copies, in the data folder.
const FOLDER: &str = "preview-work";
/// After this time nobody is at work in one any more.
const OLD: Duration = Duration::from_secs(3_600);

/// Copies of files, which go with it.
struct WorkFolder(PathBuf);

impl WorkFolder {
    fn make(data: &Path, now_ms: i64) -> std::io::Result<Self> {
        let above = data.join(FOLDER);
        let now = Duration::from_millis(u64::try_from(now_ms).unwrap_or_default());
        let entries = fs::read_dir(&above).into_iter().flatten().flatten();
        for entry in entries {
            let changed = entry.metadata().and_then(|meta| meta.modified()).ok();
            let age = changed.and_then(|at| (UNIX_EPOCH + now).duration_since(at).ok());
            if age.is_some_and(|age| age > OLD) {
                // Another process may have been quicker.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = above.join(hex(&random::bytes::<8>()));
        private::make_folder(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // What is left is cleared away later.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Draws something published. `sizes` are those of its creative and of each part, in their order.
///
/// # Errors
/// See [`DrawError`]; its files may also be missing or damaged.
pub(crate) fn draw_published(
    drawers: &Drawers,
    blobs: &Blobs,
    data: &Path,
    asked: Asked,
    sizes: &[(Digest, u64)],
) -> Result<Preview, DrawError> {
    // Whoever sees previews need not know where the files lie.
    let missing = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "the files of a preview were not read");
        DrawError::Files
    };
    let data = std::path::absolute(data).map_err(|error| missing(&error))?;
    let file = |digest: Digest| {
        let path = blobs.file(digest)?;
        std::path::absolute(path).ok()
    };
    if let Some(own) = file(asked.subject.digest) {
        let parts = asked.subject.parts.iter().map(|part| SubjectPart {
            file: file(part.digest).unwrap_or_default(),
            ..part.clone()
        });
        let subject = Subject {
            file: own,
            parts: parts.collect(),
            ..asked.subject.clone()
        };
        return drawers.draw(&data, &Asked { subject, ..asked });
    }
    let work = WorkFolder::make(&data, asked.now_ms).map_err(|error| missing(&error))?;
    for (digest, size) in sizes {
        let path = work.0.join(digest.to_string());
        let mut copy = File::create(&path).map_err(|error| missing(&error))?;
        let named = path.display().to_string();
        (blobs.copy_to(*digest, *size, &mut copy, &named)).map_err(|error| missing(&error))?;
    }
    let subject = asked.subject.clone().by_digest(Path::new(""));
    drawers.draw(&work.0, &Asked { subject, ..asked })
}
