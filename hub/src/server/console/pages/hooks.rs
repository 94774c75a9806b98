//! Web hooks that are told of what happens: which there are, what is on its way to them, and what
//! was given up.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};
use passerby_protocol::{CampaignId, foreign};

use crate::alerts::Hook;
use crate::hooks::check::{HookSaid, HookSaidError, checked};
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, Line, choice, number};
use crate::server::console::pages::alert_form::{hook_words, why, words_of};
use crate::server::console::refusals;
use crate::store::{
    DeadEvent, EventHook, EventHookError, EventHookSettings, EventKind, HookKind, StoreError,
};
use crate::system::clock;

/// Where they are.
const PATH: &str = "/console/hooks";
/// Most of what was given up that one page lists.
const DEAD_MAX: usize = 50;
/// Most campaigns to choose from.
const CAMPAIGNS_MAX: usize = 300;

const fn event_words(event: EventKind) -> [&'static str; 2] {
    match event {
        EventKind::Conversion => ["店铺回报的转化", "What shops report"],
        EventKind::Share => ["链接被转发并打开", "Links passed on and opened"],
    }
}

/// `GET /console/hooks`.
pub(crate) async fn list(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None).await
}

async fn page(app: &Shared, asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let campaigns = store.campaign_list(("", None), "", scope, CAMPAIGNS_MAX)?;
            Ok::<_, StoreError>((store.event_hooks(scope)?, campaigns))
        })
        .await;
    let (hooks, campaigns) = match read {
        Ok(read) => read,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let campaigns: Vec<(String, String)> = campaigns
        .into_iter()
        .map(|row| (row.id.to_string(), row.campaign.title))
        .collect();
    let body = html! {
        (layout::mistake(wrong))
        p { (asker.say(["店铺回报、链接被转发时，通知你的程序或群机器人。", "Tell a program of yours, or a chat group, when a shop reports something or a link is passed on."])) }
        section {
            @if hooks.is_empty() {
                p { (asker.say(["还没有。", "There is none yet."])) }
            } @else {
                ul.rows { @for hook in &hooks { li { (row(asker, hook)) } } }
            }
        }
        (form(asker, fields, &campaigns))
    };
    let title = asker.say(["事件通知", "Web hooks"]);
    layout::page(asker, Chapter::Campaigns, title, fields, &body)
}

fn row(asker: &Asker, hook: &EventHook) -> Markup {
    html! {
        a.row href=(asker.at(&format!("{PATH}/{}", hook.id))) {
            span.name { (foreign::escaped(&hook.settings.name)) }
            " " (badge(asker, hook))
            br; span.soft {
                (asker.say(hook_words(hook.settings.kind)))
                @if let Some(host) = &hook.settings.host { " · " (foreign::escaped(host)) }
            }
        }
    }
}

fn badge(asker: &Asker, hook: &EventHook) -> Markup {
    html! {
        @if hook.paused { span.badge { (asker.say(["已暂停", "Paused"])) } }
        @else if hook.failures > 0 { span.badge.bad { (asker.say(["送不到", "Failing"])) } }
        @else { span.badge.good { (asker.say(["正常", "Well"])) } }
        @if hook.given_up > 0 { " " span.badge.bad { (number(hook.given_up)) (asker.say([" 条未送达", " given up"])) } }
    }
}

fn form(asker: &Asker, fields: &Fields, campaigns: &[(String, String)]) -> Markup {
    let kinds: Vec<(String, String)> = HookKind::ALL
        .into_iter()
        .map(|kind| {
            let said = asker.say(hook_words(kind)).to_owned();
            (kind.word().to_owned(), said)
        })
        .collect();
    let mut of = Vec::new();
    if asker.actor.scope().campaigns.is_none() {
        of.push((
            String::new(),
            asker.say(["所有活动", "All campaigns"]).to_owned(),
        ));
    }
    of.extend(campaigns.iter().cloned());
    let is_wanted = |event: EventKind| {
        event == EventKind::Conversion || fields.all("event").any(|word| word == event.word())
    };
    html! {
        section {
            h2 { (asker.say(["添加", "Add one"])) }
            (layout::form(asker, PATH, "", &html! {
                (Line { is_required: true, ..Line::text("name", asker.say(["名称", "Name"]), fields.get("name")) }.markup())
                fieldset {
                    legend { (asker.say(["通知什么", "Tell it of"])) }
                    @for event in EventKind::ALL {
                        label.check { input type="checkbox" name="event" value=(event.word()) checked[is_wanted(event)]; span { (asker.say(event_words(event))) } }
                    }
                }
                (choice("campaign", asker.say(["活动", "Campaign"]), fields.get("campaign"), &of))
                (choice("kind", asker.say(["通知谁", "In the form of"]), fields.word("kind").unwrap_or("json"), &kinds))
                (Line { kind: "url", is_required: true, ..Line::text("url", asker.say(["地址", "Address"]), fields.get("url")) }.markup())
                (Line { hint: Some(asker.say(["自己的程序至少 16 个字符；机器人没有就不填。", "16 characters or more for a program of yours; empty where a robot has none."])), ..Line::text("secret", asker.say(["签名用的密钥", "Secret that signs it"]), "") }.markup())
                button.main { (asker.say(["添加", "Add it"])) }
            }))
        }
    }
}

