//! Hands out the plays of a ledger while a terminal writes it: as a list, as a proof, as a copy of
//! the file.
//!
//! Invariants: each export is of one moment; none writes to the ledger; none holds more plays in
//! memory than one page or one segment, however many there are.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use passerby_protocol::proof_of_play::{
    ANCHORS_MAX, DeviceKey, GAPS_MAX, NOTHING_BEFORE, SEGMENT_ROWS, Sealed, SegmentLines, Totals,
    final_line, head_line, header_line,
};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, params};

use crate::ledger::anchors;
use crate::ledger::segments;
use crate::ledger::segments::{ChainEnd, Rows, Segment};
use crate::ledger::{DatedPlay, Ledger, LedgerError};
use crate::system::clock::Clock;

/// Plays that are read at a time.
const PAGE_ROWS: u64 = 1_000;

/// Says why plays were not handed out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError<E> {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Whoever takes the plays cannot.
    #[error("{0}")]
    Taker(E),
}

impl<E> From<rusqlite::Error> for ExportError<E> {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// What a proof has in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many plays were written.
    pub plays: u64,
    /// Segments, without those whose plays were left out.
    pub segments: u64,
    /// First and last plays of segments that are no longer as they were signed. The proof says the
    /// same.
    pub changed: Vec<(u64, u64)>,
}

impl Ledger {
    /// Hands out the plays that began at or after a date (all, when `None`), oldest first; also
    /// those without a date that may have been after it.
    ///
    /// # Errors
    /// The ledger cannot be read, or `each` says so.
    pub fn each_play<E>(
        &self,
        since_ms: Option<i64>,
        mut each: impl FnMut(DatedPlay) -> Result<(), E>,
    ) -> Result<(), ExportError<E>> {
        // One transaction: what is recorded or pruned meanwhile changes nothing.
        let _snapshot = self.connection.unchecked_transaction()?;
        let mut bounds = anchors::DateBounds::default();
        if self.has_undated()? {
            self.each_row(|play| {
                bounds.note(&play);
                Ok::<(), ExportError<E>>(())
            })?;
            bounds.close();
        }
        self.each_row(|mut play| {
            bounds.bound(&mut play);
            let is_wanted = since_ms.is_none_or(|since| match play.wall_ms {
                Some(wall) => wall >= since,
                None => play.between.reaches(since),
            });
            if is_wanted {
                each(play).map_err(ExportError::Taker)?;
            }
            Ok(())
        })
    }

    /// Tells whether some boot of the ledger never learned the time.
    fn has_undated(&self) -> rusqlite::Result<bool> {
        self.connection
            .prepare_cached(
                "SELECT 1 FROM boots WHERE text NOT IN (SELECT boot FROM anchors) LIMIT 1",
            )?
            .exists([])
    }

    /// Reads all rows, a page at a time.
    fn each_row<E: From<LedgerError>>(
        &self,
        mut each: impl FnMut(DatedPlay) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = 0;
        loop {
            let page = self.read(
                "WHERE seq > ?1 ORDER BY seq LIMIT ?2",
                params![after, PAGE_ROWS],
            )?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.play.seq;
            page.into_iter().try_for_each(&mut each)?;
        }
    }

    /// Writes a proof of the plays, from the segment on in which one began at or after a date (all,
    /// when `None`). Plays that are not sealed yet are signed here, with `key`, for the file alone.
    ///
    /// # Errors
    /// The ledger cannot be read, or the file not written.
    pub fn export_proof(
        &self,
        data_dir: &Path,
        key: &DeviceKey,
        clock: &dyn Clock,
        since_ms: Option<i64>,
        out: &mut impl Write,
    ) -> Result<Exported, ExportError<std::io::Error>> {
        let from_seq = match since_ms {
            Some(since_ms) => self.first_since(since_ms)?,
            None => 1,
        };
        let snapshot = self.connection.unchecked_transaction()?;
        let (first, last): (Option<u64>, Option<u64>) =
            snapshot.query_row("SELECT min(seq), max(seq) FROM plays", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        // After the snapshot: no play in it can have ended later.
        let now = clock.now();
        let mut proof = Proof {
            ledger: self,
            rows: Rows::default(),
            boots: Vec::new(),
            known_boots: HashSet::new(),
            end: ChainEnd {
                last_seq: first.map_or(0, |first| first - 1),
                hash: NOTHING_BEFORE,
            },
            from_seq: None,
            left_out: 0,
            exported: Exported::default(),
            out,
        };
        proof.write(&head_line(self.epoch))?;
        let first_whole = first.unwrap_or(u64::MAX);
        proof.sealed(&snapshot, first_whole, from_seq)?;
        proof.unsealed(&snapshot, last.unwrap_or(0), key, data_dir)?;
        let from_seq = proof.from_seq.unwrap_or(proof.end.last_seq + 1);
        let newest = proof.boots.len().saturating_sub(ANCHORS_MAX);
        let totals = Totals {
            key: key.public(),
            epoch: self.epoch,
            left_out: proof.left_out,
            segments: proof.left_out + proof.exported.segments,
            plays: proof.exported.plays,
            hash: proof.end.hash,
            anchors: segments::anchors(&snapshot, &proof.boots[newest..])?,
            gaps: segments::gaps(&snapshot, from_seq - 1, u64::MAX, GAPS_MAX as u64)?,
            sealed: Sealed {
                boot: now.boot.to_string(),
                boot_ms: now.boot_ms,
                wall_ms: now.wall_ms,
            },
        };
        proof.write(&final_line(totals, key))?;
        proof.out.flush().map_err(ExportError::Taker)?;
        Ok(proof.exported)
    }

    /// The first play that began at or after a date; one past the last when none did.
    fn first_since(&self, since_ms: i64) -> Result<u64, LedgerError> {
        let found = self.each_play(Some(since_ms), |dated| Err(dated.play.seq));
        match found {
            Ok(()) => Ok(self.last_seq + 1),
            Err(ExportError::Taker(seq)) => Ok(seq),
            Err(ExportError::Ledger(error)) => Err(error),
        }
    }

    /// Copies the ledger's file with every play that was committed by now, while it may be written.
    /// `copy` must not exist; it is one file, whole and checked. Returns its plays.
    ///
    /// # Errors
    /// The copy cannot be written, or the ledger not read.
    pub fn back_up(&self, copy: &Path) -> Result<u64, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut into = Connection::open_with_flags(copy, flags)?;
        {
            let backup = Backup::new(&self.connection, &mut into)?;
            // In one step: a writer would have a slower copy begin anew for ever. Readers do not
            // hold writers up.
            while backup.step(-1)? != StepResult::Done {
                std::thread::yield_now();
            }
        }
        // One file, and not one with a log beside it.
        into.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
        let verdict: String = into.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(LedgerError::Open {
                path: copy.display().to_string(),
                reason: format!("the copy is not whole: {verdict}"),
            });
        }
        Ok(into.query_row("SELECT count(*) FROM plays", [], |row| row.get(0))?)
    }
}

