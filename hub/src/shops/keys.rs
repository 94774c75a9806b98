//! Makes keys for shops.

use passerby_protocol::CampaignId;

use crate::Hub;
use crate::people::{Actor, Secret};
use crate::store::ConversionKeyError;

/// For what the secrets of links are sealed.
pub(super) const LINK_PURPOSE: &str = "links of shops";

/// A key that was made, as it is shown once.
#[derive(Debug)]
pub struct NewKey {
    /// Its number.
    pub key: i64,
    /// What a shop's program sends.
    pub bearer: Secret,
    /// What signs a shop's links.
    pub link_secret: Secret,
}

/// Makes a key of a campaign.
///
/// # Errors
/// See [`ConversionKeyError`].
pub fn add_key(
    hub: &Hub,
    actor: &Actor,
    campaign: &CampaignId,
    name: &str,
    now_ms: i64,
) -> Result<NewKey, ConversionKeyError> {
    let (bearer, link_secret) = (Secret::new(), Secret::new());
    let sealed = hub
        .keys()
        .seal_for(LINK_PURPOSE, link_secret.as_str().as_bytes());
    let secrets = (&bearer.sha256(), sealed.as_slice());
    let key = hub
        .store
        .add_conversion_key(actor, campaign, name, secrets, now_ms)?;
    Ok(NewKey {
        key,
        bearer,
        link_secret,
    })
}
