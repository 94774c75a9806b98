//! Checks a proof, line by line, and says at which line what is wrong.
//!
//! Invariant: whatever a file holds, what is kept of it is bounded ([`FAULTS_MAX`], [`LINES_MAX`],
//! [`LINE_BYTES_MAX`]), and the check goes on behind a fault unless the rest could say nothing.

mod ending;
mod play;
mod segment;

use sha2::Sha256;

use crate::plays::{Gap, PlayContent};
use crate::proof_of_play::fork::{Trace, Traced};
use crate::proof_of_play::numbers::Numbers;
use crate::proof_of_play::read::{ProofLine, Unread, read};
use crate::proof_of_play::tally::ProofTally;
use crate::proof_of_play::{
    FAULTS_MAX, Forerunner, LINE_BYTES_MAX, LINES_MAX, PublicKey, Sealed, SegmentHeader, VERSION,
    grouped,
};
use crate::{Digest, Epoch, ScreenNumber};

/// Something that is wrong with a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1; 0 when it is the file itself.
    pub line: u64,
    /// What, as a sentence.
    pub message: String,
}

/// What became of a proof.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Everything that is wrong, by line; at most [`FAULTS_MAX`].
    pub faults: Vec<Fault>,
    /// Faults beyond those.
    pub faults_untold: u64,
    /// The ledger.
    pub epoch: Option<Epoch>,
    /// Who signed it, with how many plays each.
    pub keys: Vec<(PublicKey, u64)>,
    /// As which screens, and of which hubs.
    pub screens: Vec<(ScreenNumber, Option<String>)>,
    /// First play in the file.
    pub first_seq: Option<u64>,
    /// Last play in the file.
    pub last_seq: Option<u64>,
    /// Segments, those without plays included.
    pub segments: u64,
    /// Segments whose plays are left out.
    pub left_out: u64,
    /// The damaged ledger that this one took the place of.
    pub after: Option<Forerunner>,
    /// What is known to be missing, by seq.
    pub gaps: Vec<Gap>,
    /// When the file was made.
    pub made: Option<Sealed>,
    /// The plays, counted.
    pub tally: ProofTally,
    /// For [`forks`](crate::proof_of_play::forks).
    pub trace: Trace,
}

impl Verdict {
    /// Tells whether nothing is wrong.
    pub const fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, line: u64, message: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            let message = message.into();
            self.faults.push(Fault { line, message });
        } else {
            self.faults_untold += 1;
        }
    }
}

/// Checks one file. Feed it every line, then [`Verifier::finish`].
pub struct Verifier {
    /// The keys that may have signed; any when it is empty.
    expected: Vec<PublicKey>,
    traces: bool,
    line: u64,
    segment: Option<Current>,
    /// Last play and hash of the segment before.
    chain: Option<(u64, Digest)>,
    has_open: bool,
    is_over: bool,
    numbers: Numbers,
    verdict: Verdict,
}

/// A segment whose plays are being read.
struct Current {
    line: u64,
    header: SegmentHeader,
    contents: Vec<PlayContent>,
    boots: Vec<String>,
    contents_used: usize,
    boots_used: usize,
    next_seq: u64,
    hash: Sha256,
    /// Lines that could not be read since the last one that could.
    unread: u64,
    /// Whether a play is known to be wrong, so that the whole must be.
    is_bad: bool,
    /// Of each boot: when its first play began and its last one ended, and for how long all were
    /// visible.
    spans: Vec<Option<(u64, u64, u64)>>,
    traced: Traced,
}

impl Verifier {
    /// Begins a file. `expected`: the keys that may have signed it; any when there is none.
    /// `traces`: whether to remember what a comparison with another file needs.
    pub fn new(expected: &[PublicKey], traces: bool) -> Self {
        Self {
            expected: expected.to_vec(),
            traces,
            line: 0,
            segment: None,
            chain: None,
            has_open: false,
            is_over: false,
            numbers: Numbers::default(),
            verdict: Verdict::default(),
        }
    }

