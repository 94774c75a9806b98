//! What transactions have changed of the figures, noted in a row each, until it is added up.
//!
//! A transaction that people wait for writes one row (`figure_changes`) and touches no table of
//! figures: those have a row for nearly everything that it counts by, and hundreds of transactions
//! in a second change the same ones.
//!
//! Invariants: the tables of figures with all notes are at any moment what a count of all rows
//! gives; a note goes in the transaction that adds it to the tables, so a crash between the two
//! loses and doubles nothing; only [`Store::add_up_figures`] writes to these tables, one at a time
//! ([`Lock::Figures`]); what reads them has all notes added up first. The form of a note is part of
//! the database: a newer hub reads what an older one has noted, and an older one that finds more
//! than it knows fails.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::store::rollups::changes::{
    Changes, ConversionKey, ConversionSums, PlayKey, PlaySums, ScanKey, ScanSums, ShareKey,
    VisitKey, VisitSums,
};
use crate::store::rollups::link_sums::{LinkKey, LinkSums, SUMS};
use crate::store::{Result, Store};

/// Most notes that are added up in one transaction.
const NOTES_MAX: u64 = 512;
/// Notes with so many bytes get no more beside them: whoever writes meanwhile waits for this
/// transaction where the database is a file.
const NOTES_BYTES: usize = 32 << 10;
/// The same on a server, where nobody waits: the more are added together, the fewer rows change.
const NOTES_BYTES_ON_SERVER: usize = 256 << 10;

/// A note as JSON: lists of lists, the key first and then the sums, each in the order of its type's
/// fields.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Note {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plays: Vec<NotedPlays>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scanned: Vec<NotedScanned>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scans: Vec<NotedScans>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    visits: Vec<NotedVisits>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shares: Vec<NotedShares>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<NotedLinks>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conversions: Vec<NotedConversions>,
}

#[derive(Debug, Serialize, Deserialize)]
struct NotedPlays(u32, i64, i64, u8, u8, i64, i64, i64);

#[derive(Debug, Serialize, Deserialize)]
struct NotedScanned(u32, i64, i64, i64);

#[derive(Debug, Serialize, Deserialize)]
struct NotedScans(u32, i64, String, String, u8, u8, i64, i64, i64, i64);

#[derive(Debug, Serialize, Deserialize)]
struct NotedVisits(u32, i64, String, String, i64, u8, bool, i64, i64, i64, i64);

#[derive(Debug, Serialize, Deserialize)]
struct NotedShares(u32, i64, String, String, i64, bool, i64);

#[derive(Debug, Serialize, Deserialize)]
struct NotedLinks(String, u32, i64, i64, bool, [i64; SUMS]);

#[derive(Debug, Serialize, Deserialize)]
struct NotedConversions(
    u32,
    i64,
    String,
    String,
    i64,
    String,
    bool,
    String,
    bool,
    i64,
    i64,
    i64,
);

