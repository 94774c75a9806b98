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

mod chain;
mod rows;
mod segment;

use std::fmt;
use std::mem;
use std::path::{Path, PathBuf};

use passerby_protocol::Epoch;
use passerby_protocol::proof_of_play::{DeviceKey, PlayRow, SEGMENT_ROWS, SealedSegment};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::identity::device_key;
use crate::ledger::error::LedgerError;
use crate::ledger::segments::chain::prepare;

pub(super) use crate::ledger::segments::chain::{
    ChainEnd, chain_end, end_chain, has_segments, name_forerunner, sealed,
};
pub(super) use crate::ledger::segments::rows::{Rows, anchors, gaps};
pub(super) use crate::ledger::segments::segment::{Segment, Signer, signer};

/// Most headers that are kept; twice those of the most plays that a ledger holds.
const SEGMENTS_MAX: u64 = 4_096;

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

    /// Seals the next segment from the file, where the ledger's oldest row is `first_seq`; says
    /// whether that worked. Where it did not, it may have come through all the same.
    pub(super) fn seal_from_file(
        &mut self,
        connection: &mut Connection,
        epoch: Epoch,
        first_seq: u64,
    ) -> bool {
        match self.next_end(connection, epoch, first_seq) {
            Ok(end) => {
                (self.end, self.has_told) = (end, false);
                true
            }
            Err(error) => {
                self.tell(&error);
                false
            }
        }
    }

    fn next_end(
        &self,
        connection: &mut Connection,
        epoch: Epoch,
        first_seq: u64,
    ) -> Result<ChainEnd, LedgerError> {
        let first_seq = self.first_unsealed().max(first_seq);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last_seq = first_seq + SEGMENT_ROWS - 1;
        let mut made = Segment::begin(epoch, first_seq, self.end.hash);
        Rows::default().each(&transaction, first_seq, last_seq, |play| _ = made.add(play))?;
        if made.last_seq() != Some(last_seq) {
            // Nothing that Passerby does leaves a hole; whoever did must not have it sealed over.
            return Ok(self.end);
        }
        let end = save(&transaction, &made, &self.key, &signer(&self.data_dir))?;
        transaction.commit()?;
        Ok(end)
    }

    /// Reads anew how far the file is sealed.
    pub(super) fn resume(&mut self, connection: &Connection) -> Result<(), LedgerError> {
        self.end = chain_end(connection)?;
        self.open = None;
        Ok(())
    }

    fn tell(&mut self, error: &dyn fmt::Display) {
        if !mem::replace(&mut self.has_told, true) {
            tracing::warn!("plays cannot be signed yet: {error}");
        }
    }

    /// The oldest play that is not sealed yet.
    pub(super) const fn first_unsealed(&self) -> u64 {
        self.end.last_seq + 1
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
            self.full.push(mem::replace(&mut self.open, next));
        }
    }
}

/// What a sealer is told once a transaction is on disk.
pub(super) struct Grown {
    end: ChainEnd,
    open: Segment,
}
