//! What is read from the ledger: plays to send, and plays to print.
//!
//! Invariant: nothing here writes, so it may be asked also of a ledger that a terminal is writing.

use passerby_protocol::PlayNumber;
use passerby_protocol::dating::Anchor;
use passerby_protocol::dating::Between;
use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
use rusqlite::params;

use crate::ledger::{DatedPlay, ExportError, Ledger, LedgerError, anchors};

impl Ledger {
    /// Returns up to `count_max` plays that wait to be sent, oldest first, and the anchors of their
    /// boots and of those that have learned more of the time since.
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
        let anchors = self.anchors_for(&plays)?;
        Ok((plays, anchors))
    }

    /// Returns when a moment of a boot was, in Unix milliseconds; `None` while that boot has no
    /// anchor.
    ///
    /// # Errors
    /// The database fails.
    pub fn wall_at(&self, boot: &str, boot_ms: u64) -> Result<Option<i64>, LedgerError> {
        Ok(anchors::Dates::default().of(&self.connection, boot, boot_ms)?)
    }

    /// Returns recorded plays from a date on (all, when `None`), oldest first, with their dates;
    /// also those without a date that may have been after it.
    ///
    /// # Errors
    /// The database fails.
    pub fn plays_since(&self, since_ms: Option<i64>) -> Result<Vec<DatedPlay>, LedgerError> {
        let mut plays = Vec::new();
        let taken = self.each_play(since_ms, |play| {
            plays.push(play);
            Ok::<(), std::convert::Infallible>(())
        });
        match taken {
            Ok(()) => Ok(plays),
            Err(ExportError::Ledger(error)) => Err(error),
            Err(ExportError::Taker(never)) => match never {},
        }
    }

    /// Reads plays by a clause of SQL; those without a date are not bounded yet.
    pub(super) fn read(
        &self,
        clause: &str,
        arguments: impl rusqlite::Params,
    ) -> Result<Vec<DatedPlay>, LedgerError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT seq, number, c.text, b.text, start_boot_ms, visible_ms, outcome, quarantined, display \
             FROM plays JOIN contents c ON c.id = content JOIN boots b ON b.id = plays.boot {clause}"
        ))?;
        let mut dates = anchors::Dates::default();
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
                    .unwrap_or_else(PlayContent::set_aside),
                boot: row.get(3)?,
                start_boot_ms: row.get(4)?,
                visible_ms: if quarantined { 0 } else { row.get(5)? },
                // A hub that refused the row may not know its outcome.
                outcome: Outcome::try_from(row.get::<_, u8>(6)?)
                    .ok()
                    .filter(|_| !quarantined)
                    .unwrap_or(Outcome::CutShort),
                display: Display::try_from(row.get::<_, u8>(8)?).unwrap_or_default(),
            };
            let wall_ms = dates.of(&self.connection, &play.boot, play.start_boot_ms)?;
            Ok(DatedPlay {
                play,
                wall_ms,
                between: Between::default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
