//! Campaigns: what airs where, under which number, and the manifests that follow from it.
//!
//! Invariants: a campaign is replaced whole or not at all, and in the same transaction every screen
//! whose content changed gets a new manifest version; an assignment number, once given, keeps its
//! meaning for ever; a terminal may fetch what a manifest of its screen named, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use passerby_protocol::file_names;
use passerby_protocol::limits::MANIFEST_BYTES_MAX;
use passerby_protocol::manifest::{Asset, Item, ItemPart, ManifestCampaign};
use passerby_protocol::{Assignment, Campaign, CampaignId, Digest, Manifest, ScreenNumber};

use crate::database::{DatabaseError, Id, Lock, Row, Transaction, Value, values};
use crate::people::Actor;
use crate::publish::folder::Publication;
use crate::store::audit::Verb;
use crate::store::goal_screens::{GoalScreens, has_goal};
use crate::store::publish_error::PublishError;
use crate::store::{
    Result, Store, StoreError, audit, campaign_list, changes, domains, emergencies,
    manifest_versions, versions,
};
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

/// Whether a creative is a film of a campaign that is on the screens, as SQL over `creatives`.
pub(super) const AIRING_FILM: &str = "media_type LIKE 'video/%'
     AND EXISTS (SELECT 1 FROM campaign_items AS item JOIN campaigns AS airing ON airing.id = item.campaign
                 WHERE item.creative = sha256 AND airing.live)";

impl Store {
    /// Puts a campaign in place of the one of the same name. Returns the screens whose content
    /// changed.
    ///
    /// # Errors
    /// See [`PublishError`]; nothing changed then.
    pub fn publish(
        &self,
        actor: &Actor,
        publication: &Publication,
        targets: &Targets,
        now_ms: i64,
    ) -> Result<BTreeSet<ScreenNumber>, PublishError> {
        let body = serde_json::to_string(&publication.campaign).map_err(StoreError::from)?;
        self.write(Lock::Everything, |tx| {
            publish_within(tx, actor, publication, targets, &body, now_ms)
        })
    }

    /// Takes a campaign off the screens. Returns the screens, or `None` when no such campaign airs.
    ///
    /// # Errors
    /// The database fails.
    pub fn unpublish(
        &self,
        actor: &Actor,
        campaign: &CampaignId,
        now_ms: i64,
    ) -> Result<Option<BTreeSet<ScreenNumber>>> {
        self.write(Lock::Everything, |tx| {
            let known = known_form(tx, campaign)?;
            campaign_list::refuse_others(tx, actor, known.as_str())?;
            if campaign_list::airs_elsewhere(tx, actor, known.as_str())? {
                return Err(StoreError::OutOfScope);
            }
            Ok(unpublish_within(tx, actor, campaign, now_ms)?)
        })
    }

    /// Returns the version of a screen's manifest, issuing a new one when the current one is past
    /// half its time.
    ///
    /// # Errors
    /// The database fails.
    pub fn manifest_version(&self, screen: ScreenNumber, now_ms: i64) -> Result<u64> {
        let is_fresh = |issued_ms: i64| now_ms - issued_ms <= MANIFEST_MS / 2;
        let (version, issued_ms) = self.read(|tx| current_version(tx, screen))?;
        if is_fresh(issued_ms) {
            return Ok(version);
        }
        self.write(Lock::Screens(&[screen]), |tx| {
            // Who asked at the same time may have got a new one meanwhile.
            let (version, issued_ms) = current_version(tx, screen)?;
            if is_fresh(issued_ms) {
                return Ok(version);
            }
            Ok(manifest_versions::renew_manifest(tx, screen, now_ms)?)
        })
    }

