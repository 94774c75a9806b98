//! What this screen could air: local campaign folders, with the hub's campaigns on top.
//!
//! Invariant: an item of the catalogue is a creative that is wholly on this machine, with all the
//! files that it refers to; whether it decodes is the composer's business, whether it may air now
//! is the rotation's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use passerby_folder::{CampaignFolder, ContentFolder};
use passerby_protocol::campaign::{Campaign, CreativeKind};
use passerby_protocol::left_out::LeftOut;
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{Assignment, CampaignId, Digest, Placement};

use crate::content::active::ActiveContent;
use crate::content::cache::Cache;
use crate::content::creative::{CreativeFile, Part};
use crate::content::digests::Digests;

use crate::screen::layout;

/// Most files of one folder whose changes are noticed.
const FINGERPRINT_FILES_MAX: usize = 100_000;

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

/// What local folders hold.
#[derive(Debug, Default)]
pub struct LocalContent {
    /// What can air.
    pub catalog: Catalog,
    /// What is wrong: one bad campaign does not take the others off the screen, and one bad file
    /// costs its own item.
    pub problems: Vec<Problem>,
    /// What lies in the folders besides, and does not air.
    pub left_out: LeftOut,
}

impl LocalContent {
    /// Reads a folder: a campaign itself, or a folder of such folders. [`ContentFolder`] says which
    /// of the two it is.
    pub fn read(folder: &Path) -> Self {
        Self::read_again(&[folder], &mut Digests::default())
    }

    /// Reads several folders that were read before: only files that have changed are hashed.
    pub(crate) fn read_again(folders: &[impl AsRef<Path>], digests: &mut Digests) -> Self {
        let mut content = Self::default();
        for folder in folders {
            let read = ContentFolder::read(folder.as_ref());
            content.problems.extend(read.problems);
            content.left_out.append(read.left_out);
            for campaign in &read.campaigns {
                content.take(campaign, digests);
            }
        }
        content
    }

    /// Takes the good items of a campaign, and what is wrong with the others.
    fn take(&mut self, folder: &CampaignFolder, digests: &mut Digests) {
        let campaign = Arc::new(folder.campaign.clone());
        let id = &folder.id;
        for (placement, wanted) in campaign.placements.iter().enumerate() {
            let path = folder.path_of(&wanted.creative);
            let kind = kind_of(&wanted.creative);
            let parts = parts_of(folder, &wanted.creative, digests);
            match (digests.of(&path, kind.bytes_max()), parts) {
                (Ok(creative), Ok(parts)) => self.catalog.push(CatalogItem {
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
                    let problems = reasons.map(|reason| Problem::with_file(&file, reason));
                    self.problems.extend(problems);
                }
            }
        }
    }
}

/// Puts the first placements of all campaigns before the second ones, and so on. The rotation gives
/// ties to the earlier item, so this keeps a campaign from airing all its placements in a row.
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
pub fn of_hub(content: &ActiveContent, cache: &Cache) -> Catalog {
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

/// Sums up names, sizes and dates below a folder, at most [`FINGERPRINT_FILES_MAX`], so that a
/// change is noticed without reading pictures again. Nothing is opened.
pub fn fingerprint(folder: &Path) -> Vec<(PathBuf, u64, Option<std::time::SystemTime>)> {
    let mut seen = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for path in sorted_paths(&folder) {
            if seen.len() == FINGERPRINT_FILES_MAX {
                return seen;
            }
            match std::fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && depth == 0 => folders.push((path, 1)),
                Ok(metadata) => seen.push((path, metadata.len(), metadata.modified().ok())),
                // A link to nothing, which may be named.
                Err(_) => seen.push((path, 0, None)),
            }
        }
    }
    seen
}

/// The names in a folder, at most [`FINGERPRINT_FILES_MAX`], in an order that does not change.
fn sorted_paths(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .take(FINGERPRINT_FILES_MAX)
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

/// Finds the files that a creative refers to.
fn parts_of(
    folder: &CampaignFolder,
    creative: &str,
    digests: &mut Digests,
) -> Result<Arc<[Part]>, String> {
    let parts = folder.parts_of(creative).map(|part| {
        let (name, path) = part.map_err(|fault| fault.to_string())?;
        let digest = digests
            .of(&path, kind_of(&name).bytes_max())
            .map_err(|reason| format!("its picture {name}: {reason}"))?;
        Ok(Part { name, path, digest })
    });
    parts.collect()
}

/// What a placement's creative is. Names are checked where they come in; what slipped through is
/// judged as a picture.
fn kind_of(name: &str) -> CreativeKind {
    CreativeKind::of_name(name).unwrap_or(CreativeKind::Picture)
}

/// Names what is counted: a placement, a group of them that airs as one, or a phase.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey(pub Arc<str>);

impl From<String> for ItemKey {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

#[cfg(test)]
mod tests;