fn read(asker: &Asker, fields: &Fields) -> Result<(EventHookSettings, Hook), String> {
    let say = |words| asker.say(words).to_owned();
    let kind = HookKind::ALL.into_iter();
    let mut kind = kind.filter(|kind| kind.word() == fields.get("kind"));
    let campaign = match fields.word("campaign") {
        Some(word) => Some(
            word.parse::<CampaignId>()
                .map_err(|_| say(["没有这个活动。", "There is no such campaign."]))?,
        ),
        None => None,
    };
    let events: BTreeSet<EventKind> = fields.all("event").filter_map(EventKind::of_word).collect();
    let said = HookSaid {
        name: fields.get("name"),
        kind: kind.next().unwrap_or(HookKind::Json),
        events,
        campaign,
        words: words_of(asker),
        url: fields.get("url"),
        secret: fields.get("secret"),
    };
    checked(said).map_err(|error| match error {
        HookSaidError::Events => {
            say(["请至少选一种。", "Choose at least one thing to be told of."])
        }
        HookSaidError::Rule(error) => say(why(error)),
    })
}

/// `POST /console/hooks`.
pub(crate) async fn add(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let (settings, hook) = match read(&asker, &fields) {
        Ok(read) => read,
        Err(wrong) => {
            let page = page(&app, &asker, &fields, Some(&wrong)).await;
            return (MISTAKE, page).into_response();
        }
    };
    let actor = Arc::clone(&asker.actor);
    let added = app
        .work(move |app| {
            let sealed = hook.sealed(&app.hub)?;
            let store = &app.hub.store;
            store.add_event_hook(&actor, &settings, &sealed, clock::now_ms())
        })
        .await;
    match added {
        Ok(id) => asker.visitor.to(&format!("{PATH}/{id}?done=hook-added")),
        Err(EventHookError::TooMany) => {
            let words = asker.say(["太多了，先删除一个。", "There are too many; remove one."]);
            let page = page(&app, &asker, &fields, Some(words)).await;
            (MISTAKE, page).into_response()
        }
        Err(error) => refused(&asker, error),
    }
}

fn refused(asker: &Asker, error: EventHookError) -> Response {
    match error {
        EventHookError::Store(StoreError::OutOfScope)
        | EventHookError::Unknown
        | EventHookError::TooMany => refusals::not_here(&asker.visitor),
        EventHookError::Store(error) => refusals::failed(&asker.visitor, &error),
    }
}

/// `GET /console/hooks/{hook}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    one(&app, &asker, &id, &fields, None).await
}

async fn one(
    app: &Shared,
    asker: &Asker,
    id: &str,
    fields: &Fields,
    tried: Option<Result<(), String>>,
) -> Response {
    let Ok(id) = id.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let hook = store.event_hook(scope, id)?;
            Ok::<_, StoreError>((hook, store.dead_events(scope, id, DEAD_MAX)?))
        })
        .await;
    let (hook, dead) = match read {
        Ok((Some(hook), dead)) => (hook, dead),
        Ok((None, _)) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let body = html! {
        p { a href=(asker.at(PATH)) { (asker.say(["返回", "Back to all"])) } }
        @match &tried {
            Some(Ok(())) => p.notice.good role="status" { (asker.say(["测试消息已送达。", "The test was taken."])) },
            Some(Err(problem)) => (layout::mistake(Some(problem))),
            None => {},
        }
        p { (badge(asker, &hook)) }
        (facts(asker, &hook))
        (actions(asker, &hook))
        @if !dead.is_empty() { (given_up(asker, &hook, &dead)) }
    };
    let name = foreign::escaped(&hook.settings.name);
    layout::page(asker, Chapter::Campaigns, &name, fields, &body)
}

fn facts(asker: &Asker, hook: &EventHook) -> Markup {
    let settings = &hook.settings;
    html! {
        section {
            dl.facts {
                dt { (asker.say(["通知什么", "Told of"])) } dd { @for event in &settings.events { span.tag { (asker.say(event_words(*event))) } " " } }
                dt { (asker.say(["活动", "Campaign"])) } dd {
                    @match &settings.campaign { Some(campaign) => { (foreign::escaped(campaign.as_str())) }, None => { (asker.say(["所有活动", "All campaigns"])) } }
                }
                dt { (asker.say(["通知谁", "In the form of"])) } dd { (asker.say(hook_words(settings.kind))) }
                @if let Some(host) = &settings.host { dt { (asker.say(["主机", "Host"])) } dd { (foreign::escaped(host)) } }
                dt { (asker.say(["已送达", "Taken"])) } dd { (number(hook.sent)) @if let Some(sent_ms) = hook.sent_ms { " · " (layout::moment(sent_ms)) } }
                dt { (asker.say(["等待", "Waiting"])) } dd { (number(hook.waiting)) }
                @if let Some(problem) = &hook.problem {
                    dt { (asker.say(["上次失败的原因", "Why it failed last"])) } dd { (foreign::escaped(problem)) }
                }
            }
        }
    }
}

