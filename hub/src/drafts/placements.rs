//! The placements of a draft, as forms and previews count them.

use passerby_protocol::campaign::{self, Campaign};
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

/// The campaign that a draft would be, once it was looked at and nothing is wrong with it.
pub(crate) fn campaign_of(draft: &Draft) -> Option<Campaign> {
    let found = draft.found.as_ref();
    let found = found.filter(|found| {
        found.revision == draft.revision && found.problems.is_empty() && !found.airing.is_empty()
    })?;
    let text = &draft.row.text;
    if text.is_empty() {
        let id = draft.row.campaign.as_str();
        return Campaign::of_pictures(id, id, &found.airing).ok();
    }
    let names: Vec<String> = draft.files.iter().map(|file| file.name.clone()).collect();
    Campaign::parse_airing(campaign::FILE_NAME, text, &names, &found.airing).ok()
}

/// The file of a placement.
pub(crate) fn file_of<'d>(
    draft: &'d Draft,
    placement: &OutlinePlacement,
) -> Option<&'d CampaignFile> {
    let mut files = draft.files.iter();
    files.find(|file| file.name == placement.creative)
}
