//! A campaign folder, read and checked whole: what a publisher hands to the hub.
//!
//! Invariant: a [`Publication`] airs as it is. Every placement has its creative and all the files
//! that it refers to, and each was looked at as screens do, but for films on a machine without
//! ffmpeg. What of its folder does not air is named: a publication without it is published all the
//! same, since a folder may well hold more than what people should see.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use passerby_folder::{CampaignFolder, text};
use passerby_protocol::campaign::{self, Campaign, Colours, Placement};
use passerby_protocol::card::{BODY_DWELL_ADVISED, Card};
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::left_out::LeftOut;
use passerby_protocol::parts;
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{CampaignId, Digest};

use crate::publish::inspection::{Answer, Job, JobPart};
use crate::publish::media::Creative;

/// Looks at creatives of a folder and returns one answer for each, in their order.
pub type LookAt<'a> = dyn Fn(&Path, &[Job]) -> Vec<Answer> + 'a;

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
    /// Which of them is the picture of the account to follow; it airs nowhere by itself.
    pub account_picture: Option<usize>,
    /// What is well to know although it airs.
    pub notes: Vec<Problem>,
    /// Its `campaign.toml` as it was written; empty where there is none.
    pub written: String,
}

/// A folder that was read.
pub struct PublicationRead {
    /// What can be published, or every problem at once: of the folder, of `campaign.toml` by line,
    /// and of each file that is used.
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

impl Publication {
    /// Reads a folder, and has the files that are used looked at, as
    /// [`Workers::look_at`](crate::publish::inspection::Workers::look_at) does it.
    ///
    /// # Errors
    /// See [`PublicationRead::publication`].
    pub fn read(folder: &Path, look_at: &LookAt<'_>) -> Result<Self, Vec<Problem>> {
        Self::read_with_left_out(folder, look_at).publication
    }

    /// The same, and what of the folder does not air.
    pub fn read_with_left_out(folder: &Path, look_at: &LookAt<'_>) -> PublicationRead {
        let mut left_out = LeftOut::default();
        let publication = CampaignFolder::read(folder, &mut left_out)
            .and_then(|read| Self::of_folder(folder, read, look_at));
        PublicationRead {
            publication,
            left_out,
        }
    }

    fn of_folder(
        folder: &Path,
        read: CampaignFolder,
        look_at: &LookAt<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut reader = FileReader::default();
        let mut items = Vec::with_capacity(read.campaign.placements.len());
        for placement in &read.campaign.placements {
            let path = read.path_of(&placement.creative);
            let creative = reader.place(&path, &placement.creative);
            let mut parts = Vec::new();
            let mut is_whole = true;
            for part in read.parts_of(&placement.creative) {
                match part {
                    Ok((name, path)) => {
                        let place = reader.place(&path, &name);
                        is_whole &= place.is_some();
                        parts.extend(place.map(|place| (name, place)));
                    }
                    Err(reason) => {
                        let problem = Problem::with_file(path.display().to_string(), reason);
                        reader.problems.push(problem);
                        is_whole = false;
                    }
                }
            }
            match creative {
                Some(creative) if is_whole => items.push(Showing { creative, parts }),
                // It cannot be looked at without its parts.
                Some(_) => reader.check_text(&path, &placement.creative),
                None => {}
            }
        }
        let account_picture = read.campaign.account_picture().and_then(|name| {
            let path = read.path_of(name);
            reader.place(&path, name)
        });
        let picture = account_picture.map(|creative| Showing {
            creative,
            parts: Vec::new(),
        });
        let looked_at: Vec<&Showing> = items.iter().chain(&picture).collect();
        let mut notes = reader.have_looked_at(folder, look_at, &looked_at, &read.campaign.colours);
        // Where there is no file, nothing is said of its lines.
        let path = folder.join(campaign::FILE_NAME);
        let written = text::read_toml_within(&path).unwrap_or_default();
        notes.extend(unseen(&path, &written, &read.campaign));
        notes.extend(read.campaign.placements.iter().filter_map(|placement| {
            let path = read.path_of(&placement.creative);
            untried(placement, &path)
        }));
        if reader.problems.is_empty() {
            Ok(Self {
                id: read.id,
                campaign: read.campaign,
                items,
                creatives: reader.creatives,
                account_picture,
                notes,
                written,
            })
        } else {
            Err(reader.problems)
        }
    }

    /// Returns for each placement its creative's digest, and the names and digests of what that
    /// refers to.
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

impl Publication {
    /// The files that it uses, by the names that it gives them.
    pub fn files(&self) -> BTreeMap<&str, Digest> {
        let placements = self.campaign.placements.iter().zip(self.item_digests());
        let account = (self.campaign.account_picture()).zip(self.account_picture_digest());
        placements
            .flat_map(|(placement, (creative, parts))| {
                std::iter::once((placement.creative.as_str(), creative)).chain(parts)
            })
            .chain(account)
            .collect()
    }

