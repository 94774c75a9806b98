//! People who follow campaigns, and news for them, for programs.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use passerby_protocol::{CampaignId, foreign};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::followers::{self, address_hmac};
use crate::people::Actor;
use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, made, not_here, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::problem::Problem;
use crate::store::{NewNews, News, NewsError, StoreError};
use crate::system::clock;
use crate::system::clock::DAY_MS;

fn id_of(text: &str) -> Result<CampaignId, Problem> {
    text.parse().map_err(|_| not_here())
}

fn of_news(error: NewsError) -> Problem {
    match error {
        NewsError::Store(error) => of_store(error),
        NewsError::Unknown => not_here(),
        NewsError::Text | NewsError::Link => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
        }
        NewsError::Sent | NewsError::TooMany => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
    }
}

fn told(news: &News) -> Value {
    let state = match (news.begun_ms, news.ended_ms) {
        (None, _) => "draft",
        (Some(_), None) => "going-out",
        (Some(_), Some(_)) => "sent",
    };
    json!({
        "news": news.id,
        "subject": foreign::escaped(&news.text.subject),
        "body": news.text.body,
        "link": news.text.link,
        "state": state,
        "made_by": foreign::escaped(&news.made_by),
        "made_ms": news.made_ms,
        "begun_ms": news.begun_ms,
        "total": news.total,
        "sent": news.sent,
        "failed": news.failed,
        "uncertain": news.uncertain,
        "waiting": news.waiting,
    })
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let campaign = id_of(&id)?;
    let read = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            let Some(facts) = store.campaign_facts(&campaign, actor.scope())? else {
                return Ok(None);
            };
            let month = (Some(now_ms - 30 * DAY_MS), None);
            let counts = store.fan_counts(Some(&campaign), None, month)?;
            let groups = store.fan_groups(&campaign, now_ms)?;
            let problem = followers::missing(&app.hub, &facts.row.campaign)?;
            Ok::<_, StoreError>(Some((counts, groups, problem)))
        })
        .await;
    let (counts, groups, problem) = read.map_err(of_store)?.ok_or_else(not_here)?;
    ok(json!({
        "total": counts.total,
        "new": counts.new,
        "gone": counts.gone,
        "once": groups.new,
        "returning": groups.returning,
        "sleeping": groups.sleeping,
        "remembered": groups.remembered,
        "unconfirmed": groups.unconfirmed,
        "redeemed": groups.redeemed,
        "problem": problem,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Erasing {
    address: String,
}

pub(in crate::server::api) async fn erase(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let campaign = id_of(&id)?;
    let address = sent.json::<Erasing>()?.address;
    let erased = app
        .work(move |app| {
            let hmac = address_hmac(app.hub.keys(), &address);
            app.hub
                .store
                .erase_follower(&actor, &campaign, &hmac, clock::now_ms())
        })
        .await;
    ok(json!({ "erased": erased.map_err(of_store)? }))
}

pub(in crate::server::api) async fn news(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
) -> Answer {
    let campaign = id_of(&id)?;
    let read = app
        .work(move |app| app.hub.store.news_list(&campaign, actor.scope()))
        .await;
    let news = read.map_err(of_store)?.ok_or_else(not_here)?;
    let news: Vec<Value> = news.iter().map(told).collect();
    ok(json!({ "news": news }))
}

async fn find(
    app: &Shared,
    actor: &Arc<Actor>,
    (campaign, news): (&CampaignId, i64),
) -> Result<News, Problem> {
    let (actor, campaign) = (Arc::clone(actor), campaign.clone());
    let read = app
        .work(move |app| {
            let store = &app.hub.store;
            match store.campaign_facts(&campaign, actor.scope())? {
                Some(_) => store.news(&campaign, news),
                None => Ok(None),
            }
        })
        .await;
    read.map_err(of_store)?.ok_or_else(not_here)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    subject: String,
    body: String,
    #[serde(default)]
    link: Option<String>,
}

pub(in crate::server::api) async fn write(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let campaign = id_of(&id)?;
    let draft = sent.json::<Draft>()?;
    let link = draft.link.unwrap_or_default();
    let text = NewNews::read(&draft.subject, &draft.body, &link).map_err(of_news)?;
    let (by, of) = (Arc::clone(&actor), campaign.clone());
    let kept = app
        .work(move |app| {
            let store = &app.hub.store;
            if store.campaign_facts(&of, by.scope())?.is_none() {
                return Err(NewsError::Unknown);
            }
            store.keep_news(&by, &of, None, &text, clock::now_ms())
        })
        .await;
    let news = kept.map_err(of_news)?;
    made(told(&find(&app, &actor, (&campaign, news)).await?))
}

pub(in crate::server::api) async fn show_news(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, news)): Path<(String, String)>,
) -> Answer {
    let news = news.parse().map_err(|_| not_here())?;
    ok(told(&find(&app, &actor, (&id_of(&id)?, news)).await?))
}

pub(in crate::server::api) async fn send(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, news)): Path<(String, String)>,
) -> Answer {
    let campaign = id_of(&id)?;
    let news: i64 = news.parse().map_err(|_| not_here())?;
    let (by, of) = (Arc::clone(&actor), campaign.clone());
    let sent = app
        .work(move |app| app.hub.store.send_news(&by, &of, news, clock::now_ms()))
        .await;
    sent.map_err(of_news)?;
    ok(told(&find(&app, &actor, (&campaign, news)).await?))
}

pub(in crate::server::api) async fn stop(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path((id, news)): Path<(String, String)>,
) -> Answer {
    let campaign = id_of(&id)?;
    let news: i64 = news.parse().map_err(|_| not_here())?;
    let stopped = app
        .work(move |app| {
            app.hub
                .store
                .stop_news(&actor, &campaign, news, clock::now_ms())
        })
        .await;
    stopped.map_err(of_news)?;
    ok(json!({ "stopped": true }))
}
