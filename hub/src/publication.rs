//! A campaign folder, read and checked whole: what a publisher hands to the hub.
//!
//! Invariant: a [`Publication`] airs as it is. Every placement has its picture, and every picture was decoded.

use std::collections::HashMap;
use std::path::Path;

use passerby_protocol::campaign::{self, Campaign};
use passerby_protocol::limits::{CREATIVE_BYTES_MAX, PLACEMENTS_MAX, TOML_BYTES_MAX};
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{CampaignId, Digest};

use crate::picture::{Picture, PictureError};

/// A checked campaign with its pictures.
pub struct Publication {
    /// The folder's name.
    pub id: CampaignId,
    /// What the publisher wrote.
    pub campaign: Campaign,
    /// For each placement its picture, as an index into `creatives`.
    pub items: Vec<usize>,
    /// The pictures, each once.
    pub creatives: Vec<Creative>,
}

/// One picture of a publication.
pub struct Creative {
    /// Its name for ever.
    pub digest: Digest,
    /// The file.
    pub bytes: Vec<u8>,
    /// What it shows.
    pub picture: Picture,
}

impl Publication {
    /// Reads a folder.
    ///
    /// # Errors
    /// Every problem at once: of the folder, of `campaign.toml` by line, and of each picture that is used.
    pub fn read(folder: &Path) -> Result<Self, Vec<Problem>> {
        let named = folder.display().to_string();
        let id = campaign_id(folder, &named)?;
        let pictures = picture_names(folder, &named)?;
        let campaign = read_campaign(folder, &named, &id, &pictures)?;

        let (mut creatives, mut problems) = (Vec::<Creative>::new(), Vec::new());
        let mut by_name: HashMap<&str, Option<usize>> = HashMap::new();
        let mut items = Vec::with_capacity(campaign.placements.len());
        for placement in &campaign.placements {
            let place = by_name.entry(&placement.creative).or_insert_with(|| {
                let path = folder.join(&placement.creative);
                match read_creative(&path) {
                    Ok(creative) => Some(place_of(&mut creatives, creative)),
                    Err(message) => {
                        problems.push(Problem::with_file(path.display().to_string(), message));
                        None
                    }
                }
            });
            items.extend(*place);
        }
        if problems.is_empty() {
            Ok(Self {
                id,
                campaign,
                items,
                creatives,
            })
        } else {
            Err(problems)
        }
    }

    /// Returns for each placement its picture's digest.
    pub fn item_digests(&self) -> impl Iterator<Item = Digest> {
        self.items.iter().map(|&at| self.creatives[at].digest)
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

fn picture_names(folder: &Path, named: &str) -> Result<Vec<String>, Vec<Problem>> {
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
    pictures: &[String],
) -> Result<Campaign, Vec<Problem>> {
    let path = folder.join(campaign::FILE_NAME);
    let file = path.display().to_string();
    let problem = |message: String| vec![Problem::with_file(&file, message)];
    match std::fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Campaign::of_pictures(named, id.as_str(), pictures)
        }
        Err(error) => Err(problem(format!("cannot be read: {error}"))),
        Ok(meta) if meta.len() > TOML_BYTES_MAX => Err(problem(format!(
            "it has {} bytes; use at most {TOML_BYTES_MAX}",
            meta.len()
        ))),
        Ok(_) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| problem(format!("cannot be read: {error}")))?;
            Campaign::parse(&file, &text, pictures)
        }
    }
}

fn read_creative(path: &Path) -> Result<Creative, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > CREATIVE_BYTES_MAX {
        return Err(PictureError::Heavy(size).to_string());
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let picture = Picture::read(&bytes).map_err(|error| error.to_string())?;
    Ok(Creative {
        digest: Digest::of(&bytes),
        bytes,
        picture,
    })
}

/// Two file names may hold the same picture.
fn place_of(creatives: &mut Vec<Creative>, creative: Creative) -> usize {
    creatives
        .iter()
        .position(|known| known.digest == creative.digest)
        .unwrap_or_else(|| {
            creatives.push(creative);
            creatives.len() - 1
        })
}