impl From<Changes> for Note {
    /// Leaves out what was added and taken off again.
    fn from(changes: Changes) -> Self {
        let plays = changes.plays.into_iter();
        let scanned = changes.scanned.into_iter();
        let scans = changes.scans.into_iter();
        let visits = changes.visits.into_iter();
        let shares = changes.shares.into_iter();
        let links = changes.links.into_iter();
        let conversions = changes.conversions.into_iter();
        Self {
            plays: plays
                .filter(|(_, sums)| *sums != PlaySums::default())
                .map(|(key, sums)| {
                    NotedPlays(
                        key.screen,
                        key.quarter,
                        key.content,
                        key.outcome,
                        key.display,
                        sums.plays,
                        sums.visible_ms,
                        sums.scanned,
                    )
                })
                .collect(),
            scanned: scanned
                .filter(|(_, by)| *by != 0)
                .map(|((screen, content, quarter), by)| NotedScanned(screen, content, quarter, by))
                .collect(),
            scans: scans
                .filter(|(_, sums)| *sums != ScanSums::default())
                .map(|(key, sums)| {
                    NotedScans(
                        key.screen,
                        key.quarter,
                        key.campaign,
                        key.creative,
                        key.grade,
                        key.standing,
                        sums.scans,
                        sums.openings,
                        sums.seen,
                        sums.confirmed,
                    )
                })
                .collect(),
            visits: visits
                .filter(|(_, sums)| *sums != VisitSums::default())
                .map(|(key, sums)| {
                    NotedVisits(
                        key.screen,
                        key.quarter,
                        key.campaign,
                        key.creative,
                        key.generation,
                        key.grade,
                        key.is_counted,
                        sums.visits,
                        sums.seen,
                        sums.confirmed,
                        sums.pressed,
                    )
                })
                .collect(),
            shares: shares
                .filter(|(_, by)| *by != 0)
                .map(|(key, by)| {
                    NotedShares(
                        key.screen,
                        key.quarter,
                        key.campaign,
                        key.creative,
                        key.generation,
                        key.is_counted,
                        by,
                    )
                })
                .collect(),
            links: links
                .filter(|(_, sums)| *sums != LinkSums::default())
                .map(|(key, sums)| {
                    NotedLinks(
                        key.campaign,
                        key.screen,
                        key.generation,
                        key.day,
                        key.is_counted,
                        sums.to_array(),
                    )
                })
                .collect(),
            conversions: conversions
                .filter(|(_, sums)| *sums != ConversionSums::default())
                .map(|(key, sums)| {
                    NotedConversions(
                        key.screen,
                        key.quarter,
                        key.campaign,
                        key.creative,
                        key.generation,
                        key.kind,
                        key.is_unproved,
                        key.currency,
                        key.is_counted,
                        sums.conversions,
                        sums.withdrawn,
                        sums.value,
                    )
                })
                .collect(),
        }
    }
}

impl Note {
    fn is_empty(&self) -> bool {
        self.plays.is_empty()
            && self.scanned.is_empty()
            && self.scans.is_empty()
            && self.visits.is_empty()
            && self.shares.is_empty()
            && self.links.is_empty()
            && self.conversions.is_empty()
    }

    fn add_to(self, changes: &mut Changes) {
        for noted in self.plays {
            let NotedPlays(screen, quarter, content, outcome, display, plays, visible_ms, scanned) =
                noted;
            let key = PlayKey {
                screen,
                quarter,
                content,
                outcome,
                display,
            };
            let sums = PlaySums {
                plays,
                visible_ms,
                scanned,
            };
            changes.plays(key, sums);
        }
        for NotedScanned(screen, content, quarter, by) in self.scanned {
            changes.scanned(screen, content, quarter, by);
        }
        for noted in self.scans {
            let NotedScans(screen, quarter, campaign, creative, grade, standing, ..) = noted;
            let NotedScans(.., scans, openings, seen, confirmed) = noted;
            let key = ScanKey {
                screen,
                quarter,
                campaign,
                creative,
                grade,
                standing,
            };
            let sums = ScanSums {
                scans,
                openings,
                seen,
                confirmed,
            };
            changes.scans(key, sums);
        }
        for noted in self.visits {
            let NotedVisits(.., grade, is_counted, visits, seen, confirmed, pressed) = noted;
            let NotedVisits(screen, quarter, campaign, creative, generation, ..) = noted;
            let key = VisitKey {
                screen,
                quarter,
                campaign,
                creative,
                generation,
                grade,
                is_counted,
            };
            let sums = VisitSums {
                visits,
                seen,
                confirmed,
                pressed,
            };
            changes.visits(key, sums);
        }
        for noted in self.shares {
            let NotedShares(screen, quarter, campaign, creative, generation, is_counted, by) =
                noted;
            let key = ShareKey {
                screen,
                quarter,
                campaign,
                creative,
                generation,
                is_counted,
            };
            changes.shares(key, by);
        }
        for NotedLinks(campaign, screen, generation, day, is_counted, sums) in self.links {
            let key = LinkKey {
                campaign,
                screen,
                generation,
                day,
                is_counted,
            };
            changes.links(key, LinkSums::from_array(sums));
        }
        for noted in self.conversions {
            let NotedConversions(.., currency, is_counted, conversions, withdrawn, value) = noted;
            let NotedConversions(screen, quarter, campaign, creative, generation, ..) = noted;
            let NotedConversions(_, _, _, _, _, kind, is_unproved, ..) = noted;
            let key = ConversionKey {
                screen,
                quarter,
                campaign,
                creative,
                generation,
                kind,
                is_unproved,
                currency,
                is_counted,
            };
            let sums = ConversionSums {
                conversions,
                withdrawn,
                value,
            };
            changes.conversions(key, sums);
        }
    }
}

