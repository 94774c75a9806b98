//! The pages and forms about drafts.

use crate::people::Right;
use crate::server::console::pages::drafts;
use crate::server::console::route::{FORM, ONE, PAGE, Route, get, post};
use crate::server::console::rule::Rule;

/// A form with files.
const UPLOAD: &[u16] = &[303, 404, 413, 422, 429];

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let (may, upload) = (Rule::May, Rule::MayUpload);
    vec![
        get(
            "/console/new",
            may(Right::ChangeDrafts),
            PAGE,
            "asks what a new campaign begins with",
            drafts::begin::show,
        ),
        post(
            "/console/new",
            upload(Right::ChangeDrafts),
            UPLOAD,
            "begins a campaign with pictures, a title and a link",
            drafts::begin::begin,
        ),
        post(
            "/console/new/template",
            may(Right::ChangeDrafts),
            &[303, 422],
            "begins a campaign with a template",
            drafts::begin::from_template,
        ),
        post(
            "/console/new/import",
            upload(Right::ChangeDrafts),
            UPLOAD,
            "takes in a campaign folder, as a zip archive",
            drafts::begin::import,
        ),
        get(
            "/console/drafts",
            may(Right::ChangeDrafts),
            PAGE,
            "drafts, those that wait for approval first",
            drafts::list::show,
        ),
        get(
            "/console/drafts/{campaign}",
            may(Right::ChangeDrafts),
            ONE,
            "one draft",
            drafts::show::show,
        ),
        post(
            "/console/drafts/{campaign}",
            upload(Right::ChangeDrafts),
            UPLOAD,
            "changes what its usual form says",
            drafts::forms::keys,
        ),
        post(
            "/console/drafts/{campaign}/text",
            upload(Right::ChangeDrafts),
            UPLOAD,
            "changes its whole text",
            drafts::forms::text,
        ),
        post(
            "/console/drafts/{campaign}/files",
            upload(Right::ChangeDrafts),
            UPLOAD,
            "adds files",
            drafts::files::add,
        ),
        get(
            "/console/drafts/{campaign}/films",
            may(Right::ChangeDrafts),
            &[200, 303, 404],
            "how far its films are; looks again by itself, and leads to the draft when they are done",
            drafts::films::show,
        ),
        post(
            "/console/drafts/{campaign}/films/{film}",
            may(Right::ChangeDrafts),
            FORM,
            "calls a film off, or has it tried again",
            drafts::films::change,
        ),
        get(
            "/console/drafts/{campaign}/campaign.zip",
            may(Right::ChangeDrafts),
            ONE,
            "its folder as a zip archive",
            drafts::files::export,
        ),
        post(
            "/console/drafts/{campaign}/placements",
            may(Right::ChangeDrafts),
            FORM,
            "changes several placements or files at once",
            drafts::forms::placements,
        ),
        get(
            "/console/drafts/{campaign}/placements/{place}",
            may(Right::ChangeDrafts),
            ONE,
            "one placement, and how it will look",
            drafts::placement::show,
        ),
        post(
            "/console/drafts/{campaign}/placements/{place}",
            may(Right::ChangeDrafts),
            FORM,
            "changes one placement",
            drafts::placement::save,
        ),
        get(
            "/console/drafts/{campaign}/preview/{place}",
            may(Right::ChangeDrafts),
            ONE,
            "what a screen would show of a placement, before it is published",
            drafts::preview::show,
        ),
        get(
            "/console/drafts/{campaign}/preview/{place}/picture.png",
            may(Right::ChangeDrafts),
            &[200, 404, 503],
            "the picture of it",
            drafts::preview::picture,
        ),
        post(
            "/console/drafts/{campaign}/screens",
            may(Right::ChangeDrafts),
            FORM,
            "chooses the screens that it is for",
            drafts::forms::screens,
        ),
        post(
            "/console/drafts/{campaign}/submit",
            may(Right::ChangeDrafts),
            FORM,
            "hands it in",
            drafts::finish::submit,
        ),
        post(
            "/console/drafts/{campaign}/return",
            may(Right::ChangeCampaigns),
            FORM,
            "sends it back",
            drafts::finish::send_back,
        ),
        post(
            "/console/drafts/{campaign}/publish",
            may(Right::ChangeCampaigns),
            FORM,
            "publishes it",
            drafts::finish::publish,
        ),
        post(
            "/console/drafts/{campaign}/copy",
            may(Right::ChangeDrafts),
            FORM,
            "makes another one like it",
            drafts::finish::copy,
        ),
        post(
            "/console/drafts/{campaign}/delete",
            may(Right::ChangeDrafts),
            FORM,
            "deletes it",
            drafts::finish::delete,
        ),
        post(
            "/console/drafts/{campaign}/begin",
            may(Right::ChangeDrafts),
            &[303, 404],
            "makes a draft of what is published",
            drafts::finish::of_published,
        ),
        get(
            "/console/drafts/{campaign}/versions",
            may(Right::ChangeDrafts),
            ONE,
            "what was published of it",
            drafts::versions::show,
        ),
        post(
            "/console/drafts/{campaign}/versions/{number}",
            may(Right::ChangeDrafts),
            FORM,
            "has it be what a version was",
            drafts::versions::go_back,
        ),
    ]
}
