//! Figures by the hour, screen, campaign and creative: what reports are made of.
//!
//! Invariants: what a row adds to them is added in the transaction that writes the row, and taken
//! off in the one that changes it, so they are at any moment what a count of all rows would give
//! ([`recount`]); an hour is one of UTC; what has no date yet is in hour [`UNDATED`].

pub(super) mod boots;
pub(super) mod recount;

use std::collections::BTreeMap;

use crate::database::{DatabaseError, Transaction, owned_values, values};
use crate::system::clock::HOUR_MS;

/// The hour of plays that have no date.
pub(super) const UNDATED: i64 = -1;

/// Returns the hour of a moment.
pub(super) const fn hour_of(wall_ms: i64) -> i64 {
    wall_ms.div_euclid(HOUR_MS)
}

/// What plays are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PlayKey {
    pub(super) screen: u32,
    pub(super) hour: i64,
    pub(super) content: i64,
    pub(super) outcome: u8,
    pub(super) display: u8,
}

/// What scans are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ScanKey {
    pub(super) screen: u32,
    pub(super) hour: i64,
    pub(super) campaign: String,
    pub(super) creative: String,
    pub(super) grade: u8,
    pub(super) standing: u8,
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ScanSums {
    pub(super) scans: i64,
    pub(super) openings: i64,
    pub(super) seen: i64,
    pub(super) confirmed: i64,
}

impl ScanKey {
    /// Whether such scans are in the figures; the same as the view `counted_scans` says.
    const fn is_counted(&self) -> bool {
        self.grade < 2 && self.standing < 2
    }
}

impl ScanSums {
    const fn negated(self) -> Self {
        Self {
            scans: -self.scans,
            openings: -self.openings,
            seen: -self.seen,
            confirmed: -self.confirmed,
        }
    }
}

/// What visits are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct VisitKey {
    pub(super) screen: u32,
    pub(super) hour: i64,
    pub(super) campaign: String,
    pub(super) creative: String,
    pub(super) generation: i64,
    pub(super) grade: u8,
    /// Whether the scan that began the chain counts.
    pub(super) is_counted: bool,
}

/// How many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct VisitSums {
    pub(super) visits: i64,
    pub(super) seen: i64,
    pub(super) confirmed: i64,
    pub(super) pressed: i64,
}

impl VisitSums {
    const fn negated(self) -> Self {
        Self {
            visits: -self.visits,
            seen: -self.seen,
            confirmed: -self.confirmed,
            pressed: -self.pressed,
        }
    }
}

/// What a transaction changes of the figures, gathered until it writes them.
#[derive(Debug, Default)]
#[must_use = "figures that are not written are wrong"]
pub(super) struct Changes {
    plays: BTreeMap<PlayKey, (i64, i64)>,
    scans: BTreeMap<ScanKey, ScanSums>,
    visits: BTreeMap<VisitKey, VisitSums>,
}

impl Changes {
    /// Adds so many plays, or takes them off, and how long they were visible, in milliseconds.
    pub(super) fn plays(&mut self, key: PlayKey, plays: i64, visible_ms: i64) {
        let sums = self.plays.entry(key).or_default();
        sums.0 += plays;
        sums.1 += visible_ms;
    }

    /// Adds scans, or takes them off with numbers below zero.
    pub(super) fn scans(&mut self, key: ScanKey, by: ScanSums) {
        let sums = self.scans.entry(key).or_default();
        sums.scans += by.scans;
        sums.openings += by.openings;
        sums.seen += by.seen;
        sums.confirmed += by.confirmed;
    }

    /// Adds visits, or takes them off with numbers below zero.
    pub(super) fn visits(&mut self, key: VisitKey, by: VisitSums) {
        let sums = self.visits.entry(key).or_default();
        sums.visits += by.visits;
        sums.seen += by.seen;
        sums.confirmed += by.confirmed;
        sums.pressed += by.pressed;
    }

