//! `/f/{film}`: a film that airs, for whoever has its landing page open, whole or in parts.
//!
//! Invariants: only films of campaigns that are on the screens go out; only so many go out at one
//! time, of all and to one network, which asks only so often; a part costs what it has, not what
//! its film has.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use passerby_protocol::Digest;

use crate::server::file_parts::Part;
use crate::server::limits::Kind;
use crate::server::phones::note;
use crate::server::phones::trace::Client;
use crate::server::{AppState, Shared};
use crate::system::clock;

/// `GET /f/{film}`.
pub(crate) async fn film(
    State(app): State<Shared>,
    name: Result<Path<String>, PathRejection>,
    client: Client,
    headers: HeaderMap,
) -> Response {
    let digest = name
        .ok()
        .and_then(|Path(name)| name.split('.').next()?.parse::<Digest>().ok());
    let Some(digest) = digest else {
        return note::not_found().await;
    };
    let Some(permit) = app.films_to_phones.reserve() else {
        return note::later();
    };
    let found = app
        .work(move |app: &AppState| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            if let Some(refusal) = app.refusal(Kind::Film, &client, now_ms)? {
                return Ok(Err(refusal));
            }
            let networks = client.networks(store, now_ms)?;
            let Some(place) = app.films_to_phones.give(permit, networks) else {
                return Ok(Err(note::later()));
            };
            let film = store.airing_film(digest)?;
            Ok(film
                .map(|film| (film, place))
                .ok_or_else(note::nothing_here))
        })
        .await;
    let (film, place) = match found {
        Ok(Ok(found)) => found,
        Ok(Err(refusal)) => return refusal,
        Err(error) => return note::failed(error),
    };
    let etag = format!("\"{digest}\"");
    let (status, first, length) = match Part::asked(&headers, &etag, film.size) {
        Part::Whole => (StatusCode::OK, 0, film.size),
        Part::Slice { first, length } => (StatusCode::PARTIAL_CONTENT, first, length),
        Part::Outside => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{}", film.size))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response();
        }
    };
    let blobs = &app.hub.blobs;
    let pieces = match blobs.read(digest, film.size, first..first + length).await {
        Ok(pieces) => pieces,
        Err(error) => {
            tracing::error!(%error, "a film cannot be read");
            return note::later();
        }
    };
    let counting = Arc::clone(&app);
    // The place is taken until the last piece is gone, or nobody wants it any more.
    let pieces = pieces.inspect(move |piece| {
        let _place = &place;
        if let Err(error) = piece {
            counting.hub.blobs.failed(error);
            tracing::error!(%error, "a film broke off");
        }
    });
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, film.media_type),
            (header::CONTENT_LENGTH, length.to_string()),
            (header::ETAG, etag),
            (header::ACCEPT_RANGES, "bytes".to_owned()),
            (header::CACHE_CONTROL, "public, max-age=86400".to_owned()),
            // What is in it is packed already.
            (header::CONTENT_ENCODING, "identity".to_owned()),
        ],
        Body::from_stream(pieces),
    )
        .into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{}", first + length - 1, film.size);
        if let Ok(range) = HeaderValue::try_from(range) {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
    }
    response
}
