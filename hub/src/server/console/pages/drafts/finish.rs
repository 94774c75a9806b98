//! A draft handed in, sent back, published, copied, deleted.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::{CampaignId, foreign};

use crate::drafts::desk::{self, DeskFault};
use crate::drafts::look::PublishFault;
use crate::hub::ReleaseError;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::pages::campaigns;
use crate::server::console::pages::drafts::common::{Asked, find, path_of};
use crate::server::console::pages::drafts::forms::refused;
use crate::server::console::pages::drafts::show::{Sent, page};
use crate::server::console::refusals;
use crate::store::{Draft, DraftError, PublishError};
use crate::system::clock;

/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 300;

/// A note as it is kept.
pub(crate) fn note_of(text: &str) -> String {
    foreign::one_line(text.trim(), NOTE_CHARS_MAX)
}

async fn done(
    app: &Shared,
    asker: &Asker,
    draft: Draft,
    fields: &Fields,
    (made, path): (Result<(), DraftError>, String),
) -> Response {
    match made {
        Ok(()) => asker.visitor.to(&path),
        Err(error) => refused(app, asker, draft, fields, &error.into()).await,
    }
}

/// `POST /console/drafts/{campaign}/submit`.
pub(crate) async fn submit(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    fields: Fields,
) -> Response {
    let (actor, id) = (Arc::clone(&asker.actor), draft.row.campaign.clone());
    let (seen, note) = (
        fields.get("revision").parse().ok(),
        note_of(fields.get("note")),
    );
    let path = format!("{}?done=submitted", path_of(&id));
    let made = app
        .work(move |app| {
            let store = &app.hub.store;
            store.submit_draft(&actor, &id, seen, &note, clock::now_ms())
        })
        .await;
    done(&app, &asker, draft, &fields, (made, path)).await
}

/// `POST /console/drafts/{campaign}/return`.
pub(crate) async fn send_back(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    fields: Fields,
) -> Response {
    let (actor, id) = (Arc::clone(&asker.actor), draft.row.campaign.clone());
    let note = note_of(fields.get("note"));
    let path = format!("{}?done=returned", path_of(&id));
    let made = app
        .work(move |app| {
            let store = &app.hub.store;
            store.return_draft(&actor, &id, &note, clock::now_ms())
        })
        .await;
    done(&app, &asker, draft, &fields, (made, path)).await
}

/// `POST /console/drafts/{campaign}/delete`.
pub(crate) async fn delete(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    fields: Fields,
) -> Response {
    let (actor, id) = (Arc::clone(&asker.actor), draft.row.campaign.clone());
    let made = app
        .work(move |app| app.hub.store.delete_draft(&actor, &id, clock::now_ms()))
        .await;
    let path = "/console/drafts?done=draft-deleted".to_owned();
    done(&app, &asker, draft, &fields, (made, path)).await
}

/// `POST /console/drafts/{campaign}/copy`.
pub(crate) async fn copy(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    fields: Fields,
) -> Response {
    let (actor, from, name) = (
        Arc::clone(&asker.actor),
        draft.clone(),
        fields.get("name").trim().to_owned(),
    );
    let made = app
        .work(move |app| desk::copy(&app.hub, &actor, &from, &name, clock::now_ms()))
        .await;
    match made {
        Ok(id) => asker.visitor.to(&format!("{}?done=saved", path_of(&id))),
        Err(fault) => refused(&app, &asker, draft, &fields, &fault).await,
    }
}

/// `POST /console/drafts/{campaign}/publish`.
pub(crate) async fn publish(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    fields: Fields,
) -> Response {
    // What is published is what was seen on the page.
    let Ok(seen) = fields.get("revision").parse() else {
        return asker.visitor.to(&path_of(&draft.row.campaign));
    };
    let wanted = match draft.clone().as_seen(Some(seen)) {
        Ok(wanted) => wanted,
        Err(error) => return refused(&app, &asker, draft, &fields, &error.into()).await,
    };
    let Some(turn) = app.work_of_people.look_turn(&asker.actor).await else {
        return refusals::busy(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let published = app
        .work(move |app| {
            let _turn = turn;
            app.looker
                .publish(&app.hub, &actor, &wanted, clock::now_ms())
        })
        .await;
    let fault = match published {
        Ok(_) => {
            let path = campaigns::path_of(draft.row.campaign.as_str());
            return asker.visitor.to(&format!("{path}?done=published"));
        }
        Err(PublishFault::Draft(DraftError::Publish(PublishError::Store(error)))) => {
            return refusals::failed(&asker.visitor, &error);
        }
        Err(PublishFault::Draft(error)) => DeskFault::Draft(error),
        Err(PublishFault::Problems(_)) => {
            let now = match find(&app, &asker, draft.row.campaign.as_str()).await {
                Ok(now) => now,
                Err(refusal) => return refusal,
            };
            let page = page(&app, &asker, now, &fields, &Sent::default()).await;
            return (MISTAKE, page).into_response();
        }
        Err(PublishFault::Release(ReleaseError::Publish(error))) => {
            DeskFault::Draft(DraftError::Publish(error))
        }
        Err(PublishFault::Release(error)) => {
            tracing::error!(%error, "a draft was not published");
            return refusals::later(&asker.visitor);
        }
        Err(PublishFault::Look(error)) => {
            tracing::error!(%error, "a draft was not looked at");
            return refusals::later(&asker.visitor);
        }
    };
    refused(&app, &asker, draft, &fields, &fault).await
}

/// `POST /console/drafts/{campaign}/begin`: a draft of what is published.
pub(crate) async fn of_published(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let (actor, path) = (Arc::clone(&asker.actor), path_of(&id));
    let made = app
        .work(move |app| {
            let store = &app.hub.store;
            store.draft_of_published(&actor, &id, clock::now_ms())
        })
        .await;
    match made {
        Ok(()) => asker.visitor.to(&path),
        Err(DraftError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(error) => {
            tracing::error!(%error, "no draft was made of a campaign");
            refusals::later(&asker.visitor)
        }
    }
}
