//! A campaign folder, read and checked whole: what a publisher hands to the hub.
//!
//! Invariant: a [`Publication`] airs as it is. Every placement has its creative and all the files that it refers to; every
//! picture was decoded, and every other file looked at. What of its folder does not air is named: a publication without it
//! is published all the same, since a folder may well hold more than what people should see.

mod media;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use passerby_folder::CampaignFolder;
use passerby_protocol::campaign::Campaign;
use passerby_protocol::left_out::LeftOut;
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

/// A folder that was read.
pub struct Reading {
    /// What can be published, or every problem at once: of the folder, of `campaign.toml` by line, and of each file that is
    /// used.
    pub publication: Result<Publication, Vec<Problem>>,
    /// What lies in the folder and does not air.
    pub left_out: LeftOut,
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
    /// See [`Reading::publication`].
    pub fn read(folder: &Path) -> Result<Self, Vec<Problem>> {
        Self::read_with_left_out(folder).publication
    }

    /// The same, and what of the folder does not air.
    pub fn read_with_left_out(folder: &Path) -> Reading {
        let mut left_out = LeftOut::default();
        let publication = CampaignFolder::read(folder, &mut left_out).and_then(Self::of_folder);
        Reading {
            publication,
            left_out,
        }
    }

    fn of_folder(read: CampaignFolder) -> Result<Self, Vec<Problem>> {
        let mut reader = FileReader::default();
        let mut items = Vec::with_capacity(read.campaign.placements.len());
        for placement in &read.campaign.placements {
            let path = read.path_of(&placement.creative);
            let creative = reader.place(&path, &placement.creative);
            let mut parts = Vec::new();
            for part in read.parts_of(&placement.creative) {
                match part {
                    Ok((name, path)) => {
                        let place = reader.place(&path, &name);
                        parts.extend(place.map(|place| (name, place)));
                    }
                    Err(reason) => {
                        let problem = Problem::with_file(path.display().to_string(), reason);
                        reader.problems.push(problem);
                    }
                }
            }
            if let Some(creative) = creative {
                reader.borrow_thumbnail(creative, &parts);
                items.push(Showing { creative, parts });
            }
        }
        if reader.problems.is_empty() {
            Ok(Self {
                id: read.id,
                campaign: read.campaign,
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
#[derive(Default)]
struct FileReader {
    creatives: Vec<Creative>,
    problems: Vec<Problem>,
    by_path: HashMap<PathBuf, Option<usize>>,
}

impl FileReader {
    /// Where a file is among the creatives; `None` when something is wrong with it, which is then among the problems.
    fn place(&mut self, path: &Path, name: &str) -> Option<usize> {
        if let Some(known) = self.by_path.get(path) {
            return *known;
        }
        let place = match media::read(path, name) {
            Ok(creative) => Some(place_of(&mut self.creatives, creative)),
            Err(found) => {
                self.problems.extend(found);
                None
            }
        };
        self.by_path.insert(path.to_owned(), place);
        place
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
