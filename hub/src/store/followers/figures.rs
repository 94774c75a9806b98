//! How many follow, and who they are for whoever runs the campaign.
//!
//! Invariant: a figure is counted from facts that lead to nobody; addresses are listed for those
//! who run the campaign alone.

use std::collections::BTreeMap;

use passerby_protocol::{CampaignId, ScreenNumber, foreign};
use serde::Serialize;

use crate::database::{DatabaseError, Lock, Row, Transaction, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::campaign_list::refuse_others;
use crate::store::followers::{COLUMNS, Follower, follower_of};
use crate::store::{Result, Store, StoreError, audit};
use crate::system::clock::DAY_MS;

/// Whoever was not here for so long sleeps.
const SLEEPING_MS: i64 = 90 * DAY_MS;

/// How many follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FanCounts {
    /// At the end of the time.
    pub total: u64,
    /// Who began within it.
    pub new: u64,
    /// Who left within it.
    pub gone: u64,
}

/// Those who follow one campaign now, by how they come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FanGroups {
    /// Here once, within 90 days.
    pub new: u64,
    /// Here more than once, last within 90 days.
    pub returning: u64,
    /// Not here for 90 days.
    pub sleeping: u64,
    /// With a phone on which they are remembered; they are among the others too.
    pub remembered: u64,
    /// Asked to confirm, and not among the others.
    pub unconfirmed: u64,
    /// Codes that were used.
    pub redeemed: u64,
}

/// Counts within a transaction.
pub(in crate::store) fn counts(
    tx: &Transaction<'_>,
    campaign: Option<&CampaignId>,
    screen: Option<ScreenNumber>,
    (from_ms, until_ms): (Option<i64>, Option<i64>),
) -> Result<FanCounts, DatabaseError> {
    tx.one(
        "SELECT count(*) FILTER (WHERE joined_ms < ?4 AND (gone_ms IS NULL OR gone_ms >= ?4)),
                count(*) FILTER (WHERE joined_ms >= ?3 AND joined_ms < ?4),
                count(*) FILTER (WHERE gone_ms >= ?3 AND gone_ms < ?4)
         FROM follow_facts WHERE (?1 = '' OR campaign = ?1) AND (?2 = 0 OR screen = ?2)",
        values![
            campaign.map_or("", CampaignId::as_str),
            screen.map_or(0, |screen| i64::from(screen.get())),
            from_ms.unwrap_or(0),
            until_ms.unwrap_or(i64::MAX)
        ],
        |row| counts_of(row, 0),
    )
}

/// Counts those of each campaign, of all times.
pub(in crate::store) fn by_campaign(
    tx: &Transaction<'_>,
) -> Result<BTreeMap<String, FanCounts>, DatabaseError> {
    let rows: Vec<(String, FanCounts)> = tx.all(
        "SELECT campaign, count(*) FILTER (WHERE gone_ms IS NULL), count(*), count(*) FILTER (WHERE gone_ms IS NOT NULL)
         FROM follow_facts GROUP BY campaign",
        values![],
        |row| Ok::<_, DatabaseError>((row.get(0)?, counts_of(row, 1)?)),
    )?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(campaign, counts)| (foreign::escaped(&campaign).into_owned(), counts))
        .collect())
}

fn counts_of(row: &Row<'_>, at: usize) -> Result<FanCounts, DatabaseError> {
    Ok(FanCounts {
        total: row.get(at)?,
        new: row.get(at + 1)?,
        gone: row.get(at + 2)?,
    })
}

impl Store {
    /// Counts who follows, of one campaign or of all, from one screen or from all, within a time.
    ///
    /// # Errors
    /// The database fails.
    pub fn fan_counts(
        &self,
        campaign: Option<&CampaignId>,
        screen: Option<ScreenNumber>,
        (from_ms, until_ms): (Option<i64>, Option<i64>),
    ) -> Result<FanCounts> {
        self.read_once(|tx| Ok(counts(tx, campaign, screen, (from_ms, until_ms))?))
    }

    /// Counts who began to follow a campaign within a time, and how many of them still followed at
    /// a later moment: of a combined campaign, how many of its burst stayed for its fans' phase.
    ///
    /// # Errors
    /// The database fails.
    pub fn stayed(
        &self,
        campaign: &CampaignId,
        (from_ms, until_ms): (i64, i64),
        at_ms: i64,
    ) -> Result<(u64, u64)> {
        self.read_once(|tx| {
            Ok(tx.one(
                "SELECT count(*), count(*) FILTER (WHERE gone_ms IS NULL OR gone_ms > ?4)
                 FROM follow_facts WHERE campaign = ?1 AND joined_ms >= ?2 AND joined_ms < ?3",
                values![campaign.as_str(), from_ms, until_ms, at_ms],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?)
        })
    }

    /// Counts those who follow a campaign now by how they come.
    ///
    /// # Errors
    /// The database fails.
    pub fn fan_groups(&self, campaign: &CampaignId, now_ms: i64) -> Result<FanGroups> {
        self.read(|tx| {
            let mut groups: FanGroups = tx.one(
                "SELECT count(*) FILTER (WHERE confirmed_ms IS NOT NULL AND visit_ms > ?2 AND visits = 1),
                        count(*) FILTER (WHERE confirmed_ms IS NOT NULL AND visit_ms > ?2 AND visits > 1),
                        count(*) FILTER (WHERE confirmed_ms IS NOT NULL AND visit_ms <= ?2),
                        count(*) FILTER (WHERE confirmed_ms IS NOT NULL AND phone_ends_ms > ?3),
                        count(*) FILTER (WHERE confirmed_ms IS NULL)
                 FROM followers WHERE campaign = ?1 AND ends_ms > ?3",
                values![campaign.as_str(), now_ms - SLEEPING_MS, now_ms],
                |row| {
                    Ok::<_, StoreError>(FanGroups {
                        new: row.get(0)?,
                        returning: row.get(1)?,
                        sleeping: row.get(2)?,
                        remembered: row.get(3)?,
                        unconfirmed: row.get(4)?,
                        redeemed: 0,
                    })
                },
            )?;
            groups.redeemed = tx.value(
                "SELECT count(*) FROM fan_offers WHERE campaign = ?1 AND redeemed_ms IS NOT NULL",
                values![campaign.as_str()],
            )?;
            Ok(groups)
        })
    }

    /// Lists those who follow a campaign behind one of them, by their numbers.
    ///
    /// # Errors
    /// The asker has nothing to do with the campaign, or the database fails.
    pub fn follower_list(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        after: i64,
        count: usize,
        now_ms: i64,
    ) -> Result<Vec<Follower>> {
        self.read(|tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            Ok(tx.all(
                &format!(
                    "SELECT {COLUMNS} FROM followers
                     WHERE campaign = ?1 AND id > ?2 AND confirmed_ms IS NOT NULL AND ends_ms > ?3 ORDER BY id LIMIT ?4"
                ),
                values![campaign.as_str(), after, now_ms, count],
                follower_of,
            )?)
        })
    }

    /// Notes that somebody took the addresses of a campaign out.
    ///
    /// # Errors
    /// The asker has nothing to do with the campaign, or the database fails.
    pub fn note_export(&self, actor: &Actor, campaign: &CampaignId, now_ms: i64) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            refuse_others(tx, actor, campaign.as_str())?;
            let subject = format!("campaign {campaign}");
            audit::note(tx, actor, Verb::ExportedFollowers, (&subject, ""), now_ms)?;
            Ok(())
        })
    }
}
