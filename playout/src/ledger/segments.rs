//! Seals plays: every [`SEGMENT_ROWS`] of them become a segment that the device key signs and that
//! is chained to the one before.
//!
//! Invariants:
//! - A segment is committed with the play that fills it, and put together from the plays at hand;
//!   where that fails it is made later from the file, in a transaction of its own. No two segments
//!   have the same play.
//! - A segment has the plays as they were recorded; that a hub has refused one changes nothing of
//!   it.
//! - Plays are pruned only once they are sealed. Of what is pruned the headers stay, at most
//!   [`SEGMENTS_MAX`].
//! - A ledger whose plays cannot be sealed records them none the less.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Gap, GapReason, PlayContent};
use passerby_protocol::proof_of_play::{
    DeviceKey, Forerunner, Hashed, NOTHING_BEFORE, PlayRow, SEGMENT_ROWS, Sealed, SealedSegment,
    SegmentHasher, SegmentHeader,
};
use passerby_protocol::{Digest, Epoch};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use crate::identity::credentials::Enrolment;
use crate::identity::device_key;
use crate::ledger::{Ledger, LedgerError, stored_values};

/// Most headers that are kept; twice those of the most plays that a ledger holds.
const SEGMENTS_MAX: u64 = 4_096;
/// Most contents that a reader remembers.
const CONTENTS_MAX: usize = 10_000;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS segments (
        first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, header TEXT NOT NULL, signature TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS forerunner (
        id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, last_seq INTEGER NOT NULL, hash TEXT NOT NULL
    ) STRICT;
";

/// What a ledger needs to seal its plays.
pub(super) struct Sealer {
    data_dir: PathBuf,
    key: DeviceKey,
    pub(super) end: ChainEnd,
    /// The plays after that, if they are all in it; else it is put together anew from the file.
    open: Option<Segment>,
    /// Whether it was told that sealing fails.
    has_told: bool,
}

/// Where the chain of sealed segments ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChainEnd {
    pub(super) last_seq: u64,
    pub(super) hash: Digest,
}

impl Sealer {
    /// Makes ready to seal a ledger, with the key of its folder. `None`, and a word in the log,
    /// when there can be no key: then plays go unsealed until the next start.
    pub(super) fn open(data_dir: &Path, connection: &Connection) -> Option<Self> {
        let key = device_key::load_or_make(data_dir)
            .inspect_err(|error| tracing::warn!("plays are not signed: {error}"))
            .ok()?;
        let end = prepare(connection)
            .and_then(|()| chain_end(connection))
            .inspect_err(|error| tracing::warn!("plays are not signed: {error}"))
            .ok()?;
        Some(Self {
            data_dir: data_dir.to_owned(),
            key,
            end,
            open: None,
            has_told: false,
        })
    }

    /// Takes out what the next plays are added to: the ledger has rows from `first_seq` to
    /// `last_seq`. `None` while some that should be sealed are not, or cannot be.
    ///
    /// Whoever commits those plays gives it back with [`Sealer::committed`]; what is not given back
    /// is put together anew.
    pub(super) fn grow(
        &mut self,
        connection: &Connection,
        epoch: Epoch,
        first_seq: u64,
        last_seq: u64,
    ) -> Option<Growing> {
        let open = self.open.take();
        let from_seq = self.first_unsealed().max(first_seq);
        // Nothing that Passerby does takes away rows that are sealed, or leaves a hole; whoever did
        // must not have it sealed over.
        let unsealed = (last_seq + 1).checked_sub(from_seq)?;
        if unsealed >= SEGMENT_ROWS {
            return None;
        }
        let fits = |open: &Segment| open.first_seq == from_seq && open.due() == last_seq + 1;
        let open = open.filter(fits).or_else(|| {
            let mut open = Segment::begin(epoch, from_seq, self.end.hash);
            Rows::default()
                .each(connection, from_seq, last_seq, |play| _ = open.add(play))
                .inspect_err(|error| self.tell(error))
                .ok()?;
            Some(open).filter(fits)
        })?;
        Some(Growing {
            full: Vec::new(),
            open,
        })
    }

    /// Seals the segments that plays have filled, in the transaction that records them.
    pub(super) fn seal_full(
        &mut self,
        transaction: &mut Transaction<'_>,
        growing: Growing,
    ) -> Option<Grown> {
        let sealed = match &growing.full[..] {
            [] => Ok(self.end),
            full => self.seal_each(transaction, full),
        };
        let end = sealed.inspect_err(|error| self.tell(error)).ok()?;
        Some(Grown {
            end,
            open: growing.open,
        })
    }

