//! Writes proofs: segments from plays, lines from segments.
//!
//! Invariant: equal plays give equal bytes.

use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::plays::PlayContent;
use crate::proof_of_play::row::{Written, check_of};
use crate::proof_of_play::{
    COLUMNS, DeviceKey, FINAL_LABEL, FinalLine, HEADER_LABEL, Head, PlayRow, SEGMENT_LABEL,
    SegmentHeader, SegmentLine, Totals, VERSION,
};
use crate::{Digest, Epoch};

/// Begins the hash of a segment.
pub(super) fn segment_hash(epoch: Epoch, first_seq: u64, previous: &Digest) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update(SEGMENT_LABEL);
    hash.update(epoch.0.to_be_bytes());
    hash.update(first_seq.to_be_bytes());
    hash.update(previous.0);
    hash
}

/// A segment's signed header, as it is kept and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSegment {
    /// What was signed.
    pub header: SegmentHeader,
    /// 128 hexadecimal digits.
    pub signature: String,
}

impl SealedSegment {
    /// Signs a header, in the name of the key that does.
    pub fn seal(mut header: SegmentHeader, key: &DeviceKey) -> Self {
        header.key = key.public();
        let signature = key.sign(HEADER_LABEL, &json(&header));
        Self { header, signature }
    }

    /// Tells whether the key that the header names has signed it.
    pub fn is_signed(&self) -> bool {
        self.header
            .key
            .signed(HEADER_LABEL, &json(&self.header), &self.signature)
    }
}

/// Hashes the plays of one segment: all that sealing them needs.
pub struct SegmentHasher {
    epoch: Epoch,
    hash: Sha256,
    boots: Vec<String>,
}

/// What a play's line needs to know of its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashed {
    leaf: [u8; 32],
    boot: u32,
}

impl SegmentHasher {
    /// Begins a segment behind the one of hash `previous`.
    pub fn new(epoch: Epoch, first_seq: u64, previous: &Digest) -> Self {
        Self {
            epoch,
            hash: segment_hash(epoch, first_seq, previous),
            boots: Vec::new(),
        }
    }

    /// Adds the next play.
    pub fn add(&mut self, play: &PlayRow<'_>) -> Hashed {
        // A segment has few boots, and the newest is the one.
        let boot = match self.boots.iter().rposition(|boot| boot == play.boot) {
            Some(at) => place(at),
            None => {
                self.boots.push(play.boot.to_owned());
                place(self.boots.len() - 1)
            }
        };
        let leaf = play.leaf(self.epoch);
        self.hash.update(leaf);
        Hashed { leaf, boot }
    }

    /// The boots of the plays so far.
    pub fn boots(&self) -> &[String] {
        &self.boots
    }

    /// The hash over the segment before and the plays so far.
    pub fn hash(&self) -> Digest {
        Digest(self.hash.clone().finalize().into())
    }
}

/// Writes the lines of one segment. It holds them, at most
/// [`SEGMENT_ROWS_MAX`](crate::proof_of_play::SEGMENT_ROWS_MAX).
#[derive(Default)]
pub struct SegmentLines {
    contents: Vec<PlayContent>,
    content_places: HashMap<PlayContent, u32>,
    rows: String,
}

impl SegmentLines {
    /// Adds the next play, as it was hashed.
    pub fn add(&mut self, play: &PlayRow<'_>, hashed: Hashed) {
        let content = match self.content_places.get(play.content) {
            Some(&place) => place,
            None => {
                let place = place(self.contents.len());
                self.contents.push(play.content.clone());
                self.content_places.insert(play.content.clone(), place);
                place
            }
        };
        Written {
            seq: play.seq,
            number: play.number,
            content,
            boot: hashed.boot,
            start_boot_ms: play.start_boot_ms,
            visible_ms: play.visible_ms,
            outcome: play.outcome,
            display: play.display,
            check: &check_of(&hashed.leaf),
        }
        .write(&mut self.rows);
        self.rows.push('\n');
    }

    /// All lines, under a header that was signed for these plays; `boots` are theirs.
    pub fn under(self, sealed: SealedSegment, boots: &[String]) -> String {
        let line = SegmentLine {
            segment: sealed.header,
            contents: Some(self.contents),
            boots: Some(boots.to_vec()),
            signature: sealed.signature,
        };
        let mut text = ended(&line);
        text.push_str(&self.rows);
        text
    }
}

/// Writes the line of a segment whose plays are left out.
pub fn header_line(sealed: SealedSegment) -> String {
    ended(&SegmentLine {
        segment: sealed.header,
        contents: None,
        boots: None,
        signature: sealed.signature,
    })
}

/// Writes the first line of a proof.
pub fn head_line(epoch: Epoch) -> String {
    ended(&Head {
        passerby_proof: VERSION,
        epoch,
        columns: COLUMNS.map(str::to_owned).to_vec(),
    })
}

/// Signs the last line of a proof, in the name of the key that does.
pub fn final_line(mut totals: Totals, key: &DeviceKey) -> String {
    totals.key = key.public();
    let signature = key.sign(FINAL_LABEL, &json(&totals));
    ended(&FinalLine { totals, signature })
}

/// What is signed of a value: its JSON as this package writes it.
pub(super) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers, texts and lists of them become JSON")
}

pub(super) fn ended<T: Serialize>(value: &T) -> String {
    let mut line = String::from_utf8(json(value)).expect("JSON is UTF-8");
    line.push('\n');
    line
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a segment has few thousand plays")
}
