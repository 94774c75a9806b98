//! What shops reported for a campaign, and the keys with which they do.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::{CampaignId, foreign};

use crate::conversions::Proof;
use crate::people::{NAME_CHARS_MAX, Right, line};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::pages::join::name_words;
use crate::server::console::refusals;
use crate::shops;
use crate::shops::NewKey;
use crate::store::{ConversionKeyError, ConversionKeyLine, ConversionLine, StoreError};
use crate::system::clock;

/// Most conversions on the page; `/api/v1` has all.
const LISTED_MAX: usize = 50;

fn path(id: &str) -> String {
    format!("{}/conversions", path_of(id))
}

/// `GET /console/campaigns/{campaign}/conversions`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    page(&app, &asker, &id, &fields, None).await
}

async fn page(
    app: &Shared,
    asker: &Asker,
    id: &str,
    fields: &Fields,
    wrong: Option<[&'static str; 2]>,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let keys = store.conversion_keys(&campaign, scope)?;
            let lines = store.conversion_list(&campaign, scope, None, LISTED_MAX)?;
            Ok::<_, StoreError>(keys.zip(lines))
        })
        .await;
    let (keys, lines) = match read {
        Ok(Some(read)) => read,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let body = html! {
        p { a href=(asker.at(&path_of(id))) { (asker.say(["返回活动", "Back to the campaign"])) } }
        (layout::mistake(wrong.map(|words| asker.say(words))))
        section {
            h2 { (asker.say(["店铺回报的转化", "What shops reported"])) }
            @if lines.is_empty() {
                p { (asker.say(["还没有。按钮的链接带着点击编号，店铺凭密钥回报谁买了。", "Nothing yet. The button's link carries a click id, and a shop with a key reports what came of it."])) }
            } @else {
                ul.rows { @for line in &lines { (one(asker, line)) } }
                @if lines.len() >= LISTED_MAX {
                    p.soft { (asker.say(["只列出最新的 50 条。", "Only the newest 50 are listed."])) }
                }
            }
        }
        section {
            h2 { (asker.say(["密钥", "Keys"])) }
            @if keys.is_empty() {
                p { (asker.say(["还没有密钥。", "There is no key yet."])) }
            } @else {
                ul.rows { @for key in &keys { (key_row(asker, id, key)) } }
            }
            @if asker.actor.may(Right::ChangeCampaigns) {
                (key_form(asker, id))
                p { a href=(asker.at("/console/hooks")) { (asker.say(["转化发生时通知别的程序", "Tell a program or a chat group of conversions"])) } }
            }
        }
    };
    let title = asker.say(["转化", "Conversions"]);
    layout::page(asker, Chapter::Campaigns, title, fields, &body)
}

fn one(asker: &Asker, line: &ConversionLine) -> Markup {
    let badge = match (line.withdrawn, line.proof, line.screen, line.counted) {
        (true, ..) => Some(["已退", "Taken back"]),
        (_, Proof::OpenLink, ..) => Some(["未签名", "Unsigned"]),
        (.., None, _) => Some(["没有点击", "Without a click"]),
        (.., false) => Some(["不计数", "Not counted"]),
        _ => None,
    };
    html! {
        li.item {
            strong { (foreign::escaped(&line.kind)) }
            @if let (Some(value), Some(currency)) = (&line.value, &line.currency) { " " (currency) " " (value) }
            @if let Some(words) = badge { " " span.badge { (asker.say(words)) } }
            br;
            span.soft {
                (layout::moment(line.at_ms)) " · " (foreign::escaped(&line.id))
                @if let Some(name) = &line.screen_name { " · " (name) }
                @if let Some(generation) = line.generation.filter(|generation| *generation > 0) {
                    " · " (asker.say(["转发 ", "passed on "])) (generation) (asker.say([" 次", "×"]))
                }
                @if let (Some(refunded), false) = (line.refunded.as_deref().filter(|text| text.bytes().any(|b| (b'1'..=b'9').contains(&b))), line.withdrawn) {
                    " · " (asker.say(["已退 ", "of it taken back: "])) (refunded)
                }
            }
        }
    }
}

