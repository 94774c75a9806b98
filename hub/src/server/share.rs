//! `/s/{share}`: a landing page under the visitor's own link, its button, and its picture.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use passerby_protocol::Digest;

use super::page::{self, Page};
use super::scan::see;
use super::trace::Asker;
use super::{Desk, Shared};
use crate::clock;
use crate::store::{Opened, StoreError};

type NamePath = Result<Path<String>, PathRejection>;

pub(super) async fn open(State(desk): State<Shared>, name: NamePath, asker: Asker) -> Response {
    let name = share_name(name);
    desk.work(move |desk: &Desk| show(desk, &name, &asker, clock::now_ms()))
        .await
        .unwrap_or_else(page::failed)
}

fn show(desk: &Desk, name: &str, asker: &Asker, now_ms: i64) -> Result<Response, StoreError> {
    let store = &desk.hub.store;
    let visitor = asker.counted(store, now_ms)?;
    Ok(match store.open_share(name, visitor, now_ms)? {
        None => page::unknown_link(),
        Some(Opened::Own(own)) => see(&desk.public_url.local(&format!("/s/{own}"))),
        Some(Opened::Page(facts)) => Page {
            facts: &facts,
            path: &format!("/s/{name}"),
            public_url: &desk.public_url,
            today: clock::date_of(now_ms),
        }
        .answer(),
    })
}

pub(super) async fn press(State(desk): State<Shared>, name: NamePath, asker: Asker) -> Response {
    let name = share_name(name);
    desk.work(move |desk: &Desk| {
        let (store, now_ms) = (&desk.hub.store, clock::now_ms());
        let visitor = asker.counted(store, now_ms)?;
        Ok(match store.press(&name, visitor, now_ms)? {
            None => page::unknown_link(),
            Some(Some(target)) => see(&target),
            Some(None) => see(&desk.public_url.local(&format!("/s/{name}"))),
        })
    })
    .await
    .unwrap_or_else(page::failed)
}

pub(super) async fn picture(State(desk): State<Shared>, name: NamePath) -> Response {
    let digest = name
        .ok()
        .and_then(|Path(name)| name.strip_suffix(".jpg")?.parse::<Digest>().ok());
    let Some(digest) = digest else {
        return page::not_found().await;
    };
    match desk
        .work(move |desk: &Desk| desk.hub.store.thumbnail(digest))
        .await
    {
        Ok(Some(jpeg)) => (
            [
                (header::CONTENT_TYPE, "image/jpeg"),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ],
            jpeg,
        )
            .into_response(),
        Ok(None) => page::not_found().await,
        Err(error) => page::failed(error),
    }
}

/// Names are lower case; some programs change the case of what they pass on.
fn share_name(name: NamePath) -> String {
    name.map(|Path(name)| name.to_ascii_lowercase())
        .unwrap_or_default()
}
