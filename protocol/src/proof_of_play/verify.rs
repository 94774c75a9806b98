//! Checks a proof, line by line, and says at which line what is wrong.

use sha2::{Digest as _, Sha256};

use crate::dating::Anchor;
use crate::foreign::plain;
use crate::limits::{BOOT_BYTES_MAX, CAMPAIGN_BYTES_MAX, GAP_PLAYS_MAX, PLAY_MS_MAX};
use crate::plays::{Gap, GapReason, PlayContent};
use crate::proof_of_play::fork::{Trace, Traced};
use crate::proof_of_play::numbers::Numbers;
use crate::proof_of_play::read::{ProofLine, Unread, read};
use crate::proof_of_play::row::{Written, check_of};
use crate::proof_of_play::tally::Tally;
use crate::proof_of_play::write::{json, segment_hash};
use crate::proof_of_play::{
    ANCHORS_MAX, FAULTS_MAX, FINAL_LABEL, FinalLine, Forerunner, GAPS_MAX, LINE_BYTES_MAX,
    LINES_MAX, NOTHING_BEFORE, PlayRow, PublicKey, SEGMENT_ROWS_MAX, Sealed, SealedSegment,
    SegmentHeader, SegmentLine, VERSION, ZONES_MAX, grouped,
};
use crate::{Digest, Epoch, PlayNumber, ScreenNumber};

