//! The placements of a draft, as forms and previews count them.

use passerby_protocol::file_names::natural_order;

use crate::drafts::text::{Outline, OutlinePlacement};
use crate::store::{CampaignFile, Draft};

/// Those of its text, or one for each file.
pub(crate) fn placements_of(draft: &Draft, outline: &Outline) -> Vec<OutlinePlacement> {
    if !outline.placements.is_empty() {
        return outline.placements.clone();
    }
    let files = airing_of(draft).into_iter();
    files
        .map(|creative| OutlinePlacement {
            creative,
            ..OutlinePlacement::default()
        })
        .collect()
}

/// The files that air where the text names none: as they were found, or all.
pub(crate) fn airing_of(draft: &Draft) -> Vec<String> {
    let found = draft.found.as_ref();
    let found = found.filter(|found| found.revision == draft.revision && !found.airing.is_empty());
    if let Some(found) = found {
        return found.airing.clone();
    }
    let mut names: Vec<String> = draft.files.iter().map(|file| file.name.clone()).collect();
    names.sort_by(|one, other| natural_order(one, other));
    names
}

/// The file of a placement.
pub(crate) fn file_of<'d>(
    draft: &'d Draft,
    placement: &OutlinePlacement,
) -> Option<&'d CampaignFile> {
    let mut files = draft.files.iter();
    files.find(|file| file.name == placement.creative)
}
