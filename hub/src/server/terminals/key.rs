//! `POST /v1/terminals/{n}/key`: the key with which a terminal should mint from now on.
//!
//! Asking changes nothing, so a lost answer is asked for again. The older key stays good for what
//! it has minted, until the terminal's heartbeat says that it mints with this one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use passerby_protocol::wire::KeyReply;

use crate::server::problem::Problem;
use crate::server::terminals::bearer;
use crate::server::terminals::bearer::Bearer;
use crate::server::{AppState, Shared};

pub(crate) async fn key(
    State(app): State<Shared>,
    Path(screen): Path<String>,
    bearer: Bearer,
) -> Result<([(HeaderName, &'static str); 1], Json<KeyReply>), Problem> {
    let screen = bearer.only(&screen)?;
    app.work(move |app: &AppState| {
        let key = app.hub.token_key(screen)?;
        let key = key.ok_or_else(bearer::no_such_screen)?;
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(key)))
    })
    .await
}
