//! The terminal's durable log of plays.
//!
//! Invariants:
//! - A play is counted only after COMMIT, with `synchronous=FULL` in WAL mode; what is committed
//!   survives kill -9 and a power cut.
//! - Rows are keyed by (epoch, seq); seq runs from 1 without gaps, so the hub can tell lost from
//!   repeated.
//! - A play number is never reused: numbers come from ranges that are reserved on disk before the
//!   first is used, and a new epoch starts at a random point.
//! - Only what the hub has acknowledged is ever pruned. When the ledger is full, new plays are
//!   dropped, and a gap says so.
//! - Plays that are in no row are in a gap: [`Ledger::gaps`].
//! - One writer: the player's thread owns the only [`Ledger`].

mod anchoring;
mod anchors;
mod append;
mod environment;
mod error;
mod export;
mod failure_notes;
mod failures;
mod file_state;
mod fork;
mod gaps;
mod history;
mod limits;
mod missing_plays;
pub mod outsmart;
mod play;
mod read;
mod reopen;
mod retention;
mod rewrite;
mod salvage;
mod schema;
mod sealing;
mod segments;
mod stored_values;
mod swap;
mod text_ids;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use passerby_folder::durable_file;
use passerby_protocol::plays::Gap;
use passerby_protocol::{Epoch, PlayNumber};
use rusqlite::{Connection, TransactionBehavior};

use crate::ledger::environment::OperatingSystem;
use crate::ledger::file_state::FileState;
use crate::ledger::salvage::Salvaged;
use crate::ledger::segments::Sealer;
use crate::ledger::swap::Swap;
use crate::ledger::text_ids::Ids;
use crate::schedule::rotation::{Airings, History};

pub use crate::ledger::append::{Entry, RecordOutcome};
pub use crate::ledger::environment::Environment;
pub use crate::ledger::error::LedgerError;
pub use crate::ledger::export::{ExportError, Exported};
pub use crate::ledger::failures::{FAILURES_MAX, FailedItem, NewFailure};
pub use crate::ledger::limits::{ACKED_ROWS_KEPT, BYTES_MAX, Limits, ROWS_MAX};
pub use crate::ledger::play::{DatedPlay, NewPlay};
pub use crate::ledger::reopen::Settled;

/// Play numbers that are reserved at a time; at most this many are skipped by a restart.
const NUMBERS_RESERVED: u32 = 256;

/// The log. See the module.
///
/// ```
/// use passerby_playout::ledger::{Ledger, NewPlay};
/// use passerby_playout::schedule::rotation::{Booked, History};
/// use passerby_playout::system::clock::Moment;
/// use passerby_protocol::plays::{Display, Outcome, PlayContent};
/// use passerby_protocol::{Assignment, Digest};
///
/// let folder = tempfile::tempdir().expect("a folder");
/// let (mut ledger, trouble) = Ledger::open(folder.path()).expect("a disk that can be written");
/// assert_eq!(trouble, None);
/// let play = NewPlay {
///     number: ledger.next_number().expect("a number that was never used"),
///     content: PlayContent {
///         assignment: Assignment::NONE,
///         campaign: "jazz".into(),
///         creative: Digest::of(b"a picture"),
///     },
///     start: Moment { boot: "boot-1".into(), boot_ms: 5_000, wall_ms: None },
///     visible_ms: 10_000,
///     outcome: Outcome::Complete,
///     display: Display::Unknown,
/// };
/// let seq = ledger.record(&play, "main", &mut History::default(), &Booked::default());
/// assert_eq!(seq.expect("on the disk"), Some(1));
/// drop(ledger);
///
/// let ledger = Ledger::open_to_read(folder.path()).expect("it is there");
/// let plays = ledger.plays_since(None).expect("it is read");
/// assert_eq!((plays.len(), plays[0].play.visible_ms), (1, 10_000));
/// ```
pub struct Ledger {
    connection: Connection,
    epoch: Epoch,
    next_number: u32,
    reserved_until: u32,
    last_seq: u64,
    acked_through: u64,
    /// Oldest row that is still there.
    first_seq: u64,
    path: PathBuf,
    /// A write has failed since the file was last read.
    in_doubt: bool,
    /// What an earlier process left in the log is on disk.
    log_is_sure: bool,
    limits: Limits,
    /// What is missing and not yet on disk; at most one a reason.
    missing: Vec<Gap>,
    failed: Vec<NewFailure>,
    /// The same, of a transaction that failed and may have come through.
    doubtful: (Vec<Gap>, Vec<NewFailure>),
    /// How many transactions without a row the file has had.
    rowless: u64,
    is_holding: bool,
    environment: Arc<dyn Environment>,
    ids: Ids,
    /// Anchors that went with the last batch.
    offered: RefCell<anchors::Offered>,
    /// Signs its plays; none while it is only read, or when there can be no device key.
    sealer: Option<Sealer>,
}

