//! How plays come into the ledger: some at a time, with all that changes with them.
//!
//! Invariants: one call is one transaction, so plays, what the rotation remembers of them, what is
//! missing and what failed are on disk together or not at all; after an error nothing in memory
//! says otherwise.

use std::collections::BTreeMap;

use passerby_protocol::plays::GapReason;
use passerby_protocol::proof_of_play::{PlayRow, SEGMENT_ROWS};
use rusqlite::{TransactionBehavior, params};

use crate::ledger::file_state::ROWLESS;
use crate::ledger::segments::Sealer;
use crate::ledger::text_ids::Ids;
use crate::ledger::{
    Ledger, LedgerError, NewPlay, anchors, failures, gaps, history, retention, stored_values,
};
use crate::schedule::rotation::{Booked, History};

/// A play that is about to be recorded, and what else changes with it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The play.
    pub play: &'a NewPlay,
    /// The zone in which it was.
    pub zone: &'a str,
    /// What else has to be saved.
    pub booked: &'a Booked,
}

/// What became of plays that were recorded together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordOutcome {
    /// They are in rows.
    pub rows: u64,
    /// The ledger was full: they are counted in a gap.
    pub dropped: u64,
}

impl Ledger {
    /// Records a play and what it means for the rotation of its zone, in one transaction; returns
    /// its seq once it is on disk.
    ///
    /// `None` means that the ledger is full: the play is counted in a gap.
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
        let entry = Entry { play, zone, booked };
        let kept = self.record_all([entry], &mut [(zone, history)])?;
        Ok((kept.rows > 0).then_some(self.last_seq))
    }

    /// Records plays in their order and what they mean for the rotation, what is missing and what
    /// failed, in one transaction. `histories`: of the zones that changed.
    ///
    /// # Errors
    /// The database fails; nothing was recorded then.
    pub fn record_all<'a>(
        &mut self,
        plays: impl IntoIterator<Item = Entry<'a>>,
        histories: &mut [(&str, &mut History)],
    ) -> Result<RecordOutcome, LedgerError> {
        let appended = self.append(plays, histories);
        if appended.is_err() {
            // Some of them may stand for rows that were taken back.
            self.forget_ids();
            self.doubtful.0.append(&mut self.missing);
            self.doubtful.1.append(&mut self.failed);
            self.doubt();
        }
        appended
    }

    fn append<'a>(
        &mut self,
        plays: impl IntoIterator<Item = Entry<'a>>,
        histories: &mut [(&str, &mut History)],
    ) -> Result<RecordOutcome, LedgerError> {
        self.take_back_notes();
        let mut transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (mut kept, mut last_seq) = (RecordOutcome::default(), self.last_seq);
        let mut missing = self.missing.clone();
        let keep_from = retention::keep_from(self.acked_through, self.limits.acked_rows_kept);
        let first_unsealed = self
            .sealer
            .as_ref()
            .map_or(u64::MAX, Sealer::first_unsealed);
        let mut first_seq =
            retention::prune(&transaction, self.first_seq, keep_from.min(first_unsealed))?;
        let room = retention::make_room(
            &transaction,
            &mut first_seq,
            (self.acked_through + 1).min(first_unsealed),
            last_seq,
            self.limits,
        )?;
        let mut growing = self
            .sealer
            .as_mut()
            .and_then(|sealer| sealer.grow(&transaction, self.epoch, first_seq, last_seq));
        let mut anchored: Option<&str> = None;
        // Of several ends of one party only the last is worth writing.
        let mut ended = BTreeMap::new();
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO plays(seq, number, content, boot, start_boot_ms, visible_ms, outcome, display) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            for Entry { play, zone, booked } in plays {
                ended.extend(booked.ended.iter().map(|(party, ended)| (party, ended)));
                history::save_turn(&transaction, zone, booked)?;
                if kept.rows >= room {
                    kept.dropped += 1;
                    gaps::note(&mut missing, gaps::of(GapReason::Full, last_seq, play));
                    continue;
                }
                if anchored != Some(&*play.start.boot)
                    && let Some(anchor) = play.start.anchor()
                {
                    anchors::begin(&transaction, &anchor)?;
                    anchored = Some(&play.start.boot);
                }
                last_seq += 1;
                insert.execute(params![
                    last_seq,
                    play.number.get(),
                    self.ids.content(&transaction, &play.content)?,
                    self.ids.boot(&transaction, &play.start.boot)?,
                    play.start.boot_ms,
                    play.visible_ms,
                    u8::from(play.outcome),
                    u8::from(play.display)
                ])?;
                if let Some(growing) = &mut growing {
                    growing.add(&PlayRow {
                        seq: last_seq,
                        number: play.number.get(),
                        content: &play.content,
                        boot: &play.start.boot,
                        start_boot_ms: play.start.boot_ms,
                        visible_ms: play.visible_ms,
                        outcome: play.outcome.into(),
                        display: play.display.into(),
                    });
                }
                kept.rows += 1;
            }
        }
        history::save_ended(&transaction, &ended)?;
        for gap in &missing {
            gaps::write(&transaction, gap)?;
        }
        failures::write(&transaction, &self.failed)?;
        let mut rowless = self.rowless;
        if kept.rows == 0 {
            // A row tells by itself whether its transaction came through.
            rowless += 1;
            let value = i64::try_from(rowless).unwrap_or(i64::MAX);
            stored_values::set(&transaction, ROWLESS, value)?;
        }
        for (zone, history) in &*histories {
            history::save_accounts(&transaction, zone, history)?;
        }
        let sealer = self.sealer.as_mut();
        let grown = sealer.and_then(|sealer| sealer.seal_full(&mut transaction, growing?));
        transaction.commit()?;
        if let (Some(sealer), Some(grown)) = (&mut self.sealer, grown) {
            sealer.committed(grown);
        }
        for (_, history) in histories {
            history.accounts.saved();
        }
        self.missing.clear();
        self.failed.clear();
        (self.first_seq, self.last_seq, self.rowless) = (first_seq, last_seq, rowless);
        for _ in 0..=kept.rows / SEGMENT_ROWS {
            self.seal_due();
        }
        Ok(kept)
    }

    /// What a transaction that failed should have written comes into the next.
    pub(super) fn take_back_notes(&mut self) {
        let (missing, failed) = std::mem::take(&mut self.doubtful);
        for gap in missing {
            gaps::note(&mut self.missing, gap);
        }
        // The older ones first.
        let later = std::mem::replace(&mut self.failed, failed);
        self.failed.extend(later);
    }

    /// Forgets where texts stand: the file may be another one.
    pub(super) fn forget_ids(&mut self) {
        self.ids = Ids::default();
    }
}
