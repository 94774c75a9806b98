//! Campaigns as those see them who run them, and the groups that they are in.
//!
//! Invariant: nobody finds or changes a campaign outside the groups that they have to do with.

use passerby_protocol::{Campaign, CampaignId, ScreenNumber, foreign};

use crate::database::{DatabaseError, Id, Lock, Row, Transaction, Value, values};
use crate::people::{Actor, Scope};
use crate::store::audit::Verb;
use crate::store::screen_list::Conditions;
use crate::store::search::pattern;
use crate::store::{Result, Store, StoreError, audit};

/// A campaign in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignRow {
    /// The name of its folder.
    pub id: CampaignId,
    /// What it says.
    pub campaign: Campaign,
    /// Its group; empty for none.
    pub group: String,
    /// Whether it is on the screens.
    pub is_live: bool,
    /// Whether it is for all screens, also later ones.
    pub is_everywhere: bool,
    /// When it was last sent out.
    pub published_ms: i64,
}

/// One campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignFacts {
    /// As lists have it.
    pub row: CampaignRow,
    /// The SHA-256 of the creative of each placement, and whether there is a small picture of it.
    pub creatives: Vec<(String, bool)>,
    /// On how many screens it is.
    pub screens: u64,
    /// Whether its folder is kept, to be worked on: a draft of it, or a version.
    pub has_folder: bool,
    /// The first ones of them, where it is not for all.
    pub first_screens: Vec<(ScreenNumber, String)>,
}

/// How many screens one campaign lists.
const SCREENS_LISTED: usize = 20;
/// How many campaigns are looked at for one whose codes lead somewhere.
const TARGETS_LOOKED_AT: usize = 10;
const COLUMNS: &str = "id, body, coalesce(group_name, ''), live, everywhere, published_ms";
const FROM: &str = "FROM campaigns LEFT JOIN campaign_groups ON campaign_groups.campaign = id";

fn row_of(row: &Row<'_>) -> Result<CampaignRow> {
    let mut campaign: Campaign = serde_json::from_str(&row.get::<String>(1)?)?;
    campaign.title = foreign::escaped(&campaign.title).into_owned();
    Ok(CampaignRow {
        id: row.get::<Id<CampaignId>>(0)?.0,
        campaign,
        group: row.get(2)?,
        is_live: row.get(3)?,
        is_everywhere: row.get(4)?,
        published_ms: row.get(5)?,
    })
}

fn one(tx: &Transaction<'_>, id: &CampaignId, scope: &Scope) -> Result<Option<CampaignRow>> {
    let found = tx.optional(
        &format!("SELECT {COLUMNS} {FROM} WHERE id = ?1"),
        values![id.as_str()],
        row_of,
    )?;
    Ok(found.filter(|row| scope.has_campaigns_of(&row.group)))
}

/// Refuses somebody who has nothing to do with a campaign.
pub(super) fn refuse_others(tx: &Transaction<'_>, actor: &Actor, id: &str) -> Result<()> {
    if actor.scope().campaigns.is_none() {
        return Ok(());
    }
    let group: Option<String> = tx.optional(
        "SELECT group_name FROM campaign_groups WHERE campaign = ?1",
        values![id],
        |row| row.get(0),
    )?;
    if actor
        .scope()
        .has_campaigns_of(group.as_deref().unwrap_or_default())
    {
        Ok(())
    } else {
        Err(StoreError::OutOfScope)
    }
}

/// Tells whether a campaign that is only theirs by its screens airs on those of others as well.
pub(super) fn airs_elsewhere(
    tx: &Transaction<'_>,
    actor: &Actor,
    id: &str,
) -> Result<bool, DatabaseError> {
    let scope = actor.scope();
    // A campaign of a group of theirs was made theirs by an owner, wherever it airs.
    if scope.screens.is_none() || scope.campaigns.is_some() {
        return Ok(false);
    }
    let is_everywhere = tx.optional(
        "SELECT everywhere FROM campaigns WHERE id = ?1 AND live",
        values![id],
        |row| row.get(0),
    )?;
    let groups: Vec<String> = match is_everywhere {
        None => return Ok(false),
        // New screens are in no group.
        Some(true) => return Ok(true),
        Some(false) => tx.all(
            "SELECT coalesce(group_name, '') FROM campaign_screens AS chosen
             JOIN screens ON number = chosen.screen AND revoked_ms IS NULL
             LEFT JOIN screen_groups ON screen_groups.screen = chosen.screen WHERE campaign = ?1",
            values![id],
            |row| row.get(0),
        )?,
    };
    Ok(groups.iter().any(|group| !scope.has_screens_of(group)))
}

impl Store {
    /// Returns campaigns by the names of their folders, at most so many, behind one of them.
    ///
    /// # Errors
    /// The database fails.
    pub fn campaign_list(
        &self,
        (text, group): (&str, Option<&str>),
        after: &str,
        scope: &Scope,
        count: usize,
    ) -> Result<Vec<CampaignRow>> {
        let mut asked = Conditions {
            sql: "id > ?1".to_owned(),
            values: vec![Value::from(after)],
        };
        if !text.trim().is_empty() {
            let place = asked.value(pattern(text));
            // The title is a part of the body; what else there is in it is found as well.
            asked.sql += &format!(
                " AND (lower(id) LIKE {place} ESCAPE '!' OR lower(body) LIKE {place} ESCAPE '!')"
            );
        }
        if let Some(group) = group {
            let place = asked.value(group);
            asked.sql += &format!(" AND coalesce(group_name, '') = {place}");
        }
        asked.among("group_name", scope.campaigns.as_ref());
        let count = asked.value(count);
        self.read_once(|tx| {
            tx.all(
                &format!(
                    "SELECT {COLUMNS} {FROM} WHERE {} ORDER BY id LIMIT {count}",
                    asked.sql
                ),
                &asked.values,
                row_of,
            )
        })
    }

