//! Alerts: what is wrong now, who is told, and what was told.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::alerts::{OwnReason, check};
use crate::people::Right;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::gate::MISTAKE;
use crate::server::console::layout::{self, Chapter, number};
use crate::server::console::pages::alert_form;
use crate::server::console::{refusals, words};
use crate::store::{AlertError, AlertMessage, AlertRule, MailServer, OpenAlert, StoreError};
use crate::system::clock;

/// How many things that are wrong are listed.
const OPEN_MAX: usize = 50;
/// How many messages are listed.
const MESSAGES_MAX: usize = 20;

struct Known {
    rules: Vec<AlertRule>,
    counts: BTreeMap<i64, u64>,
    open: Vec<OpenAlert>,
    messages: Vec<AlertMessage>,
    groups: Vec<String>,
    mail: Option<MailServer>,
}

async fn known(app: &Shared, asker: &Asker) -> Result<Known, StoreError> {
    let actor = Arc::clone(&asker.actor);
    app.work(move |app| {
        let (store, scope) = (&app.hub.store, actor.scope());
        Ok(Known {
            rules: store.alert_rules(scope)?,
            counts: store.alert_counts()?,
            open: store.open_alerts(scope, OPEN_MAX + 1)?,
            messages: store.alert_messages(scope, None, MESSAGES_MAX)?,
            groups: store.screen_words(scope)?.0,
            mail: store.mail_server()?.map(|(server, _)| server),
        })
    })
    .await
}

/// `GET /console/alerts`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    page(&app, &asker, &fields, None).await
}

async fn page(app: &Shared, asker: &Asker, fields: &Fields, wrong: Option<&str>) -> Response {
    let known = match known(app, asker).await {
        Ok(known) => known,
        Err(error) => return refusals::failed(&asker.visitor, &error),
    };
    let needs_mail = known.mail.is_none()
        && known
            .rules
            .iter()
            .any(|rule| !rule.settings.mails.is_empty());
    let body = html! {
        (layout::mistake(wrong))
        @if needs_mail {
            p.notice.warn {
                (asker.say(["还没有邮件服务器，邮件发不出去。", "There is no mail server yet, so no mail goes out."])) " "
                @if !asker.actor.may(Right::ChangeSettings) { (asker.say(["请联系所有者。", "Ask an owner to set it."])) }
            }
        }
        (open(asker, &known))
        (rules(asker, &known))
        (messages(asker, &known.messages))
        @if asker.actor.may(Right::ChangeSettings) { (mail(asker, known.mail.as_ref())) }
        section {
            h2 { (asker.say(["新规则", "New rule"])) }
            (layout::form(asker, "/console/alerts", "", &html! {
                (alert_form::fields(asker, &check::new_rule(alert_form::words_of(asker)), &known.groups))
                button.main { (asker.say(["添加规则", "Add the rule"])) }
            }))
        }
    };
    let title = asker.say(["提醒", "Alerts"]);
    layout::page(asker, Chapter::Alerts, title, fields, &body)
}

fn open(asker: &Asker, known: &Known) -> Markup {
    if known.rules.is_empty() {
        return html! {
            section {
                p { (asker.say([
                    "屏幕无联系、黑屏、存储快满或时间不对时，路人会告诉你：发邮件，或发到企业微信、飞书、钉钉、Slack 的群里。一件事只说一次，恢复时再说一次。",
                    "When a screen is silent, dark, nearly full or unsure of the time, Passerby tells you: by mail, or in a group of WeCom, Feishu, DingTalk or Slack. Each thing once, and once more when it is well again.",
                ])) }
                p.soft { (asker.say(["从下面的新规则开始。", "Begin with a new rule, below."])) }
            }
        };
    }
    let more = known.open.len() > OPEN_MAX;
    html! {
        @if known.open.is_empty() {
            p.notice.good { (asker.say(["现在一切正常。", "All is well now."])) }
        } @else {
            section {
                h2 { (asker.say(["现在的问题", "Wrong now"])) }
                ul.rows { @for alert in known.open.iter().take(OPEN_MAX) { li {
                    a.row href=(asker.at(&format!("/console/screens/{}", alert.screen))) {
                        span.name { (alert.name) }
                        span.more { (asker.say(["自 ", "since "])) (layout::moment(alert.since_ms)) }
                        span.end { span.badge.bad { (asker.say(words::alert(alert.kind))) } }
                    }
                } } }
                @if more { p.soft { (asker.say(["还有更多，看各条规则。", "There is more; see the rules."])) } }
            }
        }
    }
}

