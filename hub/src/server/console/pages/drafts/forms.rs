//! The forms of a draft: its keys, its text, its screens, several placements at once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::Date;

use crate::drafts::desk::DeskFault;
use crate::drafts::placements::{airing_of, placements_of};
use crate::drafts::text::{
    Dates, KEYS, TextFault, air, outline, remove_placements, set_dates, set_keys,
};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::pages::drafts::common::{Asked, failure, find, path_of, said};
use crate::server::console::pages::drafts::show::{Sent, page};
use crate::server::console::upload::{self, Upload};
use crate::store::{ChosenScreens, Draft, DraftChange};
use crate::system::clock;

/// Changes a draft, and leads back to it; or says on its page why not, with what was typed.
pub(crate) async fn change(
    app: &Shared,
    asker: &Asker,
    draft: Draft,
    fields: &Fields,
    change: Result<DraftChange, TextFault>,
) -> Response {
    let (actor, id) = (Arc::clone(&asker.actor), draft.row.campaign.clone());
    let seen = fields.get("revision").parse().ok();
    let changed = match change {
        Ok(change) => {
            let id = id.clone();
            let changed = app.work(move |app| {
                let now_ms = clock::now_ms();
                app.hub
                    .store
                    .change_draft(&actor, &id, seen, &change, now_ms)
            });
            changed.await.map_err(DeskFault::from)
        }
        Err(fault) => Err(DeskFault::Text(fault)),
    };
    match changed {
        Ok(_) => asker.visitor.to(&format!("{}?done=saved", path_of(&id))),
        Err(fault) => refused(app, asker, draft, fields, &fault).await,
    }
}

/// The page of the draft as it is now, with what is wrong and what was typed.
pub(crate) async fn refused(
    app: &Shared,
    asker: &Asker,
    draft: Draft,
    fields: &Fields,
    fault: &DeskFault,
) -> Response {
    if let Some(page) = failure(asker, fault) {
        return page;
    }
    let now = match find(app, asker, draft.row.campaign.as_str()).await {
        Ok(now) => now,
        Err(refusal) => return refusal,
    };
    let wrong = said(asker, fault);
    let sent = Sent {
        wrong: Some(&wrong),
        typed: Some(fields),
        ..Sent::default()
    };
    let page = page(app, asker, now, &Fields::default(), &sent).await;
    (MISTAKE, page).into_response()
}

/// `POST /console/drafts/{campaign}`: what its usual form says.
pub(crate) async fn keys(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    request: Request,
) -> Response {
    let Upload { fields, .. } = match upload::read(&app, &asker, request, None).await {
        Ok(upload) => upload,
        Err(refusal) => return refusal,
    };
    let keys = KEYS.into_iter().filter(|key| fields.has(key));
    let keys: Vec<(&str, &str)> = keys.map(|key| (key, fields.get(key).trim())).collect();
    let text = set_keys(&draft.row.text, &keys).map(with_text);
    change(&app, &asker, draft, &fields, text).await
}

/// `POST /console/drafts/{campaign}/text`.
pub(crate) async fn text(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    request: Request,
) -> Response {
    let Upload { fields, .. } = match upload::read(&app, &asker, request, None).await {
        Ok(upload) => upload,
        Err(refusal) => return refusal,
    };
    // A text with mistakes is kept: its page says what they are.
    let text = with_text(fields.get("text").to_owned());
    change(&app, &asker, draft, &fields, Ok(text)).await
}

pub(crate) fn with_text(text: String) -> DraftChange {
    DraftChange {
        text: Some(text),
        ..DraftChange::default()
    }
}

/// `POST /console/drafts/{campaign}/screens`.
pub(crate) async fn screens(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    fields: Fields,
) -> Response {
    let screens = fields.all("screen");
    let targets = ChosenScreens {
        screens: screens.filter_map(|number| number.parse().ok()).collect(),
        groups: fields.all("group").map(str::to_owned).collect(),
    };
    let chosen = DraftChange {
        targets: Some(targets),
        ..DraftChange::default()
    };
    change(&app, &asker, draft, &fields, Ok(chosen)).await
}

/// Reads the days of a form.
pub(crate) fn dates_of(fields: &Fields) -> Dates {
    let day = |name| fields.word(name).and_then(|text| text.parse::<Date>().ok());
    Dates {
        from: day("from"),
        until: day("until"),
    }
}

/// What several placements, or files beside them, are to do.
pub(crate) fn at_once(draft: &Draft, fields: &Fields) -> Result<DraftChange, TextFault> {
    let text = &draft.row.text;
    let airing = airing_of(draft);
    let chosen: Vec<usize> = fields
        .all("placement")
        .filter_map(|at| at.parse().ok())
        .collect();
    let files: Vec<String> = fields.all("file").map(str::to_owned).collect();
    Ok(match fields.get("do") {
        "dates" => with_text(set_dates(text, &airing, &chosen, dates_of(fields))?),
        "off" => with_text(remove_placements(text, &airing, &chosen)?),
        "air" => with_text(air(text, &airing, &files)?),
        "delete" => {
            let outline = outline(text)?;
            let placements = placements_of(draft, &outline);
            let placed = chosen
                .iter()
                .filter_map(|at| Some(placements.get(*at)?.creative.clone()));
            let remove: Vec<String> = files.iter().cloned().chain(placed).collect();
            let gone: Vec<usize> = (0..outline.placements.len())
                .filter(|at| remove.contains(&outline.placements[*at].creative))
                .collect();
            let text = if gone.is_empty() {
                None
            } else {
                Some(remove_placements(text, &airing, &gone)?)
            };
            DraftChange {
                text,
                remove,
                ..DraftChange::default()
            }
        }
        _ => DraftChange::default(),
    })
}

/// `POST /console/drafts/{campaign}/placements`.
pub(crate) async fn placements(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    fields: Fields,
) -> Response {
    let wanted = at_once(&draft, &fields);
    change(&app, &asker, draft, &fields, wanted).await
}
