//! A placement of a campaign folder, for whoever wants to see it before it is published.

use std::path::{Path, PathBuf};

use passerby_folder::CampaignFolder;
use passerby_protocol::Digest;
use passerby_protocol::left_out::LeftOut;
use passerby_protocol::toml_fields::Problem;

use crate::publish::media;
use crate::publish::preview::order::{Subject, SubjectPart};

impl Subject {
    /// Reads one placement of a folder, counted from 0. Only the files of this placement are read.
    ///
    /// # Errors
    /// Every problem of the folder at once, else those of the placement's files.
    pub fn of_folder(folder: &Path, placement: usize) -> Result<Self, Vec<Problem>> {
        let read = CampaignFolder::read(&absolute(folder), &mut LeftOut::default())?;
        Self::of_read(folder, read, placement)
    }

    /// Reads the placement that shows a file: this one, counted from 0, if it does, else the first
    /// that does.
    ///
    /// # Errors
    /// As of [`Subject::of_folder`].
    pub fn of_creative(
        folder: &Path,
        placement: usize,
        creative: &str,
    ) -> Result<Self, Vec<Problem>> {
        let read = CampaignFolder::read(&absolute(folder), &mut LeftOut::default())?;
        let placements = &read.campaign.placements;
        let shows = |at: &usize| {
            let at = placements.get(*at);
            at.is_some_and(|placement| placement.creative == creative)
        };
        let at = Some(placement).filter(shows);
        let Some(at) = at.or_else(|| (0..placements.len()).find(shows)) else {
            let message = "it does not air by itself".to_owned();
            return Err(vec![Problem::with_file(creative, message)]);
        };
        Self::of_read(folder, read, at)
    }

    /// Names its files from the folder in which they lie, so that they may move with it.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        let folder = absolute(folder);
        let bare = |file: PathBuf| match file.strip_prefix(&folder) {
            Ok(bare) => bare.to_owned(),
            Err(_) => file,
        };
        let parts = self.parts.into_iter().map(|part| SubjectPart {
            file: bare(part.file),
            ..part
        });
        Self {
            file: bare(self.file),
            parts: parts.collect(),
            ..self
        }
    }

    fn of_read(
        folder: &Path,
        read: CampaignFolder,
        placement: usize,
    ) -> Result<Self, Vec<Problem>> {
        let wrong = |message| vec![Problem::with_file(folder.display().to_string(), message)];
        let Some(wanted) = read.campaign.placements.get(placement) else {
            return Err(wrong(format!(
                "it has no placement {}; name one from 1 to {}",
                placement + 1,
                read.campaign.placements.len()
            )));
        };
        let (file, digest) = file_of(&read.path_of(&wanted.creative), &wanted.creative)?;
        let mut parts = Vec::new();
        for part in read.parts_of(&wanted.creative) {
            let (name, path) = part
                .map_err(|fault| vec![Problem::with_file(folder.display().to_string(), fault)])?;
            let (file, digest) = file_of(&path, &name)?;
            parts.push(SubjectPart { name, file, digest });
        }
        Ok(Self {
            id: read.id,
            campaign: read.campaign,
            placement,
            file,
            digest,
            parts,
        })
    }
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

fn file_of(path: &Path, name: &str) -> Result<(PathBuf, Digest), Vec<Problem>> {
    let read = media::read(path, name)?;
    Ok((read.source, read.digest))
}
