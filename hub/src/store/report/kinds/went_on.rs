//! What of a burst went on: chains that began before people were asked to follow, and were passed
//! on after; and people who came by such chains, and follow.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use passerby_protocol::CampaignId;
use serde::Serialize;

use crate::database::{DatabaseError, Transaction, values};
use crate::store::followers::figures;
use crate::store::rollups::QUARTER_MS;

/// Chains of a burst that went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WentOn {
    /// Scans of the burst whose page was passed on, and opened by somebody else, in the fans'
    /// phase.
    pub chains: u64,
    /// Days of the burst on which such scans were made.
    pub days: u64,
    /// Days of the burst on which anybody scanned.
    pub of_days: u64,
    /// People who came to follow, at any time, by a chain that began in the burst.
    pub followed: u64,
    /// Those of them who follow still.
    pub stayed: u64,
}

/// Counts them. `begins_ms`: when the fans' phase begins; `of_days`: days of the burst.
pub(super) fn went_on(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    begins_ms: i64,
    zone: &TimeZone,
    of_days: u64,
) -> Result<WentOn, DatabaseError> {
    let quarters: Vec<(i64, u64)> = tx.all(
        "SELECT scanned_ms / ?3, count(*) FROM chains
         WHERE campaign = ?1 AND counted = TRUE AND scanned_ms < ?2 AND newest_ms >= ?2 GROUP BY 1",
        values![campaign.as_str(), begins_ms, QUARTER_MS],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
    )?;
    let days: BTreeSet<Date> = quarters
        .iter()
        .filter_map(|(quarter, _)| Timestamp::from_millisecond(quarter * QUARTER_MS).ok())
        .map(|at| zone.to_datetime(at).date())
        .collect();
    let (followed, stayed) = figures::stayed(tx, campaign, begins_ms)?;
    Ok(WentOn {
        chains: quarters.iter().map(|(_, chains)| chains).sum(),
        days: days.len() as u64,
        of_days,
        followed,
        stayed,
    })
}
