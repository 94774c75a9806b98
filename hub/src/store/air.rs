//! What is published for screens, read for those who want to know when it airs.
//!
//! Invariant: nobody reads of a screen outside the groups that they have to do with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use passerby_protocol::screen_traits::ScreenTraits;
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Campaign, CampaignId, ScreenNumber, foreign};

use crate::database::{DatabaseError, Id, Row, Transaction, Value, values};
use crate::people::Scope;
use crate::store::drafts::screens_of;
use crate::store::screen_list::{self, ScreenRow};
use crate::store::{ChosenScreens, Result, ScreenFilter, Store, Targets};

/// Most campaigns of one screen that are read.
const CAMPAIGNS_READ: usize = 1_000;
/// Most screens of one campaign that are asked for what covers them.
const COVERED_LISTED: usize = 20;

/// Most screens that are looked at before something is published for them.
const TARGETS_READ: usize = 2_000;
/// Most other campaigns that are compared with it.
const BESIDE_MAX: usize = 60;

/// A screen that something is to be published for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetScreen {
    /// Its number.
    pub number: ScreenNumber,
    /// What it is called.
    pub name: String,
    /// What its terminal says of it.
    pub traits: Option<ScreenTraits>,
}

/// Another campaign on some of the same screens.
#[derive(Debug, Clone)]
pub struct Beside {
    /// What it says.
    pub campaign: Arc<Campaign>,
    /// Whether the asker has to do with it; otherwise it is not named.
    pub is_known: bool,
    /// The screens that both are on.
    pub screens: BTreeSet<ScreenNumber>,
}

/// The screens that something is to be published for, and what is on them.
#[derive(Debug, Clone, Default)]
pub struct TargetScreens {
    /// Whether it is for all, also later ones.
    pub is_everywhere: bool,
    /// The first ones of those in service.
    pub screens: Vec<TargetScreen>,
    /// Campaigns there that may be in its way.
    pub beside: Vec<Beside>,
    /// Emergency messages that cover some of them, and how many.
    pub notices: Vec<(String, usize)>,
}

fn target(row: &Row<'_>) -> Result<TargetScreen, DatabaseError> {
    let heartbeat: Option<String> = row.get(2)?;
    let heartbeat: Option<Heartbeat> = heartbeat.and_then(|text| serde_json::from_str(&text).ok());
    Ok(TargetScreen {
        number: row.get::<Id<_>>(0)?.0,
        name: foreign::escaped(&row.get::<String>(1)?).into_owned(),
        traits: heartbeat.and_then(|heartbeat| heartbeat.traits),
    })
}

/// Whether one campaign may be in the way of another, or the other in its way, on one screen.
fn matters(one: &Campaign, other: &Campaign) -> bool {
    let some = |campaign: &Campaign, has: fn(&passerby_protocol::Placement) -> bool| {
        campaign.placements.iter().any(has)
    };
    some(other, |placement| {
        placement.terms.takeover.is_some() || placement.terms.share.is_some()
    }) || some(one, |placement| {
        placement.filler || placement.terms.takeover.is_some()
    })
}

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
    /// What its terminal says of it.
    pub traits: Option<ScreenTraits>,
}

