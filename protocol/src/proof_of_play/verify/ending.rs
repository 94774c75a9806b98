//! Checks the line that ends a proof: who signed it, and that nothing was taken out before it.
//!
//! Invariant: what it says of gaps takes the place of what segments said.

use crate::limits::BOOT_BYTES_MAX;
use crate::plays::Gap;
use crate::proof_of_play::verify::Verifier;
use crate::proof_of_play::verify::segment::has_long_boot;
use crate::proof_of_play::write::json;
use crate::proof_of_play::{
    ANCHORS_MAX, FINAL_LABEL, FinalLine, GAPS_MAX, NOTHING_BEFORE, grouped,
};

impl Verifier {
    pub(super) fn on_final(&mut self, line: &FinalLine) {
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
