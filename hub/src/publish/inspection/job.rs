//! What a worker is asked, and what it answers.
//!
//! A job is one JSON object on the worker's standard input, which is then closed. The answer is one
//! line of JSON on its standard output, and behind it the bytes of the small picture that the line
//! announces.
//!
//! Invariant: either is read up to a stated size, and an answer is taken whole or not at all.

use std::path::PathBuf;

use passerby_protocol::Digest;
use passerby_protocol::campaign::Colours;
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::toml_fields::Problem;
use serde::{Deserialize, Serialize};

/// Largest job, in bytes; less than a pipe holds, so that writing it never waits for the worker.
pub(super) const JOB_BYTES_MAX: usize = 60 << 10;
/// Largest line of an answer, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;
/// Largest small picture, in bytes, so that a landing page stays under 60 KB in all.
pub(super) const THUMBNAIL_BYTES_MAX: usize = 40 << 10;
/// Longest side of a small picture, in pixels.
pub(super) const THUMBNAIL_SIDE_PX: u32 = 800;
/// Largest answer with its picture, in bytes.
pub(super) const ANSWER_BYTES_MAX: usize = LINE_BYTES_MAX + THUMBNAIL_BYTES_MAX;

/// One creative to look at. Its files lie in the worker's working directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What its publisher calls it.
    pub name: String,
    /// What its file is called on the disk; the two may be composed otherwise.
    pub file: String,
    /// What it is, by its name.
    pub kind: CreativeKind,
    /// What it hashed to.
    pub digest: Digest,
    /// The files that it refers to.
    pub parts: Vec<JobPart>,
    /// The campaign's colours; cards are drawn in them, and the paper shows through pictures.
    pub colours: Colours,
}

/// A file that a creative refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPart {
    /// What the creative calls it.
    pub name: String,
    /// What its file is called on the disk.
    pub file: String,
    /// What it hashed to.
    pub digest: Digest,
}

/// What a worker is told on its standard input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) job: Job,
    /// Folders with fonts, beside the built-in ones; absolute.
    pub(super) fonts: Vec<PathBuf>,
    /// Most memory that it may map, in bytes.
    pub(super) memory_bytes_max: u64,
}

/// What became of a job. Files in it are called as on the disk, without the folder.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Why screens would not show it as it was made; empty when they do.
    pub problems: Vec<Problem>,
    /// What is well to know although it airs.
    pub notes: Vec<Problem>,
    /// The program that is missing here to tell whether it airs.
    pub missing_program: Option<String>,
    /// A small picture of it; none when there is nothing to see.
    pub thumbnail: Option<Thumbnail>,
}

/// A small JPEG for landing pages and previews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// The file.
    pub jpeg: Vec<u8>,
}

/// The line of an answer.
#[derive(Debug, Serialize, Deserialize)]
struct AnswerLine {
    problems: Vec<Problem>,
    notes: Vec<Problem>,
    missing_program: Option<String>,
    thumbnail: Option<Announced>,
}

/// The picture behind the line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Announced {
    width_px: u32,
    height_px: u32,
    bytes: usize,
}

impl Answer {
    /// As it is written.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let line = AnswerLine {
            problems: self.problems.clone(),
            notes: self.notes.clone(),
            missing_program: self.missing_program.clone(),
            thumbnail: self.thumbnail.as_ref().map(|thumbnail| Announced {
                width_px: thumbnail.width_px,
                height_px: thumbnail.height_px,
                bytes: thumbnail.jpeg.len(),
            }),
        };
        // Strings and numbers always have a form in JSON; an empty answer is refused by whoever
        // reads it.
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        if let Some(thumbnail) = &self.thumbnail {
            bytes.extend_from_slice(&thumbnail.jpeg);
        }
        bytes
    }

    /// Reads what was written; `None` when it is not whole, or more than was announced.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|&byte| byte == b'\n')?;
        let (line, jpeg) = (bytes.get(..end)?, bytes.get(end + 1..)?);
        if line.len() > LINE_BYTES_MAX || jpeg.len() > THUMBNAIL_BYTES_MAX {
            return None;
        }
        let line: AnswerLine = serde_json::from_slice(line).ok()?;
        let thumbnail = match line.thumbnail {
            Some(announced) if announced.bytes == jpeg.len() => Some(Thumbnail {
                width_px: announced.width_px,
                height_px: announced.height_px,
                jpeg: jpeg.to_vec(),
            }),
            None if jpeg.is_empty() => None,
            _ => return None,
        };
        Some(Self {
            problems: line.problems,
            notes: line.notes,
            missing_program: line.missing_program,
            thumbnail,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_it_was_written_and_only_whole() {
        let answer = Answer {
            problems: vec![Problem::with_file("a.png", "it is cut\noff")],
            notes: Vec::new(),
            missing_program: Some("ffmpeg".to_owned()),
            thumbnail: Some(Thumbnail {
                width_px: 8,
                height_px: 6,
                jpeg: b"\n\xff\xd8 bytes \n".to_vec(),
            }),
        };
        let bytes = answer.to_bytes();
        let read = Answer::from_bytes(&bytes).unwrap();
        assert_eq!(read.problems, answer.problems);
        assert_eq!(read.missing_program, answer.missing_program);
        assert_eq!(read.thumbnail.unwrap().jpeg, answer.thumbnail.unwrap().jpeg);
        for cut in 0..bytes.len() {
            assert!(Answer::from_bytes(&bytes[..cut]).is_none(), "{cut}");
        }
        assert!(Answer::from_bytes(&[bytes.as_slice(), b"x"].concat()).is_none());
        assert!(Answer::from_bytes(b"{}\n").is_none());
    }
}