impl Changes {
    /// Notes the changes, to be added up later.
    ///
    /// # Errors
    /// The database fails.
    pub(in crate::store) fn note(self, tx: &Transaction<'_>) -> Result<(), DatabaseError> {
        let note = Note::from(self);
        if note.is_empty() {
            return Ok(());
        }
        let text = serde_json::to_string(&note).expect("numbers and texts are JSON");
        tx.execute(
            "INSERT INTO figure_changes (changes) VALUES (?1)",
            values![text],
        )?;
        Ok(())
    }

    /// Reads notes, the oldest first, until there are no more or enough. Says which they are, and
    /// whether there may be more.
    fn read_noted(
        &mut self,
        tx: &Transaction<'_>,
        most: Most,
    ) -> Result<(Vec<i64>, bool), DatabaseError> {
        let (mut ids, mut bytes) = (Vec::new(), 0);
        tx.each_of_many(
            "SELECT id, changes FROM figure_changes ORDER BY id LIMIT ?1",
            values![most.notes],
            |row| {
                ids.push(row.get(0)?);
                let text: String = row.get(1)?;
                bytes += text.len();
                let note: Note =
                    serde_json::from_str(&text).map_err(|_| DatabaseError::Column {
                        at: 1,
                        wanted: "changes of figures that this hub knows",
                    })?;
                note.add_to(self);
                Ok::<_, DatabaseError>(if bytes >= most.bytes {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            },
        )?;
        let is_enough = ids.len() as u64 >= most.notes || bytes >= most.bytes;
        Ok((ids, is_enough))
    }

    /// Everything that is noted.
    ///
    /// # Errors
    /// The database fails, or a newer hub has made a note.
    pub(super) fn noted(tx: &Transaction<'_>) -> Result<Self, DatabaseError> {
        let mut changes = Self::default();
        let all = Most {
            notes: u64::from(u32::MAX),
            bytes: usize::MAX,
        };
        changes.read_noted(tx, all)?;
        Ok(changes)
    }
}

/// How much is read at once.
#[derive(Debug, Clone, Copy)]
struct Most {
    notes: u64,
    bytes: usize,
}

impl Store {
    /// Adds what is noted to the tables of figures: all of it that was committed before, in some
    /// transactions. Who reads a table of figures does so first.
    ///
    /// # Errors
    /// The database fails; what is not added up stays noted.
    pub fn add_up_figures(&self) -> Result<()> {
        // Whoever has waited here finds little left to do, and takes no connection meanwhile.
        let _turn = self
            .adding_up
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_noted = "SELECT 1 FROM figure_changes LIMIT 1";
        if !self.read_once::<_, DatabaseError>(|tx| tx.exists(is_noted, values![]))? {
            return Ok(());
        }
        while self.write(Lock::Figures, add_up)? {}
        Ok(())
    }
}

/// Adds up some notes, and tells whether there may be more of those that were there before.
fn add_up(tx: &Transaction<'_>) -> Result<bool, DatabaseError> {
    let mut changes = Changes::default();
    let most = Most {
        notes: NOTES_MAX,
        bytes: if tx.is_on_postgres() {
            NOTES_BYTES_ON_SERVER
        } else {
            NOTES_BYTES
        },
    };
    let (ids, is_enough) = changes.read_noted(tx, most)?;
    if ids.is_empty() {
        return Ok(false);
    }
    changes.add_to_tables(tx)?;
    // By their ids: another transaction may just have committed a note with one between them.
    let listed: Vec<String> = ids.iter().map(i64::to_string).collect();
    tx.run(&format!(
        "DELETE FROM figure_changes WHERE id IN ({})",
        listed.join(", ")
    ))?;
    Ok(is_enough)
}
