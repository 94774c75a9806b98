//! What previews of drafts are drawn of.
//!
//! Invariant: a draft is made into a folder and read once for each placement while it stays as it
//! is, however often its preview is looked at; what is remembered goes by all that it depends on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use passerby_protocol::Digest;
use passerby_protocol::campaign;
use passerby_protocol::content_fault::FieldFault;
use passerby_protocol::toml_fields::Problem;

use crate::Hub;
use crate::drafts::look::{LookFault, bare, bounded, folder_of};
use crate::drafts::placements::placements_of;
use crate::drafts::text::outline;
use crate::publish::preview::Subject;
use crate::store::Draft;

/// Most of them that are remembered.
const KNOWN_MAX: usize = 64;

/// Says why there is nothing to draw.
#[derive(Debug)]
pub(crate) enum SubjectFault {
    /// It has no such placement.
    NotHere,
    /// It cannot be read as it is.
    Problems(Vec<Problem>),
    /// It cannot be read now.
    Look(LookFault),
}

/// Those that were read.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    known: Mutex<HashMap<Digest, Subject>>,
}

impl Subjects {
    /// Returns one placement of a draft, counted from 0, if it was read before.
    pub(crate) fn known(
        &self,
        draft: &Draft,
        place: usize,
    ) -> Result<Option<Subject>, SubjectFault> {
        let key = key_of(draft, place, &creative_of(draft, place)?);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(known.get(&key).cloned())
    }

    /// Reads one placement of a draft, counted from 0. Its files are named from the draft's folder.
    pub(crate) fn of(
        &self,
        hub: &Hub,
        draft: &Draft,
        place: usize,
    ) -> Result<Subject, SubjectFault> {
        if let Some(known) = self.known(draft, place)? {
            return Ok(known);
        }
        let creative = creative_of(draft, place)?;
        let folder = folder_of(hub, &draft.row.campaign, &draft.row.text, &draft.files)
            .map_err(SubjectFault::Look)?;
        let made = std::path::absolute(folder.path())
            .map_err(|error| SubjectFault::Look(LookFault::Disk(error)))?;
        let subject = Subject::of_creative(&made, place, &creative).map_err(|problems| {
            let problems = problems.iter().map(|problem| bare(&made, problem));
            SubjectFault::Problems(bounded(problems.collect()))
        })?;
        let subject = subject.within(&made);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key_of(draft, place, &creative), subject.clone());
        Ok(subject)
    }
}

/// The file of a placement.
fn creative_of(draft: &Draft, place: usize) -> Result<String, SubjectFault> {
    let outline = outline(&draft.row.text).map_err(|fault| {
        let words = fault.message;
        let problem = Problem {
            line: fault.line,
            ..Problem::with_file(campaign::FILE_NAME, FieldFault::NotToml { words })
        };
        SubjectFault::Problems(vec![problem])
    })?;
    let mut placements = placements_of(draft, &outline).into_iter();
    let wanted = placements.nth(place).ok_or(SubjectFault::NotHere)?;
    Ok(wanted.creative)
}

/// What a subject depends on.
fn key_of(draft: &Draft, place: usize, creative: &str) -> Digest {
    let files = draft.files.iter().map(|file| (&file.name, file.digest));
    let files: Vec<_> = files.collect();
    let row = &draft.row;
    let what = (row.campaign.as_str(), &row.text, files, place, creative);
    Digest::of(&serde_json::to_vec(&what).unwrap_or_default())
}
