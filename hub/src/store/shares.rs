//! Shares: the chain from a scan through the people who pass the link on.
//!
//! A link belongs to whoever opens it first. Anybody else who opens it is sent on to a link of their own, a child of
//! it, so that the share menu of any browser passes on the right one by itself.
//!
//! Invariants: a child is unowned when it is made, so a visitor whose address changes on the way is never sent in
//! circles; chains and families are bounded, and past the bound the link itself serves everybody; how far a visit got is
//! told by what the open page asks for, and only for whom the link belongs to or who opened it.

use passerby_protocol::{Campaign, CampaignId, Digest};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::scans::outward;
use super::{Id, Result, Store};
use crate::random;
use crate::visitor::Visitor;

/// Longest chain.
const GENERATION_MAX: i64 = 1_000;
/// Most children of one link.
const CHILDREN_MAX: i64 = 100_000;

/// What a landing page shows.
#[derive(Debug, Clone)]
pub struct LandingFacts {
    /// The campaign as it is now.
    pub campaign: Campaign,
    /// The picture of the scan that began the chain.
    pub creative: Digest,
    /// Size of its thumbnail in pixels.
    pub thumbnail_px: (u32, u32),
}

/// What opening a link leads to.
#[derive(Debug)]
pub enum Opened {
    /// The page.
    Page(Box<LandingFacts>),
    /// The visitor's own link, by name.
    Own(String),
}

/// How far a visit got, beyond the `GET` of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// The page's picture was loaded.
    Seen,
    /// The page was visible.
    Confirmed,
}

struct Share {
    id: i64,
    scan: i64,
    generation: i64,
    owner: Option<[u8; 16]>,
}

