//! Where else the files of a draft are used.

use maud::{Markup, html};
use passerby_protocol::{Digest, foreign};

use crate::server::console::asker::Asker;
use crate::server::console::fields::escaped;
use crate::store::{Draft, FilePlace};

/// Of how many files it is told.
const FILES_MAX: usize = 50;

/// The files of which it is told.
pub(super) fn asked(draft: &Draft) -> Vec<Digest> {
    let files = draft.files.iter().take(FILES_MAX);
    files.map(|file| file.digest).collect()
}

/// What the page of a draft says of it.
pub(super) fn section(asker: &Asker, draft: &Draft, places: &[FilePlace]) -> Markup {
    let name = |place: &FilePlace| {
        let mut files = draft.files.iter();
        let file = files.find(|file| file.digest == place.file);
        file.map_or("", |file| &*file.name).to_owned()
    };
    html! {
        @if !places.is_empty() {
            section { details {
                summary { (asker.say(["别处也在用的文件", "Files that are used elsewhere, too"])) " (" (places.len()) ")" }
                p.soft { (asker.say(["同一个文件只存一份。", "The same file is kept once."])) }
                ul { @for place in places { li {
                    @let chapter = if place.is_draft { "drafts" } else { "campaigns" };
                    strong { (foreign::escaped(&name(place))) } ": "
                    a href=(asker.at(&format!("/console/{chapter}/{}", escaped(&place.campaign)))) { (place.campaign) }
                    (asker.say(["，叫作 ", ", as "])) (foreign::escaped(&place.name))
                } } }
            } }
        }
    }
}
