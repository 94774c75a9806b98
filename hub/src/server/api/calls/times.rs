//! What may air when, for programs.

use std::sync::Arc;

use axum::extract::{Path, State};
use passerby_protocol::{CampaignId, ScreenNumber};
use serde_json::{Value, json};

use crate::air_times::conflicts::{DAYS, json as json_of_finding};
use crate::air_times::{self, Days};
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, limit, not_here, of_store, ok};
use crate::server::api::gate::Caller;
use crate::server::console::fields::Fields;
use crate::server::console::pages::drafts::common::looked_at_by;
use crate::server::console::pages::drafts::conflicts;
use crate::server::console::pages::times::{days_of, zone_of};
use crate::store::{AirOfScreen, ScreenFilter};
use crate::system::clock;

/// Most screens in one answer, since each may have many campaigns.
const SCREENS_MAX: usize = 50;
/// Days that an answer has unless it is asked for others.
const DAYS_USUAL: u16 = 7;

fn range(days: &Days) -> [(&'static str, Value); 3] {
    let (from, until) = days.range();
    [
        ("from_ms", json!(from.as_millisecond())),
        ("until_ms", json!(until.as_millisecond())),
        (
            "time_zone",
            json!(days.zone.iana_name().unwrap_or("UTC").to_owned()),
        ),
    ]
}

fn of_screen(air: &AirOfScreen, days: &Days) -> Value {
    let published = air.campaigns.iter().map(|one| (&one.id, &one.campaign));
    let (found, more) = air_times::campaigns(published, days);
    json!({
        "screen": air.row.screen,
        "name": air.row.name,
        "emergency": air.notice.as_ref().map(|notice| &notice.headline),
        "emergency_since_ms": air.notice.as_ref().map(|notice| notice.begun_ms),
        "campaigns": found.iter().map(air_times::json).collect::<Vec<_>>(),
        "left_out": more,
    })
}

fn with_range(days: &Days, mut value: Value) -> Value {
    for (name, said) in range(days) {
        value[name] = said;
    }
    value
}

pub(in crate::server::api) async fn of_one_screen(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(screen): Path<String>,
    fields: Fields,
) -> Answer {
    let screen: ScreenNumber = screen.parse().map_err(|_| not_here())?;
    let air = app
        .work(move |app| {
            let store = &app.hub.store;
            store.air_of_screen(screen, actor.scope(), clock::now_ms())
        })
        .await;
    let air = air.map_err(of_store)?.ok_or_else(not_here)?;
    let days = days_of(&fields, zone_of(&air), DAYS_USUAL);
    ok(with_range(&days, of_screen(&air, &days)))
}

pub(in crate::server::api) async fn of_campaign(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    fields: Fields,
) -> Answer {
    let id: CampaignId = id.parse().map_err(|_| not_here())?;
    let days = days_of(&fields, clock::time_zone(), DAYS_USUAL);
    let facts = app
        .work(move |app| app.hub.store.campaign_facts(&id, actor.scope()))
        .await;
    let facts = facts.map_err(of_store)?.ok_or_else(not_here)?;
    let times = air_times::campaign(&facts.row.id, &facts.row.campaign, &days);
    ok(with_range(
        &days,
        json!({ "times": air_times::json(&times), "live": facts.row.is_live, "screens": facts.screens }),
    ))
}

pub(in crate::server::api) async fn of_draft(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id: CampaignId = id.parse().map_err(|_| not_here())?;
    let (asker, known) = (Arc::clone(&actor), id.clone());
    let draft = app
        .work(move |app| app.hub.store.draft(&known, asker.scope()))
        .await;
    let draft = draft.map_err(of_store)?.ok_or_else(not_here)?;
    let draft = looked_at_by(&app, &actor, draft).await;
    let found = app
        .work(move |app| conflicts::of_draft(&app.hub.store, &draft, actor.scope()))
        .await;
    let (campaign, found) = found.map_err(of_store)?;
    let days = days_of(&Fields::default(), clock::time_zone(), DAYS);
    let times = campaign
        .as_ref()
        .map(|campaign| air_times::json(&air_times::campaign(&id, campaign, &days)));
    ok(json!({
        "looked_at": campaign.is_some(),
        "conflicts": found.iter().map(json_of_finding).collect::<Vec<_>>(),
        "times": times,
    }))
}

pub(in crate::server::api) async fn of_screens(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let days = days_of(&fields, clock::time_zone(), 1);
    let count = limit(&fields).min(SCREENS_MAX);
    let filter = ScreenFilter {
        group: fields.word("group").map(str::to_owned),
        after: fields.get("after").parse().ok(),
        ..ScreenFilter::default()
    };
    let read = app
        .work(move |app| {
            let store = &app.hub.store;
            store.air_of_screens(&filter, actor.scope(), count + 1, clock::now_ms())
        })
        .await;
    let mut screens = read.map_err(of_store)?;
    let has_more = screens.len() > count;
    screens.truncate(count);
    let next = screens.last().filter(|_| has_more);
    let next = next.map(|air| air.row.screen);
    let screens: Vec<Value> = screens.iter().map(|air| of_screen(air, &days)).collect();
    ok(with_range(
        &days,
        json!({ "screens": screens, "next": next }),
    ))
}
