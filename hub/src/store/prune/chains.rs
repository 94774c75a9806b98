//! Prunes scans with what was passed on of them: first visits, then links that nothing is left of,
//! from the ends of their chains on, and at last the scans of which no link is left.
//!
//! Invariant: a scan stays, with all that was passed on of it, while its play is here, so that it
//! can be counted at any time how many of the plays that are here were scanned.

use crate::database::{DatabaseError, Transaction, Value, owned_values};
use crate::store::prune::days::{RowDays, Table};
use crate::store::prune::sums::{PrunedSums, keep_highest};
use crate::store::rollups;
use crate::store::rollups::link_sums::{Below, LinkKey, LinkSums};
use crate::store::rollups::{ScanKey, ScanSums, ShareKey, VisitKey, VisitSums};

/// Most scans that one transaction looks at.
pub(super) const SCANS_MAX: usize = 50;
/// Most visits, and most links, of one scan that one transaction prunes.
const OF_SCAN_MAX: usize = 50;

/// A scan that goes, or of which something goes.
struct Pruned {
    id: i64,
    key: ScanKey,
    scanned_ms: i64,
    openings: i64,
    play: i64,
    has_time: bool,
}

/// A visit that goes.
struct PrunedVisit {
    share: i64,
    visitor: [u8; 16],
    visited_ms: i64,
    grade: u8,
    generation: i64,
    sums: VisitSums,
    /// Whether it is that of the person who scanned.
    is_of_scan: bool,
}

