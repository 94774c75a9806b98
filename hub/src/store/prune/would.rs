//! What would be pruned.

use std::ops::ControlFlow;

use crate::database::{DatabaseError, Sql, Transaction, values};
use crate::store::prune::days::{RowDays, Table};

/// Scans that may go: from before a moment, of plays that are not here or go. Of each ledger what
/// comes before the first row that stays goes. And links that stay, of these scans: with something
/// newer, or with a link below that stays.
const KEPT: &str = "WITH RECURSIVE stays AS MATERIALIZED (
        SELECT ledger, min(seq) AS first_seq FROM plays WHERE received_ms >= ?1 GROUP BY ledger),
     old AS (
        SELECT id, scanned_ms FROM scans
        WHERE scanned_ms < ?1
          AND NOT EXISTS (SELECT 1 FROM plays JOIN stays ON stays.ledger = plays.ledger
                          WHERE plays.screen = scans.screen AND plays.number = scans.play AND seq >= first_seq)),
     kept(id, parent, scan) AS (
        SELECT shares.id, shares.parent, shares.scan FROM old JOIN shares ON shares.scan = old.id
        WHERE (created_ms >= ?1
               OR EXISTS (SELECT 1 FROM visits WHERE visits.share = shares.id AND visited_ms >= ?1))
        UNION
        SELECT shares.id, shares.parent, shares.scan FROM kept JOIN shares ON shares.id = kept.parent)";

/// Counts the rows that would be pruned of what was received before a moment.
///
/// # Errors
/// The database fails.
pub(super) fn count(tx: &Transaction<'_>, before_ms: i64) -> Result<RowDays, DatabaseError> {
    let mut days = RowDays::default();
    let scans = format!(
        "{KEPT} SELECT scanned_ms / 86400000, count(*) FROM old
         WHERE id NOT IN (SELECT scan FROM kept) GROUP BY 1"
    );
    let shares = format!(
        "{KEPT} SELECT created_ms / 86400000, count(*) FROM old JOIN shares ON shares.scan = old.id
         WHERE shares.id NOT IN (SELECT id FROM kept) GROUP BY 1"
    );
    let visits = format!(
        "{KEPT} SELECT visited_ms / 86400000, count(*) FROM old
         JOIN shares ON shares.scan = old.id JOIN visits ON visits.share = shares.id
         WHERE visited_ms < ?1 GROUP BY 1"
    );
    let plays = "WITH stays AS (SELECT ledger, min(seq) AS first_seq FROM plays WHERE received_ms >= ?1 GROUP BY ledger)
         SELECT received_ms / 86400000, count(*) FROM plays LEFT JOIN stays ON stays.ledger = plays.ledger
         WHERE received_ms < ?1 AND (first_seq IS NULL OR seq < first_seq) GROUP BY 1";
    let conversions = "SELECT received_ms / 86400000, count(*) FROM conversions WHERE received_ms < ?1 GROUP BY 1";
    for (table, sql) in [
        (Table::Plays, Sql::from(plays)),
        (Table::Scans, Sql::from(&scans)),
        (Table::Shares, Sql::from(&shares)),
        (Table::Visits, Sql::from(&visits)),
        (Table::Conversions, Sql::from(conversions)),
    ] {
        tx.each(sql, values![before_ms], |row| {
            days.add_day(table, row.get(0)?, row.get(1)?);
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        })?;
    }
    Ok(days)
}
