//! Campaigns: what airs where, under which number, and the manifests that follow from it.
//!
//! Invariants: a campaign is replaced whole or not at all, and in the same transaction every screen
//! whose content changed gets a new manifest version; an assignment number, once given, keeps its
//! meaning for ever; a terminal may fetch what a manifest of its screen named, and nothing else.

use std::collections::BTreeSet;

use passerby_protocol::file_names;
use passerby_protocol::limits::MANIFEST_BYTES_MAX;
use passerby_protocol::manifest::{Asset, Item, ItemPart, ManifestCampaign};
use passerby_protocol::{Assignment, Campaign, CampaignId, Digest, Manifest, ScreenNumber};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::publish::folder::Publication;
use crate::store::publish_error::PublishError;
use crate::store::{Id, Result, Store, StoreError, domains, manifest_versions};
use crate::system::clock::DAY_MS;

/// How long a manifest may air without its hub.
const MANIFEST_MS: i64 = 90 * DAY_MS;
/// What one item or part and its asset add to a manifest beside the campaign's own JSON, in bytes,
/// rounded up: twice a digest, a file's name, and the words around them.
const ITEM_BYTES: u64 = 600;

/// Whether the current manifest of screen `?1` names a file.
const NAMED_BY_MANIFEST: &str = "(sha256 IN (SELECT creative FROM airing JOIN campaign_items USING (campaign) WHERE screen = ?1)
     OR sha256 IN (SELECT part FROM airing JOIN campaign_parts USING (campaign) WHERE screen = ?1))";

/// The screens that a campaign is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Targets {
    /// All, also those that enrol later.
    Everywhere,
    /// These only.
    Only(BTreeSet<ScreenNumber>),
}

impl Store {
    /// Puts a campaign in place of the one of the same name. Returns the screens whose content
    /// changed.
    ///
    /// # Errors
    /// See [`PublishError`]; nothing changed then.
    pub fn publish(
        &self,
        publication: &Publication,
        targets: &Targets,
        now_ms: i64,
    ) -> Result<BTreeSet<ScreenNumber>, PublishError> {
        let body = serde_json::to_string(&publication.campaign).map_err(StoreError::from)?;
        self.write(|tx| {
            if let Targets::Only(chosen) = targets {
                refuse_unknown(tx, chosen)?;
            }
            domains::refuse_foreign(tx, publication.campaign.link.domain.as_deref())?;
            let id = known_form(tx, &publication.id)?;
            let before = PublishedState::of(tx, &id)?;
            put_creatives(tx, publication)?;
            put_campaign(tx, &id, publication, targets, &body, now_ms)?;
            let after = PublishedState::of(tx, &id)?;
            if before == after {
                return Ok(BTreeSet::new());
            }
            for &screen in &after.screens {
                assign(tx, screen)?;
                refuse_too_large(tx, screen)?;
            }
            let changed = &before.screens | &after.screens;
            for &screen in &changed {
                manifest_versions::renew_manifest(tx, screen, now_ms)?;
            }
            Ok(changed)
        })
    }

    /// Takes a campaign off the screens. Returns the screens, or `None` when no such campaign airs.
    ///
    /// # Errors
    /// The database fails.
    pub fn unpublish(
        &self,
        campaign: &CampaignId,
        now_ms: i64,
    ) -> Result<Option<BTreeSet<ScreenNumber>>> {
        self.write(|tx| {
            let campaign = known_form(tx, campaign)?;
            let before = PublishedState::of(tx, &campaign)?;
            let live = tx.execute(
                "UPDATE campaigns SET live = 0 WHERE id = ?1 AND live",
                [campaign.as_str()],
            )?;
            for &screen in &before.screens {
                manifest_versions::renew_manifest(tx, screen, now_ms)?;
            }
            Ok((live > 0).then_some(before.screens))
        })
    }

    /// Returns the version of a screen's manifest, issuing a new one when the current one is past
    /// half its time.
    ///
    /// # Errors
    /// The database fails.
    pub fn manifest_version(&self, screen: ScreenNumber, now_ms: i64) -> Result<u64> {
        let (version, issued_ms) = self.read(|tx| current_version(tx, screen))?;
        if now_ms - issued_ms <= MANIFEST_MS / 2 {
            return Ok(version);
        }
        self.write(|tx| Ok(manifest_versions::renew_manifest(tx, screen, now_ms)?))
    }

