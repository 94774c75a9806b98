//! Gets a ledger going again after its disk has refused something.
//!
//! Invariants:
//! - After an error nothing is believed but what the file says: a COMMIT whose play is on disk
//!   fails all the same when the checkpoint behind it does, and would otherwise be tried again for
//!   ever.
//! - A play number that was handed out is never handed out again, whatever file turns up.
//! - Opening again never makes a file: the folder of a disk that is not there stays empty.
//! - The new connection is opened before the old one is closed. Both then share one view of the
//!   log, which knows what was really synced; SQLite's recovery would believe whatever the system's
//!   memory shows, also what a failed fsync has left there without being on disk.

use std::collections::BTreeSet;
use std::time::Duration;

use passerby_protocol::PlayNumber;
use rusqlite::{Connection, ErrorCode};

use crate::ledger::file_state::FileState;
use crate::ledger::{Ledger, LedgerError, schema};

/// So many of the newest rows are looked through for plays that may be there already; more than
/// ever wait in memory.
const ROWS_LOOKED_THROUGH: u64 = 16_384;

/// What came of a doubt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The file turned out to be damaged and a new one was begun.
    pub note: Option<String>,
    /// What was being recorded when the doubt arose is on disk.
    pub is_recorded: bool,
}

impl Ledger {
    /// Says that a write has failed: [`Ledger::settle`] comes before the next.
    pub const fn doubt(&mut self) {
        self.in_doubt = true;
    }

    /// Tells whether a write has failed since the file was last read.
    pub const fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// After a failed write, opens the file again and takes what it says for what is recorded. What
    /// was being recorded may be among it; after damage some of it may, too: ask
    /// [`Ledger::recorded`]. Does nothing when nothing has failed.
    ///
    /// # Errors
    /// The file cannot be opened or read; the doubt remains.
    pub fn settle(&mut self) -> Result<Settled, LedgerError> {
        if !self.in_doubt {
            return Ok(Settled::default());
        }
        let before = (self.epoch, self.last_seq, self.rowless);
        let note = match self.read_anew() {
            Ok(()) if self.log_is_sure => None,
            Ok(()) => {
                self.rewrite_log()?;
                self.note_interruption()
                    .inspect_err(|_| self.log_is_sure = false)?;
                None
            }
            Err(LedgerError::Sql(error)) if is_damage(&error) => self.begin_after_damage()?,
            Err(error) => return Err(error),
        };
        self.resume_sealing()?;
        self.make_room();
        let (epoch, last_seq, rowless) = before;
        let is_recorded =
            epoch == self.epoch && (self.last_seq > last_seq || self.rowless > rowless);
        if is_recorded {
            self.doubtful = Default::default();
        } else {
            self.take_back_notes();
        }
        self.in_doubt = false;
        Ok(Settled { note, is_recorded })
    }

    /// Moves what the log holds into the file, so that the log begins at its start again: on a full
    /// disk it has room there, which it cannot get at its end.
    fn make_room(&self) {
        let moved = || -> Result<(), rusqlite::Error> {
            // Who reads is not waited for.
            self.connection.busy_timeout(Duration::ZERO)?;
            self.connection
                .query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
        };
        if let Err(error) = moved() {
            // The write that follows will tell whether it matters.
            tracing::debug!("the log cannot be moved into the ledger: {error}");
        }
        if let Err(error) = self.connection.busy_timeout(schema::BUSY) {
            tracing::debug!("{error}");
        }
    }

    /// Which of these plays are in the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn recorded(&self, among: &[PlayNumber]) -> Result<BTreeSet<PlayNumber>, LedgerError> {
        let mut newest = self
            .connection
            .prepare_cached("SELECT number FROM plays ORDER BY seq DESC LIMIT ?1")?;
        let numbers: BTreeSet<u32> = newest
            .query_map([ROWS_LOOKED_THROUGH], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let is_there = |number: &&PlayNumber| numbers.contains(&number.get());
        Ok(among.iter().filter(is_there).copied().collect())
    }

    /// With a new connection where one can be had, since the old one may hold on to a disk that has
    /// gone; else with the old one.
    fn read_anew(&mut self) -> Result<(), LedgerError> {
        // Connections of one process share what they know of a file, also that it may only be read;
        // so one that was opened on a read-only disk has to go first. It has written nothing that
        // the next could see too early.
        let was_readonly = self.connection.is_readonly("main")?;
        if was_readonly {
            self.connection = Connection::open_in_memory()?;
        }
        match schema::open_again(&self.path) {
            Ok(connection) => self.connection = connection,
            // What is written into a file without a name is lost when the process ends; and the old
            // connection remembers pages that are damaged by now.
            Err(error) if !self.path.exists() || is_damage(&error) => return Err(error.into()),
            Err(_) if was_readonly => self.connection = schema::open_to_look(&self.path)?,
            Err(_) => {}
        }
        self.set_up_again()?;
        let said = FileState::read(&self.connection)?;
        self.take(&said);
        Ok(())
    }

    /// As at the start of a terminal, though without having stopped.
    fn begin_after_damage(&mut self) -> Result<Option<String>, LedgerError> {
        // The damaged file has to be closed before it can be set aside.
        self.connection = Connection::open_in_memory()?;
        let folder = self.path.parent().unwrap_or(&self.path).to_path_buf();
        let (fresh, note) = Self::open_with(&folder, self.environment.clone())?;
        let said = FileState::read(&fresh.connection)?;
        self.connection = fresh.connection;
        self.sealer = fresh.sealer;
        self.take(&said);
        Ok(note)
    }

    pub(super) fn take(&mut self, said: &FileState) {
        if said.epoch != self.epoch {
            self.next_number = self.next_number.max(said.reserved_until);
        }
        // What another file has not reserved is reserved in it with the next number.
        if said.epoch != self.epoch || said.reserved_until < self.reserved_until {
            self.reserved_until = self.next_number;
        }
        self.is_holding = said.is_holding;
        self.forget_ids();
        self.rowless = said.rowless;
        self.epoch = said.epoch;
        self.acked_through = said.acked_through;
        self.first_seq = said.first_seq;
        self.last_seq = said.last_seq;
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

#[cfg(test)]
mod tests;
