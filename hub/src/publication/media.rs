//! Looks at one file of a campaign folder before it may leave for a screen.
//!
//! Invariant: nothing here trusts a file's name: a file whose content is something else is refused while the publisher is
//! still looking.

use std::io::{self, Read};
use std::path::Path;

use passerby_folder::regular_file::{self, FileError, RegularFile};
use passerby_folder::text;
use passerby_protocol::Digest;
use passerby_protocol::creative::{CreativeKind, video_media_type};
use passerby_protocol::parts;
use passerby_protocol::toml_fields::Problem;

use super::{Content, Creative};
use crate::blobs::copy_hashed;
use crate::picture::Picture;

/// Bytes of a video that tell what it is.
const HEAD_BYTES: usize = 12;

/// Reads and checks a file.
pub(super) fn read(path: &Path, name: &str) -> Result<Creative, Vec<Problem>> {
    let file = path.display().to_string();
    let wrong = |message: String| vec![Problem::with_file(&file, message)];
    let kind = CreativeKind::of_name(name).unwrap_or(CreativeKind::Picture);
    let opened = regular_file::open_within(path).map_err(|error| wrong(error.to_string()))?;
    let size = opened.metadata().len();
    if size > kind.bytes_max() {
        return Err(wrong(format!(
            "it has {size} bytes; use a {} of at most {}",
            kind.word(),
            kind.bytes_max()
        )));
    }
    if kind == CreativeKind::Video {
        return video(path, opened).map_err(wrong);
    }
    let bytes = opened
        .read(kind.bytes_max())
        .map_err(|error| wrong(error.to_string()))?;
    let (media_type, thumbnail) = match kind {
        CreativeKind::Drawing => {
            drawing(&bytes).map_err(|reason| wrong(reason.to_owned()))?;
            ("image/svg+xml", None)
        }
        CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page => {
            let text = text::toml_text(bytes.clone()).map_err(wrong)?;
            parts::check_text(kind, &file, &text)?;
            ("application/toml", None)
        }
        CreativeKind::Picture | CreativeKind::Video => {
            let picture = Picture::read(&bytes).map_err(|error| wrong(error.to_string()))?;
            (picture.media_type, Some(picture.thumbnail))
        }
    };
    Ok(Creative {
        digest: Digest::of(&bytes),
        size: bytes.len() as u64,
        media_type,
        content: Content::Bytes(bytes),
        thumbnail,
    })
}

/// Videos are hashed piece by piece; whether they decode is for the screens to say.
fn video(path: &Path, opened: RegularFile) -> Result<Creative, String> {
    let unreadable = |error: io::Error| FileError::from(error).to_string();
    let size = opened.metadata().len();
    let mut file = opened.into_file().take(size);
    let mut head = [0; HEAD_BYTES];
    file.read_exact(&mut head)
        .map_err(|_| "it is too short for a video; export it again".to_owned())?;
    let media_type = video_media_type(&head)
        .ok_or("it is neither an MP4, a MOV nor a WebM video; export it again as one of these")?;
    let mut whole = head.as_slice().chain(file);
    let digest = copy_hashed(&mut whole, &mut io::sink()).map_err(unreadable)?;
    Ok(Creative {
        digest,
        size,
        media_type,
        content: Content::File(path.to_path_buf()),
        thumbnail: None,
    })
}

fn drawing(bytes: &[u8]) -> Result<(), &'static str> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "it is not an SVG drawing in UTF-8; export it again as plain SVG")?;
    if text.contains("<svg") {
        Ok(())
    } else {
        Err("it is not an SVG drawing; export it again as plain SVG")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(name: &str, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        match read(&path, name) {
            Ok(creative) => creative.media_type.to_owned(),
            Err(problems) => problems[0].to_string(),
        }
    }

    #[test]
    fn each_kind_is_known_by_what_is_in_it() {
        let mp4 = b"\0\0\0\x18ftypmp42\0\0\0\0";
        assert_eq!(problem("a.mp4", mp4), "video/mp4");
        assert_eq!(
            problem("a.webm", b"\x1A\x45\xDF\xA3............"),
            "video/webm"
        );
        assert_eq!(
            problem("IMG_0001.MOV", b"\0\0\0\x14ftypqt  \0\0\0\0"),
            "video/quicktime"
        );
        assert_eq!(problem("a.svg", b"<svg xmlns='x'/>"), "image/svg+xml");
        assert_eq!(
            problem("a.card.toml", b"headline = 'x'\n"),
            "application/toml"
        );
        for (name, bytes, reason) in [
            (
                "a.mp4",
                b"not a video at all".as_slice(),
                "neither an MP4, a MOV nor a WebM",
            ),
            ("a.mp4", b"short", "too short"),
            ("a.svg", b"<html>", "not an SVG"),
            ("a.svg", b"\xff\xfe<svg", "not an SVG"),
            ("a.card.toml", b"headline = \n", "this is not TOML"),
            ("a.card.toml", b"\xff", "not UTF-8"),
            ("a.card.toml", b"prize = 4\n", ":1: headline is missing"),
            ("a.ticker.toml", b"lines = []\n", ":1: lines is empty"),
            ("a.page.toml", b"\nurl = 'file:///x'\n", ":2: url is"),
            ("a.png", mp4, "not a JPEG, PNG, WebP or GIF"),
        ] {
            let said = problem(name, bytes);
            assert!(said.contains(reason), "{name}: {said}");
        }
    }
}
