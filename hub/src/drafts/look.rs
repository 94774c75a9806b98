//! A draft as a folder on the disk, looked at as screens do, and published.
//!
//! Invariants: what was looked at once is not looked at again while it stays the same; at most one
//! draft is looked at at a time, with all the workers that one publication has.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use passerby_protocol::campaign;
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{CampaignId, Digest, ScreenNumber};

use crate::Hub;
use crate::blobs::BlobError;
use crate::hub::ReleaseError;
use crate::people::Actor;
use crate::publish::folder::{Publication, PublicationRead};
use crate::publish::inspection::{Answer, Job, Thumbnail, Workers};
use crate::sources::work_folder::WorkFolder;
use crate::store::{CampaignFile, Draft, DraftError, Found, StoreError};

/// Most answers of workers that are remembered.
const ANSWERS_MAX: usize = 256;
/// Most problems, and most notes, of one draft that are kept.
const PROBLEMS_MAX: usize = 100;

/// Says why a draft cannot be looked at now.
#[derive(Debug, thiserror::Error)]
pub enum LookFault {
    /// The disk.
    #[error("the hub cannot write its files: {0}")]
    Disk(#[from] std::io::Error),
    /// The store of creatives.
    #[error("a file of this draft cannot be read: {0}")]
    Blob(#[from] BlobError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system does not say which program this is.
    #[error("the program that looks at pictures cannot be started; start the hub again")]
    NoWorkers,
}

/// Says why a draft was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishFault {
    /// What is wrong with it.
    #[error("it cannot be shown as it is; its page says what to change")]
    Problems(Found),
    /// It cannot be looked at.
    #[error(transparent)]
    Look(#[from] LookFault),
    /// A file cannot be stored.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// It was not taken.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

/// What looks at drafts.
#[derive(Debug)]
pub struct Looker {
    workers: Option<Workers>,
    answers: Mutex<HashMap<Digest, Answer>>,
    turn: Mutex<()>,
}

/// What a worker was asked of, and what it had to say.
type Pictures = Vec<(Digest, Thumbnail)>;

impl Looker {
    /// Looks with processes of this program, where it can be found.
    pub fn of_this_program() -> Self {
        Self {
            workers: Workers::of_this_program().ok(),
            answers: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// Sets text also with the fonts of some folders, as screens do.
    #[must_use]
    pub fn with_fonts(self, folders: &[PathBuf]) -> Self {
        let workers = self.workers.map(|workers| workers.with_fonts(folders));
        Self { workers, ..self }
    }

    /// Looks at a draft, and keeps what was found.
    ///
    /// # Errors
    /// See [`LookFault`].
    pub fn look(&self, hub: &Hub, draft: &Draft) -> Result<Found, LookFault> {
        let folder = folder_of(hub, &draft.row.campaign, &draft.row.text, &draft.files)?;
        let (read, pictures) = self.read(folder.path())?;
        let found = found(folder.path(), draft.revision, &read);
        hub.store
            .keep_found(&draft.row.campaign, &found, &pictures)?;
        Ok(found)
    }

    /// Publishes a draft as it was seen.
    ///
    /// # Errors
    /// See [`PublishFault`]; nothing was published then.
    pub fn publish(
        &self,
        hub: &Hub,
        actor: &Actor,
        draft: &Draft,
        now_ms: i64,
    ) -> Result<std::collections::BTreeSet<ScreenNumber>, PublishFault> {
        let id = &draft.row.campaign;
        // Of a draft that was read with none open no film changes any more.
        if draft.has_open_films() {
            return Err(DraftError::FilmsWait.into());
        }
        let folder =
            folder_of(hub, id, &draft.row.text, &draft.files).map_err(PublishFault::Look)?;
        let (read, pictures) = self.read(folder.path())?;
        let found = found(folder.path(), draft.revision, &read);
        hub.store
            .keep_found(id, &found, &pictures)
            .map_err(LookFault::Store)?;
        let Ok(publication) = read.publication else {
            return Err(PublishFault::Problems(found));
        };
        hub.store_files(&publication, now_ms)?;
        Ok(hub
            .store
            .publish_draft(actor, &publication, (id, draft.revision), now_ms)?)
    }

    fn read(&self, folder: &Path) -> Result<(PublicationRead, Pictures), LookFault> {
        let workers = self.workers.as_ref().ok_or(LookFault::NoWorkers)?;
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let pictures = Mutex::new(Pictures::new());
        let read = Publication::read_with_left_out(folder, &|folder, jobs| {
            let answers = self.answers(workers, folder, jobs);
            let made = jobs.iter().zip(&answers).filter_map(|(job, answer)| {
                let thumbnail = answer.thumbnail.clone()?;
                Some((job.digest, thumbnail))
            });
            let mut pictures = pictures.lock().unwrap_or_else(PoisonError::into_inner);
            pictures.extend(made);
            answers
        });
        Ok((
            read,
            pictures
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
        ))
    }

    /// Answers what is known, and has workers look at the rest.
    fn answers(&self, workers: &Workers, folder: &Path, jobs: &[Job]) -> Vec<Answer> {
        let keys: Vec<Digest> = jobs.iter().map(key_of).collect();
        let mut known: Vec<Option<Answer>> = {
            let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            keys.iter().map(|key| answers.get(key).cloned()).collect()
        };
        let missing: Vec<Job> = jobs
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
            .map(|(job, _)| job.clone())
            .collect();
        let mut made = workers.look_at(folder, &missing).into_iter();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for (slot, key) in known.iter_mut().zip(keys) {
            if slot.is_some() {
                continue;
            }
            let answer = made.next().unwrap_or_default();
            // What is wrong today may be the machine's fault, and is looked at again.
            if answer.problems.is_empty() && answer.missing_program.is_none() {
                if answers.len() >= ANSWERS_MAX {
                    answers.clear();
                }
                answers.insert(key, answer.clone());
            }
            *slot = Some(answer);
        }
        known.into_iter().map(Option::unwrap_or_default).collect()
    }
}

/// What an answer depends on.
fn key_of(job: &Job) -> Digest {
    Digest::of(&serde_json::to_vec(job).unwrap_or_default())
}

/// Makes a campaign folder on the disk.
pub(crate) fn folder_of(
    hub: &Hub,
    id: &CampaignId,
    text: &str,
    files: &[CampaignFile],
) -> Result<WorkFolder, LookFault> {
    let folder = WorkFolder::make(hub.folder(), id.as_str())?;
    if !text.is_empty() {
        fs::write(folder.path().join(campaign::FILE_NAME), text)?;
    }
    for file in files {
        let path = folder.path().join(&file.name);
        let linked = hub.blobs.file(file.digest);
        if linked.is_some_and(|blob| fs::hard_link(blob, &path).is_ok()) {
            continue;
        }
        let mut to = fs::File::create(&path)?;
        hub.blobs
            .copy_to(file.digest, file.size, &mut to, &file.name)?;
        to.flush()?;
    }
    Ok(folder)
}

/// The same problem without the folder, which was made for one look.
pub(super) fn bare(folder: &Path, problem: &Problem) -> Problem {
    let file = Path::new(&problem.file);
    let file = match file.strip_prefix(folder) {
        // What is wrong with the folder itself is told by its name.
        Ok(file) if file.as_os_str().is_empty() => folder.file_name().map_or(file, Path::new),
        Ok(file) => file,
        Err(_) => file,
    };
    Problem {
        file: file.display().to_string(),
        ..problem.clone()
    }
}

/// No more of them than a page tells.
pub(super) fn bounded(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.truncate(PROBLEMS_MAX);
    problems
}

/// What there is to tell, with the folder left out of it.
fn found(folder: &Path, revision: u64, read: &PublicationRead) -> Found {
    let bare = |problem: &Problem| bare(folder, problem);
    let (problems, mut notes, airing) = match &read.publication {
        Ok(publication) => {
            let placements = publication.campaign.placements.iter();
            let airing = placements.map(|placement| placement.creative.clone());
            let notes: Vec<Problem> = publication.notes.iter().map(bare).collect();
            (Vec::new(), notes, airing.collect())
        }
        Err(problems) => (problems.iter().map(bare).collect(), Vec::new(), Vec::new()),
    };
    let left_out = &read.left_out;
    notes.extend(left_out.problems.iter().chain(&left_out.notes).map(bare));
    Found {
        revision,
        problems: bounded(problems),
        notes: bounded(notes),
        airing,
    }
}
