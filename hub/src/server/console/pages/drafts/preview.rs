//! What a slide of a draft will look like.

use maud::{Markup, html};
use passerby_protocol::file_names::natural_order;

use crate::drafts::text::{Outline, OutlinePlacement};
use crate::server::console::asker::Asker;
use crate::store::{CampaignFile, Draft};

/// A screen's size, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScreenSize {
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
}

/// The sizes that a draft is shown at: a screen that lies, and one that stands.
pub(crate) const SIZES: [ScreenSize; 2] = [
    ScreenSize {
        width_px: 1_920,
        height_px: 1_080,
    },
    ScreenSize {
        width_px: 1_080,
        height_px: 1_920,
    },
];

/// The placements of a draft as forms number them: those of its text, or one for each file.
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

/// What a placement of a draft will look like on a screen of a size. Until slides are drawn here,
/// it is the small picture of the file, the same for every size.
pub(crate) fn preview_of(
    asker: &Asker,
    draft: &Draft,
    placement: &OutlinePlacement,
    _size: ScreenSize,
) -> Markup {
    let file = file_of(draft, placement);
    picture(asker, file)
}

/// The small picture of a file.
pub(crate) fn picture(asker: &Asker, file: Option<&CampaignFile>) -> Markup {
    html! {
        @match file {
            Some(file) if file.has_picture => img src=(asker.at(&format!("/p/{}.jpg", file.digest))) alt="" loading="lazy";,
            _ => div.none { (asker.say(["没有预览", "No picture of it"])) },
        }
    }
}
