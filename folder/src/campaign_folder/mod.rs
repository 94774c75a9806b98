//! One campaign folder: its `campaign.toml`, its creatives, and what of it does not air.
//!
//! Invariants: names are in their normal form here, whichever form they have on the disk;
//! everything that lies in the folder either airs, belongs to what airs, is a system's own or is
//! named in what was left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use passerby_protocol::CampaignId;
use passerby_protocol::campaign::{self, Campaign};
use passerby_protocol::content_fault::{FieldFault, Told};
use passerby_protocol::creative::is_part_name;
use passerby_protocol::creative::{self, CREATIVE_ENDINGS, CreativeKind};
use passerby_protocol::file_names::normal_form;
use passerby_protocol::foreign;
use passerby_protocol::left_out::{self, LeftOut, Reason};
use passerby_protocol::parts::FolderParts;
use passerby_protocol::toml_fields::Problem;

use crate::entries::{self, EntryKind, FolderEntry};
use crate::regular_file;
use crate::text;

/// Most folders of campaigns that a message names.
const NAMED_MAX: usize = 5;

/// A campaign folder that was read.
#[derive(Debug)]
pub struct CampaignFolder {
    /// The folder's name.
    pub id: CampaignId,
    /// What its publisher wrote.
    pub campaign: Campaign,
    folder: PathBuf,
    /// Where the creatives lie, by their names.
    creatives: BTreeMap<String, PathBuf>,
    parts: FolderParts,
}

impl CampaignFolder {
    /// Reads a folder. What of it does not air is added to `left_out`, also when the rest is
    /// refused.
    ///
    /// # Errors
    /// Every problem at once: of the folder, and of `campaign.toml` by line.
    pub fn read(folder: &Path, left_out: &mut LeftOut) -> Result<Self, Vec<Problem>> {
        let wrong = |message| vec![Problem::with_file(folder.display().to_string(), message)];
        if folder.metadata().is_ok_and(|metadata| !metadata.is_dir()) {
            return Err(wrong(
                "this is not a folder; name the folder that holds campaign.toml or the pictures"
                    .to_owned(),
            ));
        }
        let entries = entries::list(folder).map_err(wrong)?;
        Self::of_entries(folder, &entries, left_out)
    }

    pub(crate) fn of_entries(
        folder: &Path,
        entries: &[FolderEntry],
        left_out: &mut LeftOut,
    ) -> Result<Self, Vec<Problem>> {
        let named = folder.display().to_string();
        let id = id_of(folder).map_err(|message| vec![Problem::with_file(&named, message)])?;
        if !entries.iter().any(is_of_a_campaign)
            && let Some(message) = campaigns_in(entries)
        {
            return Err(vec![Problem::with_file(&named, message)]);
        }
        let Sorted {
            creatives,
            names,
            campaign_file,
        } = sort(entries, left_out);
        // A text that cannot be read is told where it is opened.
        let parts = FolderParts::of(&names, |name| {
            text::read_toml_within(creatives.get(name)?).ok()
        });
        let airing = parts.standing_alone(&names);
        let campaign = match campaign_file {
            Some(file) => {
                let shown = file.display().to_string();
                let text = text::read_toml_within(&file)
                    .map_err(|reason| vec![Problem::with_file(&shown, reason)])?;
                Campaign::parse_airing(&shown, &text, &names, &airing)?
            }
            None => Campaign::of_pictures(&named, id.as_str(), &airing)?,
        };
        let read = Self {
            id,
            campaign,
            folder: folder.to_path_buf(),
            creatives,
            parts,
        };
        read.name_what_no_placement_names(&names, left_out);
        Ok(read)
    }

    /// Where a creative lies.
    pub fn path_of(&self, creative: &str) -> PathBuf {
        match self.creatives.get(&*normal_form(creative)) {
            Some(path) => path.clone(),
            None => self.folder.join(creative),
        }
    }

    /// The files that a creative refers to: their names, and where they lie.
    ///
    /// # Errors
    /// For each that it cannot have, why, and what to do.
    pub fn parts_of(
        &self,
        creative: &str,
    ) -> impl Iterator<Item = Result<(String, PathBuf), Told>> {
        self.parts.of_creative(creative).iter().map(|name| {
            let name = name.clone();
            if !is_part_name(&name) {
                return Err(FieldFault::PartOfNoKind { name }.into());
            }
            match self.creatives.get(&name) {
                Some(path) => Ok((name, path.clone())),
                None => Err(FieldFault::PartMissing { name }.into()),
            }
        })
    }

    fn name_what_no_placement_names(&self, names: &[String], left_out: &mut LeftOut) {
        let placed: BTreeSet<&str> = self
            .campaign
            .placements
            .iter()
            .map(|placement| placement.creative.as_str())
            .chain(self.campaign.account_picture())
            .collect();
        let belonging: BTreeSet<&str> = placed
            .iter()
            .flat_map(|creative| self.parts.of_creative(creative))
            .map(String::as_str)
            .collect();
        for name in names {
            if !placed.contains(name.as_str()) && !belonging.contains(name.as_str()) {
                left_out.add(
                    self.path_of(name).display().to_string(),
                    Reason::beside(format!(
                        "no [[placement]] of {} names it, and it does not air; add one with creative = {name:?}",
                        campaign::FILE_NAME
                    )),
                );
            }
        }
    }
}