    /// Counts the campaigns of a scope that are on screens, and all of them.
    ///
    /// # Errors
    /// The database fails.
    pub fn campaign_counts(&self, scope: &Scope) -> Result<(u64, u64)> {
        let mut asked = Conditions {
            sql: "TRUE".to_owned(),
            values: Vec::new(),
        };
        asked.among("group_name", scope.campaigns.as_ref());
        self.read_once(|tx| {
            Ok(tx.one(
                &format!(
                    "SELECT count(*) FILTER (WHERE live), count(*) {FROM} WHERE {}",
                    asked.sql
                ),
                &asked.values,
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?)
        })
    }

    /// Returns the folders and titles of the campaigns of a scope, the first so many.
    ///
    /// # Errors
    /// The database fails.
    pub fn campaign_groups(&self, scope: &Scope) -> Result<Vec<String>> {
        let mut asked = Conditions {
            sql: "TRUE".to_owned(),
            values: Vec::new(),
        };
        asked.among("group_name", scope.campaigns.as_ref());
        self.read_once(|tx| {
            Ok(tx.all(
                &format!(
                    "SELECT DISTINCT group_name FROM campaign_groups WHERE {} ORDER BY group_name",
                    asked.sql
                ),
                &asked.values,
                |row| row.get::<String>(0),
            )?)
        })
    }

    /// Returns where the codes of the campaign lead that people of a scope published last.
    ///
    /// # Errors
    /// The database fails.
    pub fn last_target(&self, scope: &Scope) -> Result<Option<String>> {
        let mut asked = Conditions {
            // What sources bring has no version, and leads wherever each item does.
            sql: "EXISTS (SELECT 1 FROM campaign_versions AS made WHERE made.campaign = id)"
                .to_owned(),
            values: Vec::new(),
        };
        asked.among("group_name", scope.campaigns.as_ref());
        let count = asked.value(TARGETS_LOOKED_AT);
        let found = self.read_once(|tx| {
            tx.all(
                &format!(
                    "SELECT {COLUMNS} {FROM} WHERE {} ORDER BY published_ms DESC, id LIMIT {count}",
                    asked.sql
                ),
                &asked.values,
                row_of,
            )
        })?;
        Ok(found.into_iter().find_map(|row| row.campaign.target))
    }

    /// Returns what is known of a campaign, if it is in the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn campaign_facts(&self, id: &CampaignId, scope: &Scope) -> Result<Option<CampaignFacts>> {
        self.read(|tx| {
            let Some(row) = one(tx, id, scope)? else {
                return Ok(None);
            };
            let creatives = tx.all(
                "SELECT creative, thumbnail_width > 0 FROM campaign_items JOIN creatives ON sha256 = creative
                 WHERE campaign = ?1 ORDER BY placement",
                values![id.as_str()],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?;
            let screens = tx.value(
                "SELECT count(*) FROM airing JOIN screens ON number = airing.screen WHERE campaign = ?1 AND revoked_ms IS NULL",
                values![id.as_str()],
            )?;
            let first_screens = tx.all(
                "SELECT number, name FROM campaign_screens JOIN screens ON number = screen
                 WHERE campaign = ?1 ORDER BY number LIMIT ?2",
                values![id.as_str(), SCREENS_LISTED],
                |row| {
                    let name = foreign::escaped(&row.get::<String>(1)?).into_owned();
                    Ok::<_, DatabaseError>((row.get::<Id<ScreenNumber>>(0)?.0, name))
                },
            )?;
            let has_folder = tx.exists(
                "SELECT 1 FROM drafts WHERE campaign = ?1 UNION ALL SELECT 1 FROM campaign_versions WHERE campaign = ?1",
                values![id.as_str()],
            )?;
            Ok(Some(CampaignFacts {
                row,
                has_folder,
                creatives,
                screens,
                first_screens,
            }))
        })
    }

    /// Puts a campaign into a group, or into none.
    ///
    /// # Errors
    /// There is no such campaign, or the asker has nothing to do with it or with the new group.
    pub fn group_campaign(
        &self,
        actor: &Actor,
        id: &CampaignId,
        group: Option<&str>,
        now_ms: i64,
    ) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            let row = one(tx, id, actor.scope())?.ok_or(StoreError::OutOfScope)?;
            if row.group == group.unwrap_or_default() {
                return Ok(());
            }
            if !actor.scope().has_campaigns_of(group.unwrap_or_default()) {
                return Err(StoreError::OutOfScope);
            }
            match group {
                Some(group) => tx.execute(
                    "INSERT INTO campaign_groups (campaign, group_name) VALUES (?1, ?2)
                     ON CONFLICT (campaign) DO UPDATE SET group_name = excluded.group_name",
                    values![id.as_str(), group],
                )?,
                None => tx.execute(
                    "DELETE FROM campaign_groups WHERE campaign = ?1",
                    values![id.as_str()],
                )?,
            };
            let what = (id.as_str(), group.unwrap_or("–"));
            audit::note(tx, actor, Verb::GroupedCampaign, what, now_ms)?;
            Ok(())
        })
    }
}
