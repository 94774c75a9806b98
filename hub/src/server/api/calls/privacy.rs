//! What is kept of people, for programs.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::privacy::{PROCESSINGS, Processing};
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::problem::Problem;
use crate::store::HubOperator;
use crate::system::clock;

fn told(operator: Option<&HubOperator>) -> Value {
    let processings = PROCESSINGS.iter().map(|processing: &Processing| {
        let [_, what] = processing.what;
        let [_, purpose] = processing.purpose;
        let [_, ground] = processing.ground;
        let [_, kept] = processing.kept;
        let [_, erased] = processing.erased;
        json!({
            "id": processing.id,
            "what": what,
            "purpose": purpose,
            "ground": ground,
            "kept": kept,
            "erased": erased,
            "tables": processing.tables,
        })
    });
    let processings: Vec<Value> = processings.collect();
    json!({ "operator": operator, "processings": processings })
}

pub(in crate::server::api) async fn show(State(app): State<Shared>, _: Caller) -> Answer {
    let operator = app.work(|app| app.hub.store.hub_operator()).await;
    ok(told(operator.map_err(of_store)?.as_ref()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    name: String,
    contact: String,
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let said: Said = sent.json()?;
    let operator = HubOperator::read(&said.name, &said.contact)
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    let told = told(Some(&operator));
    let set = app
        .work(move |app| {
            let store = &app.hub.store;
            store.set_hub_operator(&actor, &operator, clock::now_ms())
        })
        .await;
    set.map_err(of_store)?;
    ok(told)
}
