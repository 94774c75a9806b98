//! A folder that an operator names in `content.folders`: a campaign, or a folder of campaigns.
//!
//! Which of the two it is, and what of it airs:
//!
//! - It holds `campaign.toml`: it airs, as one campaign. Its other files are named by
//!   [`CampaignFolder::read`], and so is every folder in it.
//! - It holds folders of which one at least is a campaign or of campaigns: what these air airs.
//!   Files beside them and folders without a campaign are named.
//! - It holds creatives, and no such folder: it airs, as one campaign. Its other files and every
//!   folder in it are named.
//! - It holds nothing of that: nothing airs. That is named, and every file and folder in it.
//!
//! The same list says what each folder in a folder of campaigns is, [`DEPTH_MAX`] folders deep. A
//! link to a folder is a campaign or none, so that none leads around in a circle. Files and folders
//! that systems make for themselves count for nothing in all of this.
//!
//! Invariant: one bad campaign costs itself; the others are read.

use std::path::Path;

use passerby_protocol::campaign;
use passerby_protocol::file_names::normal_form;
use passerby_protocol::left_out::{LeftOut, Reason};
use passerby_protocol::toml_fields::Problem;

use crate::campaign_folder::{
    CampaignFolder, holds_a_campaign, is_of_a_campaign, nothing_to_air, reason_of,
};
use crate::entries::{self, EntryKind, FolderEntry};
use crate::regular_file::FileError;

/// How many folders deep campaigns are looked for.
pub const DEPTH_MAX: usize = 8;

/// What such a folder holds.
#[derive(Debug, Default)]
pub struct ContentFolder {
    /// The campaigns in natural order of their names.
    pub campaigns: Vec<CampaignFolder>,
    /// What is wrong with the folder or its campaigns.
    pub problems: Vec<Problem>,
    /// What else of it does not air.
    pub left_out: LeftOut,
}

impl ContentFolder {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Self {
        let mut read = Self::default();
        let wrong = |message: String| Problem::with_file(folder.display().to_string(), message);
        let entries = match entries::list(folder) {
            Ok(entries) => entries,
            Err(_) if folder.is_file() => {
                read.problems.push(wrong(
                    "it is a file, and campaigns are folders; name the folder in which it lies"
                        .to_owned(),
                ));
                return read;
            }
            Err(reason) => {
                let cure = "give content.folders a folder that exists";
                read.problems.push(wrong(format!("{reason}; {cure}")));
                return read;
            }
        };
        read.take_folder(folder, &entries, 0);
        read
    }

    fn take_folder(&mut self, folder: &Path, entries: &[FolderEntry], depth: usize) {
        match kind_of(entries, depth) {
            FolderKind::OfCampaigns => {
                for entry in entries {
                    match entries_of(entry) {
                        Some(inner) if leads_to_a_campaign(entry, depth) => {
                            self.take_folder(&entry.path, &inner, depth_of(entry, depth));
                        }
                        _ => self.leave_out(entry),
                    }
                }
            }
            FolderKind::Campaign => {
                let campaign = CampaignFolder::of_entries(folder, entries, &mut self.left_out);
                self.take(folder, campaign);
            }
            FolderKind::Nothing => {
                self.problems.push(Problem::with_file(
                    folder.display().to_string(),
                    nothing_to_air(),
                ));
                for entry in entries {
                    self.leave_out(entry);
                }
            }
        }
    }

    fn take(&mut self, folder: &Path, campaign: Result<CampaignFolder, Vec<Problem>>) {
        match campaign {
            Ok(campaign) if self.campaigns.iter().any(|known| known.id == campaign.id) => {
                self.problems.push(Problem::with_file(
                    folder.display().to_string(),
                    format!(
                        "another folder here is the campaign {} too, and this one does not air; call one of the two otherwise",
                        campaign.id
                    ),
                ));
            }
            Ok(campaign) => self.campaigns.push(campaign),
            Err(problems) => self.problems.extend(problems),
        }
    }

    /// Names what belongs to no campaign; of a folder also its files, since one of them may be why.
    fn leave_out(&mut self, entry: &FolderEntry) {
        if !entry.is_folder() {
            self.left_out.add(entry.shown(), stray(entry));
            return;
        }
        self.left_out.add(entry.shown(), not_a_campaign(entry));
        for inner in entries::list(&entry.path).unwrap_or_default() {
            if !inner.is_folder() {
                self.left_out.add(inner.shown(), reason_of(&inner, &[]));
            }
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FolderKind {
    Campaign,
    OfCampaigns,
    Nothing,
}

fn kind_of(entries: &[FolderEntry], depth: usize) -> FolderKind {
    if entries
        .iter()
        .any(|entry| normal_form(&entry.name) == campaign::FILE_NAME)
    {
        FolderKind::Campaign
    } else if depth < DEPTH_MAX
        && entries
            .iter()
            .any(|entry| leads_to_a_campaign(entry, depth))
    {
        FolderKind::OfCampaigns
    } else if entries.iter().any(is_of_a_campaign) {
        FolderKind::Campaign
    } else {
        FolderKind::Nothing
    }
}

/// Whether something in a folder of this depth is a campaign or a folder of campaigns.
fn leads_to_a_campaign(entry: &FolderEntry, depth: usize) -> bool {
    entries_of(entry)
        .is_some_and(|inner| kind_of(&inner, depth_of(entry, depth)) != FolderKind::Nothing)
}

fn entries_of(entry: &FolderEntry) -> Option<Vec<FolderEntry>> {
    entry
        .is_folder()
        .then(|| entries::list(&entry.path).ok())
        .flatten()
}

/// The depth of a folder in one of this depth; nothing is looked for below a link.
fn depth_of(entry: &FolderEntry, depth: usize) -> usize {
    if entry.path.is_symlink() {
        DEPTH_MAX
    } else {
        depth + 1
    }
}

/// What to say of a file beside campaigns.
fn stray(entry: &FolderEntry) -> Reason {
    match &entry.what {
        EntryKind::File if is_of_a_campaign(entry) => Reason::meant(
            "it lies beside folders of campaigns and belongs to none, and does not air; put it into one of them, or into a folder of its own",
        ),
        EntryKind::Other(FileError::LeadsOut) if entry.path.is_dir() => Reason::meant(
            "it is a link to a folder elsewhere, and does not air; name the folder to which it leads in content.folders of kiosk.toml",
        ),
        _ => reason_of(entry, &[]),
    }
}

/// What to say of a folder beside campaigns that is none.
fn not_a_campaign(folder: &FolderEntry) -> Reason {
    match entries::list(&folder.path) {
        Err(reason) => Reason::meant(format!("it does not air: {reason}")),
        Ok(entries)
            if entries
                .iter()
                .any(|entry| entry.is_folder() && holds_a_campaign(&entry.path)) =>
        {
            Reason::meant(
                "campaigns lie too deep in this folder, and none of it airs; name this folder in content.folders of kiosk.toml too",
            )
        }
        Ok(_) => Reason::meant(format!("it is no campaign: {}", nothing_to_air())),
    }
}

#[cfg(test)]
mod tests;
