//! What this screen could air: local campaign folders, with the hub's campaigns on top.
//!
//! Invariant: an item of the catalogue is a picture that is wholly on this machine; whether it decodes is the
//! composer's business, whether it may air now is the rotation's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use passerby_protocol::campaign::{self, Campaign, CreativeKind};
use passerby_protocol::limits::CREATIVE_BYTES_MAX;
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{Assignment, CampaignId, Digest, Manifest, Placement};

use crate::cache::Cache;
use crate::fairness::ItemKey;
use crate::layout;
use crate::show::Part;

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
/// others off the screen.
pub fn read_folder(folder: &Path) -> (Catalog, Vec<Problem>) {
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
        match read_campaign(folder, &entries) {
            Ok(items) => catalog = items,
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
            match read.and_then(|entries| read_campaign(&child, &entries)) {
                Ok(items) => catalog.extend(items),
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

/// Makes the items of a manifest whose pictures are in the cache.
pub fn of_manifest(manifest: &Manifest, cache: &Cache) -> Catalog {
    let mut catalog = Catalog::new();
    for entry in &manifest.campaigns {
        let campaign = Arc::new(entry.campaign.clone());
        catalog.extend(
            entry
                .items
                .iter()
                .enumerate()
                .map(|(placement, item)| CatalogItem {
                    key: ItemKey(format!("hub {}", item.assignment)),
                    campaign_id: entry.id.clone(),
                    campaign: campaign.clone(),
                    placement,
                    assignment: item.assignment,
                    kind: kind_of(&entry.campaign.placements[placement].creative),
                    creative: item.creative,
                    path: cache.path(item.creative),
                    parts: Arc::default(),
                }),
        );
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

fn read_campaign(folder: &Path, entries: &[String]) -> Result<Catalog, Vec<Problem>> {
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
    let pictures: Vec<String> = entries
        .iter()
        .filter(|entry| campaign::is_creative(entry))
        .cloned()
        .collect();
    let campaign = if entries.iter().any(|entry| entry == campaign::FILE_NAME) {
        let file = folder.join(campaign::FILE_NAME);
        let file_name = file.display().to_string();
        let text = crate::config::read_text(&file)
            .map_err(|reason| vec![Problem::with_file(&file_name, reason)])?;
        Campaign::parse(&file_name, &text, &pictures)?
    } else {
        Campaign::of_pictures(&name, &title, &pictures)?
    };
    let campaign = Arc::new(campaign);
    let mut catalog = Catalog::new();
    let mut problems = Vec::new();
    for (placement, wanted) in campaign.placements.iter().enumerate() {
        let path = folder.join(&wanted.creative);
        match digest_of(&path) {
            Ok(creative) => catalog.push(CatalogItem {
                key: ItemKey(format!("local {id}/{placement}")),
                campaign_id: id.clone(),
                campaign: campaign.clone(),
                placement,
                assignment: Assignment::NONE,
                kind: kind_of(&wanted.creative),
                creative,
                path,
                parts: Arc::default(),
            }),
            Err(reason) => problems.push(Problem::with_file(path.display().to_string(), reason)),
        }
    }
    if problems.is_empty() {
        Ok(catalog)
    } else {
        Err(problems)
    }
}

/// What a placement's creative is. Names are checked where they come in; what slipped through is judged as a picture.
fn kind_of(name: &str) -> CreativeKind {
    CreativeKind::of_name(name).unwrap_or(CreativeKind::Picture)
}

fn digest_of(path: &Path) -> Result<Digest, String> {
    let size = std::fs::metadata(path)
        .map_err(|error| format!("cannot be read: {error}"))?
        .len();
    if size > CREATIVE_BYTES_MAX {
        return Err(format!(
            "it has {size} bytes, more than {CREATIVE_BYTES_MAX}; make the picture smaller"
        ));
    }
    std::fs::read(path)
        .map(|bytes| Digest::of(&bytes))
        .map_err(|error| format!("cannot be read: {error}"))
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
mod tests {
    use super::*;

    fn write(path: &Path, bytes: &[u8]) {
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, bytes).expect("writes");
    }

    #[test]
    fn a_bare_folder_of_pictures_is_a_campaign() {
        let folder = tempfile::tempdir().expect("folder");
        let bare = folder.path().join("window");
        write(&bare.join("b.png"), b"b");
        write(&bare.join("a.jpg"), b"a");
        write(&bare.join("notes.txt"), b"not a picture");
        let (catalog, problems) = read_folder(&bare);
        assert_eq!(problems, []);
        assert_eq!(
            catalog
                .iter()
                .map(|item| item.placement().creative.as_str())
                .collect::<Vec<_>>(),
            ["a.jpg", "b.png"]
        );
        assert_eq!(catalog[0].campaign_id.as_str(), "window");
        assert_eq!(catalog[0].creative, Digest::of(b"a"));
    }

    #[test]
    fn campaigns_take_turns_before_a_second_placement_comes() {
        let folder = tempfile::tempdir().expect("folder");
        for file in ["book/a.jpg", "book/b.jpg", "cafe/c.jpg", "cafe/d.jpg"] {
            write(&folder.path().join(file), file.as_bytes());
        }
        let (mut catalog, _) = read_folder(folder.path());
        interleave(&mut catalog);
        let order: Vec<&str> = catalog
            .iter()
            .map(|item| item.placement().creative.as_str())
            .collect();
        assert_eq!(order, ["a.jpg", "c.jpg", "b.jpg", "d.jpg"]);
    }

    #[test]
    fn one_bad_campaign_leaves_the_others_on_the_screen() {
        let folder = tempfile::tempdir().expect("folder");
        write(&folder.path().join("good/a.jpg"), b"a");
        write(
            &folder.path().join("bad/campaign.toml"),
            b"title = 'x'\n[[placement]]\ncreative = 'gone.png'\n",
        );
        std::fs::create_dir(folder.path().join("empty")).expect("folder");
        let (catalog, problems) = read_folder(folder.path());
        assert_eq!(catalog.len(), 1);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(
            problems[0]
                .to_string()
                .contains("campaign.toml:3: creative \"gone.png\" is missing")
        );
        assert!(problems[1].to_string().contains("the folder is empty"));
    }

    #[test]
    fn a_changed_file_changes_the_fingerprint() {
        let folder = tempfile::tempdir().expect("folder");
        write(&folder.path().join("c/a.jpg"), b"a");
        let before = fingerprint(folder.path());
        assert_eq!(before, fingerprint(folder.path()));
        write(&folder.path().join("c/a.jpg"), b"aa");
        assert_ne!(before, fingerprint(folder.path()));
    }
}