impl Ledger {
    /// Opens the ledger in a folder, or makes a new one.
    ///
    /// A damaged file is set aside as `ledger.damaged-….sqlite` and a new epoch begins with what
    /// could be read of the plays that were not yet on the hub; the second value then says so.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn open(folder: &Path) -> Result<(Self, Option<String>), LedgerError> {
        Self::open_with(folder, Arc::new(OperatingSystem))
    }

    /// Does what [`Ledger::open`] does, in an environment of one's own.
    ///
    /// # Errors
    /// As [`Ledger::open`]; or the environment cannot set up the connection.
    pub fn open_with(
        folder: &Path,
        environment: Arc<dyn Environment>,
    ) -> Result<(Self, Option<String>), LedgerError> {
        let path = folder.join("ledger.sqlite");
        let wrong = |reason: String| LedgerError::Open {
            path: path.display().to_string(),
            reason,
        };
        durable_file::make_folder(folder).map_err(|error| wrong(error.to_string()))?;
        let swap = Swap::of(&path);
        swap.resume().map_err(|error| wrong(error.to_string()))?;
        match schema::open(&path) {
            Ok(connection) => {
                let mut ledger = Self::load(connection, &path, environment)?;
                let ready = ledger
                    .rewrite_log()
                    .and_then(|()| ledger.note_interruption());
                if let Err(error) = ready {
                    // Nothing is recorded before it has worked; what is there can be shown and
                    // sent.
                    tracing::warn!("{error}; plays wait in memory until then");
                    ledger.log_is_sure = false;
                    ledger.doubt();
                }
                Ok((ledger.signed_in(folder), None))
            }
            Err(schema::OpenError::Damaged(reason)) => {
                let next = swap.place().map_err(|error| wrong(error.to_string()))?;
                let salvaged = Self::begin_anew(&path, next, environment.clone())?;
                let aside = swap.complete().map_err(|error| wrong(error.to_string()))?;
                let connection = schema::open(&path).map_err(|error| wrong(error.to_string()))?;
                let note = format!(
                    "{}: the ledger was damaged ({reason}); it was set aside as {} and a new one begun. {} plays that were not yet on the hub were read back; at least {} could not be",
                    path.display(),
                    aside.display(),
                    salvaged.plays,
                    salvaged.lost
                );
                let mut ledger = Self::load(connection, &path, environment)?;
                ledger.rewrite_log()?;
                Ok((ledger.signed_in(folder), Some(note)))
            }
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Makes a ledger of a new epoch with what can be read of a damaged one. Until it takes the
    /// damaged one's place, all of this can be done again.
    fn begin_anew(
        damaged: &Path,
        next: &Path,
        environment: Arc<dyn Environment>,
    ) -> Result<Salvaged, LedgerError> {
        let connection = schema::open(next).map_err(|error| LedgerError::Open {
            path: next.display().to_string(),
            reason: error.to_string(),
        })?;
        let mut ledger = Self::load(connection, next, environment)?;
        let transaction = ledger
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let salvaged = salvage::salvage(damaged, &transaction)?;
        transaction.commit()?;
        // Into the file itself, which is about to be renamed without its log.
        ledger
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(salvaged)
    }

    /// Signs its plays with the device key of a folder from now on.
    fn signed_in(mut self, folder: &Path) -> Self {
        self.sealer = Sealer::open(folder, &self.connection);
        self
    }

    /// Opens the ledger of a folder to read it, also while a terminal writes it.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open_to_read(folder: &Path) -> Result<Self, LedgerError> {
        let path = folder.join("ledger.sqlite");
        let wrong = |reason: String| LedgerError::Open {
            path: path.display().to_string(),
            reason,
        };
        if !path.exists() {
            return Err(LedgerError::NothingPlayed {
                path: path.display().to_string(),
            });
        }
        let connection = schema::open(&path).map_err(|error| wrong(error.to_string()))?;
        Self::load(connection, &path, Arc::new(OperatingSystem))
    }

    /// Shows the open connection to the environment again, which wants it set up otherwise by now.
    ///
    /// # Errors
    /// What the environment does with it fails.
    pub fn set_up_again(&mut self) -> Result<(), LedgerError> {
        Ok(self.environment.set_up(&mut self.connection)?)
    }

    fn load(
        mut connection: Connection,
        path: &Path,
        environment: Arc<dyn Environment>,
    ) -> Result<Self, LedgerError> {
        environment.set_up(&mut connection)?;
        // Whoever only reads waits for no writer.
        let behavior = match stored_values::get::<i64>(&connection, "epoch")? {
            Some(_) => TransactionBehavior::Deferred,
            None => TransactionBehavior::Immediate,
        };
        let transaction = connection.transaction_with_behavior(behavior)?;
        if stored_values::get::<i64>(&transaction, "epoch")?.is_none() {
            let epoch = environment.random_bits().cast_signed();
            stored_values::set(&transaction, "epoch", epoch)?;
            // A re-flashed memory card must not repeat numbers of its former life: start anywhere
            // in the lower half.
            let start = environment.random_bits() % u64::from(PlayNumber::MAX / 2);
            let start = u32::try_from(start).unwrap_or(1);
            stored_values::set(&transaction, "reserved_until", i64::from(start.max(1)))?;
            stored_values::set(&transaction, "acked_through", 0)?;
        }
        let said = FileState::read(&transaction)?;
        transaction.commit()?;
        Ok(Self {
            connection,
            epoch: said.epoch,
            next_number: said.reserved_until,
            reserved_until: said.reserved_until,
            last_seq: said.last_seq,
            acked_through: said.acked_through,
            first_seq: said.first_seq,
            path: path.to_path_buf(),
            in_doubt: false,
            log_is_sure: false,
            limits: Limits::default(),
            missing: Vec::new(),
            failed: Vec::new(),
            doubtful: Default::default(),
            rowless: said.rowless,
            is_holding: said.is_holding,
            environment,
            ids: Ids::default(),
            offered: RefCell::default(),
            sealer: None,
        })
    }

    /// Names this incarnation of the file.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Seq of the newest row; 0 when there was none yet.
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// All rows up to this seq are on the hub.
    pub const fn acked_through(&self) -> u64 {
        self.acked_through
    }

    /// How many plays wait to be sent.
    pub const fn waiting(&self) -> u64 {
        self.last_seq - self.acked_through
    }

    /// How many rows are in the file.
    ///
    /// # Errors
    /// The database fails.
    pub fn rows(&self) -> Result<u64, LedgerError> {
        Ok(self
            .connection
            .query_row("SELECT count(*) FROM plays", [], |row| row.get(0))?)
    }

    /// Returns a play number that was never returned before, also not before a crash.
    ///
    /// # Errors
    /// The database fails, or all 2^28 numbers are used.
    pub fn next_number(&mut self) -> Result<PlayNumber, LedgerError> {
        let number = PlayNumber::new(self.next_number).ok_or(LedgerError::NumbersExhausted)?;
        if self.next_number >= self.reserved_until {
            let until = self.next_number + NUMBERS_RESERVED;
            stored_values::set(&self.connection, "reserved_until", i64::from(until))?;
            self.reserved_until = until;
        }
        self.next_number += 1;
        Ok(number)
    }

    /// Goes on above the hub's high-water mark.
    ///
    /// # Errors
    /// The database fails.
    pub fn raise_numbers(&mut self, floor: PlayNumber) -> Result<(), LedgerError> {
        if floor.get() > self.next_number {
            stored_values::set(&self.connection, "reserved_until", i64::from(floor.get()))?;
            (self.next_number, self.reserved_until) = (floor.get(), floor.get());
        }
        Ok(())
    }

    /// Returns what a zone's rotation knew as of the last recorded play.
    ///
    /// # Errors
    /// The database fails.
    pub fn history(&self, zone: &str) -> Result<History, LedgerError> {
        Ok(history::load(&self.connection, zone)?)
    }

    /// Returns what had ended on the screen as of the last recorded play, and when.
    ///
    /// # Errors
    /// The database fails.
    pub fn airings(&self) -> Result<Airings, LedgerError> {
        Ok(history::airings(&self.connection)?)
    }

    /// Forgets the rotation's state in all zones but these, so that a layout that changes leaves
    /// nothing behind.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_zones(&mut self, zones: &[&str]) -> Result<(), LedgerError> {
        let known: Vec<String> = self
            .connection
            .prepare("SELECT zone FROM zones")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for zone in known.iter().filter(|zone| !zones.contains(&zone.as_str())) {
            let transaction = self.connection.transaction()?;
            for table in ["accounts", "turns", "zones"] {
                transaction.execute(&format!("DELETE FROM {table} WHERE zone = ?1"), [zone])?;
            }
            transaction.commit()?;
        }
        Ok(())
    }

    /// Reads the newest manifest version that this screen has taken, for the refusal of older ones.
    ///
    /// # Errors
    /// The database fails.
    pub fn manifest_seen(&self) -> Result<u64, LedgerError> {
        Ok(stored_values::get(&self.connection, "manifest_seen")?.unwrap_or(0))
    }

    /// Keeps the newest manifest version that this screen has taken.
    ///
    /// # Errors
    /// The database fails.
    pub fn see_manifest(&mut self, version: u64) -> Result<(), LedgerError> {
        let version = i64::try_from(version.max(self.manifest_seen()?)).unwrap_or(i64::MAX);
        Ok(stored_values::set(
            &self.connection,
            "manifest_seen",
            version,
        )?)
    }
}

#[cfg(test)]
mod tests;
