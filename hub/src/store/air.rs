//! What is published for screens, read for those who want to know when it airs.
//!
//! Invariant: nobody reads of a screen outside the groups that they have to do with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use passerby_protocol::{Campaign, CampaignId, ScreenNumber};

use crate::database::{DatabaseError, Id, Transaction, Value, values};
use crate::people::Scope;
use crate::store::screen_list::{self, ScreenRow};
use crate::store::{Result, ScreenFilter, Store};

/// Most campaigns of one screen that are read.
const CAMPAIGNS_READ: usize = 1_000;
/// Most screens of one campaign that are asked for what covers them.
const COVERED_LISTED: usize = 20;

/// A campaign as it is published.
#[derive(Debug, Clone)]
pub struct PublishedCampaign {
    /// The name of its folder.
    pub id: CampaignId,
    /// What it says.
    pub campaign: Arc<Campaign>,
}

/// An emergency message that covers a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenNotice {
    /// One sentence.
    pub headline: String,
    /// Since when, as Unix time in milliseconds.
    pub begun_ms: i64,
}

/// What is published for one screen.
#[derive(Debug, Clone)]
pub struct AirOfScreen {
    /// As lists have it.
    pub row: ScreenRow,
    /// Campaigns, by folder.
    pub campaigns: Vec<PublishedCampaign>,
    /// What covers it now.
    pub notice: Option<ScreenNotice>,
}

fn notice(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
) -> Result<Option<ScreenNotice>, DatabaseError> {
    tx.optional(
        "SELECT headline, begun_ms FROM screen_notices JOIN emergencies ON id = emergency WHERE screen = ?1",
        values![screen.get()],
        |row| {
            Ok::<_, DatabaseError>(ScreenNotice {
                headline: row.get(0)?,
                begun_ms: row.get(1)?,
            })
        },
    )
}

impl Store {
    /// Returns what is published for a screen, if it is in the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn air_of_screen(
        &self,
        screen: ScreenNumber,
        scope: &Scope,
        now_ms: i64,
    ) -> Result<Option<AirOfScreen>> {
        self.read(|tx| {
            let Some(row) = screen_list::one(tx, screen, scope, now_ms)? else {
                return Ok(None);
            };
            Ok(self.air_of(tx, vec![row])?.pop())
        })
    }

    /// Returns the same for screens by number, at most so many.
    ///
    /// # Errors
    /// The database fails.
    pub fn air_of_screens(
        &self,
        filter: &ScreenFilter,
        scope: &Scope,
        count: usize,
        now_ms: i64,
    ) -> Result<Vec<AirOfScreen>> {
        let rows = self.screen_list(filter, scope, count, now_ms)?;
        self.read(|tx| self.air_of(tx, rows.clone()))
    }

    /// Reads each campaign once, on however many of the screens it is.
    fn air_of(&self, tx: &Transaction<'_>, rows: Vec<ScreenRow>) -> Result<Vec<AirOfScreen>> {
        let sets: Vec<_> = rows
            .iter()
            .map(|row| [Value::from(row.screen.get()), Value::from(CAMPAIGNS_READ)])
            .collect();
        let of_screens = tx.all_each(
            "SELECT campaign FROM airing WHERE screen = ?1 ORDER BY campaign LIMIT ?2",
            &sets,
            |row| Ok::<_, DatabaseError>(row.get::<Id<CampaignId>>(0)?.0),
        )?;
        let named: BTreeSet<&CampaignId> = of_screens.iter().flatten().collect();
        let named: Vec<&CampaignId> = named.into_iter().collect();
        let sets: Vec<_> = named.iter().map(|id| [Value::from(id.as_str())]).collect();
        let bodies = tx.all_each("SELECT body FROM campaigns WHERE id = ?1", &sets, |row| {
            row.get::<String>(0)
        })?;
        let mut read = BTreeMap::new();
        for (id, body) in named.into_iter().zip(bodies.into_iter().flatten()) {
            read.insert(id.clone(), self.read_campaigns.read(&body)?);
        }
        rows.into_iter()
            .zip(of_screens)
            .map(|(row, ids)| {
                let campaigns = ids.into_iter().filter_map(|id| {
                    let campaign = Arc::clone(read.get(&id)?);
                    Some(PublishedCampaign { id, campaign })
                });
                Ok(AirOfScreen {
                    notice: notice(tx, row.screen)?,
                    campaigns: campaigns.collect(),
                    row,
                })
            })
            .collect()
    }

    /// Returns the emergency messages that cover screens on which a campaign airs, each with on how
    /// many of them.
    ///
    /// # Errors
    /// The database fails.
    pub fn notices_over(&self, campaign: &CampaignId) -> Result<Vec<(ScreenNotice, u64)>> {
        self.read_once(|tx| {
            Ok(tx.all(
                "SELECT headline, begun_ms, count(*) FROM screen_notices JOIN emergencies ON id = emergency
                 JOIN airing ON airing.screen = screen_notices.screen
                 WHERE airing.campaign = ?1 GROUP BY id, headline, begun_ms ORDER BY id DESC LIMIT ?2",
                values![campaign.as_str(), COVERED_LISTED],
                |row| {
                    let notice = ScreenNotice {
                        headline: row.get(0)?,
                        begun_ms: row.get(1)?,
                    };
                    Ok::<_, DatabaseError>((notice, row.get(2)?))
                },
            )?)
        })
    }
}
