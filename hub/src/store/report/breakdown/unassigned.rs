//! Plays of what the hub never gave to the screen that sent them: they are in the sums of creatives
//! and screens, and in no total. There are hardly ever any.

use crate::database::{DatabaseError, Row, Transaction, Value};
use crate::store::report::breakdown::figures::Filter;

/// Some of them.
#[derive(Debug)]
pub(in crate::store::report) struct Unassigned {
    pub(in crate::store::report) screen: i64,
    pub(in crate::store::report) campaign: String,
    pub(in crate::store::report) creative: String,
    /// The quarter of an hour.
    pub(in crate::store::report) quarter: i64,
    pub(in crate::store::report) plays: u64,
    pub(in crate::store::report) visible_ms: u64,
}

/// Whether there are any.
pub(in crate::store::report) fn is_any(tx: &Transaction<'_>) -> Result<bool, DatabaseError> {
    tx.exists("SELECT 1 FROM unassigned_plays LIMIT 1", &[])
}

/// Reads those of a filter's screen and campaign, from a quarter of an hour until the one after the
/// last.
pub(in crate::store::report) fn read(
    tx: &Transaction<'_>,
    filter: &Filter,
    (from, until): (i64, i64),
) -> Result<Vec<Unassigned>, DatabaseError> {
    if !is_any(tx)? {
        return Ok(Vec::new());
    }
    let mut values: Vec<Value<'_>> = vec![from.into(), until.into()];
    let mut conditions = String::new();
    if let Some(screen) = filter.screen {
        values.push(screen.get().into());
        conditions += &format!(" AND unassigned.screen = ?{}", values.len());
    }
    if let Some(campaign) = &filter.campaign {
        values.push(campaign.as_str().into());
        conditions += &format!(" AND contents.campaign = ?{}", values.len());
    }
    tx.all(
        format!(
            "SELECT strange.screen, campaign, creative, quarter, plays, visible_ms
             FROM (SELECT unassigned.screen, unassigned.content, contents.campaign, contents.creative
                   FROM unassigned_plays AS unassigned JOIN contents ON contents.id = unassigned.content
                   LEFT JOIN assigned_contents AS assigned
                       ON assigned.screen = unassigned.screen AND assigned.content = unassigned.content
                   WHERE assigned.content IS NULL{conditions}) AS strange
             JOIN play_quarters AS played ON played.screen = strange.screen AND played.content = strange.content
             WHERE quarter >= ?1 AND quarter < ?2"
        )
        .as_str(),
        &values,
        |row: &Row<'_>| {
            Ok::<_, DatabaseError>(Unassigned {
                screen: row.get(0)?,
                campaign: row.get(1)?,
                creative: row.get(2)?,
                quarter: row.get(3)?,
                plays: row.get(4)?,
                visible_ms: row.get(5)?,
            })
        },
    )
}
