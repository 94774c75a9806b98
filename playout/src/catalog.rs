//! What this screen could air: local campaign folders, with the hub's campaigns on top.
//!
//! Invariant: an item of the catalogue is a creative that is wholly on this machine, with all the files that it refers
//! to; whether it decodes is the composer's business, whether it may air now is the rotation's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use passerby_protocol::campaign::{self, Campaign, CreativeKind};
use passerby_protocol::parts::{FolderParts, is_part_name};
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{Assignment, CampaignId, Digest, Placement};

use crate::airable::Airable;
use crate::cache::Cache;
use crate::digests::Digests;
use crate::layout;
use crate::rotation::ItemKey;
use crate::show::{CreativeFile, Part};

/// One placement with everything that is needed to air it.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogItem {
    /// For the rotation's accounts.
    pub key: ItemKey,
    /// The campaign's name in reports.
    pub campaign_id: CampaignId,
    /// The campaign.
    pub campaign: Arc<Campaign>,
    /// Which of the campaign's placements.
    pub placement: usize,
    /// The hub's number; zero for local content.
    pub assignment: Assignment,
    /// What the creative is.
    pub kind: CreativeKind,
    /// The creative's name in reports.
    pub creative: Digest,
    /// Where the creative lies.
    pub path: PathBuf,
    /// The files that it refers to.
    pub parts: Arc<[Part]>,
}

impl CatalogItem {
    /// The placement.
    pub fn placement(&self) -> &Placement {
        &self.campaign.placements[self.placement]
    }

    /// Its creative, for a composer.
    pub fn file(&self) -> CreativeFile {
        CreativeFile {
            kind: self.kind,
            name: self.placement().creative.clone(),
            path: self.path.clone(),
            digest: self.creative,
            parts: self.parts.clone(),
        }
    }

    /// The name of the zone in which it airs.
    pub fn zone(&self) -> &str {
        self.placement().zone.as_deref().unwrap_or(layout::MAIN)
    }
}

/// A list of items in a fixed order.
pub type Catalog = Vec<CatalogItem>;

/// Reads a folder: a campaign itself (it holds pictures or a `campaign.toml`), or a folder of such folders.
///
/// # Errors
/// Every problem of every campaign, and the items of the good ones beside them: one bad campaign does not take the
/// others off the screen, and one bad file costs its own item.
pub fn read_folder(folder: &Path) -> (Catalog, Vec<Problem>) {
    read_folder_again(folder, &mut Digests::default())
}

/// The same for a folder that was read before: only files that have changed are hashed.
pub(crate) fn read_folder_again(folder: &Path, digests: &mut Digests) -> (Catalog, Vec<Problem>) {
    let mut catalog = Catalog::new();
    let mut problems = Vec::new();
    let name = folder.display().to_string();
    let entries = match sorted_entries(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!(
                "the folder cannot be read: {error}; give content.folders a folder that exists"
            );
            return (catalog, vec![Problem::with_file(name, message)]);
        }
    };
    let is_campaign = entries
        .iter()
        .any(|entry| entry == campaign::FILE_NAME || campaign::is_creative(entry));
    let children: Vec<PathBuf> = entries
        .iter()
        .filter(|entry| !entry.starts_with('.'))
        .map(|entry| folder.join(entry))
        .filter(|path| path.is_dir())
        .collect();
    if is_campaign {
        match read_campaign(folder, &entries, digests) {
            Ok(read) => (catalog, problems) = read,
            Err(found) => problems = found,
        }
    } else if children.is_empty() {
        problems.extend(
            Campaign::of_pictures(&name, &name, &[])
                .err()
                .unwrap_or_default(),
        );
    } else {
        for child in children {
            let read = sorted_entries(&child).map_err(|error| {
                vec![Problem::with_file(
                    child.display().to_string(),
                    format!("the folder cannot be read: {error}"),
                )]
            });
            match read.and_then(|entries| read_campaign(&child, &entries, digests)) {
                Ok((items, found)) => {
                    catalog.extend(items);
                    problems.extend(found);
                }
                Err(found) => problems.extend(found),
            }
        }
    }
    (catalog, problems)
}

/// Puts the first placements of all campaigns before the second ones, and so on. The rotation gives ties to the earlier
/// item, so this keeps a campaign from airing all its placements in a row.
pub fn interleave(catalog: &mut Catalog) {
    catalog.sort_by_key(|item| item.placement);
}

/// Returns the items that air in a zone, in their order.
pub fn of_zone(catalog: &Catalog, zone: &str) -> Catalog {
    catalog
        .iter()
        .filter(|item| item.zone() == zone)
        .cloned()
        .collect()
}

