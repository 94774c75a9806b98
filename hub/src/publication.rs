//! A campaign folder, read and checked whole: what a publisher hands to the hub.
//!
//! Invariant: a [`Publication`] airs as it is. Every placement has its creative and all the files that it refers to; every
//! picture was decoded, and every other file looked at.

mod media;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use passerby_protocol::campaign::{self, Campaign};
use passerby_protocol::limits::{PLACEMENTS_MAX, TOML_BYTES_MAX};
use passerby_protocol::parts::{FolderParts, is_part_name};
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{CampaignId, Digest};

use crate::picture::Thumbnail;

/// A checked campaign with its files.
pub struct Publication {
    /// The folder's name.
    pub id: CampaignId,
    /// What the publisher wrote.
    pub campaign: Campaign,
    /// For each placement what it shows.
    pub items: Vec<Showing>,
    /// The files, each once.
    pub creatives: Vec<Creative>,
}

/// What a placement shows: places in [`Publication::creatives`].
#[derive(Clone)]
pub struct Showing {
    /// The creative.
    pub creative: usize,
    /// The files that it refers to, by the names that it gives them.
    pub parts: Vec<(String, usize)>,
}

/// One file of a publication.
pub struct Creative {
    /// Its name for ever.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Such as `image/png` or `video/mp4`.
    pub media_type: &'static str,
    /// The file itself.
    pub content: Content,
    /// A small JPEG of it, or of the first picture that it refers to; none when there is nothing to see.
    pub thumbnail: Option<Thumbnail>,
}

/// A file that is about to be stored.
pub enum Content {
    /// All of it.
    Bytes(Vec<u8>),
    /// Where it lies; for what is too large to be held.
    File(PathBuf),
}

impl Publication {
    /// Reads a folder.
    ///
    /// # Errors
    /// Every problem at once: of the folder, of `campaign.toml` by line, and of each file that is used.
    pub fn read(folder: &Path) -> Result<Self, Vec<Problem>> {
        let named = folder.display().to_string();
        let id = campaign_id(folder, &named)?;
        let names = creative_names(folder, &named)?;
        let belonging = FolderParts::of(&names, |name| read_text(&folder.join(name)).ok());
        let airing = belonging.standing_alone(&names);
        let campaign = read_campaign(folder, &named, &id, &names, &airing)?;

        let mut reader = FileReader::new(folder);
        let mut items = Vec::with_capacity(campaign.placements.len());
        for placement in &campaign.placements {
            let creative = reader.place(&placement.creative);
            let parts = belonging.of_creative(&placement.creative);
            let parts: Vec<_> = parts
                .iter()
                .filter_map(|name| Some((name.clone(), reader.part(&placement.creative, name)?)))
                .collect();
            if let Some(creative) = creative {
                reader.borrow_thumbnail(creative, &parts);
                items.push(Showing { creative, parts });
            }
        }
        if reader.problems.is_empty() {
            Ok(Self {
                id,
                campaign,
                items,
                creatives: reader.creatives,
            })
        } else {
            Err(reader.problems)
        }
    }

    /// Returns for each placement its creative's digest, and the names and digests of what that refers to.
    pub fn item_digests(
        &self,
    ) -> impl Iterator<Item = (Digest, impl Iterator<Item = (&str, Digest)>)> {
        let digest = |at: usize| self.creatives[at].digest;
        self.items.iter().map(move |item| {
            let parts = item.parts.iter();
            (
                digest(item.creative),
                parts.map(move |(name, at)| (name.as_str(), digest(*at))),
            )
        })
    }
}

/// Reads each file of a folder once.
struct FileReader<'a> {
    folder: &'a Path,
    creatives: Vec<Creative>,
    problems: Vec<Problem>,
    by_name: HashMap<String, Option<usize>>,
}

impl<'a> FileReader<'a> {
    fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            creatives: Vec::new(),
            problems: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    /// Where a file is among the creatives; `None` when something is wrong with it, which is then among the problems.
    fn place(&mut self, name: &str) -> Option<usize> {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let path = self.folder.join(name);
        let place = match media::read(&path, name) {
            Ok(creative) => Some(place_of(&mut self.creatives, creative)),
            Err(found) => {
                self.problems.extend(found);
                None
            }
        };
        self.by_name.insert(name.to_owned(), place);
        place
    }

    /// The same for a file that `owner` refers to.
    fn part(&mut self, owner: &str, name: &str) -> Option<usize> {
        let mut wrong = |message: String| {
            let owner = self.folder.join(owner).display().to_string();
            self.problems.push(Problem::with_file(owner, message));
            None
        };
        if !is_part_name(name) {
            return wrong(format!(
                "it names {name:?}, which is no picture of this folder; use the name of a picture that lies beside it"
            ));
        }
        if !self.folder.join(name).is_file() {
            return wrong(format!(
                "it names {name:?}, which is missing; put that picture beside it, or take its name out"
            ));
        }
        self.place(name)
    }

    /// A creative without a picture of its own is shown to phones as the first picture that it refers to.
    fn borrow_thumbnail(&mut self, creative: usize, parts: &[(String, usize)]) {
        if self.creatives[creative].thumbnail.is_none() {
            let mut of_parts = parts.iter();
            self.creatives[creative].thumbnail =
                of_parts.find_map(|(_, at)| self.creatives[*at].thumbnail.clone());
        }
    }
}

fn campaign_id(folder: &Path, named: &str) -> Result<CampaignId, Vec<Problem>> {
    let problem = |message: String| vec![Problem::with_file(named, message)];
    // "." and ".." have a name only once they are resolved.
    let whole = folder
        .canonicalize()
        .map_err(|error| problem(format!("the folder cannot be opened: {error}")))?;
    if !whole.is_dir() {
        return Err(problem(
            "this is not a folder; name the folder that holds campaign.toml or the pictures".into(),
        ));
    }
    let name = whole.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default()
        .parse()
        .map_err(|error| problem(format!("rename the folder: {error}")))
}

fn creative_names(folder: &Path, named: &str) -> Result<Vec<String>, Vec<Problem>> {
    let failed = |error| {
        vec![Problem::with_file(
            named,
            format!("the folder cannot be read: {error}"),
        )]
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if let Ok(name) = entry.file_name().into_string()
            && campaign::is_creative(&name)
            && entry.path().is_file()
        {
            names.push(name);
        }
        if names.len() > PLACEMENTS_MAX {
            break;
        }
    }
    names.sort();
    Ok(names)
}

fn read_campaign(
    folder: &Path,
    named: &str,
    id: &CampaignId,
    creatives: &[String],
    airing: &[String],
) -> Result<Campaign, Vec<Problem>> {
    let path = folder.join(campaign::FILE_NAME);
    let file = path.display().to_string();
    let problem = |message: String| vec![Problem::with_file(&file, message)];
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Campaign::of_pictures(named, id.as_str(), airing)
        }
        _ => {
            let text = read_text(&path).map_err(problem)?;
            Campaign::parse_airing(&file, &text, creatives, airing)
        }
    }
}

/// Reads a text file of at most [`TOML_BYTES_MAX`] bytes; the error says what to do.
fn read_text(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > TOML_BYTES_MAX {
        return Err(format!("it has {size} bytes; use at most {TOML_BYTES_MAX}"));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

/// Two file names may hold the same file.
fn place_of(creatives: &mut Vec<Creative>, creative: Creative) -> usize {
    creatives
        .iter()
        .position(|known| known.digest == creative.digest)
        .unwrap_or_else(|| {
            creatives.push(creative);
            creatives.len() - 1
        })
}
