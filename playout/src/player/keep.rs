//! Writes the ledger for the player, and gets it going again after its disk has refused.
//!
//! Invariant: a play that waits in memory is written once, also when its first COMMIT said that it
//! failed and had not.

use std::collections::BTreeSet;

use passerby_protocol::PlayNumber;

use crate::ledger::{Ledger, LedgerError};
use crate::player::record::Recorder;

impl Recorder {
    /// Does something with the ledger. After an error its file is read anew first.
    ///
    /// # Errors
    /// The disk refuses, or the ledger has nothing to give.
    pub fn with_ledger<T>(
        &mut self,
        act: impl FnOnce(&mut Ledger) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.settle()?;
        let done = act(&mut self.ledger);
        if let Err(LedgerError::Sql(_) | LedgerError::Open { .. }) = &done {
            self.ledger.doubt();
        }
        done
    }

    /// Reads the file anew after an error, and lets go of plays that turn out to be in it.
    pub(super) fn settle(&mut self) -> Result<(), LedgerError> {
        if !self.ledger.is_in_doubt() {
            return Ok(());
        }
        let settled = self.ledger.settle()?;
        let was_damaged = settled.note.is_some();
        self.notes.extend(settled.note);
        let in_doubt = std::mem::take(&mut self.in_doubt).min(self.held.len());
        if settled.is_recorded {
            self.held.drain(..in_doubt);
            self.recorded.notify_one();
        } else if was_damaged {
            let held: Vec<PlayNumber> = self.held_plays().map(|play| play.number).collect();
            let recorded = self.ledger.recorded(&held).inspect_err(|_| {
                // Until this is known nothing may be written.
                self.ledger.doubt();
            })?;
            self.let_go(&recorded);
        }
        Ok(())
    }

    fn let_go(&mut self, recorded: &BTreeSet<PlayNumber>) {
        if recorded.is_empty() {
            return;
        }
        self.held
            .retain(|(_, play, _)| !recorded.contains(&play.number));
        self.recorded.notify_one();
    }

    /// What is to be told about the ledger since the last time.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}