    /// The picture of the account to follow.
    pub fn account_picture_digest(&self) -> Option<Digest> {
        Some(self.creatives.get(self.account_picture?)?.digest)
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
    /// Where a file is among the creatives; `None` when something is wrong with it, which is then
    /// among the problems.
    fn place(&mut self, path: &Path, name: &str) -> Option<usize> {
        if let Some(known) = self.by_path.get(path) {
            return *known;
        }
        let place = match crate::publish::media::read(path, name) {
            Ok(creative) => Some(place_of(&mut self.creatives, creative)),
            Err(found) => {
                self.problems.extend(found);
                None
            }
        };
        self.by_path.insert(path.to_owned(), place);
        place
    }

    /// Looks only at what a text creative says.
    fn check_text(&mut self, path: &Path, name: &str) {
        let kind = CreativeKind::of_name(name).unwrap_or(CreativeKind::Picture);
        if !kind.is_text() {
            return;
        }
        let file = path.display().to_string();
        let found = match text::read_toml_within(path) {
            Ok(text) => parts::check_text(kind, &file, &text).err(),
            Err(reason) => Some(vec![Problem::with_file(file, reason)]),
        };
        self.problems.extend(found.unwrap_or_default());
    }

    /// Has what is placed looked at, each creative once, and takes in what is said. Returns what is
    /// well to know.
    fn have_looked_at(
        &mut self,
        folder: &Path,
        look_at: &LookAt<'_>,
        items: &[&Showing],
        colours: &Colours,
    ) -> Vec<Problem> {
        let mut placed: Vec<&Showing> = Vec::new();
        for &item in items {
            if placed.iter().all(|known| known.creative != item.creative) {
                placed.push(item);
            }
        }
        let jobs: Vec<Job> = placed.iter().map(|item| self.job(item, colours)).collect();
        let answers = look_at(folder, &jobs);
        let mut notes = Vec::new();
        let mut missing_program = None;
        for (item, answer) in placed.into_iter().zip(answers) {
            let Answer {
                problems,
                notes: told,
                missing_program: missing,
                thumbnail,
            } = answer;
            for problem in problems {
                add(&mut self.problems, in_folder(folder, problem));
            }
            for note in told {
                add(&mut notes, in_folder(folder, note));
            }
            missing_program = missing_program.or(missing);
            self.creatives[item.creative].thumbnail = thumbnail;
        }
        if let Some(missing) = missing_program {
            let message = format!("its films were not looked at: {missing}");
            notes.push(Problem::with_file(folder.display().to_string(), message));
        }
        notes
    }

    fn job(&self, item: &Showing, colours: &Colours) -> Job {
        let creative = &self.creatives[item.creative];
        let parts = item.parts.iter().map(|(name, at)| JobPart {
            name: name.clone(),
            file: self.creatives[*at].file_name(),
            digest: self.creatives[*at].digest,
        });
        Job {
            name: creative.name.clone(),
            file: creative.file_name(),
            kind: CreativeKind::of_name(&creative.name).unwrap_or(CreativeKind::Picture),
            digest: creative.digest,
            parts: parts.collect(),
            colours: *colours,
        }
    }
}

/// What its file says and nobody will see.
fn unseen<'a>(
    path: &Path,
    written: &'a str,
    campaign: &Campaign,
) -> impl Iterator<Item = Problem> + use<'a> {
    let file = path.display().to_string();
    let unseen = campaign.unseen().into_iter();
    unseen.map(move |unseen| unseen.told(&file, written))
}

/// What of a placement only its screens can tell, or its viewers.
fn untried(placement: &Placement, path: &Path) -> Option<Problem> {
    let advised = BODY_DWELL_ADVISED.as_secs();
    let message = match CreativeKind::of_name(&placement.creative)? {
        CreativeKind::Page => {
            "its page was not opened here, since screens reach other networks than the hub; try it on a screen: put this \
             file into a folder of its content.folders and run passerby check"
                .to_owned()
        }
        CreativeKind::Card => {
            let seconds = placement.seconds.map(u64::from)?;
            let written = text::read_toml_within(path).ok()?;
            let has_body = Card::parse("", &written).is_ok_and(|card| card.body.is_some());
            if !has_body || seconds >= advised {
                return None;
            }
            format!(
                "its body is on the screen for {seconds} s, and most people need {advised} s to read one; give its \
                 placement seconds = {advised}"
            )
        }
        _ => return None,
    };
    Some(Problem::with_file(path.display().to_string(), message))
}

/// Adds what was not said yet: two creatives may have a part in common.
fn add(to: &mut Vec<Problem>, problem: Problem) {
    if !to.contains(&problem) {
        to.push(problem);
    }
}

/// A worker calls a file by its name; here its folder stands before it.
fn in_folder(folder: &Path, problem: Problem) -> Problem {
    Problem {
        file: folder.join(&problem.file).display().to_string(),
        ..problem
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
