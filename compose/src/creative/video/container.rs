//! What holds a video's streams, told from the file's first bytes.

use std::path::Path;

use passerby_protocol::content_fault::Told;
use passerby_protocol::creative::{EXPORT_FILM_ANEW, video_media_type};

use crate::creative::file;

/// What helps with a video that cannot be played.
pub(super) const EXPORT_ANEW: &str = EXPORT_FILM_ANEW;
/// How much of a file tells what it is.
const HEAD_BYTES: u64 = 12;

/// What holds the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Mp4,
    Matroska,
}

impl Container {
    /// What ffmpeg calls the reader for it.
    pub(super) const fn demuxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mov",
            Self::Matroska => "matroska",
        }
    }

    /// Tells it from a file, which must be one and hold something.
    pub(super) fn sniff(path: &Path) -> Result<Self, Told> {
        let head = file::read_start(path, HEAD_BYTES, "film")?;
        match video_media_type(&head) {
            Ok("video/webm") => Ok(Self::Matroska),
            Ok(_) => Ok(Self::Mp4),
            Err(reason) => Err(reason.into()),
        }
    }
}
