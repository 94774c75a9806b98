//! Reads the lines of a proof, each in its one form.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Epoch;
use crate::proof_of_play::row::Written;
use crate::proof_of_play::write::json;
use crate::proof_of_play::{COLUMNS, FinalLine, Head, SegmentLine, VERSION};

/// A line.
pub(super) enum ProofLine<'a> {
    Head(Epoch),
    Segment(Box<SegmentLine>),
    Play(Written<'a>),
    Final(Box<FinalLine>),
}

/// What a line that cannot be read was meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// A proof of another form.
    Version(u32),
    /// One of these lines, but changed.
    Head,
    Segment,
    Play,
    Final,
    /// Nothing of the kind.
    Foreign,
}

/// Reads a line without its end.
pub(super) fn read(line: &[u8]) -> Result<ProofLine<'_>, Unread> {
    let text = std::str::from_utf8(line).map_err(|_| meant_as(line))?;
    match meant_as(line) {
        Unread::Play => Written::read(text).map(ProofLine::Play).ok_or(Unread::Play),
        Unread::Segment => exact(text)
            .map(|line| ProofLine::Segment(Box::new(line)))
            .ok_or(Unread::Segment),
        Unread::Final => exact(text)
            .map(|line| ProofLine::Final(Box::new(line)))
            .ok_or(Unread::Final),
        Unread::Head => {
            let head: Head = exact(text).ok_or(Unread::Head)?;
            match head.passerby_proof {
                VERSION if head.columns == COLUMNS => Ok(ProofLine::Head(head.epoch)),
                VERSION => Err(Unread::Head),
                other => Err(Unread::Version(other)),
            }
        }
        foreign => Err(foreign),
    }
}

fn meant_as(line: &[u8]) -> Unread {
    let begins = |with: &str| line.starts_with(with.as_bytes());
    if begins("[") {
        Unread::Play
    } else if begins("{\"segment\"") {
        Unread::Segment
    } else if begins("{\"final\"") {
        Unread::Final
    } else if begins("{\"passerby_proof\"") {
        Unread::Head
    } else {
        Unread::Foreign
    }
}

/// Reads JSON that is written as this package writes it.
fn exact<T: DeserializeOwned + Serialize>(text: &str) -> Option<T> {
    let value: T = serde_json::from_str(text).ok()?;
    (json(&value) == text.as_bytes()).then_some(value)
}