/// A proof that is being written.
struct Proof<'a, W> {
    ledger: &'a Ledger,
    rows: Rows,
    /// The boots of its plays, as they come; for each some hundred bytes.
    boots: Vec<String>,
    known_boots: HashSet<String>,
    end: ChainEnd,
    /// The first play in it.
    from_seq: Option<u64>,
    left_out: u64,
    exported: Exported,
    out: &'a mut W,
}

impl<W: Write> Proof<'_, W> {
    /// Writes the segments that were sealed: of those before `from_seq`, and of those whose plays
    /// are no longer all there, the headers.
    fn sealed(
        &mut self,
        snapshot: &Connection,
        first_whole: u64,
        from_seq: u64,
    ) -> Result<(), ExportError<std::io::Error>> {
        if !segments::has_segments(snapshot)? {
            return Ok(());
        }
        let mut statement =
            snapshot.prepare("SELECT header, signature FROM segments ORDER BY first_seq")?;
        let mut kept = statement.query([])?;
        while let Some(row) = kept.next()? {
            let sealed = segments::sealed(row)?;
            let (first, last) = (sealed.header.first_seq, sealed.header.last_seq);
            let end = ChainEnd {
                last_seq: last,
                hash: sealed.header.hash,
            };
            if first < first_whole || last < from_seq {
                self.left_out += 1;
                self.write(&header_line(sealed))?;
            } else {
                let mut segment = Segment::begin(self.ledger.epoch, first, sealed.header.previous);
                let lines = self.read(snapshot, &mut segment, last)?;
                if segment.hash() != end.hash {
                    self.exported.changed.push((first, last));
                }
                self.note(&segment, first, segment.last_seq().unwrap_or(first));
                self.write(&lines.under(sealed, segment.boots()))?;
            }
            self.end = end;
        }
        Ok(())
    }

    /// Signs and writes the plays that are not sealed yet.
    fn unsealed(
        &mut self,
        snapshot: &Connection,
        last: u64,
        key: &DeviceKey,
        data_dir: &Path,
    ) -> Result<(), ExportError<std::io::Error>> {
        let signer = segments::signer(data_dir);
        while self.end.last_seq < last {
            let first = self.end.last_seq + 1;
            let mut segment = Segment::begin(self.ledger.epoch, first, self.end.hash);
            let until = last.min(self.end.last_seq + SEGMENT_ROWS);
            let lines = self.read(snapshot, &mut segment, until)?;
            let Some(last_seq) = segment.last_seq() else {
                // A hole, which nothing that Passerby does leaves: what is behind it cannot be
                // chained.
                return Ok(());
            };
            self.note(&segment, first, last_seq);
            let sealed = segment.seal(snapshot, key, &signer, true)?;
            self.end = ChainEnd {
                last_seq,
                hash: sealed.header.hash,
            };
            self.write(&lines.under(sealed, segment.boots()))?;
        }
        Ok(())
    }

    /// Adds the plays up to `last` to a segment, and writes their lines.
    fn read(
        &mut self,
        snapshot: &Connection,
        segment: &mut Segment,
        last: u64,
    ) -> rusqlite::Result<SegmentLines> {
        let mut lines = SegmentLines::default();
        self.rows.each(snapshot, segment.due(), last, |play| {
            if let Some(hashed) = segment.add(play) {
                lines.add(play, hashed);
            }
        })?;
        Ok(lines)
    }

    fn note(&mut self, segment: &Segment, first_seq: u64, last_seq: u64) {
        self.from_seq.get_or_insert(first_seq);
        self.exported.segments += 1;
        self.exported.plays += last_seq + 1 - first_seq;
        for boot in segment.boots() {
            if !self.known_boots.contains(boot) {
                self.known_boots.insert(boot.clone());
                self.boots.push(boot.clone());
            }
        }
    }

    fn write(&mut self, text: &str) -> Result<(), ExportError<std::io::Error>> {
        self.out
            .write_all(text.as_bytes())
            .map_err(ExportError::Taker)
    }
}

#[cfg(test)]
mod tests;
