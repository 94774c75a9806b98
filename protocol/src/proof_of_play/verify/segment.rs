//! Checks the lines that begin segments of plays, and that each segment has the plays which were
//! signed.
//!
//! Invariant: segments follow each other without a gap, by number and by hash, or it is told.

use sha2::Digest as _;

use crate::Digest;
use crate::dating::Anchor;
use crate::foreign::plain;
use crate::limits::{BOOT_BYTES_MAX, CAMPAIGN_BYTES_MAX, GAP_PLAYS_MAX};
use crate::plays::{Gap, GapReason};
use crate::proof_of_play::fork::Traced;
use crate::proof_of_play::verify::{Current, Verifier};
use crate::proof_of_play::write::segment_hash;
use crate::proof_of_play::{
    GAPS_MAX, NOTHING_BEFORE, PublicKey, SEGMENT_ROWS_MAX, SealedSegment, SegmentHeader,
    SegmentLine, ZONES_MAX, grouped,
};

/// Longest address of a hub in a proof, in bytes.
const HUB_BYTES_MAX: usize = 2_048;
/// Most keys, and most screens, that are told of one file.
const NAMES_MAX: usize = 100;

impl Verifier {
    pub(super) fn on_segment(&mut self, line: SegmentLine) {
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

    pub(super) fn expect_key(&mut self, key: PublicKey, what: &str) {
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

    pub(super) fn check_gaps(&mut self, gaps: &[Gap]) {
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

    /// Ends the segment that is being read.
    pub(super) fn close(&mut self) {
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
}

pub(super) fn has_long_boot(anchors: &[Anchor]) -> bool {
    anchors
        .iter()
        .any(|anchor| anchor.boot.len() > BOOT_BYTES_MAX)
}

pub(super) fn are_missing(from: u64, to: u64) -> String {
    if from == to {
        format!("play {} is", grouped(from))
    } else {
        format!("plays {} to {} are", grouped(from), grouped(to))
    }
}
