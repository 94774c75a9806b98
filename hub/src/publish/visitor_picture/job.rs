//! What a worker is asked, and what it answers: one line of JSON, and behind it the bytes of the
//! pictures that the line announces.
//!
//! Invariant: an answer is taken whole or not at all.

use serde::{Deserialize, Serialize};

/// What the file is called in the worker's folder.
pub(crate) const FILE_NAME: &str = "picture";
/// Largest picture, in bytes.
pub(super) const LARGE_BYTES_MAX: usize = 400 << 10;
/// Largest small picture, in bytes.
pub(super) const SMALL_BYTES_MAX: usize = 32 << 10;
/// Longest line, in bytes.
const LINE_BYTES_MAX: usize = 1 << 10;
/// Largest answer, in bytes.
pub(super) const ANSWER_BYTES_MAX: usize = LINE_BYTES_MAX + LARGE_BYTES_MAX + SMALL_BYTES_MAX;

/// A picture, made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenedPicture {
    /// A JPEG.
    pub(crate) large: Vec<u8>,
    /// Its size in pixels.
    pub(crate) large_px: (u32, u32),
    /// The same, small.
    pub(crate) small: Vec<u8>,
    /// Its size in pixels.
    pub(crate) small_px: (u32, u32),
}

/// Says why a picture is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PictureFault {
    /// It is none that is taken.
    Kind,
    /// It is damaged, or has too many pixels.
    Unreadable,
    /// Too many wait.
    Busy,
    /// It cannot be opened here now.
    Later,
}

/// What a worker is told on its standard input.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) memory_bytes_max: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Announced {
    px: (u32, u32),
    bytes: usize,
}

type Line = Result<[Announced; 2], PictureFault>;

/// Writes an answer.
pub(super) fn bytes_of(answer: &Result<OpenedPicture, PictureFault>) -> Vec<u8> {
    let line: Line = match answer {
        Ok(picture) => Ok([
            Announced {
                px: picture.large_px,
                bytes: picture.large.len(),
            },
            Announced {
                px: picture.small_px,
                bytes: picture.small.len(),
            },
        ]),
        Err(fault) => Err(*fault),
    };
    // Numbers always have a form in JSON; an empty answer is refused by whoever reads it.
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    if let Ok(picture) = answer {
        bytes.extend_from_slice(&picture.large);
        bytes.extend_from_slice(&picture.small);
    }
    bytes
}

/// Reads one; `None` when it is not whole, or more than was announced.
pub(super) fn read(bytes: &[u8]) -> Option<Result<OpenedPicture, PictureFault>> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (line, pictures) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    if line.len() > LINE_BYTES_MAX {
        return None;
    }
    match serde_json::from_slice::<Line>(line).ok()? {
        Err(fault) => pictures.is_empty().then_some(Err(fault)),
        Ok([large, small]) => {
            let is_in_bounds = large.bytes <= LARGE_BYTES_MAX && small.bytes <= SMALL_BYTES_MAX;
            if !is_in_bounds || large.bytes + small.bytes != pictures.len() {
                return None;
            }
            let (of_large, of_small) = pictures.split_at_checked(large.bytes)?;
            Some(Ok(OpenedPicture {
                large: of_large.to_vec(),
                large_px: large.px,
                small: of_small.to_vec(),
                small_px: small.px,
            }))
        }
    }
}
