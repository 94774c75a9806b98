//! What a screen would show of a placement of a draft, before it is published.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use passerby_protocol::{ScreenNumber, foreign};

use crate::drafts::placements::placements_of;
use crate::drafts::text::outline;
use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::pages::drafts::common::{Asked, path_of};
use crate::server::console::pages::drafts::list::title_of;
use crate::server::console::pages::preview::{self, Shown};
use crate::server::console::previews::{self, NoPreview};
use crate::server::console::refusals;
use crate::store::{Draft, ScreenFilter, StoreError};
use crate::system::clock;

/// Among how many screens those of a draft are looked for.
const SCREENS_LOOKED_AT: usize = 200;
/// Most screens that are offered by name.
const SCREENS_LISTED: usize = 20;

/// `GET /console/drafts/{campaign}/preview/{place}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    Path((_, place)): Path<(String, usize)>,
    fields: Fields,
) -> Response {
    let screens = match screens_of(&app, &asker, &draft).await {
        Ok(screens) => screens,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let of = (draft.row.campaign.as_str(), place);
    let drawn = previews::of_draft(&app, &asker.actor, of, &fields).await;
    let path = path_of(&draft.row.campaign);
    let name = outline(&draft.row.text)
        .ok()
        .and_then(|outline| placements_of(&draft, &outline).into_iter().nth(place))
        .map_or(String::new(), |placement| placement.creative);
    let shown = Shown {
        path: &format!("{path}/preview/{place}"),
        above: html! {
            a href=(asker.at(&path)) { (title_of(&draft.row)) } " · "
            a href=(asker.at(&format!("{path}/placements/{place}"))) { (foreign::escaped(&name)) }
        },
        screens: &screens,
        revision: &draft.revision.to_string(),
    };
    preview::page(&asker, &shown, &fields, &drawn)
}

/// `GET /console/drafts/{campaign}/preview/{place}/picture.png`.
pub(crate) async fn picture(
    State(app): State<Shared>,
    asker: Asker,
    Path((id, place)): Path<(String, usize)>,
    fields: Fields,
) -> Response {
    let drawn = previews::of_draft(&app, &asker.actor, (&id, place), &fields).await;
    preview::picture_of(&asker, drawn)
}

/// The screens that a draft names, as far as whoever asks may see them.
async fn screens_of(
    app: &Shared,
    asker: &Asker,
    draft: &Draft,
) -> Result<Vec<(ScreenNumber, String)>, StoreError> {
    let targets = draft.targets.clone();
    if targets.is_everywhere() || !asker.actor.may(Right::SeeScreens) {
        return Ok(Vec::new());
    }
    let actor = Arc::clone(&asker.actor);
    let filter = ScreenFilter::default();
    let rows = app.work(move |app| {
        let store = &app.hub.store;
        store.screen_list(&filter, actor.scope(), SCREENS_LOOKED_AT, clock::now_ms())
    });
    let rows = rows
        .await?
        .into_iter()
        .filter(|row| targets.screens.contains(&row.screen) || targets.groups.contains(&row.group));
    Ok(rows
        .map(|row| (row.screen, foreign::escaped(&row.name).into_owned()))
        .take(SCREENS_LISTED)
        .collect())
}

/// How a placement looks on a screen that lies, and on one that stands.
///
/// # Errors
/// The page that there is instead.
pub(crate) async fn both(
    app: &Shared,
    asker: &Asker,
    draft: &Draft,
    place: usize,
) -> Result<Markup, Response> {
    let id = draft.row.campaign.as_str();
    let shape = |shape: &str| Fields::of_pairs(vec![("shape".to_owned(), shape.to_owned())]);
    let shapes = [shape("landscape"), shape("portrait")];
    let of = |fields| previews::of_draft(app, &asker.actor, (id, place), fields);
    let (lying, standing) = tokio::join!(of(&shapes[0]), of(&shapes[1]));
    let path = format!("{}/preview/{place}", path_of(&draft.row.campaign));
    let shown = Shown {
        path: &path,
        above: Markup::default(),
        screens: &[],
        revision: &draft.revision.to_string(),
    };
    let mut outcomes = Vec::new();
    for (fields, drawn) in shapes.iter().zip([lying, standing]) {
        outcomes.push(match drawn {
            // What is being typed below would be lost if this page came again by itself.
            Err(NoPreview::Later) => html! {
                p.notice.warn role="status" { (asker.say(["正在画，请过几秒再看。", "It is being drawn; look again in some seconds."])) }
            },
            // Both say the same then.
            Err(NoPreview::Unread(_)) => {
                return preview::outcome(asker, &shown, fields, &drawn)
                    .map_err(|refusal| *refusal);
            }
            _ => preview::outcome(asker, &shown, fields, &drawn).map_err(|refusal| *refusal)?,
        });
    }
    Ok(html! {
        div.grid.two { @for outcome in &outcomes { div { (outcome) } } }
        p { a.button href=(asker.at(&path)) { (asker.say(["在别的屏幕上看", "See it on another screen"])) } }
    })
}
