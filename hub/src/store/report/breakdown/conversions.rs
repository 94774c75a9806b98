//! What shops reported, as rows of a breakdown.

use std::collections::BTreeMap;

use crate::conversions::Worth;
use crate::database::{DatabaseError, Transaction, Value};
use crate::store::report::breakdown::boundaries::Boundaries;
use crate::store::report::breakdown::figures::{By, Filter, Key};

/// Conversions of one row, and what they are worth.
pub(super) type Bought = BTreeMap<Key, (u64, Worth)>;

/// Counts those that count. `key_of_quarter` names the row of a quarter of an hour, where rows are
/// by time.
pub(super) fn rows(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    boundaries: &Boundaries,
    key_of_quarter: impl Fn(i64) -> Key,
) -> Result<Bought, DatabaseError> {
    let column = match by {
        By::Day | By::Hour | By::Weekday => "quarter",
        By::Screen => "screen",
        By::Campaign => "campaign",
        By::Creative => "creative",
    };
    let (mut conditions, mut values) = (String::new(), Vec::<Value<'_>>::new());
    let is_by_time = column == "quarter";
    let table = if is_by_time || boundaries.are_set() {
        let (from, until) = boundaries.quarters();
        values.extend([from.into(), until.into()]);
        conditions += " AND quarter >= ?1 AND quarter < ?2";
        "conversion_quarters"
    } else {
        "conversion_totals"
    };
    if let Some(screen) = filter.screen {
        values.push(screen.get().into());
        conditions += &format!(" AND screen = ?{}", values.len());
    }
    if let Some(campaign) = &filter.campaign {
        values.push(campaign.as_str().into());
        conditions += &format!(" AND campaign = ?{}", values.len());
    }
    let sql = format!(
        "SELECT {column}, currency, CAST(sum(conversions - withdrawn) AS BIGINT), CAST(sum(value) AS BIGINT)
         FROM {table} WHERE counted AND NOT unproved AND screen > 0{conditions} GROUP BY {column}, currency"
    );
    let found = tx.all(sql.as_str(), &values, |row| {
        let key = match by {
            By::Screen => Key::Screen(row.get(0)?),
            By::Campaign => Key::Campaign(row.get(0)?),
            By::Creative => Key::Creative(row.get(0)?),
            _ => key_of_quarter(row.get(0)?),
        };
        let currency: String = row.get(1)?;
        Ok::<_, DatabaseError>((key, currency, row.get::<i64>(2)?, row.get::<i64>(3)?))
    })?;
    let mut rows = Bought::new();
    for (key, currency, conversions, minor) in found {
        let (count, worth) = rows.entry(key).or_default();
        *count += u64::try_from(conversions).unwrap_or(0);
        worth.add(&currency, minor);
    }
    rows.retain(|_, (count, worth)| *count > 0 || !worth.is_empty());
    Ok(rows)
}
