//! One source: how it does, its items, and what becomes of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::{Digest, foreign};

use crate::people::{Actor, Right};
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::campaigns::path_of;
use crate::server::console::pages::sources::{
    TEMPLATE_KEYS, badge, fields_of, input, place, refused, rules_fields, why,
};
use crate::server::console::refusals;
use crate::server::{AppState, Shared};
use crate::sources::rules::Rules;
use crate::sources::said::ItemSaid;
use crate::store::{
    ItemRecord, ItemState, SourceError, SourceKind, SourceRecord, StoreError, WhichItems,
};
use crate::system::clock;

/// How many items are listed, the newest.
const ITEMS_MAX: usize = 60;
/// How much of an item's text is shown, in characters.
const TEXT_CHARS_MAX: usize = 300;

struct Known {
    source: SourceRecord,
    rules: Rules,
    items: Vec<ItemRecord>,
    /// The small pictures of those that have aired.
    pictures: BTreeMap<u32, Digest>,
}

async fn known(app: &Shared, asker: &Asker, name: &str) -> Result<Option<Known>, StoreError> {
    let (actor, name) = (Arc::clone(&asker.actor), name.to_owned());
    app.work(move |app| {
        let store = &app.hub.store;
        let Some(source) = store.source_of(&name, actor.scope())? else {
            return Ok(None);
        };
        Ok(Some(Known {
            rules: serde_json::from_str(&source.rules)?,
            items: store.source_items(&name, ITEMS_MAX)?,
            pictures: store.source_pictures(&name, ITEMS_MAX)?,
            source,
        }))
    })
    .await
}