/// What covers each of these screens, asked for at once.
fn notices(
    tx: &Transaction<'_>,
    screens: &[[Value<'_>; 1]],
) -> Result<Vec<Option<ScreenNotice>>, DatabaseError> {
    let found = tx.all_each(
        "SELECT headline, begun_ms FROM screen_notices JOIN emergencies ON id = emergency WHERE screen = ?1",
        screens,
        |row| {
            Ok::<_, DatabaseError>(ScreenNotice {
                headline: row.get(0)?,
                begun_ms: row.get(1)?,
            })
        },
    )?;
    Ok(found
        .into_iter()
        .map(|rows| rows.into_iter().next())
        .collect())
}

/// What their terminals say of these screens, asked for at once.
fn traits(
    tx: &Transaction<'_>,
    screens: &[[Value<'_>; 1]],
) -> Result<Vec<Option<ScreenTraits>>, DatabaseError> {
    let found = tx.all_each(
        "SELECT number, name, heartbeat FROM screens WHERE number = ?1",
        screens,
        target,
    )?;
    Ok(found
        .into_iter()
        .map(|rows| rows.into_iter().next()?.traits)
        .collect())
}

fn targets_of(tx: &Transaction<'_>, targets: &Targets) -> Result<Vec<TargetScreen>, DatabaseError> {
    match targets {
        Targets::Everywhere => tx.all(
            "SELECT number, name, heartbeat FROM screens WHERE revoked_ms IS NULL ORDER BY number LIMIT ?1",
            values![TARGETS_READ],
            target,
        ),
        Targets::Only(chosen) => {
            let sets: Vec<_> = chosen
                .iter()
                .take(TARGETS_READ)
                .map(|screen| [Value::from(screen.get())])
                .collect();
            let found = tx.all_each(
                "SELECT number, name, heartbeat FROM screens WHERE number = ?1 AND revoked_ms IS NULL",
                &sets,
                target,
            )?;
            Ok(found.into_iter().flatten().collect())
        }
    }
}

fn notices_on(
    tx: &Transaction<'_>,
    screens: &BTreeSet<ScreenNumber>,
) -> Result<Vec<(String, usize)>, DatabaseError> {
    let covered: Vec<(ScreenNumber, String)> = tx.all(
        "SELECT screen, headline FROM screen_notices JOIN emergencies ON id = emergency",
        values![],
        |row| Ok::<_, DatabaseError>((row.get::<Id<ScreenNumber>>(0)?.0, row.get(1)?)),
    )?;
    let mut notices: BTreeMap<String, usize> = BTreeMap::new();
    for (screen, headline) in covered {
        if screens.contains(&screen) {
            *notices.entry(headline).or_default() += 1;
        }
    }
    Ok(notices.into_iter().collect())
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
        let screens: Vec<_> = rows
            .iter()
            .map(|row| [Value::from(row.screen.get())])
            .collect();
        let (notices, traits) = (notices(tx, &screens)?, traits(tx, &screens)?);
        let all = rows.into_iter().zip(of_screens).zip(notices).zip(traits);
        let airs = all.map(|(((row, ids), notice), traits)| {
            let campaigns = ids.into_iter().filter_map(|id| {
                let campaign = Arc::clone(read.get(&id)?);
                Some(PublishedCampaign { id, campaign })
            });
            AirOfScreen {
                campaigns: campaigns.collect(),
                row,
                notice,
                traits,
            }
        });
        Ok(airs.collect())
    }

    /// Returns the screens that a campaign is to be published for, and what of others is there that
    /// may be in its way. Campaigns outside the scope are compared and not named.
    ///
    /// # Errors
    /// The database fails.
    pub fn target_screens(
        &self,
        (id, campaign): (&CampaignId, &Campaign),
        targets: &ChosenScreens,
        scope: &Scope,
    ) -> Result<TargetScreens> {
        self.read(|tx| {
            let screens = targets_of(tx, &screens_of(tx, targets)?)?;
            let numbers: BTreeSet<ScreenNumber> =
                screens.iter().map(|screen| screen.number).collect();
            Ok(TargetScreens {
                is_everywhere: targets.is_everywhere(),
                beside: self.beside(tx, (id, campaign), &numbers, scope)?,
                notices: notices_on(tx, &numbers)?,
                screens,
            })
        })
    }

    fn beside(
        &self,
        tx: &Transaction<'_>,
        (id, campaign): (&CampaignId, &Campaign),
        screens: &BTreeSet<ScreenNumber>,
        scope: &Scope,
    ) -> Result<Vec<Beside>> {
        let live: Vec<(String, String, bool, String)> = tx.all(
            "SELECT id, body, everywhere, coalesce(group_name, '') FROM campaigns
             LEFT JOIN campaign_groups ON campaign_groups.campaign = id WHERE live AND id <> ?1 ORDER BY id LIMIT ?2",
            values![id.as_str(), CAMPAIGNS_READ],
            |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        let mut beside = Vec::new();
        for (other, body, is_everywhere, group) in live {
            let read = self.read_campaigns.read(&body)?;
            if !matters(campaign, &read) {
                continue;
            }
            let mut shared = screens.clone();
            if !is_everywhere {
                let theirs: BTreeSet<ScreenNumber> = tx
                    .all(
                        "SELECT screen FROM campaign_screens WHERE campaign = ?1",
                        values![other],
                        |row| Ok::<_, DatabaseError>(row.get::<Id<ScreenNumber>>(0)?.0),
                    )?
                    .into_iter()
                    .collect();
                shared.retain(|screen| theirs.contains(screen));
            }
            if shared.is_empty() {
                continue;
            }
            beside.push(Beside {
                campaign: read,
                is_known: scope.has_campaigns_of(&group),
                screens: shared,
            });
            if beside.len() == BESIDE_MAX {
                break;
            }
        }
        Ok(beside)
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
