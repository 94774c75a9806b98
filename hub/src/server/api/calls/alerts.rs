//! Who is told when a screen needs somebody, for programs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::alerts::Hook;
use crate::alerts::check::{self, HookInput, RuleError};
use crate::people::group;
use crate::server::Shared;
use crate::server::api::base::PAGE_MAX;
use crate::server::api::calls::errors::{Answer, made, not_here, of_name, of_store, ok};
use crate::server::api::gate::{Caller, Sent};
use crate::server::problem::Problem;
use crate::store::{AlertError, AlertKind, AlertRule, AlertSettings, AlertWords, HookKind};
use crate::system::clock;

/// How many messages stand beside a rule.
const MESSAGES_MAX: usize = 100;

pub(super) fn of_rule(error: RuleError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
}

fn of_alert(error: AlertError) -> Problem {
    match error {
        AlertError::Unknown => not_here(),
        AlertError::Store(error) => of_store(error),
        AlertError::TooMany => Problem::new(StatusCode::CONFLICT, error.to_string()),
    }
}

fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| not_here())
}

fn told(rule: &AlertRule, wrong: u64) -> Value {
    let settings = &rule.settings;
    let hours = check::hours_text(settings.dark_hours);
    let mut said = json!(settings);
    said["dark_hours"] = Some(hours).filter(|hours| !hours.is_empty()).into();
    json!({ "alert": rule.id, "rule": said, "wrong": wrong, "made_ms": rule.made_ms })
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    Caller(actor): Caller,
) -> Answer {
    let read = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let counts = store.alert_counts()?;
            Ok((
                store.alert_rules(scope)?,
                counts,
                store.open_alerts(scope, PAGE_MAX)?,
            ))
        })
        .await;
    let (rules, counts, open) = read.map_err(of_store)?;
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| told(rule, counts.get(&rule.id).copied().unwrap_or(0)))
        .collect();
    ok(json!({ "alerts": rules, "wrong": open }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookSaid {
    kind: HookKind,
    #[serde(default)]
    url: String,
    #[serde(default)]
    secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSaid {
    name: String,
    group: Option<String>,
    kinds: Option<Vec<AlertKind>>,
    silent_minutes: Option<u32>,
    dark_minutes: Option<u32>,
    dark_hours: Option<String>,
    free_mib: Option<u32>,
    gather_s: Option<u32>,
    messages_a_day: Option<u32>,
    #[serde(default)]
    mails: Vec<String>,
    hook: Option<HookSaid>,
    words: Option<AlertWords>,
    #[serde(default)]
    paused: bool,
}

impl RuleSaid {
    fn read(self, known: Option<&AlertRule>) -> Result<(AlertSettings, Option<Hook>), Problem> {
        let new = check::new_rule(self.words.unwrap_or(AlertWords::English));
        let group = self.group.map(|text| group(&text)).transpose();
        let settings = AlertSettings {
            name: self.name,
            group: group.map_err(of_name)?.flatten(),
            kinds: self
                .kinds
                .map_or(new.kinds, |kinds| kinds.into_iter().collect()),
            silent_minutes: self.silent_minutes.unwrap_or(new.silent_minutes),
            dark_minutes: self.dark_minutes.unwrap_or(new.dark_minutes),
            dark_hours: check::hours(self.dark_hours.as_deref().unwrap_or("")).map_err(of_rule)?,
            free_mib: self.free_mib.unwrap_or(new.free_mib),
            gather_s: self.gather_s.unwrap_or(new.gather_s),
            messages_a_day: self.messages_a_day.unwrap_or(new.messages_a_day),
            mails: self.mails,
            paused: self.paused,
            words: new.words,
            hook: None,
            hook_host: None,
        };
        let hook = self.hook.as_ref();
        let input = HookInput {
            kind: hook.map(|hook| hook.kind),
            url: hook.map_or("", |hook| &hook.url),
            secret: hook.map_or("", |hook| &hook.secret),
        };
        check::with_hook(settings, input, known).map_err(of_rule)
    }
}

pub(in crate::server::api) async fn add(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let (settings, hook) = sent.json::<RuleSaid>()?.read(None)?;
    let added = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let sealed = hook.map(|hook| hook.sealed(&app.hub)).transpose()?;
            let id = store.add_alert_rule(&actor, &settings, sealed.as_deref(), clock::now_ms())?;
            store.alert_rule(scope, id)?.ok_or(AlertError::Unknown)
        })
        .await;
    made(told(&added.map_err(of_alert)?, 0))
}

pub(in crate::server::api) async fn show(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(rule): Path<String>,
) -> Answer {
    let id = number(&rule)?;
    let read = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let rule = store.alert_rule(scope, id)?.ok_or(AlertError::Unknown)?;
            let wrong = store.alert_counts()?.get(&id).copied().unwrap_or(0);
            let messages = store.alert_messages(scope, Some(id), MESSAGES_MAX)?;
            Ok((rule, wrong, messages))
        })
        .await;
    let (rule, wrong, messages) = read.map_err(of_alert)?;
    ok(json!({ "alert": told(&rule, wrong), "messages": messages }))
}

pub(in crate::server::api) async fn change(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(rule): Path<String>,
    sent: Sent,
) -> Answer {
    let id = number(&rule)?;
    let said = sent.json::<RuleSaid>()?;
    let changed = app
        .work(move |app| {
            let (store, scope) = (&app.hub.store, actor.scope());
            let unknown = || of_alert(AlertError::Unknown);
            let known = store.alert_rule(scope, id).map_err(of_store)?;
            let (settings, hook) = said.read(Some(&known.ok_or_else(unknown)?))?;
            let sealed = hook.map(|hook| hook.sealed(&app.hub)).transpose();
            let sealed = sealed.map_err(of_store)?;
            store
                .change_alert_rule(&actor, id, &settings, sealed.as_deref(), clock::now_ms())
                .map_err(of_alert)?;
            let wrong = store.alert_counts().map_err(of_store)?;
            let rule = store.alert_rule(scope, id).map_err(of_store)?;
            let wrong = wrong.get(&id).copied().unwrap_or(0);
            Ok::<_, Problem>(told(&rule.ok_or_else(unknown)?, wrong))
        })
        .await;
    ok(changed?)
}

pub(in crate::server::api) async fn remove(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(rule): Path<String>,
) -> Answer {
    let id = number(&rule)?;
    let removed = app
        .work(move |app| app.hub.store.remove_alert_rule(&actor, id, clock::now_ms()))
        .await;
    removed.map_err(of_alert)?;
    ok(json!({}))
}

pub(in crate::server::api) async fn test(
    State(app): State<Shared>,
    Caller(actor): Caller,
    Path(rule): Path<String>,
) -> Answer {
    let id = number(&rule)?;
    let tried = app
        .work(move |app| app.hub.store.try_alert_rule(&actor, id, clock::now_ms()))
        .await;
    ok(json!({ "messages": tried.map_err(of_alert)? }))
}
