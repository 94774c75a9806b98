//! A code as it is looked up, and what the tables say of it.

use passerby_protocol::{CampaignId, Digest, ScreenNumber};

use crate::store::Result;
use crate::store::key_generation::KeyGeneration;
use crate::store::landed::{Landed, outward};
use crate::store::read_campaigns::ReadCampaigns;

/// What a token says of itself, as far as something is looked up by it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) screen: ScreenNumber,
    /// The low bits of its key's generation.
    pub(super) bits: u8,
    pub(super) assignment: u32,
}

/// What the tables say of a code.
#[derive(Debug, Clone)]
pub struct Code {
    /// The generations of the screen's key that look like the token's, newest first; at most 32.
    pub keys: Vec<KeyGeneration>,
    pub(super) assigned: Option<Assigned>,
}

/// A row of what was assigned, not yet read.
#[derive(Debug, Clone)]
pub(super) struct Assigned {
    pub(super) id: CampaignId,
    pub(super) body: String,
    pub(super) placement: u32,
    pub(super) creative: Digest,
    pub(super) airs: bool,
    pub(super) screen_name: String,
}

impl Code {
    /// Reads what the code stands for; `None` where nothing was ever assigned.
    ///
    /// # Errors
    /// The campaign cannot be read.
    pub(super) fn landed(self, read_campaigns: &ReadCampaigns) -> Result<Option<Landed>> {
        let read = |assigned: Assigned| {
            let Assigned {
                id,
                body,
                placement,
                creative,
                airs,
                screen_name,
            } = assigned;
            let campaign = read_campaigns.read(&body)?;
            Ok(Landed {
                target: outward(&campaign, &id, placement, &screen_name),
                campaign,
                id,
                placement,
                creative,
                airs,
            })
        };
        self.assigned.map(read).transpose()
    }
}
