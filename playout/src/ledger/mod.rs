//! The terminal's durable log of plays.
//!
//! Invariants:
//! - A play is counted only after COMMIT, with `synchronous=FULL` in WAL mode; what is committed survives kill -9 and
//!   a power cut.
//! - Rows are keyed by (epoch, seq); seq runs from 1 without gaps, so the hub can tell lost from repeated.
//! - A play number is never reused: numbers come from ranges that are reserved on disk before the first is used, and
//!   a new epoch starts at a random point.
//! - Only what the hub has acknowledged is ever pruned. When the ledger is full, new plays are dropped and counted.
//! - One writer: the player's thread owns the only [`Ledger`].

mod faults;
mod history;
mod salvage;
mod schema;

use std::path::{Path, PathBuf};

use passerby_protocol::plays::{Anchor, Content, Display, Outcome, Play};
use passerby_protocol::{Assignment, Epoch, PlayNumber};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::clock::Moment;
use crate::random;
use crate::rotation::{Airings, Booked, History};
pub(crate) use faults::Fault;
use salvage::Salvaged;

/// Most rows that a ledger holds: 230 days at one play in ten seconds, about 200 MB.
pub const ROWS_MAX: u64 = 2_000_000;
/// Acknowledged rows that are kept for `passerby plays`, besides all that wait.
pub const ACKED_ROWS_KEPT: u64 = 500_000;
/// Play numbers that are reserved at a time; at most this many are skipped by a restart.
const NUMBERS_RESERVED: u32 = 256;

/// Says what is wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder or file cannot be used.
    #[error(
        "{path}: the ledger cannot be opened: {reason}; give data.dir a folder on a disk that can be written"
    )]
    Open {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A statement failed.
    #[error("the ledger cannot be written: {0}")]
    Sql(#[from] rusqlite::Error),
    /// No numbers are left; after 85 years of one play in ten seconds.
    #[error("this screen has used all its play numbers; enrol it anew")]
    NumbersExhausted,
}

/// One play that is about to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlay {
    /// From [`Ledger::next_number`].
    pub number: PlayNumber,
    /// What was shown.
    pub content: Content,
    /// When it became visible.
    pub start: Moment,
    /// For how long.
    pub visible_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the display was on.
    pub display: Display,
}

/// A recorded play with its date, as `passerby plays` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedPlay {
    /// The play.
    pub play: Play,
    /// Unix milliseconds; `None` while the boot has no anchor.
    pub wall_ms: Option<i64>,
}

/// The log. See the module.
pub struct Ledger {
    connection: Connection,
    epoch: Epoch,
    next_number: u32,
    reserved_until: u32,
    last_seq: u64,
    acked_through: u64,
    /// Oldest row that is still there.
    first_seq: u64,
}

impl Ledger {
    /// Opens the ledger in a folder, or makes a new one.
    ///
    /// A damaged file is set aside as `ledger.damaged-….sqlite` and a new epoch begins with what could be read of the plays
    /// that were not yet on the hub; the second value then says so.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn open(folder: &Path) -> Result<(Self, Option<String>), LedgerError> {
        let path = folder.join("ledger.sqlite");
        let wrong = |reason: String| LedgerError::Open {
            path: path.display().to_string(),
            reason,
        };
        std::fs::create_dir_all(folder).map_err(|error| wrong(error.to_string()))?;
        let next = folder.join("ledger.salvaged.sqlite");
        if !path.exists() && next.exists() {
            // The power went between the two renames below.
            std::fs::rename(&next, &path).map_err(|error| wrong(error.to_string()))?;
        }
        match schema::open(&path) {
            Ok(connection) => Ok((Self::load(connection)?, None)),
            Err(schema::OpenError::Damaged(reason)) => {
                let salvaged = Self::begin_anew(&path, &next)?;
                let aside = set_aside(&path)
                    .and_then(|aside| std::fs::rename(&next, &path).map(|()| aside))
                    .map_err(|error| wrong(error.to_string()))?;
                let connection = schema::open(&path).map_err(|error| wrong(error.to_string()))?;
                let note = format!(
                    "{}: the ledger was damaged ({reason}); it was set aside as {} and a new one begun. {} plays that were not yet on the hub were read back; at least {} could not be",
                    path.display(),
                    aside.display(),
                    salvaged.plays,
                    salvaged.lost
                );
                Ok((Self::load(connection)?, Some(note)))
            }
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Makes a ledger of a new epoch with what can be read of a damaged one. Until it takes the damaged one's place, all of
    /// this can be done again.
    fn begin_anew(damaged: &Path, next: &Path) -> Result<Salvaged, LedgerError> {
        for ending in ["", "-wal", "-shm"] {
            // What an earlier attempt left.
            let _ = std::fs::remove_file(format!("{}{ending}", next.display()));
        }
        let mut ledger = Self::load(schema::open(next).map_err(|error| LedgerError::Open {
            path: next.display().to_string(),
            reason: error.to_string(),
        })?)?;
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
            return Err(wrong("there is none yet".to_owned()));
        }
        let connection = schema::open(&path).map_err(|error| wrong(error.to_string()))?;
        Self::load(connection)
    }