    /// Returns a screen's manifest: the same for the same version.
    ///
    /// # Errors
    /// The database fails.
    pub fn manifest(&self, screen: ScreenNumber) -> Result<Manifest> {
        self.read(|tx| {
            let (version, issued_ms) = current_version(tx, screen)?;
            let scan_base = tx
                .prepare_cached("SELECT value FROM settings WHERE name = 'scan_base'")?
                .query_row([], |row| row.get(0))?;
            Ok(Manifest {
                version,
                screen,
                expires_ms: issued_ms + MANIFEST_MS,
                scan_base,
                campaigns: campaigns_of(tx, screen)?,
                assets: assets_of(tx, screen)?,
            })
        })
    }

    /// Returns the size and type of a file, if a manifest of the screen ever named it: another
    /// screen's are none of its business.
    ///
    /// # Errors
    /// The database fails.
    pub fn file_of(&self, screen: ScreenNumber, digest: Digest) -> Result<Option<Asset>> {
        self.read(|tx| {
            Ok(tx
                .prepare_cached(
                    "SELECT sha256, size, media_type FROM screen_files JOIN creatives ON sha256 = file
                     WHERE screen = ?1 AND file = ?2",
                )?
                .query_row(params![screen.get(), digest.to_string()], asset)
                .optional()?)
        })
    }

    /// Returns the small picture of a creative, a JPEG; `None` when there is no such creative or
    /// nothing to see of it.
    ///
    /// # Errors
    /// The database fails.
    pub fn thumbnail(&self, digest: Digest) -> Result<Option<Vec<u8>>> {
        self.read(|tx| {
            Ok(tx
                .prepare_cached(
                    "SELECT thumbnail FROM creatives WHERE sha256 = ?1 AND thumbnail_width > 0",
                )?
                .query_row([digest.to_string()], |row| row.get(0))
                .optional()?)
        })
    }
}