    /// Takes the next line, without its end. `false` when there is no use in further lines.
    pub fn line(&mut self, line: &[u8]) -> bool {
        self.line += 1;
        if self.line > LINES_MAX {
            self.fault(format!("a proof has at most {} lines", grouped(LINES_MAX)));
            return false;
        }
        if line.len() > LINE_BYTES_MAX {
            self.too_long();
            return false;
        }
        if self.is_over {
            self.fault("nothing may come after the line that ends the proof; somebody added this");
            return false;
        }
        match (read(line), self.line) {
            (Ok(ProofLine::Head(epoch)), 1) => self.verdict.epoch = Some(epoch),
            (Err(Unread::Version(version)), 1) => {
                self.fault(format!(
                    "this proof has form {version}, and this Passerby reads form {VERSION}; use the version that wrote it"
                ));
                return false;
            }
            (_, 1) => {
                self.fault(
                    "this is not how a proof of play begins; use a file that `passerby plays --format proof` wrote",
                );
                return false;
            }
            (Ok(ProofLine::Head(_)) | Err(Unread::Head | Unread::Version(_)), _) => {
                self.fault("a proof begins once; two files cannot be one");
            }
            (Ok(ProofLine::Segment(line)), _) => self.on_segment(*line),
            (Ok(ProofLine::Play(row)), _) => self.on_play(&row),
            (Ok(ProofLine::Final(line)), _) => self.on_final(&line),
            (Err(Unread::Segment), _) => {
                self.close();
                self.fault(
                    "the line that begins a segment of plays was changed after it was written",
                );
            }
            (Err(Unread::Final), _) => {
                self.close();
                self.is_over = true;
                self.fault("the line that ends the proof was changed after it was written");
            }
            (Err(Unread::Play | Unread::Foreign), _) => self.on_unread(),
        }
        true
    }

    /// Tells of a line that is longer than [`LINE_BYTES_MAX`], for whoever does not read such a
    /// line to its end.
    pub fn too_long(&mut self) {
        self.fault(format!(
            "the line is longer than {} bytes, as no line of a proof is",
            grouped(LINE_BYTES_MAX as u64)
        ));
    }

    /// Ends the file. `ended`: whether its last line had an end.
    pub fn finish(mut self, ended: bool) -> Verdict {
        self.close();
        if self.line == 0 {
            self.verdict.fault(0, "the file is empty");
        } else if !self.is_over && self.verdict.epoch.is_some() {
            self.fault(
                "the file ends here, before the line that ends a proof; the rest was cut off",
            );
        } else if !ended && self.verdict.is_good() {
            self.fault("the last line has no end; the file was cut off");
        }
        self.verdict.faults.sort_by_key(|fault| fault.line);
        self.verdict
            .gaps
            .sort_by_key(|gap| (gap.after_seq, gap.reason));
        self.verdict.tally.settle();
        self.verdict
    }

    fn fault(&mut self, message: impl Into<String>) {
        self.verdict.fault(self.line, message);
    }

    fn on_unread(&mut self) {
        let due = self
            .segment
            .as_ref()
            .filter(|segment| segment.next_seq <= segment.header.last_seq)
            .map(|segment| segment.next_seq);
        match due {
            Some(seq) => self.fault(format!(
                "this is not a play as Passerby writes it; play {} should be here, and was changed after it was signed",
                grouped(seq)
            )),
            None => self.fault("this line does not belong here; somebody added or changed it"),
        }
        if let Some(segment) = &mut self.segment {
            segment.unread += 1;
            segment.is_bad = true;
        }
    }

    fn trace(&mut self, traced: Traced) {
        if self.traces {
            self.verdict.trace.epoch = self.verdict.epoch;
            self.verdict.trace.segments.push(traced);
        }
    }
}
