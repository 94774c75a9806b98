//! Emergency messages, for programs.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::ScreenNumber;
use passerby_protocol::manifest::ManifestNotice;
use serde::Deserialize;
use serde_json::json;

use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, made, not_here, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::problem::Problem;
use crate::store::{EmergencyBegin, EmergencyTargets};
use crate::system::clock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    headline: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    everywhere: bool,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    screens: Vec<ScreenNumber>,
    /// The messages that it may take the place of; any where nothing is said.
    #[serde(default)]
    replaces: Option<BTreeSet<i64>>,
}

impl Said {
    fn read(self) -> Result<(ManifestNotice, EmergencyTargets), Problem> {
        let notice = ManifestNotice::new(&self.headline, &self.body).ok_or_else(|| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "use a headline of 1 to 80 characters, and at most 2000 in all",
            )
        })?;
        let targets = EmergencyTargets {
            everywhere: self.everywhere,
            groups: self.groups.into_iter().collect(),
            screens: self.screens.into_iter().collect(),
        };
        Ok((notice, targets))
    }
}

fn nobody() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "it is for no screen; name everywhere, groups or screens",
    )
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Answer {
    let airing = app
        .work(move |app| app.hub.store.airing_emergencies(actor.scope()))
        .await;
    ok(json!({ "emergencies": airing.map_err(of_store)? }))
}

pub(in crate::server::api) async fn check(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let (_, targets) = sent.json::<Said>()?.read()?;
    let screens = app
        .work(move |app| app.hub.store.emergency_screens(actor.scope(), &targets))
        .await;
    ok(json!({ "screens": screens.map_err(of_store)? }))
}

pub(in crate::server::api) async fn begin(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let said = sent.json::<Said>()?;
    let seen = said.replaces.clone();
    let (notice, targets) = said.read()?;
    let begun = app
        .work(move |app| {
            let store = &app.hub.store;
            store.begin_emergency(&actor, &notice, &targets, seen.as_ref(), clock::now_ms())
        })
        .await;
    match begun.map_err(of_store)? {
        EmergencyBegin::Begun(begun) => made(json!(begun)),
        EmergencyBegin::ForNobody => Err(nobody()),
        EmergencyBegin::Unseen => Err(Problem::new(
            StatusCode::CONFLICT,
            "another message covers some of these screens; ask for a check, and name it in replaces",
        )),
    }
}

pub(in crate::server::api) async fn end(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id.parse().map_err(|_| not_here())?;
    let ended = app
        .work(move |app| app.hub.store.end_emergency(&actor, id, clock::now_ms()))
        .await;
    ended.map_err(of_store)?;
    ok(json!({}))
}
