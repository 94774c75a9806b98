//! `GET /v1/terminals/{n}/manifest-keys?after={generation}`: the endorsements by which a terminal
//! learns newer manifest keys.
//!
//! Nothing here is secret; asking changes nothing. A generation that this hub does not know, since
//! it was restored from a backup made before a rotation, has none after it.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, header};
use passerby_protocol::manifest_keys::ManifestKeysReply;
use serde::Deserialize;

use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};

#[derive(Deserialize)]
pub(crate) struct After {
    /// The generation that the terminal knows.
    #[serde(default)]
    after: u32,
}

pub(crate) async fn manifest_keys(
    State(app): State<Shared>,
    Path(screen): Path<String>,
    Query(After { after }): Query<After>,
    bearer: Bearer,
) -> Result<([(HeaderName, &'static str); 1], Json<ManifestKeysReply>), Problem> {
    bearer.only(&screen)?;
    app.work(move |app: &AppState| {
        let reply = app.hub.manifest_keys_after(after);
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(reply)))
    })
    .await
}
