//! Who comes back, as far as that is known without consent: a pseudonym lives for one day, so only
//! somebody who scans twice on one day is known to be the same.

use passerby_protocol::CampaignId;
use serde::Serialize;

use crate::database::{DatabaseError, Transaction, values};
use crate::system::clock;

/// Most scans of the hub that are looked at, the newest.
const SCANS_MAX: i64 = 200_000;

/// People who scanned more than once on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Returning {
    /// How many, each once a day.
    pub people: u64,
    /// Of so many who scanned, each once a day.
    pub of: u64,
    /// Since when they are counted, RFC 3339; `None` without any.
    pub since: Option<String>,
}

/// Counts them among the newest scans.
pub(super) fn returning(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
) -> Result<Returning, DatabaseError> {
    tx.one(
        "SELECT count(*), count(*) FILTER (WHERE scans > 1), min(first_ms)
         FROM (SELECT visitor, count(*) AS scans, min(scanned_ms) AS first_ms FROM counted_scans
               WHERE id > (SELECT coalesce(max(id), 0) FROM scans) - ?1 AND campaign = ?2
               GROUP BY visitor) AS people",
        values![SCANS_MAX, campaign.as_str()],
        |row| {
            Ok(Returning {
                of: row.get(0)?,
                people: row.get(1)?,
                since: row.get::<Option<i64>>(2)?.map(clock::rfc3339),
            })
        },
    )
}
