//! `GET /v1/terminals/{n}/manifest`.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use passerby_protocol::manifest::SIGNATURE_HEADER;

use super::bearer::{self, Bearer};
use super::problem::Problem;
use super::{Desk, Shared};
use crate::clock;

pub(super) async fn manifest(
    State(desk): State<Shared>,
    Path(screen): Path<String>,
    bearer: Bearer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let screen = bearer::screen(&screen)?;
    desk.work(move |desk: &Desk| {
        bearer.only(desk, screen)?;
        let version = desk.hub.store.manifest_version(screen, clock::now_ms())?;
        if holds(&headers, &etag(version)) {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag(version))]).into_response());
        }
        // A publisher may have come between; the tag is that of the body.
        let (version, body, signature) = desk.hub.sealed_manifest(screen)?;
        Ok((
            [
                (header::CONTENT_TYPE, "application/json".to_owned()),
                (header::CACHE_CONTROL, "private, no-cache".to_owned()),
                (header::ETAG, etag(version)),
                (header::HeaderName::from_static(SIGNATURE_HEADER), signature),
            ],
            body,
        )
            .into_response())
    })
    .await
}

fn etag(version: u64) -> String {
    format!("\"v{version}\"")
}

/// Tells whether the asker holds the current version (RFC 9110, 13.1.2: weak comparison, a list, or `*`).
fn holds(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*")
}
