//! `GET /v1/blobs/{sha256}`: a creative, whole or in part, for a screen whose manifests have named
//! it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;
use passerby_protocol::Digest;

use crate::blobs::BlobError;
use crate::server::file_parts::Part;
use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};

/// After how many seconds a terminal may come again for what cannot be read; it spreads that by
/// itself.
const RETRY_AFTER_S: u32 = 30;

pub(crate) async fn blob(
    State(app): State<Shared>,
    Path(sha256): Path<String>,
    bearer: Bearer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "there is no such creative");
    let digest: Digest = sha256.parse().map_err(|_| missing())?;
    let screen = bearer.screen();
    let asset = app
        .work(move |app: &AppState| (app.hub.store.file_of(screen, digest)?).ok_or_else(missing))
        .await?;
    let unreadable = |error: BlobError| {
        tracing::error!(%error, screen = %bearer.screen(), "a creative cannot be read");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the hub cannot read this creative",
        )
        .retry_after_s(RETRY_AFTER_S)
    };

    let etag = format!("\"{digest}\"");
    let (status, first, length) = match Part::asked(&headers, &etag, asset.size) {
        Part::Whole => (StatusCode::OK, 0, asset.size),
        Part::Slice { first, length } => (StatusCode::PARTIAL_CONTENT, first, length),
        Part::Outside => {
            let problem =
                Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "the creative is shorter");
            let range = [(header::CONTENT_RANGE, format!("bytes */{}", asset.size))];
            return Ok((range, problem).into_response());
        }
    };

    let pieces = app
        .hub
        .blobs
        .read(digest, asset.size, first..first + length)
        .await
        .map_err(unreadable)?;
    // Whoever reads knows the length; what breaks off is fetched again from there.
    let counting = Arc::clone(&app);
    let pieces = pieces.inspect_err(move |error| {
        counting.hub.blobs.failed(error);
        tracing::error!(%error, %screen, "a creative broke off");
    });
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, asset.media_type),
            (header::CONTENT_LENGTH, length.to_string()),
            (header::ETAG, etag),
            (header::ACCEPT_RANGES, "bytes".to_owned()),
            (
                header::CACHE_CONTROL,
                "private, max-age=31536000, immutable".to_owned(),
            ),
        ],
        Body::from_stream(pieces),
    )
        .into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{}", first + length - 1, asset.size);
        if let Ok(range) = range.try_into() {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
    }
    Ok(response)
}
