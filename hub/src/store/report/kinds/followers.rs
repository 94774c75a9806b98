//! Who follows a campaign.

use passerby_protocol::CampaignId;
use serde::Serialize;

use crate::database::{DatabaseError, Transaction};

/// People who follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Followers {
    /// All who follow now.
    pub total: u64,
    /// Those who came within the last thirty days.
    pub new: u64,
    /// Those who left.
    pub gone: u64,
}

/// Counts who follows a campaign. The table of those who agreed is there and is not asked here yet:
/// `None`, which these reports show as a dash; `fans` of the report has the numbers.
///
/// # Errors
/// The database fails.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the table of followers is asked here once there is one"
)]
pub(super) fn followers(
    _tx: &Transaction<'_>,
    _campaign: &CampaignId,
) -> Result<Option<Followers>, DatabaseError> {
    Ok(None)
}
