//! `GET /v1/terminals/{n}/manifest`.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use passerby_protocol::manifest::SIGNATURE_HEADER;

use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};
use crate::system::clock;

pub(crate) async fn manifest(
    State(app): State<Shared>,
    Path(screen): Path<String>,
    bearer: Bearer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let screen = bearer.only(&screen)?;
    app.work(move |app: &AppState| {
        let version = app.hub.store.manifest_version(screen, clock::now_ms())?;
        // The same content signed with a newer key is another answer.
        let tag = etag(version, app.hub.manifest_key_generation());
        if holds(&headers, &tag) {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
        }
        // A publisher may have come between; the tag is that of the body.
        let sealed = app.hub.sealed_manifest(screen)?;
        let tag = etag(sealed.version, sealed.key_generation);
        let signature = header::HeaderName::from_static(SIGNATURE_HEADER);
        Ok((
            [
                (header::CONTENT_TYPE, "application/json".to_owned()),
                (header::CACHE_CONTROL, "private, no-cache".to_owned()),
                (header::ETAG, tag),
                (signature, sealed.signature),
            ],
            sealed.body,
        )
            .into_response())
    })
    .await
}

fn etag(version: u64, key_generation: u32) -> String {
    format!("\"v{version}-k{key_generation}\"")
}

/// Tells whether the client holds the current version (RFC 9110, 13.1.2: weak comparison, a list,
/// or `*`).
fn holds(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*")
}
