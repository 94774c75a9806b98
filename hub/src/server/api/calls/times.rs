//! What may air when, for programs.

use std::sync::Arc;

use axum::extract::{Path, State};
use passerby_protocol::{Campaign, CampaignId, ScreenNumber};
use serde_json::{Value, json};

use crate::air_times::conflicts::{DAYS, json as json_of_finding};
use crate::air_times::many::{ManyTimes, Told};
use crate::air_times::{self, Days};
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, after_screen, limit, not_here, of_store, ok};
use crate::server::api::gate::Caller;
use crate::server::console::fields::Fields;
use crate::server::console::pages::drafts::common::looked_at_by;
use crate::server::console::pages::drafts::conflicts;
use crate::server::console::pages::times::{days_of, zone_of};
use crate::store::{AirOfScreen, ScreenFilter, StoreError};
use crate::system::clock;

/// Most screens in one answer, since each may have many campaigns.
const SCREENS_MAX: usize = 50;
/// How many are read at once, since an answer may have room for few of them.
const SCREENS_AT_ONCE: usize = 8;
/// Most stretches of time that are told of one screen; whoever asks for fewer days is told more of
/// its campaigns.
const STRETCHES_MAX: usize = 1_000;
/// An answer about several screens that is as large as this has no further one.
const BYTES_MAX: usize = 90_000;
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

fn of_screen(air: &AirOfScreen, told: &Told) -> Value {
    json!({
        "screen": air.row.screen,
        "name": air.row.name,
        "emergency": air.notice.as_ref().map(|notice| &notice.headline),
        "emergency_since_ms": air.notice.as_ref().map(|notice| notice.begun_ms),
        "campaigns": told.campaigns.iter().map(|one| air_times::json(one)).collect::<Vec<_>>(),
        "left_out": told.left_out,
    })
}

fn published(air: &AirOfScreen) -> impl Iterator<Item = (&CampaignId, &Arc<Campaign>)> {
    air.campaigns.iter().map(|one| (&one.id, &one.campaign))
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
    let told = app
        .work(move |app| {
            let store = &app.hub.store;
            let air = store.air_of_screen(screen, actor.scope(), clock::now_ms())?;
            let told = air.map(|air| {
                let days = days_of(&fields, zone_of(&air), DAYS_USUAL);
                let told = ManyTimes::new(&days).of(published(&air), STRETCHES_MAX);
                with_range(&days, of_screen(&air, &told))
            });
            Ok::<_, StoreError>(told)
        })
        .await;
    ok(told.map_err(of_store)?.ok_or_else(not_here)?)
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
    let mut filter = ScreenFilter {
        group: fields.word("group").map(str::to_owned),
        after: after_screen(&fields)?,
        ..ScreenFilter::default()
    };
    let told = app
        .work(move |app| {
            let (store, scope, now_ms) = (&app.hub.store, actor.scope(), clock::now_ms());
            let mut page = Page::new(&days);
            loop {
                let wanted = SCREENS_AT_ONCE.min(count - page.said.len());
                let screens = store.air_of_screens(&filter, scope, wanted + 1, now_ms)?;
                let has_more = screens.len() > wanted;
                let is_full = !screens.iter().take(wanted).all(|air| page.takes(air));
                if is_full || !has_more || page.said.len() == count {
                    let next = page.last.filter(|_| is_full || has_more);
                    let value = json!({ "screens": page.said, "next": next });
                    return Ok::<_, StoreError>(with_range(&days, value));
                }
                filter.after = page.last;
            }
        })
        .await;
    ok(told.map_err(of_store)?)
}

/// The first screens that are asked for: no more than an answer has room for.
struct Page<'d> {
    many: ManyTimes<'d>,
    said: Vec<Value>,
    last: Option<ScreenNumber>,
    bytes: usize,
}

impl<'d> Page<'d> {
    const fn new(days: &'d Days) -> Self {
        Self {
            many: ManyTimes::new(days),
            said: Vec::new(),
            last: None,
            bytes: 0,
        }
    }

    /// Adds a screen; false where there is no room for it. There is for one.
    fn takes(&mut self, air: &AirOfScreen) -> bool {
        let told = self.many.of(published(air), STRETCHES_MAX);
        let of_one = of_screen(air, &told);
        self.bytes += of_one.to_string().len();
        if self.bytes > BYTES_MAX && !self.said.is_empty() {
            return false;
        }
        self.said.push(of_one);
        self.last = Some(air.row.screen);
        true
    }
}
