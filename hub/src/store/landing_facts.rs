//! What a landing page shows: the campaign as it is now, what was on the screen, where and when.

use std::sync::Arc;

use jiff::tz::TimeZone;
use passerby_protocol::{Campaign, CampaignId, Digest, ScreenNumber};
use serde::Deserialize;

use crate::database::{DatabaseError, Id, Row, owned_values, values};
use crate::scans::visitor::Visitor;
use crate::store::campaigns::AIRING_FILM;
use crate::store::landed::outward;
use crate::store::{Result, Store};

/// What a landing page shows.
#[derive(Debug, Clone)]
pub struct LandingFacts {
    /// What the campaign is called.
    pub id: CampaignId,
    /// The campaign as it is now.
    pub campaign: Arc<Campaign>,
    /// Where it leads whoever comes from the scan that began the chain.
    pub target: Option<String>,
    /// The picture of the scan that began the chain.
    pub creative: Digest,
    /// Size of its thumbnail in pixels.
    pub thumbnail_px: (u32, u32),
    /// Whether it is a film that airs.
    pub is_film: bool,
    /// Whether the campaign is published for any screen.
    pub is_live: bool,
    /// Where it was seen, and when; `None` where no scan is behind the page.
    pub sighting: Option<Sighting>,
    /// Whether the link belongs to whoever opens it.
    pub is_own: bool,
    /// Whether somebody passed it on.
    pub is_passed_on: bool,
    /// Whether the hub can send mail.
    pub has_mail_server: bool,
    /// The picture of the account to follow, and its size in pixels.
    pub account_picture: Option<(Digest, (u32, u32))>,
    /// What whoever passed it on said: whoever has the link above this one, or this one where it is
    /// another's.
    pub told: Option<ToldMoment>,
}

/// What somebody said who passed a link on, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldMoment {
    /// Their link.
    pub link: String,
    /// The words.
    pub sealed: Vec<u8>,
    /// Until when they are kept.
    pub ends_ms: i64,
}

/// A screen at the moment of a scan, in public words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Where the screen stands; empty where nobody said.
    pub place: String,
    /// How to go there: an address, or latitude and longitude; empty where nobody said.
    pub way: String,
    /// When its code was on the screen, as far as that is known, else when it was scanned.
    pub seen_ms: i64,
    /// By whose clock.
    pub zone: Option<TimeZone>,
}

/// What is read of a heartbeat here. Not read in SQL, since PostgreSQL refuses JSON with a NUL in a
/// text.
#[derive(Default, Deserialize)]
struct SaidOfPlace {
    #[serde(default)]
    traits: Option<SaidTraits>,
}

#[derive(Default, Deserialize)]
struct SaidTraits {
    #[serde(default)]
    time_zone: String,
}

fn zone_of(heartbeat: Option<&str>) -> Option<TimeZone> {
    let said: SaidOfPlace = serde_json::from_str(heartbeat?).ok()?;
    TimeZone::get(&said.traits?.time_zone).ok()
}

/// What the page of link `?1` shows to visitor `?2`, or to nobody.
fn facts_of_link() -> String {
    format!(
        "SELECT body, scans.creative, thumbnail_width, thumbnail_height, campaigns.id, placement, screens.name, live,
                coalesce(place, ''), coalesce(way, ''), coalesce(minted_ms, scanned_ms), heartbeat,
                coalesce(shares.owner = ?2, FALSE), shares.parent IS NOT NULL, own_words.sealed, own_words.ends_ms,
                above.name, above_words.sealed, above_words.ends_ms, {AIRING_FILM},
                EXISTS (SELECT 1 FROM mail_server), {}, {}, {}, shares.name
         FROM shares JOIN scans ON scans.id = shares.scan
         JOIN assignments ON assignments.screen = scans.screen AND assignments.number = assignment
         JOIN screens ON screens.number = scans.screen
         LEFT JOIN screen_places ON screen_places.screen = scans.screen
         LEFT JOIN moments AS own_words ON own_words.share = shares.id
         LEFT JOIN shares AS above ON above.id = shares.parent
         LEFT JOIN moments AS above_words ON above_words.share = above.id
         JOIN campaigns ON campaigns.id = scans.campaign JOIN creatives ON sha256 = scans.creative
         WHERE shares.name = ?1",
        of_account("sha256"),
        of_account("thumbnail_width"),
        of_account("thumbnail_height"),
    )
}

