//! What holds a video's streams, told from the file's first bytes.

use std::path::Path;

use super::EXPORT_ANEW;
use crate::file;

/// How much of a file tells what it is.
const HEAD_BYTES: u64 = 8;

/// What holds the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::video) enum Container {
    Mp4,
    Matroska,
}

impl Container {
    /// What ffmpeg calls the reader for it.
    pub(in crate::video) const fn demuxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mov",
            Self::Matroska => "matroska",
        }
    }

    /// Tells it from a file, which must be one and hold something.
    pub(super) fn sniff(path: &Path) -> Result<Self, String> {
        let head = file::read_start(path, HEAD_BYTES, "video")?;
        Self::of_bytes(&head).ok_or_else(|| {
            format!("it is no MP4 or WebM video, whatever its name says; {EXPORT_ANEW}")
        })
    }

    /// Tells it from the first bytes: a box of ISO 14496-12, or the head of EBML (RFC 8794).
    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
            return Some(Self::Matroska);
        }
        let kind = bytes.get(4..8)?;
        [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"]
            .iter()
            .any(|known| kind == known.as_slice())
            .then_some(Self::Mp4)
    }
}
