//! Quotas, for programs.

use axum::extract::State;
use axum::http::StatusCode;
use passerby_protocol::foreign;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::Shared;
use crate::server::api::calls::errors::{Answer, of_store, ok, page};
use crate::server::api::gate::{Caller, Sent};
use crate::server::console::fields::Fields;
use crate::server::problem::Problem;
use crate::store::{Quota, QuotaLine, QuotaSubject, StoreError};
use crate::system::clock;

fn told(line: &QuotaLine) -> Value {
    json!({
        "subject": line.subject.word(),
        "name": foreign::escaped(&line.name),
        "bytes_max": line.quota.bytes_max,
        "files_max": line.quota.files_max,
        "of_everybody": line.is_of_everybody,
        "bytes": line.used.bytes,
        "files": line.used.files,
    })
}

pub(in crate::server::api) async fn list(
    State(app): State<Shared>,
    _: Caller,
    fields: Fields,
) -> Answer {
    let read = app.work(|app| app.hub.store.quotas()).await;
    let (lines, next) = page(read.map_err(of_store)?, &fields, |line| line.subject.word())?;
    let quotas: Vec<Value> = lines.iter().map(told).collect();
    ok(json!({ "quotas": quotas, "next": next }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    subject: String,
    #[serde(default)]
    bytes_max: Option<u64>,
    #[serde(default)]
    files_max: Option<u64>,
    #[serde(default)]
    as_everybody: bool,
}

pub(in crate::server::api) async fn set(
    State(app): State<Shared>,
    Caller(actor): Caller,
    sent: Sent,
) -> Answer {
    let asked: Setting = sent.json()?;
    let wrong = |title: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, title);
    let subject = QuotaSubject::of_word(&asked.subject)
        .ok_or_else(|| wrong("subject is hub, everybody, person:N or slot:N"))?;
    let most = i64::MAX.unsigned_abs();
    let quota = Quota {
        bytes_max: asked.bytes_max,
        files_max: asked.files_max,
    };
    if [quota.bytes_max, quota.files_max]
        .into_iter()
        .flatten()
        .any(|bound| bound > most)
    {
        return Err(wrong("a bound has at most 63 bits"));
    }
    let set = app
        .work(move |app| {
            let (store, now_ms) = (&app.hub.store, clock::now_ms());
            match subject {
                QuotaSubject::Person(person) if asked.as_everybody => {
                    store.forget_quota(&actor, person, now_ms)?;
                }
                _ => store.set_quota(&actor, subject, quota, now_ms)?,
            }
            let lines = store.quotas()?;
            Ok::<_, StoreError>(lines.into_iter().find(|line| line.subject == subject))
        })
        .await;
    // What was set, and what is used of it.
    let line: Vec<Value> = set.map_err(of_store)?.iter().map(told).collect();
    ok(json!({ "quotas": line, "next": null }))
}
