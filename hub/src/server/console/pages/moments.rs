//! What people typed when they passed a campaign on, for its publisher: those that readers reported
//! first. Each can be taken down, and is gone everywhere then.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use passerby_protocol::{CampaignId, foreign};

use crate::moments::Typed;
use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::layout::{self, Chapter, number};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::refusals;
use crate::store::{MOMENTS_LISTED, MomentRow, StoreError};
use crate::system::clock;

/// Where the moments of a campaign are.
fn path_of_moments(id: &str) -> String {
    format!("{}/moments", path_of(id))
}

/// `GET /console/campaigns/{campaign}/moments`.
pub(crate) async fn list(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let store = &app.hub.store;
            let rows = store.campaign_moments(&campaign, actor.scope(), clock::now_ms())?;
            let opened = rows.map(|rows| {
                let rows = rows.into_iter();
                rows.filter_map(|row| {
                    let moment = &row.moment;
                    let typed = Typed::open(app.hub.keys(), &moment.link, &moment.sealed)?;
                    Some((row, typed))
                })
                .collect::<Vec<_>>()
            });
            Ok::<_, StoreError>(opened)
        })
        .await;
    let rows = match read {
        Ok(Some(rows)) => rows,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let title = asker.say([
        "路人转发时写的话",
        "What people typed when they passed it on",
    ]);
    let body = html! {
        p { a href=(asker.at(&path_of(&id))) { (asker.say(["返回活动", "Back to the campaign"])) } }
        section {
            @if rows.is_empty() {
                p { (asker.say(["还没有。路人转发时可以写一句话、署一个名。", "Nothing yet. Whoever passes the page on may type a sentence and a name."])) }
            } @else {
                ul.rows { @for (row, typed) in &rows { (one(&asker, &id, row, typed)) } }
            }
        }
        @if rows.len() >= MOMENTS_LISTED as usize {
            p.soft { (asker.say(["只列出被举报的和最新的 200 条。", "Only those that were reported, and the newest, 200 in all, are listed."])) }
        }
        p.hint { (asker.say(["每条最多保存 90 天，本人随时可以删除。", "Each is kept for 90 days at most, and its writer may erase it at any time."])) }
    };
    layout::page(&asker, Chapter::Campaigns, title, &fields, &body)
}

fn one(asker: &Asker, id: &str, row: &MomentRow, typed: &Typed) -> Markup {
    html! {
        li.item {
            span.name { strong { (foreign::escaped(&typed.sentence)) } }
            @if !typed.name.is_empty() { " — " (foreign::escaped(&typed.name)) }
            br; span.soft { (layout::moment(row.moment.agreed_ms)) " · " (row.screen_name) }
            @if row.reports > 0 {
                " " span."badge"."bad" { (asker.say(["被举报 ", "Reported "])) (number(row.reports)) (asker.say([" 次", if row.reports == 1 { " time" } else { " times" }])) }
            }
            @if asker.actor.may(Right::ChangeCampaigns) {
                (layout::form(asker, &path_of_moments(id), "", &html! {
                    input type="hidden" name="link" value=(row.moment.link);
                    button.danger { (asker.say(["删除", "Take it down"])) }
                }))
            }
        }
    }
}

/// `POST /console/campaigns/{campaign}/moments`: takes one down.
pub(crate) async fn remove(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let (actor, link) = (Arc::clone(&asker.actor), fields.get("link").to_owned());
    let removed = app
        .work(move |app| {
            let now_ms = clock::now_ms();
            app.hub
                .store
                .remove_moment(&actor, &campaign, &link, now_ms)
        })
        .await;
    match removed {
        Ok(_) => asker
            .visitor
            .to(&format!("{}?done=erased", path_of_moments(&id))),
        Err(StoreError::OutOfScope) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}
