//! Whether two proofs of one ledger tell two stories.

use crate::{Digest, Epoch};

use crate::proof_of_play::FAULTS_MAX;

/// What is remembered of a file to compare it with another: 16 bytes a play.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    pub(super) epoch: Option<Epoch>,
    pub(super) segments: Vec<Traced>,
}

/// What is remembered of a segment.
#[derive(Debug, Clone)]
pub(super) struct Traced {
    pub(super) line: u64,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) hash: Digest,
    /// Seq, line, and half of the hash of each play.
    pub(super) plays: Vec<(u64, u64, [u8; 16])>,
}

/// A place at which two files differ although they must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// The play, or the first one of a segment whose plays are left out.
    pub seq: u64,
    /// Its line in the first file.
    pub line: u64,
    /// Its line in the second file.
    pub other_line: u64,
}

/// Returns the plays that two files of the same ledger tell differently, at most [`FAULTS_MAX`] of
/// them. Files of different ledgers have nothing in common.
pub fn forks(first: &Trace, second: &Trace) -> Vec<Fork> {
    if first.epoch.is_none() || first.epoch != second.epoch {
        return Vec::new();
    }
    let plays = |trace: &Trace| {
        let segments = trace.segments.clone();
        segments.into_iter().flat_map(|segment| segment.plays)
    };
    let heads = |trace: &Trace| -> Vec<(u64, u64, Digest, u64)> {
        let head = |segment: &Traced| {
            let Traced {
                line,
                first_seq,
                last_seq,
                hash,
                ..
            } = segment;
            (*first_seq, *last_seq, *hash, *line)
        };
        trace.segments.iter().map(head).collect()
    };
    let mut found = meet(
        plays(first),
        plays(second),
        |play| play.0,
        |one, two| (one.2 != two.2).then_some((one.1, two.1)),
    );
    // Of segments whose plays are left out only the hash is there.
    let of_segments = meet(
        heads(first).into_iter(),
        heads(second).into_iter(),
        |head| head.0,
        |one, two| (one.1 == two.1 && one.2 != two.2).then_some((one.3, two.3)),
    );
    for fork in of_segments {
        if found.is_empty() || fork.seq < found[0].seq {
            found.insert(0, fork);
        }
    }
    found.truncate(FAULTS_MAX);
    found
}

/// Walks through two sorted lists and compares what has the same seq.
fn meet<T>(
    first: impl Iterator<Item = T>,
    second: impl Iterator<Item = T>,
    seq: impl Fn(&T) -> u64,
    differ: impl Fn(&T, &T) -> Option<(u64, u64)>,
) -> Vec<Fork> {
    let (mut first, mut second) = (first.peekable(), second.peekable());
    let mut found = Vec::new();
    while let (Some(one), Some(two)) = (first.peek(), second.peek()) {
        match seq(one).cmp(&seq(two)) {
            std::cmp::Ordering::Less => drop(first.next()),
            std::cmp::Ordering::Greater => drop(second.next()),
            std::cmp::Ordering::Equal => {
                if let Some((line, other_line)) = differ(one, two) {
                    found.push(Fork {
                        seq: seq(one),
                        line,
                        other_line,
                    });
                    if found.len() >= FAULTS_MAX {
                        break;
                    }
                }
                first.next();
                second.next();
            }
        }
    }
    found
}