fn key_row(asker: &Asker, id: &str, key: &ConversionKeyLine) -> Markup {
    let now_ms = clock::now_ms();
    let ago = |ms| layout::ago(asker.visitor.language, ms, now_ms);
    html! {
        li.item {
            strong { (foreign::escaped(&key.name)) }
            @if key.revoked_ms.is_some() { " " span.badge.bad { (asker.say(["已停用", "Revoked"])) } }
            br;
            span.soft {
                (layout::moment(key.made_ms)) " · " (foreign::escaped(&key.made_by)) " · "
                @match key.used_ms { Some(used_ms) => { (asker.say(["使用于 ", "used "])) (ago(used_ms)) }, None => { (asker.say(["没有用过", "never used"])) } }
            }
            @if key.revoked_ms.is_none() && asker.actor.may(Right::ChangeCampaigns) {
                (layout::form(asker, &format!("{}/keys/{}/revoke", path(id), key.key), "", &html! {
                    button.danger { (asker.say(["停用", "Revoke it"])) }
                }))
            }
        }
    }
}

fn key_form(asker: &Asker, id: &str) -> Markup {
    html! {
        details {
            summary { (asker.say(["创建密钥", "Make a key"])) }
            (layout::form(asker, &format!("{}/keys", path(id)), "", &html! {
                (Line { is_required: true, ..Line::text("name", asker.say(["名称，例如店铺的名字", "Name, such as the shop's"]), "") }.markup())
                button { (asker.say(["创建", "Make it"])) }
            }))
        }
    }
}

/// `POST /console/campaigns/{campaign}/conversions/keys`.
pub(crate) async fn add_key(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(campaign) = id.parse::<CampaignId>() else {
        return refusals::not_here(&asker.visitor);
    };
    let mistaken = |words| page(&app, &asker, &id, &fields, Some(words));
    let name = match line(fields.get("name"), NAME_CHARS_MAX) {
        Ok(name) => name,
        Err(error) => return (MISTAKE, mistaken(name_words(error)).await).into_response(),
    };
    let actor = Arc::clone(&asker.actor);
    let made = app
        .work(move |app| shops::add_key(&app.hub, &actor, &campaign, &name, clock::now_ms()))
        .await;
    match made {
        Ok(key) => (StatusCode::CREATED, made_page(&app, &asker, &id, &key)).into_response(),
        Err(ConversionKeyError::Store(StoreError::OutOfScope)) => {
            refusals::not_here(&asker.visitor)
        }
        Err(ConversionKeyError::Store(error)) => refusals::failed(&asker.visitor, &error),
        Err(ConversionKeyError::NameTaken) => {
            let words = [
                "这个名称已经有了。",
                "Another key of this campaign has this name.",
            ];
            (MISTAKE, mistaken(words).await).into_response()
        }
        Err(ConversionKeyError::TooMany) => {
            let words = [
                "密钥太多了，先停用一个。",
                "There are too many keys; revoke one.",
            ];
            (MISTAKE, mistaken(words).await).into_response()
        }
    }
}

/// What is shown once.
fn made_page(app: &Shared, asker: &Asker, id: &str, key: &NewKey) -> Response {
    let body = html! {
        section {
            p { (asker.say(["密钥只显示这一次。店铺的程序这样回报：", "The key is shown this once. A shop's program reports like this:"])) }
            p { code.secret { "curl " (app.public_url.absolute("/v1/conversions")) " -H 'Authorization: Bearer " (key.bearer.as_str()) "' -d '{\"click\": \"…\", \"id\": \"order-1\", \"kind\": \"purchase\", \"value\": \"59.00\", \"currency\": \"CNY\"}'" } }
            p { (asker.say(["给链接签名用的：", "What signs links:"])) }
            p { code.secret { (key.link_secret.as_str()) } }
        }
        p { a.button href=(asker.at(&path(id))) { (asker.say(["好了", "Done"])) } }
    };
    let title = asker.say(["密钥做好了", "The key is ready"]);
    layout::page(asker, Chapter::Campaigns, title, &Fields::default(), &body)
}

/// `POST /console/campaigns/{campaign}/conversions/keys/{key}/revoke`.
pub(crate) async fn revoke_key(
    State(app): State<Shared>,
    asker: Asker,
    Path((id, key)): Path<(String, String)>,
) -> Response {
    let (Ok(campaign), Ok(key)) = (id.parse::<CampaignId>(), key.parse::<i64>()) else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let revoked = app
        .work(move |app| {
            let store = &app.hub.store;
            store.revoke_conversion_key(&actor, &campaign, key, clock::now_ms())
        })
        .await;
    match revoked {
        Ok(()) => asker.visitor.to(&format!("{}?done=key-revoked", path(&id))),
        Err(StoreError::OutOfScope) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}
