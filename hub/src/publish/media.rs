//! Reads one file of a campaign folder before it may leave for a screen: how large it is, what it
//! hashes to, and what its first bytes say that it is. Whether screens show it,
//! [`crate::publish::inspection`] finds out.
//!
//! Invariant: nothing here trusts a file's name, and no more of a file is read than one of its kind
//! may have; only regular files inside the folder are opened.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use passerby_folder::regular_file::{self, FileError};
use passerby_protocol::Digest;
use passerby_protocol::content_fault::{ContentFault, Told};
use passerby_protocol::creative::{CreativeKind, NoVideo, video_media_type};
use passerby_protocol::toml_fields::Problem;

use crate::blobs::copy_hashed;
use crate::publish::inspection::Thumbnail;

/// Bytes that tell what a file is.
const HEAD_BYTES: usize = 12;

/// Reads a file.
pub(crate) fn read(path: &Path, name: &str) -> Result<Creative, Vec<Problem>> {
    let wrong = |told: Told| vec![Problem::with_file(path.display().to_string(), told)];
    let unreadable = |error: io::Error| wrong(FileError::from(error).to_string().into());
    let kind = CreativeKind::of_name(name).unwrap_or(CreativeKind::Picture);
    let bytes_max = kind.bytes_max();
    let too_large = |bytes: u64| {
        let fault = ContentFault::TooManyBytes {
            bytes,
            bytes_max,
            kind,
        };
        wrong(fault.into())
    };
    let opened =
        regular_file::open_within(path).map_err(|error| wrong(error.to_string().into()))?;
    let said = opened.metadata().len();
    if said > bytes_max {
        return Err(too_large(said));
    }
    // It may grow while it is read.
    let mut file = opened.into_file().take(bytes_max + 1);
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.by_ref()
        .take(HEAD_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(unreadable)?;
    let mut whole = Counted {
        inner: head.as_slice().chain(file),
        bytes: 0,
    };
    let digest = copy_hashed(&mut whole, &mut io::sink()).map_err(unreadable)?;
    let size = whole.bytes;
    if size > bytes_max {
        return Err(too_large(size));
    }
    Ok(Creative {
        name: name.to_owned(),
        digest,
        size,
        media_type: media_type(kind, &head).map_err(|reason| wrong(reason.into()))?,
        source: path.to_path_buf(),
        thumbnail: None,
    })
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes += length as u64;
        Ok(length)
    }
}

/// Tells what a file is from its first bytes. A picture may be a drawing whatever its name says,
/// and the other way round.
fn media_type(kind: CreativeKind, head: &[u8]) -> Result<&'static str, NoVideo> {
    match kind {
        CreativeKind::Video => video_media_type(head),
        CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page => Ok("application/toml"),
        CreativeKind::Picture | CreativeKind::Drawing => Ok(picture_media_type(head)),
    }
}

/// Tells what a picture is from its first bytes (JPEG: ITU-T T.81, B.1.1; PNG: ISO/IEC 15948, 5.2;
/// GIF89a, 17; WebP: RFC 9649, 2.4). What is none of these and is shown all the same is a drawing.
fn picture_media_type(head: &[u8]) -> &'static str {
    if head.starts_with(b"\xFF\xD8\xFF") {
        "image/jpeg"
    } else if head.starts_with(b"\x89PNG\r\n\x1A\n") {
        "image/png"
    } else if head.starts_with(b"GIF8") {
        "image/gif"
    } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        "image/webp"
    } else {
        "image/svg+xml"
    }
}

/// One file of a publication.
pub struct Creative {
    /// What the publisher calls it; the first of its names if it has several.
    pub name: String,
    /// Its name for ever.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Such as `image/png` or `video/mp4`.
    pub media_type: &'static str,
    /// Where it lies until it is stored.
    pub source: PathBuf,
    /// A small JPEG of it, or of the first picture that it refers to; none when there is nothing to
    /// see.
    pub thumbnail: Option<Thumbnail>,
}

impl Creative {
    /// What its file is called on the disk.
    pub(super) fn file_name(&self) -> String {
        let name = self.source.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use passerby_protocol::Digest;

    use super::*;

    fn problem(name: &str, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        match read(&path, name) {
            Ok(creative) => {
                assert_eq!(creative.size, bytes.len() as u64);
                assert_eq!(creative.digest, Digest::of(bytes));
                creative.media_type.to_owned()
            }
            Err(problems) => problems[0].to_string(),
        }
    }

    #[test]
    fn each_kind_is_known_by_what_is_in_it() {
        let mp4 = b"\0\0\0\x18ftypmp42\0\0\0\0";
        for (name, bytes, media_type) in [
            ("a.mp4", mp4.as_slice(), "video/mp4"),
            ("a.mp4", b"\0\0\0\x08wide\0\0\0\0moov", "video/quicktime"),
            (
                "IMG_0001.MOV",
                b"\0\0\0\x14ftypqt  \0\0\0\0",
                "video/quicktime",
            ),
            ("a.webm", b"\x1A\x45\xDF\xA3............", "video/webm"),
            ("a.svg", b"<svg xmlns='x'/>", "image/svg+xml"),
            ("a.png", b"<svg xmlns='x'/>", "image/svg+xml"),
            ("a.png", b"\xFF\xD8\xFF\xE0", "image/jpeg"),
            ("a.svg", b"\x89PNG\r\n\x1A\n....", "image/png"),
            ("a.gif", b"GIF89a", "image/gif"),
            ("a.jpg", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            ("a.card.toml", b"headline = 'x'\n", "application/toml"),
        ] {
            assert_eq!(problem(name, bytes), media_type, "{name}");
        }
        for (name, bytes, reason) in [
            (
                "a.mp4",
                b"not a film at all".as_slice(),
                "it is no MP4, MOV or WebM film",
            ),
            ("a.mp4", b"short", "it is no MP4, MOV or WebM film"),
            ("a.mp4", b"", "the file is empty"),
            ("a.m4v", b"\0\0\0\x1cftypM4A ", "no moving pictures in it"),
            ("a.mp4", b"\0\0\0\x18ftypheic", "it is a picture (HEIF"),
        ] {
            let said = problem(name, bytes);
            assert!(said.contains(reason), "{name}: {said}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        // A hole, which takes no room on the disk.
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(CreativeKind::Picture.bytes_max() + 2).unwrap();
        let problems = read(&path, "a.png").err().unwrap();
        let said = problems[0].to_string();
        assert!(said.contains("bytes; use a picture of at most"), "{said}");
    }
}