    /// All of them or none.
    fn seal_each(
        &self,
        transaction: &mut Transaction<'_>,
        full: &[Segment],
    ) -> rusqlite::Result<ChainEnd> {
        let signer = signer(&self.data_dir);
        let savepoint = transaction.savepoint()?;
        let mut end = self.end;
        for segment in full {
            end = save(&savepoint, segment, &self.key, &signer)?;
        }
        savepoint.commit()?;
        Ok(end)
    }

    /// Goes on from there once it is on disk.
    pub(super) fn committed(&mut self, grown: Grown) {
        self.has_told &= grown.end == self.end;
        (self.end, self.open) = (grown.end, Some(grown.open));
    }

    fn tell(&mut self, error: &dyn std::fmt::Display) {
        if !std::mem::replace(&mut self.has_told, true) {
            tracing::warn!("plays cannot be signed yet: {error}");
        }
    }

    /// The oldest play that is not sealed yet.
    pub(super) const fn first_unsealed(&self) -> u64 {
        self.end.last_seq + 1
    }
}

impl Ledger {
    /// Seals the next segment if there are plays for one that were not sealed as they came. What
    /// fails is tried again with the next play.
    pub(super) fn seal_due(&mut self) {
        let Some(mut sealer) = self.sealer.take() else {
            return;
        };
        if self.last_seq >= sealer.end.last_seq.max(self.first_seq - 1) + SEGMENT_ROWS {
            match self.seal(&sealer) {
                Ok(end) => (sealer.end, sealer.has_told) = (end, false),
                Err(error) => {
                    sealer.tell(&error);
                    // It may have come through all the same.
                    self.doubt();
                }
            }
        }
        self.sealer = Some(sealer);
    }

    fn seal(&mut self, sealer: &Sealer) -> Result<ChainEnd, LedgerError> {
        let epoch = self.epoch;
        let first_seq = (sealer.end.last_seq + 1).max(self.first_seq);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last_seq = first_seq + SEGMENT_ROWS - 1;
        let mut made = Segment::begin(epoch, first_seq, sealer.end.hash);
        Rows::default().each(&transaction, first_seq, last_seq, |play| _ = made.add(play))?;
        if made.last_seq() != Some(last_seq) {
            // Nothing that Passerby does leaves a hole; whoever did must not have it sealed over.
            return Ok(sealer.end);
        }
        let end = save(&transaction, &made, &sealer.key, &signer(&sealer.data_dir))?;
        transaction.commit()?;
        Ok(end)
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
        if let Some(sealer) = &mut self.sealer {
            sealer.end = chain_end(&self.connection)?;
            sealer.open = None;
        }
        Ok(())
    }
}

/// Signs a segment and saves it; returns where the chain ends then.
fn save(
    connection: &Connection,
    segment: &Segment,
    key: &DeviceKey,
    signer: &Signer,
) -> rusqlite::Result<ChainEnd> {
    let SealedSegment { header, signature } = segment.seal(connection, key, signer, false)?;
    let text = serde_json::to_string(&header).unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT INTO segments(first_seq, last_seq, header, signature) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![header.first_seq, header.last_seq, text, signature])?;
    connection
        .prepare_cached(
            "DELETE FROM segments WHERE first_seq <= (
                 SELECT first_seq FROM segments ORDER BY first_seq DESC LIMIT 1 OFFSET ?1)",
        )?
        .execute([SEGMENTS_MAX])?;
    Ok(ChainEnd {
        last_seq: header.last_seq,
        hash: header.hash,
    })
}

/// Who seals, beside the key.
#[derive(Debug, Clone, Default)]
pub(super) struct Signer {
    screen: Option<passerby_protocol::ScreenNumber>,
    hub: Option<String>,
}

/// Reads as what the terminal is enrolled now.
pub(super) fn signer(data_dir: &Path) -> Signer {
    let enrolment = Enrolment::load(data_dir).ok().flatten();
    enrolment.map_or_else(Signer::default, |enrolment| Signer {
        screen: Some(enrolment.credentials.screen),
        hub: Some(enrolment.hub),
    })
}

/// A segment that is being put together.
pub(super) struct Segment {
    epoch: Epoch,
    first_seq: u64,
    previous: Digest,
    hasher: SegmentHasher,
    last: Option<(u64, String, u64)>,
}

impl Segment {
    pub(super) fn begin(epoch: Epoch, first_seq: u64, previous: Digest) -> Self {
        Self {
            epoch,
            first_seq,
            previous,
            hasher: SegmentHasher::new(epoch, first_seq, &previous),
            last: None,
        }
    }

