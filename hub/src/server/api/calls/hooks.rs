//! Web hooks that are told of what happens, for programs.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::CampaignId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::hooks::check::{HookSaid, checked};
use crate::server::Shared;
use crate::server::api::base::PAGE_MAX;
use crate::server::api::calls::errors::{Answer, made, not_here, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::problem::Problem;
use crate::store::{AlertWords, EventHook, EventHookError, EventKind, HookKind};
use crate::system::clock;

fn of_hook(error: EventHookError) -> Problem {
    match error {
        EventHookError::Unknown => not_here(),
        EventHookError::Store(error) => of_store(error),
        EventHookError::TooMany => Problem::new(StatusCode::CONFLICT, error.to_string()),
    }
}

fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| not_here())
}

fn told(hook: &EventHook) -> Value {
    let settings = &hook.settings;
    json!({
        "hook": hook.id,
        "name": settings.name,
        "kind": settings.kind,
        "events": settings.events,
        "campaign": settings.campaign,
        "words": settings.words,
        "host": settings.host,
        "paused": hook.paused,
        "made_by": hook.made_by,
        "made_ms": hook.made_ms,
        "sent": hook.sent,
        "sent_ms": hook.sent_ms,
        "failures": hook.failures,
        "problem": hook.problem,
        "waiting": hook.waiting,
        "given_up": hook.given_up,
    })
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Answer {
    let read = app
        .work(move |app| app.hub.store.event_hooks(actor.scope()))
        .await;
    let hooks: Vec<Value> = read.map_err(of_store)?.iter().map(told).collect();
    ok(json!({ "hooks": hooks }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHook {
    name: String,
    kind: HookKind,
    events: BTreeSet<EventKind>,
    #[serde(default)]
    campaign: Option<CampaignId>,
    #[serde(default)]
    words: Option<AlertWords>,
    url: String,
    #[serde(default)]
    secret: String,
}

pub(in crate::server::api) async fn add(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let asked: NewHook = sent.json()?;
    let said = HookSaid {
        name: &asked.name,
        kind: asked.kind,
        events: asked.events,
        campaign: asked.campaign,
        words: asked.words.unwrap_or(AlertWords::English),
        url: &asked.url,
        secret: &asked.secret,
    };
    let wrong = |error: crate::hooks::check::HookSaidError| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    };
    let (settings, hook) = checked(said).map_err(wrong)?;
    let added = app
        .work(move |app| {
            let store = &app.hub.store;
            let sealed = hook.sealed(&app.hub)?;
            let id = store.add_event_hook(&actor, &settings, &sealed, clock::now_ms())?;
            store
                .event_hook(actor.scope(), id)?
                .ok_or(EventHookError::Unknown)
        })
        .await;
    made(told(&added.map_err(of_hook)?))
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(hook): Path<String>,
) -> Answer {
    let id = number(&hook)?;
    let read = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let hook = store
                .event_hook(scope, id)?
                .ok_or(EventHookError::Unknown)?;
            Ok((hook, store.dead_events(scope, id, PAGE_MAX)?))
        })
        .await;
    let (hook, given_up) = read.map_err(of_hook)?;
    ok(json!({ "hook": told(&hook), "given_up": given_up }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    paused: bool,
}

pub(in crate::server::api) async fn pause(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(hook): Path<String>,
    sent: Sent,
) -> Answer {
    let id = number(&hook)?;
    let Pause { paused } = sent.json()?;
    let changed = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            store.pause_event_hook(&actor, id, paused, now_ms)?;
            store
                .event_hook(actor.scope(), id)?
                .ok_or(EventHookError::Unknown)
        })
        .await;
    ok(told(&changed.map_err(of_hook)?))
}

pub(in crate::server::api) async fn remove(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(hook): Path<String>,
) -> Answer {
    let id = number(&hook)?;
    let removed = app
        .work(move |app| app.hub.store.remove_event_hook(&actor, id, clock::now_ms()))
        .await;
    removed.map_err(of_hook)?;
    ok(json!({}))
}

pub(in crate::server::api) async fn test(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(hook): Path<String>,
) -> Answer {
    let id = number(&hook)?;
    let tried = app
        .work(move |app| {
            let hook = app.hub.store.event_hook(actor.scope(), id)?;
            let hook = hook.ok_or(EventHookError::Unknown)?;
            Ok(app.hooks.attempt(&app.hub, &hook).err())
        })
        .await;
    ok(json!({ "problem": tried.map_err(of_hook)? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    #[serde(default)]
    message: Option<i64>,
}

pub(in crate::server::api) async fn again(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(hook): Path<String>,
    sent: Sent,
) -> Answer {
    let id = number(&hook)?;
    let Again { message } = sent.json()?;
    let again = app
        .work(move |app| {
            let store = &app.hub.store;
            store.send_events_again(&actor, id, message, clock::now_ms())
        })
        .await;
    ok(json!({ "again": again.map_err(of_hook)? }))
}
