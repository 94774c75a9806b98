//! Proof of play that a third party can check: plays in segments, each chained to the one before by
//! a hash and signed by the terminal's device key.
//!
//! A proof is a file of lines. The first names the form and the ledger's epoch; then comes, segment
//! by segment, a line with the signed header and one line a play; the last is signed as well and
//! says what all of it adds up to, so that an end that was cut off is noticed. `docs/proof.md`
//! describes it for those who read it with a program of their own.
//!
//! Invariants:
//! - A line has exactly one form: what reads differently once it is written again is refused, so
//!   that no byte of a file can change unnoticed.
//! - Every play's content goes into a hash in a fixed binary form, each text with its length before
//!   it, and each use of hash or signature has a label of its own.
//! - What a verifier holds in memory is bounded by the limits below, whatever the file says.

mod fork;
mod key;
mod numbers;
mod read;
mod row;
mod tally;
mod verify;
mod write;

use serde::{Deserialize, Serialize};

use crate::dating::Anchor;
use crate::plays::{Gap, PlayContent};
use crate::{Digest, Epoch, ScreenNumber};

pub use crate::proof_of_play::fork::{Fork, Trace, forks};
pub use crate::proof_of_play::key::{DeviceKey, PublicKey, Vouched};
pub use crate::proof_of_play::row::PlayRow;
pub use crate::proof_of_play::tally::{Count, ProofTally};
pub use crate::proof_of_play::verify::{Fault, Verdict, Verifier};
pub use crate::proof_of_play::write::{
    Hashed, SealedSegment, SegmentHasher, SegmentLines, final_line, head_line, header_line,
};

/// The form of proofs that is written, and the only one that is read.
pub const VERSION: u32 = 1;
/// Plays of a segment when it is sealed; nearly three hours at one play in ten seconds.
pub const SEGMENT_ROWS: u64 = 1_000;
/// Most plays that a segment may have when it is read.
pub const SEGMENT_ROWS_MAX: u64 = 10_000;
/// Longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 4 << 20;
/// Most lines of a file; eight times the most rows of a ledger.
pub const LINES_MAX: u64 = 16_000_000;
/// Most faults that are told of one file.
pub const FAULTS_MAX: usize = 1_000;
/// Most anchors in the last line; of more boots, those of the newest plays. Older ones are in their
/// segments.
pub const ANCHORS_MAX: usize = 20_000;
/// Most gaps in the last line.
pub const GAPS_MAX: usize = 10_000;
/// Most zones of a screen that play at the same time.
pub const ZONES_MAX: u64 = 8;

/// What is hashed before a play, a segment's plays and a segment's header, so that none can stand
/// for another.
const ROW_LABEL: &[u8] = b"passerby play v1\n";
const SEGMENT_LABEL: &[u8] = b"passerby segment v1\n";
const HEADER_LABEL: &[u8] = b"passerby segment header v1\n";
const FINAL_LABEL: &[u8] = b"passerby proof end v1\n";
const DEVICE_LABEL: &[u8] = b"passerby device key v1\n";

/// What the first segment of a ledger is chained to.
pub const NOTHING_BEFORE: Digest = Digest([0; 32]);

/// A moment of one boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The boot.
    pub boot: String,
    /// CLOCK_BOOTTIME in milliseconds.
    pub boot_ms: u64,
    /// Unix time in milliseconds, if it was known then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<i64>,
}

/// A ledger that was damaged and set aside, as far as the one that took its place knows of its
/// segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forerunner {
    /// Its epoch.
    pub epoch: Epoch,
    /// The last play of its last segment that could be read.
    pub last_seq: u64,
    /// That segment's hash.
    pub hash: Digest,
}

/// What a segment's signature covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentHeader {
    /// Who signed it.
    pub key: PublicKey,
    /// Of which ledger.
    pub epoch: Epoch,
    /// The screen that the terminal was enrolled as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<ScreenNumber>,
    /// With which hub, whose owner can say whose key it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<String>,
    /// Its first play.
    pub first_seq: u64,
    /// Its last play; none between is missing.
    pub last_seq: u64,
    /// The hash of the segment before it, or [`NOTHING_BEFORE`].
    pub previous: Digest,
    /// The hash over `previous` and the plays.
    pub hash: Digest,
    /// In the first segment: the ledger that this one took the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Forerunner>,
    /// What dates its boots, as far as it was known then.
    pub anchors: Vec<Anchor>,
    /// What is missing right before its plays.
    pub gaps: Vec<Gap>,
    /// When it was sealed.
    pub sealed: Sealed,
    /// Whether it is the end of a ledger that goes on: more plays may be sealed together with these
    /// later.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open: bool,
}

/// What the last line's signature covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Who made the file.
    pub key: PublicKey,
    /// Of which ledger.
    pub epoch: Epoch,
    /// Segments whose plays were left out, since they are no longer in the ledger or were not asked
    /// for.
    pub left_out: u64,
    /// All segments of the file.
    pub segments: u64,
    /// Its plays.
    pub plays: u64,
    /// The hash of the last segment, or [`NOTHING_BEFORE`].
    pub hash: Digest,
    /// What dates its boots, as far as it is known by now.
    pub anchors: Vec<Anchor>,
    /// What is missing among its plays and after them.
    pub gaps: Vec<Gap>,
    /// When the file was made.
    pub sealed: Sealed,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    passerby_proof: u32,
    epoch: Epoch,
    columns: Vec<String>,
}

/// A line that begins a segment.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentLine {
    segment: SegmentHeader,
    /// What its plays refer to by number, in the order in which they first do; none when its plays
    /// are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contents: Option<Vec<PlayContent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boots: Option<Vec<String>>,
    signature: String,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FinalLine {
    #[serde(rename = "final")]
    totals: Totals,
    signature: String,
}

/// What the numbers of a play's line are.
const COLUMNS: [&str; 9] = [
    "seq",
    "play",
    "content",
    "boot",
    "start_boot_ms",
    "visible_ms",
    "outcome",
    "display",
    "check",
];

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Writes a number as people read it: `81,233`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