    /// Adds the next play; one that does not follow is left out, and with it all that come after.
    pub(super) fn add(&mut self, play: &PlayRow<'_>) -> Option<Hashed> {
        if play.seq != self.due() {
            return None;
        }
        let end = play.start_boot_ms.saturating_add(play.visible_ms);
        match &mut self.last {
            Some((seq, boot, until)) => {
                (*seq, *until) = (play.seq, end);
                if boot != play.boot {
                    play.boot.clone_into(boot);
                }
            }
            none => *none = Some((play.seq, play.boot.to_owned(), end)),
        }
        Some(self.hasher.add(play))
    }

    /// The play that comes next.
    pub(super) fn due(&self) -> u64 {
        self.last_seq().map_or(self.first_seq, |last| last + 1)
    }

    pub(super) fn last_seq(&self) -> Option<u64> {
        self.last.as_ref().map(|last| last.0)
    }

    pub(super) fn hash(&self) -> Digest {
        self.hasher.hash()
    }

    pub(super) fn boots(&self) -> &[String] {
        self.hasher.boots()
    }

    /// Signs the plays so far, dated by the end of the last one: made again, it is the same.
    pub(super) fn seal(
        &self,
        connection: &Connection,
        key: &DeviceKey,
        signer: &Signer,
        open: bool,
    ) -> Result<SealedSegment, rusqlite::Error> {
        let nothing = (self.first_seq, String::new(), 0);
        let (last_seq, boot, boot_ms) = self.last.clone().unwrap_or(nothing);
        let anchors = anchors(connection, self.boots())?;
        let wall_ms = anchors
            .iter()
            .rev()
            .find(|anchor| anchor.boot == boot)
            .map(|anchor| anchor.wall_at(boot_ms));
        let header = SegmentHeader {
            key: key.public(),
            epoch: self.epoch,
            screen: signer.screen,
            hub: signer.hub.clone(),
            first_seq: self.first_seq,
            last_seq,
            previous: self.previous,
            hash: self.hash(),
            after: if self.first_seq == 1 {
                forerunner(connection)?
            } else {
                None
            },
            anchors,
            gaps: gaps(connection, self.first_seq - 1, last_seq - 1, u64::MAX)?,
            sealed: Sealed {
                boot,
                boot_ms,
                wall_ms,
            },
            open,
        };
        Ok(SealedSegment::seal(header, key))
    }
}

/// Segments to which plays are added as they are recorded.
pub(super) struct Growing {
    full: Vec<Segment>,
    open: Segment,
}

impl Growing {
    /// Adds the play that comes next.
    pub(super) fn add(&mut self, play: &PlayRow<'_>) {
        self.open.add(play);
        let due = self.open.due();
        if due - self.open.first_seq == SEGMENT_ROWS {
            let next = Segment::begin(self.open.epoch, due, self.open.hash());
            self.full.push(std::mem::replace(&mut self.open, next));
        }
    }
}

/// What a sealer is told once a transaction is on disk.
pub(super) struct Grown {
    end: ChainEnd,
    open: Segment,
}

/// Reads plays as they were recorded.
#[derive(Default)]
pub(super) struct Rows {
    contents: HashMap<i64, PlayContent>,
}

impl Rows {
    /// Hands out the plays of a range, oldest first; one at a time is in memory.
    pub(super) fn each(
        &mut self,
        connection: &Connection,
        first_seq: u64,
        last_seq: u64,
        mut each: impl FnMut(&PlayRow<'_>),
    ) -> Result<(), rusqlite::Error> {
        let mut statement = connection.prepare_cached(
            "SELECT seq, number, content, c.text, b.text, start_boot_ms, visible_ms, outcome, display
             FROM plays JOIN contents c ON c.id = content JOIN boots b ON b.id = plays.boot
             WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
        )?;
        let mut rows = statement.query(params![first_seq, last_seq])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(2)?;
            if !self.contents.contains_key(&id) {
                if self.contents.len() >= CONTENTS_MAX {
                    self.contents.clear();
                }
                self.contents.insert(id, content(row)?);
            }
            each(&PlayRow {
                seq: row.get(0)?,
                number: row.get(1)?,
                content: &self.contents[&id],
                boot: row.get_ref(4)?.as_str()?,
                start_boot_ms: row.get(5)?,
                visible_ms: row.get(6)?,
                outcome: row.get(7)?,
                display: row.get(8)?,
            });
        }
        Ok(())
    }
}

fn content(row: &Row<'_>) -> Result<PlayContent, rusqlite::Error> {
    serde_json::from_str(row.get_ref(3)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, error.into())
    })
}

