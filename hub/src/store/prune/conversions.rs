//! Prunes conversions with what was taken back of them.
//!
//! Invariant: whoever reports one again that is pruned is told that it was too long ago, since what
//! lies before the pruned days is not taken in.

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Transaction, Value, owned_values, values};
use crate::store::prune::days::{RowDays, Table};
use crate::store::prune::sums::PrunedSums;
use crate::store::rollups;
use crate::store::rollups::{ConversionKey, ConversionSums};

/// Most conversions that one transaction prunes.
pub(super) const CONVERSIONS_MAX: usize = 200;

/// Prunes these of what was received before a moment. Returns how many went.
///
/// # Errors
/// The database fails.
pub(super) fn prune(
    tx: &Transaction<'_>,
    conversions: &[i64],
    before_ms: i64,
    days: &mut RowDays,
) -> Result<u64, DatabaseError> {
    let ids: Vec<[Value<'_>; 2]> = conversions
        .iter()
        .map(|&id| owned_values![id, before_ms])
        .collect();
    tx.execute_each(
        "DELETE FROM conversion_refunds WHERE conversion = ?1
         AND EXISTS (SELECT 1 FROM conversions WHERE id = ?1 AND received_ms < ?2)",
        &ids,
    )?;
    let gone = tx.all_each(
        "DELETE FROM conversions WHERE id = ?1 AND received_ms < ?2
         RETURNING screen, at_ms, campaign, creative, generation, kind, proof = 2, currency, counted,
                   withdrawn, value - refunded, received_ms",
        &ids,
        |row| {
            let key = ConversionKey {
                screen: row.get(0)?,
                quarter: rollups::quarter_of(row.get(1)?),
                campaign: row.get(2)?,
                creative: row.get(3)?,
                generation: row.get(4)?,
                kind: row.get(5)?,
                is_unproved: row.get(6)?,
                currency: row.get(7)?,
                is_counted: row.get(8)?,
            };
            let sums = ConversionSums {
                conversions: 1,
                withdrawn: row.get(9)?,
                value: row.get(10)?,
            };
            Ok::<_, DatabaseError>((key, sums, row.get::<i64>(11)?))
        },
    )?;
    let (mut pruned, mut count) = (PrunedSums::default(), 0);
    for (key, sums, received_ms) in gone.into_iter().flatten() {
        pruned.conversion(key, sums);
        days.add(Table::Conversions, received_ms);
        count += 1;
    }
    pruned.write(tx)?;
    Ok(count)
}

/// Finds some of what was received before a moment, by its screen; none for what came without a
/// click.
///
/// # Errors
/// The database fails.
pub(super) fn find(
    tx: &Transaction<'_>,
    before_ms: i64,
) -> Result<Vec<(Option<ScreenNumber>, i64)>, DatabaseError> {
    tx.all(
        "SELECT screen, id FROM conversions WHERE received_ms < ?1 ORDER BY received_ms LIMIT ?2",
        values![before_ms, CONVERSIONS_MAX],
        |row| {
            let screen = ScreenNumber::new(row.get(0)?).filter(|screen| screen.get() > 0);
            Ok::<_, DatabaseError>((screen, row.get(1)?))
        },
    )
}
