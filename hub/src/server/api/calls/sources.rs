//! Where content comes from by itself, for programs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::ScreenNumber;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::people::Actor;
use crate::server::api::calls::errors::{Answer, limit, made, not_here, of_store, ok, page};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::problem::Problem;
use crate::server::{AppState, Shared};
use crate::sources::input::{SourceInput, SourceInputError};
use crate::sources::rules::Rules;
use crate::sources::said::ItemSaid;
use crate::store::{ItemRecord, SourceError, SourceRecord, StoreError, WhichItems};
use crate::system::clock;

fn of_input(error: SourceInputError) -> Problem {
    match error {
        SourceInputError::Store(error) => of_store(error),
        other => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}

fn of_source(error: SourceError) -> Problem {
    match error {
        SourceError::Unknown(_) => not_here(),
        SourceError::Store(error) => of_store(error),
        SourceError::Known(_) | SourceError::TooMany | SourceError::NoItem { .. } => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
    }
}

fn told(source: &SourceRecord) -> Result<Value, StoreError> {
    let rules: Rules = serde_json::from_str(&source.rules)?;
    Ok(json!({
        "source": source.name,
        "kind": source.kind,
        "location": source.location,
        "rules": {
            "newest": rules.newest,
            "must": rules.must,
            "must_not": rules.must_not,
            "approval": rules.approval,
            "days": rules.days,
            "every_minutes": rules.every_minutes,
        },
        "paused": source.paused,
        "fetched_ms": source.fetched_ms,
        "succeeded_ms": source.succeeded_ms,
        "next_ms": source.fetch_ms,
        "failures": source.failures,
        "problem": source.problem,
        "left_out": source.left_out,
    }))
}

fn item_told(item: &ItemRecord) -> Value {
    let said = ItemSaid::of(item);
    json!({
        "item": item.number,
        "state": item.state,
        "title": item.title,
        "text": said.text,
        "link": said.link,
        "picture": said.picture,
        "price": said.price,
        "campaign": item.campaign,
        "ends_ms": item.ends_ms,
        "told": item.told,
    })
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let sources = app
        .work(move |app| app.hub.store.sources_of(actor.scope()))
        .await;
    let (sources, next) = page(sources.map_err(of_store)?, &fields, |one| one.name.clone())?;
    let told: Result<Vec<Value>, StoreError> = sources.iter().map(told).collect();
    ok(json!({ "sources": told.map_err(of_store)?, "next": next }))
}

/// Reads one, if the caller has to do with it.
fn one(app: &AppState, actor: &Actor, name: &str) -> Result<Value, Problem> {
    let source = app.hub.store.source_of(name, actor.scope());
    let source = source.map_err(of_store)?.ok_or_else(not_here)?;
    told(&source).map_err(of_store)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TemplateSaid {
    headline: Option<String>,
    body: Option<String>,
    price: Option<String>,
    layout: Option<String>,
    paper: Option<String>,
    ink: Option<String>,
    accent: Option<String>,
    call: Option<String>,
    landing: Option<String>,
    button: Option<String>,
    share: Option<String>,
    seconds: Option<u32>,
}

impl TemplateSaid {
    /// Those keys that are said, with their texts.
    fn keys<'a>(&'a self, seconds: Option<&'a String>) -> Vec<(&'static str, &'a str)> {
        let keys = [
            ("headline", self.headline.as_ref()),
            ("body", self.body.as_ref()),
            ("price", self.price.as_ref()),
            ("layout", self.layout.as_ref()),
            ("paper", self.paper.as_ref()),
            ("ink", self.ink.as_ref()),
            ("accent", self.accent.as_ref()),
            ("call", self.call.as_ref()),
            ("landing", self.landing.as_ref()),
            ("button", self.button.as_ref()),
            ("share", self.share.as_ref()),
            ("seconds", seconds),
        ];
        let said = keys.into_iter();
        said.filter_map(|(key, text)| Some((key, text?.as_str())))
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    source: String,
    #[serde(default)]
    url: String,
    newest: Option<u32>,
    #[serde(default)]
    must: Vec<String>,
    #[serde(default)]
    must_not: Vec<String>,
    #[serde(default)]
    approval: bool,
    days: Option<u32>,
    every_minutes: Option<u32>,
    #[serde(default)]
    screens: Vec<ScreenNumber>,
    template: Option<TemplateSaid>,
}

pub(in crate::server::api) async fn add(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let said: Said = sent.json()?;
    let template = said.template.unwrap_or_default();
    let seconds = template.seconds.map(|seconds| seconds.to_string());
    let keys = template.keys(seconds.as_ref());
    let input = SourceInput {
        name: &said.source,
        url: &said.url,
        newest: said.newest,
        must: said.must.clone(),
        must_not: said.must_not.clone(),
        approval: said.approval,
        days: said.days,
        every_minutes: said.every_minutes,
        screens: said.screens.clone(),
        template: keys,
    };
    let (source, secret) = input.read().map_err(of_input)?;
    let added = app
        .work(move |app| {
            let store = &app.hub.store;
            store
                .add_source(&actor, &source, clock::now_ms())
                .map_err(of_source)?;
            one(app, &actor, &source.name)
        })
        .await;
    made(json!({ "source": added?, "secret": secret }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    newest: Option<u32>,
    must: Option<Vec<String>>,
    must_not: Option<Vec<String>>,
    approval: Option<bool>,
    days: Option<u32>,
    every_minutes: Option<u32>,
    screens: Option<Vec<ScreenNumber>>,
    template: Option<TemplateSaid>,
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(name): Path<String>,
    sent: Sent,
) -> Answer {
    let said: Change = sent.json()?;
    let told = app
        .work(move |app| {
            let store = &app.hub.store;
            let source = store.source_of(&name, actor.scope()).map_err(of_store)?;
            let source = source.ok_or_else(not_here)?;
            let known: Rules = serde_json::from_str(&source.rules)
                .map_err(|error| of_store(StoreError::from(error)))?;
            let template = said.template.unwrap_or_default();
            let seconds = template.seconds.map(|seconds| seconds.to_string());
            let keys = template.keys(seconds.as_ref());
            let asked: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
            let input = SourceInput {
                newest: said.newest.or(Some(known.newest)),
                must: said.must.unwrap_or_else(|| known.must.clone()),
                must_not: said.must_not.unwrap_or_else(|| known.must_not.clone()),
                approval: said.approval.unwrap_or(known.approval),
                days: said.days.or(Some(known.days)),
                every_minutes: said.every_minutes.or(Some(known.every_minutes)),
                screens: said.screens.unwrap_or_else(|| known.screens.clone()),
                template: keys,
                ..SourceInput::default()
            };
            let rules = input.change(&known, &asked).map_err(of_input)?;
            let changed = store.change_source(&actor, &name, &rules, clock::now_ms());
            changed.map_err(of_source)?;
            one(app, &actor, &name)
        })
        .await;
    ok(told?)
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(name): Path<String>,
) -> Answer {
    ok(app.work(move |app| one(app, &actor, &name)).await?)
}

pub(in crate::server::api) async fn items(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(name): Path<String>,
    fields: Fields,
) -> Answer {
    let count = limit(&fields);
    let items = app
        .work(move |app| {
            one(app, &actor, &name)?;
            let items = app.hub.store.source_items(&name, count);
            items.map_err(of_store)
        })
        .await;
    let items: Vec<Value> = items?.iter().map(item_told).collect();
    ok(json!({ "items": items }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    #[serde(default)]
    items: Vec<u32>,
    #[serde(default)]
    all: bool,
}

impl Which {
    fn read(self) -> Result<WhichItems, Problem> {
        match (self.all, self.items.is_empty()) {
            (true, true) => Ok(WhichItems::All),
            (false, false) => Ok(WhichItems::Only(self.items)),
            _ => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "name items, or all",
            )),
        }
    }
}

pub(in crate::server::api) async fn approve(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(name): Path<String>,
    sent: Sent,
) -> Answer {
    let which = sent.json::<Which>()?.read()?;
    let numbers = app
        .work(move |app| {
            let store = &app.hub.store;
            store.approve_source_items(&actor, &name, &which, clock::now_ms())
        })
        .await;
    ok(json!({ "items": numbers.map_err(of_source)? }))
}

pub(in crate::server::api) async fn take_down(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(name): Path<String>,
    sent: Sent,
) -> Answer {
    let which = sent.json::<Which>()?.read()?;
    let numbers = app
        .work(move |app| {
            let store = &app.hub.store;
            store.take_down_source_items(&actor, &name, &which, clock::now_ms())
        })
        .await;
    ok(json!({ "items": numbers.map_err(of_source)? }))
}

pub(in crate::server::api) async fn fetch(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(name): Path<String>,
) -> Answer {
    let told = app
        .work(move |app| {
            let store = &app.hub.store;
            store
                .fetch_source_soon(&actor, &name, clock::now_ms())
                .map_err(of_source)?;
            one(app, &actor, &name)
        })
        .await;
    ok(told?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pausing {
    paused: bool,
}

pub(in crate::server::api) async fn pause(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(name): Path<String>,
    sent: Sent,
) -> Answer {
    let Pausing { paused } = sent.json()?;
    let told = app
        .work(move |app| {
            let store = &app.hub.store;
            store
                .pause_source(&actor, &name, paused, clock::now_ms())
                .map_err(of_source)?;
            one(app, &actor, &name)
        })
        .await;
    ok(told?)
}

pub(in crate::server::api) async fn remove(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(name): Path<String>,
) -> Answer {
    let removed = app
        .work(move |app| app.hub.store.remove_source(&actor, &name, clock::now_ms()))
        .await;
    removed.map_err(of_source)?;
    ok(json!({}))
}
