//! One play of a proof: what is hashed of it, and how it is written.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::Epoch;
use crate::plays::PlayContent;
use crate::proof_of_play::ROW_LABEL;

/// A play as it was recorded. Codes stay numbers, so that what a later version recorded is proven
/// as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayRow<'a> {
    /// Its place in the ledger.
    pub seq: u64,
    /// Its number.
    pub number: u32,
    /// What was shown.
    pub content: &'a PlayContent,
    /// In which boot.
    pub boot: &'a str,
    /// From when, in milliseconds of that boot.
    pub start_boot_ms: u64,
    /// For how long, in milliseconds.
    pub visible_ms: u64,
    /// [`crate::plays::Outcome`]'s code.
    pub outcome: u8,
    /// [`crate::plays::Display`]'s code.
    pub display: u8,
}

impl PlayRow<'_> {
    /// Hashes all of the play, in big-endian numbers and texts with their length before them.
    pub(super) fn leaf(&self, epoch: Epoch) -> [u8; 32] {
        let text = |hash: &mut Sha256, text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        let mut hash = Sha256::new();
        hash.update(ROW_LABEL);
        hash.update(epoch.0.to_be_bytes());
        hash.update(self.seq.to_be_bytes());
        hash.update(self.number.to_be_bytes());
        hash.update(self.content.assignment.get().to_be_bytes());
        text(&mut hash, &self.content.campaign);
        hash.update(self.content.creative.0);
        text(&mut hash, self.boot);
        hash.update(self.start_boot_ms.to_be_bytes());
        hash.update(self.visible_ms.to_be_bytes());
        hash.update([self.outcome, self.display]);
        hash.finalize().into()
    }
}

/// A play as its line has it: with the places of content and boot in the segment's lists, and the
/// first digits of its hash, so that a change is found at its own line and not only somewhere in
/// the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written<'a> {
    pub(super) seq: u64,
    pub(super) number: u32,
    pub(super) content: u32,
    pub(super) boot: u32,
    pub(super) start_boot_ms: u64,
    pub(super) visible_ms: u64,
    pub(super) outcome: u8,
    pub(super) display: u8,
    pub(super) check: &'a str,
}

impl<'a> Written<'a> {
    /// Appends the line, without its end.
    pub(super) fn write(&self, line: &mut String) {
        let Self {
            seq,
            number,
            content,
            boot,
            start_boot_ms,
            visible_ms,
            outcome,
            display,
            check,
        } = self;
        // Writing to a string does not fail.
        let _ = write!(
            line,
            "[{seq},{number},{content},{boot},{start_boot_ms},{visible_ms},{outcome},{display},\"{check}\"]"
        );
    }

    /// Reads a line; `None` when it is none of this form.
    pub(super) fn read(line: &'a str) -> Option<Self> {
        type Columns<'a> = (u64, u32, u32, u32, u64, u64, u8, u8, &'a str);
        let (seq, number, content, boot, start_boot_ms, visible_ms, outcome, display, check): Columns<'a> =
            serde_json::from_str(line).ok()?;
        let row = Self {
            seq,
            number,
            content,
            boot,
            start_boot_ms,
            visible_ms,
            outcome,
            display,
            check,
        };
        let mut again = String::with_capacity(line.len());
        row.write(&mut again);
        (again == line).then_some(row)
    }
}

/// The digits of a play's hash that stand in its line.
pub(super) fn check_of(leaf: &[u8; 32]) -> String {
    let [first, second, third, fourth, ..] = *leaf;
    format!("{:08x}", u32::from_be_bytes([first, second, third, fourth]))
}