fn actions(asker: &Asker, hook: &EventHook) -> Markup {
    let path = format!("{PATH}/{}", hook.id);
    let press = |what: &str, class: &str, words| {
        layout::form(
            asker,
            &format!("{path}/{what}"),
            "",
            &html! { button class=(class) { (asker.say(words)) } },
        )
    };
    html! {
        div.actions {
            (press("test", "main", ["发送测试", "Send a test"]))
            @if hook.paused { (press("resume", "", ["恢复", "Resume it"])) }
            @else { (press("pause", "", ["暂停", "Pause it"])) }
            (press("remove", "danger", ["删除", "Remove it"]))
        }
    }
}

fn given_up(asker: &Asker, hook: &EventHook, dead: &[DeadEvent]) -> Markup {
    let again = format!("{PATH}/{}/again", hook.id);
    html! {
        section {
            h2 { (asker.say(["没有送达的", "What was given up"])) }
            ul.rows { @for one in dead { li.item {
                strong { (asker.say(event_words(one.event))) } " · " (foreign::escaped(&one.campaign))
                br; span.soft { (layout::moment(one.made_ms)) " · " (foreign::escaped(&one.problem)) }
                (layout::form(asker, &again, "", &html! {
                    input type="hidden" name="message" value=(one.message);
                    button { (asker.say(["再发一次", "Send it again"])) }
                }))
            } } }
            (layout::form(asker, &again, "", &html! { button.main { (asker.say(["全部再发一次", "Send all again"])) } }))
            p.soft { (asker.say(["保留 30 天，最多 1000 条。", "Kept for 30 days, and 1,000 at most."])) }
        }
    }
}

/// Does something with a hook and leads back to it, or to all.
async fn act(
    app: &Shared,
    asker: &Asker,
    id: &str,
    done: &str,
    act: impl FnOnce(
        &crate::store::Store,
        &crate::people::Actor,
        i64,
        i64,
    ) -> Result<(), EventHookError>
    + Send
    + 'static,
) -> Response {
    let Ok(id) = id.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let acted = app
        .work(move |app| act(&app.hub.store, &actor, id, clock::now_ms()))
        .await;
    match acted {
        Ok(()) => asker.visitor.to(done),
        Err(error) => refused(asker, error),
    }
}

/// `POST /console/hooks/{hook}/pause`.
pub(crate) async fn pause(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let done = format!("{PATH}/{id}?done=hook-paused");
    act(&app, &asker, &id, &done, |store, actor, id, now_ms| {
        store.pause_event_hook(actor, id, true, now_ms)
    })
    .await
}

/// `POST /console/hooks/{hook}/resume`.
pub(crate) async fn resume(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let done = format!("{PATH}/{id}?done=hook-resumed");
    act(&app, &asker, &id, &done, |store, actor, id, now_ms| {
        store.pause_event_hook(actor, id, false, now_ms)
    })
    .await
}

/// `POST /console/hooks/{hook}/remove`.
pub(crate) async fn remove(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
) -> Response {
    let done = format!("{PATH}?done=removed");
    act(&app, &asker, &id, &done, |store, actor, id, now_ms| {
        store.remove_event_hook(actor, id, now_ms)
    })
    .await
}

/// `POST /console/hooks/{hook}/again`.
pub(crate) async fn again(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let message = fields.get("message").parse().ok();
    let done = format!("{PATH}/{id}?done=hook-again");
    act(&app, &asker, &id, &done, move |store, actor, id, now_ms| {
        store
            .send_events_again(actor, id, message, now_ms)
            .map(|_| ())
    })
    .await
}

/// `POST /console/hooks/{hook}/test`.
pub(crate) async fn test(
    State(app): State<Shared>,
    asker: Asker,
    Path(id): Path<String>,
    fields: Fields,
) -> Response {
    let Ok(number) = id.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let tried = app
        .work(move |app| {
            let hook = app.hub.store.event_hook(actor.scope(), number)?;
            let hook = hook.ok_or(StoreError::OutOfScope)?;
            Ok(app.hooks.attempt(&app.hub, &hook))
        })
        .await;
    match tried {
        Ok(tried) => {
            let is_well = tried.is_ok();
            let page = one(&app, &asker, &id, &fields, Some(tried)).await;
            if is_well {
                page
            } else {
                (MISTAKE, page).into_response()
            }
        }
        Err(StoreError::OutOfScope) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}
