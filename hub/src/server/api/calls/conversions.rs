//! Conversions and the keys of shops, for programs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::CampaignId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::people::{NAME_CHARS_MAX, line};
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, limit, made, not_here, of_name, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::problem::Problem;
use crate::shops;
use crate::store::ConversionKeyError;
use crate::system::clock;

fn campaign(text: &str) -> Result<CampaignId, Problem> {
    text.parse().map_err(|_| not_here())
}

fn of_key(error: ConversionKeyError) -> Problem {
    match error {
        ConversionKeyError::Store(error) => of_store(error),
        refused => Problem::new(StatusCode::CONFLICT, refused.to_string()),
    }
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    fields: Fields,
) -> Answer {
    let campaign = campaign(&id)?;
    let before =
        match fields.word("before") {
            Some(word) => Some(word.parse().map_err(|_| {
                Problem::new(StatusCode::BAD_REQUEST, "before is the number of a row")
            })?),
            None => None,
        };
    let limit = limit(&fields);
    let read = app
        .work(move |app| {
            let store = &app.hub.store;
            store.conversion_list(&campaign, actor.scope(), before, limit + 1)
        })
        .await;
    let mut lines = read.map_err(of_store)?.ok_or_else(not_here)?;
    let has_more = lines.len() > limit;
    lines.truncate(limit);
    let next = lines
        .last()
        .filter(|_| has_more)
        .map(|line| line.conversion);
    ok(json!({ "conversions": lines, "next": next }))
}

pub(in crate::server::api) async fn keys(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let campaign = campaign(&id)?;
    let read = app
        .work(move |app| app.hub.store.conversion_keys(&campaign, actor.scope()))
        .await;
    ok(json!({ "keys": read.map_err(of_store)?.ok_or_else(not_here)? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    name: String,
}

pub(in crate::server::api) async fn add_key(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let campaign = campaign(&id)?;
    let asked: NewKey = sent.json()?;
    let name = line(&asked.name, NAME_CHARS_MAX).map_err(of_name)?;
    let added = app
        .work(move |app| shops::add_key(&app.hub, &actor, &campaign, &name, clock::now_ms()))
        .await;
    let key = added.map_err(of_key)?;
    made(json!({
        "key": key.key,
        "bearer": key.bearer.as_str(),
        "link_secret": key.link_secret.as_str(),
    }))
}

pub(in crate::server::api) async fn revoke_key(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, key)): Path<(String, String)>,
) -> Answer {
    let campaign = campaign(&id)?;
    let key: i64 = key.parse().map_err(|_| not_here())?;
    let revoked = app
        .work(move |app| {
            let store = &app.hub.store;
            store.revoke_conversion_key(&actor, &campaign, key, clock::now_ms())
        })
        .await;
    revoked.map_err(of_store)?;
    ok(Value::Object(serde_json::Map::new()))
}