impl Store {
    /// Returns what the page of a link shows to a visitor, or to nobody; `None` without such a
    /// link. Counts nothing.
    ///
    /// # Errors
    /// The database fails.
    pub fn landing_facts(
        &self,
        name: &str,
        visitor: Option<Visitor>,
    ) -> Result<Option<LandingFacts>> {
        self.facts_of_links(&[(name, visitor)])
            .pop()
            .unwrap_or(Ok(None))
    }

    /// The same of several links at once.
    pub(super) fn facts_of_links(
        &self,
        links: &[(&str, Option<Visitor>)],
    ) -> Vec<Result<Option<LandingFacts>>> {
        if links.is_empty() {
            return Vec::new();
        }
        let keys: Vec<_> = links
            .iter()
            .map(|(name, visitor)| owned_values![*name, visitor.map(|visitor| visitor.0)])
            .collect();
        let facts = self.read_once(|tx| {
            // What is wrong with one is not the others' loss.
            tx.all_each(&facts_of_link(), &keys, |row| {
                Ok::<_, DatabaseError>(self.facts_of_row(row))
            })
        });
        match facts {
            Ok(facts) => facts
                .into_iter()
                .map(|rows| rows.into_iter().next().transpose())
                .collect(),
            Err(error) => links.iter().map(|_| Err(error.clone().into())).collect(),
        }
    }

    /// Reads a row of [`facts_of_link`].
    fn facts_of_row(&self, row: &Row<'_>) -> Result<LandingFacts> {
        let id: CampaignId = row.get::<Id<_>>(4)?.0;
        let (body, screen): (String, String) = (row.get(0)?, row.get(6)?);
        let campaign = self.read_campaigns.read(&body)?;
        let heartbeat: Option<String> = row.get(11)?;
        let is_own = row.get(12)?;
        let told = |link: Option<String>, at: usize| {
            let sealed: Option<Vec<u8>> = row.get(at)?;
            let both = link.zip(sealed);
            let ends_ms: Option<i64> = row.get(at + 1)?;
            let told = both.zip(ends_ms);
            Ok::<_, DatabaseError>(told.map(|((link, sealed), ends_ms)| ToldMoment {
                link,
                sealed,
                ends_ms,
            }))
        };
        let own = if is_own {
            None
        } else {
            told(row.get(24)?, 14)?
        };
        let account: Option<Id<Digest>> = row.get(21)?;
        let account_picture = match account {
            Some(account) => Some((account.0, (row.get(22)?, row.get(23)?))),
            None => None,
        };
        Ok(LandingFacts {
            target: outward(&campaign, &id, row.get(5)?, &screen),
            id,
            campaign,
            creative: row.get::<Id<_>>(1)?.0,
            thumbnail_px: (row.get(2)?, row.get(3)?),
            is_live: row.get(7)?,
            sighting: Some(Sighting {
                place: row.get(8)?,
                way: row.get(9)?,
                seen_ms: row.get(10)?,
                zone: zone_of(heartbeat.as_deref()),
            }),
            is_own,
            is_passed_on: row.get(13)?,
            is_film: row.get(19)?,
            has_mail_server: row.get(20)?,
            account_picture,
            told: match own {
                Some(own) => Some(own),
                None => told(row.get(16)?, 17)?,
            },
        })
    }

    /// Returns a campaign that was published, as it is now.
    ///
    /// # Errors
    /// The database fails.
    pub fn published_campaign(&self, id: &CampaignId) -> Result<Option<Arc<Campaign>>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT body FROM campaigns WHERE id = ?1",
                values![id.as_str()],
                |row| self.read_campaigns.read(&row.get::<String>(0)?),
            )
        })
    }

    /// Returns where a screen stands in public words, and by whose clock, for a page without a
    /// link.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn sighting_of(
        &self,
        screen: ScreenNumber,
        seen_ms: i64,
    ) -> Result<Option<Sighting>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT coalesce(place, ''), coalesce(way, ''), heartbeat
                 FROM screens LEFT JOIN screen_places ON screen_places.screen = number WHERE number = ?1",
                values![screen.get()],
                |row| {
                    let heartbeat: Option<String> = row.get(2)?;
                    Ok(Sighting {
                        place: row.get(0)?,
                        way: row.get(1)?,
                        seen_ms,
                        zone: zone_of(heartbeat.as_deref()),
                    })
                },
            )
        })
    }
}

/// A column of the picture of the campaign's account, as SQL beside `scans`.
fn of_account(column: &str) -> String {
    format!(
        "(SELECT file.{column} FROM account_pictures AS picture JOIN creatives AS file ON file.sha256 = picture.file
          WHERE picture.campaign = scans.campaign)"
    )
}
