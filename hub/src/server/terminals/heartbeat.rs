//! `POST /v1/terminals/{n}/heartbeat`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::bounded;
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::{LINE_CHARS_MAX, REQUEST_TEXT_BYTES_MAX};
use passerby_protocol::wire::{Heartbeat, HeartbeatReply};

use crate::server::body::Unread;
use crate::server::problem::Problem;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};
use crate::system::clock;

pub(crate) async fn heartbeat(
    State(app): State<Shared>,
    Path(screen): Path<String>,
    bearer: Bearer,
    body: Unread,
) -> Result<Json<HeartbeatReply>, Problem> {
    let screen = bearer.only(&screen)?;
    let body = body.small().await?;
    let heartbeat: Heartbeat = bounded::json(&body, REQUEST_TEXT_BYTES_MAX).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!("not a heartbeat: {}", one_line(&error.to_string(), 200)),
        )
    })?;
    let heartbeat = tidied(heartbeat);
    app.work(move |app: &AppState| {
        let now_ms = clock::now_ms();
        let heard = app.hub.store.heard_from(screen, &heartbeat, now_ms)?;
        Ok(Json(HeartbeatReply {
            server_time_ms: now_ms,
            manifest_version: heard.manifest_version,
            key_generation: Some(heard.key_generation),
        }))
    })
    .await
}

/// Cuts what a terminal says of itself to what is kept.
pub(super) fn tidied(mut heartbeat: Heartbeat) -> Heartbeat {
    heartbeat.software = one_line(&heartbeat.software, LINE_CHARS_MAX);
    heartbeat.traits = heartbeat.traits.map(|traits| traits.tidied());
    heartbeat
}