/// Prunes what came before a moment of scans of one screen, and of what was passed on of them, as
/// far as one transaction should. Returns how many rows went; 0 when nothing is left to prune.
///
/// # Errors
/// The database fails.
pub(super) fn prune(
    tx: &Transaction<'_>,
    scans: &[i64],
    before_ms: i64,
    days: &mut RowDays,
) -> Result<u64, DatabaseError> {
    let before = days.total();
    let ids: Vec<[Value<'_>; 2]> = scans
        .iter()
        .map(|&scan| owned_values![scan, before_ms])
        .collect();
    let scans: Vec<Pruned> = tx
        .all_each(
            "SELECT id, screen, scanned_ms, campaign, creative, grade, standing, openings, play, minted_ms IS NOT NULL
             FROM scans WHERE id = ?1 AND scanned_ms < ?2
               AND NOT EXISTS (SELECT 1 FROM plays WHERE plays.screen = scans.screen AND plays.number = scans.play)",
            &ids,
            |row| {
                let scanned_ms = row.get(2)?;
                Ok::<_, DatabaseError>(Pruned {
                    id: row.get(0)?,
                    key: ScanKey {
                        screen: row.get(1)?,
                        quarter: rollups::quarter_of(scanned_ms),
                        campaign: row.get(3)?,
                        creative: row.get(4)?,
                        grade: row.get(5)?,
                        standing: row.get(6)?,
                    },
                    scanned_ms,
                    openings: row.get(7)?,
                    play: row.get(8)?,
                    has_time: row.get(9)?,
                })
            },
        )?
        .into_iter()
        .flatten()
        .collect();
    let mut sums = PrunedSums::default();
    prune_visits(tx, &scans, before_ms, &mut sums, days)?;
    prune_links(tx, &scans, before_ms, &mut sums, days)?;
    prune_scans(tx, &scans, &mut sums, days)?;
    sums.write(tx)?;
    Ok(days.total() - before)
}

fn prune_visits(
    tx: &Transaction<'_>,
    scans: &[Pruned],
    before_ms: i64,
    sums: &mut PrunedSums,
    days: &mut RowDays,
) -> Result<(), DatabaseError> {
    let visits = tx.all_each(
        "SELECT visits.share, visits.visitor, visits.visited_ms, visits.grade, shares.generation,
                coalesce(seen_ms, confirmed_ms) IS NOT NULL, confirmed_ms IS NOT NULL, clicked_ms IS NOT NULL,
                shares.parent IS NULL AND shares.owner = visits.visitor
         FROM shares JOIN visits ON visits.share = shares.id
         WHERE shares.scan = ?1 AND visits.visited_ms < ?2 LIMIT ?3",
        &of_scans(scans, before_ms),
        |row| {
            Ok::<_, DatabaseError>(PrunedVisit {
                share: row.get(0)?,
                visitor: row.get(1)?,
                visited_ms: row.get(2)?,
                grade: row.get(3)?,
                generation: row.get(4)?,
                sums: VisitSums {
                    visits: 1,
                    seen: row.get(5)?,
                    confirmed: row.get(6)?,
                    pressed: row.get(7)?,
                },
                is_of_scan: row.get::<Option<bool>>(8)?.unwrap_or(false),
            })
        },
    )?;
    let mut gone = Vec::new();
    for (scan, visits) in scans.iter().zip(visits) {
        for visit in visits {
            let key = VisitKey {
                screen: scan.key.screen,
                quarter: rollups::quarter_of(visit.visited_ms),
                campaign: scan.key.campaign.clone(),
                creative: scan.key.creative.clone(),
                generation: visit.generation,
                grade: visit.grade,
                is_counted: scan.key.is_counted(),
            };
            sums.visit(key, visit.sums);
            if visit.is_of_scan {
                let of_scan = ScanSums {
                    seen: visit.sums.seen,
                    confirmed: visit.sums.confirmed,
                    ..ScanSums::default()
                };
                sums.scan(scan.key.clone(), of_scan);
            }
            days.add(Table::Visits, visit.visited_ms);
            gone.push(owned_values![visit.share, visit.visitor]);
        }
    }
    for table in ["clicks", "visits"] {
        tx.execute_each(
            &format!("DELETE FROM {table} WHERE share = ?1 AND visitor = ?2"),
            &gone,
        )?;
    }
    Ok(())
}

/// A link that goes.
struct PrunedLink {
    id: i64,
    made_ms: i64,
    generation: i64,
    /// What it was to the one above; `None` of what began a chain.
    above: Option<(i64, Below)>,
}

/// A link stays while it has a visit, or a link below it.
fn prune_links(
    tx: &Transaction<'_>,
    scans: &[Pruned],
    before_ms: i64,
    sums: &mut PrunedSums,
    days: &mut RowDays,
) -> Result<(), DatabaseError> {
    let links = tx.all_each(
        "SELECT shares.id, shares.created_ms, shares.generation, above.generation, above.created_ms, nth, scanned_ms
         FROM shares JOIN scans ON scans.id = shares.scan
         LEFT JOIN shares AS above ON above.id = shares.parent
         LEFT JOIN link_numbers ON link_numbers.share = shares.id
         WHERE shares.scan = ?1 AND shares.created_ms < ?2
           AND NOT EXISTS (SELECT 1 FROM visits WHERE visits.share = shares.id)
           AND NOT EXISTS (SELECT 1 FROM shares AS child WHERE child.parent = shares.id)
         LIMIT ?3",
        &of_scans(scans, before_ms),
        |row| {
            let made_ms = row.get(1)?;
            let above: (Option<i64>, Option<i64>, Option<i64>) =
                (row.get(3)?, row.get(4)?, row.get(5)?);
            let scanned_ms = row.get(6)?;
            let above = match above {
                (Some(generation), Some(above_ms), Some(nth)) => Some((
                    generation,
                    Below {
                        made_ms,
                        nth,
                        above_ms,
                        scanned_ms,
                    },
                )),
                _ => None,
            };
            Ok::<_, DatabaseError>(PrunedLink {
                id: row.get(0)?,
                made_ms,
                generation: row.get(2)?,
                above,
            })
        },
    )?;
    let mut gone = Vec::new();
    for (scan, links) in scans.iter().zip(links) {
        let key = |generation, made_ms| LinkKey {
            campaign: scan.key.campaign.clone(),
            screen: scan.key.screen,
            generation,
            day: rollups::link_sums::day_of(made_ms),
            is_counted: scan.key.is_counted(),
        };
        for link in links {
            if let Some((generation, below)) = link.above {
                sums.share(ShareKey {
                    screen: scan.key.screen,
                    quarter: rollups::quarter_of(link.made_ms),
                    campaign: scan.key.campaign.clone(),
                    creative: scan.key.creative.clone(),
                    generation: link.generation,
                    is_counted: scan.key.is_counted(),
                });
                sums.link(key(generation, below.above_ms), LinkSums::below(&below));
            }
            sums.link(key(link.generation, link.made_ms), LinkSums::ONE);
            days.add(Table::Shares, link.made_ms);
            gone.push(owned_values![link.id]);
        }
    }
    passed_on(tx, &gone)?;
    // That somebody said something stays, with what it was about.
    tx.execute_each("UPDATE voices SET share = NULL WHERE share = ?1", &gone)?;
    tx.execute_each("DELETE FROM link_numbers WHERE share = ?1", &gone)?;
    tx.execute_each("DELETE FROM shares WHERE id = ?1", &gone)?;
    Ok(())
}

/// Keeps how many of these links were passed on with what, and forgets what was typed.
fn passed_on(tx: &Transaction<'_>, links: &[[Value<'_>; 1]]) -> Result<(), DatabaseError> {
    tx.execute_each(
        "INSERT INTO pruned_passed_on (campaign, passed_on, sentences, named)
         SELECT campaign, 1, CASE WHEN has_sentence THEN 1 ELSE 0 END, CASE WHEN has_name THEN 1 ELSE 0 END
         FROM passed_on JOIN shares ON shares.id = share JOIN scans ON scans.id = scan
         WHERE share = ?1 AND scans.grade < 2 AND standing < 2
         ON CONFLICT (campaign) DO UPDATE SET passed_on = pruned_passed_on.passed_on + excluded.passed_on,
             sentences = pruned_passed_on.sentences + excluded.sentences, named = pruned_passed_on.named + excluded.named",
        links,
    )?;
    for table in ["moment_postcards", "moments", "passed_on"] {
        tx.execute_each(&format!("DELETE FROM {table} WHERE share = ?1"), links)?;
    }
    Ok(())
}

