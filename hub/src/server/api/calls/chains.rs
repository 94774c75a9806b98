//! What became of shares, for programs.

use axum::extract::State;
use serde_json::json;

use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, ok};
use crate::server::api::calls::reports::refused;
use crate::server::api::gate::Caller;
use crate::server::console::fields::Fields;
use crate::server::console::pages::report_asked::Asked;

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let asked = Asked::of(&fields).map_err(refused)?;
    let read = app
        .work(move |app| asked.read_chains(&app.hub.store, &actor))
        .await;
    ok(json!(read.map_err(refused)?))
}
