//! Whose token it is, and their tokens.

use axum::extract::{Path, State};
use passerby_protocol::hexadecimal::{hex, unhex32};
use serde_json::{Value, json};

use crate::people::{Right, Who};
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, not_here, of_people, of_store, ok};
use crate::server::api::gate::Caller;
use crate::system::clock;

pub(in crate::server::api) async fn show(Caller(actor): Caller) -> Answer {
    let name = match actor.who() {
        Who::CommandLine => "",
        Who::Source { name } | Who::Person { name, .. } | Who::Token { name, .. } => name,
    };
    let rights = Right::ALL.into_iter().filter(|right| actor.may(*right));
    let rights: Vec<&str> = rights.map(Right::word).collect();
    ok(json!({ "name": name, "role": actor.role(), "rights": rights }))
}

pub(in crate::server::api) async fn tokens(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Answer {
    let person = actor.person_id().ok_or_else(not_here)?;
    let tokens = app
        .work(move |app| app.hub.store.tokens_of(person, clock::now_ms()))
        .await;
    let tokens: Vec<Value> = tokens
        .map_err(of_store)?
        .iter()
        .map(|token| {
            let rights: Vec<&str> = token.rights.iter().map(|right| right.word()).collect();
            json!({
                "id": hex(&token.handle),
                "name": token.name,
                "rights": rights,
                "expires_ms": token.expires_ms,
                "used_ms": token.used_ms,
            })
        })
        .collect();
    ok(json!({ "tokens": tokens }))
}

pub(in crate::server::api) async fn end_token(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let handle = unhex32(&id).ok_or_else(not_here)?;
    let person = actor.person_id().ok_or_else(not_here)?;
    let ended = app
        .work(move |app| {
            app.hub
                .store
                .end_token(&actor, person, &handle, clock::now_ms())
        })
        .await;
    ended.map_err(of_people)?;
    ok(json!({}))
}