/// Gives a new screen the numbers of everything that airs everywhere.
pub(super) fn assign_everywhere(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<()> {
    number_missing(tx, screen)?;
    Ok(())
}

/// What is known of a campaign, to tell whether publishing changed anything.
#[derive(PartialEq, Eq)]
struct PublishedState {
    body: Option<(String, bool, bool)>,
    items: Vec<(u32, String)>,
    parts: Vec<(u32, String, String)>,
    screens: BTreeSet<ScreenNumber>,
}

impl PublishedState {
    fn of(tx: &Transaction<'_>, campaign: &CampaignId) -> rusqlite::Result<Self> {
        let id = [campaign.as_str()];
        Ok(Self {
            body: tx
                .prepare_cached("SELECT body, everywhere, live FROM campaigns WHERE id = ?1")?
                .query_row(id, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?,
            items: tx
                .prepare_cached(
                    "SELECT placement, creative FROM campaign_items WHERE campaign = ?1 ORDER BY placement",
                )?
                .query_map(id, |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?,
            parts: tx
                .prepare_cached(
                    "SELECT placement, name, part FROM campaign_parts WHERE campaign = ?1 ORDER BY placement, name",
                )?
                .query_map(id, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect::<rusqlite::Result<_>>()?,
            screens: tx
                .prepare_cached("SELECT screen FROM airing WHERE campaign = ?1")?
                .query_map(id, |row| Ok(row.get::<_, Id<_>>(0)?.0))?
                .collect::<rusqlite::Result<_>>()?,
        })
    }
}

/// The name by which a campaign is already known here: one that differs only in how its accents are
/// stored is the same, and keeps its figures. A campaign that airs goes before one that does not.
fn known_form(tx: &Transaction<'_>, id: &CampaignId) -> rusqlite::Result<CampaignId> {
    let mut all =
        tx.prepare_cached("SELECT id FROM campaigns ORDER BY live DESC, id = ?1 DESC, id")?;
    let mut rows = all.query([id.as_str()])?;
    while let Some(row) = rows.next()? {
        let known: CampaignId = row.get::<_, Id<_>>(0)?.0;
        if file_names::is_same(known.as_str(), id.as_str()) {
            return Ok(known);
        }
    }
    Ok(id.clone())
}

fn refuse_unknown(
    tx: &Transaction<'_>,
    chosen: &BTreeSet<ScreenNumber>,
) -> Result<(), PublishError> {
    let mut known = tx.prepare_cached("SELECT 1 FROM screens WHERE number = ?1")?;
    let mut unknown = Vec::new();
    for &screen in chosen {
        if !known.exists([screen.get()])? {
            unknown.push(screen);
        }
    }
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(PublishError::UnknownScreens(unknown))
    }
}

fn put_creatives(tx: &Transaction<'_>, publication: &Publication) -> rusqlite::Result<()> {
    // A card looks different once it refers to another picture, although it is the same file.
    let mut insert = tx.prepare_cached(
        "INSERT INTO creatives (sha256, size, media_type, thumbnail, thumbnail_width, thumbnail_height)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (sha256) DO UPDATE SET thumbnail = excluded.thumbnail, thumbnail_width = excluded.thumbnail_width,
                                            thumbnail_height = excluded.thumbnail_height
         WHERE excluded.thumbnail_width > 0",
    )?;
    for creative in &publication.creatives {
        let thumbnail = creative.thumbnail.as_ref();
        insert.execute(params![
            creative.digest.to_string(),
            creative.size,
            creative.media_type,
            thumbnail.map_or(&[][..], |thumbnail| &thumbnail.jpeg),
            thumbnail.map_or(0, |thumbnail| thumbnail.width_px),
            thumbnail.map_or(0, |thumbnail| thumbnail.height_px),
        ])?;
    }
    Ok(())
}

fn put_campaign(
    tx: &Transaction<'_>,
    id: &CampaignId,
    publication: &Publication,
    targets: &Targets,
    body: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let id = id.as_str();
    tx.execute(
        "INSERT INTO campaigns (id, body, everywhere, live, published_ms) VALUES (?1, ?2, ?3, 1, ?4)
         ON CONFLICT (id) DO UPDATE SET body = excluded.body, everywhere = excluded.everywhere, live = 1,
                                        published_ms = excluded.published_ms",
        params![id, body, matches!(targets, Targets::Everywhere), now_ms],
    )?;
    tx.execute("DELETE FROM campaign_items WHERE campaign = ?1", [id])?;
    tx.execute("DELETE FROM campaign_screens WHERE campaign = ?1", [id])?;
    tx.execute("DELETE FROM campaign_parts WHERE campaign = ?1", [id])?;
    let mut item = tx.prepare_cached("INSERT INTO campaign_items VALUES (?1, ?2, ?3)")?;
    let mut part = tx.prepare_cached("INSERT INTO campaign_parts VALUES (?1, ?2, ?3, ?4)")?;
    for (placement, (creative, parts)) in publication.item_digests().enumerate() {
        item.execute(params![id, placement, creative.to_string()])?;
        for (name, digest) in parts {
            part.execute(params![id, placement, name, digest.to_string()])?;
        }
    }
    if let Targets::Only(chosen) = targets {
        let mut target = tx.prepare_cached("INSERT INTO campaign_screens VALUES (?1, ?2)")?;
        for screen in chosen {
            target.execute(params![id, screen.get()])?;
        }
    }
    Ok(())
}

fn assign(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<(), PublishError> {
    if number_missing(tx, screen)? <= Assignment::MAX {
        Ok(())
    } else {
        Err(PublishError::NumbersUsedUp(screen))
    }
}

/// Numbers every item on a screen that has no number yet, lets its terminal fetch the files, and
/// returns the highest number.
fn number_missing(tx: &Transaction<'_>, screen: ScreenNumber) -> rusqlite::Result<u32> {
    tx.prepare_cached(
        "INSERT INTO assignments (screen, number, campaign, placement, creative)
         SELECT ?1,
                (SELECT ifnull(max(number), 0) FROM assignments WHERE screen = ?1)
                    + row_number() OVER (ORDER BY campaign, placement),
                campaign, placement, creative
         FROM airing JOIN campaign_items AS item USING (campaign)
         WHERE airing.screen = ?1
           AND NOT EXISTS (SELECT 1 FROM assignments AS known
                           WHERE known.screen = ?1 AND known.campaign = item.campaign
                             AND known.placement = item.placement AND known.creative = item.creative)",
    )?
    .execute([screen.get()])?;
    tx.prepare_cached(&format!(
        "INSERT OR IGNORE INTO screen_files SELECT ?1, sha256 FROM creatives WHERE {NAMED_BY_MANIFEST}"
    ))?
    .execute([screen.get()])?;
    tx.prepare_cached("SELECT ifnull(max(number), 0) FROM assignments WHERE screen = ?1")?
        .query_row([screen.get()], |row| row.get(0))
}

fn refuse_too_large(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<(), PublishError> {
    let bytes: u64 = tx
        .prepare_cached(
            "SELECT ifnull(sum(octet_length(body) + ?2 * ((SELECT count(*) FROM campaign_items WHERE campaign = id)
                                                        + (SELECT count(*) FROM campaign_parts WHERE campaign = id))), 0)
             FROM airing JOIN campaigns ON id = campaign WHERE screen = ?1",
        )?
        .query_row(params![screen.get(), ITEM_BYTES], |row| row.get(0))?;
    if bytes < MANIFEST_BYTES_MAX {
        Ok(())
    } else {
        Err(PublishError::ManifestFull(screen))
    }
}

fn current_version(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<(u64, i64)> {
    Ok(tx
        .prepare_cached(
            "SELECT manifest_version, manifest_issued_ms FROM screens WHERE number = ?1",
        )?
        .query_row([screen.get()], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// What airs on a screen. A goal is one of all screens together: each gets its part of it.
fn campaigns_of(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<Vec<ManifestCampaign>> {
    let mut bodies = tx.prepare_cached(
        "SELECT id, body FROM airing JOIN campaigns ON id = campaign WHERE screen = ?1 ORDER BY id",
    )?;
    let mut items = tx.prepare_cached(
        "SELECT number, creative, placement FROM campaign_items
         JOIN assignments USING (campaign, placement, creative)
         WHERE campaign = ?1 AND screen = ?2 ORDER BY placement",
    )?;
    let mut parts = tx.prepare_cached(
        "SELECT name, part FROM campaign_parts WHERE campaign = ?1 AND placement = ?2 ORDER BY name",
    )?;
    let mut screens = tx.prepare_cached(
        "SELECT count(*) FROM airing JOIN screens ON number = screen WHERE campaign = ?1 AND revoked_ms IS NULL",
    )?;
    let mut campaigns = Vec::new();
    let mut rows = bodies.query([screen.get()])?;
    while let Some(row) = rows.next()? {
        let id: CampaignId = row.get::<_, Id<_>>(0)?.0;
        let mut campaign: Campaign =
            serde_json::from_str(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
        let parts_of_goal: u32 = screens.query_row([id.as_str()], |row| row.get(0))?;
        for phase in &mut campaign.phases {
            for goal in [&mut phase.goal_plays, &mut phase.goal_scans] {
                *goal = goal.map(|goal| goal.div_ceil(parts_of_goal.max(1)));
            }
        }
        let items = items
            .query_map(params![id.as_str(), screen.get()], |row| {
                let placement: u32 = row.get(2)?;
                let parts = parts.query_map(params![id.as_str(), placement], |row| {
                    Ok(ItemPart {
                        name: row.get(0)?,
                        sha256: row.get::<_, Id<_>>(1)?.0,
                    })
                })?;
                Ok(Item {
                    assignment: row.get::<_, Id<_>>(0)?.0,
                    creative: row.get::<_, Id<_>>(1)?.0,
                    parts: parts.collect::<rusqlite::Result<_>>()?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        campaigns.push(ManifestCampaign {
            id,
            campaign,
            items,
        });
    }
    Ok(campaigns)
}

fn assets_of(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<Vec<Asset>> {
    let mut query = tx.prepare_cached(&format!(
        "SELECT sha256, size, media_type FROM creatives WHERE {NAMED_BY_MANIFEST} ORDER BY sha256"
    ))?;
    let rows = query.query_map([screen.get()], asset)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn asset(row: &rusqlite::Row<'_>) -> rusqlite::Result<Asset> {
    Ok(Asset {
        sha256: row.get::<_, Id<_>>(0)?.0,
        size: row.get(1)?,
        media_type: row.get(2)?,
    })
}
