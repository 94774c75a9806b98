//! What a process that draws postcards is asked, and what it answers: one after the other on its
//! standard input and output, each with its length before it.
//!
//! Invariant: no more is read than a stated length, and a message is taken whole or not at all.

use std::io::{self, Read, Write};

use passerby_protocol::campaign::Colours;
use serde::{Deserialize, Serialize};

/// Largest order and largest answer, in bytes.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Most memory that the process may map, in bytes.
pub(super) const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Largest postcard, in bytes.
pub const JPEG_BYTES_MAX: usize = 300_000;

/// What stands on a postcard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PostcardOrder {
    /// The large line.
    pub(crate) sentence: String,
    /// What stands there where no font has its letters.
    pub(crate) title: String,
    /// Who passes it on; empty where they did not say.
    pub(crate) name: String,
    /// Where and when.
    pub(crate) seen: String,
    /// What to do with the code.
    pub(crate) call: String,
    /// Where the code leads, for eyes.
    pub(crate) host: String,
    /// What the code holds.
    pub(crate) link: String,
    /// The campaign's colours.
    pub(crate) colours: Colours,
    /// The small picture of what was on the screen, a JPEG; empty where there is none.
    #[serde(skip)]
    pub(crate) picture: Vec<u8>,
}

/// Writes a message.
///
/// # Errors
/// It is too large, or the other end is gone.
fn put(to: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len())
        .ok()
        .filter(|_| message.len() <= MESSAGE_BYTES_MAX);
    let length = length.ok_or_else(|| io::Error::other("a message is too large"))?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(message)
}

/// Reads a message; `None` where the other end has ended.
///
/// # Errors
/// It is too large, or cut off.
fn take(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MESSAGE_BYTES_MAX {
        return Err(io::Error::other("a message is too large"));
    }
    let mut message = vec![0; length];
    from.read_exact(&mut message)?;
    Ok(Some(message))
}

impl PostcardOrder {
    /// Writes it.
    ///
    /// # Errors
    /// It is too large, or the other end is gone.
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        put(to, &serde_json::to_vec(self)?)?;
        put(to, &self.picture)?;
        to.flush()
    }

    /// Reads one; `None` where no more come.
    ///
    /// # Errors
    /// It is no order.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let Some(words) = take(from)? else {
            return Ok(None);
        };
        let words: Self = serde_json::from_slice(&words)?;
        let picture = take(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Some(Self { picture, ..words }))
    }
}

/// Writes an answer: a JPEG, or a reason.
///
/// # Errors
/// It is too large, or the other end is gone.
pub(super) fn write_answer(
    to: &mut impl Write,
    answer: &Result<Vec<u8>, String>,
) -> io::Result<()> {
    let (kind, bytes) = match answer {
        Ok(jpeg) => (0, jpeg.as_slice()),
        Err(reason) => (1, reason.as_bytes()),
    };
    put(to, &[&[kind], bytes].concat())?;
    to.flush()
}

/// Reads an answer.
///
/// # Errors
/// It is none.
pub(super) fn read_answer(from: &mut impl Read) -> io::Result<Result<Vec<u8>, String>> {
    let message = take(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    match message.split_first() {
        Some((0, jpeg)) => Ok(Ok(jpeg.to_vec())),
        Some((1, reason)) => Ok(Err(String::from_utf8_lossy(reason).into_owned())),
        _ => Err(io::Error::other("no answer")),
    }
}
