//! Who came to follow, left and came back, as rows of a breakdown.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::database::{DatabaseError, Transaction};
use crate::store::followers::figures::{Of, moves};
use crate::store::report::breakdown::figures::{By, FanMoves, Filter, Key};
use crate::store::report::breakdown::times;

/// Counts them; of creatives nothing, since nobody follows one.
pub(super) fn rows(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    time: (Option<i64>, Option<i64>),
    time_zone: &TimeZone,
) -> Result<BTreeMap<Key, FanMoves>, DatabaseError> {
    let of = match by {
        By::Day | By::Hour | By::Weekday => Of::Hour,
        By::Screen => Of::Screen,
        By::Campaign => Of::Campaign,
        By::Creative => return Ok(BTreeMap::new()),
    };
    let mut rows: BTreeMap<Key, FanMoves> = BTreeMap::new();
    for found in moves(tx, of, filter.campaign.as_ref(), filter.screen, time)? {
        let key = match of {
            Of::Hour => times::key(by, Some(found.at), time_zone),
            Of::Screen => Key::Screen(found.at),
            Of::Campaign => Key::Campaign(found.of),
        };
        let row = rows.entry(key).or_default();
        row.new += found.new;
        row.gone += found.gone;
        row.returns += found.returns;
    }
    Ok(rows)
}