fn rules(asker: &Asker, known: &Known) -> Markup {
    html! {
        @if !known.rules.is_empty() {
            section {
                h2 { (asker.say(["规则", "Rules"])) }
                ul.rows { @for rule in &known.rules { li {
                    @let settings = &rule.settings;
                    a.row href=(asker.at(&format!("/console/alerts/{}", rule.id))) {
                        span.name { (settings.name) }
                        span.more {
                            @match &settings.group { Some(group) => { (group) }, None => { (asker.say(["所有屏幕", "All screens"])) } }
                            " · " (whom(asker, rule))
                        }
                        span.end {
                            @let wrong = known.counts.get(&rule.id).copied().unwrap_or(0);
                            @if settings.paused { span.badge.plain { (asker.say(["已暂停", "Paused"])) } }
                            @else if wrong > 0 { span.badge.bad { (number(wrong)) " " (asker.say(["处问题", "wrong"])) } }
                            @else { span.badge.good { (asker.say(["正常", "Well"])) } }
                        }
                    }
                } } }
            }
        }
    }
}

/// Who is told by a rule.
pub(crate) fn whom(asker: &Asker, rule: &AlertRule) -> String {
    let settings = &rule.settings;
    let mut whom = settings.mails.clone();
    if let Some(kind) = settings.hook {
        whom.push(asker.say(alert_form::hook_words(kind)).to_owned());
    }
    whom.join(", ")
}

/// What was told lately, and what came of it.
pub(crate) fn messages(asker: &Asker, messages: &[AlertMessage]) -> Markup {
    html! {
        @if !messages.is_empty() {
            section {
                h2 { (asker.say(["最近的消息", "Latest messages"])) }
                ul.rows { @for message in messages { li.item {
                    strong { (message.rule_name) } " "
                    @if message.sent_ms.is_some() { span.badge.good { (asker.say(["已送到", "Taken"])) } }
                    @else if message.failed_ms.is_some() { span.badge.bad { (asker.say(["放弃", "Given up"])) } }
                    @else if message.problem.is_some() { span.badge.warn { (asker.say(["再试", "Tried again"])) } }
                    @else { span.badge.plain { (asker.say(["在路上", "On its way"])) } }
                    br;
                    span.soft {
                        (layout::moment(message.made_ms)) " · "
                        @match &message.recipient { Some(mail) => { (mail) }, None => { (asker.say(["机器人或程序", "web hook"])) } }
                        " · "
                        @if message.is_test { (asker.say(["测试", "test"])) }
                        @else { (message.changes) " " (asker.say(["处变化", if message.changes == 1 { "change" } else { "changes" }])) }
                    }
                    @if let Some(problem) = &message.problem { br; span { (why_not(asker, problem)) } }
                } } }
            }
        }
    }
}

/// Why a message was not taken: what the hub itself says in the reader's language, what others
/// answered as it is.
fn why_not(asker: &Asker, problem: &str) -> String {
    match OwnReason::of_text(problem) {
        Some(reason) => asker.say(words::unsent(reason)).to_owned(),
        None => problem.to_owned(),
    }
}

fn mail(asker: &Asker, server: Option<&MailServer>) -> Markup {
    html! {
        section {
            h2 { (asker.say(["邮件服务器", "Mail server"])) }
            @match server {
                Some(server) => p { (server.host) ":" (server.port) ", " (server.from) },
                None => p.soft { (asker.say(["还没有。发邮件需要一个。", "None yet. Mail needs one."])) },
            }
            p { a.button href=(asker.at("/console/mail")) { (asker.say(["设置", "Set it"])) } }
        }
    }
}

/// `POST /console/alerts`: adds a rule.
pub(crate) async fn add(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let (settings, hook) = match alert_form::read(&fields, None) {
        Ok(read) => read,
        Err(error) => return mistaken(&app, &asker, &fields, alert_form::why(error)).await,
    };
    let actor = Arc::clone(&asker.actor);
    let added = app
        .work(move |app| {
            let sealed = hook.map(|hook| hook.sealed(&app.hub)).transpose()?;
            let store = &app.hub.store;
            store.add_alert_rule(&actor, &settings, sealed.as_deref(), clock::now_ms())
        })
        .await;
    match added {
        Ok(id) => asker
            .visitor
            .to(&format!("/console/alerts/{id}?done=alert-added")),
        Err(error) => match refused(&asker, error) {
            Ok(response) => response,
            Err(words) => mistaken(&app, &asker, &fields, words).await,
        },
    }
}

/// Says why nothing was done with a rule: a page of its own, or else words for above the form.
pub(crate) fn refused(asker: &Asker, error: AlertError) -> Result<Response, [&'static str; 2]> {
    match error {
        AlertError::Store(StoreError::OutOfScope) => Err([
            "这个分组不归你管。",
            "This group is not one that you have to do with.",
        ]),
        AlertError::TooMany => Err([
            "规则太多了，先删掉一条。",
            "There are too many rules; remove one first.",
        ]),
        AlertError::Unknown => Ok(refusals::not_here(&asker.visitor)),
        AlertError::Store(error) => Ok(refusals::failed(&asker.visitor, &error)),
    }
}

async fn mistaken(
    app: &Shared,
    asker: &Asker,
    fields: &Fields,
    words: [&'static str; 2],
) -> Response {
    let page = page(app, asker, fields, Some(asker.say(words))).await;
    (MISTAKE, page).into_response()
}
