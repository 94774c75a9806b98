//! How many follow, and who they are for whoever runs the campaign.
//!
//! Invariant: a figure is counted from facts that lead to nobody; addresses are listed for those
//! who run the campaign alone.

use std::collections::BTreeMap;

use passerby_protocol::{CampaignId, ScreenNumber, foreign};
use serde::Serialize;

use crate::database::{DatabaseError, Lock, Transaction, Value, owned_values, values};
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
    /// How often those who follow came back to a screen within it, on phones that know them.
    pub returns: u64,
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

/// What binds a query to one campaign, one screen and a time; without one, to all.
fn within(
    campaign: Option<&CampaignId>,
    screen: Option<ScreenNumber>,
    (from_ms, until_ms): (Option<i64>, Option<i64>),
) -> [Value<'_>; 4] {
    owned_values![
        campaign.map_or("", CampaignId::as_str),
        screen.map_or(0, |screen| i64::from(screen.get())),
        from_ms.unwrap_or(0),
        until_ms.unwrap_or(i64::MAX)
    ]
}

/// Counts within a transaction.
pub(in crate::store) fn counts(
    tx: &Transaction<'_>,
    campaign: Option<&CampaignId>,
    screen: Option<ScreenNumber>,
    time: (Option<i64>, Option<i64>),
) -> Result<FanCounts, DatabaseError> {
    tx.one(
        "SELECT count(*) FILTER (WHERE joined_ms < ?4 AND (gone_ms IS NULL OR gone_ms >= ?4)),
                count(*) FILTER (WHERE joined_ms >= ?3 AND joined_ms < ?4),
                count(*) FILTER (WHERE gone_ms >= ?3 AND gone_ms < ?4),
                (SELECT CAST(coalesce(sum(returns), 0) AS BIGINT) FROM follow_returns
                 WHERE (?1 = '' OR campaign = ?1) AND (?2 = 0 OR screen = ?2) AND at_ms >= ?3 AND at_ms < ?4)
         FROM follow_facts WHERE (?1 = '' OR campaign = ?1) AND (?2 = 0 OR screen = ?2)",
        &within(campaign, screen, time),
        |row| {
            Ok(FanCounts {
                total: row.get(0)?,
                new: row.get(1)?,
                gone: row.get(2)?,
                returns: row.get(3)?,
            })
        },
    )
}

/// Counts those of each campaign, of all times.
pub(in crate::store) fn by_campaign(
    tx: &Transaction<'_>,
) -> Result<BTreeMap<String, FanCounts>, DatabaseError> {
    let mut counts: BTreeMap<String, FanCounts> = BTreeMap::new();
    for row in moves(tx, Of::Campaign, None, None, (None, None))? {
        let name = foreign::escaped(&row.of).into_owned();
        let counts = counts.entry(name).or_default();
        counts.new += row.new;
        counts.gone += row.gone;
        counts.returns += row.returns;
        counts.total = counts.new.saturating_sub(counts.gone);
    }
    Ok(counts)
}

/// What rows of those who came, left and came back are by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Of {
    /// Campaigns.
    Campaign,
    /// Screens.
    Screen,
    /// Hours; their first moments.
    Hour,
}

/// Who came, left and came back, of one campaign, screen or hour. One has up to three rows, each
/// with another of its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Moves {
    /// The name of a campaign; of others nothing.
    pub(in crate::store) of: String,
    /// The number of a screen, or the moment with which an hour begins.
    pub(in crate::store) at: i64,
    /// Who came.
    pub(in crate::store) new: u64,
    /// Who left.
    pub(in crate::store) gone: u64,
    /// How often they came back.
    pub(in crate::store) returns: u64,
}

/// Counts within a transaction who came, left and came back within a time.
pub(in crate::store) fn moves(
    tx: &Transaction<'_>,
    of: Of,
    campaign: Option<&CampaignId>,
    screen: Option<ScreenNumber>,
    time: (Option<i64>, Option<i64>),
) -> Result<Vec<Moves>, DatabaseError> {
    let part = |table: &str, moment: &str, figures: &str| {
        let (name, at) = match of {
            Of::Campaign => ("campaign", "0"),
            Of::Screen => ("''", "screen"),
            Of::Hour => ("''", moment),
        };
        format!(
            "SELECT {name} AS name, CAST({at} AS BIGINT) AS at, {figures} FROM {table}
             WHERE (?1 = '' OR campaign = ?1) AND (?2 = 0 OR screen = ?2) AND {moment} >= ?3 AND {moment} < ?4
             GROUP BY 1, 2"
        )
    };
    let sql = [
        part("follow_facts", "joined_ms", "count(*), 0, 0"),
        part("follow_facts", "gone_ms", "0, count(*), 0"),
        part(
            "follow_returns",
            "at_ms",
            "0, 0, CAST(sum(returns) AS BIGINT)",
        ),
    ]
    .join(" UNION ALL ");
    tx.all(sql.as_str(), &within(campaign, screen, time), |row| {
        Ok::<_, DatabaseError>(Moves {
            of: row.get(0)?,
            at: row.get(1)?,
            new: row.get(2)?,
            gone: row.get(3)?,
            returns: row.get(4)?,
        })
    })
}

/// Counts those who follow a campaign and have come back to a screen.
pub(in crate::store) fn returned(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    now_ms: i64,
) -> Result<u64, DatabaseError> {
    tx.value(
        "SELECT count(*) FROM followers
         WHERE campaign = ?1 AND confirmed_ms IS NOT NULL AND ends_ms > ?2 AND visits > 1",
        values![campaign.as_str(), now_ms],
    )
}

/// Counts who came to follow a campaign by chains that began before a moment, and how many of them
/// follow still: of a combined campaign, how many of its burst's people stayed.
pub(in crate::store) fn stayed(
    tx: &Transaction<'_>,
    campaign: &CampaignId,
    begun_before_ms: i64,
) -> Result<(u64, u64), DatabaseError> {
    // What was kept before scans were noted began no later than its people joined.
    tx.one(
        "SELECT count(*), count(*) FILTER (WHERE gone_ms IS NULL)
         FROM follow_facts WHERE campaign = ?1 AND coalesce(scanned_ms, joined_ms) < ?2",
        values![campaign.as_str(), begun_before_ms],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
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
        time: (Option<i64>, Option<i64>),
    ) -> Result<FanCounts> {
        self.read_once(|tx| Ok(counts(tx, campaign, screen, time)?))
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
