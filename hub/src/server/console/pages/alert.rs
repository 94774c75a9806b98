//! One rule for alerts: what it says, whether it reaches people, and what it told.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use maud::html;

use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter};
use crate::server::console::pages::{alert_form, alerts};
use crate::server::console::refusals;
use crate::store::{AlertMessage, AlertRule, StoreError};
use crate::system::clock;

/// How many messages are listed.
const MESSAGES_MAX: usize = 20;

struct Known {
    rule: AlertRule,
    messages: Vec<AlertMessage>,
    groups: Vec<String>,
}

async fn known(app: &Shared, asker: &Asker, rule: &str) -> Result<Option<Known>, StoreError> {
    let Ok(id) = rule.parse::<i64>() else {
        return Ok(None);
    };
    let actor = Arc::clone(&asker.actor);
    app.work(move |app| {
        let (store, scope) = (&app.hub.store, actor.scope());
        let Some(rule) = store.alert_rule(scope, id)? else {
            return Ok(None);
        };
        Ok(Some(Known {
            messages: store.alert_messages(scope, Some(id), MESSAGES_MAX)?,
            groups: store.screen_words(scope)?.0,
            rule,
        }))
    })
    .await
}

/// `GET /console/alerts/{alert}`.
pub(crate) async fn show(
    State(app): State<Shared>,
    asker: Asker,
    Path(rule): Path<String>,
    fields: Fields,
) -> Response {
    match known(&app, &asker, &rule).await {
        Ok(Some(known)) => page(&asker, &known, &fields, None),
        Ok(None) => refusals::not_here(&asker.visitor),
        Err(error) => refusals::failed(&asker.visitor, &error),
    }
}

fn page(asker: &Asker, known: &Known, fields: &Fields, wrong: Option<&str>) -> Response {
    let (id, settings) = (known.rule.id, &known.rule.settings);
    let path = format!("/console/alerts/{id}");
    let body = html! {
        (layout::mistake(wrong))
        p { a href=(asker.at("/console/alerts")) { (asker.say(["所有提醒", "All alerts"])) } }
        section {
            h2 { (asker.say(["试一试", "Try it"])) }
            p.soft { (asker.say(["发给：", "To: "])) (alerts::whom(asker, &known.rule)) }
            (layout::form(asker, &format!("{path}/test"), "", &html! {
                button { (asker.say(["发一条测试", "Send a test"])) }
            }))
        }
        (alerts::messages(asker, &known.messages))
        section {
            h2 { (asker.say(["规则", "Rule"])) }
            (layout::form(asker, &path, "", &html! {
                (alert_form::fields(asker, settings, &known.groups))
                label.check { input type="checkbox" name="paused" value="yes" checked[settings.paused]; span { (asker.say(["暂停", "Paused"])) small { (asker.say(["暂停时什么都不说", "It tells nothing meanwhile"])) } } }
                button.main { (asker.say(["保存", "Save"])) }
            }))
        }
        section {
            details {
                summary { (asker.say(["删除规则", "Remove the rule"])) }
                p { (asker.say(["它还没送出的消息也会一起删除。", "What it still had to tell goes with it."])) }
                (layout::form(asker, &format!("{path}/remove"), "", &html! {
                    button.danger { (asker.say(["删除", "Remove"])) }
                }))
            }
        }
    };
    layout::page(asker, Chapter::Alerts, &settings.name, fields, &body)
}

/// `POST /console/alerts/{alert}`.
pub(crate) async fn change(
    State(app): State<Shared>,
    asker: Asker,
    Path(rule): Path<String>,
    fields: Fields,
) -> Response {
    let known = match known(&app, &asker, &rule).await {
        Ok(Some(known)) => known,
        Ok(None) => return refusals::not_here(&asker.visitor),
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let wrong = |words: [&'static str; 2]| {
        let page = page(&asker, &known, &fields, Some(asker.say(words)));
        (MISTAKE, page).into_response()
    };
    let (settings, hook) = match alert_form::read(&fields, Some(&known.rule)) {
        Ok(read) => read,
        Err(error) => return wrong(alert_form::why(error)),
    };
    let (actor, id) = (Arc::clone(&asker.actor), known.rule.id);
    let changed = app
        .work(move |app| {
            let sealed = hook.map(|hook| hook.sealed(&app.hub)).transpose()?;
            let store = &app.hub.store;
            store.change_alert_rule(&actor, id, &settings, sealed.as_deref(), clock::now_ms())
        })
        .await;
    match changed {
        Ok(()) => asker
            .visitor
            .to(&format!("/console/alerts/{id}?done=saved")),
        Err(error) => alerts::refused(&asker, error).unwrap_or_else(wrong),
    }
}

/// `POST /console/alerts/{alert}/test`.
pub(crate) async fn test(
    State(app): State<Shared>,
    asker: Asker,
    Path(rule): Path<String>,
) -> Response {
    let Ok(id) = rule.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let made = app
        .work(move |app| app.hub.store.try_alert_rule(&actor, id, clock::now_ms()))
        .await;
    match made {
        Ok(_) => asker
            .visitor
            .to(&format!("/console/alerts/{id}?done=alert-test")),
        Err(error) => refused(&asker, error),
    }
}

/// `POST /console/alerts/{alert}/remove`.
pub(crate) async fn remove(
    State(app): State<Shared>,
    asker: Asker,
    Path(rule): Path<String>,
) -> Response {
    let Ok(id) = rule.parse::<i64>() else {
        return refusals::not_here(&asker.visitor);
    };
    let actor = Arc::clone(&asker.actor);
    let removed = app
        .work(move |app| app.hub.store.remove_alert_rule(&actor, id, clock::now_ms()))
        .await;
    match removed {
        Ok(()) => asker.visitor.to("/console/alerts?done=alert-removed"),
        Err(error) => refused(&asker, error),
    }
}

/// The same as a page, where there is no form to say it above.
fn refused(asker: &Asker, error: crate::store::AlertError) -> Response {
    alerts::refused(asker, error).unwrap_or_else(|_| refusals::not_here(&asker.visitor))
}
