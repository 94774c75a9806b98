//! People and links, for programs.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::hexadecimal::{hex, unhex32};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::people::{GROUP_CHARS_MAX, GROUPS_MAX, NameError, Role, Scope, Secret, line};
use crate::server::Shared;
use crate::server::api::calls::errors::{
    Answer, made, not_here, of_name, of_people, of_store, ok, page,
};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::problem::Problem;
use crate::store::Person;
use crate::system::clock;

fn told(person: &Person) -> Value {
    json!({
        "person": person.id,
        "name": person.name,
        "role": person.role,
        "screens": person.scope.screens,
        "campaigns": person.scope.campaigns,
        "second_step": person.has_second_step,
        "seen_ms": person.seen_ms,
    })
}

fn id_of(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| not_here())
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    _: Caller,
    fields: Fields,
) -> Answer {
    let people = app
        .work(|app| app.hub.store.people())
        .await
        .map_err(of_store)?;
    let (people, next) = page(people, &fields, |person| person.id.to_string())?;
    let people: Vec<Value> = people.iter().map(told).collect();
    ok(json!({ "people": people, "next": next }))
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    _: Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let person = app.work(move |app| app.hub.store.person(id)).await;
    ok(told(&person.map_err(of_store)?.ok_or_else(not_here)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rights {
    role: String,
    screens: Option<Vec<String>>,
    campaigns: Option<Vec<String>>,
}

impl Rights {
    fn read(self) -> Result<(Role, Scope), Problem> {
        let role = self.role.parse::<Role>();
        let role = role
            .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
        let groups = |groups: Option<Vec<String>>| {
            let groups = groups.map(|groups| {
                if groups.len() > GROUPS_MAX {
                    return Err(NameError::Many(GROUPS_MAX));
                }
                let groups = groups.iter().map(|group| line(group, GROUP_CHARS_MAX));
                groups.collect::<Result<BTreeSet<_>, _>>()
            });
            groups.transpose().map_err(of_name)
        };
        let scope = Scope {
            screens: groups(self.screens)?,
            campaigns: groups(self.campaigns)?,
        };
        Ok((role, scope))
    }
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let id = id_of(&id)?;
    let (role, scope) = sent.json::<Rights>()?.read()?;
    let changed = app
        .work(move |app| {
            let store = &app.hub.store;
            store.change_person(&actor, id, (role, &scope), clock::now_ms())?;
            Ok(store.person(id)?)
        })
        .await;
    ok(told(&changed.map_err(of_people)?.ok_or_else(not_here)?))
}

pub(in crate::server::api) async fn remove(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let removed = app
        .work(move |app| app.hub.store.remove_person(&actor, id, clock::now_ms()))
        .await;
    removed.map_err(of_people)?;
    ok(json!({}))
}

fn link(app: &Shared, secret: &Secret) -> Answer {
    let link = app
        .public_url
        .absolute(&format!("/console/join/{}", secret.as_str()));
    made(json!({ "link": link }))
}

pub(in crate::server::api) async fn reset(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let secret = app
        .work(move |app| app.hub.store.reset_link(&actor, id, clock::now_ms()))
        .await;
    link(&app, &secret.map_err(of_people)?)
}

pub(in crate::server::api) async fn invite(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let (role, scope) = sent.json::<Rights>()?.read()?;
    let secret = app
        .work(move |app| app.hub.store.invite(&actor, role, &scope, clock::now_ms()))
        .await;
    link(&app, &secret.map_err(of_people)?)
}

pub(in crate::server::api) async fn links(State(app): State<Shared>, _: Caller) -> Answer {
    let lines = app
        .work(|app| app.hub.store.invitations(clock::now_ms()))
        .await;
    let lines: Vec<Value> = lines
        .map_err(of_store)?
        .iter()
        .map(|line| {
            json!({
                "id": hex(&line.handle),
                "role": line.invitation.role,
                "resets": line.invitation.resets,
                "made_by": line.made_by,
                "expires_ms": line.invitation.expires_ms,
            })
        })
        .collect();
    ok(json!({ "links": lines }))
}

pub(in crate::server::api) async fn withdraw(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let handle = unhex32(&id).ok_or_else(not_here)?;
    let done = app
        .work(move |app| app.hub.store.withdraw(&actor, &handle, clock::now_ms()))
        .await;
    done.map_err(of_people)?;
    ok(json!({}))
}