/// Longest address of a hub in a proof, in bytes.
const HUB_BYTES_MAX: usize = 2_048;
/// Most keys, and most screens, that are told of one file.
const NAMES_MAX: usize = 100;

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
    pub tally: Tally,
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

    fn on_segment(&mut self, line: SegmentLine) {
        self.close();
        let SegmentLine {
            segment: header,
            contents,
            boots,
            signature,
        } = line;
        self.verdict.segments += 1;
        let (first, last) = (header.first_seq, header.last_seq);
        let range = format!("plays {} to {}", grouped(first), grouped(last));
        if first == 0 || last < first || last - first >= SEGMENT_ROWS_MAX || last > i64::MAX as u64
        {
            return self.fault(format!(
                "a segment has 1 to {} plays, numbered from 1; this one says {range}",
                grouped(SEGMENT_ROWS_MAX)
            ));
        }
        let sealed = SealedSegment { header, signature };
        if !sealed.is_signed() {
            self.fault(format!(
                "the signature does not fit what stands here; the particulars of {range} were changed or forged"
            ));
        }
        let header = sealed.header;
        if self.verdict.epoch != Some(header.epoch) {
            self.fault(format!(
                "{range} are of ledger {}, not of the one that the first line names",
                header.epoch
            ));
        }
        self.expect_key(header.key, &range);
        self.check_chain(&header, &range);
        self.check_particulars(&header);
        self.chain = Some((last, header.hash));
        let is_left_out = contents.is_none() && boots.is_none();
        if is_left_out {
            if self.verdict.first_seq.is_some() || header.open {
                self.fault(format!(
                    "{range} are left out; only the oldest plays of a proof may be"
                ));
            }
            self.verdict.left_out += 1;
        } else {
            self.verdict.first_seq.get_or_insert(first);
            self.verdict.last_seq = Some(last);
        }
        self.verdict.tally.date(&header.anchors);
        self.verdict.gaps.extend(
            header
                .gaps
                .iter()
                .take(GAPS_MAX.saturating_sub(self.verdict.gaps.len()))
                .cloned(),
        );
        self.note_signer(&header, if is_left_out { 0 } else { last - first + 1 });
        let traced = Traced {
            line: self.line,
            first_seq: first,
            last_seq: last,
            hash: header.hash,
            plays: Vec::new(),
        };
        if is_left_out {
            self.trace(traced);
            return;
        }
        let (contents, boots) = (contents.unwrap_or_default(), boots.unwrap_or_default());
        if boots.iter().any(|boot| boot.len() > BOOT_BYTES_MAX)
            || contents
                .iter()
                .any(|content| content.campaign.len() > CAMPAIGN_BYTES_MAX)
        {
            self.fault("a boot id or campaign name is longer than any that Passerby records");
        }
        self.segment = Some(Current {
            line: self.line,
            hash: segment_hash(header.epoch, first, &header.previous),
            header,
            spans: vec![None; boots.len()],
            contents,
            boots,
            contents_used: 0,
            boots_used: 0,
            next_seq: first,
            unread: 0,
            is_bad: false,
            traced,
        });
    }

    fn expect_key(&mut self, key: PublicKey, what: &str) {
        if !self.expected.is_empty() && !self.expected.contains(&key) {
            self.fault(format!(
                "{what}: signed by device key {key}, which is not the one that was asked for"
            ));
        }
    }

    fn check_chain(&mut self, header: &SegmentHeader, range: &str) {
        match self.chain {
            Some((last, _)) if header.first_seq != last + 1 => {
                let (from, to) = (last + 1, header.first_seq);
                if to > from {
                    self.fault(format!(
                        "plays {} to {} are missing before this line; a segment was taken out",
                        grouped(from),
                        grouped(to - 1)
                    ));
                } else {
                    self.fault(format!("{range} stand here a second time or out of order"));
                }
            }
            Some((_, hash)) if header.previous != hash => self.fault(format!(
                "{range} do not follow what stands before them: the chain of hashes is broken"
            )),
            None if header.first_seq == 1 && header.previous != NOTHING_BEFORE => {
                self.fault(format!(
                    "{range} begin the ledger, but say that others came before"
                ));
            }
            _ => {}
        }
        if self.has_open && !header.open {
            self.fault(format!(
                "{range} are sealed, after plays that were not yet; a proof has those at its end"
            ));
        }
        self.has_open |= header.open;
        if let Some(after) = &header.after {
            if header.first_seq != 1 || after.epoch == header.epoch {
                self.fault("only the first segment of a ledger names another ledger before it");
            }
            self.verdict.after = Some(after.clone());
        }
    }

    fn check_particulars(&mut self, header: &SegmentHeader) {
        let rows = header.last_seq - header.first_seq + 1;
        let is_long = header.anchors.len() as u64 > 16 * rows
            || header.gaps.len() as u64 > rows * GapReason::ALL.len() as u64
            || header
                .hub
                .as_ref()
                .is_some_and(|hub| hub.len() > HUB_BYTES_MAX)
            || header.sealed.boot.len() > BOOT_BYTES_MAX
            || has_long_boot(&header.anchors);
        if is_long {
            self.fault("the particulars of a segment are longer than any that Passerby writes");
        }
        for gap in &header.gaps {
            if gap.after_seq.saturating_add(1) < header.first_seq
                || gap.after_seq >= header.last_seq
            {
                self.fault("a gap is named that is not before one of the segment's plays");
            }
        }
        self.check_gaps(&header.gaps);
    }

    fn check_gaps(&mut self, gaps: &[Gap]) {
        let is_impossible = |gap: &Gap| {
            gap.boot.len() > BOOT_BYTES_MAX
                || gap.plays > GAP_PLAYS_MAX
                || gap.from_boot_ms > gap.until_boot_ms
        };
        if gaps.iter().any(is_impossible) {
            self.fault("a gap is named that is impossible");
        }
    }

    fn note_signer(&mut self, header: &SegmentHeader, plays: u64) {
        let keys = &mut self.verdict.keys;
        let has_room = keys.len() < NAMES_MAX;
        match keys.iter_mut().find(|(key, _)| *key == header.key) {
            Some((_, known)) => *known += plays,
            None if has_room => keys.push((header.key, plays)),
            None => self.fault("more keys have signed this file than any screen has"),
        }
        if let Some(screen) = header.screen {
            let hub = header.hub.as_deref().map(|hub| plain(hub).into_owned());
            let screen = (screen, hub);
            let screens = &mut self.verdict.screens;
            if !screens.contains(&screen) && screens.len() < NAMES_MAX {
                screens.push(screen);
            }
        }
    }

    fn on_play(&mut self, row: &Written<'_>) {
        let Some(mut segment) = self.segment.take() else {
            return self.fault(format!(
                "play {} stands in no segment; somebody added it, or the line before was changed",
                grouped(row.seq)
            ));
        };
        self.judge_play(&mut segment, row);
        self.segment = Some(segment);
    }

    fn judge_play(&mut self, segment: &mut Current, row: &Written<'_>) {
        let play = grouped(row.seq);
        if row.seq < segment.next_seq || row.seq > segment.header.last_seq {
            segment.is_bad = true;
            return self.fault(format!("play {play} is here a second time or out of place"));
        }
        if row.seq - segment.next_seq > segment.unread {
            segment.is_bad = true;
            self.fault(format!(
                "{} missing before this line; somebody took it out",
                are_missing(segment.next_seq, row.seq - 1)
            ));
        }
        (segment.next_seq, segment.unread) = (row.seq + 1, 0);
        let (content_at, boot_at) = (row.content as usize, row.boot as usize);
        let (Some(content), Some(boot)) =
            (segment.contents.get(content_at), segment.boots.get(boot_at))
        else {
            segment.is_bad = true;
            return self.fault(format!(
                "play {play} names a content or boot that its segment does not list"
            ));
        };
        let is_ordered = content_at <= segment.contents_used && boot_at <= segment.boots_used;
        segment.contents_used = segment.contents_used.max(content_at + 1);
        segment.boots_used = segment.boots_used.max(boot_at + 1);
        let full = PlayRow {
            seq: row.seq,
            number: row.number,
            content,
            boot,
            start_boot_ms: row.start_boot_ms,
            visible_ms: row.visible_ms,
            outcome: row.outcome,
            display: row.display,
        };
        let leaf = full.leaf(segment.header.epoch);
        segment.hash.update(leaf);
        // After a play that is missing the order in which the lists are used says nothing.
        if check_of(&leaf) != row.check || (!is_ordered && !segment.is_bad) {
            segment.is_bad = true;
            self.fault(format!("play {play} was changed after it was signed"));
        } else if row.number > PlayNumber::MAX || row.visible_ms > PLAY_MS_MAX {
            self.fault(format!(
                "play {play} is impossible: its number is too large, or it was visible for more than a day"
            ));
        } else if !self.numbers.add(row.number) {
            self.fault(format!(
                "play {play} has number {}, which another play of this file has; a number is used once",
                row.number
            ));
        }
        self.verdict.tally.add(&full);
        let end = row.start_boot_ms.saturating_add(row.visible_ms);
        let span = segment.spans[boot_at].get_or_insert((row.start_boot_ms, end, 0));
        *span = (
            span.0.min(row.start_boot_ms),
            span.1.max(end),
            span.2.saturating_add(row.visible_ms),
        );
        if self.traces {
            let mut half = [0; 16];
            half.copy_from_slice(&leaf[..16]);
            segment.traced.plays.push((row.seq, self.line, half));
        }
    }

    /// Ends the segment that is being read.
    fn close(&mut self) {
        let Some(segment) = self.segment.take() else {
            return;
        };
        let line = segment.line;
        let (first, last) = (segment.header.first_seq, segment.header.last_seq);
        let missing = last + 1 - segment.next_seq;
        if missing > segment.unread {
            self.verdict.fault(
                line,
                format!(
                    "{} missing at the end of this segment; somebody took it out",
                    are_missing(segment.next_seq, last)
                ),
            );
        } else if missing == 0 && !segment.is_bad {
            let is_whole = Digest(segment.hash.finalize().into()) == segment.header.hash
                && segment.contents_used == segment.contents.len()
                && segment.boots_used == segment.boots.len();
            if !is_whole {
                self.verdict.fault(
                    line,
                    format!(
                        "plays {} to {} are not those that were signed",
                        grouped(first),
                        grouped(last)
                    ),
                );
            }
        }
        // In one zone plays follow each other, so in all together they cannot take longer than all
        // zones have.
        let is_crowded = |span: &Option<(u64, u64, u64)>| {
            span.is_some_and(|(from, until, visible)| {
                visible > (until - from).saturating_mul(ZONES_MAX)
            })
        };
        if segment.spans.iter().any(is_crowded) {
            self.verdict.fault(
                line,
                format!(
                    "plays {} to {} overlap: together they were visible for longer than a screen of {ZONES_MAX} zones can show in that time",
                    grouped(first),
                    grouped(last)
                ),
            );
        }
        self.trace(segment.traced);
    }

    fn trace(&mut self, traced: Traced) {
        if self.traces {
            self.verdict.trace.epoch = self.verdict.epoch;
            self.verdict.trace.segments.push(traced);
        }
    }

    fn on_final(&mut self, line: &FinalLine) {
        self.close();
        self.is_over = true;
        let FinalLine { totals, signature } = line;
        if !totals.key.signed(FINAL_LABEL, &json(totals), signature) {
            self.fault("the signature of the line that ends the proof does not fit; it was changed or forged");
        }
        self.expect_key(totals.key, "the end of the proof");
        let signed_by_others = self.verdict.segments > 0
            && self.verdict.keys.iter().all(|(key, _)| *key != totals.key);
        if signed_by_others && !self.expected.contains(&totals.key) {
            self.fault(
                "the end of the proof was signed by another device than its plays; somebody may have cut plays off",
            );
        }
        if self.verdict.epoch != Some(totals.epoch) {
            self.fault("the end of the proof is of another ledger than its beginning");
        }
        let hash = self.chain.map_or(NOTHING_BEFORE, |(_, hash)| hash);
        let found = (
            self.verdict.segments,
            self.verdict.left_out,
            self.verdict.tally.all.plays,
        );
        // A play that was already found wrong may not have been counted.
        let counts = found == (totals.segments, totals.left_out, totals.plays);
        if totals.hash != hash || (!counts && self.verdict.is_good()) {
            self.fault(format!(
                "the proof was signed with {} plays in {} segments, {} of them left out, and has {} in {}, {} left out; the file was shortened or put together anew",
                grouped(totals.plays),
                grouped(totals.segments),
                grouped(totals.left_out),
                grouped(found.2),
                grouped(found.0),
                grouped(found.1),
            ));
        }
        if totals.anchors.len() > ANCHORS_MAX
            || totals.gaps.len() > GAPS_MAX
            || totals.sealed.boot.len() > BOOT_BYTES_MAX
            || has_long_boot(&totals.anchors)
        {
            self.fault("the end of the proof is longer than any that Passerby writes");
        }
        self.check_gaps(&totals.gaps);
        self.verdict.tally.date(&totals.anchors);
        let ended = self.verdict.tally.ended_boot_ms(&totals.sealed.boot);
        if ended.is_some_and(|ended| ended > totals.sealed.boot_ms) {
            self.fault("a play ended after the file was made; nobody can have seen that yet");
        }
        // What is said last of a gap is what is known of it.
        let last_said = |known: &Gap| {
            totals
                .gaps
                .binary_search_by_key(&(known.after_seq, known.reason), |gap| {
                    (gap.after_seq, gap.reason)
                })
                .is_err()
        };
        self.verdict.gaps.retain(last_said);
        self.verdict
            .gaps
            .extend(totals.gaps.iter().take(GAPS_MAX).cloned());
        self.verdict.made = Some(totals.sealed.clone());
    }
}

fn has_long_boot(anchors: &[Anchor]) -> bool {
    anchors
        .iter()
        .any(|anchor| anchor.boot.len() > BOOT_BYTES_MAX)
}

fn are_missing(from: u64, to: u64) -> String {
    if from == to {
        format!("play {} is", grouped(from))
    } else {
        format!("plays {} to {} are", grouped(from), grouped(to))
    }
}
