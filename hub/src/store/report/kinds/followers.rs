//! Who follows a campaign.

use passerby_protocol::CampaignId;
use serde::Serialize;

use crate::database::{DatabaseError, Transaction};
use crate::store::FanCounts;
use crate::store::followers::figures;
use crate::system::clock::DAY_MS;

/// For how long somebody is new.
const NEW_MS: i64 = 30 * DAY_MS;

/// People who follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Followers {
    /// All who follow now.
    pub total: u64,
    /// Those who came within the last thirty days.
    pub new: u64,
    /// Those who left within them.
    pub gone: u64,
    /// Those who follow now and have come back to a screen, on phones that know them.
    pub returned: u64,
}

/// Counts who follows a campaign by mail; `None` where nobody can, and nobody ever did.
///
/// # Errors
/// The database fails.
pub(super) fn followers(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    has_mail: bool,
    now_ms: i64,
) -> Result<Option<Followers>, DatabaseError> {
    let newest = (Some(now_ms - NEW_MS), None);
    let counts = figures::counts(tx, Some(campaign), None, newest)?;
    if !has_mail {
        let ever = figures::counts(tx, Some(campaign), None, (None, None))?;
        if ever == FanCounts::default() {
            return Ok(None);
        }
    }
    Ok(Some(Followers {
        total: counts.total,
        new: counts.new,
        gone: counts.gone,
        returned: figures::returned(tx, campaign, now_ms)?,
    }))
}
