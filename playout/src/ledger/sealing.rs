//! When a ledger seals its plays; how, is in [`segments`](crate::ledger::segments).

use passerby_protocol::proof_of_play::SEGMENT_ROWS;

use crate::ledger::segments::Sealer;
use crate::ledger::{Ledger, LedgerError};

impl Ledger {
    /// Seals the next segment if there are plays for one that were not sealed as they came. What
    /// fails is tried again with the next play.
    pub(super) fn seal_due(&mut self) {
        let Some(mut sealer) = self.sealer.take() else {
            return;
        };
        let sealed_through = sealer.end.last_seq.max(self.first_seq - 1);
        if self.last_seq >= sealed_through + SEGMENT_ROWS
            && !sealer.seal_from_file(&mut self.connection, self.epoch, self.first_seq)
        {
            self.doubt();
        }
        self.sealer = Some(sealer);
    }

    /// The oldest play that must not be pruned since it is not sealed yet; a ledger that cannot
    /// seal prunes as it likes.
    pub(super) fn first_unsealed(&self) -> u64 {
        self.sealer
            .as_ref()
            .map_or(u64::MAX, Sealer::first_unsealed)
    }

    /// Reads anew how far the file is sealed.
    pub(super) fn resume_sealing(&mut self) -> Result<(), LedgerError> {
        match &mut self.sealer {
            Some(sealer) => sealer.resume(&self.connection),
            None => Ok(()),
        }
    }
}