/// The files of a folder by what they are.
struct Sorted {
    creatives: BTreeMap<String, PathBuf>,
    /// The creatives' names in their order.
    names: Vec<String>,
    campaign_file: Option<PathBuf>,
}

/// Sorts what lies in a campaign folder, and names what does not air.
fn sort(entries: &[FolderEntry], left_out: &mut LeftOut) -> Sorted {
    let mut sorted = Sorted {
        creatives: BTreeMap::new(),
        names: Vec::new(),
        campaign_file: None,
    };
    let mut others = Vec::new();
    for entry in entries {
        let name = normal_form(&entry.name).into_owned();
        match &entry.what {
            // Whatever it is: reading it says what is wrong.
            EntryKind::File | EntryKind::Folder | EntryKind::Other(_)
                if name == campaign::FILE_NAME =>
            {
                sorted.campaign_file = Some(entry.path.clone());
            }
            EntryKind::File if campaign::is_creative(&name) => {
                if let Some(first) = sorted.creatives.get(&name) {
                    left_out.add(entry.shown(), Reason::meant(format!(
                        "it has the name of {} but for the way in which its accents are stored, and does not air; call one of the two otherwise",
                        first.display()
                    )));
                } else {
                    sorted.names.push(name.clone());
                    sorted.creatives.insert(name, entry.path.clone());
                }
            }
            _ => others.push(entry),
        }
    }
    for entry in others {
        left_out.add(entry.shown(), reason_of(entry, &sorted.names));
    }
    sorted
}

/// Says why something in a campaign folder does not air, which is neither a creative nor
/// `campaign.toml`.
pub(crate) fn reason_of(entry: &FolderEntry, creatives: &[String]) -> Reason {
    match &entry.what {
        EntryKind::Unnameable => Reason::meant(
            "its name is not UTF-8 text or has characters that move a cursor, and it does not air; call it otherwise",
        ),
        EntryKind::Other(error) => Reason::meant(format!("it does not air: {error}")),
        EntryKind::Folder if campaign::is_creative(&entry.name) => {
            Reason::meant("it is a folder, and does not air; put a file of that name there")
        }
        EntryKind::Folder => folder_reason(entry),
        EntryKind::File => {
            let head = regular_file::open_within(&entry.path)
                .and_then(|file| file.start(creative::HEAD_BYTES as u64));
            match head {
                Ok(head) => left_out::reason_of(&entry.name, &head, creatives),
                Err(error) => Reason::meant(format!("it does not air: {error}")),
            }
        }
    }
}

fn folder_reason(entry: &FolderEntry) -> Reason {
    let cure = "a campaign has no folders in it; put its files beside the others, or the folder beside this campaign";
    match entries::list(&entry.path) {
        Ok(inner) if inner.is_empty() => Reason::beside("it is an empty folder in a campaign"),
        Ok(inner) if inner.iter().all(is_beside) => {
            Reason::beside(format!("what is in this folder does not air; {cure}"))
        }
        Ok(_) => Reason::meant(format!("what is in this folder does not air; {cure}")),
        Err(reason) => Reason::meant(format!("what is in this folder does not air: {reason}")),
    }
}

/// Whether what lies deeper was surely not meant to be seen.
fn is_beside(entry: &FolderEntry) -> bool {
    matches!(entry.what, EntryKind::File)
        && !is_of_a_campaign(entry)
        && !left_out::reason_of(&entry.name, b"", &[]).is_meant
}

/// Whether something makes the folder in which it lies a campaign.
pub(crate) fn is_of_a_campaign(entry: &FolderEntry) -> bool {
    let name = normal_form(&entry.name);
    name == campaign::FILE_NAME
        || (matches!(entry.what, EntryKind::File) && CreativeKind::of_name(&name).is_some())
}

/// What to say of a folder that is no campaign, when some folders in it are.
fn campaigns_in(entries: &[FolderEntry]) -> Option<String> {
    let campaigns: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.is_folder() && holds_a_campaign(&entry.path))
        .map(|entry| entry.name.as_str())
        .collect();
    let named = campaigns
        .iter()
        .take(NAMED_MAX)
        .copied()
        .collect::<Vec<_>>();
    let more = match campaigns.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!campaigns.is_empty()).then(|| {
        format!(
            "it holds no pictures, but folders that are campaigns; name those one by one: {}{more}",
            named.join(", ")
        )
    })
}

pub(crate) fn holds_a_campaign(folder: &Path) -> bool {
    entries::list(folder).is_ok_and(|entries| entries.iter().any(is_of_a_campaign))
}

fn id_of(folder: &Path) -> Result<CampaignId, String> {
    // "." and ".." have a name only once they are resolved.
    let whole = folder
        .canonicalize()
        .map_err(|error| format!("the folder cannot be opened: {error}"))?;
    let name = whole.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    if foreign::has_hidden(name) {
        return Err(format!(
            "the folder's name, {}, has characters that cannot be seen, and is the campaign's name in reports; rename the folder",
            foreign::escaped(name)
        ));
    }
    normal_form(name)
        .parse()
        .map_err(|error| format!("{error}; rename the folder"))
}

/// What a publisher may put into a folder, for those who have nothing in it yet.
pub(crate) fn nothing_to_air() -> String {
    format!(
        "nothing in this folder can air; put folders of pictures into it, or pictures, films or cards ({CREATIVE_ENDINGS})"
    )
}

#[cfg(test)]
mod tests;