    fn load(mut connection: Connection) -> Result<Self, LedgerError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if schema::get::<i64>(&transaction, "epoch")?.is_none() {
            schema::set(&transaction, "epoch", random::u64().cast_signed())?;
            // A re-flashed card must not repeat numbers of its former life: start anywhere in the lower half.
            let start = u32::try_from(random::u64() % u64::from(PlayNumber::MAX / 2)).unwrap_or(1);
            schema::set(&transaction, "reserved_until", i64::from(start.max(1)))?;
            schema::set(&transaction, "acked_through", 0)?;
        }
        let epoch = Epoch(schema::get(&transaction, "epoch")?.map_or(0, i64::cast_unsigned));
        let reserved_until: u32 = schema::get(&transaction, "reserved_until")?.unwrap_or(1);
        let acked_through: u64 = schema::get(&transaction, "acked_through")?.unwrap_or(0);
        let (first, last): (Option<u64>, Option<u64>) =
            transaction.query_row("SELECT min(seq), max(seq) FROM plays", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        transaction.commit()?;
        let last_seq = last.unwrap_or(0).max(acked_through);
        Ok(Self {
            connection,
            epoch,
            next_number: reserved_until,
            reserved_until,
            last_seq,
            acked_through,
            first_seq: first.unwrap_or(last_seq + 1),
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

    /// How many plays were dropped because the ledger was full.
    ///
    /// # Errors
    /// The database fails.
    pub fn dropped(&self) -> Result<u64, LedgerError> {
        Ok(schema::get(&self.connection, "dropped")?.unwrap_or(0))
    }

    /// Returns a play number that was never returned before, also not before a crash.
    ///
    /// # Errors
    /// The database fails, or all 2^28 numbers are used.
    pub fn next_number(&mut self) -> Result<PlayNumber, LedgerError> {
        let number = PlayNumber::new(self.next_number).ok_or(LedgerError::NumbersExhausted)?;
        if self.next_number >= self.reserved_until {
            let until = self.next_number + NUMBERS_RESERVED;
            schema::set(&self.connection, "reserved_until", i64::from(until))?;
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
            schema::set(&self.connection, "reserved_until", i64::from(floor.get()))?;
            (self.next_number, self.reserved_until) = (floor.get(), floor.get());
        }
        Ok(())
    }

    /// Records a play and what it means for the rotation of its zone, in one transaction; returns its seq once it is
    /// on disk.
    ///
    /// `None` means that the ledger is full: the play was dropped and counted.
    ///
    /// # Errors
    /// The database fails; nothing was recorded then.
    pub fn record(
        &mut self,
        play: &NewPlay,
        zone: &str,
        history: &mut History,
        booked: &Booked,
    ) -> Result<Option<u64>, LedgerError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if self.last_seq + 1 - self.first_seq >= ROWS_MAX {
            transaction.execute("INSERT INTO meta(key, value) VALUES ('dropped', 1) ON CONFLICT(key) DO UPDATE SET value = value + 1", [])?;
            transaction.commit()?;
            return Ok(None);
        }
        let seq = self.last_seq + 1;
        if let Some(anchor) = play.start.anchor() {
            // The first anchor of a boot stays until a better one is told by the hub.
            transaction
                .prepare_cached("INSERT INTO anchors(boot, boot_ms, wall_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
                .execute(params![anchor.boot, anchor.boot_ms, anchor.wall_ms])?;
        }
        let boot = id_of(&transaction, "boots", &play.start.boot)?;
        let content = serde_json::to_string(&play.content).unwrap_or_default();
        let content = id_of(&transaction, "contents", &content)?;
        transaction
            .prepare_cached(
                "INSERT INTO plays(seq, number, content, boot, start_boot_ms, visible_ms, outcome, display) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                seq,
                play.number.get(),
                content,
                boot,
                play.start.boot_ms,
                play.visible_ms,
                u8::from(play.outcome),
                u8::from(play.display)
            ])?;
        history::save(&transaction, zone, history, booked)?;
        transaction.commit()?;
        history.accounts.saved();
        self.last_seq = seq;
        Ok(Some(seq))
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

    /// Forgets the rotation's state in all zones but these, so that a layout that changes leaves nothing behind.
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

    /// Keeps a better anchor for a boot: the hub's, or one after a time sync.
    ///
    /// # Errors
    /// The database fails.
    pub fn anchor(&mut self, anchor: &Anchor) -> Result<(), LedgerError> {
        self.connection
            .prepare_cached(
                "INSERT INTO anchors(boot, boot_ms, wall_ms) VALUES (?1, ?2, ?3) \
                 ON CONFLICT(boot) DO UPDATE SET boot_ms = excluded.boot_ms, wall_ms = excluded.wall_ms",
            )?
            .execute(params![anchor.boot, anchor.boot_ms, anchor.wall_ms])?;
        Ok(())
    }

    /// Returns up to `count_max` plays that wait to be sent, oldest first, and the anchors of their boots.
    ///
    /// # Errors
    /// The database fails.
    pub fn waiting_plays(&self, count_max: usize) -> Result<(Vec<Play>, Vec<Anchor>), LedgerError> {
        let plays: Vec<Play> = self
            .read(
                "WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                params![self.acked_through, count_max as u64],
            )?
            .into_iter()
            .map(|dated| dated.play)
            .collect();
        let mut anchors: Vec<Anchor> = Vec::new();
        let mut statement = self
            .connection
            .prepare_cached("SELECT boot_ms, wall_ms FROM anchors WHERE boot = ?1")?;
        for play in &plays {
            if anchors.iter().all(|anchor| anchor.boot != play.boot) {
                let known = statement
                    .query_row([&play.boot], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                anchors.extend(known.map(|(boot_ms, wall_ms)| Anchor {
                    boot: play.boot.clone(),
                    boot_ms,
                    wall_ms,
                }));
            }
        }
        Ok((plays, anchors))
    }

    /// Moves the cursor to what the hub has: forward after an acknowledgement, back when the hub lost some and the
    /// rows are still here. Returns where the cursor is now.
    ///
    /// # Errors
    /// The database fails.
    pub fn acknowledge(&mut self, through: u64) -> Result<u64, LedgerError> {
        let through = through.clamp(self.first_seq - 1, self.last_seq);
        if through == self.acked_through {
            return Ok(through);
        }
        let keep_from = through.saturating_sub(ACKED_ROWS_KEPT) + 1;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        schema::set(
            &transaction,
            "acked_through",
            i64::try_from(through).unwrap_or(i64::MAX),
        )?;
        transaction
            .prepare_cached("DELETE FROM plays WHERE seq < ?1")?
            .execute([keep_from])?;
        transaction.commit()?;
        self.first_seq = self.first_seq.max(keep_from).min(self.last_seq + 1);
        self.acked_through = through;
        Ok(through)
    }

    /// Sets a row aside that the hub refuses for good: it stays in the file, marked, and is sent as an empty row so
    /// that the ones behind it can pass.
    ///
    /// # Errors
    /// The database fails.
    pub fn quarantine(&mut self, seq: u64) -> Result<(), LedgerError> {
        self.connection
            .execute("UPDATE plays SET quarantined = 1 WHERE seq = ?1", [seq])?;
        Ok(())
    }

    /// Returns recorded plays from a date on (all, when `None`), oldest first, with their dates.
    ///
    /// # Errors
    /// The database fails.
    pub fn plays_since(&self, since_ms: Option<i64>) -> Result<Vec<DatedPlay>, LedgerError> {
        let mut plays = self.read("ORDER BY seq", [])?;
        plays.retain(|play| {
            since_ms.is_none_or(|since| play.wall_ms.is_some_and(|wall| wall >= since))
        });
        Ok(plays)
    }

    /// Reads the newest manifest version that this screen has taken, for the refusal of older ones.
    ///
    /// # Errors
    /// The database fails.
    pub fn manifest_seen(&self) -> Result<u64, LedgerError> {
        Ok(schema::get(&self.connection, "manifest_seen")?.unwrap_or(0))
    }

    /// Keeps the newest manifest version that this screen has taken.
    ///
    /// # Errors
    /// The database fails.
    pub fn see_manifest(&mut self, version: u64) -> Result<(), LedgerError> {
        let version = i64::try_from(version.max(self.manifest_seen()?)).unwrap_or(i64::MAX);
        Ok(schema::set(&self.connection, "manifest_seen", version)?)
    }

    fn read(
        &self,
        clause: &str,
        arguments: impl rusqlite::Params,
    ) -> Result<Vec<DatedPlay>, LedgerError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT seq, number, c.text, b.text, start_boot_ms, visible_ms, outcome, quarantined, a.boot_ms, a.wall_ms, display \
             FROM plays JOIN contents c ON c.id = content JOIN boots b ON b.id = plays.boot \
             LEFT JOIN anchors a ON a.boot = b.text {clause}"
        ))?;
        let rows = statement.query_map(arguments, |row| {
            let content: String = row.get(2)?;
            let quarantined: bool = row.get(7)?;
            let play = Play {
                seq: row.get(0)?,
                number: PlayNumber::new(row.get(1)?)
                    .unwrap_or(PlayNumber::new(0).expect("zero fits")),
                content: serde_json::from_str(&content)
                    .ok()
                    .filter(|_| !quarantined)
                    .unwrap_or_else(empty_content),
                boot: row.get(3)?,
                start_boot_ms: row.get(4)?,
                visible_ms: if quarantined { 0 } else { row.get(5)? },
                // A hub that refused the row may not know its outcome.
                outcome: Outcome::try_from(row.get::<_, u8>(6)?)
                    .ok()
                    .filter(|_| !quarantined)
                    .unwrap_or(Outcome::CutShort),
                display: Display::try_from(row.get::<_, u8>(10)?).unwrap_or_default(),
            };
            let anchor: (Option<u64>, Option<i64>) = (row.get(8)?, row.get(9)?);
            let wall_ms = match anchor {
                (Some(boot_ms), Some(wall_ms)) => Some(
                    Anchor {
                        boot: String::new(),
                        boot_ms,
                        wall_ms,
                    }
                    .wall_at(play.start_boot_ms),
                ),
                _ => None,
            };
            Ok(DatedPlay { play, wall_ms })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn empty_content() -> Content {
    Content {
        assignment: Assignment::NONE,
        campaign: "quarantined".into(),
        creative: passerby_protocol::Digest([0; 32]),
    }
}

fn id_of(transaction: &Transaction<'_>, table: &str, text: &str) -> Result<i64, rusqlite::Error> {
    let found = transaction
        .prepare_cached(&format!("SELECT id FROM {table} WHERE text = ?1"))?
        .query_row([text], |row| row.get(0))
        .optional()?;
    match found {
        Some(id) => Ok(id),
        None => {
            transaction
                .prepare_cached(&format!("INSERT INTO {table}(text) VALUES (?1)"))?
                .execute([text])?;
            Ok(transaction.last_insert_rowid())
        }
    }
}

fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let aside = path.with_file_name(format!("ledger.damaged-{:08x}.sqlite", random::u64() >> 32));
    std::fs::rename(path, &aside)?;
    for ending in ["-wal", "-shm"] {
        let beside = |base: &Path| PathBuf::from(format!("{}{ending}", base.display()));
        match std::fs::rename(beside(path), beside(&aside)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests;
