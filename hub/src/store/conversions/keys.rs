//! The keys of shops: made, listed, revoked, found by what a shop sends.

use passerby_protocol::CampaignId;
use serde::Serialize;

use crate::database::{DatabaseError, Id, Lock, values};
use crate::people::{Actor, Scope};
use crate::store::audit::Verb;
use crate::store::campaign_list::refuse_others;
use crate::store::{Result, Store, StoreError, audit};
use crate::system::clock::HOUR_MS;

/// Most keys of one campaign that work at one time.
pub const KEYS_OF_CAMPAIGN_MAX: usize = 16;
/// Most keys of one campaign that are kept, with those that are revoked.
const KEPT_MAX: usize = 200;

/// A key in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConversionKeyLine {
    /// Its number.
    pub key: i64,
    /// What people call it.
    pub name: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_ms: i64,
    /// When it was last used, to the hour.
    pub used_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
}

/// Whose a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// The key's number.
    pub key: i64,
    /// The campaign.
    pub campaign: CampaignId,
}

/// Says why there is no new key.
#[derive(Debug, thiserror::Error)]
pub enum ConversionKeyError {
    /// There are too many.
    #[error(
        "a campaign has at most {KEYS_OF_CAMPAIGN_MAX} keys at one time and {KEPT_MAX} in all; revoke one"
    )]
    TooMany,
    /// Another one has this name.
    #[error("another key of this campaign has this name")]
    NameTaken,
    /// The database failed, or it is none of the asker's campaigns.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for ConversionKeyError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Adds a key of a campaign; `sealed_secret` is what signs links. Returns its number.
    ///
    /// # Errors
    /// See [`ConversionKeyError`].
    pub fn add_conversion_key(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        name: &str,
        (key_sha256, sealed_secret): (&[u8; 32], &[u8]),
        now_ms: i64,
    ) -> Result<i64, ConversionKeyError> {
        self.write(Lock::Everything, |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let known = "SELECT 1 FROM campaigns WHERE id = ?1";
            if !tx.exists(known, values![campaign.as_str()])? {
                return Err(StoreError::OutOfScope.into());
            }
            let (kept, working): (usize, usize) = tx.one(
                "SELECT count(*), count(*) FILTER (WHERE revoked_ms IS NULL) FROM conversion_keys WHERE campaign = ?1",
                values![campaign.as_str()],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?;
            if working >= KEYS_OF_CAMPAIGN_MAX || kept >= KEPT_MAX {
                return Err(ConversionKeyError::TooMany);
            }
            if tx.exists(
                "SELECT 1 FROM conversion_keys WHERE campaign = ?1 AND name = ?2 AND revoked_ms IS NULL",
                values![campaign.as_str(), name],
            )? {
                return Err(ConversionKeyError::NameTaken);
            }
            let id = tx.value(
                "INSERT INTO conversion_keys (campaign, name, key_sha256, sealed_secret, made_by, made_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                values![
                    campaign.as_str(),
                    name,
                    key_sha256,
                    sealed_secret,
                    actor.named(),
                    now_ms
                ],
            )?;
            let subject = format!("campaign {campaign}");
            audit::note(
                tx,
                actor,
                Verb::AddedConversionKey,
                (&subject, name),
                now_ms,
            )?;
            Ok(id)
        })
    }

    /// Lists the keys of a campaign, the newest first; `None` for one that is none of a scope's.
    ///
    /// # Errors
    /// The database fails.
    pub fn conversion_keys(
        &self,
        campaign: &CampaignId,
        scope: &Scope,
    ) -> Result<Option<Vec<ConversionKeyLine>>> {
        if self.campaign_facts(campaign, scope)?.is_none() {
            return Ok(None);
        }
        self.read_once(|tx| {
            let lines = tx.all(
                "SELECT id, name, made_by, made_ms, used_ms, revoked_ms FROM conversion_keys
                 WHERE campaign = ?1 ORDER BY revoked_ms IS NOT NULL, id DESC",
                values![campaign.as_str()],
                |row| {
                    Ok::<_, DatabaseError>(ConversionKeyLine {
                        key: row.get(0)?,
                        name: row.get(1)?,
                        made_by: row.get(2)?,
                        made_ms: row.get(3)?,
                        used_ms: row.get(4)?,
                        revoked_ms: row.get(5)?,
                    })
                },
            )?;
            Ok(Some(lines))
        })
    }

    /// Revokes a key: neither calls nor links of it count from now on. Once more changes nothing.
    ///
    /// # Errors
    /// There is no such key of this campaign, it is none of the actor's, or the database fails.
    pub fn revoke_conversion_key(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        key: i64,
        now_ms: i64,
    ) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let of_key: &[crate::database::Value<'_>] = values![key, campaign.as_str()];
            let name: Option<String> = tx.optional(
                "SELECT name FROM conversion_keys WHERE id = ?1 AND campaign = ?2",
                of_key,
                |row| row.get(0),
            )?;
            let name = name.ok_or(StoreError::OutOfScope)?;
            let ended = tx.execute(
                "UPDATE conversion_keys SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL",
                values![key, now_ms],
            )?;
            if ended > 0 {
                let subject = format!("campaign {campaign}");
                let said = (subject.as_str(), name.as_str());
                audit::note(tx, actor, Verb::RevokedConversionKey, said, now_ms)?;
            }
            Ok(())
        })
    }

    /// Finds whose a key is that works, by its SHA-256, and notes that it was used.
    ///
    /// # Errors
    /// The database fails.
    pub fn conversion_key_holder(
        &self,
        key_sha256: &[u8; 32],
        now_ms: i64,
    ) -> Result<Option<KeyHolder>> {
        let found = self.read_once(|tx| {
            tx.optional(
                "SELECT id, campaign, used_ms FROM conversion_keys WHERE key_sha256 = ?1 AND revoked_ms IS NULL",
                values![key_sha256],
                |row| {
                    let holder = KeyHolder {
                        key: row.get(0)?,
                        campaign: row.get::<Id<_>>(1)?.0,
                    };
                    Ok::<_, StoreError>((holder, row.get::<Option<i64>>(2)?))
                },
            )
        })?;
        let Some((holder, used_ms)) = found else {
            return Ok(None);
        };
        let hour_ms = now_ms.div_euclid(HOUR_MS) * HOUR_MS;
        if used_ms.is_none_or(|used_ms| used_ms < hour_ms) {
            self.write(Lock::Screens(&[]), |tx| {
                tx.execute(
                    "UPDATE conversion_keys SET used_ms = ?2 WHERE id = ?1",
                    values![holder.key, hour_ms],
                )
            })?;
        }
        Ok(Some(holder))
    }

    /// Returns what signs links of a campaign, sealed, of each of its keys that works.
    ///
    /// # Errors
    /// The database fails.
    pub fn sealed_link_secrets(&self, campaign: &CampaignId) -> Result<Vec<Vec<u8>>> {
        self.read_once(|tx| {
            Ok(tx.all(
                "SELECT sealed_secret FROM conversion_keys WHERE campaign = ?1 AND revoked_ms IS NULL LIMIT ?2",
                values![campaign.as_str(), KEYS_OF_CAMPAIGN_MAX],
                |row| row.get(0),
            )?)
        })
    }
}
