//! What a ledger does when its file turns out to be older than what the hub has of it: a memory
//! card was put back to an image, and has since recorded other plays in rows that the hub knows.
//!
//! Invariants: the plays that the hub does not have go on under another epoch, in their order, with
//! their numbers, gaps and dates, all in one transaction; what the hub has is left to it.

use passerby_protocol::{Epoch, PlayNumber};
use rusqlite::TransactionBehavior;

use crate::ledger::file_state::FileState;
use crate::ledger::{Ledger, LedgerError, anchors, segments, stored_values};

/// How far above what the hub last said a new ledger may begin to number. Its forerunner on another
/// memory card has gone on since then; at one play in ten seconds this is more than a year of it.
const AHEAD_MAX: u64 = 1 << 22;
/// How far an answer of the hub may move the numbers on: twenty years of one play in ten seconds. A
/// hub that is wrong must not use up the numbers of a screen.
const FOLLOWED_MAX: u32 = 1 << 26;

impl Ledger {
    /// Begins a new epoch with the rows from `from_seq` on; those before are on the hub.
    ///
    /// # Errors
    /// The database fails; nothing changed then.
    pub fn begin_anew_at(&mut self, from_seq: u64) -> Result<(), LedgerError> {
        let passed = from_seq.saturating_sub(1);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        segments::end_chain(&transaction)?;
        transaction.execute("DELETE FROM plays WHERE seq <= ?1", [passed])?;
        // In two steps, so that no row is ever in the place of another.
        transaction.execute("UPDATE plays SET seq = ?1 - seq", [passed])?;
        transaction.execute("UPDATE plays SET seq = -seq", [])?;
        transaction.execute("DELETE FROM gaps WHERE after_seq < ?1", [passed])?;
        transaction.execute("UPDATE gaps SET after_seq = ?1 - after_seq - 1", [passed])?;
        transaction.execute("UPDATE gaps SET after_seq = -after_seq - 1", [])?;
        let epoch = Epoch(self.environment.random_bits());
        stored_values::set(&transaction, "epoch", epoch.0.cast_signed())?;
        stored_values::set(&transaction, "acked_through", 0)?;
        anchors::offer_all(&transaction)?;
        let said = FileState::read(&transaction)?;
        transaction.commit()?;
        for gap in self.missing.iter_mut().chain(&mut self.doubtful.0) {
            gap.after_seq = gap.after_seq.saturating_sub(passed);
        }
        self.take(&said);
        self.resume_sealing()
    }

    /// Goes on above the play numbers that the hub says it has, unless that is too far away to be
    /// true.
    ///
    /// # Errors
    /// The database fails.
    pub fn follow_numbers(&mut self, floor: PlayNumber) -> Result<(), LedgerError> {
        if floor.get() > self.next_number.saturating_add(FOLLOWED_MAX) {
            tracing::warn!(
                "the hub says that numbers up to {floor} are taken, and this screen is at {}; that is not believed",
                self.next_number
            );
            return Ok(());
        }
        self.raise_numbers(floor)
    }

    /// Goes on above the play numbers that the hub knew when the screen was enrolled. A ledger
    /// without a play may belong to a memory card that took the credentials over from another,
    /// which has gone on since: it begins somewhere further up.
    ///
    /// # Errors
    /// The database fails.
    pub fn begin_numbers(&mut self, floor: PlayNumber) -> Result<(), LedgerError> {
        if floor.get() <= self.next_number || self.last_seq > 0 {
            return self.raise_numbers(floor);
        }
        let ahead = u32::try_from(self.environment.random_bits() % AHEAD_MAX).unwrap_or(0);
        let start = PlayNumber::new(floor.get().saturating_add(ahead)).unwrap_or(floor);
        self.raise_numbers(start)
    }
}