    /// Writes the changes, in the order of their keys, so that two who write never wait for each
    /// other.
    ///
    /// # Errors
    /// The database fails.
    pub(super) fn write(self, tx: &Transaction<'_>) -> Result<(), DatabaseError> {
        let plays: Vec<_> = self
            .plays
            .into_iter()
            .filter(|(_, sums)| *sums != (0, 0))
            .map(|(key, (plays, visible_ms))| {
                owned_values![
                    key.screen,
                    key.hour,
                    key.content,
                    key.outcome,
                    key.display,
                    plays,
                    visible_ms
                ]
            })
            .collect();
        tx.execute_each(
            "INSERT INTO play_hours (screen, hour, content, outcome, display, plays, visible_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (screen, hour, content, outcome, display)
             DO UPDATE SET plays = play_hours.plays + excluded.plays,
                           visible_ms = play_hours.visible_ms + excluded.visible_ms",
            &plays,
        )?;
        let scans: Vec<_> = self
            .scans
            .into_iter()
            .filter(|(_, sums)| *sums != ScanSums::default())
            .map(|(key, sums)| {
                owned_values![
                    key.screen,
                    key.hour,
                    key.campaign,
                    key.creative,
                    key.grade,
                    key.standing,
                    sums.scans,
                    sums.openings,
                    sums.seen,
                    sums.confirmed
                ]
            })
            .collect();
        tx.execute_each(
            "INSERT INTO scan_hours (screen, hour, campaign, creative, grade, standing, scans, openings, seen, confirmed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (screen, hour, campaign, creative, grade, standing)
             DO UPDATE SET scans = scan_hours.scans + excluded.scans,
                           openings = scan_hours.openings + excluded.openings,
                           seen = scan_hours.seen + excluded.seen,
                           confirmed = scan_hours.confirmed + excluded.confirmed",
            &scans,
        )?;
        let visits: Vec<_> = self
            .visits
            .into_iter()
            .filter(|(_, sums)| *sums != VisitSums::default())
            .map(|(key, sums)| {
                owned_values![
                    key.screen,
                    key.hour,
                    key.campaign,
                    key.creative,
                    key.generation,
                    key.grade,
                    key.is_counted,
                    sums.visits,
                    sums.seen,
                    sums.confirmed,
                    sums.pressed
                ]
            })
            .collect();
        tx.execute_each(
            "INSERT INTO visit_hours (screen, hour, campaign, creative, generation, grade, counted, visits, seen, confirmed, pressed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (screen, hour, campaign, creative, generation, grade, counted)
             DO UPDATE SET visits = visit_hours.visits + excluded.visits,
                           seen = visit_hours.seen + excluded.seen,
                           confirmed = visit_hours.confirmed + excluded.confirmed,
                           pressed = visit_hours.pressed + excluded.pressed",
            &visits,
        )?;
        Ok(())
    }
}

/// Returns what a scan is counted by.
///
/// # Errors
/// There is no such scan, or the database fails.
pub(super) fn scan_key(tx: &Transaction<'_>, scan: i64) -> Result<ScanKey, DatabaseError> {
    tx.one(
        "SELECT screen, scanned_ms, campaign, creative, grade, standing FROM scans WHERE id = ?1",
        values![scan],
        |row| {
            Ok(ScanKey {
                screen: row.get(0)?,
                hour: hour_of(row.get(1)?),
                campaign: row.get(2)?,
                creative: row.get(3)?,
                grade: row.get(4)?,
                standing: row.get(5)?,
            })
        },
    )
}

/// Takes what a scan counts for from one standing to another, with all visits of its chain if it
/// counts in only one of them.
///
/// # Errors
/// There is no such scan, or the database fails.
pub(super) fn restand(
    tx: &Transaction<'_>,
    scan: i64,
    standing: u8,
    changes: &mut Changes,
) -> Result<(), DatabaseError> {
    let before = scan_key(tx, scan)?;
    if before.standing == standing {
        return Ok(());
    }
    let after = ScanKey {
        standing,
        ..before.clone()
    };
    let sums = tx.one(
        "SELECT openings, coalesce(seen_ms, confirmed_ms) IS NOT NULL, confirmed_ms IS NOT NULL
         FROM scans
         LEFT JOIN shares ON shares.scan = scans.id AND shares.parent IS NULL
         LEFT JOIN visits ON visits.share = shares.id AND visits.visitor = shares.owner
         WHERE scans.id = ?1",
        values![scan],
        |row| {
            Ok::<_, DatabaseError>(ScanSums {
                scans: 1,
                openings: row.get(0)?,
                seen: row.get(1)?,
                confirmed: row.get(2)?,
            })
        },
    )?;
    let (was_counted, is_counted) = (before.is_counted(), after.is_counted());
    let screen = (
        before.screen,
        before.campaign.clone(),
        before.creative.clone(),
    );
    changes.scans(before, sums.negated());
    changes.scans(after, sums);
    if was_counted == is_counted {
        return Ok(());
    }
    let visits = tx.all(
        "SELECT visited_ms / 3600000, generation, grade, count(*), count(coalesce(seen_ms, confirmed_ms)),
                count(confirmed_ms), count(clicked_ms)
         FROM visits JOIN shares ON shares.id = share WHERE scan = ?1 GROUP BY 1, 2, 3",
        values![scan],
        |row| {
            let sums = VisitSums {
                visits: row.get(3)?,
                seen: row.get(4)?,
                confirmed: row.get(5)?,
                pressed: row.get(6)?,
            };
            Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, sums))
        },
    )?;
    let (screen, campaign, creative) = screen;
    for (hour, generation, grade, sums) in visits {
        let key = |is_counted| VisitKey {
            screen,
            hour,
            campaign: campaign.clone(),
            creative: creative.clone(),
            generation,
            grade,
            is_counted,
        };
        changes.visits(key(was_counted), sums.negated());
        changes.visits(key(is_counted), sums);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
