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
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let read = CampaignFolder::read(&folder, &mut LeftOut::default())?;
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
            let (name, path) = part.map_err(wrong)?;
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

fn file_of(path: &Path, name: &str) -> Result<(PathBuf, Digest), Vec<Problem>> {
    let read = media::read(path, name)?;
    Ok((read.source, read.digest))
}