impl Store {
    /// Opens a link for a visitor, or for nobody when nothing is to be counted. `None`: there is no such link.
    ///
    /// # Errors
    /// The database fails.
    pub fn open_share(
        &self,
        name: &str,
        visitor: Option<Visitor>,
        now_ms: i64,
    ) -> Result<Option<Opened>> {
        let Some(visitor) = visitor else {
            return self.read(|tx| Ok(facts(tx, name)?.map(|facts| Opened::Page(Box::new(facts)))));
        };
        self.write(|tx| {
            let Some(share) = share(tx, name)? else {
                return Ok(None);
            };
            match share.owner {
                None => {
                    tx.prepare_cached("UPDATE shares SET owner = ?2 WHERE id = ?1")?
                        .execute(params![share.id, visitor.0])?;
                }
                Some(owner) if owner == visitor.0 => {}
                Some(_) => {
                    if let Some(own) = child(tx, &share, visitor, now_ms)? {
                        return Ok(Some(Opened::Own(own)));
                    }
                }
            }
            tx.prepare_cached(
                "INSERT INTO visits (share, visitor, visited_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![share.id, visitor.0, now_ms])?;
            Ok(facts(tx, name)?.map(|facts| Opened::Page(Box::new(facts))))
        })
    }

    /// Counts a press of the page's button, once a visitor and day, and returns where it leads. The outer `None`:
    /// there is no such link; the inner one: the campaign has no target.
    ///
    /// # Errors
    /// The database fails.
    pub fn press(
        &self,
        name: &str,
        visitor: Option<Visitor>,
        now_ms: i64,
    ) -> Result<Option<Option<String>>> {
        self.write(|tx| {
            let (Some(share), Some(facts)) = (share(tx, name)?, facts(tx, name)?) else {
                return Ok(None);
            };
            if let Some(visitor) = visitor {
                tx.prepare_cached(
                    "INSERT INTO visits (share, visitor, visited_ms, clicked_ms) VALUES (?1, ?2, ?3, ?3)
                     ON CONFLICT DO UPDATE SET clicked_ms = ifnull(clicked_ms, excluded.clicked_ms)",
                )?
                .execute(params![share.id, visitor.0, now_ms])?;
            }
            Ok(Some(facts.campaign.target))
        })
    }

    /// Notes how far a visit got, once. A page that a browser fetched ahead has left no visit; showing it makes one.
    ///
    /// # Errors
    /// The database fails.
    pub fn reach(&self, name: &str, visitor: Visitor, reached: Reached, now_ms: i64) -> Result<()> {
        let column = match reached {
            Reached::Seen => "seen_ms",
            Reached::Confirmed => "confirmed_ms",
        };
        let open = self.read(|tx| {
            tx.prepare_cached(&format!(
                "SELECT shares.id FROM shares LEFT JOIN visits ON share = shares.id AND visits.visitor = ?2
                 WHERE name = ?1 AND {column} IS NULL AND (owner IS NULL OR owner = ?2 OR visits.visitor IS NOT NULL)"
            ))?
            .query_row(params![name, visitor.0], |row| row.get::<_, i64>(0))
            .optional()
        })?;
        let Some(share) = open else {
            return Ok(());
        };
        self.write(|tx| {
            tx.prepare_cached("UPDATE shares SET owner = ?2 WHERE id = ?1 AND owner IS NULL")?
                .execute(params![share, visitor.0])?;
            tx.prepare_cached(&format!(
                "INSERT INTO visits (share, visitor, visited_ms, {column}) VALUES (?1, ?2, ?3, ?3)
                 ON CONFLICT DO UPDATE SET {column} = ifnull({column}, excluded.{column})"
            ))?
            .execute(params![share, visitor.0, now_ms])?;
            Ok(())
        })
    }

    /// Returns the small picture on a link's page, a JPEG; `None` without a link or a picture.
    ///
    /// # Errors
    /// The database fails.
    pub fn picture_of(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read(|tx| {
            Ok(tx
                .prepare_cached(
                    "SELECT thumbnail FROM shares JOIN scans ON scans.id = scan
                     JOIN creatives ON sha256 = scans.creative
                     WHERE shares.name = ?1 AND thumbnail_width > 0",
                )?
                .query_row([name], |row| row.get(0))
                .optional()?)
        })
    }

    /// Returns the size of a creative's thumbnail.
    ///
    /// # Errors
    /// The database fails.
    pub fn thumbnail_px(&self, creative: Digest) -> Result<(u32, u32)> {
        self.read(|tx| {
            Ok(tx
                .prepare_cached(
                    "SELECT thumbnail_width, thumbnail_height FROM creatives WHERE sha256 = ?1",
                )?
                .query_row([creative.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
    }
}

fn share(tx: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<Share>> {
    tx.prepare_cached("SELECT id, scan, generation, owner FROM shares WHERE name = ?1")?
        .query_row([name], |row| {
            Ok(Share {
                id: row.get(0)?,
                scan: row.get(1)?,
                generation: row.get(2)?,
                owner: row.get(3)?,
            })
        })
        .optional()
}

fn facts(tx: &Transaction<'_>, name: &str) -> Result<Option<LandingFacts>> {
    let found = tx
        .prepare_cached(
            "SELECT body, scans.creative, thumbnail_width, thumbnail_height, campaigns.id, placement, screens.name
             FROM shares JOIN scans ON scans.id = scan
             JOIN assignments ON assignments.screen = scans.screen AND assignments.number = assignment
             JOIN screens ON screens.number = scans.screen
             JOIN campaigns ON campaigns.id = scans.campaign JOIN creatives ON sha256 = scans.creative
             WHERE shares.name = ?1",
        )?
        .query_row([name], |row| {
            let size = (row.get(2)?, row.get(3)?);
            let from: (String, CampaignId, u32, String) =
                (row.get(0)?, row.get::<_, Id<_>>(4)?.0, row.get(5)?, row.get(6)?);
            Ok((from, row.get::<_, Id<_>>(1)?.0, size))
        })
        .optional()?;
    found
        .map(|((body, id, placement, screen), creative, thumbnail_px)| {
            Ok(LandingFacts {
                campaign: outward(&body, &id, placement, &screen)?,
                creative,
                thumbnail_px,
            })
        })
        .transpose()
}

/// Finds or makes a visitor's own link below another's; `None` past the bounds.
fn child(
    tx: &Transaction<'_>,
    parent: &Share,
    visitor: Visitor,
    now_ms: i64,
) -> rusqlite::Result<Option<String>> {
    let known = tx
        .prepare_cached("SELECT name FROM shares WHERE parent = ?1 AND made_for = ?2")?
        .query_row(params![parent.id, visitor.0], |row| row.get(0))
        .optional()?;
    if known.is_some() || parent.generation >= GENERATION_MAX {
        return Ok(known);
    }
    let siblings: i64 = tx
        .prepare_cached("SELECT count(*) FROM shares WHERE parent = ?1")?
        .query_row([parent.id], |row| row.get(0))?;
    if siblings >= CHILDREN_MAX {
        return Ok(None);
    }
    let name = random::share_name();
    tx.prepare_cached(
        "INSERT INTO shares (name, scan, parent, generation, made_for, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![name, parent.scan, parent.id, parent.generation + 1, visitor.0, now_ms])?;
    Ok(Some(name))
}
