//! Lets a simulation make the ledger's disk refuse, by SQLite's own means.

use crate::ledger::Ledger;

/// What is wrong with the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Everything is written.
    #[default]
    None,
    /// The card has gone read-only.
    ReadOnly,
    /// Not a page more fits.
    Full,
    /// Statements go through and COMMIT does not.
    Commit,
}

impl Ledger {
    /// Makes the disk refuse, or mends it. A connection that is opened again finds the same disk.
    pub(crate) fn suffer(&mut self, fault: Fault) -> Result<(), rusqlite::Error> {
        self.fault = fault;
        let pages: i64 = self
            .connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let pages_max = if fault == Fault::Full {
            pages
        } else {
            i64::from(u32::MAX - 1)
        };
        self.connection
            .query_row(&format!("PRAGMA max_page_count = {pages_max}"), [], |_| {
                Ok(())
            })?;
        self.connection
            .pragma_update(None, "query_only", fault == Fault::ReadOnly)?;
        let refuses = fault == Fault::Commit;
        self.connection
            .commit_hook(refuses.then_some(|| true))
            .map(|_| ())
    }

    /// Hands numbers out again that were handed out before; what a simulation has to find.
    pub(crate) fn forget_reservations(&mut self) {
        self.next_number = self.next_number.saturating_sub(300);
    }
}
