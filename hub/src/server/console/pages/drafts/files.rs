//! Files of a draft, in and out.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use tokio_util::io::ReaderStream;

use crate::drafts::desk;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::{Fields, escaped};
use crate::server::console::gate::MISTAKE;
use crate::server::console::pages::drafts::common::{Asked, failure, find, path_of};
use crate::server::console::pages::drafts::forms::refused;
use crate::server::console::pages::drafts::show::{Sent, page};
use crate::server::console::refusals;
use crate::server::console::upload;
use crate::server::places::Place;
use crate::store::DraftError;
use crate::system::clock;

/// `POST /console/drafts/{campaign}/files`.
pub(crate) async fn add(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
    request: Request,
) -> Response {
    let upload = match upload::read(&app, &asker, request, Some(&draft.row.campaign)).await {
        Ok(upload) => upload,
        Err(refusal) => return refusal,
    };
    let fields = upload.fields.clone();
    let (actor, before) = (Arc::clone(&asker.actor), draft.clone());
    let added = app
        .work(move |app| {
            let upload = upload;
            let replaces = upload.fields.get("replace") == "yes";
            let (now_ms, files) = (clock::now_ms(), &upload.files);
            let added = desk::add_files(&app.hub, &actor, &before, files, replaces, now_ms);
            // Files that came are nobody's mistake: they go to the draft as it is now.
            if !matches!(
                added,
                Err(desk::DeskFault::Draft(DraftError::Changed { .. }))
            ) {
                return added;
            }
            let now = app.hub.store.draft(&before.row.campaign, actor.scope())?;
            match now {
                Some(now) => desk::add_files(&app.hub, &actor, &now, files, replaces, now_ms),
                None => added,
            }
        })
        .await;
    match added {
        Ok(told) if told.left_out.is_empty() => {
            let path = path_of(&draft.row.campaign);
            let page = if told.has_films() { "/films" } else { "" };
            asker.visitor.to(&format!("{path}{page}?done=uploaded"))
        }
        Ok(told) => {
            let now = match find(&app, &asker, draft.row.campaign.as_str()).await {
                Ok(now) => now,
                Err(refusal) => return refusal,
            };
            let sent = Sent {
                told,
                ..Sent::default()
            };
            let page = page(&app, &asker, now, &Fields::default(), &sent).await;
            (MISTAKE, page).into_response()
        }
        Err(fault) => refused(&app, &asker, draft, &fields, &fault).await,
    }
}

/// `GET /console/drafts/{campaign}/campaign.zip`.
pub(crate) async fn export(
    State(app): State<Shared>,
    asker: Asker,
    Asked(draft): Asked,
) -> Response {
    let Some(place) = app.work_of_people.archives.take(&asker.actor) else {
        return refusals::busy(&asker.visitor);
    };
    let packed = app.work(move |app| {
        let packed = desk::export(&app.hub, &draft);
        packed.map(|file| (file, draft.row.campaign))
    });
    match packed.await {
        Ok((file, id)) => archive(file, place, id.as_str()),
        Err(fault) => failure(&asker, &fault).unwrap_or_else(|| {
            tracing::error!(error = %fault, "a draft was not packed");
            refusals::later(&asker.visitor)
        }),
    }
}

/// An archive as it goes out; it keeps its place until it is read to its end.
pub(crate) fn archive(file: std::fs::File, place: Place, name: &str) -> Response {
    let stream = ReaderStream::new(tokio::fs::File::from_std(file));
    let mut response = Body::from_stream(stream).into_response();
    response.extensions_mut().insert(Arc::new(place));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/zip"),
    );
    // What is in it is packed already.
    headers.insert(
        header::CONTENT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    let said = format!("attachment; filename*=UTF-8''{}.zip", escaped(name));
    if let Ok(said) = HeaderValue::from_str(&said) {
        headers.insert(header::CONTENT_DISPOSITION, said);
    }
    response
}
