//! What is read from the ledger: plays to send, and plays to print.
//!
//! Invariant: nothing here writes, so it may be asked also of a ledger that a terminal is writing.

use passerby_protocol::plays::{Anchor, Content, Display, Outcome, Play};
use passerby_protocol::{Assignment, PlayNumber};
use rusqlite::{OptionalExtension as _, params};

use super::{DatedPlay, Ledger, LedgerError};

impl Ledger {
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

    /// Returns when a moment of a boot was, in Unix milliseconds; `None` while that boot has no anchor.
    ///
    /// # Errors
    /// The database fails.
    pub fn wall_at(&self, boot: &str, boot_ms: u64) -> Result<Option<i64>, LedgerError> {
        let anchor = self
            .connection
            .prepare_cached("SELECT boot_ms, wall_ms FROM anchors WHERE boot = ?1")?
            .query_row([boot], |row| {
                Ok(Anchor {
                    boot: boot.to_owned(),
                    boot_ms: row.get(0)?,
                    wall_ms: row.get(1)?,
                })
            })
            .optional()?;
        Ok(anchor.map(|anchor| anchor.wall_at(boot_ms)))
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