/// Makes the items of the hub's content; those of which a file is missing are left out.
pub fn of_hub(content: &Airable, cache: &Cache) -> Catalog {
    let mut catalog = Catalog::new();
    for (_, entry) in content.campaigns() {
        let campaign = Arc::new(entry.campaign.clone());
        let items = entry.items.iter().enumerate();
        let there = items.filter(|(_, item)| {
            let mut parts = item.parts.iter().map(|part| part.sha256);
            !content.is_missing(item.creative) && !parts.any(|part| content.is_missing(part))
        });
        catalog.extend(there.map(|(placement, item)| {
            CatalogItem {
                key: ItemKey::from(format!("hub {}", item.assignment)),
                campaign_id: entry.id.clone(),
                campaign: campaign.clone(),
                placement,
                assignment: item.assignment,
                kind: kind_of(&entry.campaign.placements[placement].creative),
                creative: item.creative,
                path: cache.path(item.creative),
                parts: item
                    .parts
                    .iter()
                    .map(|part| Part {
                        name: part.name.clone(),
                        path: cache.path(part.sha256),
                        digest: part.sha256,
                    })
                    .collect(),
            }
        }));
    }
    catalog
}

/// Sums up names, sizes and dates below a folder, so that a change is noticed without reading pictures again.
pub fn fingerprint(folder: &Path) -> Vec<(PathBuf, u64, Option<std::time::SystemTime>)> {
    let mut seen = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in sorted_entries(&folder).unwrap_or_default() {
            let path = folder.join(entry);
            match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && depth == 0 => folders.push((path, 1)),
                Ok(metadata) => seen.push((path, metadata.len(), metadata.modified().ok())),
                Err(_) => {}
            }
        }
    }
    seen
}

/// Reads one campaign: its good items, and what is wrong with the others.
fn read_campaign(
    folder: &Path,
    entries: &[String],
    digests: &mut Digests,
) -> Result<(Catalog, Vec<Problem>), Vec<Problem>> {
    let name = folder.display().to_string();
    let base = folder
        .canonicalize()
        .unwrap_or_else(|_| folder.to_path_buf());
    let title = base.file_name().map_or_else(
        || "campaign".into(),
        |name| name.to_string_lossy().into_owned(),
    );
    let id: CampaignId = title.parse().map_err(|error| {
        vec![Problem::with_file(
            &name,
            format!("{error}; rename the folder"),
        )]
    })?;
    let creatives: Vec<String> = entries
        .iter()
        .filter(|entry| campaign::is_creative(entry))
        .cloned()
        .collect();
    // A text that cannot be read is the composer's to report.
    let belonging = FolderParts::of(&creatives, |name| {
        crate::config::read_text(&folder.join(name)).ok()
    });
    let airing = belonging.standing_alone(&creatives);
    let campaign = if entries.iter().any(|entry| entry == campaign::FILE_NAME) {
        let file = folder.join(campaign::FILE_NAME);
        let file_name = file.display().to_string();
        let text = crate::config::read_text(&file)
            .map_err(|reason| vec![Problem::with_file(&file_name, reason)])?;
        Campaign::parse_airing(&file_name, &text, &creatives, &airing)?
    } else {
        Campaign::of_pictures(&name, &title, &airing)?
    };
    let campaign = Arc::new(campaign);
    let mut catalog = Catalog::new();
    let mut problems = Vec::new();
    for (placement, wanted) in campaign.placements.iter().enumerate() {
        let path = folder.join(&wanted.creative);
        let kind = kind_of(&wanted.creative);
        let parts = parts_of(folder, belonging.of_creative(&wanted.creative), digests);
        let digest = digests.of(&path, kind.bytes_max());
        match (digest, parts) {
            (Ok(creative), Ok(parts)) => catalog.push(CatalogItem {
                key: ItemKey::from(format!("local {id}/{placement}")),
                campaign_id: id.clone(),
                campaign: campaign.clone(),
                placement,
                assignment: Assignment::NONE,
                kind,
                creative,
                path,
                parts,
            }),
            (digest, parts) => {
                let file = path.display().to_string();
                let reasons = digest.err().into_iter().chain(parts.err());
                problems.extend(reasons.map(|reason| Problem::with_file(&file, reason)));
            }
        }
    }
    Ok((catalog, problems))
}

/// Finds the files that a creative refers to.
fn parts_of(folder: &Path, names: &[String], digests: &mut Digests) -> Result<Arc<[Part]>, String> {
    let part = |name: &String| {
        if !is_part_name(name) {
            return Err(format!(
                "it names {name:?}, which is no picture of this folder; use the name of a picture that lies beside it"
            ));
        }
        let path = folder.join(name);
        if !path.is_file() {
            return Err(format!(
                "it names {name:?}, which is missing; put that picture beside it, or take its name out"
            ));
        }
        let digest = digests
            .of(&path, kind_of(name).bytes_max())
            .map_err(|reason| format!("its picture {name}: {reason}"))?;
        Ok(Part {
            name: name.clone(),
            path,
            digest,
        })
    };
    names.iter().map(part).collect()
}

/// What a placement's creative is. Names are checked where they come in; what slipped through is judged as a picture.
fn kind_of(name: &str) -> CreativeKind {
    CreativeKind::of_name(name).unwrap_or(CreativeKind::Picture)
}

fn sorted_entries(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut entries: Vec<String> = std::fs::read_dir(folder)?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests;