/// What dates these boots by now.
pub(super) fn anchors(
    connection: &Connection,
    boots: &[String],
) -> Result<Vec<Anchor>, rusqlite::Error> {
    let mut statement = connection
        .prepare_cached("SELECT boot_ms, wall_ms FROM anchors WHERE boot = ?1 ORDER BY boot_ms")?;
    let mut anchors = Vec::new();
    for boot in boots {
        let rows = statement.query_map([boot], |row| {
            Ok(Anchor {
                boot: boot.clone(),
                boot_ms: row.get(0)?,
                wall_ms: row.get(1)?,
            })
        })?;
        // The newest counts, if there are several.
        anchors.extend(rows.last().transpose()?);
    }
    Ok(anchors)
}

/// The gaps after the plays of a range, at most `count_max` and the newest of them, by seq and
/// reason.
pub(super) fn gaps(
    connection: &Connection,
    from_seq: u64,
    to_seq: u64,
    count_max: u64,
) -> Result<Vec<Gap>, rusqlite::Error> {
    let as_sql = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT after_seq, reason, plays, boot, from_boot_ms, until_boot_ms FROM gaps
         WHERE after_seq BETWEEN ?1 AND ?2 ORDER BY after_seq DESC, reason DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(
        params![as_sql(from_seq), as_sql(to_seq), as_sql(count_max)],
        |row| {
            // A reason of a later version's is left to that version.
            let reason = GapReason::try_from(row.get::<_, u8>(1)?).ok();
            Ok(reason.map(|reason| Gap {
                after_seq: row.get(0).unwrap_or_default(),
                reason,
                plays: row.get(2).unwrap_or_default(),
                boot: row.get(3).unwrap_or_default(),
                from_boot_ms: row.get(4).unwrap_or_default(),
                until_boot_ms: row.get(5).unwrap_or_default(),
            }))
        },
    )?;
    let mut gaps: Vec<Gap> = rows
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?;
    gaps.reverse();
    Ok(gaps)
}

/// Reads a kept segment.
pub(super) fn sealed(row: &Row<'_>) -> Result<SealedSegment, rusqlite::Error> {
    let header = serde_json::from_str(row.get_ref(0)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })?;
    Ok(SealedSegment {
        header,
        signature: row.get(1)?,
    })
}

/// Makes the tables, which have no part in the ledger's form: what does not know of them leaves
/// them alone.
fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    if has_segments(connection)? {
        return Ok(());
    }
    connection.execute_batch(TABLES)
}

/// Tells whether anything was ever sealed here, or could be.
pub(super) fn has_segments(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row(
        "SELECT count(*) = 2 FROM sqlite_schema WHERE type = 'table' AND name IN ('segments', 'forerunner')",
        [],
        |row| row.get(0),
    )
}

/// Where the chain of a ledger ends that has the tables.
pub(super) fn chain_end(connection: &Connection) -> Result<ChainEnd, rusqlite::Error> {
    let last = connection
        .query_row(
            "SELECT header, signature FROM segments ORDER BY first_seq DESC LIMIT 1",
            [],
            sealed,
        )
        .optional()?;
    Ok(last.map_or(
        ChainEnd {
            last_seq: 0,
            hash: NOTHING_BEFORE,
        },
        |last| ChainEnd {
            last_seq: last.header.last_seq,
            hash: last.header.hash,
        },
    ))
}

fn forerunner(connection: &Connection) -> Result<Option<Forerunner>, rusqlite::Error> {
    if !has_segments(connection)? {
        return Ok(None);
    }
    let found: Option<(i64, u64, String)> = connection
        .query_row("SELECT epoch, last_seq, hash FROM forerunner", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    Ok(found.and_then(|(epoch, last_seq, hash)| {
        Some(Forerunner {
            epoch: Epoch(epoch.cast_unsigned()),
            last_seq,
            hash: hash.parse().ok()?,
        })
    }))
}

/// Ends the chain of a ledger whose next plays belong to another epoch; they name it as their
/// forerunner.
pub(super) fn end_chain(connection: &Connection) -> Result<(), rusqlite::Error> {
    name_forerunner(connection, connection)?;
    connection.execute("DELETE FROM segments", []).map(|_| ())
}

/// Tells a new ledger of the chain of the damaged one that it takes the place of, as far as that
/// can be read.
pub(super) fn name_forerunner(
    damaged: &Connection,
    into: &Connection,
) -> Result<(), rusqlite::Error> {
    prepare(into)?;
    let epoch = stored_values::get::<i64>(damaged, "epoch").ok().flatten();
    let end = chain_end(damaged).ok().filter(|end| end.last_seq > 0);
    if let (Some(epoch), Some(end)) = (epoch, end) {
        into.execute(
            "INSERT OR REPLACE INTO forerunner(id, epoch, last_seq, hash) VALUES (1, ?1, ?2, ?3)",
            params![epoch, end.last_seq, end.hash.to_string()],
        )?;
    }
    Ok(())
}
