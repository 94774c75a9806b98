//! The audit log, for programs.

use axum::extract::State;
use serde_json::json;

use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, limit, of_store, ok};
use crate::server::api::gate::Caller;
use crate::server::console::fields::Fields;

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    _: Caller,
    fields: Fields,
) -> Answer {
    let count = limit(&fields);
    let lines = app
        .work(move |app| {
            let text: String = fields.get("q").trim().chars().take(100).collect();
            app.hub
                .store
                .audit(fields.get("before").parse().ok(), &text, count + 1)
        })
        .await;
    let mut lines = lines.map_err(of_store)?;
    let has_more = lines.len() > count;
    lines.truncate(count);
    let next = lines.last().filter(|_| has_more).map(|line| line.id);
    ok(json!({ "lines": lines, "next": next }))
}
