//! Campaigns, for programs.

use axum::extract::{Path, State};
use passerby_protocol::{CampaignId, foreign};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::people::group;
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, limit, not_here, of_name, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::console::pages::campaigns::Standing;
use crate::server::problem::Problem;
use crate::store::CampaignRow;
use crate::system::clock;

fn id_of(text: &str) -> Result<CampaignId, Problem> {
    text.parse().map_err(|_| not_here())
}

fn told(row: &CampaignRow) -> Value {
    let today = clock::date_of(clock::now_ms());
    json!({
        "campaign": row.id,
        "title": row.campaign.title,
        "group": row.group,
        "standing": Standing::of(row, today).word(),
        "everywhere": row.is_everywhere,
        "published_ms": row.published_ms,
    })
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
    fields: Fields,
) -> Answer {
    let count = limit(&fields);
    let rows = app
        .work(move |app| {
            let text: String = fields.get("q").chars().take(100).collect();
            let asked = (text.as_str(), fields.word("group"));
            app.hub
                .store
                .campaign_list(asked, fields.get("after"), actor.scope(), count + 1)
        })
        .await;
    let mut rows = rows.map_err(of_store)?;
    let has_more = rows.len() > count;
    rows.truncate(count);
    let next = rows.last().filter(|_| has_more).map(|row| row.id.clone());
    let rows: Vec<Value> = rows.iter().map(told).collect();
    ok(json!({ "campaigns": rows, "next": next }))
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let facts = app
        .work(move |app| app.hub.store.campaign_facts(&id, actor.scope()))
        .await;
    let facts = facts.map_err(of_store)?.ok_or_else(not_here)?;
    let creatives = facts
        .creatives
        .iter()
        .map(Some)
        .chain(std::iter::repeat(None));
    let placements: Vec<Value> = facts
        .row
        .campaign
        .placements
        .iter()
        .zip(creatives)
        .map(|(placement, creative)| {
            json!({
                "file": foreign::escaped(&placement.creative),
                "creative": creative.map(|(digest, _)| digest),
                "weight": placement.weight,
            })
        })
        .collect();
    ok(json!({ "campaign": told(&facts.row), "screens": facts.screens, "placements": placements }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grouping {
    #[serde(default)]
    group: String,
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let id = id_of(&id)?;
    let group = group(&sent.json::<Grouping>()?.group).map_err(of_name)?;
    let changed = app
        .work(move |app| {
            let store = &app.hub.store;
            store.group_campaign(&actor, &id, group.as_deref(), clock::now_ms())?;
            store.campaign_facts(&id, actor.scope())
        })
        .await;
    let facts = changed.map_err(of_store)?.ok_or_else(not_here)?;
    ok(told(&facts.row))
}

pub(in crate::server::api) async fn take_off(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let id = id_of(&id)?;
    let taken = app
        .work(move |app| app.hub.store.unpublish(&actor, &id, clock::now_ms()))
        .await;
    let screens = taken.map_err(of_store)?.ok_or_else(not_here)?;
    ok(json!({ "screens": screens.len() }))
}
