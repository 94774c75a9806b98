//! The calls about drafts and versions of campaigns.

use crate::people::Right::{ChangeCampaigns, ChangeDrafts};
use crate::server::api::calls::{drafts, previews};
use crate::server::api::route::{
    ARCHIVE, OF_PREVIEWS, PAGES, PREVIEW_QUERY, QueryField, Route, delete, get, post,
};
use crate::server::api::schema::Holds;
use crate::server::console::rule::Rule;

const OF_DRAFTS: &[QueryField] = &[
    (
        "state",
        Holds::Word(&["draft", "submitted"]),
        "in this state",
    ),
    PAGES[0],
    PAGES[1],
];
const OF_FILE: &[QueryField] = &[
    ("name", Holds::Text, "what to call the file"),
    (
        "replace",
        Holds::Word(&["yes"]),
        "takes the place of the file of that name",
    ),
];
const OF_IMPORT: &[QueryField] = &[
    (
        "name",
        Holds::Text,
        "the name of the archive, which the campaign gets if it has no folder in it",
    ),
    ("group", Holds::Text, "the group of a new campaign"),
    (
        "replace",
        Holds::Word(&["yes"]),
        "takes the place of all that the draft of its name has",
    ),
];

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let may = Rule::May;
    vec![
        get(
            "/drafts",
            may(ChangeDrafts),
            &[200],
            "drafts, by folder",
            "Drafts",
            drafts::list,
        )
        .with_query(OF_DRAFTS, "?state=STATE&after=CAMPAIGN&limit=N"),
        post(
            "/drafts",
            ChangeDrafts,
            &[201, 400, 404, 409, 422],
            "begins a draft, empty or with a template",
            (Some("Beginning"), "DraftFacts"),
            drafts::begin,
        ),
        post(
            "/imports",
            ChangeDrafts,
            &[201, 404, 409, 413, 422, 429],
            "takes in a campaign folder as a zip archive, which is the body",
            (None, "Imported"),
            drafts::import,
        )
        .with_upload()
        .with_query(OF_IMPORT, "?name=NAME&group=GROUP&replace=yes"),
        get(
            "/drafts/{campaign}",
            may(ChangeDrafts),
            &[200, 404],
            "one draft, and what was found in it",
            "DraftFacts",
            drafts::show,
        ),
        post(
            "/drafts/{campaign}",
            ChangeDrafts,
            &[200, 400, 404, 409, 412, 422],
            "changes a draft; with If-Match only if it has that revision",
            (Some("DraftChange"), "DraftFacts"),
            drafts::change,
        ),
        delete(
            "/drafts/{campaign}",
            may(ChangeDrafts),
            "deletes a draft",
            drafts::delete,
        ),
        post(
            "/drafts/{campaign}/files",
            ChangeDrafts,
            &[200, 404, 409, 412, 413, 422, 429],
            "adds a file, which is the body",
            (None, "Added"),
            drafts::add_file,
        )
        .with_upload()
        .with_query(OF_FILE, "?name=NAME&replace=yes"),
        post(
            "/drafts/{campaign}/films/{film}/call-off",
            ChangeDrafts,
            &[200, 404, 409],
            "has a film stay as it came that waits or is being made ready",
            (None, "DraftFacts"),
            drafts::call_film_off,
        ),
        post(
            "/drafts/{campaign}/films/{film}/again",
            ChangeDrafts,
            &[200, 404, 409],
            "has a film tried again of which nothing came",
            (None, "DraftFacts"),
            drafts::try_film_again,
        ),
        get(
            "/drafts/{campaign}/archive",
            may(ChangeDrafts),
            &[200, 404],
            "its folder as a zip archive",
            ARCHIVE,
            drafts::export,
        ),
        get(
            "/drafts/{campaign}/placements/{placement}/preview",
            may(ChangeDrafts),
            &[200, 404, 409, 422, 503],
            "what a screen would show of a draft's placement, counted from 1",
            "Preview",
            previews::show_of_draft,
        )
        .with_query(OF_PREVIEWS, PREVIEW_QUERY),
        get(
            "/drafts/{campaign}/placements/{placement}/preview.png",
            may(ChangeDrafts),
            &[200, 404, 409, 422, 503],
            "the picture of it, a PNG, pixel by pixel as the screen would show it",
            "Nothing",
            previews::picture_of_draft,
        )
        .with_query(OF_PREVIEWS, PREVIEW_QUERY),
        post(
            "/drafts/{campaign}/submit",
            ChangeDrafts,
            &[200, 400, 404, 412],
            "hands a draft in; with If-Match only if it has that revision",
            (Some("Note"), "DraftFacts"),
            drafts::submit,
        ),
        post(
            "/drafts/{campaign}/return",
            ChangeCampaigns,
            &[200, 400, 404, 409],
            "sends back a draft that was handed in",
            (Some("Note"), "DraftFacts"),
            drafts::send_back,
        ),
        post(
            "/drafts/{campaign}/publish",
            ChangeCampaigns,
            &[200, 400, 404, 409, 412, 422],
            "publishes a draft; with If-Match only if it has that revision",
            (None, "Published"),
            drafts::publish,
        ),
        post(
            "/drafts/{campaign}/copy",
            ChangeDrafts,
            &[201, 400, 404, 409, 422],
            "makes another draft like it",
            (Some("Copy"), "DraftFacts"),
            drafts::copy,
        ),
        post(
            "/drafts/{campaign}/begin",
            ChangeDrafts,
            &[200, 404, 409],
            "makes a draft of what is published of a campaign, unless there is one",
            (None, "DraftFacts"),
            drafts::of_published,
        ),
        get(
            "/drafts/{campaign}/versions",
            may(ChangeDrafts),
            &[200, 404],
            "what was published of a campaign, newest first",
            "Versions",
            drafts::versions,
        ),
        post(
            "/drafts/{campaign}/versions/{number}",
            ChangeDrafts,
            &[200, 404],
            "has a draft be what a version was",
            (None, "DraftFacts"),
            drafts::take_version,
        ),
    ]
}
