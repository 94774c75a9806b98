//! What the code that was opened stands for.

use std::borrow::Cow;
use std::sync::Arc;

use passerby_protocol::campaign::{CreativeKind, Origin};
use passerby_protocol::{Campaign, CampaignId, Digest};

/// How long a film that names no time may stay on the screen, in milliseconds.
const FILM_MS: i64 = 600_000;
/// The same of anything else.
const STILL_MS: i64 = 60_000;

/// What a token's assignment stands for, with the campaign as it is published now.
#[derive(Debug, Clone)]
pub struct Landed {
    /// The campaign.
    pub id: CampaignId,
    /// As it is now.
    pub campaign: Arc<Campaign>,
    /// Where it leads whoever comes from this placement on this screen.
    pub target: Option<String>,
    /// The placement's place in the campaign when it was published.
    pub placement: u32,
    /// What was on the screen.
    pub creative: Digest,
    /// Whether the campaign is on the air anywhere.
    pub airs: bool,
}

impl Landed {
    /// Returns how long the placement stays on the screen, in milliseconds; a generous guess where
    /// only the terminal knows.
    pub(super) fn dwell_ms(&self) -> i64 {
        let placement = usize::try_from(self.placement)
            .ok()
            .and_then(|at| self.campaign.placements.get(at));
        placement.map_or(FILM_MS, |placement| match placement.seconds {
            Some(seconds) => i64::from(seconds) * 1_000,
            None if CreativeKind::of_name(&placement.creative) == Some(CreativeKind::Video) => {
                FILM_MS
            }
            None => STILL_MS,
        })
    }
}

/// Returns where a campaign leads somebody who comes from one of its placements on a screen: its
/// target says so where the campaign wants that.
pub(super) fn outward(
    campaign: &Campaign,
    id: &CampaignId,
    placement: u32,
    screen: &str,
) -> Option<String> {
    // A placement that was taken out since has no name any more.
    let creative = usize::try_from(placement)
        .ok()
        .and_then(|at| campaign.placements.get(at))
        .map_or("", |placement| &placement.creative);
    campaign
        .outward(&Origin {
            screen,
            campaign: id.as_str(),
            creative,
        })
        .map(Cow::into_owned)
}
