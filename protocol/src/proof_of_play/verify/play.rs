//! Checks one play: its place in its segment, its check, and whether it can have been.
//!
//! Invariant: a play that is read is counted, even one that is found wrong, but for one that its
//! segment has no place for.

use sha2::Digest as _;

use crate::PlayNumber;
use crate::limits::PLAY_MS_MAX;
use crate::proof_of_play::row::{Written, check_of};
use crate::proof_of_play::verify::segment::are_missing;
use crate::proof_of_play::verify::{Current, Verifier};
use crate::proof_of_play::{PlayRow, grouped};

impl Verifier {
    pub(super) fn on_play(&mut self, row: &Written<'_>) {
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
}