fn prune_scans(
    tx: &Transaction<'_>,
    scans: &[Pruned],
    sums: &mut PrunedSums,
    days: &mut RowDays,
) -> Result<(), DatabaseError> {
    let ids: Vec<[Value<'_>; 1]> = scans.iter().map(|scan| owned_values![scan.id]).collect();
    let links: Vec<Vec<i64>> = tx.all_each(
        "SELECT id FROM shares WHERE scan = ?1 LIMIT 1",
        &ids,
        |row| row.get(0),
    )?;
    let (mut gone, mut openings) = (Vec::new(), Vec::new());
    let mut highest = None;
    for (scan, links) in scans.iter().zip(links) {
        if !links.is_empty() {
            continue;
        }
        let one = ScanSums {
            scans: 1,
            openings: scan.openings,
            ..ScanSums::default()
        };
        sums.scan(scan.key.clone(), one);
        if !scan.has_time {
            openings.push(owned_values![scan.key.screen, scan.play, scan.scanned_ms]);
        }
        highest = highest.max(Some((scan.key.screen, scan.play)));
        days.add(Table::Scans, scan.scanned_ms);
        gone.push(owned_values![scan.id]);
    }
    tx.execute_each(
        "INSERT INTO pruned_openings (screen, play, first_ms) VALUES (?1, ?2, ?3)
         ON CONFLICT (screen, play) DO UPDATE SET first_ms = least(pruned_openings.first_ms, excluded.first_ms)",
        &openings,
    )?;
    if let Some((screen, play)) = highest {
        keep_highest(tx, screen, play)?;
    }
    // What was bought keeps all else that it knows of its chain.
    tx.execute_each("UPDATE conversions SET scan = NULL WHERE scan = ?1", &gone)?;
    tx.execute_each("UPDATE followers SET scan = NULL WHERE scan = ?1", &gone)?;
    tx.execute_each("DELETE FROM chains WHERE scan = ?1", &gone)?;
    tx.execute_each("DELETE FROM scans WHERE id = ?1", &gone)?;
    Ok(())
}

/// The values of a statement about what came before a moment, for each scan.
fn of_scans(scans: &[Pruned], before_ms: i64) -> Vec<[Value<'static>; 3]> {
    scans
        .iter()
        .map(|scan| owned_values![scan.id, before_ms, OF_SCAN_MAX])
        .collect()
}
