//! A placement as it is published, for whoever wants to see it as screens do.

use passerby_protocol::{Campaign, CampaignId, Digest};

use crate::database::{DatabaseError, Id, values};
use crate::people::Scope;
use crate::publish::preview::{Subject, SubjectPart};
use crate::store::{Result, Store, StoreError};

/// A placement and its files.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedPlacement {
    /// The campaign and its files, by their digests.
    pub subject: Subject,
    /// The digests and sizes of the files: the creative's first, then those that it refers to.
    pub sizes: Vec<(Digest, u64)>,
}

impl Store {
    /// Returns one placement of a campaign, counted from 0, if the campaign is in the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn published_placement(
        &self,
        id: &CampaignId,
        placement: usize,
        scope: &Scope,
    ) -> Result<Option<PublishedPlacement>> {
        self.read(|tx| {
            let campaign: Option<(Campaign, String)> = tx.optional(
                "SELECT body, coalesce(group_name, '') FROM campaigns LEFT JOIN campaign_groups ON campaign_groups.campaign = id
                 WHERE id = ?1",
                values![id.as_str()],
                |row| {
                    let campaign = serde_json::from_str(&row.get::<String>(0)?)?;
                    Ok::<_, StoreError>((campaign, row.get(1)?))
                },
            )?;
            let Some((campaign, _)) = campaign.filter(|(_, group)| scope.has_campaigns_of(group))
            else {
                return Ok(None);
            };
            let creative: Option<(Digest, u64)> = tx.optional(
                "SELECT creative, size FROM campaign_items JOIN creatives ON sha256 = creative
                 WHERE campaign = ?1 AND placement = ?2",
                values![id.as_str(), placement],
                |row| Ok::<_, DatabaseError>((row.get::<Id<Digest>>(0)?.0, row.get(1)?)),
            )?;
            let Some((digest, size)) = creative else {
                return Ok(None);
            };
            let parts: Vec<(String, Digest, u64)> = tx.all(
                "SELECT name, part, size FROM campaign_parts JOIN creatives ON sha256 = part
                 WHERE campaign = ?1 AND placement = ?2 ORDER BY name",
                values![id.as_str(), placement],
                |row| {
                    let digest = row.get::<Id<Digest>>(1)?.0;
                    Ok::<_, DatabaseError>((row.get(0)?, digest, row.get(2)?))
                },
            )?;
            let files = parts.iter().map(|(_, digest, size)| (*digest, *size));
            let sizes = std::iter::once((digest, size)).chain(files).collect();
            let parts = parts.into_iter().map(|(name, digest, _)| SubjectPart {
                name,
                file: digest.to_string().into(),
                digest,
            });
            Ok(Some(PublishedPlacement {
                subject: Subject {
                    id: id.clone(),
                    campaign,
                    placement,
                    file: digest.to_string().into(),
                    digest,
                    parts: parts.collect(),
                },
                sizes,
            }))
        })
    }
}
