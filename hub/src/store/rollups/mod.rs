//! Figures by the hour, screen, campaign and creative: what reports are made of.
//!
//! Invariants: what a row adds to them is noted in the transaction that writes the row, and taken
//! off in the one that changes it, so with what is noted ([`noted`]) they are at any moment what a
//! count of all rows would give ([`recount`]); an hour is one of UTC, and so is a quarter of one,
//! by which everything is gathered; what has no date yet is in hour and quarter [`UNDATED`].

pub(super) mod boots;
mod changes;
pub(super) mod link_sums;
mod links;
mod noted;
pub(super) mod recount;
pub(super) mod scanned;
pub(super) mod spans;
mod sum_table;
mod tables;

pub(super) use crate::store::rollups::changes::{
    Changes, ConversionKey, ConversionSums, PlayKey, PlaySums, QUARTER_MS, QUARTERS, ScanKey,
    ScanSums, ShareKey, UNDATED, VisitKey, VisitSums, quarter_of,
};

use crate::database::{DatabaseError, Transaction, values};

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
                quarter: quarter_of(row.get(1)?),
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
    scanned::recount_scan(tx, scan, is_counted, changes)?;
    links::restand(tx, scan, is_counted, changes)?;
    restand_chain(tx, scan, &screen, (was_counted, is_counted), changes)
}

/// Takes the visits and links of a scan's chain from what does not count to what does, or back.
fn restand_chain(
    tx: &Transaction<'_>,
    scan: i64,
    (screen, campaign, creative): &(u32, String, String),
    (was_counted, is_counted): (bool, bool),
    changes: &mut Changes,
) -> Result<(), DatabaseError> {
    let visits = tx.all(
        "SELECT visited_ms / 900000, generation, grade, count(*), count(coalesce(seen_ms, confirmed_ms)),
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
    for (quarter, generation, grade, sums) in visits {
        let key = |is_counted| VisitKey {
            screen: *screen,
            quarter,
            campaign: campaign.clone(),
            creative: creative.clone(),
            generation,
            grade,
            is_counted,
        };
        changes.visits(key(was_counted), sums.negated());
        changes.visits(key(is_counted), sums);
    }
    let shares: Vec<(i64, i64, i64)> = tx.all(
        "SELECT created_ms / 900000, generation, count(*) FROM shares
         WHERE scan = ?1 AND parent IS NOT NULL GROUP BY 1, 2",
        values![scan],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    for (quarter, generation, count) in shares {
        let key = |is_counted| ShareKey {
            screen: *screen,
            quarter,
            campaign: campaign.clone(),
            creative: creative.clone(),
            generation,
            is_counted,
        };
        changes.shares(key(was_counted), -count);
        changes.shares(key(is_counted), count);
    }
    restand_conversions(tx, scan, is_counted, changes)
}

/// Does the same with what was bought through a scan's chain.
fn restand_conversions(
    tx: &Transaction<'_>,
    scan: i64,
    is_counted: bool,
    changes: &mut Changes,
) -> Result<(), DatabaseError> {
    let bought = tx.all(
        "UPDATE conversions SET counted = ?2 WHERE scan = ?1 AND counted <> ?2
         RETURNING screen, at_ms, campaign, creative, generation, kind, proof = 2, currency, withdrawn, value - refunded",
        values![scan, is_counted],
        |row| {
            let key = ConversionKey {
                screen: row.get(0)?,
                quarter: quarter_of(row.get(1)?),
                campaign: row.get(2)?,
                creative: row.get(3)?,
                generation: row.get(4)?,
                kind: row.get(5)?,
                is_unproved: row.get(6)?,
                currency: row.get(7)?,
                is_counted,
            };
            let sums = ConversionSums {
                conversions: 1,
                withdrawn: row.get(8)?,
                value: row.get(9)?,
            };
            Ok::<_, DatabaseError>((key, sums))
        },
    )?;
    for (key, sums) in bought {
        let before = ConversionKey {
            is_counted: !is_counted,
            ..key.clone()
        };
        changes.conversions(before, sums.negated());
        changes.conversions(key, sums);
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