/// `GET /console/sources/{source}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(name): Path<String>,
    fields: Fields,
) -> Response {
    match known(&app, &asker, &name).await {
        Ok(Some(known)) => page(&asker, &known, &fields, None, None),
        Ok(None) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

fn page(
    asker: &Asker,
    known: &Known,
    fields: &Fields,
    wrong: Option<&str>,
    typed: Option<&Fields>,
) -> Response {
    let source = &known.source;
    let path = format!("/console/sources/{}", source.name);
    let may_change = asker.actor.may(Right::ChangeCampaigns);
    let waiting = known.items.iter();
    let waiting = waiting
        .filter(|item| item.state == ItemState::Waiting)
        .count();
    let body = html! {
        (layout::mistake(wrong))
        p { a href=(asker.at("/console/sources")) { (asker.say(["所有来源", "All sources"])) } }
        p { (badge(asker, source)) }
        (how_it_does(asker, known))
        @if may_change {
            div.actions {
                @if source.kind != SourceKind::Hook {
                    (layout::form(asker, &format!("{path}/fetch"), "", &html! { button { (asker.say(["现在去取", "Fetch now"])) } }))
                }
                (layout::form(asker, &format!("{path}/pause"), "", &html! {
                    input type="hidden" name="paused" value=(if source.paused { "no" } else { "yes" });
                    button { (asker.say(if source.paused { ["继续", "Go on"] } else { ["暂停", "Pause"] })) }
                }))
                @if waiting > 1 {
                    (layout::form(asker, &format!("{path}/approve"), "", &html! {
                        input type="hidden" name="item" value="all";
                        button { (asker.say(["全部批准", "Approve all"])) }
                    }))
                }
            }
        }
        (items(asker, known, &path, may_change))
        @if may_change {
            section {
                h2 { (asker.say(["规则", "Rules"])) }
                details open[typed.is_some()] {
                    summary { (asker.say(["修改规则", "Change them"])) }
                    p.soft { (asker.say([
                        "马上重新挑选；已经做好的卡片保持原样。",
                        "What airs is chosen anew at once; cards that are made stay as they are.",
                    ])) }
                    (layout::form(asker, &format!("{path}/rules"), "", &html! {
                        (rules_fields(asker, typed.unwrap_or(&fields_of(&known.rules)), false))
                        button.main { (asker.say(["保存", "Save"])) }
                    }))
                }
            }
            (ends(asker, &path))
        }
    };
    layout::page(asker, Chapter::Sources, &source.name, fields, &body)
}

fn how_it_does(asker: &Asker, known: &Known) -> Markup {
    let (source, rules) = (&known.source, &known.rules);
    html! {
        section {
            dl.facts {
                dt { (asker.say(["地址", "Address"])) } dd { (place(asker, source)) }
                @if source.kind != SourceKind::Hook {
                    dt { (asker.say(["上次去取", "Fetched last"])) } dd {
                        @match source.fetched_ms { Some(at_ms) => { (layout::moment(at_ms)) }, None => { (asker.say(["还没有", "Not yet"])) } }
                    }
                    @if !source.paused {
                        dt { (asker.say(["下次去取", "Fetched next"])) } dd { (layout::moment(source.fetch_ms)) }
                    }
                }
                @if let Some(problem) = &source.problem {
                    dt { (asker.say(["问题", "Problem"])) } dd { (problem) " (" (source.failures) "×)" }
                }
                @if let Some(left_out) = &source.left_out {
                    dt { (asker.say(["没有播的", "Left out"])) } dd { (left_out) }
                }
                dt { (asker.say(["规则", "Rules"])) } dd {
                    (asker.say(["最新 ", "newest "])) (rules.newest)
                    " · " (rules.days) (asker.say([" 天", " days"]))
                    @if rules.approval { " · " (asker.say(["需要批准", "approved by somebody"])) }
                    @if !rules.must.is_empty() { " · " (asker.say(["要有：", "with: "])) (rules.must.join(", ")) }
                    @if !rules.must_not.is_empty() { " · " (asker.say(["不要：", "without: "])) (rules.must_not.join(", ")) }
                }
            }
        }
    }
}

const fn state_words(state: ItemState) -> (&'static str, [&'static str; 2]) {
    match state {
        ItemState::Waiting => ("badge warn", ["等待批准", "Waits for approval"]),
        ItemState::Ready => ("badge plain", ["正在制作", "Being made"]),
        ItemState::Airing => ("badge good", ["在播", "Airing"]),
        ItemState::Ended => ("badge plain", ["已结束", "Ended"]),
        ItemState::TakenDown => ("badge plain", ["已撤下", "Taken down"]),
        ItemState::Failed => ("badge bad", ["做不成", "Cannot be made"]),
    }
}

fn items(asker: &Asker, known: &Known, path: &str, may_change: bool) -> Markup {
    html! {
        section {
            h2 { (asker.say(["内容", "Items"])) }
            @if known.items.is_empty() {
                p.soft { (asker.say(["还没有。取到的每一条会出现在这里。", "None yet. Each that comes stands here."])) }
            } @else {
                ul.thumbs { @for item in &known.items { li {
                    @match known.pictures.get(&item.number) {
                        Some(digest) => img src=(asker.at(&format!("/p/{digest}.jpg"))) alt="" loading="lazy";,
                        None => div.none { (asker.say(["没有预览", "No picture of it"])) },
                    }
                    div.about { (item_markup(asker, item, path, may_change)) }
                } } }
            }
        }
    }
}

fn item_markup(asker: &Asker, item: &ItemRecord, path: &str, may_change: bool) -> Markup {
    let said = ItemSaid::of(item);
    let (class, words) = state_words(item.state);
    let can_air = matches!(item.state, ItemState::Waiting | ItemState::Failed);
    let can_go = item.state != ItemState::TakenDown && item.state != ItemState::Ended;
    let press = |action: &str, class: &str, words: [&'static str; 2]| {
        let body = html! {
            input type="hidden" name="item" value=(item.number);
            button class=(class) { (asker.say(words)) }
        };
        layout::form(asker, &format!("{path}/{action}"), "", &body)
    };
    html! {
        strong {
            @match &item.campaign {
                Some(campaign) => a href=(asker.at(&path_of(campaign))) { (item.title) },
                None => (item.title),
            }
        }
        br;
        span class=(class) { (asker.say(words)) }
        p.soft {
            (foreign::one_line(&said.text, TEXT_CHARS_MAX))
            @if let Some(price) = &said.price { br; (price) }
            @if let Some(link) = &said.link { br; (foreign::escaped(link)) }
            br; (asker.say(["播到 ", "until "])) (clock::date_of(item.ends_ms - 1))
            @if let Some(told) = &item.told { br; (told) }
        }
        @if may_change {
            div.actions {
                @if can_air { (press("approve", "main", ["批准", "Approve"])) }
                @if can_go {
                    @if item.state == ItemState::Waiting { (press("take-down", "danger", ["拒绝", "Reject"])) }
                    @else { (press("take-down", "danger", ["撤下", "Take down"])) }
                }
            }
        }
    }
}

fn ends(asker: &Asker, path: &str) -> Markup {
    html! {
        section {
            h2 { (asker.say(["撤下或删除", "Take down or remove"])) }
            details {
                summary { (asker.say(["从所有屏幕撤下它的全部内容", "Take all of it off all screens"])) }
                p { (asker.say(["几秒之内，而且不会再播。来源还在，新的内容会照常播出。", "Within seconds, and for good. The source stays, and what is new in it airs."])) }
                (layout::form(asker, &format!("{path}/take-down"), "", &html! {
                    input type="hidden" name="item" value="all";
                    button.danger { (asker.say(["全部撤下", "Take all down"])) }
                }))
            }
            details {
                summary { (asker.say(["删除来源", "Remove the source"])) }
                p { (asker.say(["它的内容会从屏幕撤下，也不再去取。报表里的数字会保留。", "What airs of it leaves the screens, and it is fetched no more. Figures in reports stay."])) }
                (layout::form(asker, &format!("{path}/remove"), "", &html! {
                    button.danger { (asker.say(["删除", "Remove"])) }
                }))
            }
        }
    }
}

/// Does something with a source, and leads on.
async fn act(
    app: &Shared,
    asker: &Asker,
    name: &str,
    to: &str,
    work: impl FnOnce(&AppState, &Actor, &str) -> Result<(), SourceError> + Send + 'static,
) -> Response {
    let (actor, own) = (Arc::clone(&asker.actor), name.to_owned());
    let done = app.work(move |app| work(app, &actor, &own)).await;
    let error = match done {
        Ok(()) => return asker.visitor.to(to),
        Err(SourceError::Store(StoreError::OutOfScope)) => {
            return refusals::not_here(&asker.visitor);
        }
        Err(error) => error,
    };
    let words = match refused(asker, &error) {
        Ok(response) => return response,
        Err(words) => words,
    };
    match known(app, asker, name).await {
        Ok(Some(known)) => {
            let page = page(
                asker,
                &known,
                &Fields::default(),
                Some(asker.say(words)),
                None,
            );
            (MISTAKE, page).into_response()
        }
        Ok(None) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// Which items a form means.
fn which(fields: &Fields) -> WhichItems {
    if fields.get("item") == "all" {
        return WhichItems::All;
    }
    let numbers = fields.all("item").filter_map(|text| text.parse().ok());
    WhichItems::Only(numbers.collect())
}

/// `POST /console/sources/{source}/approve`.
pub(crate) async fn approve(
    State(app): State<Shared>,
    asker: Asker,
    Path(name): Path<String>,
    fields: Fields,
) -> Response {
    let to = format!("/console/sources/{name}?done=item-approved");
    let which = which(&fields);
    act(&app, &asker, &name, &to, move |app, actor, name| {
        let store = &app.hub.store;
        store.approve_source_items(actor, name, &which, clock::now_ms())?;
        Ok(())
    })
    .await
}

/// `POST /console/sources/{source}/take-down`.
pub(crate) async fn take_down(
    State(app): State<Shared>,
    asker: Asker,
    Path(name): Path<String>,
    fields: Fields,
) -> Response {
    let to = format!("/console/sources/{name}?done=item-taken-down");
    let which = which(&fields);
    act(&app, &asker, &name, &to, move |app, actor, name| {
        let store = &app.hub.store;
        store.take_down_source_items(actor, name, &which, clock::now_ms())?;
        Ok(())
    })
    .await
}

/// `POST /console/sources/{source}/fetch`.
pub(crate) async fn fetch(
    State(app): State<Shared>,
    asker: Asker,
    Path(name): Path<String>,
) -> Response {
    let to = format!("/console/sources/{name}?done=source-fetch");
    act(&app, &asker, &name, &to, |app, actor, name| {
        app.hub
            .store
            .fetch_source_soon(actor, name, clock::now_ms())
    })
    .await
}

/// `POST /console/sources/{source}/rules`.
pub(crate) async fn change(
    State(app): State<Shared>,
    asker: Asker,
    Path(name): Path<String>,
    fields: Fields,
) -> Response {
    let known = match known(&app, &asker, &name).await {
        Ok(Some(known)) => known,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let rules = input(&fields).and_then(|input| input.change(&known.rules, &TEMPLATE_KEYS));
    let rules = match rules {
        Ok(rules) => rules,
        Err(error) => {
            let words = why(&asker, &error);
            let none = Fields::default();
            let page = page(&asker, &known, &none, Some(&words), Some(&fields));
            return (MISTAKE, page).into_response();
        }
    };
    let to = format!("/console/sources/{name}?done=saved");
    act(&app, &asker, &name, &to, move |app, actor, name| {
        let store = &app.hub.store;
        store.change_source(actor, name, &rules, clock::now_ms())
    })
    .await
}

/// `POST /console/sources/{source}/pause`.
pub(crate) async fn pause(
    State(app): State<Shared>,
    asker: Asker,
    Path(name): Path<String>,
    fields: Fields,
) -> Response {
    let to = format!("/console/sources/{name}?done=saved");
    let is_paused = fields.get("paused") == "yes";
    act(&app, &asker, &name, &to, move |app, actor, name| {
        let store = &app.hub.store;
        store.pause_source(actor, name, is_paused, clock::now_ms())
    })
    .await
}

/// `POST /console/sources/{source}/remove`.
pub(crate) async fn remove(
    State(app): State<Shared>,
    asker: Asker,
    Path(name): Path<String>,
) -> Response {
    let to = "/console/sources?done=source-removed";
    act(&app, &asker, &name, to, |app, actor, name| {
        app.hub.store.remove_source(actor, name, clock::now_ms())?;
        Ok(())
    })
    .await
}
