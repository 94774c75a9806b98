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

/// Counts who follows a campaign, from the table of those who agreed to. This hub keeps none yet,
/// so nobody can say: `None`, which reports show as a dash with that reason.
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