    /// Returns a screen's manifest: the same for the same version.
    ///
    /// # Errors
    /// The database fails.
    pub fn manifest(&self, screen: ScreenNumber) -> Result<Manifest> {
        self.read(|tx| {
            let (version, issued_ms) = current_version(tx, screen)?;
            let scan_base: String = tx.value(
                "SELECT value FROM settings WHERE name = 'scan_base'",
                values![],
            )?;
            Ok(Manifest {
                version,
                screen,
                expires_ms: issued_ms + MANIFEST_MS,
                scan_base,
                campaigns: campaigns_of(tx, screen, &self.goal_screens)?,
                assets: assets_of(tx, screen)?,
                notice: emergencies::notice_of(tx, screen)?,
            })
        })
    }

    /// Returns the size and type of a file, if a manifest of the screen ever named it: another
    /// screen's are none of its business.
    ///
    /// # Errors
    /// The database fails.
    pub fn file_of(&self, screen: ScreenNumber, digest: Digest) -> Result<Option<Asset>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                "SELECT sha256, size, media_type FROM screen_files JOIN creatives ON sha256 = file
                 WHERE screen = ?1 AND file = ?2",
                values![screen.get(), digest.to_string()],
                asset,
            )?)
        })
    }

    /// Returns the size and type of a film, if it airs: others are nobody's business.
    ///
    /// # Errors
    /// The database fails.
    pub fn airing_film(&self, digest: Digest) -> Result<Option<Asset>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                &format!("SELECT sha256, size, media_type FROM creatives WHERE sha256 = ?1 AND {AIRING_FILM}"),
                values![digest.to_string()],
                asset,
            )?)
        })
    }

    /// Returns the small picture of a creative, a JPEG; `None` when there is no such creative or
    /// nothing to see of it.
    ///
    /// # Errors
    /// The database fails.
    pub fn thumbnail(&self, digest: Digest) -> Result<Option<Vec<u8>>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                "SELECT thumbnail FROM creatives WHERE sha256 = ?1 AND thumbnail_width > 0",
                values![digest.to_string()],
                |row| row.get(0),
            )?)
        })
    }
}

/// Puts a campaign in place of the one of the same name; `body` is the campaign as JSON.
pub(super) fn publish_within(
    tx: &Transaction<'_>,
    actor: &Actor,
    publication: &Publication,
    targets: &Targets,
    body: &str,
    now_ms: i64,
) -> Result<BTreeSet<ScreenNumber>, PublishError> {
    let id = known_form(tx, &publication.id)?;
    campaign_list::refuse_others(tx, actor, id.as_str())?;
    let files = publication.files().into_iter();
    let content = Content {
        publication,
        body,
        text: &publication.written,
        files: files.map(|(name, file)| (name, file.to_string())).collect(),
    };
    put_within(tx, actor, &content, targets, now_ms)
}

/// What is published: the campaign, and what its version has besides.
pub(super) struct Content<'a> {
    pub(super) publication: &'a Publication,
    /// The campaign as JSON.
    pub(super) body: &'a str,
    /// Its `campaign.toml`.
    pub(super) text: &'a str,
    /// Its files by name, each with its SHA-256.
    pub(super) files: Vec<(&'a str, String)>,
}

/// The same for somebody who has to do with the campaign.
pub(super) fn put_within(
    tx: &Transaction<'_>,
    actor: &Actor,
    content: &Content<'_>,
    targets: &Targets,
    now_ms: i64,
) -> Result<BTreeSet<ScreenNumber>, PublishError> {
    let publication = content.publication;
    if let Targets::Only(chosen) = targets {
        refuse_unknown(tx, chosen)?;
    }
    domains::refuse_foreign(tx, publication.campaign.link.domain.as_deref())?;
    let id = known_form(tx, &publication.id)?;
    let before = PublishedState::of(tx, &id)?;
    put_creatives(tx, publication)?;
    put_campaign(tx, &id, publication, targets, content.body, now_ms)?;
    let after = PublishedState::of(tx, &id)?;
    if before == after {
        return Ok(BTreeSet::new());
    }
    let said = format!("screens {}", after.screens.len());
    audit::note(tx, actor, Verb::Published, (id.as_str(), &said), now_ms)?;
    let files = content.files.iter();
    let files = files.map(|(name, file)| (*name, file.clone()));
    let chosen = match targets {
        Targets::Everywhere => None,
        Targets::Only(chosen) => Some(chosen),
    };
    versions::keep(tx, actor, &id, content.text, files, chosen, now_ms)?;
    assign(tx, &after.screens)?;
    let changed = &before.screens | &after.screens;
    manifest_versions::renew_manifests(tx, &changed, now_ms)?;
    Ok(changed)
}

