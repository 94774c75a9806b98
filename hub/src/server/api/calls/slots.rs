//! Slots, for programs.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::civil::Date;
use passerby_protocol::{ScreenNumber, foreign};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::drafts::desk;
use crate::people::{Actor, GROUP_CHARS_MAX, line};
use crate::server::Shared;
use crate::server::api::calls::errors::{
    Answer, limit, made, not_here, of_name, of_people, of_store, ok,
};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::problem::Problem;
use crate::store::{ChosenScreens, NewSlot, Slot, SlotError, SlotKind};
use crate::system::clock;

fn of_slot(error: SlotError) -> Problem {
    match error {
        SlotError::Store(error) => of_store(error),
        SlotError::NameTaken(_) | SlotError::TooMany => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
        SlotError::Days | SlotError::Pieces | SlotError::OtherScreens | SlotError::Contributor => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
    }
}

fn told(slot: &Slot) -> Value {
    let terms = &slot.terms;
    let kinds: Vec<&str> = terms.kinds.iter().map(|kind| kind.word()).collect();
    json!({
        "slot": slot.id,
        "name": terms.name,
        "campaign": terms.campaign,
        "first": terms.first.to_string(),
        "last": terms.last.to_string(),
        "state": slot.state(clock::date_of(clock::now_ms())).word(),
        "pieces": slot.pieces,
        "pieces_max": terms.pieces_max,
        "kinds": kinds,
        "screens": terms.targets.screens,
        "groups": terms.targets.groups,
        "submitted": slot.is_submitted,
        "live": slot.is_live,
        "made_by": foreign::escaped(&slot.made_by),
        "made_ms": slot.made_ms,
    })
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let count = limit(&fields);
    let before = fields.get("before").parse().ok();
    let read = app
        .work(move |app| app.hub.store.slots(actor.scope(), before, count + 1))
        .await;
    let mut slots = read.map_err(of_store)?;
    let has_more = slots.len() > count;
    slots.truncate(count);
    let next = slots.last().filter(|_| has_more).map(|slot| slot.id);
    let slots: Vec<Value> = slots.iter().map(told).collect();
    ok(json!({ "slots": slots, "next": next }))
}

async fn find(app: &Shared, actor: &Arc<Actor>, id: i64) -> Result<Slot, Problem> {
    let actor = Arc::clone(actor);
    let found = app
        .work(move |app| app.hub.store.slot(id, actor.scope()))
        .await;
    found.map_err(of_store)?.ok_or_else(not_here)
}

fn id_of(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| not_here())
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    ok(told(&find(&app, &actor, id_of(&id)?).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    name: String,
    first: Date,
    last: Date,
    pieces_max: u32,
    kinds: BTreeSet<String>,
    #[serde(default)]
    screens: BTreeSet<ScreenNumber>,
    #[serde(default)]
    groups: BTreeSet<String>,
    #[serde(default)]
    person: Option<i64>,
}

impl Opening {
    fn read(self) -> Result<(NewSlot, Option<i64>), Problem> {
        let kinds = self.kinds.iter().map(|word| SlotKind::of_word(word));
        let kinds: Option<BTreeSet<SlotKind>> = kinds.collect();
        let new = NewSlot {
            name: line(&self.name, GROUP_CHARS_MAX).map_err(of_name)?,
            // The desk finds the one that is free.
            campaign: "slot".parse().map_err(|_| not_here())?,
            first: self.first,
            last: self.last,
            pieces_max: self.pieces_max,
            kinds: kinds.ok_or_else(|| of_slot(SlotError::Pieces))?,
            targets: ChosenScreens {
                screens: self.screens,
                groups: self.groups,
            },
        };
        Ok((new, self.person))
    }
}

pub(in crate::server::api) async fn open(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let (new, person) = sent.json::<Opening>()?.read()?;
    let opened = app
        .work(move |app| {
            let id = desk::open_slot(&app.hub, &actor, new, person, clock::now_ms())?;
            // Its opener may have come to have to do with it just now.
            let slot = app.hub.store.slot(id, &crate::people::Scope::ALL)?;
            Ok::<_, SlotError>(slot)
        })
        .await;
    let slot = opened.map_err(of_slot)?.ok_or_else(not_here)?;
    made(told(&slot))
}

pub(in crate::server::api) async fn begin(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let slot = find(&app, &actor, id).await?;
    let by = Arc::clone(&actor);
    let begun = app
        .work(move |app| desk::begin_in_slot(&app.hub, &by, &slot, clock::now_ms()))
        .await;
    begun.map_err(|fault| Problem::new(StatusCode::CONFLICT, fault.to_string()))?;
    ok(told(&find(&app, &actor, id).await?))
}

pub(in crate::server::api) async fn invite(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let secret = app
        .work(move |app| app.hub.store.invite_to_slot(&actor, id, clock::now_ms()))
        .await;
    let secret = secret.map_err(of_people)?;
    let link = app
        .public_url
        .absolute(&format!("/console/join/{}", secret.as_str()));
    made(json!({ "link": link }))
}

pub(in crate::server::api) async fn close(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let by = Arc::clone(&actor);
    let closed = app
        .work(move |app| app.hub.store.close_slot(&by, id, clock::now_ms()))
        .await;
    closed.map_err(of_slot)?;
    ok(told(&find(&app, &actor, id).await?))
}