/// Takes a campaign off the screens, and returns them if it aired.
pub(super) fn unpublish_within(
    tx: &Transaction<'_>,
    actor: &Actor,
    campaign: &CampaignId,
    now_ms: i64,
) -> Result<Option<BTreeSet<ScreenNumber>>, DatabaseError> {
    let campaign = known_form(tx, campaign)?;
    let before = PublishedState::of(tx, &campaign)?;
    let live = tx.execute(
        "UPDATE campaigns SET live = FALSE WHERE id = ?1 AND live",
        values![campaign.as_str()],
    )?;
    if live > 0 {
        audit::note(tx, actor, Verb::TookOff, (campaign.as_str(), ""), now_ms)?;
    }
    manifest_versions::renew_manifests(tx, &before.screens, now_ms)?;
    Ok((live > 0).then_some(before.screens))
}

/// Gives a new screen the numbers of everything that airs everywhere.
pub(super) fn assign_everywhere(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<()> {
    number_missing(tx, &BTreeSet::from([screen]))?;
    Ok(())
}

/// What is known of a campaign, to tell whether publishing changed anything.
#[derive(PartialEq, Eq)]
struct PublishedState {
    body: Option<(String, bool, bool)>,
    items: Vec<(u32, String)>,
    parts: Vec<(u32, String, String)>,
    account_picture: Option<String>,
    screens: BTreeSet<ScreenNumber>,
}

impl PublishedState {
    fn of(tx: &Transaction<'_>, campaign: &CampaignId) -> Result<Self, DatabaseError> {
        let id = [Value::from(campaign.as_str())];
        let screens = tx.all(
            "SELECT screen FROM airing WHERE campaign = ?1",
            &id,
            |row| Ok::<_, DatabaseError>(row.get::<Id<ScreenNumber>>(0)?.0),
        )?;
        Ok(Self {
            body: tx.optional(
                "SELECT body, everywhere, live FROM campaigns WHERE id = ?1",
                &id,
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?,
            items: tx.all(
                "SELECT placement, creative FROM campaign_items WHERE campaign = ?1 ORDER BY placement",
                &id,
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?,
            parts: tx.all(
                "SELECT placement, name, part FROM campaign_parts WHERE campaign = ?1 ORDER BY placement, name",
                &id,
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?,
            account_picture: tx.optional(
                "SELECT file FROM account_pictures WHERE campaign = ?1",
                &id,
                |row| row.get(0),
            )?,
            screens: screens.into_iter().collect(),
        })
    }
}

/// The name by which a campaign is already known here: one that differs only in how its accents are
/// stored is the same, and keeps its figures. A campaign that airs goes before one that does not.
pub(super) fn known_form(
    tx: &Transaction<'_>,
    id: &CampaignId,
) -> Result<CampaignId, DatabaseError> {
    let mut found = None;
    tx.each(
        "SELECT id FROM campaigns ORDER BY live DESC, id = ?1 DESC, id",
        values![id.as_str()],
        |row| {
            let known = row.get::<Id<CampaignId>>(0)?.0;
            Ok::<_, DatabaseError>(if file_names::is_same(known.as_str(), id.as_str()) {
                found = Some(known);
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        },
    )?;
    Ok(found.unwrap_or_else(|| id.clone()))
}

fn refuse_unknown(
    tx: &Transaction<'_>,
    chosen: &BTreeSet<ScreenNumber>,
) -> Result<(), PublishError> {
    let sets: Vec<_> = chosen
        .iter()
        .map(|screen| [Value::from(screen.get())])
        .collect();
    let known = tx.all_each(
        "SELECT number FROM screens WHERE number = ?1",
        &sets,
        |row| Ok::<_, DatabaseError>(row.get::<Id<ScreenNumber>>(0)?.0),
    )?;
    let known: BTreeSet<ScreenNumber> = known.into_iter().flatten().collect();
    let unknown: Vec<ScreenNumber> = chosen.difference(&known).copied().collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(PublishError::UnknownScreens(unknown))
    }
}

fn put_creatives(tx: &Transaction<'_>, publication: &Publication) -> Result<(), DatabaseError> {
    let rows = publication.creatives.iter().map(|creative| {
        let (jpeg, width_px, height_px): (&[u8], u32, u32) = match &creative.thumbnail {
            Some(thumbnail) => (&thumbnail.jpeg, thumbnail.width_px, thumbnail.height_px),
            None => (&[], 0, 0),
        };
        [
            Value::from(creative.digest.to_string()),
            Value::from(creative.size),
            Value::from(creative.media_type),
            Value::from(jpeg),
            Value::from(width_px),
            Value::from(height_px),
        ]
    });
    let rows: Vec<_> = rows.collect();
    // A card looks different once it refers to another picture, although it is the same file.
    tx.execute_each(
        "INSERT INTO creatives (sha256, size, media_type, thumbnail, thumbnail_width, thumbnail_height)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (sha256) DO UPDATE SET thumbnail = excluded.thumbnail, thumbnail_width = excluded.thumbnail_width,
                                            thumbnail_height = excluded.thumbnail_height
         WHERE excluded.thumbnail_width > 0",
        &rows,
    )?;
    Ok(())
}

fn put_campaign(
    tx: &Transaction<'_>,
    id: &CampaignId,
    publication: &Publication,
    targets: &Targets,
    body: &str,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    let id = id.as_str();
    tx.execute(
        "INSERT INTO campaigns (id, body, everywhere, live, published_ms) VALUES (?1, ?2, ?3, TRUE, ?4)
         ON CONFLICT (id) DO UPDATE SET body = excluded.body, everywhere = excluded.everywhere, live = TRUE,
                                        published_ms = excluded.published_ms",
        values![id, body, matches!(targets, Targets::Everywhere), now_ms],
    )?;
    tx.execute(
        "DELETE FROM campaign_items WHERE campaign = ?1",
        values![id],
    )?;
    tx.execute(
        "DELETE FROM campaign_screens WHERE campaign = ?1",
        values![id],
    )?;
    tx.execute(
        "DELETE FROM campaign_parts WHERE campaign = ?1",
        values![id],
    )?;
    tx.execute(
        "DELETE FROM account_pictures WHERE campaign = ?1",
        values![id],
    )?;
    if let Some(picture) = publication.account_picture_digest() {
        tx.execute(
            "INSERT INTO account_pictures (campaign, file) VALUES (?1, ?2)",
            values![id, picture.to_string()],
        )?;
    }
    let (mut items, mut parts) = (Vec::new(), Vec::new());
    for (placement, (creative, named)) in publication.item_digests().enumerate() {
        items.push([
            Value::from(id),
            Value::from(placement),
            Value::from(creative.to_string()),
        ]);
        parts.extend(named.map(|(name, part)| {
            [
                Value::from(id),
                Value::from(placement),
                Value::from(name),
                Value::from(part.to_string()),
            ]
        }));
    }
    tx.execute_each("INSERT INTO campaign_items VALUES (?1, ?2, ?3)", &items)?;
    let names: Vec<_> = publication
        .item_digests()
        .zip(&publication.campaign.placements)
        .map(|((creative, _), placement)| {
            [
                Value::from(creative.to_string()),
                Value::from(id),
                Value::from(placement.creative.as_str()),
            ]
        })
        .collect();
    // Reports name what was replaced as well, so these stay.
    tx.execute_each(
        "INSERT INTO creative_names (creative, campaign, name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        &names,
    )?;
    tx.execute_each("INSERT INTO campaign_parts VALUES (?1, ?2, ?3, ?4)", &parts)?;
    if let Targets::Only(chosen) = targets {
        let chosen: Vec<_> = chosen
            .iter()
            .map(|screen| [Value::from(id), Value::from(screen.get())])
            .collect();
        tx.execute_each("INSERT INTO campaign_screens VALUES (?1, ?2)", &chosen)?;
    }
    Ok(())
}

/// Numbers what is new on screens, unless it is too much for one of them.
fn assign(tx: &Transaction<'_>, screens: &BTreeSet<ScreenNumber>) -> Result<(), PublishError> {
    let highest = number_missing(tx, screens)?;
    let bytes = manifest_bytes(tx, screens)?;
    for ((&screen, highest), bytes) in screens.iter().zip(highest).zip(bytes) {
        if highest > Assignment::MAX {
            return Err(PublishError::NumbersUsedUp(screen));
        }
        if bytes >= MANIFEST_BYTES_MAX {
            return Err(PublishError::ManifestFull(screen));
        }
    }
    Ok(())
}

/// Numbers every item on each screen that has no number yet, lets its terminal fetch the files, and
/// returns the highest number of each screen.
fn number_missing(
    tx: &Transaction<'_>,
    screens: &BTreeSet<ScreenNumber>,
) -> Result<Vec<u32>, DatabaseError> {
    let sets: Vec<_> = screens
        .iter()
        .map(|screen| [Value::from(screen.get())])
        .collect();
    tx.execute_each(
        "INSERT INTO assignments (screen, number, campaign, placement, creative)
         SELECT ?1,
                (SELECT coalesce(max(number), 0) FROM assignments WHERE screen = ?1)
                    + row_number() OVER (ORDER BY campaign, placement),
                campaign, placement, creative
         FROM airing JOIN campaign_items AS item USING (campaign)
         WHERE airing.screen = ?1
           AND NOT EXISTS (SELECT 1 FROM assignments AS known
                           WHERE known.screen = ?1 AND known.campaign = item.campaign
                             AND known.placement = item.placement AND known.creative = item.creative)",
        &sets,
    )?;
    tx.execute_each(
        &format!(
            "INSERT INTO screen_files SELECT ?1, sha256 FROM creatives WHERE {NAMED_BY_MANIFEST} ON CONFLICT DO NOTHING"
        ),
        &sets,
    )?;
    let highest = tx.all_each(
        "SELECT coalesce(max(number), 0) FROM assignments WHERE screen = ?1",
        &sets,
        |row| row.get::<u32>(0),
    )?;
    Ok(highest.concat())
}

/// Returns how many bytes the manifest of each screen has, rounded up.
fn manifest_bytes(
    tx: &Transaction<'_>,
    screens: &BTreeSet<ScreenNumber>,
) -> Result<Vec<u64>, DatabaseError> {
    let sets: Vec<_> = screens
        .iter()
        .map(|screen| [Value::from(screen.get()), Value::from(ITEM_BYTES)])
        .collect();
    let bytes = tx.all_each(
        "SELECT coalesce(CAST(sum(octet_length(body) + ?2 * ((SELECT count(*) FROM campaign_items WHERE campaign = id)
                                                           + (SELECT count(*) FROM campaign_parts WHERE campaign = id)))
                              AS BIGINT), 0)
         FROM airing JOIN campaigns ON id = campaign WHERE screen = ?1",
        &sets,
        |row| row.get::<u64>(0),
    )?;
    Ok(bytes.concat())
}

fn current_version(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
) -> Result<(u64, i64), DatabaseError> {
    tx.one(
        "SELECT manifest_version, manifest_issued_ms FROM screens WHERE number = ?1",
        values![screen.get()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// What airs on a screen. A goal is one of all screens together: each gets its part of it.
fn campaigns_of(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    goal_screens: &GoalScreens,
) -> Result<Vec<ManifestCampaign>> {
    let campaigns = tx.all(
        "SELECT id, body FROM airing JOIN campaigns ON id = campaign WHERE screen = ?1 ORDER BY id",
        values![screen.get()],
        |row| {
            let campaign: Campaign = serde_json::from_str(&row.get::<String>(1)?)?;
            Ok::<_, StoreError>((row.get::<Id<CampaignId>>(0)?.0, campaign))
        },
    )?;
    let with_goals = campaigns.iter().filter(|(_, campaign)| has_goal(campaign));
    let with_goals: BTreeSet<_> = with_goals.map(|(id, _)| id).collect();
    let screens = if with_goals.is_empty() {
        BTreeMap::new()
    } else {
        goal_screens.count(tx, changes::newest(tx)?, &with_goals)?
    };
    let ids = campaigns.iter().map(|(id, _)| id.as_str().to_owned());
    let on_screen: Vec<_> = ids
        .clone()
        .map(|id| [Value::from(id), Value::from(screen.get())])
        .collect();
    let ids: Vec<_> = ids.map(|id| [Value::from(id)]).collect();
    let items = tx.all_each(
        "SELECT placement, number, creative FROM campaign_items
         JOIN assignments USING (campaign, placement, creative)
         WHERE campaign = ?1 AND screen = ?2 ORDER BY placement",
        &on_screen,
        |row| {
            let item = Item {
                assignment: row.get::<Id<_>>(1)?.0,
                creative: row.get::<Id<_>>(2)?.0,
                parts: Vec::new(),
            };
            Ok::<_, DatabaseError>((row.get(0)?, item))
        },
    )?;
    let parts = tx.all_each(
        "SELECT placement, name, part FROM campaign_parts WHERE campaign = ?1 ORDER BY placement, name",
        &ids,
        |row| {
            let part = ItemPart {
                name: row.get(1)?,
                sha256: row.get::<Id<_>>(2)?.0,
            };
            Ok::<_, DatabaseError>((row.get(0)?, part))
        },
    )?;
    let contents = items.into_iter().zip(parts);
    let campaigns = campaigns.into_iter().zip(contents);
    let campaigns = campaigns.map(|((id, mut campaign), (items, parts))| {
        let screens = screens.get(&id).copied().unwrap_or(1).max(1);
        for phase in &mut campaign.phases {
            for goal in [&mut phase.goal_plays, &mut phase.goal_scans] {
                *goal = goal.map(|goal| goal.div_ceil(screens));
            }
        }
        ManifestCampaign {
            id,
            campaign,
            items: with_parts(items, parts),
        }
    });
    Ok(campaigns.collect())
}

/// Gives the items of a campaign their parts; both come with the numbers of their placements.
fn with_parts(items: Vec<(u32, Item)>, parts: Vec<(u32, ItemPart)>) -> Vec<Item> {
    let mut parts_of: BTreeMap<u32, Vec<ItemPart>> = BTreeMap::new();
    for (placement, part) in parts {
        parts_of.entry(placement).or_default().push(part);
    }
    let items = items.into_iter().map(|(placement, item)| Item {
        parts: parts_of.remove(&placement).unwrap_or_default(),
        ..item
    });
    items.collect()
}

fn assets_of(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<Vec<Asset>, DatabaseError> {
    tx.all(
        &format!(
            "SELECT sha256, size, media_type FROM creatives WHERE {NAMED_BY_MANIFEST} ORDER BY sha256"
        ),
        values![screen.get()],
        asset,
    )
}

fn asset(row: &Row<'_>) -> Result<Asset, DatabaseError> {
    Ok(Asset {
        sha256: row.get::<Id<_>>(0)?.0,
        size: row.get(1)?,
        media_type: row.get(2)?,
    })
}
